//! Encoding of streamed Messages answers, as a server.
//!
//! The API's clients want blocks one after the other, so a part ends when the next begins; a tool call stays open
//! until it is said to be complete, because other dialects interleave them. The usage is known last, so the reason
//! why the answer ended waits for [`StreamEncoder::finish`] and both go out together.

use super::block::{self, encode_block};
use super::{error, usage};
use crate::dialect::StreamEncoder;
use crate::dialect::anthropic::{decode_response::FINAL_FIELDS, encode_response::encode_finish};
use crate::framing::write_event;
use crate::json::{Extra, Json, ObjectWriter, Value};
use crate::model::{
    FinishReason, GrowingFields, Part, PartKind, ProviderError, Reasoning, Start, StreamEvent, ToolCall,
    Usage,
};
use alloc::{string::String, vec::Vec};

/// Writes one streamed answer. The API gives one, so the first choice counts.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    started: bool,
    open: Vec<Open>,
    next_index: u32,
    usage: Option<Usage>,
    extra: GrowingFields,
    reason: Option<FinishReason>,
    stop_sequence: Option<String>,
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
    Thinking,
    ToolCall,
}

impl StreamEncoder for Encoder {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start(start) => self.start(start, out),
            StreamEvent::TextDelta { choice: 0, part, text }
            | StreamEvent::RefusalDelta { choice: 0, part, text } => {
                self.delta(*part, Kind::Text, "text_delta", "text", text, out);
            }
            StreamEvent::ReasoningDelta { choice: 0, part, text } => {
                self.delta(*part, Kind::Thinking, "thinking_delta", "thinking", text, out);
            }
            StreamEvent::ReasoningSignature { choice: 0, part, signature } => {
                self.delta(*part, Kind::Thinking, "signature_delta", "signature", signature, out);
            }
            StreamEvent::ToolCallStart { choice: 0, part, id, name, custom } => {
                self.close(*part, out);
                let (id, name, arguments) = (id.clone(), name.clone(), String::new());
                self.begin(
                    *part,
                    Kind::ToolCall,
                    PartKind::ToolCall(ToolCall { id, name, arguments, custom: *custom }),
                    out,
                );
            }
            StreamEvent::ToolCallDelta { choice: 0, part, arguments } => {
                // A call whose start was never received cannot be written: it would have no name.
                if let Some(index) = self.index(*part, Kind::ToolCall) {
                    write_delta(index, "input_json_delta", "partial_json", arguments, out);
                }
            }
            StreamEvent::ToolCallEnd { choice: 0, part } => self.close(*part, out),
            StreamEvent::Part { choice: 0, part, .. } => self.whole(part, out),
            StreamEvent::PartExtra { choice: 0, part, extra } => self.citations(*part, extra, out),
            StreamEvent::MessagePieces { choice: 0, extra } => self.extra.join(extra),
            // The beginning is written already, so what belongs to the answer goes with the end as well.
            StreamEvent::MessageExtra { choice: 0, extra }
            | StreamEvent::ChoiceExtra { choice: 0, extra }
            | StreamEvent::ResponseExtra(extra) => {
                self.extra.combine(extra);
            }
            StreamEvent::UsageUpdate(usage) => self.usage.get_or_insert_default().update(usage),
            StreamEvent::Finish { choice: 0, reason, stop_sequence } => {
                self.reason = Some(reason.clone());
                self.stop_sequence.clone_from(stop_sequence);
            }
            StreamEvent::Unknown { event, data } => self.unknown(event.as_deref(), data, out),
            // Other answers than the first, and what this API has no words for.
            _ => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.ensure_started(out);
        self.close_where(|_| true, out);
        let mut extras = self.extra.fields();
        let mut delta_extra = Extra::new();
        // All of these but the context's management stand in `delta`.
        for name in FINAL_FIELDS.iter().filter(|name| **name != "context_management") {
            if let Some(value) = extras.remove(name) {
                delta_extra.insert(*name, value);
            }
        }
        let Self { reason, stop_sequence, usage, .. } = self;
        write_frame("message_delta", &extras, out, |body| {
            body.object_with("delta", &delta_extra, |delta| {
                delta.nullable("stop_reason", reason.as_ref().map(encode_finish));
                delta.nullable("stop_sequence", stop_sequence.as_ref());
            });
            usage::encode(usage.as_ref(), body);
        });
        write_frame("message_stop", &Extra::new(), out, |_| {});
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        write_event("error", &error::encode(error), out);
    }
}

impl Encoder {
    fn start(&mut self, start: &Start, out: &mut Vec<u8>) {
        if core::mem::replace(&mut self.started, true) {
            return;
        }
        let usage = self.usage.as_ref();
        write_frame("message_start", &Extra::new(), out, |body| {
            body.object_with("message", &start.extra, |message| {
                message.field("id", &start.id).field("type", "message").field("role", "assistant");
                message.field("model", &start.model).with("content", |out| out.extend_from_slice(b"[]"));
                message.nullable("stop_reason", None::<&str>).nullable("stop_sequence", None::<&str>);
                usage::encode(usage, message);
            });
        });
        write_frame("ping", &Extra::new(), out, |_| {});
    }

    fn ensure_started(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.start(&Start::default(), out);
        }
    }

    fn index(&self, part: u32, kind: Kind) -> Option<u32> {
        self.open.iter().rfind(|open| open.part == part && open.kind == kind).map(|open| open.index)
    }

    /// Writes more of a part, which is begun where it is not open.
    fn delta(&mut self, part: u32, kind: Kind, delta_type: &str, name: &str, text: &str, out: &mut Vec<u8>) {
        let index = match self.index(part, kind) {
            Some(index) => index,
            None => {
                let empty = match kind {
                    Kind::Thinking => PartKind::Reasoning(Reasoning { text: String::new(), signature: None }),
                    _ => PartKind::Text(String::new()),
                };
                self.begin(part, kind, empty, out)
            }
        };
        write_delta(index, delta_type, name, text, out);
    }

    fn begin(&mut self, part: u32, kind: Kind, empty: PartKind, out: &mut Vec<u8>) -> u32 {
        let index = self.write_start(&Part::new(empty), out);
        self.open.push(Open { part, kind, index });
        index
    }

    /// Writes how a block begins; whatever was open ends, but for tool calls.
    fn write_start(&mut self, part: &Part, out: &mut Vec<u8>) -> u32 {
        self.ensure_started(out);
        self.close_where(|open| open.kind != Kind::ToolCall, out);
        let index = self.next_index;
        self.next_index += 1;
        write_frame("content_block_start", &Extra::new(), out, |body| {
            body.field("index", index).with("content_block", |out| encode_block(part, out));
        });
        index
    }

    fn whole(&mut self, part: &Part, out: &mut Vec<u8>) {
        if block::unsupported(&part.kind).is_none() {
            let index = self.write_start(part, out);
            write_stop(index, out);
        }
    }

    /// Of the metadata that may follow a part, the API has citations only.
    fn citations(&mut self, part: u32, extra: &Extra, out: &mut Vec<u8>) {
        let citations =
            extra.get("citations").and_then(|citations| citations.value().array()).unwrap_or_default();
        if citations.is_empty() {
            return;
        }
        let index = match self.index(part, Kind::Text) {
            Some(index) => index,
            None => self.begin(part, Kind::Text, PartKind::Text(String::new()), out),
        };
        for citation in citations {
            write_delta(index, "citations_delta", "citation", citation, out);
        }
    }

    fn close(&mut self, part: u32, out: &mut Vec<u8>) {
        self.close_where(|open| open.part == part, out);
    }

    fn close_where(&mut self, ends: impl Fn(&Open) -> bool, out: &mut Vec<u8>) {
        self.open.retain(|open| {
            let stays = !ends(open);
            if !stays {
                write_stop(open.index, out);
            }
            stays
        });
    }

    fn unknown(&mut self, event: Option<&str>, data: &Json, out: &mut Vec<u8>) {
        self.ensure_started(out);
        let own = data.value().object().and_then(|fields| fields.get("type")).and_then(Value::string);
        let name = own.as_deref().or(event).unwrap_or_default();
        // A name with a line end in it would be several fields.
        if !name.contains(['\n', '\r']) {
            write_event(name, data.text().as_bytes(), out);
        }
    }
}

fn write_delta(
    index: u32,
    delta_type: &str,
    name: &str,
    value: impl crate::json::WriteJson,
    out: &mut Vec<u8>,
) {
    write_frame("content_block_delta", &Extra::new(), out, |body| {
        body.field("index", index);
        body.object("delta", |delta| {
            delta.field("type", delta_type).field(name, value);
        });
    });
}

fn write_stop(index: u32, out: &mut Vec<u8>) {
    write_frame("content_block_stop", &Extra::new(), out, |body| {
        body.field("index", index);
    });
}

/// Appends the event `name`, whose data begin with its name as their type.
fn write_frame(name: &str, extra: &Extra, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
    let mut data = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut data, extra);
    body.field("type", name);
    write(&mut body);
    body.finish();
    write_event(name, &data, out);
}
