//! Error responses: status, headers and body of an error in the form of a provider.

use super::{content_type::body_content_type, emulated::EmulatedProvider, retry::RetryHint};
use crate::model::{ErrorKind, ProviderError};
use alloc::{borrow::Cow, string::String, vec::Vec};

/// A whole HTTP response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The content type of the body.
    pub content_type: Cow<'static, str>,
    /// Other headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl EmulatedProvider {
    /// The response that reports `error`: with the error's own status, else the one of its kind, with the id of the
    /// request and the delay before the next attempt where the error has them. `streamed`: whether a stream was asked
    /// for. `now` is in milliseconds since 1970.
    pub fn error_response(&self, error: &ProviderError, streamed: bool, now: i64) -> HttpResponse {
        let status = error.status.unwrap_or_else(|| self.error_status(error.kind));
        let error = &ProviderError { status: Some(status), ..error.clone() };
        let mut headers = Vec::new();
        if let (Some(id), Some(name)) = (&error.request_id, self.request_id_header()) {
            headers.push((name, id.clone()));
        }
        if let Some(retry) = error.retry_after {
            headers.extend(RetryHint::default().advice(retry.delay, now).headers);
        }
        let (status, body) = self.encode_error_with_status(error, status, streamed);
        HttpResponse { status, content_type: body_content_type(&body).into(), headers, body }
    }
}

/// The kind of error that a server means by `status`.
pub const fn error_kind(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Authentication,
        402 => ErrorKind::QuotaExceeded,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimited,
        503 | 529 => ErrorKind::Overloaded,
        400..=499 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Server,
    }
}
