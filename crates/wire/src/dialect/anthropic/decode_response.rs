//! Decoding of plain Messages answers.

use super::block::take_answer_content;
use super::usage::RawUsage;
use crate::dialect::shared::{finish, lenient};
use crate::framing::StreamError;
use crate::json::{Extra, Fields};
use crate::model::{Choice, ErrorKind, FinishReason, Message, PartKind, ProviderError, Response, Role};
use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString};

/// Fields of the answer that a stream sends at its end, with the reason why it ended. They belong to the choice;
/// what else is unknown belongs to the response.
pub(super) const FINAL_FIELDS: &[&str] = &["stop_details", "container", "context_management"];

/// Client: reads the body of a plain answer.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    if let Some(error) = reported_error("", &fields, body) {
        return Err(StreamError::Provider(Box::new(error)));
    }
    if !is_message(&fields) {
        return Err(StreamError::Malformed("the body is not a message".to_owned()));
    }
    let content = take_answer_content(&mut fields);
    let Head { id, model, stop_reason, stop_sequence, usage, told_at_the_end, extra } = take_head(fields)?;
    let has_calls = content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
    let choice = Choice {
        index: 0,
        message: Message { role: Role::Assistant, content, name: None, extra: Extra::new() },
        finish_reason: stop_reason.map(|reason| finish::with_calls(reason, has_calls)),
        stop_sequence,
        logprobs: None,
        extra: told_at_the_end,
    };
    Ok(Response {
        id,
        model,
        created: None,
        choices: alloc::vec![choice],
        usage: usage.map(|raw| raw.total()),
        extra,
    })
}

/// The error that a body, or the data of an event, reports instead of an answer.
pub(super) fn reported_error(event: &str, fields: &Fields<'_>, body: &[u8]) -> Option<ProviderError> {
    let is_error = event == "error"
        || says(fields, "error")
        || (fields.get("error").is_some_and(|error| !error.is_null()) && !is_message(fields));
    is_error.then(|| {
        crate::error::decode_in_stream(&String::from_utf8_lossy(body)).unwrap_or_else(|| {
            ProviderError::new(ErrorKind::Server, "the provider reports an error without a text")
        })
    })
}

/// Whether a body is an answer, however much of it is missing.
pub(super) fn is_message(fields: &Fields<'_>) -> bool {
    let has_error = || fields.get("error").is_some_and(|error| !error.is_null());
    says(fields, "message")
        || fields
            .get("content")
            .is_some_and(|content| content.is_array() || !(content.is_null() || has_error()))
}

fn says(fields: &Fields<'_>, word: &str) -> bool {
    fields.get("type").and_then(|value| value.string()).is_some_and(|written| written == word)
}

/// An answer but for its content.
pub(super) struct Head {
    pub(super) id: String,
    pub(super) model: String,
    stop_reason: Option<FinishReason>,
    stop_sequence: Option<String>,
    pub(super) usage: Option<RawUsage>,
    pub(super) told_at_the_end: Extra,
    pub(super) extra: Extra,
}

/// Reads an answer whose content was taken out.
pub(super) fn take_head(mut fields: Fields<'_>) -> Result<Head, StreamError> {
    if says(&fields, "message") {
        fields.take("type");
    }
    if fields.get("role").is_some_and(|role| role.text() == "\"assistant\"") {
        fields.take("role");
    }
    let stop_reason = lenient::take(&mut fields, "stop_reason").filter(|word| !word.is_empty());
    finish::check(stop_reason.as_deref().unwrap_or_default())?;
    Ok(Head {
        id: lenient::take(&mut fields, "id").unwrap_or_default(),
        model: lenient::take(&mut fields, "model").unwrap_or_default(),
        stop_reason: stop_reason.map(|word| decode_finish(&word)),
        stop_sequence: fields.take_string("stop_sequence"),
        usage: take_usage(&mut fields),
        told_at_the_end: take_final_fields(&mut fields),
        extra: fields.rest(),
    })
}

/// Takes the figures out; what holds none stays.
pub(super) fn take_usage(fields: &mut Fields<'_>) -> Option<RawUsage> {
    let written = fields.get("usage")?;
    let figures = lenient::object(written);
    if figures.is_some() || written.is_null() {
        fields.take("usage");
    }
    RawUsage::read(figures?)
}

fn take_final_fields(fields: &mut Fields<'_>) -> Extra {
    FINAL_FIELDS
        .iter()
        .filter_map(|name| fields.take_json(name).map(|value| ((*name).to_owned(), value)))
        .filter(|(_, value)| !value.value().is_null())
        .collect()
}

/// The reason that `stop_reason` names.
pub(super) fn decode_finish(word: &str) -> FinishReason {
    match word {
        "end_turn" => FinishReason::Stop,
        "max_tokens" => FinishReason::Length,
        "stop_sequence" => FinishReason::StopSequence,
        "tool_use" => FinishReason::ToolCalls,
        "pause_turn" => FinishReason::Pause,
        "refusal" => FinishReason::Refusal,
        "model_context_window_exceeded" => FinishReason::ContextWindow,
        other => FinishReason::Other(other.to_owned()),
    }
}
