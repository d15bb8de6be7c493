//! Decoding of streamed Messages answers.

use super::{
    block::decode_answer_block,
    decode_response,
    gathered::Gathered,
    open_block::{Block, BlockKind},
    usage::RawUsage,
};
use crate::dialect::StreamDecoder;
use crate::dialect::anthropic::decode_response::{FINAL_FIELDS, Head};
use crate::dialect::shared::template::{TextTemplate, text_range};
use crate::dialect::shared::{finish, lenient};
use crate::framing::{Frame, SseReader, StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{PartKind, Reasoning, Start, StreamEvent, replay};
use alloc::{borrow::ToOwned, boxed::Box, format, string::String, string::ToString, vec::Vec};
use compact_str::CompactString;

/// Blocks that may be open at once. The API opens one at a time.
const OPEN_BLOCKS: usize = 1024;

/// Reads one streamed answer.
#[derive(Debug)]
pub(super) struct Decoder {
    reader: SseReader,
    state: State,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { reader: SseReader::new(limits), state: State::new(limits) }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
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

#[derive(Debug)]
struct State {
    limits: StreamLimits,
    started: bool,
    done: bool,
    has_calls: bool,
    usage: RawUsage,
    /// The blocks that have begun and not ended.
    open: Vec<Block>,
    /// The place of the next block.
    next_part: u32,
    /// The blocks that the message began with, which count where no others follow.
    beginning: Vec<Json>,
    template: TextTemplate,
    /// The place of the block that the template's frames belong to.
    template_part: u32,
}

impl State {
    fn new(limits: StreamLimits) -> Self {
        Self {
            limits,
            started: false,
            done: false,
            has_calls: false,
            usage: RawUsage::default(),
            open: Vec::new(),
            next_part: 0,
            beginning: Vec::new(),
            template: TextTemplate::default(),
            template_part: 0,
        }
    }

    fn frame(&mut self, frame: Frame<'_>, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        // What some proxies append after the end says nothing.
        if self.done {
            return Ok(());
        }
        match frame {
            Frame::Event { event, data, .. } => {
                if let Some(text) = self.template.matches(data) {
                    events.push(StreamEvent::TextDelta {
                        choice: 0,
                        part: self.template_part,
                        text: text.into(),
                    });
                    return Ok(());
                }
                self.event(event, data, events)
            }
            Frame::StrayJson(body) => self.stray(body, events),
        }
    }

    /// A body that is not a stream: an error, or the whole answer of a server that does not stream.
    fn stray(&mut self, body: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let response = decode_response::decode(body.as_bytes())?;
        if self.started {
            return Err(StreamError::Malformed("a whole answer inside a stream".to_owned()));
        }
        self.started = true;
        self.done = true;
        events.extend(replay(&response, |text| alloc::vec![text]));
        Ok(())
    }

    fn event(&mut self, event: &str, data: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        // Keep-alives without data, and the end marker of other dialects, which some proxies add.
        if matches!(data.trim(), "" | "[DONE]") {
            return Ok(());
        }
        let mut fields = Fields::parse(data.as_bytes()).map_err(|error| {
            StreamError::Malformed(format!("in the event `{}`: {error}", shortened(event)))
        })?;
        if let Some(error) = decode_response::reported_error(event, &fields, data.as_bytes()) {
            return Err(StreamError::Provider(Box::new(error)));
        }
        let event_type = fields.get("type").and_then(Value::string);
        match event_type.as_deref().unwrap_or(event) {
            "ping" => {}
            "message_start" => return self.message_start(&mut fields, events),
            "content_block_start" => return self.block_start(event, data, &mut fields, events),
            "content_block_delta" => return self.block_delta(event, data, &mut fields, events),
            "content_block_stop" => self.block_stop(&mut fields, events),
            "message_delta" => return self.message_delta(fields, events),
            "message_stop" => {
                self.begin_whole(events)?;
                self.close_all(events);
                self.done = true;
            }
            _ => unknown(event, data, events),
        }
        Ok(())
    }

    /// Only the first one counts: some proxies repeat it, or splice another one in.
    fn message_start(
        &mut self,
        fields: &mut Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        if core::mem::replace(&mut self.started, true) {
            return Ok(());
        }
        let Some(mut message) = fields.take_object("message") else { return Ok(()) };
        if let Some(blocks) = message.get("content").and_then(Value::array) {
            self.beginning = blocks.into_iter().map(Value::to_json).collect();
            message.take("content");
        }
        let Head { id, model, usage, told_at_the_end, extra, .. } = decode_response::take_head(message)?;
        events.push(StreamEvent::Start(Box::new(Start { id, model, created: None, extra })));
        if !told_at_the_end.is_empty() {
            events.push(StreamEvent::ChoiceExtra { choice: 0, extra: Box::new(told_at_the_end) });
        }
        if let Some(usage) = usage {
            self.usage = usage;
            events.push(StreamEvent::UsageUpdate(Box::new(self.usage.total())));
        }
        Ok(())
    }

    /// Tells the blocks that the message began with, where it had no others.
    fn begin_whole(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let blocks = core::mem::take(&mut self.beginning);
        if self.next_part > 0 {
            return Ok(());
        }
        for block in blocks {
            let start = Json::object(&Extra::new(), |start| _ = start.field("content_block", block.value()));
            let Some(mut fields) = start.value().object() else { continue };
            self.block_start("content_block_start", start.text(), &mut fields, events)?;
            self.close_all(events);
        }
        Ok(())
    }

    fn block_start(
        &mut self,
        event: &str,
        data: &str,
        fields: &mut Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        self.template.forget();
        let Some(written) = fields.take("content_block") else {
            unknown(event, data, events);
            return Ok(());
        };
        let index = lenient::take_count(fields, "index").unwrap_or(u64::from(self.next_part));
        let block = decode_answer_block(written);
        // Announced twice, before anything came of it.
        if let PartKind::ToolCall(call) = &block.kind
            && self.open.iter().any(|open| open.index == index && open.is_unbegun_call(&call.id))
        {
            return Ok(());
        }
        // A provider that forgot to end it, or an index that is used again.
        self.close(index, events);
        let (choice, part) = (0, self.next_part);
        let (kind, extra) = match block.kind {
            PartKind::Text(text) => {
                let begun = !text.is_empty() || !block.extra.is_empty();
                if begun {
                    events.push(StreamEvent::TextDelta { choice, part, text: text.into() });
                }
                (BlockKind::Text { begun }, block.extra)
            }
            PartKind::Reasoning(Reasoning { text, signature }) => {
                let begun = !text.is_empty() || signature.is_some() || !block.extra.is_empty();
                if begun {
                    events.push(StreamEvent::ReasoningDelta { choice, part, text: text.into() });
                }
                if let Some(signature) = signature {
                    events.push(StreamEvent::ReasoningSignature { choice, part, signature });
                }
                (BlockKind::Thinking { begun }, block.extra)
            }
            PartKind::ToolCall(call) => {
                let (id, name) = (call.id.clone(), call.name);
                events.push(StreamEvent::ToolCallStart { choice, part, id, name, custom: false });
                self.has_calls = true;
                let input = Some(call.arguments).filter(|input| input != "{}");
                (BlockKind::ToolCall { id: call.id, input, begun: false }, block.extra)
            }
            PartKind::RedactedReasoning { .. } => {
                events.push(StreamEvent::Part { choice, index: part, part: Box::new(block) });
                self.next_part = part.saturating_add(1);
                return Ok(());
            }
            _ => (BlockKind::Whole(Gathered::new(written.to_json())), Extra::new()),
        };
        if !extra.is_empty() {
            events.push(StreamEvent::PartExtra { choice, part, extra: Box::new(extra) });
        }
        self.open(index, kind).map(|_| ())
    }

    fn open(&mut self, index: u64, kind: BlockKind) -> Result<usize, StreamError> {
        if self.open.len() >= OPEN_BLOCKS {
            return Err(StreamError::Malformed(format!("more than {OPEN_BLOCKS} blocks at once")));
        }
        self.open.push(Block { index, part: self.next_part, kind });
        self.next_part = self.next_part.saturating_add(1);
        Ok(self.open.len() - 1)
    }

    fn block_delta(
        &mut self,
        event: &str,
        data: &str,
        fields: &mut Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let Some(written) = fields.take("delta") else {
            unknown(event, data, events);
            return Ok(());
        };
        let last = self.open.last().map_or(u64::from(self.next_part), |block| block.index);
        let index = lenient::take_count(fields, "index").unwrap_or(last);
        let Some(mut delta) = lenient::object(written) else {
            let Some(position) = self.find(index, "text_delta", events)? else { return Ok(()) };
            if let Some(Block { kind: BlockKind::Text { begun }, part, .. }) = self.open.get_mut(position) {
                *begun = true;
                let text = lenient::any(written).into();
                events.push(StreamEvent::TextDelta { choice: 0, part: *part, text });
            }
            return Ok(());
        };
        let delta_type = delta.take_string("type").unwrap_or_else(|| type_of(&delta).to_owned());
        let says_nothing =
            delta.get("partial_json").map(lenient::any).is_none_or(|piece| matches!(piece.trim(), "" | "{}"));
        let is_call = |block: &Block| matches!(block.kind, BlockKind::ToolCall { .. });
        if delta_type == "input_json_delta"
            && says_nothing
            && !self.open.iter().any(|block| block.index == index || is_call(block))
        {
            unknown(event, data, events);
            return Ok(());
        }
        let Some(position) = self.find(index, &delta_type, events)? else {
            unknown(event, data, events);
            return Ok(());
        };
        let Some(block) = self.open.get_mut(position) else { return Ok(()) };
        let (choice, part) = (0, block.part);
        match (&mut block.kind, delta_type.as_str()) {
            (BlockKind::Whole(gathered), _) => return gathered.add(delta, &delta_type, self.limits),
            (BlockKind::Text { begun }, "text_delta") => {
                let written = delta.take("text");
                if let Some(text) = written.map(lenient::any) {
                    *begun = true;
                    events.push(StreamEvent::TextDelta { choice, part, text: text.into() });
                    if let Some(range) = written.and_then(|written| text_range(data, written)) {
                        self.template.learn(data, range, None);
                        self.template_part = part;
                    }
                    return Ok(());
                }
            }
            (BlockKind::Text { begun }, "citations_delta") => {
                if let Some(citation) = delta.take_json("citation") {
                    if !core::mem::replace(begun, true) {
                        events.push(StreamEvent::TextDelta { choice, part, text: CompactString::default() });
                    }
                    let mut extra = Extra::new();
                    extra.insert("citations", Json::written(alloc::vec![citation]));
                    events.push(StreamEvent::PartExtra { choice, part, extra: Box::new(extra) });
                    return Ok(());
                }
            }
            (BlockKind::Thinking { begun }, "thinking_delta") => {
                if let Some(text) = lenient::take(&mut delta, "thinking") {
                    *begun = true;
                    events.push(StreamEvent::ReasoningDelta { choice, part, text: text.into() });
                    return Ok(());
                }
            }
            (BlockKind::Thinking { begun }, "signature_delta") => {
                if let Some(signature) = delta.take_string("signature") {
                    if !signature.is_empty() {
                        *begun = true;
                        events.push(StreamEvent::ReasoningSignature { choice, part, signature });
                    }
                    return Ok(());
                }
            }
            (BlockKind::ToolCall { input, begun, .. }, "input_json_delta") => {
                if let Some(arguments) = lenient::take(&mut delta, "partial_json") {
                    // The first one is mostly empty.
                    if !arguments.is_empty() {
                        (*input, *begun) = (None, true);
                        events.push(StreamEvent::ToolCallDelta { choice, part, arguments: arguments.into() });
                    }
                    return Ok(());
                }
            }
            _ => {}
        }
        unknown(event, data, events);
        Ok(())
    }

    /// The block that a delta adds to: the one that has its index, or one that begins, where a server does not announce
    /// its blocks or calls them something else. `None` where the delta means nothing here.
    fn find(
        &mut self,
        index: u64,
        delta_type: &str,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<usize>, StreamError> {
        let new = match delta_type {
            "text_delta" => BlockKind::Text { begun: false },
            "thinking_delta" | "signature_delta" => BlockKind::Thinking { begun: false },
            "input_json_delta" => BlockKind::ToolCall { id: String::new(), input: None, begun: false },
            _ => return Ok(self.open.iter().rposition(|block| block.index == index)),
        };
        let known = self.open.iter().rposition(|block| block.index == index);
        if let Some(block) = known.and_then(|position| self.open.get_mut(position)) {
            match &block.kind {
                BlockKind::Whole(_) => return Ok(known),
                kind if core::mem::discriminant(kind) == core::mem::discriminant(&new) => return Ok(known),
                _ if delta_type == "signature_delta" => return Ok(None),
                BlockKind::Text { begun: false } | BlockKind::Thinking { begun: false }
                    if !matches!(new, BlockKind::ToolCall { .. }) =>
                {
                    block.kind = new;
                    return Ok(known);
                }
                _ => {}
            }
        }
        if matches!(new, BlockKind::ToolCall { .. }) {
            let call = self.open.iter().rposition(|block| matches!(block.kind, BlockKind::ToolCall { .. }));
            let unreadable =
                || lenient::unreadable("content_block_delta.delta.partial_json", "a call before it");
            return call.map(Some).ok_or_else(unreadable);
        }
        self.template.forget();
        self.close(index, events);
        self.open(index, new).map(Some)
    }

    fn block_stop(&mut self, fields: &mut Fields<'_>, events: &mut Vec<StreamEvent>) {
        self.template.forget();
        let last = self.open.last().map(|block| block.index);
        if let Some(index) = lenient::take_count(fields, "index").or(last) {
            self.close(index, events);
        }
    }

    fn close(&mut self, index: u64, events: &mut Vec<StreamEvent>) {
        if let Some(position) = self.open.iter().rposition(|block| block.index == index) {
            let block = self.open.remove(position);
            block.end(events);
        }
    }

    fn close_all(&mut self, events: &mut Vec<StreamEvent>) {
        self.template.forget();
        for block in self.open.drain(..) {
            block.end(events);
        }
    }

    fn message_delta(
        &mut self,
        mut fields: Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let mut delta = fields.take_object("delta");
        let reason = delta.as_mut().and_then(|delta| lenient::take(delta, "stop_reason"));
        finish::check(reason.as_deref().unwrap_or_default())?;
        let stop_sequence = delta.as_mut().and_then(|delta| delta.take_string("stop_sequence"));
        let usage = fields.get("usage").and_then(lenient::object);
        if usage.is_some() {
            fields.take("usage");
        }
        fields.take("type");
        if reason.is_some() {
            self.begin_whole(events)?;
            self.close_all(events);
        }
        let (mut choice, mut response) = (Extra::new(), Extra::new());
        let said = delta.iter().flat_map(Fields::iter).chain(fields.iter());
        for (name, value) in said.filter(|(_, value)| !value.is_null()) {
            let place = if FINAL_FIELDS.contains(&name) { &mut choice } else { &mut response };
            place.insert(name, value.to_json());
        }
        if !choice.is_empty() {
            events.push(StreamEvent::ChoiceExtra { choice: 0, extra: Box::new(choice) });
        }
        if !response.is_empty() {
            events.push(StreamEvent::ResponseExtra(Box::new(response)));
        }
        if let Some(usage) = usage.filter(RawUsage::has_figures) {
            self.usage.update(usage);
            events.push(StreamEvent::UsageUpdate(Box::new(self.usage.total())));
        }
        if let Some(word) = reason {
            let reason = finish::with_calls(decode_response::decode_finish(&word), self.has_calls);
            events.push(StreamEvent::Finish { choice: 0, reason, stop_sequence });
        }
        Ok(())
    }
}

/// The type of a delta that names none: what it has says it.
fn type_of(delta: &Fields<'_>) -> &'static str {
    let types =
        [("text", "text_delta"), ("thinking", "thinking_delta"), ("partial_json", "input_json_delta")];
    types.into_iter().find(|(name, _)| delta.get(name).is_some()).map_or("", |(_, delta_type)| delta_type)
}

fn unknown(event: &str, data: &str, events: &mut Vec<StreamEvent>) {
    if let Ok(data) = Json::parse(data) {
        events.push(StreamEvent::Unknown { event: Some(event.to_owned()), data });
    }
}

/// A name out of the network, fit for an error's text.
fn shortened(name: &str) -> String {
    name.chars().take(64).collect::<String>().escape_debug().to_string()
}
