//! Plain answers, read and written.

use crate::dialect::openai_chat::{fault, finish, usage};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, ObjectWriter, Value};
use crate::model::{Choice, Message, Part, PartKind, Response, Role};
use alloc::{string::String, string::ToString, vec::Vec};

/// Reads the body of a plain answer, or the error in it.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let value = Value::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    let Some(mut fields) = value.object() else {
        return Err(
            fault::in_list(value).unwrap_or_else(|| StreamError::Malformed("expected a JSON object".into()))
        );
    };
    if fault::is_in(&fields) {
        return Err(fault::provider_error(value.text()));
    }
    let Some(choices) = fields.take_array("choices") else { return Err(fault::without_choices(value)) };
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
    let mut fields: Fields<'_> = value.object().unwrap_or_default();
    let index = fields.take_u32("index").unwrap_or(position);
    let stop_sequence = fields.take_string("stop_reason");
    let reason = fields.take_string("finish_reason").filter(|reason| !reason.is_empty());
    let text = fields.take_string("text").filter(|text| !text.is_empty());
    Choice {
        index,
        message: Message::new(Role::Assistant, text.into_iter().map(Part::text).collect()),
        finish_reason: reason.map(|reason| finish::decode(reason, stop_sequence.as_deref())),
        stop_sequence,
        logprobs: fields.take_json("logprobs"),
        extra: fields.rest(),
    }
}

/// Writes the body of a plain answer. Only what was said has a place in it, refusals included.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
    body.field("id", &response.id).field("object", "text_completion");
    body.field("created", response.created.unwrap_or(0)).field("model", &response.model);
    body.array("choices", &response.choices, |out, choice| {
        let beside: Extra = choice
            .message
            .extra
            .iter()
            .chain(choice.extra.iter())
            .map(|(name, value)| (name.into(), value.clone()))
            .collect();
        let mut object = ObjectWriter::begin_with(out, &beside);
        object.field("text", said(&choice.message)).field("index", choice.index);
        object.nullable("logprobs", choice.logprobs.as_ref());
        object.nullable("finish_reason", choice.finish_reason.as_ref().map(finish::encode));
        object.optional("stop_reason", choice.stop_sequence.as_ref());
        object.finish();
    });
    if let Some(used) = &response.usage {
        body.with("usage", |out| usage::encode(out, used));
    }
    body.finish();
    out
}

fn said(message: &Message) -> String {
    let texts = message.content.iter().filter_map(|part| match &part.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}
