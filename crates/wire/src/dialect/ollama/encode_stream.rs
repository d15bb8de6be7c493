//! Encoding of streamed Ollama chat answers, as a server.
//!
//! Calls go out whole, when they are complete. The usage is known last, so the last line waits for
//! [`StreamEncoder::finish`].

use super::{created, encode_response, error, message::write_call};
use crate::dialect::StreamEncoder;
use crate::dialect::shared::calls::Sent;
use crate::json::{Extra, ObjectWriter};
use crate::model::{
    FinishReason, Image, Part, PartKind, ProviderError, Request, Source, StreamEvent, ToolCall, Usage,
};
use alloc::{string::String, vec::Vec};

/// Writes one streamed answer. The API gives one, so the first choice counts.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    model: String,
    created_at: Option<String>,
    /// The calls that are not complete, by their parts.
    open: Vec<(u32, ToolCall, Extra)>,
    next_call: usize,
    /// The call that was said to end last: what stands beside it may still come.
    ended: Option<u32>,
    usage: Option<Usage>,
    reason: Option<FinishReason>,
    /// What belongs to the answer and goes with its end.
    extra: Extra,
}

impl Encoder {
    pub(super) fn new(request: &Request) -> Self {
        Self { model: request.model.clone(), ..Self::default() }
    }

    /// One line: `write` adds to the message, `end` to what stands beside it.
    fn line(
        &self,
        extra: &Extra,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut ObjectWriter<'_>),
        end: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        let mut line = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut line, extra);
        body.field("model", &self.model).optional("created_at", self.created_at.as_ref());
        body.object("message", |message| {
            message.field("role", "assistant");
            write(message);
        });
        end(&mut body);
        body.finish();
        // JSON has line ends between its tokens only, where a space says the same.
        out.extend(line.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
        out.push(b'\n');
    }

    fn message(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.line(&Extra::new(), out, write, |body| _ = body.field("done", false));
    }

    fn text(&self, text: &str, out: &mut Vec<u8>) {
        self.message(out, |message| _ = message.field("content", text));
    }

    fn thinking(&self, text: &str, out: &mut Vec<u8>) {
        self.message(out, |message| _ = message.field("content", "").field("thinking", text));
    }

    fn end_calls(&mut self, ends: impl Fn(u32) -> bool, out: &mut Vec<u8>) {
        let (ended, open) = core::mem::take(&mut self.open).into_iter().partition(|(part, ..)| ends(*part));
        self.open = open;
        for (_, call, extra) in ended {
            let index = self.next_call;
            self.next_call += 1;
            self.message(out, |message| {
                message.field("content", "").array("tool_calls", [(call, extra)], |out, (call, extra)| {
                    write_call(&call, &Sent::as_it_is(&call), &extra, index, out);
                });
            });
        }
    }

    /// A part that comes whole; what the API has no words for cannot be said.
    fn whole(&self, part: &Part, out: &mut Vec<u8>) {
        match &part.kind {
            PartKind::Text(text) | PartKind::Refusal(text) => self.text(text, out),
            PartKind::Reasoning(reasoning) => self.thinking(&reasoning.text, out),
            PartKind::Image(Image { source: Source::Base64 { data, .. }, .. }) => {
                self.message(out, |message| {
                    message.field("content", "").field("images", [data].as_slice());
                });
            }
            _ => {}
        }
    }
}

impl StreamEncoder for Encoder {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match (event, self.ended) {
            (StreamEvent::PartExtra { choice: 0, part, .. }, Some(ended)) if *part == ended => {}
            (_, Some(ended)) => {
                self.ended = None;
                self.end_calls(|part| part == ended, out);
            }
            (_, None) => {}
        }
        match event {
            StreamEvent::Start(start) => {
                if !start.model.is_empty() {
                    self.model.clone_from(&start.model);
                }
                self.extra = start.extra.clone();
                let exact = self.extra.remove("created_at").and_then(|date| date.value().string());
                self.created_at = exact.or_else(|| start.created.and_then(created::write));
            }
            StreamEvent::TextDelta { choice: 0, text, .. }
            | StreamEvent::RefusalDelta { choice: 0, text, .. } => self.text(text, out),
            StreamEvent::ReasoningDelta { choice: 0, text, .. } => self.thinking(text, out),
            StreamEvent::ToolCallStart { choice: 0, part, id, name, custom } => {
                let (id, name, arguments) = (id.clone(), name.clone(), String::new());
                let call = ToolCall { id, name, arguments, custom: *custom };
                self.open.push((*part, call, Extra::new()));
            }
            StreamEvent::ToolCallDelta { choice: 0, part, arguments } => {
                if let Some((_, call, _)) = self.open.iter_mut().rfind(|(of, ..)| of == part) {
                    call.arguments.push_str(arguments);
                }
            }
            StreamEvent::ToolCallEnd { choice: 0, part } => self.ended = Some(*part),
            StreamEvent::PartExtra { choice: 0, part, extra } => {
                if let Some((.., known)) = self.open.iter_mut().rfind(|(of, ..)| of == part) {
                    for (name, value) in extra.iter() {
                        known.insert(name, value.clone());
                    }
                }
            }
            StreamEvent::Part { choice: 0, part, .. } => self.whole(part, out),
            StreamEvent::MessageExtra { choice: 0, extra }
            | StreamEvent::MessagePieces { choice: 0, extra } => {
                self.message(out, |message| {
                    message.field("content", "");
                    for (name, value) in extra.iter() {
                        message.field(name, value);
                    }
                });
            }
            StreamEvent::ResponseExtra(extra) => {
                for (name, value) in extra.iter() {
                    self.extra.insert(name, value.clone());
                }
            }
            StreamEvent::Logprobs { choice: 0, logprobs } => {
                let nothing = Extra::new();
                self.line(
                    &nothing,
                    out,
                    |message| _ = message.field("content", ""),
                    |body| {
                        encode_response::write_logprobs(Some(logprobs), body);
                        body.field("done", false);
                    },
                );
            }
            StreamEvent::UsageUpdate(used) => self.usage.get_or_insert_default().update(used),
            StreamEvent::Finish { choice: 0, reason, .. } => self.reason = Some(reason.clone()),
            // Other answers than the first, and what this API has no words for.
            _ => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.end_calls(|_| true, out);
        let Self { reason, usage, extra, .. } = &*self;
        self.line(
            extra,
            out,
            |message| _ = message.field("content", ""),
            |body| encode_response::write_end(reason.as_ref(), usage.as_ref(), body),
        );
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        out.extend_from_slice(&error::encode(error));
        out.push(b'\n');
    }
}
