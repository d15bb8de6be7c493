//! Errors of Ollama: those in place of an answer, and error bodies as a server.

use crate::framing::StreamError;
use crate::json::{Fields, ObjectWriter};
use crate::model::ProviderError;
use alloc::{boxed::Box, vec::Vec};

/// The error that a body or a line holds.
pub(super) fn reported(fields: &Fields<'_>, text: &str) -> Option<StreamError> {
    fields.get("error").filter(|error| !error.is_null())?;
    crate::error::decode_in_stream(text).map(|error| StreamError::Provider(Box::new(error)))
}

/// Writes an error answer, or the line that breaks off a stream.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin(&mut out);
    body.field("error", &error.message);
    body.finish();
    out
}
