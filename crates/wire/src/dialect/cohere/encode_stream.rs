//! Encoding of streamed Cohere chat answers, as a server.
//!
//! Whether a reasoning part is a plan or a thought is in its extra fields, which mostly come after the text's start; so
//! its text is held until that is clear: where the mark comes it is a plan, where anything else comes it is a thought.
//! The usage is known last, so why the answer ended waits for [`StreamEncoder::finish`] and both go out together.

use super::message::{is_plan, write_assistant_part};
use super::usage;
use crate::dialect::StreamEncoder;
use crate::dialect::cohere::encode_response::{encode_finish, logprobs_list};
use crate::framing::write_event;
use crate::json::{Extra, Json, ObjectWriter, Value};
use crate::model::{FinishReason, Part, PartKind, ProviderError, Start, StreamEvent, Usage};
use alloc::{string::String, vec::Vec};

/// Writes one streamed answer. The API gives one, so the first choice counts.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    started: bool,
    /// The content that is open: its part, its kind and its index.
    content: Option<(u32, &'static str, u32)>,
    next_content: u32,
    /// The calls that are open, with their indices.
    calls: Vec<(u32, u32)>,
    next_call: u32,
    /// The call that ended last: its extra fields may still come.
    ended: Option<u32>,
    citations: u32,
    reasoning: Option<(u32, Held)>,
    usage: Option<Usage>,
    reason: Option<FinishReason>,
    /// What belongs to the answer or its message and is known after its beginning.
    extra: Extra,
}

/// What is known of the reasoning part that came last.
#[derive(Debug)]
enum Held {
    Unclear(Vec<String>),
    Plan,
    Thought,
}

impl StreamEncoder for Encoder {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::ReasoningDelta { choice: 0, part, text } => {
                return self.reasoning(*part, text, out);
            }
            StreamEvent::PartExtra { choice: 0, part, extra } if is_plan(extra) => {
                return self.plan(*part, out);
            }
            StreamEvent::PartExtra { choice: 0, part, .. } if self.ended == Some(*part) => {}
            _ => {
                self.is_thought(out);
                self.end_call(out);
            }
        }
        match event {
            StreamEvent::Start(start) => self.start(start, out),
            StreamEvent::TextDelta { choice: 0, part, text }
            | StreamEvent::RefusalDelta { choice: 0, part, text } => {
                self.content_delta(*part, "text", text, out);
            }
            StreamEvent::ToolCallStart { choice: 0, part, id, name, .. } => {
                self.end_content(out);
                let index = self.next_call;
                self.next_call += 1;
                self.calls.push((*part, index));
                self.call_frame("tool-call-start", index, out, |call| {
                    call.field("id", id).field("type", "function");
                    call.object("function", |function| {
                        function.field("name", name).field("arguments", "");
                    });
                });
            }
            StreamEvent::ToolCallDelta { choice: 0, part, arguments } => {
                if let Some(index) = self.call(*part) {
                    self.call_frame("tool-call-delta", index, out, |call| {
                        call.object("function", |function| _ = function.field("arguments", arguments));
                    });
                }
            }
            StreamEvent::ToolCallEnd { choice: 0, part } => self.ended = Some(*part),
            StreamEvent::PartExtra { choice: 0, part, extra } => self.part_extra(*part, extra, out),
            StreamEvent::Part { choice: 0, part, index } => self.whole(*index, part, out),
            StreamEvent::MessageExtra { choice: 0, extra }
            | StreamEvent::MessagePieces { choice: 0, extra } => {
                self.message_extra(extra, out);
            }
            StreamEvent::ResponseExtra(extra) => self.keep(extra),
            StreamEvent::Logprobs { choice: 0, logprobs } => {
                if let Some(items) = logprobs_list(logprobs) {
                    self.logprobs(&items, out);
                }
            }
            StreamEvent::UsageUpdate(used) => self.usage.get_or_insert_default().update(used),
            StreamEvent::Finish { choice: 0, reason, .. } => self.reason = Some(reason.clone()),
            // Other answers than the first, and what this API has no words for.
            _ => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.is_thought(out);
        self.ensure_started(out);
        self.end_content(out);
        self.end_calls(|_| true, out);
        let Self { reason, usage, extra, .. } = self;
        write_frame("message-end", out, |body| {
            body.object_with("delta", extra, |delta| {
                delta.optional("finish_reason", reason.as_ref().map(encode_finish));
                if let Some(used) = usage {
                    delta.with("usage", |out| usage::encode(out, used));
                }
            });
        });
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        self.is_thought(out);
        self.ensure_started(out);
        let error = Json::string(&error.message);
        write_frame("message-end", out, |body| {
            body.object("delta", |delta| _ = delta.field("finish_reason", "ERROR").field("error", &error));
        });
    }
}

impl Encoder {
    fn start(&mut self, start: &Start, out: &mut Vec<u8>) {
        if core::mem::replace(&mut self.started, true) {
            return;
        }
        write_frame_with("message-start", &start.extra, out, |body| {
            body.field("id", &start.id).object("delta", |delta| {
                delta.object("message", |message| {
                    let nothing: &[&str] = &[];
                    message.field("role", "assistant").field("content", nothing).field("tool_plan", "");
                    message.field("tool_calls", nothing).field("citations", nothing);
                });
            });
        });
    }

    fn ensure_started(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.start(&Start::default(), out);
        }
    }

    fn reasoning(&mut self, part: u32, text: &str, out: &mut Vec<u8>) {
        match &mut self.reasoning {
            Some((of, held)) if *of == part => match held {
                Held::Unclear(texts) => return texts.push(text.into()),
                Held::Plan => return self.plan_delta(text, out),
                Held::Thought => {}
            },
            _ => {
                self.is_thought(out);
                self.reasoning = Some((part, Held::Unclear(alloc::vec![text.into()])));
                return;
            }
        }
        self.content_delta(part, "thinking", text, out);
    }

    /// Whatever comes now, the reasoning that is held was not a plan.
    fn is_thought(&mut self, out: &mut Vec<u8>) {
        if let Some((part, held @ Held::Unclear(_))) = &mut self.reasoning
            && let (part, Held::Unclear(texts)) = (*part, core::mem::replace(held, Held::Thought))
        {
            texts.iter().for_each(|text| self.content_delta(part, "thinking", text, out));
        }
    }

    fn plan(&mut self, part: u32, out: &mut Vec<u8>) {
        if let Some((of, held @ Held::Unclear(_))) = &mut self.reasoning
            && *of == part
            && let Held::Unclear(texts) = core::mem::replace(held, Held::Plan)
        {
            self.end_content(out);
            texts.iter().for_each(|text| self.plan_delta(text, out));
        }
    }

    fn plan_delta(&mut self, text: &str, out: &mut Vec<u8>) {
        self.ensure_started(out);
        write_message_frame("tool-plan-delta", None, out, |message| _ = message.field("tool_plan", text));
    }

    /// Writes more of a content, which is begun where it is not open.
    fn content_delta(&mut self, part: u32, kind: &'static str, text: &str, out: &mut Vec<u8>) {
        let index = self.open_content(part, kind, out);
        write_message_frame("content-delta", Some(index), out, |message| {
            message.object("content", |content| _ = content.field(kind, text));
        });
    }

    fn open_content(&mut self, part: u32, kind: &'static str, out: &mut Vec<u8>) -> u32 {
        if let Some((of, known, index)) = self.content
            && of == part
            && known == kind
        {
            return index;
        }
        let index = self.begin_content(out, |content| _ = content.field("type", kind).field(kind, ""));
        self.content = Some((part, kind, index));
        index
    }

    fn begin_content(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) -> u32 {
        self.ensure_started(out);
        self.end_content(out);
        let index = self.next_content;
        self.next_content += 1;
        write_message_frame("content-start", Some(index), out, |message| {
            _ = message.object("content", write);
        });
        index
    }

    fn end_content(&mut self, out: &mut Vec<u8>) {
        if let Some((.., index)) = self.content.take() {
            write_frame("content-end", out, |body| _ = body.field("index", index));
        }
    }

    fn call(&self, part: u32) -> Option<u32> {
        self.calls.iter().rfind(|(of, _)| *of == part).map(|(_, index)| *index)
    }

    fn call_frame(
        &mut self,
        name: &str,
        index: u32,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        self.ensure_started(out);
        write_message_frame(name, Some(index), out, |message| _ = message.object("tool_calls", write));
    }

    fn end_call(&mut self, out: &mut Vec<u8>) {
        if let Some(ended) = self.ended.take() {
            self.end_calls(|part| part == ended, out);
        }
    }

    fn end_calls(&mut self, ends: impl Fn(u32) -> bool, out: &mut Vec<u8>) {
        self.calls.retain(|(part, index)| {
            let stays = !ends(*part);
            if !stays {
                write_frame("tool-call-end", out, |body| _ = body.field("index", *index));
            }
            stays
        });
    }

    /// Fields of a part: of a call that is open, or of a content that is.
    fn part_extra(&mut self, part: u32, extra: &Extra, out: &mut Vec<u8>) {
        if let Some(index) = self.call(part) {
            self.ensure_started(out);
            write_message_frame("tool-call-delta", Some(index), out, |message| {
                message.object_with("tool_calls", extra, |_| {});
            });
        } else if let Some((of, _, index)) = self.content
            && of == part
        {
            write_message_frame("content-delta", Some(index), out, |message| {
                message.object_with("content", extra, |_| {});
            });
        }
    }

    /// A part that comes whole.
    fn whole(&mut self, index: u32, part: &Part, out: &mut Vec<u8>) {
        match &part.kind {
            PartKind::Text(text) | PartKind::Refusal(text) => self.content_delta(index, "text", text, out),
            PartKind::Reasoning(reasoning) if is_plan(&part.extra) => {
                self.end_content(out);
                self.plan_delta(&reasoning.text, out);
            }
            PartKind::Reasoning(reasoning) => self.content_delta(index, "thinking", &reasoning.text, out),
            _ => {
                let mut written = Vec::new();
                write_assistant_part(part, &mut written);
                if let Some(fields) = Value::parse(&written).ok().and_then(Value::object) {
                    let index = self.begin_content(out, |content| {
                        for (name, value) in fields.iter() {
                            content.field(name, value);
                        }
                    });
                    write_frame("content-end", out, |body| _ = body.field("index", index));
                }
            }
        }
    }

    /// Citations have frames of their own; the rest goes with the end.
    fn message_extra(&mut self, extra: &Extra, out: &mut Vec<u8>) {
        let citations = extra.get("citations").and_then(|citations| citations.value().array());
        for citation in citations.iter().flatten() {
            self.ensure_started(out);
            let index = self.citations;
            self.citations += 1;
            write_message_frame("citation-start", Some(index), out, |message| {
                message.field("citations", *citation);
            });
            write_frame("citation-end", out, |body| _ = body.field("index", index));
        }
        let mut rest = extra.clone();
        if citations.is_some() {
            rest.remove("citations");
        }
        self.keep(&rest);
    }

    fn keep(&mut self, extra: &Extra) {
        for (name, value) in extra.iter() {
            self.extra.insert(name, value.clone());
        }
    }

    fn logprobs(&mut self, items: &Json, out: &mut Vec<u8>) {
        let index = self.content.map_or(0, |(.., index)| index);
        self.ensure_started(out);
        for item in items.value().array().unwrap_or_default() {
            write_frame("content-delta", out, |body| {
                body.field("index", index).object("delta", |delta| {
                    delta.object("message", |message| {
                        message.object("content", |content| _ = content.field("text", ""));
                    });
                });
                body.field("logprobs", item);
            });
        }
    }
}

fn write_message_frame(
    name: &str,
    index: Option<u32>,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut ObjectWriter<'_>),
) {
    write_frame(name, out, |body| {
        body.optional("index", index).object("delta", |delta| _ = delta.object("message", write));
    });
}

fn write_frame(name: &str, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
    write_frame_with(name, &Extra::new(), out, write);
}

/// Appends the event `name`, whose data begin with its name as their type.
fn write_frame_with(name: &str, extra: &Extra, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
    let mut data = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut data, extra);
    body.field("type", name);
    write(&mut body);
    body.finish();
    write_event(name, &data, out);
}
