//! Decoding of plain Cohere chat answers.

use super::carried::NAME;
use super::message::{place_plan, read_part};
use super::{error, usage};
use crate::dialect::openai_chat::{
    check_answer_fields, said_part, take_answer_content, take_answer_parts, text_parts,
};
use crate::dialect::shared::{finish, foreign, lenient};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{Choice, FinishReason, Message, PartKind, Response, Role};
use alloc::{borrow::ToOwned, string::ToString, vec::Vec};

/// Client: reads the body of a plain answer, or the error in it.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    let written = fields.get("message");
    // A text with fields that only answers have is an answer; alone it is an error.
    let is_answer = |fields: &Fields<'_>| fields.get("finish_reason").is_some();
    let message = match written.and_then(lenient::object) {
        Some(message) => Some(decode_message(message)?),
        None if is_answer(&fields) => {
            written.and_then(lenient::known).map(|text| Message::new(Role::Assistant, text_parts(text)))
        }
        None => None,
    };
    let Some(message) = message else {
        let says = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
        return Err(if says("message") || says("error") {
            error::provider_error(body)
        } else {
            StreamError::Malformed("an answer without a message".to_owned())
        });
    };
    fields.take("message");
    let used = fields.get("usage").and_then(usage::decode);
    if used.is_some() {
        fields.take("usage");
    }
    let has_calls = message.content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
    let word = lenient::take(&mut fields, "finish_reason");
    finish::check(word.as_deref().unwrap_or_default())?;
    let choice = Choice {
        index: 0,
        message,
        finish_reason: word.map(|word| finish::with_calls(decode_finish(&word), has_calls)),
        stop_sequence: None,
        logprobs: fields.take("logprobs").map(decode_logprobs),
        extra: Extra::new(),
    };
    Ok(Response {
        id: lenient::take(&mut fields, "id").unwrap_or_default(),
        model: lenient::take(&mut fields, "model").unwrap_or_default(),
        created: None,
        choices: alloc::vec![choice],
        usage: used,
        extra: fields.rest(),
    })
}

/// An answer's message is read leniently: what has another type than ours stays among the extra fields.
fn decode_message(mut fields: Fields<'_>) -> Result<Message, StreamError> {
    fields.take("role");
    let mut content = Vec::new();
    let parts = take_answer_content(&mut fields, |value| {
        let value = lenient::one(value);
        read_part(value).unwrap_or_else(|_| said_part(NAME, value))
    });
    for part in parts {
        let says_nothing = part.extra.is_empty()
            && match &part.kind {
                PartKind::Text(text) => text.is_empty(),
                PartKind::Reasoning(reasoning) => reasoning.text.is_empty() && reasoning.signature.is_none(),
                _ => false,
            };
        if !says_nothing {
            content.push(part);
        }
    }
    content.extend(take_answer_parts(&mut fields));
    check_answer_fields("message", &fields)?;
    foreign::claim(&mut content, NAME);
    let mut message = Message::new(Role::Assistant, content);
    message.extra = keep_news(fields.rest());
    place_plan(&mut message);
    Ok(message)
}

/// Without nulls and empty lists, which say nothing.
fn keep_news(extra: Extra) -> Extra {
    let says_something = |(_, value): &(&str, &Json)| {
        let value = value.value();
        !value.is_null() && !value.array().is_some_and(|items| items.is_empty())
    };
    if extra.iter().all(|field| says_something(&field)) {
        return extra;
    }
    extra.iter().filter(says_something).map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

/// The model has an object with lists; here it is one list (of a stream's delta: one item), which becomes its
/// `content`.
pub(super) fn decode_logprobs(value: Value<'_>) -> Json {
    Json::object(&Extra::new(), |object| {
        if value.is_array() {
            object.field("content", value);
        } else {
            object.array("content", [value], |out, item| {
                crate::json::WriteJson::write_json(&item, out);
            });
        }
    })
}

/// The reason that `finish_reason` names.
pub(super) fn decode_finish(word: &str) -> FinishReason {
    match word {
        "COMPLETE" => FinishReason::Stop,
        "STOP_SEQUENCE" => FinishReason::StopSequence,
        "MAX_TOKENS" => FinishReason::Length,
        "TOOL_CALL" => FinishReason::ToolCalls,
        // Ours are what our own writer had no other word for. `ERROR` and `TIMEOUT` are errors, not ends.
        other => FinishReason::from(other),
    }
}
