//! Encoding of plain Chat Completions answers, as a server.

use super::part::{stands_among_calls, write_answer_part};
use super::{finish, reasoning, usage};
use crate::dialect::openai_chat::tools;
use crate::json::{ObjectWriter, write_array};
use crate::model::{Choice, Message, Part, PartKind, Response};
use alloc::{string::String, vec::Vec};

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
    let mut said = MessageFields::default();
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
                PartKind::ToolCall(call) => tools::write_call(out, &call.id, &call.name, call, &part.extra),
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
        PartKind::Unknown(whole) | PartKind::ProviderItem { item: whole, .. } => stands_among_calls(whole),
        _ => false,
    }
}

/// An answer's content is one string here, whatever number of parts said it; or, as Mistral has it, the list of the
/// parts, where one of them cannot be said in a string.
#[derive(Default)]
struct MessageFields<'a> {
    text: Option<String>,
    refusal: Option<String>,
    reasoning: Option<String>,
    calls: Vec<&'a Part>,
    needs_parts: bool,
}

impl<'a> MessageFields<'a> {
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
