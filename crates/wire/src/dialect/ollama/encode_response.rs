//! Encoding of plain Ollama chat answers, as a server.

use super::created;
use super::message::MessageFields;
use crate::json::{Extra, Json, ObjectWriter};
use crate::model::{FinishReason, Response, Usage};
use alloc::vec::Vec;

/// Writes log probabilities, where they are a list here too.
pub(super) fn write_logprobs(logprobs: Option<&Json>, body: &mut ObjectWriter<'_>) {
    let list = logprobs.and_then(|logprobs| logprobs.value().object()?.get("content"));
    body.optional("logprobs", list.filter(|list| list.is_array()));
}

/// Writes what only the last line of an answer says.
pub(super) fn write_end(reason: Option<&FinishReason>, usage: Option<&Usage>, body: &mut ObjectWriter<'_>) {
    body.field("done", true);
    body.optional("done_reason", reason.map(encode_finish));
    if let Some(used) = usage {
        body.optional("prompt_eval_count", used.input_tokens).optional("eval_count", used.output_tokens);
    }
}

/// The server's word for a reason; where it has none, ours.
fn encode_finish(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::StopSequence | FinishReason::ToolCalls => "stop",
        other => other.as_str(),
    }
}

/// Server: the body of a plain answer. The API gives one answer, so the first counts.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let choice = response.choices.first();
    let nothing = Extra::new();
    let mut said = MessageFields::default();
    for part in choice.iter().flat_map(|choice| &choice.message.content) {
        // What the API has no words for cannot be said.
        let _ = said.add(part, true);
    }
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
    body.field("model", &response.model);
    body.optional("created_at", response.created.and_then(created::write));
    body.object_with("message", choice.map_or(&nothing, |choice| &choice.message.extra), |message| {
        message.field("role", "assistant");
        said.write(message);
    });
    write_logprobs(choice.and_then(|choice| choice.logprobs.as_ref()), &mut body);
    if let Some(reason) = choice.and_then(|choice| choice.finish_reason.as_ref()) {
        write_end(Some(reason), response.usage.as_ref(), &mut body);
    } else {
        body.field("done", false);
    }
    body.finish();
    out
}
