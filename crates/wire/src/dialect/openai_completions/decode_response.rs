//! Decoding of plain Completions answers.

use crate::dialect::openai_chat::error;
use crate::dialect::openai_chat::{finish, usage};
use crate::dialect::shared::{finish as ends, lenient};
use crate::framing::StreamError;
use crate::json::{Fields, Value};
use crate::model::{Choice, Message, Part, Response, Role};
use alloc::{string::ToString, vec::Vec};

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
    let Some(choices) = error::take_choices(&mut fields)? else { return Err(error::without_choices(value)) };
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
    let mut fields: Fields<'_> = value.object().unwrap_or_default();
    let index = lenient::take_index(&mut fields, "index").unwrap_or(position);
    let stop_sequence = fields.take_string("stop_reason");
    let reason = lenient::take(&mut fields, "finish_reason").filter(|reason| !reason.is_empty());
    ends::check(reason.as_deref().unwrap_or_default())?;
    let text = lenient::take(&mut fields, "text").filter(|text| !text.is_empty());
    Ok(Choice {
        index,
        message: Message::new(Role::Assistant, text.into_iter().map(Part::text).collect()),
        finish_reason: reason.map(|reason| finish::decode(reason, stop_sequence.as_deref())),
        stop_sequence,
        logprobs: fields.take_json("logprobs"),
        extra: fields.rest(),
    })
}
