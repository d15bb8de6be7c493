//! Encoding of ConverseStream answers, as a server.
//!
//! Blocks come one after the other, so a part ends when the next begins; a tool call stays open until it is said to be
//! complete, because other dialects interleave them. Why the answer ended waits for [`StreamEncoder::finish`], for the
//! figures follow it.

use super::block::encode_block;
use super::document_names::DocumentNames;
use super::{error, usage};
use crate::dialect::StreamEncoder;
use crate::dialect::bedrock::encode_response::encode_finish;
use crate::framing::{HeaderValue, write_frame};
use crate::json::{Extra, Json, ObjectWriter};
use crate::model::{FinishReason, Part, PartKind, ProviderError, StreamEvent, Usage};
use alloc::vec::Vec;

/// What a payload is padded with; how much of it changes from frame to frame.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// The extra field of an answer that is sent with the finish reason.
const WITH_THE_REASON: &str = "additionalModelResponseFields";

/// Writes one streamed answer. Converse gives one, so the first choice counts.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    started: bool,
    open: Vec<Open>,
    next_index: u32,
    usage: Option<Usage>,
    extra: Extra,
    reason: Option<FinishReason>,
    padding: usize,
}

/// A block that was begun and not ended.
#[derive(Debug)]
struct Open {
    part: u32,
    kind: Kind,
    index: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
    ToolCall,
}

impl StreamEncoder for Encoder {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start(start) => {
                self.keep(&start.extra);
                self.start(out);
            }
            StreamEvent::TextDelta { choice: 0, part, text }
            | StreamEvent::RefusalDelta { choice: 0, part, text } => {
                self.text(*part, text, out);
            }
            StreamEvent::ReasoningDelta { choice: 0, part, text } => {
                self.thought(*part, "text", text, out);
            }
            StreamEvent::ReasoningSignature { choice: 0, part, signature } => {
                self.thought(*part, "signature", signature, out);
            }
            StreamEvent::ToolCallStart { choice: 0, part, id, name, .. } => {
                self.close_where(|open| open.part == *part, out);
                let index = self.begin(*part, Kind::ToolCall, out);
                self.write("contentBlockStart", out, |body| {
                    body.field("contentBlockIndex", index).object("start", |start| {
                        start.object("toolUse", |call| {
                            call.field("toolUseId", id).field("name", name);
                        });
                    });
                });
            }
            StreamEvent::ToolCallDelta { choice: 0, part, arguments } => {
                // A call whose start was never received cannot be written: it would have no name.
                if let Some(index) = self.index(*part, Kind::ToolCall) {
                    self.delta(index, out, |delta| {
                        delta.object("toolUse", |call| {
                            call.field("input", arguments);
                        });
                    });
                }
            }
            StreamEvent::ToolCallEnd { choice: 0, part } => {
                self.close_where(|open| open.part == *part, out);
            }
            StreamEvent::Part { choice: 0, index, part } => self.whole(*index, part, out),
            StreamEvent::PartExtra { choice: 0, part, extra } => self.citations(*part, extra, out),
            StreamEvent::ResponseExtra(extra) => self.keep(extra),
            StreamEvent::UsageUpdate(usage) => self.usage.get_or_insert_default().update(usage),
            StreamEvent::Finish { choice: 0, reason, .. } => self.reason = Some(reason.clone()),
            StreamEvent::Unknown { event: Some(event), data } => {
                self.start(out);
                write_event(event, data.text().as_bytes(), out);
            }
            // Other answers than the first, and what Converse has no words for.
            _ => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        self.close_where(|_| true, out);
        let mut extras = core::mem::take(&mut self.extra);
        let fields = extras.remove(WITH_THE_REASON);
        let reason = self.reason.take();
        let word = reason.as_ref().map(encode_finish);
        self.write("messageStop", out, |body| {
            body.optional("stopReason", word).optional(WITH_THE_REASON, fields.as_ref());
        });
        let figures = self.usage.take();
        self.write("metadata", out, |body| {
            if let Some(figures) = &figures {
                usage::encode(figures, body);
            }
            for (name, value) in extras.iter() {
                body.field(name, value);
            }
        });
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        error::encode_frame(error, out);
    }
}

impl Encoder {
    fn keep(&mut self, extra: &Extra) {
        for (name, value) in extra.iter() {
            self.extra.insert(name, value.clone());
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if !core::mem::replace(&mut self.started, true) {
            self.write("messageStart", out, |body| {
                body.field("role", "assistant");
            });
        }
    }

    fn index(&self, part: u32, kind: Kind) -> Option<u32> {
        self.open.iter().rfind(|open| open.part == part && open.kind == kind).map(|open| open.index)
    }

    /// The index of a part's block, which is begun where it is not open: neither texts nor thoughts are announced.
    fn index_or_begin(&mut self, part: u32, kind: Kind, out: &mut Vec<u8>) -> u32 {
        match self.index(part, kind) {
            Some(index) => index,
            None => self.begin(part, kind, out),
        }
    }

    /// Begins a block; whatever was open ends, but for tool calls.
    fn begin(&mut self, part: u32, kind: Kind, out: &mut Vec<u8>) -> u32 {
        self.start(out);
        self.close_where(|open| open.kind != Kind::ToolCall, out);
        let index = self.next_index;
        self.next_index += 1;
        self.open.push(Open { part, kind, index });
        index
    }

    fn text(&mut self, part: u32, text: &str, out: &mut Vec<u8>) {
        let index = self.index_or_begin(part, Kind::Text, out);
        self.delta(index, out, |delta| {
            delta.field("text", text);
        });
    }

    fn thought(&mut self, part: u32, name: &str, text: &str, out: &mut Vec<u8>) {
        let index = self.index_or_begin(part, Kind::Reasoning, out);
        self.delta(index, out, |delta| {
            delta.object("reasoningContent", |thought| {
                thought.field(name, text);
            });
        });
    }

    /// Of the metadata that may follow a part, Converse has citations only.
    fn citations(&mut self, part: u32, extra: &Extra, out: &mut Vec<u8>) {
        let citations = extra.get("citations").and_then(|list| list.value().array()).unwrap_or_default();
        for citation in citations {
            let index = self.index_or_begin(part, Kind::Text, out);
            self.delta(index, out, |delta| {
                delta.field("citation", citation);
            });
        }
    }

    /// A part that comes whole is announced with all it says; withheld thoughts are a delta.
    fn whole(&mut self, place: u32, part: &Part, out: &mut Vec<u8>) {
        let index = self.begin(place, Kind::Text, out);
        if let PartKind::RedactedReasoning { data } = &part.kind {
            self.delta(index, out, |delta| {
                delta.object("reasoningContent", |thought| {
                    thought.field("redactedContent", data);
                });
            });
        } else {
            let mut block = Vec::new();
            encode_block(part, &mut DocumentNames::kept(), &mut block);
            let block = Json::from_writer(block);
            self.write("contentBlockStart", out, |body| {
                body.field("contentBlockIndex", index).field("start", &block);
            });
        }
        self.close_where(|open| open.index == index, out);
    }

    fn close_where(&mut self, ends: impl Fn(&Open) -> bool, out: &mut Vec<u8>) {
        let (closed, open): (Vec<Open>, Vec<Open>) =
            core::mem::take(&mut self.open).into_iter().partition(ends);
        self.open = open;
        for Open { index, .. } in closed {
            self.write("contentBlockStop", out, |body| {
                body.field("contentBlockIndex", index);
            });
        }
    }

    fn delta(&mut self, index: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.write("contentBlockDelta", out, |body| {
            body.field("contentBlockIndex", index).object("delta", write);
        });
    }

    /// Appends the event `name`, padded as Bedrock pads it.
    fn write(&mut self, name: &str, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.padding = (self.padding + 11) % PADDING.len();
        let padding = PADDING.get(..self.padding).unwrap_or_default();
        let mut payload = Vec::new();
        let mut body = ObjectWriter::begin(&mut payload);
        write(&mut body);
        body.field("p", padding);
        body.finish();
        write_event(name, &payload, out);
    }
}

fn write_event(name: &str, payload: &[u8], out: &mut Vec<u8>) {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    write_frame(headers.map(|(name, value)| (name, HeaderValue::Text(value))), payload, out);
}
