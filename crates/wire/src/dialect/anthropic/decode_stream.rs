//! Decoding of streamed Messages answers.

use super::{block::decode_block, decode_response, usage::RawUsage};
use crate::dialect::StreamDecoder;
use crate::dialect::anthropic::decode_response::Head;
use crate::dialect::shared::said_text;
use crate::dialect::shared::template::{TextTemplate, text_range};
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
    usage: RawUsage,
    /// The blocks that have begun and not ended.
    open: Vec<Block>,
    /// The place of the next block.
    next_part: u32,
    template: TextTemplate,
    /// The place of the block that the template's frames belong to.
    template_part: u32,
}

/// A block that has begun.
#[derive(Debug)]
struct Block {
    /// What the provider calls it by.
    index: u64,
    part: u32,
    kind: BlockKind,
}

#[derive(Debug)]
enum BlockKind {
    /// Its parts come as deltas. `begun` once anything was said about it.
    Text {
        begun: bool,
    },
    /// As for text.
    Thinking {
        begun: bool,
    },
    ToolCall,
    /// Told when it is complete.
    Whole(Gathered),
}

impl State {
    fn new(limits: StreamLimits) -> Self {
        Self {
            limits,
            started: false,
            done: false,
            usage: RawUsage::default(),
            open: Vec::new(),
            next_part: 0,
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

    /// A body that is no stream: an error, or the whole answer of a server that does not stream.
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
            "message_start" => self.message_start(&mut fields, events),
            "content_block_start" => return self.block_start(event, data, &mut fields, events),
            "content_block_delta" => return self.block_delta(event, data, &mut fields, events),
            "content_block_stop" => self.block_stop(&mut fields, events),
            "message_delta" => self.message_delta(fields, events),
            "message_stop" => {
                self.close_all(events);
                self.done = true;
            }
            _ => unknown(event, data, events),
        }
        Ok(())
    }

    /// Only the first one counts: some proxies repeat it, or splice another one in.
    fn message_start(&mut self, fields: &mut Fields<'_>, events: &mut Vec<StreamEvent>) {
        if core::mem::replace(&mut self.started, true) {
            return;
        }
        let Some(mut message) = fields.take_object("message") else { return };
        if message
            .get("content")
            .is_some_and(|content| content.array().is_some_and(|blocks| blocks.is_empty()))
        {
            message.take("content");
        }
        let Head { id, model, usage, told_at_the_end, extra, .. } = decode_response::take_head(message);
        events.push(StreamEvent::Start(Box::new(Start { id, model, created: None, extra })));
        if !told_at_the_end.is_empty() {
            events.push(StreamEvent::MessageExtra { choice: 0, extra: Box::new(told_at_the_end) });
        }
        if let Some(usage) = usage {
            self.usage = usage;
            events.push(StreamEvent::UsageUpdate(Box::new(self.usage.total())));
        }
    }

    fn block_start(
        &mut self,
        event: &str,
        data: &str,
        fields: &mut Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        self.template.forget();
        let (Some(index), Some(written)) = (fields.take_u64("index"), fields.take("content_block")) else {
            unknown(event, data, events);
            return Ok(());
        };
        // A provider that forgot to end it, or an index that is used again.
        self.close(index, events);
        let part = self.next_part;
        let (choice, block) = (0, decode_block(written));
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
                events.push(StreamEvent::ToolCallStart {
                    choice,
                    part,
                    id: call.id,
                    name: call.name,
                    custom: false,
                });
                if call.arguments != "{}" {
                    events.push(StreamEvent::ToolCallDelta {
                        choice,
                        part,
                        arguments: call.arguments.into(),
                    });
                }
                (BlockKind::ToolCall, block.extra)
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
        let (Some(index), Some(mut delta)) = (fields.take_u64("index"), fields.take_object("delta")) else {
            unknown(event, data, events);
            return Ok(());
        };
        let delta_type = delta.take_string("type").unwrap_or_default();
        let position = match self.open.iter().rposition(|block| block.index == index) {
            Some(position) => position,
            // A server that does not announce its blocks.
            None => match delta_type.as_str() {
                "text_delta" => self.open(index, BlockKind::Text { begun: false })?,
                "thinking_delta" | "signature_delta" => {
                    self.open(index, BlockKind::Thinking { begun: false })?
                }
                _ => {
                    unknown(event, data, events);
                    return Ok(());
                }
            },
        };
        let Some(block) = self.open.get_mut(position) else { return Ok(()) };
        let (choice, part) = (0, block.part);
        match (&mut block.kind, delta_type.as_str()) {
            (BlockKind::Whole(gathered), _) => return gathered.add(delta, &delta_type, self.limits),
            (BlockKind::Text { begun }, "text_delta") => {
                let written = delta.take("text");
                if let Some(text) = written.map(said_text::any) {
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
                if let Some(text) = said_text::take(&mut delta, "thinking") {
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
            (BlockKind::ToolCall, "input_json_delta") => {
                if let Some(arguments) = said_text::take(&mut delta, "partial_json") {
                    // The first one is mostly empty.
                    if !arguments.is_empty() {
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

    fn block_stop(&mut self, fields: &mut Fields<'_>, events: &mut Vec<StreamEvent>) {
        self.template.forget();
        if let Some(index) = fields.take_u64("index") {
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

    fn message_delta(&mut self, mut fields: Fields<'_>, events: &mut Vec<StreamEvent>) {
        let mut delta = fields.take_object("delta");
        let reason = delta.as_mut().and_then(|delta| delta.take_string("stop_reason"));
        let stop_sequence = delta.as_mut().and_then(|delta| delta.take_string("stop_sequence"));
        let usage = fields.take_object("usage");
        fields.take("type");
        if reason.is_some() {
            self.close_all(events);
        }
        let extra: Extra = delta
            .iter()
            .flat_map(Fields::iter)
            .chain(fields.iter())
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.to_owned(), value.to_json()))
            .collect();
        if !extra.is_empty() {
            events.push(StreamEvent::MessageExtra { choice: 0, extra: Box::new(extra) });
        }
        if let Some(usage) = usage.filter(RawUsage::has_figures) {
            self.usage.update(usage);
            events.push(StreamEvent::UsageUpdate(Box::new(self.usage.total())));
        }
        if let Some(word) = reason {
            events.push(StreamEvent::Finish {
                choice: 0,
                reason: decode_response::decode_finish(&word),
                stop_sequence,
            });
        }
    }
}

impl Block {
    fn end(self, events: &mut Vec<StreamEvent>) {
        let (choice, part) = (0, self.part);
        match self.kind {
            // An empty block is a part too.
            BlockKind::Text { begun: false } => {
                events.push(StreamEvent::TextDelta { choice, part, text: CompactString::default() });
            }
            BlockKind::Thinking { begun: false } => {
                events.push(StreamEvent::ReasoningDelta { choice, part, text: CompactString::default() });
            }
            BlockKind::Text { begun: true } | BlockKind::Thinking { begun: true } => {}
            BlockKind::ToolCall => events.push(StreamEvent::ToolCallEnd { choice, part }),
            BlockKind::Whole(gathered) => {
                let whole = gathered.whole();
                let whole = Box::new(decode_block(whole.value()));
                events.push(StreamEvent::Part { choice, index: part, part: whole });
            }
        }
    }
}

/// A block that is told when it is complete, and what its deltas added so far.
#[derive(Debug)]
struct Gathered {
    start: Json,
    input: String,
    fields: Extra,
}

impl Gathered {
    fn new(start: Json) -> Self {
        Self { start, input: String::new(), fields: Extra::new() }
    }

    /// Input comes in pieces of its JSON text; whatever else a delta has is the field's value.
    fn add(
        &mut self,
        mut delta: Fields<'_>,
        delta_type: &str,
        limits: StreamLimits,
    ) -> Result<(), StreamError> {
        if delta_type == "input_json_delta"
            && let Some(piece) = delta.take_string("partial_json")
        {
            if self.input.len().saturating_add(piece.len()) > limits.event_bytes {
                return Err(StreamError::TooLarge(limits.event_bytes));
            }
            self.input.push_str(&piece);
        }
        for (name, value) in delta.iter() {
            if self.fields.get(name).is_none() && self.fields.iter().count() >= OPEN_BLOCKS {
                return Err(StreamError::Malformed("a block with too many fields".to_owned()));
            }
            self.fields.insert(name, value.to_json());
        }
        Ok(())
    }

    fn whole(self) -> Json {
        if self.input.trim().is_empty() && self.fields.is_empty() {
            return self.start;
        }
        let mut whole = self.start.value().object().map(Fields::rest).unwrap_or_default();
        if !self.input.trim().is_empty() {
            let input = Json::parse(&self.input).unwrap_or_else(|_| Json::string(&self.input));
            whole.insert("input", input);
        }
        for (name, value) in self.fields.iter() {
            whole.insert(name, value.clone());
        }
        Json::object(&whole, |_| {})
    }
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
