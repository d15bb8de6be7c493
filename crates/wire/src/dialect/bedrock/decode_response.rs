//! Decoding of plain Converse answers.

use super::block::decode_blocks;
use super::usage;
use crate::dialect::shared::{finish, lenient, nested};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Value};
use crate::model::{Choice, FinishReason, Message, Part, PartKind, Response, Role};
use alloc::{borrow::ToOwned, boxed::Box, string::ToString};

/// Client: reads the body of a plain answer.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    let Some(mut output) = fields.get("output").and_then(lenient::object) else {
        return Err(reported_error(body)
            .unwrap_or_else(|| StreamError::Malformed("the body has no `output`".to_owned())));
    };
    fields.take("output");
    let written = output.take("message");
    let mut message = written.and_then(lenient::object).unwrap_or_default();
    if message.get("role").is_some_and(|role| role.text() == "\"assistant\"") {
        message.take("role");
    }
    let blocks = lenient::take_items(&mut message, "content");
    // A message that is its text.
    let text = written.filter(|_| blocks.is_none()).and_then(lenient::known);
    let mut content = decode_blocks(blocks.unwrap_or_default());
    content.extend(text.filter(|text| !text.is_empty()).map(Part::text));
    let has_calls = content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
    let finish_reason = match lenient::take(&mut fields, "stopReason") {
        Some(word) => {
            finish::check(&word)?;
            Some(finish::with_calls(decode_finish(&word), has_calls))
        }
        None => None,
    };
    let figures = fields.get("usage").and_then(lenient::object);
    if figures.is_some() || fields.get("usage").is_some_and(Value::is_null) {
        fields.take("usage");
    }
    let usage = figures.map(usage::decode);
    let message = Message { role: Role::Assistant, content, name: None, extra: message.rest() };
    let mut extra = fields.rest();
    nested::keep(&mut extra, "output", output);
    let choice =
        Choice { index: 0, message, finish_reason, stop_sequence: None, logprobs: None, extra: Extra::new() };
    Ok(Response { choices: alloc::vec![choice], usage, extra, ..Response::default() })
}

/// The error that a body reports instead of an answer.
fn reported_error(body: &[u8]) -> Option<StreamError> {
    let text = core::str::from_utf8(body).ok()?;
    let has_message = |fields: &Fields<'_>| {
        ["message", "Message", "__type"].iter().any(|name| fields.get(name).and_then(Value::string).is_some())
    };
    let is_error = Fields::parse(body).is_ok_and(|fields| has_message(&fields));
    let error = crate::error::decode_in_stream(text)
        .or_else(|| is_error.then(|| crate::error::decode_exception("", body)))?;
    Some(StreamError::Provider(Box::new(error)))
}

/// The reason that `stopReason` names.
pub(super) fn decode_finish(word: &str) -> FinishReason {
    match word {
        "end_turn" => FinishReason::Stop,
        "max_tokens" => FinishReason::Length,
        "stop_sequence" => FinishReason::StopSequence,
        "tool_use" => FinishReason::ToolCalls,
        "content_filtered" | "guardrail_intervened" => FinishReason::ContentFilter,
        "model_context_window_exceeded" => FinishReason::ContextWindow,
        // Claude's own words, which Converse does not list.
        "refusal" => FinishReason::Refusal,
        "pause_turn" => FinishReason::Pause,
        other => FinishReason::Other(other.to_owned()),
    }
}
