//! Errors of Cohere: those in place of an answer, and error bodies as a server.

use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::ObjectWriter;
use crate::model::ProviderError;
use alloc::{boxed::Box, vec::Vec};

/// `body` is an error in the midst of an answer with status 200, whatever its form.
pub(super) fn provider_error(body: &[u8]) -> StreamError {
    let error = core::str::from_utf8(body).ok().and_then(crate::error::decode_in_stream);
    let error = error.unwrap_or_else(|| ProviderError {
        // Cohere's own form, a `message` alone, cannot be distinguished from an answer by its form.
        status: None,
        ..crate::error::decode(200, Headers::default(), body, 0)
    });
    StreamError::Provider(Box::new(error))
}

/// Writes an error answer.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin(&mut out);
    body.field("message", &error.message).optional("id", error.request_id.as_ref());
    body.finish();
    out
}
