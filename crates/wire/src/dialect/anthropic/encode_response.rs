//! Encoding of plain Messages answers, as a server.

use super::block::encode_blocks;
use super::usage::{self};
use crate::json::ObjectWriter;
use crate::model::{FinishReason, Response};
use alloc::vec::Vec;

/// The API's word for a reason. A filter's refusal is the model's here; a failure has no word and keeps ours.
pub(super) fn encode_finish(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::Stop => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::StopSequence => "stop_sequence",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::Pause => "pause_turn",
        FinishReason::Refusal | FinishReason::ContentFilter => "refusal",
        FinishReason::ContextWindow => "model_context_window_exceeded",
        FinishReason::Error | FinishReason::Other(_) => reason.as_str(),
    }
}

/// Server: the body of a plain answer. The API gives one answer, so the first counts.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let choice = response.choices.first();
    let mut extra = response.extra.clone();
    let extras = choice.iter().flat_map(|choice| choice.message.extra.iter().chain(choice.extra.iter()));
    for (name, value) in extras {
        extra.insert(name, value.clone());
    }
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    body.field("id", &response.id)
        .field("type", "message")
        .field("role", "assistant")
        .field("model", &response.model);
    let content = choice.map(|choice| choice.message.content.as_slice()).unwrap_or_default();
    body.with("content", |out| encode_blocks(content, out));
    body.nullable("stop_reason", choice.and_then(|choice| choice.finish_reason.as_ref()).map(encode_finish));
    body.nullable("stop_sequence", choice.and_then(|choice| choice.stop_sequence.as_ref()));
    usage::encode(response.usage.as_ref(), &mut body);
    body.finish();
    out
}
