//! Decoding of streamed Responses answers.

use super::{
    decode_response,
    delta_template::DeltaTemplate,
    emitted::Extent,
    item,
    open_items::{ContentPlace, ItemKey, OpenItems, TextPlace},
};
use crate::dialect::StreamDecoder;
use crate::dialect::openai_chat::error;
use crate::dialect::openai_responses::decode_response::{End, Head};
use crate::dialect::shared::lenient;
use crate::framing::{Frame, SseReader, StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{Start, StreamEvent, Usage, replay};
use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString, vec::Vec};

/// Reads the body of one streamed answer.
#[derive(Debug)]
pub(super) struct Decoder {
    frames: SseReader,
    state: State,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { frames: SseReader::new(limits), state: State::default() }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.state.done {
            return Ok(());
        }
        let Self { frames, state } = self;
        frames.push(bytes, &mut |frame| state.read(frame, events))
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { frames, state } = self;
        frames.finish(&mut |frame| state.read(frame, events))?;
        if state.done { Ok(()) } else { Err(StreamError::Interrupted) }
    }

    fn is_done(&self) -> bool {
        self.state.done
    }
}

#[derive(Debug, Default)]
struct State {
    items: OpenItems,
    template: DeltaTemplate,
    /// Where the text of the template's frames goes.
    template_place: Option<TextPlace>,
    started: bool,
    done: bool,
    /// The unknown fields of the answer so far, as they were last.
    extra: Extra,
    usage: Option<Usage>,
}

impl State {
    fn read(&mut self, frame: Frame<'_>, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        // An error may come twice, as an event and as the answer's end; and some servers write `[DONE]`.
        if self.done {
            return Ok(());
        }
        let (event, data) = match frame {
            Frame::Event { event, data, .. } => (event, data),
            Frame::StrayJson(body) => return self.read_whole(body, events),
        };
        if let Some(place) = self.template_place
            && let Some(text) = self.template.matches(data)
            && !text.is_empty()
        {
            self.items.more_text(place, text, events);
            return Ok(());
        }
        // What a frame changed may change what the next means.
        self.template.forget();
        self.template_place = None;
        if matches!(data.trim(), "" | "[DONE]") {
            return Ok(());
        }
        self.read_event(event, data, events).inspect_err(|_| self.done = true)
    }

    /// JSON where a stream was expected: an error, or the whole answer of a server that does not stream.
    fn read_whole(&mut self, body: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        self.done = true;
        let response = decode_response::decode(body.as_bytes())?;
        if self.started {
            return Err(StreamError::Malformed("a whole answer inside a stream".to_owned()));
        }
        events.extend(replay(&response, |text| alloc::vec![text]));
        Ok(())
    }

    fn read_event(
        &mut self,
        event: &str,
        data: &str,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let value =
            Value::parse(data.as_bytes()).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let Some(mut fields) = value.object() else {
            return Err(error::in_list(value)
                .unwrap_or_else(|| StreamError::Malformed("an event that is not a JSON object".into())));
        };
        let written = fields.take_string("type");
        let event_type = written.as_deref().unwrap_or(event);
        if event_type == "error" || event == "error" || error::is_in(&fields) {
            return Err(error::provider_error(data));
        }
        match event_type {
            "response.created" | "response.queued" | "response.in_progress" => {
                if let Some(response) = fields.take("response").and_then(lenient::object) {
                    self.head(response, events)?;
                }
                return Ok(());
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                return self.end(event_type, data, fields, events);
            }
            "ping" | "keepalive" => return Ok(()),
            _ => {}
        }
        if !self.started {
            self.start(Start::default(), events);
        }
        if self.read_item(event_type, data, fields, events)?.is_none() {
            events.push(StreamEvent::Unknown { event: Some(event_type.to_owned()), data: value.to_json() });
        }
        Ok(())
    }

    fn start(&mut self, start: Start, events: &mut Vec<StreamEvent>) {
        self.started = true;
        events.push(StreamEvent::Start(Box::new(start)));
    }

    /// Fields of an answer beside its output: emitted once at the start, later only where they are new.
    fn head(&mut self, response: Fields<'_>, events: &mut Vec<StreamEvent>) -> Result<End, StreamError> {
        let Head { start, usage, end } = decode_response::take_head(response)?;
        let mut news = Extra::new();
        for (name, value) in start.extra.iter() {
            if self.extra.get(name).is_none_or(|known| known != value) {
                self.extra.insert(name, value.clone());
                news.insert(name, value.clone());
            }
        }
        if !self.started {
            self.start(start, events);
        } else if !news.is_empty() {
            events.push(StreamEvent::ResponseExtra(Box::new(news)));
        }
        if let Some(usage) = usage
            && self.usage.as_ref() != Some(&usage)
        {
            events.push(StreamEvent::UsageUpdate(Box::new(usage.clone())));
            self.usage = Some(usage);
        }
        Ok(end)
    }

    fn end(
        &mut self,
        event_type: &str,
        data: &str,
        mut fields: Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let mut response = fields.take("response").and_then(lenient::object).unwrap_or_default();
        let failed = event_type == "response.failed"
            || error::is_in(&response)
            || decode_response::says(&response, "status", "failed");
        let output = lenient::take_items(&mut response, "output").unwrap_or_default();
        decode_response::check_items(&output)?;
        let end = self.head(response, events)?;
        if failed {
            return Err(decode_response::failure(data));
        }
        // The whole once more: it has the last word on what was not said yet.
        let output = output.into_iter().map(|written| (item_ids(written), item::decode(written)));
        self.items.end_all(output.collect(), events)?;
        self.done = true;
        let end = match (event_type, end) {
            ("response.incomplete", End::Completed | End::Running) => End::Incomplete(None),
            (_, End::Running) => End::Completed,
            (_, end) => end,
        };
        if let Some(reason) = end.reason(self.items.has_calls()) {
            events.push(StreamEvent::Finish { choice: 0, reason, stop_sequence: None });
        }
        Ok(())
    }

    /// Reads what belongs to one item; `None` where it has no meaning here.
    fn read_item(
        &mut self,
        event_type: &str,
        data: &str,
        mut fields: Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<()>, StreamError> {
        let index = lenient::take_count(&mut fields, "output_index");
        // What has an index needs no id, which some servers change with every event.
        let id = if index.is_none() { lenient::take(&mut fields, "item_id") } else { None };
        let item = ItemKey { index, id: id.as_deref().unwrap_or_default() };
        let content = |fields: &mut Fields<'_>, is_refusal| ContentPlace {
            item,
            content_index: lenient::take_count(fields, "content_index").unwrap_or_default(),
            is_refusal,
        };
        macro_rules! text {
            ($name:literal) => {
                match lenient::take(&mut fields, $name) {
                    Some(text) => text,
                    None => return Ok(None),
                }
            };
        }
        match event_type {
            "response.output_text.delta" => {
                let Some(written) = fields.get("delta").filter(|delta| !delta.is_null()) else {
                    return Ok(None);
                };
                let place = content(&mut fields, false);
                let text = lenient::any(written);
                let Some(place) = self.items.text(place, &text, Extent::More, events)? else {
                    return Ok(None);
                };
                let logprobs = fields.take_array("logprobs").unwrap_or_default();
                if logprobs.is_empty() {
                    let (number, padding) = (fields.get("sequence_number"), fields.get("obfuscation"));
                    self.template.learn(data, number, written, padding);
                    self.template_place = Some(place);
                } else {
                    self.items.logprobs(place, logprobs, events);
                }
            }
            "response.output_text.done" => {
                let place = content(&mut fields, false);
                _ = self.items.text(place, &text!("text"), Extent::Whole, events)?;
            }
            "response.refusal.delta" => {
                let place = content(&mut fields, true);
                _ = self.items.text(place, &text!("delta"), Extent::More, events)?;
            }
            "response.refusal.done" => {
                let place = content(&mut fields, true);
                _ = self.items.text(place, &text!("refusal"), Extent::Whole, events)?;
            }
            "response.content_part.added" | "response.content_part.done" => {
                return self.content_part(item, &mut fields, events);
            }
            "response.output_text.annotation.added" => {
                let place = content(&mut fields, false);
                let Some(annotation) = fields.take_json("annotation") else { return Ok(None) };
                self.items.annotation(place, annotation, events)?;
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.items.arguments(item, &text!("delta"), Extent::More, events);
            }
            "response.function_call_arguments.done" => {
                self.items.arguments(item, &text!("arguments"), Extent::Whole, events);
            }
            "response.custom_tool_call_input.done" => {
                self.items.arguments(item, &text!("input"), Extent::Whole, events);
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_summary_text.done" => {
                let piece = (true, lenient::take_count(&mut fields, "summary_index").unwrap_or_default());
                let (text, extent) = if event_type.ends_with("delta") {
                    (text!("delta"), Extent::More)
                } else {
                    (text!("text"), Extent::Whole)
                };
                self.items.reasoning(item, piece, &text, extent, events)?;
            }
            "response.reasoning_text.delta" | "response.reasoning_text.done" => {
                let piece = (false, lenient::take_count(&mut fields, "content_index").unwrap_or_default());
                let (text, extent) = if event_type.ends_with("delta") {
                    (text!("delta"), Extent::More)
                } else {
                    (text!("text"), Extent::Whole)
                };
                self.items.reasoning(item, piece, &text, extent, events)?;
            }
            "response.reasoning_summary_part.added" | "response.reasoning_summary_part.done" => {
                let piece = (true, lenient::take_count(&mut fields, "summary_index").unwrap_or_default());
                let text = fields.take("part").and_then(lenient::known).unwrap_or_default();
                self.items.reasoning(item, piece, &text, Extent::Whole, events)?;
            }
            "response.output_item.added" => {
                let Some(item) = fields.take("item") else { return Ok(None) };
                self.item_added(index, item, events)?;
            }
            "response.output_item.done" => {
                let Some(written) = fields.take("item") else { return Ok(None) };
                let ids = item_ids(written);
                self.items.end(index, &ids, item::decode(written), events)?;
            }
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    fn item_added(
        &mut self,
        index: Option<u64>,
        value: Value<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let (item, ids) = (item::decode(value), item_ids(value));
        // A call may come whole; the beginning of any other item says nothing that its end does not.
        let written = |name: &str| {
            let arguments = lenient::object(value)?.get(name).filter(|arguments| !arguments.is_null())?;
            arguments.string().or_else(|| Some(arguments.strict_text().into_owned()))
        };
        let arguments = match &item {
            item::Item::Call { call, .. } => written(if call.custom { "input" } else { "arguments" }),
            _ => None,
        };
        let position = self.items.begin(index, &ids, item, events)?;
        if let Some(arguments) = arguments.filter(|arguments| !arguments.trim().is_empty()) {
            self.items.begin_arguments(position, arguments);
        }
        Ok(())
    }

    /// The beginning or the end of a content part; what is neither text nor refusal comes with its item.
    fn content_part(
        &mut self,
        item: ItemKey<'_>,
        fields: &mut Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<()>, StreamError> {
        let content_index = lenient::take_count(fields, "content_index").unwrap_or_default();
        let Some(written) = fields.take("part") else { return Ok(None) };
        let written = lenient::one(written);
        let mut part = written.object().unwrap_or_default();
        let (name, is_refusal) = match part.take_string("type").as_deref() {
            Some("output_text" | "text") => ("text", false),
            Some("refusal") => ("refusal", true),
            Some("reasoning_text") => {
                let text = lenient::take(&mut part, "text").unwrap_or_default();
                let piece = (false, content_index);
                self.items.reasoning(item, piece, &text, Extent::Whole, events)?;
                return Ok(Some(()));
            }
            _ if !written.is_object() => ("text", false),
            _ => return Ok(Some(())),
        };
        let text = lenient::take(&mut part, name)
            .or_else(|| lenient::known(written).filter(|_| !written.is_object()))
            .unwrap_or_default();
        let place = ContentPlace { item, content_index, is_refusal };
        self.items.text(place, &text, Extent::Whole, events)?;
        Ok(Some(()))
    }
}

/// What an item may be called by in events without an index: its id, or that of its call, which llama.cpp has there.
fn item_ids(item: Value<'_>) -> Vec<String> {
    let names = ["id", "call_id"];
    let fields = lenient::object(item);
    let ids = names.iter().filter_map(|name| fields.as_ref()?.get(name)?.string());
    ids.filter(|id| !id.is_empty()).collect()
}

/// The data of an event that is passed on, its number replaced by the stream's own.
pub(super) fn renumbered(data: &Json, number: u64) -> Option<(String, Json)> {
    let mut fields = data.value().object()?.rest();
    let event_type = fields.get("type")?.value().string()?;
    fields.insert("sequence_number", Json::written(number));
    // A name with a line end in it would be several fields.
    let is_name = !event_type.contains(['\n', '\r']);
    is_name.then(|| (event_type, Json::object(&fields, |_| {})))
}
