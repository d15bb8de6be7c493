//! Encoding of streamed Chat Completions answers, as a server.

use super::part::{stands_among_calls, write_answer_part};
use super::{decode_request::wants_usage, finish, usage};
use crate::dialect::StreamEncoder;
use crate::dialect::openai_chat::error;
use crate::json::{Extra, ObjectWriter, WriteJson, write_array};
use crate::model::{Part, PartKind, ProviderError, Request, Start, StreamEvent, Usage};
use alloc::vec::Vec;

/// Writes the body of one streamed answer.
#[derive(Debug)]
pub(super) struct Encoder {
    start: Start,
    wants_usage: bool,
    usage: Option<Usage>,
    /// The answers whose role was said.
    begun: Vec<u32>,
    /// Answer and part of each tool call, and whether it is a custom one, in the order they began.
    calls: Vec<(u32, u32, bool)>,
}

impl Encoder {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            start: Start { model: request.model.clone(), ..Start::default() },
            wants_usage: wants_usage(request),
            usage: None,
            begun: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// One frame with a whole chunk, `choices` written by `write`.
    fn chunk(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>), with_usage: Option<&Usage>) {
        out.extend_from_slice(b"data: ");
        let mut chunk = ObjectWriter::begin_with(out, &self.start.extra);
        chunk.field("id", &self.start.id).field("object", "chat.completion.chunk");
        // OpenAI's own clients need a time in each chunk.
        chunk.field("created", self.start.created.unwrap_or(0)).field("model", &self.start.model);
        chunk.with("choices", write);
        if self.wants_usage {
            chunk.with("usage", |out| match with_usage {
                Some(used) => usage::encode(out, used),
                None => out.extend_from_slice(b"null"),
            });
        }
        chunk.finish();
        out.extend_from_slice(b"\n\n");
    }

    fn choice(&mut self, out: &mut Vec<u8>, choice: u32, delta: impl FnOnce(&mut ObjectWriter<'_>)) {
        let nothing = Extra::new();
        self.choice_with(out, choice, &nothing, delta, goes_on);
    }

    fn choice_with(
        &mut self,
        out: &mut Vec<u8>,
        choice: u32,
        delta_extra: &Extra,
        delta: impl FnOnce(&mut ObjectWriter<'_>),
        write_extra: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        let first = !self.begun.contains(&choice);
        if first {
            self.begun.push(choice);
        }
        let choices = |out: &mut Vec<u8>| {
            out.push(b'[');
            // What `write_extra` writes comes before the defaults, which are then not written again.
            let mut object = ObjectWriter::begin(out);
            object.field("index", choice);
            object.object_with("delta", delta_extra, |fields| {
                if first {
                    fields.field("role", "assistant");
                }
                delta(fields);
            });
            write_extra(&mut object);
            object.finish();
            out.push(b']');
        };
        self.chunk(out, choices, None);
    }

    /// The number of a tool call among those of its answer, and whether it is a custom one.
    fn call(&self, choice: u32, part: u32) -> (usize, bool) {
        let mut of_choice = self.calls.iter().filter(|(of, ..)| *of == choice);
        of_choice
            .clone()
            .position(|(_, of, _)| *of == part)
            .map_or((0, false), |place| (place, of_choice.nth(place).is_some_and(|(.., custom)| *custom)))
    }

    fn tool_delta(
        &mut self,
        out: &mut Vec<u8>,
        (choice, part): (u32, u32),
        extra: &Extra,
        begin: Option<(&str, &str)>,
        arguments: Option<&str>,
    ) {
        let (index, custom) = self.call(choice, part);
        let (word, text) = if custom { ("custom", "input") } else { ("function", "arguments") };
        self.choice(out, choice, |delta| {
            delta.with("tool_calls", |out| {
                write_array(out, [()], |out, ()| {
                    let mut call = ObjectWriter::begin_with(out, extra);
                    call.field("index", index);
                    if let Some((id, _)) = begin {
                        call.field("id", id).field("type", word);
                    }
                    if arguments.is_some() {
                        call.object(word, |function| {
                            function.optional("name", begin.map(|(_, name)| name)).optional(text, arguments);
                        });
                    }
                    call.finish();
                });
            });
        });
    }

    fn part(&mut self, out: &mut Vec<u8>, choice: u32, part: &Part) {
        match &part.kind {
            PartKind::Text(text) => self.choice(out, choice, |delta| _ = delta.field("content", text)),
            PartKind::Refusal(text) => self.choice(out, choice, |delta| _ = delta.field("refusal", text)),
            PartKind::Reasoning(reasoning) => {
                self.choice(out, choice, |delta| _ = delta.field("reasoning_content", &reasoning.text));
            }
            PartKind::Unknown(whole) | PartKind::ProviderItem { item: whole, .. }
                if stands_among_calls(whole) =>
            {
                self.choice(out, choice, |delta| {
                    _ = delta.array("tool_calls", [whole], |out, whole| whole.write_json(out));
                });
            }
            // Content may be a list of parts, as Mistral writes it.
            _ => self.choice(out, choice, |delta| {
                _ = delta.array("content", [part], |out, part| write_answer_part(part, out));
            }),
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
                // The first chunk says the role, as OpenAI's does.
                self.choice(out, 0, |delta| _ = delta.field("content", ""));
                // What is not said again is not lost: readers keep the first chunk's fields.
                self.start.extra = Extra::new();
            }
            StreamEvent::TextDelta { choice, text, .. } => {
                self.choice(out, *choice, |delta| _ = delta.field("content", text));
            }
            StreamEvent::RefusalDelta { choice, text, .. } => {
                self.choice(out, *choice, |delta| _ = delta.field("refusal", text));
            }
            StreamEvent::ReasoningDelta { choice, text, .. } => {
                self.choice(out, *choice, |delta| _ = delta.field("reasoning_content", text));
            }
            StreamEvent::ToolCallStart { choice, part, id, name, custom } => {
                self.calls.push((*choice, *part, *custom));
                self.tool_delta(out, (*choice, *part), &nothing, Some((id, name)), Some(""));
            }
            StreamEvent::ToolCallDelta { choice, part, arguments } => {
                self.tool_delta(out, (*choice, *part), &nothing, None, Some(arguments));
            }
            StreamEvent::PartExtra { choice, part, extra } => {
                // Only tool calls have a place for more fields.
                if self.calls.iter().any(|(of, place, _)| of == choice && place == part) {
                    self.tool_delta(out, (*choice, *part), extra, None, None);
                }
            }
            StreamEvent::Part { choice, part, .. } => self.part(out, *choice, part),
            StreamEvent::MessageExtra { choice, extra } | StreamEvent::MessagePieces { choice, extra } => {
                self.choice_with(out, *choice, extra, |_| {}, goes_on);
            }
            StreamEvent::ChoiceExtra { choice, extra } => {
                self.choice_with(
                    out,
                    *choice,
                    &nothing,
                    |_| {},
                    |object| {
                        for (name, value) in extra.iter() {
                            object.field(name, value);
                        }
                        goes_on(object);
                    },
                );
            }
            StreamEvent::Logprobs { choice, logprobs } => {
                self.choice_with(
                    out,
                    *choice,
                    &nothing,
                    |_| {},
                    |object| goes_on(object.field("logprobs", logprobs)),
                );
            }
            StreamEvent::ResponseExtra(extra) => {
                let known = core::mem::replace(&mut self.start.extra, (**extra).clone());
                self.chunk(out, |out| out.extend_from_slice(b"[]"), None);
                self.start.extra = known;
            }
            StreamEvent::UsageUpdate(used) => self.usage.get_or_insert_default().update(used),
            StreamEvent::Finish { choice, reason, stop_sequence } => {
                self.choice_with(
                    out,
                    *choice,
                    &nothing,
                    |_| {},
                    |object| {
                        object
                            .nullable("logprobs", None::<&str>)
                            .field("finish_reason", finish::encode(reason));
                        object.optional("stop_reason", stop_sequence.as_ref());
                    },
                );
            }
            StreamEvent::ToolCallEnd { .. }
            | StreamEvent::ReasoningSignature { .. }
            | StreamEvent::Continued(_)
            | StreamEvent::Unknown { .. } => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.wants_usage
            && let Some(used) = self.usage.take()
        {
            self.chunk(out, |out| out.extend_from_slice(b"[]"), Some(&used));
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&error::encode(error));
        out.extend_from_slice(b"\n\n");
    }
}

/// Says that a choice has not ended. Mistral's clients demand it in each chunk.
fn goes_on(choice: &mut ObjectWriter<'_>) {
    choice.nullable("finish_reason", None::<&str>);
}
