//! Encoding of Replicate predictions, as a server.

use crate::json::ObjectWriter;
use crate::model::{PartKind, Response, Usage};
use alloc::{format, string::String, vec::Vec};

/// Writes a prediction that is over. What it has in `extra` (its addresses, for instance) wins.
pub(super) fn prediction(response: &Response) -> Vec<u8> {
    let mut pieces = Vec::new();
    for part in response.choices.first().iter().flat_map(|choice| &choice.message.content) {
        // Anything but text cannot be written.
        if let PartKind::Text(text) | PartKind::Refusal(text) = &part.kind {
            pieces.push(text.as_str());
        }
    }
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
    body.field("id", &response.id).field("model", &response.model).field("status", "succeeded");
    body.array("output", pieces, |out, piece| crate::json::write_string(piece, out));
    body.nullable("error", None::<&str>);
    if let Some(created) = response.created.and_then(timestamp) {
        body.field("created_at", created.as_str());
    }
    write_metrics(response.usage.as_ref(), &mut body);
    body.finish();
    out
}

pub(super) fn write_metrics(usage: Option<&Usage>, body: &mut ObjectWriter<'_>) {
    let Some(usage) = usage else { return };
    body.object("metrics", |metrics| {
        metrics.optional("input_token_count", usage.input_tokens);
        metrics.optional("output_token_count", usage.output_tokens);
    });
}

fn timestamp(seconds: u64) -> Option<String> {
    let seconds = i64::try_from(seconds).ok()?;
    Some(format!("{}", jiff::Timestamp::from_second(seconds).ok()?))
}
