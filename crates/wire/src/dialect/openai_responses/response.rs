//! Plain answers, read and written, and what the beginning and the end of a stream share with them.

use super::item::{self, Ids, Run, runs};
use crate::dialect::openai_chat::{fault, usage};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json, ObjectWriter, Value, WriteJson, write_array};
use crate::model::{
    Choice, ErrorKind, FinishReason, Message, Part, PartKind, ProviderError, Response, Role, Start, Usage,
};
use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString, vec::Vec};

/// Fields that clients of the API cannot do without, and what they mostly are: then they say nothing, and are written
/// where nothing else is known.
const USUAL: [(&str, &str); 3] =
    [("parallel_tool_calls", "true"), ("tool_choice", "\"auto\""), ("tools", "[]")];

/// Reads the body of a plain answer, or the error in it.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let value = Value::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    let Some(mut fields) = value.object() else {
        return Err(
            fault::in_list(value).unwrap_or_else(|| StreamError::Malformed("expected a JSON object".into()))
        );
    };
    if fault::is_in(&fields) || says(&fields, "status", "failed") {
        return Err(failure(value.text()));
    }
    let Some(output) = fields.take_array("output") else {
        return Err(match crate::error::decode_in_stream(value.text()) {
            Some(_) => fault::provider_error(value.text()),
            None => StreamError::Malformed("an answer without output".into()),
        });
    };
    let (mut content, mut logprobs) = (Vec::new(), Vec::new());
    output.into_iter().for_each(|item| item::decode(item).add_to(&mut content, &mut logprobs));
    let Head { start, usage, end } = take_head(fields);
    let choice = Choice {
        index: 0,
        finish_reason: end.reason(content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)))),
        message: Message::new(Role::Assistant, content),
        stop_sequence: None,
        logprobs: (!logprobs.is_empty()).then(|| of_content(logprobs)),
        extra: Extra::new(),
    };
    let Start { id, model, created, extra } = start;
    Ok(Response { id, model, created, choices: alloc::vec![choice], usage, extra })
}

/// The error of an answer that failed, which need not say why.
pub(super) fn failure(data: &str) -> StreamError {
    let error = crate::error::decode_in_stream(data).unwrap_or_else(|| {
        ProviderError::new(ErrorKind::Server, "the answer failed, and the provider does not say why")
    });
    StreamError::Provider(Box::new(error))
}

/// Log probabilities as the model has them.
pub(super) fn of_content(logprobs: Vec<Json>) -> Json {
    Json::object(&Extra::new(), |object| _ = object.field("content", logprobs))
}

pub(super) fn says(fields: &Fields<'_>, name: &str, word: &str) -> bool {
    fields.get(name).and_then(Value::string).is_some_and(|said| said == word)
}

/// An answer but for its output.
pub(super) struct Head {
    pub(super) start: Start,
    pub(super) usage: Option<Usage>,
    pub(super) end: End,
}

/// How an answer ended.
pub(super) enum End {
    Completed,
    Incomplete(Option<String>),
    Cancelled,
    /// It goes on in the background.
    Running,
}

impl End {
    /// Why it ended; a completed one because of its calls, where it has any.
    pub(super) fn reason(&self, has_calls: bool) -> Option<FinishReason> {
        Some(match self {
            Self::Completed if has_calls => FinishReason::ToolCalls,
            Self::Completed => FinishReason::Stop,
            Self::Incomplete(reason) => match reason.as_deref() {
                Some("max_output_tokens") => FinishReason::Length,
                Some(word) => FinishReason::from(word),
                None => FinishReason::Other("incomplete".to_owned()),
            },
            Self::Cancelled => FinishReason::Other("cancelled".to_owned()),
            Self::Running => return None,
        })
    }
}

/// Reads an answer whose output was taken out.
pub(super) fn take_head(mut fields: Fields<'_>) -> Head {
    for name in ["object", "error", "output"] {
        fields.take(name);
    }
    for (name, usual) in USUAL {
        if fields.get(name).is_some_and(|value| value.text() == usual) {
            fields.take(name);
        }
    }
    let used = fields.get("usage").and_then(|used| usage::decode_named(used, usage::RESPONSES));
    if used.is_some() {
        fields.take("usage");
    }
    let status = fields.take_string("status");
    let details = fields.take_object("incomplete_details");
    let end = match status.as_deref() {
        Some("incomplete") => End::Incomplete(details.and_then(|mut details| details.take_string("reason"))),
        Some("cancelled") => End::Cancelled,
        Some("in_progress" | "queued") => End::Running,
        _ => End::Completed,
    };
    let start = Start {
        id: fields.take_string("id").unwrap_or_default(),
        model: fields.take_string("model").unwrap_or_default(),
        created: fields.take_u64("created_at"),
        extra: fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.to_owned(), value.to_json()))
            .collect(),
    };
    Head { start, usage: used, end }
}

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

/// Writes the body of a plain answer. There is one answer per request, so the first counts. Its message is no item
/// here, so what stands beside the parts stands beside the output.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let choice = response.choices.first();
    let mut start = Start {
        id: response.id.clone(),
        model: response.model.clone(),
        created: response.created,
        extra: response.extra.clone(),
    };
    for (name, value) in choice.iter().flat_map(|choice| choice.message.extra.iter()) {
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
        Run::Call(part, call) => item::write_call(part, call, &call.id, place, out),
        Run::Whole(whole) => whole.write_json(out),
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
