//! Encoding of plain Cohere chat answers, as a server.

use super::message::AssistantFields;
use super::usage;
use crate::json::{Extra, Json, ObjectWriter, Value};
use crate::model::{FinishReason, Response};
use alloc::vec::Vec;

/// The list in `logprobs`, where there is one.
pub(super) fn logprobs_list(logprobs: &Json) -> Option<Json> {
    logprobs.value().object()?.get("content").filter(|list| list.is_array()).map(Value::to_json)
}

/// The API's word for a reason; where it has none, ours.
pub(super) fn encode_finish(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::Stop => "COMPLETE",
        FinishReason::StopSequence => "STOP_SEQUENCE",
        FinishReason::Length => "MAX_TOKENS",
        FinishReason::ToolCalls => "TOOL_CALL",
        FinishReason::Error => "ERROR",
        other => other.as_str(),
    }
}

/// Server: the body of a plain answer. The API gives one answer, so the first counts.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let choice = response.choices.first();
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
    body.field("id", &response.id);
    body.optional(
        "finish_reason",
        choice.and_then(|choice| choice.finish_reason.as_ref()).map(encode_finish),
    );
    let mut said = AssistantFields::default();
    let nothing = Extra::new();
    choice.iter().flat_map(|choice| &choice.message.content).for_each(|part| said.add(part));
    body.object_with("message", choice.map_or(&nothing, |choice| &choice.message.extra), |message| {
        message.field("role", "assistant");
        said.write_answer(message);
    });
    if let Some(used) = &response.usage {
        body.with("usage", |out| usage::encode(out, used));
    }
    body.optional("logprobs", choice.and_then(|choice| logprobs_list(choice.logprobs.as_ref()?)));
    body.finish();
    out
}
