//! A plain answer, in both directions.

use super::chunk::{self, CandidateFields, Chunk};
use super::{content, finish, part, usage};
use crate::dialect::shared::nested;
use crate::framing::StreamError;
use crate::json::{Extra, Json, ObjectWriter, Value, write_array};
use crate::model::{Choice, Message, Part, PartKind, Response, Role};
use alloc::{borrow::ToOwned, boxed::Box, vec::Vec};

/// Client: reads the body of a plain answer.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let Some(chunk) = Chunk::read(chunk::parse(body)?)? else {
        return Err(StreamError::Malformed("the body has no candidates".to_owned()));
    };
    if let Some(error) = chunk.blocked {
        return Err(StreamError::Provider(Box::new(error)));
    }
    let candidates = chunk.candidates.unwrap_or_default();
    let choices = (0..).zip(candidates).filter_map(|(position, value)| {
        CandidateFields::read(value, position).map(|candidate| decode_choice(candidate, &chunk.id))
    });
    let mut choices: Vec<Choice> = choices.collect();
    choices.sort_by_key(|choice| choice.index);
    Ok(Response {
        choices,
        id: chunk.id,
        model: chunk.model,
        created: chunk.created,
        usage: chunk.usage.and_then(Value::object).map(usage::decode),
        extra: chunk.extra,
    })
}

fn decode_choice(candidate: CandidateFields<'_>, response_id: &str) -> Choice {
    let CandidateFields { index, parts, finish, logprobs, mut extra } = candidate;
    let mut parts: Vec<Part> =
        parts.into_iter().map(part::decode).filter(|part| !part::is_empty(part)).collect();
    let mut unnamed = 0;
    let mut calls_tools = false;
    for part in &mut parts {
        if let PartKind::ToolCall(call) = &mut part.kind {
            calls_tools = true;
            if call.id.is_empty() {
                call.id = content::call_id(response_id, index, unnamed);
                unnamed += 1;
            }
        }
    }
    let finish_reason = finish.map(|word| chunk::decode_finish(&word, calls_tools, &mut extra));
    Choice {
        index,
        message: Message { extra, ..Message::new(Role::Assistant, parts) },
        finish_reason,
        stop_sequence: None,
        logprobs,
        extra: Extra::new(),
    }
}

/// Server: the body of a plain answer.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
    body.with("candidates", |out| write_array(out, &response.choices, encode_choice));
    if let Some(usage) = &response.usage {
        usage::encode(usage, &mut body);
    }
    encode_head(&response.id, &response.model, response.created, &mut body);
    body.finish();
    out
}

/// Writes which answer it is.
pub(super) fn encode_head(id: &str, model: &str, created: Option<u64>, body: &mut ObjectWriter<'_>) {
    if !model.is_empty() {
        body.field("modelVersion", model);
    }
    body.optional("createTime", created.and_then(chunk::time_text));
    if !id.is_empty() {
        body.field("responseId", id);
    }
}

fn encode_choice(out: &mut Vec<u8>, choice: &Choice) {
    let mut extra = choice.message.extra.clone();
    for (name, value) in choice.extra.iter() {
        extra.insert(name, value.clone());
    }
    let content = nested::take(&mut extra, "content");
    let mut candidate = ObjectWriter::begin_with(out, &extra);
    candidate.object_with("content", &content, |object| {
        object.field("role", "model");
        if !choice.message.content.is_empty() {
            object.with("parts", |out| encode_parts(&choice.message.content, out));
        }
    });
    candidate.optional("finishReason", choice.finish_reason.as_ref().map(finish::encode));
    candidate.field("index", choice.index);
    candidate.optional("logprobsResult", choice.logprobs.as_ref());
    candidate.finish();
}

/// Writes parts of an answer; what other dialects have and this API does not is left out.
pub(super) fn encode_parts<'a>(parts: impl IntoIterator<Item = &'a Part>, out: &mut Vec<u8>) {
    let parts = parts.into_iter().filter(|part| part::unsupported(&part.kind).is_none());
    write_array(out, parts, |out, part| part::encode(part, None, out));
}

/// The fields of a candidate as an object, for one that is written at the end of a stream.
pub(super) fn object_fields(logprobs: &Json) -> Option<Extra> {
    logprobs.value().object().map(crate::json::Fields::rest)
}
