//! Encoding of plain generateContent answers, as a server.

use super::chunk::{self};
use super::{finish, part, usage};
use crate::dialect::shared::nested;
use crate::json::{Extra, Json, ObjectWriter, write_array};
use crate::model::{Choice, Part, Response};
use alloc::vec::Vec;

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
