//! Errors of the program: the line that reports one.

use crate::json::ObjectWriter;
use crate::model::ProviderError;
use alloc::vec::Vec;

/// Server: the line of an error.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = ObjectWriter::begin(&mut out);
    object.field("type", "result").field("subtype", "error").field("is_error", true);
    object.field("result", &error.message);
    object.finish();
    out.push(b'\n');
    out
}
