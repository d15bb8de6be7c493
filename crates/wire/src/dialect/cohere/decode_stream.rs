//! Decoding of streamed Cohere chat answers.
//!
//! Contents and tool calls are numbered apart from each other, so a part is found by both its kind and its number.

use super::carried::NAME;
use super::{
    decode_response, error,
    message::{plan_mark, read_part},
    usage,
};
use crate::dialect::StreamDecoder;
use crate::dialect::openai_chat::take_arguments;
use crate::dialect::shared::template::{TextTemplate, text_range};
use crate::dialect::shared::{finish, foreign, lenient};
use crate::framing::{Frame, SseReader, StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{Part, Start, StreamEvent, replay};
use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString, vec::Vec};

/// Contents and calls that may be open at once. The API opens one at a time.
const OPEN_PARTS: usize = 1024;

/// Where the name of a call stands.
const CALL_NAME: &str = "delta.message.tool_calls.function.name";

/// Reads one streamed answer.
#[derive(Debug)]
pub(super) struct Decoder {
    reader: SseReader,
    state: State,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { reader: SseReader::new(limits), state: State::default() }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.state.done {
            return Ok(());
        }
        let Self { reader, state } = self;
        reader.push(bytes, &mut |frame| state.frame(frame, events))
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { reader, state } = self;
        reader.finish(&mut |frame| state.frame(frame, events))?;
        if state.done { Ok(()) } else { Err(StreamError::Interrupted) }
    }

    fn is_done(&self) -> bool {
        self.state.done
    }
}

#[derive(Debug, Default)]
struct State {
    started: bool,
    done: bool,
    has_calls: bool,
    /// What has begun and not ended.
    open: Vec<OpenPart>,
    /// The place of the plan, once there is one.
    plan: Option<u32>,
    /// The place of the next part.
    next_part: u32,
    template: TextTemplate,
    /// The place of the part that the template's frames belong to.
    template_part: u32,
}

#[derive(Debug)]
struct OpenPart {
    kind: Kind,
    /// What the provider calls it by.
    index: u64,
    part: u32,
    /// The provider's id of a call.
    id: Option<String>,
    /// What a call began with.
    arguments: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Call,
}

impl State {
    fn frame(&mut self, frame: Frame<'_>, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        // What some proxies append after the end says nothing.
        if self.done {
            return Ok(());
        }
        match frame {
            Frame::Event { event, data, .. } => {
                if let Some(text) = self.template.matches(data)
                    && !text.is_empty()
                {
                    let (choice, part, text) = (0, self.template_part, text.into());
                    events.push(StreamEvent::TextDelta { choice, part, text });
                    return Ok(());
                }
                self.template.forget();
                self.event(event, data, events)
            }
            Frame::StrayJson(body) => {
                self.done = true;
                let response = decode_response::decode(body.as_bytes())?;
                events.extend(replay(&response, |text| alloc::vec![text]));
                Ok(())
            }
        }
    }

    fn event(&mut self, name: &str, data: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let trimmed = data.trim();
        if trimmed.is_empty() || trimmed == "[DONE]" || name == "ping" {
            return Ok(());
        }
        let malformed = |error: crate::json::JsonError| StreamError::Malformed(error.to_string());
        let mut fields = Fields::parse(data.as_bytes()).map_err(malformed)?;
        let own = fields.take_string("type");
        match own.as_deref().unwrap_or(name) {
            "message-start" => self.start(fields, events),
            "content-start" | "content-delta" => self.content(fields, data, events)?,
            "tool-plan-delta" => self.add_plan(fields, events),
            "tool-call-start" | "tool-call-delta" => self.call(fields, events)?,
            "content-end" => self.end(&fields, false, events),
            "tool-call-end" => self.end(&fields, true, events),
            "citation-start" => cite(fields, events),
            "message-end" => return self.message_end(fields, events),
            "citation-end" | "debug" => {}
            _ => {
                let is_error = name == "error"
                    || ["message", "error"].iter().any(|name| fields.get(name).is_some_and(is_text))
                    || crate::error::decode_in_stream(data).is_some();
                if is_error {
                    self.done = true;
                    return Err(error::provider_error(data.as_bytes()));
                }
                let event = Some(name).filter(|name| *name != "message").map(String::from);
                if let Ok(data) = Json::parse(data) {
                    events.push(StreamEvent::Unknown { event, data });
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, mut fields: Fields<'_>, events: &mut Vec<StreamEvent>) {
        if core::mem::replace(&mut self.started, true) {
            return;
        }
        let id = lenient::take(&mut fields, "id").unwrap_or_default();
        let model = lenient::take(&mut fields, "model").unwrap_or_default();
        let message = take_message(&mut fields);
        events.push(StreamEvent::Start(Box::new(Start { id, model, created: None, extra: fields.rest() })));
        let Some(mut message) = message else { return };
        // What it will have is empty here.
        for name in ["role", "content", "tool_plan", "tool_calls", "citations"] {
            message.take(name);
        }
        keep(&message, events);
    }

    /// The place of a part, which begins where it is not open.
    fn place(&mut self, kind: Kind, index: u64) -> Result<u32, StreamError> {
        let known = self.open.iter().rfind(|open| open.kind == kind && open.index == index);
        if let Some(open) = known {
            return Ok(open.part);
        }
        if self.open.len() >= OPEN_PARTS {
            return Err(StreamError::Malformed("too many parts are open at once".to_owned()));
        }
        let part = self.begin();
        self.open.push(OpenPart { kind, index, part, id: None, arguments: None });
        Ok(part)
    }

    fn begin(&mut self) -> u32 {
        let part = self.next_part;
        self.next_part += 1;
        part
    }

    fn content(
        &mut self,
        mut fields: Fields<'_>,
        data: &str,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let index = lenient::take_count(&mut fields, "index").unwrap_or_default();
        let logprobs = fields.take("logprobs").map(decode_response::decode_logprobs);
        let whole = take_content(&mut fields);
        let Some(whole) = whole else { return Ok(()) };
        let whole = lenient::one(whole);
        let Some(mut content) = whole.object() else {
            let text = lenient::any(whole);
            if !text.is_empty() {
                let part = self.place(Kind::Text, index)?;
                events.push(StreamEvent::TextDelta { choice: 0, part, text: text.into() });
            }
            return Ok(());
        };
        if !matches!(content.take_string("type").as_deref(), None | Some("text" | "thinking")) {
            let mut part = read_part(whole).unwrap_or_else(|_| Part::provider_item(NAME, whole.to_json()));
            foreign::claim(core::slice::from_mut(&mut part), NAME);
            let index = self.begin();
            events.push(StreamEvent::Part { choice: 0, index, part: Box::new(part) });
            return Ok(());
        }
        let (text, thinking) = (content.take("text"), lenient::take(&mut content, "thinking"));
        let mut only_text = None;
        if let Some((value, text)) = text.map(|value| (value, lenient::any(value)))
            && !text.is_empty()
        {
            let part = self.place(Kind::Text, index)?;
            events.push(StreamEvent::TextDelta { choice: 0, part, text: text.into() });
            only_text = text_range(data, value).map(|range| (part, range));
        }
        if let Some(text) = thinking.filter(|text| !text.is_empty()) {
            let part = self.place(Kind::Thinking, index)?;
            events.push(StreamEvent::ReasoningDelta { choice: 0, part, text: text.into() });
            only_text = None;
        }
        let rest: Extra = content
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.to_owned(), value.to_json()))
            .collect();
        // Siblings of a text, for instance its own citations.
        if !rest.is_empty() {
            let kind = if self.open.iter().any(|open| open.kind == Kind::Thinking && open.index == index) {
                Kind::Thinking
            } else {
                Kind::Text
            };
            let part = self.place(kind, index)?;
            events.push(StreamEvent::PartExtra { choice: 0, part, extra: Box::new(rest) });
            only_text = None;
        }
        if let Some(logprobs) = logprobs {
            events.push(StreamEvent::Logprobs { choice: 0, logprobs });
        } else if let Some((part, range)) = only_text {
            self.template.learn(data, range, None);
            self.template_part = part;
        }
        Ok(())
    }

    fn add_plan(&mut self, mut fields: Fields<'_>, events: &mut Vec<StreamEvent>) {
        let text = take_message(&mut fields).and_then(|mut message| lenient::take(&mut message, "tool_plan"));
        let Some(text) = text.filter(|text| !text.is_empty()) else { return };
        let known = self.plan;
        let part = known.unwrap_or_else(|| self.begin());
        self.plan = Some(part);
        events.push(StreamEvent::ReasoningDelta { choice: 0, part, text: text.into() });
        if known.is_none() {
            events.push(StreamEvent::PartExtra { choice: 0, part, extra: Box::new(plan_mark()) });
        }
    }

    /// Reads the start of a call or more of it. The API writes one call as an object, where others have a list.
    fn call(&mut self, mut fields: Fields<'_>, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let index = lenient::take_count(&mut fields, "index");
        let calls = take_message(&mut fields).and_then(|mut message| message.take("tool_calls"));
        let Some(written) = calls else { return Ok(()) };
        let first = written.array().map_or(Some(written), |calls| calls.first().copied());
        let inner = first.and_then(lenient::object_in_string);
        let call = inner.as_ref().map(Json::value).or(first).and_then(lenient::object);
        let Some(mut call) = call else {
            return Err(lenient::unreadable("delta.message.tool_calls", "a call"));
        };
        let mut function = call.take("function").and_then(lenient::object).unwrap_or_default();
        let name = lenient::take(&mut function, "name").unwrap_or_default();
        let id = lenient::take(&mut call, "id").unwrap_or_default();
        let arguments = take_arguments(&mut function, false).unwrap_or_default();
        let is_open =
            |index: u64| self.open.iter().any(|open| open.kind == Kind::Call && open.index == index);
        let last = self.open.iter().rfind(|open| open.kind == Kind::Call).map(|open| open.index);
        // What says neither which call it is of nor what it calls belongs to the open one.
        let index = match index {
            Some(index) if is_open(index) || !name.is_empty() => index,
            Some(index) => last.unwrap_or(index),
            None => last.filter(|_| name.is_empty()).unwrap_or_default(),
        };
        // Another call where a server writes one index for all.
        if !name.is_empty() && !id.is_empty() {
            self.end_where(
                |open| open.index == index && open.id.as_ref().is_some_and(|open| *open != id),
                events,
            );
        }
        let is_new = !self.open.iter().any(|open| open.kind == Kind::Call && open.index == index);
        if is_new && name.is_empty() {
            // A call without a name is none.
            let is_nothing = arguments.is_empty();
            return if is_nothing { Ok(()) } else { Err(lenient::unreadable(CALL_NAME, "a string")) };
        }
        let part = self.place(Kind::Call, index)?;
        if is_new {
            self.has_calls = true;
            if let Some(open) = self.open.last_mut() {
                open.id = Some(id.clone()).filter(|id| !id.is_empty());
            }
            events.push(StreamEvent::ToolCallStart { choice: 0, part, id, name, custom: false });
        }
        if let Some(open) = self.open.iter_mut().rfind(|open| open.part == part)
            && !arguments.is_empty()
        {
            // Arguments at the beginning count where none follow.
            if is_new {
                open.arguments = Some(arguments);
            } else {
                open.arguments = None;
                events.push(StreamEvent::ToolCallDelta { choice: 0, part, arguments: arguments.into() });
            }
        }
        call.take_string("type");
        let mut extra = call.rest();
        crate::dialect::shared::nested::keep(&mut extra, "function", function);
        if !extra.is_empty() {
            events.push(StreamEvent::PartExtra { choice: 0, part, extra: Box::new(extra) });
        }
        Ok(())
    }

    /// A content or a call ends.
    fn end(&mut self, fields: &Fields<'_>, is_call: bool, events: &mut Vec<StreamEvent>) {
        let index = fields.get("index").and_then(lenient::count);
        self.end_where(
            |open| (open.kind == Kind::Call) == is_call && index.is_none_or(|index| open.index == index),
            events,
        );
    }

    fn end_where(&mut self, ends: impl Fn(&OpenPart) -> bool, events: &mut Vec<StreamEvent>) {
        self.open.retain_mut(|open| {
            let stays = !ends(open);
            if !stays && open.kind == Kind::Call {
                if let Some(arguments) = open.arguments.take() {
                    let (choice, part, arguments) = (0, open.part, arguments.into());
                    events.push(StreamEvent::ToolCallDelta { choice, part, arguments });
                }
                events.push(StreamEvent::ToolCallEnd { choice: 0, part: open.part });
            }
            stays
        });
    }

    fn message_end(
        &mut self,
        mut fields: Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        self.done = true;
        let mut delta = fields.take("delta").and_then(lenient::object).unwrap_or_default();
        if let Some(used) = delta.get("usage").and_then(usage::decode) {
            delta.take("usage");
            events.push(StreamEvent::UsageUpdate(Box::new(used)));
        }
        let word = lenient::take(&mut delta, "finish_reason");
        if let Some(error) = delta.take("error").filter(|error| !matches!(error.text(), "\"\"" | "{}")) {
            // The text stands inside `delta`, where no reader of errors looks.
            let body = Json::object(&Extra::new(), |object| _ = object.field("error", error));
            return Err(error::provider_error(body.text().as_bytes()));
        }
        finish::check(word.as_deref().unwrap_or_default())?;
        let reason =
            word.map(|word| finish::with_calls(decode_response::decode_finish(&word), self.has_calls));
        self.end_where(|_| true, events);
        fields.take("id");
        if let Some(logprobs) = delta.take("logprobs").map(decode_response::decode_logprobs) {
            events.push(StreamEvent::Logprobs { choice: 0, logprobs });
        }
        keep(&delta, events);
        if let Some(reason) = reason {
            events.push(StreamEvent::Finish { choice: 0, reason, stop_sequence: None });
        }
        let rest = fields.rest();
        if !rest.is_empty() {
            events.push(StreamEvent::ResponseExtra(Box::new(rest)));
        }
        Ok(())
    }
}

fn is_text(value: Value<'_>) -> bool {
    value.text().starts_with('"')
}

/// The content of a delta, which may be its text alone.
fn take_content<'a>(fields: &mut Fields<'a>) -> Option<Value<'a>> {
    let delta = fields.take("delta")?;
    let Some(mut delta) = lenient::object(delta) else { return Some(delta) };
    let message = delta.take("message")?;
    let Some(mut message) = lenient::object(message) else { return Some(message) };
    message.take("content")
}

fn take_message<'a>(fields: &mut Fields<'a>) -> Option<Fields<'a>> {
    fields.take("delta").and_then(lenient::object)?.take("message").and_then(lenient::object)
}

/// A citation, or a list of them, for the message.
fn cite(mut fields: Fields<'_>, events: &mut Vec<StreamEvent>) {
    let citations = take_message(&mut fields).and_then(|mut message| message.take("citations"));
    let Some(citations) = citations else { return };
    let list = match citations.array() {
        Some(_) => citations.to_json(),
        None => {
            let mut out = Vec::new();
            crate::json::write_array(&mut out, [citations], |out, citation| {
                crate::json::WriteJson::write_json(&citation, out);
            });
            Json::from_writer(out)
        }
    };
    let extra: Extra = [("citations".to_owned(), list)].into_iter().collect();
    events.push(StreamEvent::MessageExtra { choice: 0, extra: Box::new(extra) });
}

/// Fields of the message without a name of their own.
fn keep(fields: &Fields<'_>, events: &mut Vec<StreamEvent>) {
    let extra: Extra = fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value.to_json()))
        .collect();
    if !extra.is_empty() {
        events.push(StreamEvent::MessageExtra { choice: 0, extra: Box::new(extra) });
    }
}
