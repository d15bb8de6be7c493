//! Decoding of plain Ollama chat answers.

use super::message::{check_calls, take_parts};
use super::{created, error};
use crate::dialect::openai_chat::text_parts;
use crate::dialect::shared::{finish, lenient};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json};
use crate::model::{Choice, FinishReason, Message, PartKind, Response, Role, Usage};
use alloc::{borrow::ToOwned, string::String, string::ToString};

/// Client: reads the body of a plain answer, or the error in it.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    if let Some(error) = error::reported(&fields, &String::from_utf8_lossy(body)) {
        return Err(error);
    }
    let Some(written) = fields.take("message") else {
        return Err(StreamError::Malformed("an answer without a message".to_owned()));
    };
    let created_at = created::text(&fields);
    let mut message = lenient::object(written).unwrap_or_default();
    message.take("role");
    let mut content = take_parts(&mut message, |number| created::call_id(&created_at, number));
    check_calls(&message)?;
    if lenient::object(written).is_none() {
        content = text_parts(lenient::any(written));
    }
    let has_calls = content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
    let end = take_end(&mut fields, has_calls)?;
    let logprobs = take_logprobs(&mut fields);
    let mut extra = Extra::new();
    let created = created::take(&mut fields, &mut extra);
    let model = lenient::take(&mut fields, "model").unwrap_or_default();
    for (name, value) in fields.rest().iter() {
        extra.insert(name, value.clone());
    }
    let (finish_reason, usage) = end.map_or((None, None), |(reason, usage)| (Some(reason), Some(usage)));
    let choice = Choice {
        index: 0,
        message: Message { extra: message.rest(), ..Message::new(Role::Assistant, content) },
        finish_reason,
        stop_sequence: None,
        logprobs,
        extra: Extra::new(),
    };
    Ok(Response { id: String::new(), model, created, choices: alloc::vec![choice], usage, extra })
}

/// Takes out what only the last line of an answer says: why it ended, and the figures.
pub(super) fn take_end(
    fields: &mut Fields<'_>,
    has_calls: bool,
) -> Result<Option<(FinishReason, Usage)>, StreamError> {
    let is_done = fields.get("done").is_some_and(|done| matches!(done.text(), "true" | "\"true\"" | "1"));
    if !is_done {
        fields.take_bool("done");
        return Ok(None);
    }
    fields.take("done");
    let word = lenient::take(fields, "done_reason");
    finish::check(word.as_deref().unwrap_or_default())?;
    let reason = match word.as_deref() {
        // The server says the same whether or not there are calls to make.
        Some("stop" | "") | None if has_calls => FinishReason::ToolCalls,
        Some("") | None => FinishReason::Stop,
        Some(word) => FinishReason::from(word),
    };
    // A count of nothing is left out, for instance of a prompt that was all cached.
    let usage = Usage {
        input_tokens: Some(lenient::take_count(fields, "prompt_eval_count").unwrap_or(0)),
        output_tokens: Some(lenient::take_count(fields, "eval_count").unwrap_or(0)),
        ..Usage::default()
    };
    Ok(Some((reason, usage)))
}

/// The model has an object with lists; here it is one list, which becomes its `content`.
pub(super) fn take_logprobs(fields: &mut Fields<'_>) -> Option<Json> {
    let list = fields.take_array("logprobs")?;
    Some(Json::object(&Extra::new(), |object| _ = object.field("content", list)))
}
