//! Errors as a provider reports them: statuses, headers, texts.

use crate::script::{ErrorScript, Retry};
use ferrule_wire::model::{ErrorKind, ProviderError};
use http::{HeaderMap, HeaderValue};
use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};
use std::time::{Duration, SystemTime};

/// The status that goes with `kind`.
pub(crate) const fn status_of(kind: ErrorKind, dialect: &str) -> u16 {
    match kind {
        ErrorKind::Authentication => 401,
        ErrorKind::PermissionDenied => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::InvalidRequest | ErrorKind::ContextLength | ErrorKind::ContentFiltered => 400,
        ErrorKind::QuotaExceeded if is_anthropic(dialect) => 402,
        ErrorKind::RateLimited | ErrorKind::QuotaExceeded => 429,
        ErrorKind::Overloaded if is_anthropic(dialect) => 529,
        ErrorKind::Overloaded => 503,
        ErrorKind::Timeout => 504,
        ErrorKind::Cancelled => 499,
        ErrorKind::Server | ErrorKind::StreamInterrupted => 500,
    }
}

pub(crate) const fn is_anthropic(dialect: &str) -> bool {
    matches!(dialect.as_bytes(), b"anthropic" | b"anthropic-vertex")
}

/// Where a request's id stands.
pub(crate) const fn request_id_header(dialect: &str) -> &'static str {
    match dialect.as_bytes() {
        b"bedrock" => "x-amzn-requestid",
        _ if is_anthropic(dialect) => "request-id",
        _ => "x-request-id",
    }
}

/// The kind that goes with `status`.
pub(crate) const fn kind_of(status: u16) -> ErrorKind {
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

impl ErrorScript {
    /// The error, `kind` and `message` where the script leaves them open.
    pub(crate) fn provider_error(&self, kind: ErrorKind, message: &str, dialect: &str) -> ProviderError {
        let kind = self.kind.map_or(kind, ErrorKind::from);
        let message = match (&self.message, kind) {
            (Some(message), _) => message.as_str(),
            (None, ErrorKind::ContextLength) => {
                "prompt is too long: this model's maximum context length is 8192 tokens, however you requested 10000 tokens"
            }
            (None, _) => message,
        };
        let code = self.code.clone().or_else(|| usual_code(kind, dialect).map(str::to_owned));
        ProviderError {
            code,
            error_type: self.error_type.clone(),
            param: self.param.clone(),
            ..ProviderError::new(kind, message)
        }
    }
}

/// The code that OpenAI gives errors of `kind`; Anthropic has types alone.
const fn usual_code(kind: ErrorKind, dialect: &str) -> Option<&'static str> {
    if is_anthropic(dialect) {
        return None;
    }
    match kind {
        ErrorKind::Authentication => Some("invalid_api_key"),
        ErrorKind::NotFound => Some("model_not_found"),
        ErrorKind::ContextLength => Some("context_length_exceeded"),
        ErrorKind::ContentFiltered => Some("content_filter"),
        ErrorKind::RateLimited => Some("rate_limit_exceeded"),
        ErrorKind::QuotaExceeded => Some("insufficient_quota"),
        _ => None,
    }
}

/// Now, as the headers' dates need it.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis())
        .ok()
        .and_then(|time| Timestamp::from_millisecond(time).ok())
        .unwrap_or_default()
}

/// Says in `headers` that the client may come again after `delay`; the message, where it is said there.
pub(crate) fn say_retry(retry: Retry, delay: Duration, headers: &mut HeaderMap) -> Option<String> {
    let milliseconds = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    let seconds = delay.as_secs_f64();
    let due = SignedDuration::try_from(delay)
        .ok()
        .and_then(|delay| now().checked_add(delay).ok())
        .unwrap_or(Timestamp::MAX);
    let (name, value) = match retry {
        Retry::Seconds => ("retry-after", format!("{seconds}")),
        Retry::Date => {
            // In whole seconds, and never sooner than asked for.
            let due = due.round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil)).ok()?;
            let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
            ("retry-after", printer.timestamp_to_rfc9110_string(&due).ok()?)
        }
        Retry::Milliseconds => ("retry-after-ms", milliseconds.to_string()),
        Retry::RatelimitReset => {
            headers.insert("x-ratelimit-limit-requests", HeaderValue::from_static("60"));
            headers.insert("x-ratelimit-remaining-requests", HeaderValue::from_static("0"));
            // As Go writes durations.
            (
                "x-ratelimit-reset-requests",
                if milliseconds < 1000 { format!("{milliseconds}ms") } else { format!("{seconds}s") },
            )
        }
        Retry::AnthropicReset => {
            headers.insert("anthropic-ratelimit-requests-limit", HeaderValue::from_static("60"));
            headers.insert("anthropic-ratelimit-requests-remaining", HeaderValue::from_static("0"));
            ("anthropic-ratelimit-requests-reset", due.to_string())
        }
        Retry::Message => return Some(format!("Rate limit reached. Please try again in {seconds}s.")),
        Retry::None => return None,
    };
    headers.insert(name, HeaderValue::try_from(value).ok()?);
    None
}
