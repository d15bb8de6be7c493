//! Encoding of plain Completions answers, as a server.

use crate::dialect::openai_chat::{finish, usage};
use crate::json::{Extra, ObjectWriter};
use crate::model::{Message, PartKind, Response};
use alloc::{string::String, vec::Vec};

/// Writes the body of a plain answer. Only what was said has a place in it, refusals included.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
    body.field("id", &response.id).field("object", "text_completion");
    body.field("created", response.created.unwrap_or(0)).field("model", &response.model);
    body.array("choices", &response.choices, |out, choice| {
        let extras: Extra = choice
            .message
            .extra
            .iter()
            .chain(choice.extra.iter())
            .map(|(name, value)| (name.into(), value.clone()))
            .collect();
        let mut object = ObjectWriter::begin_with(out, &extras);
        object.field("text", text_of(&choice.message)).field("index", choice.index);
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

fn text_of(message: &Message) -> String {
    let texts = message.content.iter().filter_map(|part| match &part.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}
