//! Decoding of plain Chat Completions answers.

use super::part::{decode_answer_part, take_answer_content};
use super::{finish, message, reasoning, usage};
use crate::dialect::openai_chat::error;
use crate::dialect::shared::{finish as ends, lenient};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{Choice, Message, PartKind, Response, Role};
use alloc::{format, string::ToString, vec::Vec};

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
    let Some(choices) = error::take_choices(&mut fields)? else {
        return Err(error::without_choices(value));
    };
    if choices.iter().any(|choice| error::is_in_choice(*choice)) {
        return Err(error::provider_error(value.text()));
    }
    // It says only that this is a completion.
    fields.take("object");
    let usage = fields.get("usage").and_then(usage::decode);
    if usage.is_some() {
        fields.take("usage");
    }
    let choices = (0u32..).zip(choices).map(|(position, choice)| decode_choice(position, choice));
    let choices: Result<Vec<Choice>, StreamError> = choices.collect();
    Ok(Response {
        choices: choices?,
        id: lenient::take(&mut fields, "id").unwrap_or_default(),
        model: lenient::take(&mut fields, "model").unwrap_or_default(),
        created: fields.take_u64("created"),
        usage,
        extra: fields.rest(),
    })
}

fn decode_choice(position: u32, value: Value<'_>) -> Result<Choice, StreamError> {
    let mut fields = value.object().unwrap_or_default();
    let index = lenient::take_index(&mut fields, "index").unwrap_or(position);
    let stop_sequence = fields.take_string("stop_reason");
    let reason = lenient::take(&mut fields, "finish_reason").filter(|reason| !reason.is_empty());
    // Some servers write what streams or Completions have in its place.
    let said = ["message", "delta", "text"].iter().find_map(|name| fields.take(name));
    let message = match said.map(|said| (said, lenient::object(said))) {
        None => Message::new(Role::Assistant, Vec::new()),
        Some((_, Some(said))) => decode_message(position, said)?,
        Some((said, None)) => Message::new(Role::Assistant, message::text_parts(lenient::any(said))),
    };
    let has_calls = message.content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
    let finish_reason = match reason {
        None => None,
        Some(word) => {
            ends::check(&word)?;
            Some(ends::with_calls(finish::decode(word, stop_sequence.as_deref()), has_calls))
        }
    };
    let logprobs = fields.take_json("logprobs");
    let extra = without_nulls(&fields.rest());
    Ok(Choice { index, message, finish_reason, stop_sequence, logprobs, extra })
}

/// An answer's message is read leniently: what has another type than ours stays among the extra fields.
fn decode_message(choice: u32, mut fields: Fields<'_>) -> Result<Message, StreamError> {
    fields.take("role");
    let mut parts = reasoning::take_whole(&mut fields);
    parts.extend(take_answer_content(&mut fields, decode_answer_part));
    parts.extend(message::take_answer_parts(&mut fields));
    message::check_answer_fields(&format!("choices[{choice}].message"), &fields)?;
    let name = fields.take_string("name");
    Ok(Message { role: Role::Assistant, content: parts, name, extra: without_nulls(&fields.rest()) })
}

/// The fields that say something, as in a stream.
fn without_nulls(extra: &Extra) -> Extra {
    let owned = |(name, value): (&str, &Json)| (name.into(), value.clone());
    extra.iter().filter(|(_, value)| !value.value().is_null()).map(owned).collect()
}
