//! Errors of watsonx: a list of codes and texts.

use crate::json::ObjectWriter;
use crate::model::{ErrorKind, ProviderError};
use alloc::vec::Vec;

/// Server: the body of an error answer.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin(&mut out);
    body.array("errors", [error], |out, error| {
        let mut entry = ObjectWriter::begin(out);
        entry.field("code", code(error)).field("message", &error.message);
        entry.finish();
    });
    body.optional("trace", error.request_id.as_ref()).optional("status_code", error.status);
    body.finish();
    out
}

/// The error's own code, else the API's for its kind.
fn code(error: &ProviderError) -> &str {
    if let Some(own) = &error.code {
        return own;
    }
    match error.kind {
        ErrorKind::Authentication => "authentication_token_not_valid",
        ErrorKind::PermissionDenied => "no_associated_service_instance_error",
        ErrorKind::NotFound => "model_not_supported",
        ErrorKind::RateLimited => "rate_limit_reached_requests",
        ErrorKind::QuotaExceeded => "token_quota_reached",
        ErrorKind::InvalidRequest | ErrorKind::ContextLength | ErrorKind::ContentFiltered => {
            "invalid_request_entity"
        }
        ErrorKind::Overloaded
        | ErrorKind::Timeout
        | ErrorKind::Server
        | ErrorKind::StreamInterrupted
        | ErrorKind::Cancelled => "internal_error",
    }
}
