//! Decoding of plain generateContent answers.

use super::chunk::{self, CandidateFields, Chunk};
use super::{part, usage};
use crate::dialect::shared::made_ids;
use crate::framing::StreamError;
use crate::json::{Extra, Value};
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
                call.id = made_ids::make(response_id, index, unnamed);
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
