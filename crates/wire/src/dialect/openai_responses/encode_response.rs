//! Encoding of plain Responses answers, as a server.

use super::decode_response::USUAL;
use super::item::{self, Ids, Run, runs};
use crate::dialect::openai_chat::usage;
use crate::dialect::shared::calls::Sent;
use crate::json::{ObjectWriter, Value, WriteJson, write_array};
use crate::model::{FinishReason, Part, PartKind, Response, Start, Usage};
use alloc::vec::Vec;

/// The status that says why an answer ended, and the reason where it is incomplete.
pub(super) fn status(reason: Option<&FinishReason>) -> (&'static str, Option<&str>) {
    match reason {
        None => ("in_progress", None),
        Some(reason) => match reason {
            FinishReason::Stop
            | FinishReason::StopSequence
            | FinishReason::ToolCalls
            | FinishReason::Pause => ("completed", None),
            FinishReason::Length | FinishReason::ContextWindow => ("incomplete", Some("max_output_tokens")),
            FinishReason::ContentFilter | FinishReason::Refusal => ("incomplete", Some("content_filter")),
            FinishReason::Other(word) if word == "cancelled" => ("cancelled", None),
            FinishReason::Other(word) if word == "incomplete" => ("incomplete", None),
            FinishReason::Error | FinishReason::Other(_) => ("incomplete", Some(reason.as_str())),
        },
    }
}

/// Writes the body of a plain answer. There is one answer per request, so the first counts. Its message is not an
/// item here, so its extra fields are written next to the output.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let choice = response.choices.first();
    let mut start = Start {
        id: response.id.clone(),
        model: response.model.clone(),
        created: response.created,
        extra: response.extra.clone(),
    };
    let extras = choice.iter().flat_map(|choice| choice.message.extra.iter().chain(choice.extra.iter()));
    for (name, value) in extras {
        start.extra.insert(name, value.clone());
    }
    let content = choice.map(|choice| choice.message.content.as_slice()).unwrap_or_default();
    let logprobs = choice.and_then(|choice| choice.logprobs.as_ref());
    let logprobs = logprobs.and_then(|logprobs| logprobs.value().object()?.get("content")?.array());
    let output = |out: &mut Vec<u8>| {
        let ids = Ids::of_answer(&response.id);
        let mut logprobs = logprobs.as_deref();
        write_array(out, runs(content).into_iter().enumerate(), |out, (index, (_, run))| {
            write_run(&run, (&ids, index), &mut logprobs, out);
        });
    };
    let mut out = Vec::new();
    let reason = choice.and_then(|choice| choice.finish_reason.as_ref());
    write(&start, status(reason), response.usage.as_ref(), output, &mut out);
    out
}

/// Writes the item that some parts make.
pub(super) fn write_run(
    run: &Run<'_>,
    place: (&Ids, usize),
    logprobs: &mut Option<&[Value<'_>]>,
    out: &mut Vec<u8>,
) {
    match run {
        Run::Message(said) => {
            let has_text = said.iter().any(|part: &&Part| matches!(part.kind, PartKind::Text(_)));
            item::write_message(said, place, if has_text { logprobs.take() } else { None }, out);
        }
        Run::Reasoning(part, reasoning) => item::write_reasoning(part, reasoning, place, out),
        Run::Call(part, call) => item::write_call(part, call, &Sent::as_it_is(call), place, out),
        Run::Whole(_, whole) => whole.write_json(out),
        Run::Other(part) => item::write_foreign(part, place, out),
    }
}

/// Writes an answer, `output` written by what is given.
pub(super) fn write(
    start: &Start,
    (status, reason): (&str, Option<&str>),
    used: Option<&Usage>,
    output: impl FnOnce(&mut Vec<u8>),
    out: &mut Vec<u8>,
) {
    let mut body = ObjectWriter::begin_with(out, &start.extra);
    body.field("id", &start.id).field("object", "response");
    // OpenAI's own clients need a time.
    body.field("created_at", start.created.unwrap_or(0)).field("status", status).field("model", &start.model);
    body.nullable("error", None::<&str>).with("incomplete_details", |out| match reason {
        None => out.extend_from_slice(b"null"),
        Some(reason) => {
            let mut details = ObjectWriter::begin(out);
            details.field("reason", reason);
            details.finish();
        }
    });
    body.with("output", output);
    body.with("usage", |out| match used {
        Some(used) => usage::encode_named(out, used, usage::RESPONSES),
        None => out.extend_from_slice(b"null"),
    });
    for (name, usual) in USUAL {
        body.with(name, |out| out.extend_from_slice(usual.as_bytes()));
    }
    body.finish();
}
