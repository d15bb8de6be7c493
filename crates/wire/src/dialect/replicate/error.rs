//! Errors of Replicate: problem details, as RFC 7807 has them.

use crate::json::ObjectWriter;
use crate::model::ProviderError;
use alloc::vec::Vec;

/// Server: the body of an error answer.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin(&mut out);
    body.field("title", error.error_type.as_deref().or(error.code.as_deref()).unwrap_or("Error"));
    body.field("detail", &error.message).optional("status", error.status);
    body.finish();
    out
}
