//! Decoding of ConverseStream answers (`docs/wire/bedrock.md`, section 4).

use super::{
    block::{self, decode_block},
    decode_response,
    gathered::Gathered,
    usage,
};
use crate::dialect::StreamDecoder;
use crate::dialect::shared::template::{TextTemplate, text_range};
use crate::dialect::shared::{finish, lenient};
use crate::framing::{EventStreamFrame, EventStreamReader, StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, ObjectWriter, Value};
use crate::model::{Part, PartKind, Start, StreamEvent};
use alloc::{borrow::ToOwned, boxed::Box, format, string::String, string::ToString, vec::Vec};
use compact_str::CompactString;

/// Blocks that may be open at once. Bedrock opens one at a time.
const OPEN_BLOCKS: usize = 1024;
/// The number of a block.
const INDEX: &str = "contentBlockIndex";
/// Random letters that hide how long a payload is.
const PADDING: &str = "p";

/// Reads one streamed answer.
#[derive(Debug)]
pub(super) struct Decoder {
    reader: EventStreamReader,
    state: State,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { reader: EventStreamReader::new(limits), state: State { limits, ..State::default() } }
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
        if !state.stopped {
            return Err(StreamError::Interrupted);
        }
        state.done = true;
        Ok(())
    }

    /// What the figures are may come before or after why the answer ended, so only the body's end is the end.
    fn is_done(&self) -> bool {
        self.state.done
    }
}

#[derive(Debug, Default)]
struct State {
    limits: StreamLimits,
    started: bool,
    /// Why the answer ended was said.
    stopped: bool,
    done: bool,
    has_calls: bool,
    /// The blocks that have begun and not ended.
    open: Vec<Block>,
    /// The place of the next part.
    next_part: u32,
    template: TextTemplate,
    /// The place of the part that the template's frames belong to.
    template_part: u32,
    /// The headers of the template's frames.
    template_headers: Vec<u8>,
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
    Text,
    Reasoning,
    /// `input` is what it began with, which counts where no deltas follow.
    ToolCall {
        input: Option<String>,
    },
    /// Emitted when it is complete.
    Whole(Gathered),
}

impl BlockKind {
    fn is_same(&self, other: &Self) -> bool {
        core::mem::discriminant(self) == core::mem::discriminant(other)
    }
}

impl State {
    fn frame(
        &mut self,
        frame: EventStreamFrame<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let payload = core::str::from_utf8(frame.payload);
        if let Ok(data) = payload
            && frame.header_bytes() == self.template_headers
            && let Some(text) = self.template.matches(data)
        {
            let (choice, part, text) = (0, self.template_part, text.into());
            events.push(StreamEvent::TextDelta { choice, part, text });
            return Ok(());
        }
        match frame.text(":message-type") {
            Some("exception") => return Err(exception(frame)),
            Some("error") => return Err(error(frame)),
            _ => {}
        }
        let event = frame.text(":event-type").unwrap_or_default();
        let data = payload.map_err(|_| malformed(event, "the payload is not valid UTF-8"))?;
        let fields = Fields::parse(data.as_bytes()).map_err(|error| malformed(event, &error.to_string()))?;
        self.event(event, data, fields, frame.header_bytes(), events)
    }

    fn event(
        &mut self,
        event: &str,
        data: &str,
        mut fields: Fields<'_>,
        headers: &[u8],
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let padding = fields.take(PADDING);
        if event != "messageStart" {
            self.start(Extra::new(), events);
        }
        match event {
            "messageStart" => {
                fields.take("role");
                self.start(fields.rest(), events);
            }
            "contentBlockStart" => return self.block_start(event, data, &mut fields, events),
            "contentBlockDelta" => {
                let learned = self.block_delta(event, data, &mut fields, events)?;
                if let Some((part, written)) = learned
                    && let Some(text) = text_range(data, written)
                {
                    let padding = padding.and_then(|padding| text_range(data, padding));
                    self.template.learn(data, text, padding);
                    self.template_part = part;
                    if self.template_headers != headers {
                        headers.clone_into(&mut self.template_headers);
                    }
                }
            }
            "contentBlockStop" => {
                self.template.forget();
                let last = self.open.last().map(|block| block.index);
                if let Some(index) = lenient::take_count(&mut fields, INDEX).or(last) {
                    self.close(index, events);
                }
            }
            "messageStop" => return self.message_stop(fields, events),
            "metadata" => {
                if let Some(figures) = fields.get("usage").and_then(lenient::object) {
                    fields.take("usage");
                    events.push(StreamEvent::UsageUpdate(Box::new(usage::decode(figures))));
                }
                emit_metadata(&fields, events);
            }
            _ => unknown(event, data, events),
        }
        Ok(())
    }

    /// Only the first one counts; a stream that does without it begins with whatever comes.
    fn start(&mut self, extra: Extra, events: &mut Vec<StreamEvent>) {
        if !core::mem::replace(&mut self.started, true) {
            events.push(StreamEvent::Start(Box::new(Start { extra, ..Start::default() })));
        }
    }

    /// Calls are announced, and what has no deltas in the model; texts and thoughts are not.
    fn block_start(
        &mut self,
        event: &str,
        data: &str,
        fields: &mut Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        self.template.forget();
        let Some(start) = fields.take("start") else {
            unknown(event, data, events);
            return Ok(());
        };
        let index = lenient::take_count(fields, INDEX).unwrap_or(u64::from(self.next_part));
        // A provider that forgot to end it, or an index that is used again.
        self.close(index, events);
        // A block announced without a kind is known by its first delta.
        if start.object().is_some_and(|start| block::name_of(&start).is_none()) {
            return Ok(());
        }
        let block = decode_block(start);
        let (choice, part) = (0, self.next_part);
        let kind = match block.kind {
            PartKind::ToolCall(call) => {
                let (id, name) = (call.id, call.name);
                events.push(StreamEvent::ToolCallStart { choice, part, id, name, custom: false });
                self.has_calls = true;
                if !block.extra.is_empty() {
                    events.push(StreamEvent::PartExtra { choice, part, extra: Box::new(block.extra) });
                }
                BlockKind::ToolCall { input: Some(call.arguments).filter(|input| input != "{}") }
            }
            _ => BlockKind::Whole(Gathered::new(start)),
        };
        self.open(index, kind).map(|_| ())
    }

    fn open(&mut self, index: u64, kind: BlockKind) -> Result<u32, StreamError> {
        if self.open.len() >= OPEN_BLOCKS {
            return Err(StreamError::Malformed(format!("more than {OPEN_BLOCKS} blocks at once")));
        }
        let part = self.next_part;
        self.open.push(Block { index, part, kind });
        self.next_part = part.saturating_add(1);
        Ok(part)
    }

    /// The part that a delta of `kind` belongs to, which is begun where it is not open.
    fn part(
        &mut self,
        index: u64,
        kind: BlockKind,
        events: &mut Vec<StreamEvent>,
    ) -> Result<u32, StreamError> {
        match self.open.iter().rfind(|block| block.index == index) {
            Some(block) if block.kind.is_same(&kind) => Ok(block.part),
            // Text that follows thoughts under the same index.
            Some(_) => {
                self.template.forget();
                self.close(index, events);
                self.open(index, kind)
            }
            None => self.open(index, kind),
        }
    }

    /// Reads a delta; where it is text, says the part and where the text stands.
    fn block_delta<'a>(
        &mut self,
        event: &str,
        data: &str,
        fields: &mut Fields<'a>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<(u32, Value<'a>)>, StreamError> {
        let Some(written) = fields.take("delta") else {
            unknown(event, data, events);
            return Ok(None);
        };
        let last = self.open.last().map_or(u64::from(self.next_part), |block| block.index);
        let index = lenient::take_count(fields, INDEX).unwrap_or(last);
        let choice = 0;
        let Some(mut delta) = lenient::object(written) else {
            let text = lenient::any(written);
            let part = self.part(index, BlockKind::Text, events)?;
            events.push(StreamEvent::TextDelta { choice, part, text: text.into() });
            return Ok(None);
        };
        if let Some(Block { kind: BlockKind::Whole(gathered), .. }) =
            self.open.iter_mut().rfind(|block| block.index == index)
            && gathered.add(&delta, self.limits)?
        {
            return Ok(None);
        }
        if let Some(written) = delta.get("text").filter(|written| !written.is_null()) {
            let text = lenient::any(written);
            let part = self.part(index, BlockKind::Text, events)?;
            events.push(StreamEvent::TextDelta { choice, part, text: text.into() });
            return Ok(Some((part, written)));
        }
        if let Some(thought) = delta.take("reasoningContent") {
            self.reasoning(index, thought, events)?;
        } else if let Some(citation) = delta.take_json("citation") {
            let begins =
                !self.open.iter().any(|block| block.index == index && matches!(block.kind, BlockKind::Text));
            let part = self.part(index, BlockKind::Text, events)?;
            if begins {
                events.push(StreamEvent::TextDelta { choice, part, text: CompactString::default() });
            }
            let mut extra = Extra::new();
            extra.insert("citations", Json::written(alloc::vec![citation]));
            events.push(StreamEvent::PartExtra { choice, part, extra: Box::new(extra) });
        } else if let Some(written) = delta.take("toolUse") {
            let arguments = match written.object() {
                Some(mut call) => lenient::take(&mut call, "input").unwrap_or_default(),
                None => lenient::any(written),
            };
            // The first one may be empty.
            if !arguments.is_empty() {
                let part = self.call(index)?;
                events.push(StreamEvent::ToolCallDelta { choice, part, arguments: arguments.into() });
            }
        } else {
            unknown(event, data, events);
        }
        Ok(None)
    }

    /// The call that arguments belong to: the one that has their index, else the open one. What it began with is no
    /// longer all of them.
    fn call(&mut self, index: u64) -> Result<u32, StreamError> {
        let is_call = |block: &Block| matches!(block.kind, BlockKind::ToolCall { .. });
        let position = self.open.iter().rposition(|block| block.index == index && is_call(block));
        let position = position.or_else(|| self.open.iter().rposition(is_call));
        match position.and_then(|position| self.open.get_mut(position)) {
            Some(Block { kind: BlockKind::ToolCall { input }, part, .. }) => {
                *input = None;
                Ok(*part)
            }
            _ => Err(lenient::unreadable("contentBlockDelta.delta.toolUse", "a call before it")),
        }
    }

    fn reasoning(
        &mut self,
        index: u64,
        written: Value<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let choice = 0;
        let Some(mut thought) = lenient::object(written) else {
            let part = self.part(index, BlockKind::Reasoning, events)?;
            let text = lenient::any(written).into();
            events.push(StreamEvent::ReasoningDelta { choice, part, text });
            return Ok(());
        };
        if let Some(data) = thought.take_string("redactedContent") {
            self.template.forget();
            self.close(index, events);
            let part = Box::new(Part::new(PartKind::RedactedReasoning { data }));
            events.push(StreamEvent::Part { choice, index: self.next_part, part });
            self.next_part = self.next_part.saturating_add(1);
            return Ok(());
        }
        let text = lenient::take(&mut thought, "text");
        let signature = thought.take_string("signature").filter(|signature| !signature.is_empty());
        if text.is_none() && signature.is_none() {
            return Ok(());
        }
        let part = self.part(index, BlockKind::Reasoning, events)?;
        events.extend(text.map(|text| StreamEvent::ReasoningDelta { choice, part, text: text.into() }));
        events.extend(signature.map(|signature| StreamEvent::ReasoningSignature { choice, part, signature }));
        Ok(())
    }

    fn message_stop(
        &mut self,
        mut fields: Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        self.template.forget();
        for block in core::mem::take(&mut self.open) {
            block.end(events);
        }
        let reason = lenient::take(&mut fields, "stopReason");
        finish::check(reason.as_deref().unwrap_or_default())?;
        emit_metadata(&fields, events);
        // Only the first one counts.
        if !core::mem::replace(&mut self.stopped, true)
            && let Some(word) = reason
        {
            let reason = finish::with_calls(decode_response::decode_finish(&word), self.has_calls);
            events.push(StreamEvent::Finish { choice: 0, reason, stop_sequence: None });
        }
        Ok(())
    }

    fn close(&mut self, index: u64, events: &mut Vec<StreamEvent>) {
        if let Some(position) = self.open.iter().rposition(|block| block.index == index) {
            self.open.remove(position).end(events);
        }
    }
}

impl Block {
    fn end(self, events: &mut Vec<StreamEvent>) {
        let (choice, part) = (0, self.part);
        match self.kind {
            BlockKind::Text | BlockKind::Reasoning => {}
            BlockKind::ToolCall { input } => {
                events.extend(input.map(|input| {
                    let arguments = input.into();
                    StreamEvent::ToolCallDelta { choice, part, arguments }
                }));
                events.push(StreamEvent::ToolCallEnd { choice, part });
            }
            BlockKind::Whole(gathered) => {
                let whole = Box::new(gathered.part());
                events.push(StreamEvent::Part { choice, index: part, part: whole });
            }
        }
    }
}

/// Other fields of the frames with usage and finish reason belong to the answer.
fn emit_metadata(fields: &Fields<'_>, events: &mut Vec<StreamEvent>) {
    let extra = usage::without_nulls(fields);
    if !extra.is_empty() {
        events.push(StreamEvent::ResponseExtra(Box::new(extra)));
    }
}

/// An exception of the service, named in a header.
fn exception(frame: EventStreamFrame<'_>) -> StreamError {
    let name = frame.text(":exception-type").unwrap_or_default();
    StreamError::Provider(Box::new(crate::error::decode_exception(name, frame.payload)))
}

/// An error that the service did not foresee: headers say all of it.
fn error(frame: EventStreamFrame<'_>) -> StreamError {
    let mut body = Vec::new();
    let mut object = ObjectWriter::begin(&mut body);
    object.field("message", frame.text(":error-message").unwrap_or_default());
    object.finish();
    let code = frame.text(":error-code").unwrap_or_default();
    StreamError::Provider(Box::new(crate::error::decode_exception(code, &body)))
}

fn unknown(event: &str, data: &str, events: &mut Vec<StreamEvent>) {
    if let Ok(data) = Json::parse(data) {
        events.push(StreamEvent::Unknown { event: Some(event.to_owned()), data });
    }
}

/// An error whose text names the event; a name out of the network is made fit for it.
fn malformed(event: &str, what: &str) -> StreamError {
    let event = event.chars().take(64).collect::<String>().escape_debug().to_string();
    StreamError::Malformed(format!("in the event `{event}`: {what}"))
}
