//! Error answers of providers, and what they mean.
//!
//! `shape` reads whatever form of error body a provider sends, `classify` says what it means, `delay` how long to
//! wait, and `redact` keeps credentials out of what is passed on.

mod classify;
mod delay;
mod headers;
mod names;
mod redact;
mod shape;
mod texts;

pub(crate) use delay::reset_value;
pub use headers::Headers;

use crate::model::{ErrorKind, ProviderError};
use alloc::{format, string::String};
use shape::Reported;

/// Where providers and the proxies before them say which request it was, the best source first.
pub const REQUEST_ID_HEADERS: [&str; 10] = [
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "apim-request-id",
    "x-generation-id",
    "x-litellm-call-id",
    "inference-id",
    "mistral-correlation-id",
    "x-debug-trace-id",
    "cf-ray",
];

/// The beginning of a body, with credentials masked, as errors keep it.
pub fn excerpt(body: &[u8]) -> String {
    redact::bounded(body)
}

/// What a body with an error status says. `now` is in milliseconds since 1970.
///
/// A status below 400 counts as none: some providers answer errors with status 200.
pub fn decode(status: u16, headers: Headers<'_>, body: &[u8], now: i64) -> ProviderError {
    let mut reported = shape::read(body);
    if let Some(name) = headers.get("x-amzn-errortype") {
        reported.set_amazon_name(name);
    }
    let mut error = explain((status >= 400).then_some(status), headers, &reported, now);
    error.status = Some(status);
    error.body = redact::bounded(body);
    if error.message.is_empty() {
        error.message = format!("the provider answered with status {status} and no message");
    }
    error
}

/// What an error inside an answer with status 200 says, be it a frame of a stream or the whole body. `None` where
/// `data` holds no error.
pub fn decode_in_stream(data: &str) -> Option<ProviderError> {
    let reported = shape::read_in_stream(data)?;
    // No header of this answer speaks of the error, and no text in it gives a date, so the time does not matter.
    let mut error = explain(None, Headers::default(), &reported, 0);
    error.body = redact::bounded(data.as_bytes());
    if error.message.is_empty() {
        error.message = String::from("the provider reports an error without a message");
    }
    Some(error)
}

/// What an exception says that came inside an answer with status 200 and whose class `name` is next to its `body`, as
/// in AWS's event streams.
pub fn decode_exception(name: &str, body: &[u8]) -> ProviderError {
    let mut reported = shape::read(body);
    reported.set_amazon_name(name);
    let mut error = explain(None, Headers::default(), &reported, 0);
    error.body = redact::bounded(body);
    if error.message.is_empty() {
        error.message = match &error.code {
            Some(code) => format!("the provider reports {code} without a message"),
            None => String::from("the provider reports an error without a message"),
        };
    }
    error
}

/// The error of an answer that says, in its own form, that a filter withheld it.
pub(crate) fn content_filtered(code: &str, message: &str, body: &[u8]) -> ProviderError {
    ProviderError {
        code: Some(redact::text(code)),
        body: redact::bounded(body),
        ..ProviderError::new(ErrorKind::ContentFiltered, redact::text(message))
    }
}

fn explain(status: Option<u16>, headers: Headers<'_>, reported: &Reported, now: i64) -> ProviderError {
    let verdict = classify::classify(status, headers.get_or_forwarded("x-should-retry"), reported);
    let header_id = REQUEST_ID_HEADERS
        .iter()
        .find_map(|name| headers.get(name))
        .or_else(|| REQUEST_ID_HEADERS.iter().find_map(|name| headers.get_or_forwarded(name)))
        .filter(|id| !id.is_empty());
    let request_id = header_id.or(reported.request_id.as_deref());
    ProviderError {
        kind: verdict.kind,
        retryable: verdict.retryable,
        status,
        code: reported.code.as_deref().map(redact::text),
        error_type: reported.error_type.as_deref().map(redact::text),
        param: reported.param.as_deref().map(redact::text),
        message: redact::text(&reported.message),
        note: String::new(),
        request_id: request_id.map(redact::text),
        retry_after: delay::find(headers, reported, verdict.kind == ErrorKind::RateLimited, now),
        body: String::new(),
    }
}

#[cfg(test)]
mod tests;
