//! Plain answers, read and written.

use super::{
    fault, finish, message,
    part::{decode_part, write_answer_part},
    reasoning, tool, usage,
};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json, ObjectWriter, Value, write_array};
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
    let Some(choices) = fields.take_array("choices") else {
        return Err(fault::without_choices(value));
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
    if let Some(text) = fields.take_string("content") {
        parts.extend(message::text_parts(text));
    } else {
        let whole = |value: Value<'_>| Part::new(PartKind::Unknown(value.to_json()));
        let values = fields.take_array("content").unwrap_or_default();
        parts.extend(values.into_iter().map(|value| decode_part(value).unwrap_or_else(|_| whole(value))));
    }
    parts.extend(message::take_said(&mut fields));
    let name = fields.take_string("name");
    // Groq refuses nulls in the messages that are sent back to it.
    let extra = fields.rest().iter().filter(|(_, value)| !value.value().is_null()).map(owned).collect();
    Message { role: Role::Assistant, content: parts, name, extra }
}

fn owned((name, value): (&str, &Json)) -> (String, Json) {
    (name.into(), value.clone())
}

/// Writes the body of a plain answer.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
    body.field("id", &response.id).field("object", "chat.completion");
    body.optional("created", response.created).field("model", &response.model);
    body.array("choices", &response.choices, encode_choice);
    if let Some(usage) = &response.usage {
        body.with("usage", |out| usage::encode(out, usage));
    }
    body.finish();
    out
}

fn encode_choice(out: &mut Vec<u8>, choice: &Choice) {
    let mut object = ObjectWriter::begin_with(out, &choice.extra);
    object.field("index", choice.index);
    object.with("message", |out| encode_message(out, &choice.message));
    object.nullable("logprobs", choice.logprobs.as_ref());
    object.nullable("finish_reason", choice.finish_reason.as_ref().map(finish::encode));
    object.optional("stop_reason", choice.stop_sequence.as_ref());
    object.finish();
}

fn encode_message(out: &mut Vec<u8>, message: &Message) {
    let mut said = Said::default();
    for part in &message.content {
        said.add(part);
    }
    let mut object = ObjectWriter::begin_with(out, &message.extra);
    object.field("role", "assistant").optional("name", message.name.as_ref());
    if said.needs_parts {
        let parts = message.content.iter().filter(|part| !is_call(part));
        object.array("content", parts, |out, part| write_answer_part(part, out));
    } else {
        object.nullable("content", said.text).nullable("refusal", said.refusal);
        if message.extra.get(reasoning::DETAILS).is_none() {
            object.optional("reasoning_content", said.reasoning);
        }
    }
    if !said.calls.is_empty() {
        object.with("tool_calls", |out| {
            write_array(out, said.calls, |out, part| match &part.kind {
                PartKind::ToolCall(call) => tool::write_call(out, &call.id, call, &part.extra),
                _ => write_answer_part(part, out),
            });
        });
    }
    object.finish();
}

/// Whether the part stands among the tool calls: a call, or what came where a call was expected.
fn is_call(part: &Part) -> bool {
    match &part.kind {
        PartKind::ToolCall(_) => true,
        PartKind::Unknown(whole) => tool::looks_like_call(whole),
        _ => false,
    }
}

/// An answer's content is one string here, whatever number of parts said it; or, as Mistral has it, the list of the
/// parts, where one of them cannot be said in a string.
#[derive(Default)]
struct Said<'a> {
    text: Option<String>,
    refusal: Option<String>,
    reasoning: Option<String>,
    calls: Vec<&'a Part>,
    needs_parts: bool,
}

impl<'a> Said<'a> {
    fn add(&mut self, part: &'a Part) {
        match &part.kind {
            PartKind::Text(text) => self.text.get_or_insert_default().push_str(text),
            PartKind::Refusal(text) => self.refusal.get_or_insert_default().push_str(text),
            PartKind::Reasoning(reasoning) => {
                self.reasoning.get_or_insert_default().push_str(&reasoning.text);
            }
            _ if is_call(part) => self.calls.push(part),
            _ => self.needs_parts = true,
        }
    }
}
