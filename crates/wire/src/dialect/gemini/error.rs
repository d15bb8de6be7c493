//! Error bodies of Google's APIs, as a server (section 7).

use crate::json::{Extra, Json, ObjectWriter};
use crate::model::{ErrorKind, ProviderError};
use alloc::{format, vec, vec::Vec};

/// Google's own names of what went wrong, with their statuses.
const STATUSES: &[(&str, u16)] = &[
    ("INVALID_ARGUMENT", 400),
    ("FAILED_PRECONDITION", 400),
    ("OUT_OF_RANGE", 400),
    ("UNAUTHENTICATED", 401),
    ("PERMISSION_DENIED", 403),
    ("NOT_FOUND", 404),
    ("ALREADY_EXISTS", 409),
    ("ABORTED", 409),
    ("RESOURCE_EXHAUSTED", 429),
    ("CANCELLED", 499),
    ("INTERNAL", 500),
    ("UNKNOWN", 500),
    ("UNIMPLEMENTED", 501),
    ("UNAVAILABLE", 503),
    ("DEADLINE_EXCEEDED", 504),
];

/// A quota of a day, which waiting does not renew soon.
const QUOTA: &str = "GenerateRequestsPerDayPerProjectPerModel";

pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let own = STATUSES.iter().find(|(name, _)| error.error_type.as_deref() == Some(*name));
    let (status, code) = own.copied().unwrap_or_else(|| status_of(error.kind));
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin(&mut out);
    body.object("error", |object| {
        object.field("code", error.status.filter(|status| *status >= 400).unwrap_or(code));
        object.field("message", &error.message).field("status", status);
        write_details(error, object);
    });
    body.finish();
    out
}

/// Writes the details of an error that has some: the delay before the next attempt, the quota that is used up.
pub(crate) fn write_details(error: &ProviderError, object: &mut ObjectWriter<'_>) {
    let mut details = Vec::new();
    if let Some(retry) = error.retry_after {
        details.push(Json::object(&Extra::new(), |detail| {
            detail.field("@type", "type.googleapis.com/google.rpc.RetryInfo");
            detail.field("retryDelay", format!("{}s", retry.delay.as_secs_f64()));
        }));
    }
    if error.kind == ErrorKind::QuotaExceeded {
        let violation = Json::object(&Extra::new(), |violation| _ = violation.field("quotaId", QUOTA));
        details.push(Json::object(&Extra::new(), |detail| {
            detail.field("@type", "type.googleapis.com/google.rpc.QuotaFailure");
            detail.field("violations", vec![violation]);
        }));
    }
    if !details.is_empty() {
        object.field("details", details);
    }
}

fn status_of(kind: ErrorKind) -> (&'static str, u16) {
    match kind {
        ErrorKind::Authentication => ("UNAUTHENTICATED", 401),
        ErrorKind::PermissionDenied => ("PERMISSION_DENIED", 403),
        ErrorKind::NotFound => ("NOT_FOUND", 404),
        ErrorKind::InvalidRequest | ErrorKind::ContextLength | ErrorKind::ContentFiltered => {
            ("INVALID_ARGUMENT", 400)
        }
        ErrorKind::RateLimited | ErrorKind::QuotaExceeded => ("RESOURCE_EXHAUSTED", 429),
        ErrorKind::Overloaded => ("UNAVAILABLE", 503),
        ErrorKind::Timeout => ("DEADLINE_EXCEEDED", 504),
        ErrorKind::Server | ErrorKind::StreamInterrupted => ("INTERNAL", 500),
        ErrorKind::Cancelled => ("CANCELLED", 499),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Headers;
    use crate::model::{DelaySource, RetryAfter};
    use core::time::Duration;
    use std::string::String;

    #[test]
    fn what_is_written_is_read_as_the_same_kind() {
        for kind in [
            ErrorKind::Authentication,
            ErrorKind::PermissionDenied,
            ErrorKind::NotFound,
            ErrorKind::InvalidRequest,
            ErrorKind::RateLimited,
            ErrorKind::QuotaExceeded,
            ErrorKind::Overloaded,
            ErrorKind::Timeout,
            ErrorKind::Server,
            ErrorKind::Cancelled,
        ] {
            let body = encode(&ProviderError::new(kind, "so"));
            let (_, status) = status_of(kind);
            assert_eq!(crate::error::decode(status, Headers::default(), &body, 0).kind, kind);
            let in_stream = crate::error::decode_in_stream(core::str::from_utf8(&body).unwrap()).unwrap();
            assert_eq!(in_stream.kind, kind);
        }
    }

    #[test]
    fn a_delay_is_written_as_google_writes_it() {
        let error = ProviderError {
            retry_after: Some(RetryAfter {
                delay: Duration::from_millis(34_400),
                source: DelaySource::RetryAfter,
            }),
            status: Some(429),
            ..ProviderError::new(ErrorKind::RateLimited, "slow down")
        };
        assert_eq!(
            String::from_utf8(encode(&error)).unwrap(),
            r#"{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}"#
        );
    }
}
