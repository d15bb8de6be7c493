//! Encoding of plain answers, as a server.

use crate::json::ObjectWriter;
use crate::model::{PartKind, Response};
use alloc::{string::String, vec::Vec};

/// Writes the text of an answer.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let mut text = String::new();
    for part in response.choices.first().iter().flat_map(|choice| &choice.message.content) {
        // What is not a text cannot be said.
        if let PartKind::Text(more) | PartKind::Refusal(more) = &part.kind {
            text.push_str(more);
        }
    }
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
    body.field("text", &text);
    body.finish();
    out
}
