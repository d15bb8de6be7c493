//! Decoding of plain Chat Completions answers.

use super::part::{decode_answer_part, take_answer_content};
use super::{finish, message, reasoning, usage};
use crate::dialect::openai_chat::error;
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{Choice, Message, Response, Role};
use alloc::{string::String, string::ToString, vec::Vec};

/// Reads the body of a plain answer, or the error in it.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let value = Value::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    let Some(mut fields) = value.object() else {
        return Err(
            error::in_list(value).unwrap_or_else(|| StreamError::Malformed("expected a JSON object".into()))
        );
    };
    if error::is_in(&fields) {
        return Err(error::provider_error(value.text()));
    }
    let Some(choices) = fields.take_array("choices") else {
        return Err(error::without_choices(value));
    };
    // It says only that this is a completion.
    fields.take("object");
    let usage = fields.get("usage").and_then(usage::decode);
    if usage.is_some() {
        fields.take("usage");
    }
    let choices = (0u32..).zip(choices).map(|(position, choice)| decode_choice(position, choice)).collect();
    Ok(Response {
        id: fields.take_string("id").unwrap_or_default(),
        model: fields.take_string("model").unwrap_or_default(),
        created: fields.take_u64("created"),
        choices,
        usage,
        extra: fields.rest(),
    })
}

fn decode_choice(position: u32, value: Value<'_>) -> Choice {
    let Some(mut fields) = value.object() else {
        return Choice {
            index: position,
            message: empty_message(),
            finish_reason: None,
            stop_sequence: None,
            logprobs: None,
            extra: Extra::new(),
        };
    };
    let index = fields.take_u32("index").unwrap_or(position);
    let stop_sequence = fields.take_string("stop_reason");
    let reason = fields.take_string("finish_reason").filter(|reason| !reason.is_empty());
    Choice {
        index,
        message: fields.take_object("message").map_or_else(empty_message, decode_message),
        finish_reason: reason.map(|reason| finish::decode(reason, stop_sequence.as_deref())),
        stop_sequence,
        logprobs: fields.take_json("logprobs"),
        extra: fields.rest(),
    }
}

fn empty_message() -> Message {
    Message::new(Role::Assistant, Vec::new())
}

/// An answer's message is read leniently: what has another type than ours stays among the extra fields.
fn decode_message(mut fields: Fields<'_>) -> Message {
    fields.take("role");
    let mut parts = reasoning::take_whole(&mut fields);
    parts.extend(take_answer_content(&mut fields, decode_answer_part));
    parts.extend(message::take_said(&mut fields));
    let name = fields.take_string("name");
    // Groq refuses nulls in the messages that are sent back to it.
    let extra = fields.rest().iter().filter(|(_, value)| !value.value().is_null()).map(owned).collect();
    Message { role: Role::Assistant, content: parts, name, extra }
}

fn owned((name, value): (&str, &Json)) -> (String, Json) {
    (name.into(), value.clone())
}
