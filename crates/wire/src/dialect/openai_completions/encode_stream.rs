//! Encoding of streamed Completions answers, as a server: chunks with a text each.

use crate::dialect::StreamEncoder;
use crate::dialect::openai_chat::error;
use crate::dialect::openai_chat::{finish, usage};
use crate::json::{Extra, ObjectWriter};
use crate::model::{FinishReason, Part, PartKind, ProviderError, Start, StreamEvent, Usage};
use alloc::{borrow::ToOwned, vec::Vec};

/// Writes the body of one streamed answer.
#[derive(Debug)]
pub(super) struct Encoder {
    start: Start,
    wants_usage: bool,
    usage: Option<Usage>,
}

impl Encoder {
    pub(super) fn new(model: &str, wants_usage: bool) -> Self {
        Self { start: Start { model: model.to_owned(), ..Start::default() }, wants_usage, usage: None }
    }

    fn chunk(&mut self, out: &mut Vec<u8>, choices: impl FnOnce(&mut Vec<u8>), used: Option<&Usage>) {
        out.extend_from_slice(b"data: ");
        let mut chunk = ObjectWriter::begin_with(out, &self.start.extra);
        chunk.field("id", &self.start.id).field("object", "text_completion");
        chunk.field("created", self.start.created.unwrap_or(0)).field("model", &self.start.model);
        chunk.with("choices", choices);
        if let Some(used) = used {
            chunk.with("usage", |out| usage::encode(out, used));
        }
        chunk.finish();
        out.extend_from_slice(b"\n\n");
        // What is not said again is not lost: readers keep the first chunk's fields.
        self.start.extra = Extra::new();
    }

    fn choice(
        &mut self,
        out: &mut Vec<u8>,
        choice: u32,
        text: &str,
        extra: &Extra,
        reason: Option<(&FinishReason, Option<&str>)>,
    ) {
        let write = |out: &mut Vec<u8>| {
            out.push(b'[');
            let mut object = ObjectWriter::begin_with(out, extra);
            object.field("text", text).field("index", choice).nullable("logprobs", None::<&str>);
            object.nullable("finish_reason", reason.map(|(reason, _)| finish::encode(reason)));
            object.optional("stop_reason", reason.and_then(|(_, stop)| stop));
            object.finish();
            out.push(b']');
        };
        self.chunk(out, write, None);
    }

    fn part(&mut self, choice: u32, part: &Part, out: &mut Vec<u8>) {
        if let PartKind::Text(text) | PartKind::Refusal(text) = &part.kind {
            self.choice(out, choice, text, &Extra::new(), None);
        }
    }
}

impl StreamEncoder for Encoder {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        let nothing = Extra::new();
        match event {
            StreamEvent::Start(start) => {
                let asked = core::mem::take(&mut self.start.model);
                self.start = (**start).clone();
                if self.start.model.is_empty() {
                    self.start.model = asked;
                }
            }
            StreamEvent::TextDelta { choice, text, .. } | StreamEvent::RefusalDelta { choice, text, .. } => {
                self.choice(out, *choice, text, &nothing, None);
            }
            StreamEvent::Part { choice, part, .. } => self.part(*choice, part, out),
            StreamEvent::Logprobs { choice, logprobs } => {
                let extras: Extra = core::iter::once(("logprobs".into(), logprobs.clone())).collect();
                self.choice(out, *choice, "", &extras, None);
            }
            StreamEvent::MessageExtra { choice, extra } | StreamEvent::ChoiceExtra { choice, extra } => {
                self.choice(out, *choice, "", extra, None);
            }
            StreamEvent::ResponseExtra(extra) => {
                for (name, value) in extra.iter() {
                    self.start.extra.insert(name, value.clone());
                }
            }
            StreamEvent::UsageUpdate(used) => self.usage.get_or_insert_default().update(used),
            StreamEvent::Finish { choice, reason, stop_sequence } => {
                self.choice(out, *choice, "", &nothing, Some((reason, stop_sequence.as_deref())));
            }
            // A prompt's answer is text: reasoning and calls have no place in it.
            _ => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let used = self.usage.take().filter(|_| self.wants_usage);
        if used.is_some() || !self.start.extra.is_empty() {
            self.chunk(out, |out| out.extend_from_slice(b"[]"), used.as_ref());
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&error::encode(error));
        out.extend_from_slice(b"\n\n");
    }
}
