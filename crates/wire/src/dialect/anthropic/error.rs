//! Error bodies of the Messages API, as a server.

use crate::dialect::quota_by_status;
use crate::json::ObjectWriter;
use crate::model::{ErrorKind, ProviderError};
use alloc::vec::Vec;

/// The API's own types of errors.
const TYPES: &[&str] = &[
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "conflict_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "timeout_error",
    "overloaded_error",
];

pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin(&mut out);
    body.field("type", "error");
    body.object("error", |object| {
        object.field("type", error_type(error)).field("message", &error.message);
        if let Some(code) = &error.code {
            object.object("details", |details| {
                details.field("error_code", code);
            });
        }
    });
    body.optional("request_id", error.request_id.as_ref());
    body.finish();
    out
}

/// The status of an error of `kind`.
pub(super) fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::Overloaded => 529,
        other => quota_by_status(other),
    }
}

/// The error's own type where it is one of this API's, else the one of its kind.
fn error_type(error: &ProviderError) -> &str {
    match &error.error_type {
        Some(own) if TYPES.contains(&own.as_str()) => own,
        _ => type_of(error.kind),
    }
}

fn type_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => "authentication_error",
        ErrorKind::PermissionDenied => "permission_error",
        ErrorKind::NotFound => "not_found_error",
        ErrorKind::InvalidRequest | ErrorKind::ContextLength | ErrorKind::ContentFiltered => {
            "invalid_request_error"
        }
        ErrorKind::RateLimited => "rate_limit_error",
        ErrorKind::QuotaExceeded => "billing_error",
        ErrorKind::Overloaded => "overloaded_error",
        ErrorKind::Timeout => "timeout_error",
        ErrorKind::Server | ErrorKind::StreamInterrupted | ErrorKind::Cancelled => "api_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{borrow::ToOwned, string::String};

    fn written(error: &ProviderError) -> String {
        String::from_utf8(encode(error)).unwrap()
    }

    #[test]
    fn every_kind_has_a_type_of_the_api() {
        for (kind, expected) in [
            (ErrorKind::Authentication, "authentication_error"),
            (ErrorKind::PermissionDenied, "permission_error"),
            (ErrorKind::NotFound, "not_found_error"),
            (ErrorKind::InvalidRequest, "invalid_request_error"),
            (ErrorKind::ContextLength, "invalid_request_error"),
            (ErrorKind::ContentFiltered, "invalid_request_error"),
            (ErrorKind::RateLimited, "rate_limit_error"),
            (ErrorKind::QuotaExceeded, "billing_error"),
            (ErrorKind::Overloaded, "overloaded_error"),
            (ErrorKind::Timeout, "timeout_error"),
            (ErrorKind::Server, "api_error"),
            (ErrorKind::StreamInterrupted, "api_error"),
            (ErrorKind::Cancelled, "api_error"),
        ] {
            let error = ProviderError::new(kind, "so");
            assert_eq!(
                written(&error),
                r#"{"type":"error","error":{"type":""#.to_owned() + expected + r#"","message":"so"}}"#
            );
            assert!(TYPES.contains(&expected));
        }
    }

    #[test]
    fn its_own_type_code_and_request_survive() {
        let error = ProviderError {
            error_type: Some("request_too_large".into()),
            code: Some("x".into()),
            request_id: Some("req_1".into()),
            ..ProviderError::new(ErrorKind::InvalidRequest, "so")
        };
        assert_eq!(
            written(&error),
            r#"{"type":"error","error":{"type":"request_too_large","message":"so","details":{"error_code":"x"}},"request_id":"req_1"}"#
        );
        let foreign = ProviderError {
            error_type: Some("tokens".into()),
            ..ProviderError::new(ErrorKind::RateLimited, "so")
        };
        assert!(written(&foreign).contains(r#""type":"rate_limit_error""#));
    }
}
