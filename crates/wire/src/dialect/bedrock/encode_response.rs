//! Encoding of plain Converse answers, as a server.

use super::block::encode_blocks;
use super::document_names::DocumentNames;
use super::usage;
use crate::dialect::shared::nested;
use crate::json::{Extra, ObjectWriter};
use crate::model::{FinishReason, Response};
use alloc::vec::Vec;

/// Converse's word for a reason; a failure has none and keeps ours.
pub(super) fn encode_finish(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::Stop => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::StopSequence => "stop_sequence",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::ContentFilter => "content_filtered",
        FinishReason::ContextWindow => "model_context_window_exceeded",
        FinishReason::Refusal => "refusal",
        FinishReason::Pause => "pause_turn",
        FinishReason::Error | FinishReason::Other(_) => reason.as_str(),
    }
}

/// Server: the body of a plain answer. Converse gives one answer, so the first counts; its id stands in a header, and
/// the model in the request.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let choice = response.choices.first();
    let mut extra = response.extra.clone();
    let nested_output = nested::take(&mut extra, "output");
    let no_fields = Extra::new();
    let message_extra = choice.map_or(&no_fields, |choice| &choice.message.extra);
    let content = choice.map(|choice| choice.message.content.as_slice()).unwrap_or_default();

    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    body.object_with("output", &nested_output, |output| {
        output.object_with("message", message_extra, |message| {
            message.field("role", "assistant");
            message.with("content", |out| encode_blocks(content, &mut DocumentNames::kept(), out));
        });
    });
    if let Some(reason) = choice.and_then(|choice| choice.finish_reason.as_ref()) {
        body.field("stopReason", encode_finish(reason));
    }
    if let Some(usage) = &response.usage {
        usage::encode(usage, &mut body);
    }
    body.finish();
    out
}
