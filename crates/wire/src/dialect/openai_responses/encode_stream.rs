//! Encoding of streamed Responses answers, as a server.
//!
//! What the model says, and its reasoning, ends when another part begins; a tool call stays open until it is said to be
//! complete, because other dialects interleave them. Every item is written again whole when it ends, and all of them
//! when the answer does, as the API's clients want it.

use super::{
    decode_stream::renumbered,
    encode_response,
    item::{self, Ids, runs},
};
use crate::dialect::StreamEncoder;
use crate::dialect::openai_chat::error;
use crate::dialect::openai_responses::encode_response::status;
use crate::framing::write_event;
use crate::json::{Extra, Json, ObjectWriter, Value, WriteJson, write_array};
use crate::model::{
    FinishReason, GrowingFields, Part, PartKind, ProviderError, Reasoning, Request, Start, StreamEvent,
    ToolCall, Usage,
};
use alloc::{string::String, vec::Vec};

/// Writes the body of one streamed answer. There is one answer per request, so the first counts.
#[derive(Debug)]
pub(super) struct Encoder {
    start: Start,
    extra: GrowingFields,
    started: bool,
    number: u64,
    open: Vec<Open>,
    /// The items by index, `None` while they are open.
    output: Vec<Option<Json>>,
    /// The text that came last, for metadata that follows its end.
    last_text: Option<(usize, String)>,
    usage: Option<Usage>,
    reason: Option<FinishReason>,
}

/// An item that was begun and has not ended.
#[derive(Debug)]
struct Open {
    /// The part's place.
    place: u32,
    index: usize,
    /// The id it began with.
    id: String,
    part: Part,
    extra: GrowingFields,
    logprobs: GrowingFields,
    /// Nothing more will be said, though something about it may.
    complete: bool,
}

impl Open {
    fn text_mut(&mut self) -> Option<&mut String> {
        match &mut self.part.kind {
            PartKind::Text(text) | PartKind::Refusal(text) => Some(text),
            PartKind::Reasoning(reasoning) => Some(&mut reasoning.text),
            PartKind::ToolCall(call) => Some(&mut call.arguments),
            _ => None,
        }
    }

    fn is_call(&self) -> bool {
        matches!(self.part.kind, PartKind::ToolCall(_))
    }

    /// The prefix of the events about its text, and what they call where in the item that stands.
    fn words(&self) -> Words {
        let (event, whole, position) = match &self.part.kind {
            PartKind::Refusal(_) => ("response.refusal", "refusal", Some("content_index")),
            PartKind::Reasoning(_) => ("response.reasoning_summary_text", "text", Some("summary_index")),
            PartKind::ToolCall(call) if call.custom => ("response.custom_tool_call_input", "input", None),
            PartKind::ToolCall(_) => ("response.function_call_arguments", "arguments", None),
            _ => ("response.output_text", "text", Some("content_index")),
        };
        Words { event, whole, position }
    }
}

#[derive(Clone, Copy)]
struct Words {
    event: &'static str,
    whole: &'static str,
    position: Option<&'static str>,
}

impl Encoder {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            start: Start { model: request.model.clone(), ..Start::default() },
            extra: GrowingFields::default(),
            started: false,
            number: 0,
            open: Vec::new(),
            output: Vec::new(),
            last_text: None,
            usage: None,
            reason: None,
        }
    }

    /// Appends the event `name` with the fields that `write` writes.
    fn event(&mut self, name: &str, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
        let mut data = Vec::new();
        let mut body = ObjectWriter::begin(&mut data);
        body.field("type", name).field("sequence_number", self.number);
        write(&mut body);
        body.finish();
        self.number += 1;
        write_event(name, &data, out);
    }

    /// Appends an event about the whole answer.
    fn about_answer(&mut self, name: &str, status: (&str, Option<&str>), out: &mut Vec<u8>) {
        let start = Start { extra: self.extra.fields(), ..self.start.clone() };
        let (output, usage) = (core::mem::take(&mut self.output), self.usage.clone());
        self.event(name, out, |body| {
            body.with("response", |out| {
                let items = |out: &mut Vec<u8>| {
                    write_array(out, output.iter().flatten(), |out, item| item.write_json(out));
                };
                encode_response::write(&start, status, usage.as_ref(), items, out);
            });
        });
        self.output = output;
    }

    fn begin_answer(&mut self, start: &Start, out: &mut Vec<u8>) {
        if core::mem::replace(&mut self.started, true) {
            return;
        }
        let asked = core::mem::take(&mut self.start.model);
        self.start = start.clone();
        if self.start.model.is_empty() {
            self.start.model = asked;
        }
        self.extra.combine(&start.extra);
        for name in ["response.created", "response.in_progress"] {
            self.about_answer(name, ("in_progress", None), out);
        }
    }

    fn ensure_started(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            let start = self.start.clone();
            self.begin_answer(&start, out);
        }
    }

    fn ids(&self) -> Ids {
        Ids::of_answer(&self.start.id)
    }

    /// An item begins with a part that says nothing yet; whatever was open ends, but for tool calls.
    fn begin(&mut self, place: u32, part: Part, out: &mut Vec<u8>) {
        self.ensure_started(out);
        self.end_where(|open| !open.is_call(), out);
        let index = self.output.len();
        self.output.push(None);
        let prefix = match &part.kind {
            PartKind::Reasoning(_) => "rs",
            PartKind::ToolCall(call) if call.custom => "ctc",
            PartKind::ToolCall(_) => "fc",
            _ => "msg",
        };
        let id = self.ids().id(prefix, index).unwrap_or_default();
        let beginning = beginning(&part, &id);
        self.event("response.output_item.added", out, |body| {
            body.field("output_index", index).field("item", beginning);
        });
        if matches!(part.kind, PartKind::Text(_) | PartKind::Refusal(_)) {
            self.event("response.content_part.added", out, |body| {
                body.field("item_id", &id).field("output_index", index).field("content_index", 0u64);
                body.with("part", |out| write_content_part(&part, out));
            });
        }
        let (extra, logprobs) = (GrowingFields::default(), GrowingFields::default());
        self.open.push(Open { place, index, id, part, extra, logprobs, complete: false });
    }

    /// Writes more of the part at `place`, which is begun where it is not open.
    fn delta(&mut self, place: u32, empty: PartKind, text: &str, out: &mut Vec<u8>) {
        let kind = core::mem::discriminant(&empty);
        let is_it = |open: &Open| open.place == place && core::mem::discriminant(&open.part.kind) == kind;
        if !self.open.iter().any(is_it) {
            // A call whose start was never received has no name.
            if matches!(empty, PartKind::ToolCall(_)) {
                return;
            }
            self.begin(place, Part::new(empty), out);
        }
        let Some(open) = self.open.iter_mut().rfind(|open| is_it(open)) else { return };
        if text.is_empty() {
            return;
        }
        let mut is_first = false;
        if let Some(so_far) = open.text_mut() {
            is_first = so_far.is_empty();
            so_far.push_str(text);
        }
        let (words, index, id) = (open.words(), open.index, open.id.clone());
        let is_text = matches!(open.part.kind, PartKind::Text(_));
        if is_first && matches!(open.part.kind, PartKind::Reasoning(_)) {
            self.event("response.reasoning_summary_part.added", out, |body| {
                body.field("item_id", &id).field("output_index", index).field("summary_index", 0u64);
                body.with("part", |out| item::write_summary("", out));
            });
        }
        self.write_delta(words, (index, &id), text, is_text.then_some(&[]), out);
        if is_text {
            self.last_text = Some((index, id));
        }
    }

    fn write_delta(
        &mut self,
        words: Words,
        (index, id): (usize, &str),
        text: &str,
        logprobs: Option<&[Value<'_>]>,
        out: &mut Vec<u8>,
    ) {
        let name = alloc::format!("{}.delta", words.event);
        self.event(&name, out, |body| {
            body.field("item_id", id).field("output_index", index);
            if let Some(position) = words.position {
                body.field(position, 0u64);
            }
            body.field("delta", text).optional("logprobs", logprobs);
        });
    }

    fn logprobs(&mut self, logprobs: &Json, out: &mut Vec<u8>) {
        let Some(list) = logprobs.value().object().and_then(|mut fields| fields.take_array("content")) else {
            return;
        };
        let Some((index, id)) = self.last_text.clone().filter(|_| !list.is_empty()) else { return };
        if let Some(open) = self.open.iter_mut().find(|open| open.index == index) {
            let more = core::iter::once(("logprobs".into(), Json::written(list.as_slice()))).collect();
            open.logprobs.combine(&more);
        }
        let words = Words { event: "response.output_text", whole: "text", position: Some("content_index") };
        self.write_delta(words, (index, &id), "", Some(&list), out);
    }

    fn end_where(&mut self, ends: impl Fn(&Open) -> bool, out: &mut Vec<u8>) {
        if !self.open.iter().any(&ends) {
            return;
        }
        let (ending, open) = core::mem::take(&mut self.open).into_iter().partition(|open| ends(open));
        self.open = open;
        let ending: Vec<Open> = ending;
        for open in ending {
            self.end_item(open, out);
        }
    }

    fn end_item(&mut self, mut open: Open, out: &mut Vec<u8>) {
        let words = open.words();
        let Open { index, ref id, .. } = open;
        let id = id.clone();
        open.part.extra = open.extra.fields();
        if let PartKind::ToolCall(ToolCall { arguments, custom: false, .. }) = &mut open.part.kind {
            crate::model::normalise_arguments(arguments);
        }
        let text = open.text_mut().map(core::mem::take).unwrap_or_default();
        let at = |body: &mut ObjectWriter<'_>| {
            body.field("item_id", &id).field("output_index", index);
            if let Some(position) = words.position {
                body.field(position, 0u64);
            }
        };
        let said_nothing = text.is_empty() && matches!(open.part.kind, PartKind::Reasoning(_));
        let is_text = matches!(open.part.kind, PartKind::Text(_));
        if !said_nothing {
            self.event(&alloc::format!("{}.done", words.event), out, |body| {
                at(body);
                body.field(words.whole, &text);
                if is_text {
                    body.with("logprobs", |out| out.extend_from_slice(b"[]"));
                }
            });
        }
        if let Some(slot) = open.text_mut() {
            *slot = text;
        }
        let part_event = match &open.part.kind {
            PartKind::Text(_) | PartKind::Refusal(_) => Some("response.content_part.done"),
            PartKind::Reasoning(_) if !said_nothing => Some("response.reasoning_summary_part.done"),
            _ => None,
        };
        if let Some(event) = part_event {
            self.event(event, out, |body| {
                at(body);
                body.with("part", |out| write_content_part(&open.part, out));
            });
        }
        let logprobs = open.logprobs.fields();
        let logprobs = logprobs.get("logprobs").and_then(|logprobs| logprobs.value().array());
        self.item_done(index, &open.part, logprobs.as_deref(), out);
    }

    fn item_done(
        &mut self,
        index: usize,
        part: &Part,
        mut logprobs: Option<&[Value<'_>]>,
        out: &mut Vec<u8>,
    ) {
        let ids = self.ids();
        let mut written = Vec::new();
        if let Some((_, run)) = runs(core::slice::from_ref(part)).first() {
            encode_response::write_run(run, (&ids, index), &mut logprobs, &mut written);
        }
        let item = Json::from_writer(written);
        self.event("response.output_item.done", out, |body| {
            body.field("output_index", index).field("item", &item);
        });
        if let Some(slot) = self.output.get_mut(index) {
            *slot = Some(item);
        }
    }

    /// A part that comes whole is an item that begins and ends at once.
    fn whole(&mut self, part: &Part, out: &mut Vec<u8>) {
        self.ensure_started(out);
        self.end_where(|open| !open.is_call(), out);
        let index = self.output.len();
        self.output.push(None);
        let ids = self.ids();
        let mut written = Vec::new();
        if let Some((_, run)) = runs(core::slice::from_ref(part)).first() {
            encode_response::write_run(run, (&ids, index), &mut None, &mut written);
        }
        let item = Json::from_writer(written);
        self.event("response.output_item.added", out, |body| {
            body.field("output_index", index).field("item", &item);
        });
        self.item_done(index, part, None, out);
    }
}

impl StreamEncoder for Encoder {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        // More metadata of a call may come right after it is complete.
        if !matches!(event, StreamEvent::PartExtra { .. }) {
            self.end_where(|open| open.complete, out);
        }
        match event {
            StreamEvent::Start(start) => self.begin_answer(start, out),
            StreamEvent::TextDelta { choice: 0, part, text } => {
                self.delta(*part, PartKind::Text(String::new()), text, out);
            }
            StreamEvent::RefusalDelta { choice: 0, part, text } => {
                self.delta(*part, PartKind::Refusal(String::new()), text, out);
            }
            StreamEvent::ReasoningDelta { choice: 0, part, text } => {
                self.delta(*part, empty_reasoning(), text, out);
            }
            StreamEvent::ReasoningSignature { choice: 0, part, signature } => {
                self.delta(*part, empty_reasoning(), "", out);
                let open = self.open.iter_mut().rfind(|open| open.place == *part);
                if let Some(Open { part: Part { kind: PartKind::Reasoning(reasoning), .. }, .. }) = open {
                    reasoning.signature.get_or_insert_default().push_str(signature);
                }
            }
            StreamEvent::ToolCallStart { choice: 0, part, id, name, custom } => {
                let (id, name, arguments) = (id.clone(), name.clone(), String::new());
                let call = ToolCall { id, name, arguments, custom: *custom };
                self.begin(*part, Part::new(PartKind::ToolCall(call)), out);
            }
            StreamEvent::ToolCallDelta { choice: 0, part, arguments } => {
                let (id, name, custom) = (String::new(), String::new(), false);
                let empty = PartKind::ToolCall(ToolCall { id, name, arguments: String::new(), custom });
                self.delta(*part, empty, arguments, out);
            }
            StreamEvent::ToolCallEnd { choice: 0, part } => {
                if let Some(open) = self.open.iter_mut().rfind(|open| open.place == *part) {
                    open.complete = true;
                }
            }
            StreamEvent::Part { choice: 0, part, .. } => self.whole(part, out),
            StreamEvent::PartExtra { choice: 0, part, extra } => {
                if let Some(open) = self.open.iter_mut().rfind(|open| open.place == *part) {
                    open.extra.combine(extra);
                }
            }
            StreamEvent::MessagePieces { choice: 0, extra } => self.extra.join(extra),
            StreamEvent::MessageExtra { choice: 0, extra }
            | StreamEvent::ChoiceExtra { choice: 0, extra }
            | StreamEvent::ResponseExtra(extra) => {
                self.extra.combine(extra);
            }
            StreamEvent::Logprobs { choice: 0, logprobs } => self.logprobs(logprobs, out),
            StreamEvent::UsageUpdate(usage) => self.usage.get_or_insert_default().update(usage),
            StreamEvent::Finish { choice: 0, reason, .. } => self.reason = Some(reason.clone()),
            StreamEvent::Unknown { data, .. } => {
                self.ensure_started(out);
                if let Some((name, data)) = renumbered(data, self.number) {
                    self.number += 1;
                    write_event(&name, data.text().as_bytes(), out);
                }
            }
            // Other answers than the first, of which there are none here.
            _ => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.ensure_started(out);
        self.end_where(|_| true, out);
        let reason = self.reason.clone().unwrap_or(FinishReason::Stop);
        let status = status(Some(&reason));
        let name = if status.0 == "incomplete" { "response.incomplete" } else { "response.completed" };
        self.about_answer(name, status, out);
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        self.ensure_started(out);
        // OpenAI says it twice: as an event of its own, and as the end of the answer.
        let body = error::encode(error);
        let Ok(mut fields) = crate::json::Fields::parse(&body) else { return };
        let reported = fields.take_json("error").unwrap_or_else(Json::null);
        self.event("error", out, |body| _ = body.field("error", &reported));
        let mut extra = self.extra.fields();
        extra.insert("error", reported);
        let start = Start { extra, ..self.start.clone() };
        let usage = self.usage.clone();
        self.event("response.failed", out, |body| {
            body.with("response", |out| {
                let nothing = |out: &mut Vec<u8>| out.extend_from_slice(b"[]");
                encode_response::write(&start, ("failed", None), usage.as_ref(), nothing, out);
            });
        });
    }
}

fn empty_reasoning() -> PartKind {
    PartKind::Reasoning(Reasoning { text: String::new(), signature: None })
}

/// An item as it begins.
fn beginning(part: &Part, id: &str) -> Json {
    Json::object(&Extra::new(), |object| {
        object.field("id", id);
        match &part.kind {
            PartKind::Reasoning(_) => {
                object.field("type", "reasoning").with("summary", |out| out.extend_from_slice(b"[]"));
            }
            PartKind::ToolCall(call) => {
                let (word, arguments) =
                    if call.custom { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
                object.field("type", word).field("status", "in_progress").field("call_id", &call.id);
                object.field("name", &call.name).field(arguments, "");
            }
            _ => {
                object.field("type", "message").field("status", "in_progress").field("role", "assistant");
                object.with("content", |out| out.extend_from_slice(b"[]"));
            }
        }
    })
}

/// A content part, or a piece of reasoning, as it is now.
fn write_content_part(part: &Part, out: &mut Vec<u8>) {
    match &part.kind {
        PartKind::Reasoning(reasoning) => item::write_summary(&reasoning.text, out),
        kind => {
            let extra = crate::dialect::shared::nested::split(
                &part.extra,
                crate::dialect::shared::foreign::RESPONSES_ITEM,
            )
            .0;
            super::part::write_message_part(kind, &extra, None, out);
        }
    }
}
