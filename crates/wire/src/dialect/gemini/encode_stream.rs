//! Encoding of streamed generateContent answers, as a server.
//!
//! Calls are written whole, and wait for what may follow them: a signature is a sibling of the call. The usage is known
//! last, so the reasons why the answers ended wait for [`StreamEncoder::finish`] and go out together with it.

use super::{encode_response, error, finish, usage};
use crate::dialect::StreamEncoder;
use crate::dialect::gemini::encode_response::{encode_head, encode_parts};
use crate::dialect::shared::nested;
use crate::json::{Extra, Json, ObjectWriter, write_array};
use crate::model::{
    FinishReason, GrowingFields, Part, PartKind, ProviderError, Reasoning, Request, Start, StreamEvent,
    ToolCall, Usage,
};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// Writes one streamed answer.
#[derive(Debug)]
pub(super) struct Encoder {
    start: Start,
    /// Further fields of the answer, not yet written.
    extra: Extra,
    usage: Option<Usage>,
    /// Calls that are not complete, or wait for their extra fields.
    calls: Vec<Call>,
    choices: Vec<Choice>,
}

#[derive(Debug)]
struct Call {
    choice: u32,
    place: u32,
    part: Part,
    is_complete: bool,
}

/// What is written at an answer's end.
#[derive(Debug, Default)]
struct Choice {
    index: u32,
    extra: GrowingFields,
    logprobs: Option<Logprobs>,
    reason: Option<FinishReason>,
}

#[derive(Debug)]
enum Logprobs {
    Lists(GrowingFields),
    One(Json),
}

impl Encoder {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            start: Start { model: request.model.clone(), ..Start::default() },
            extra: Extra::new(),
            usage: None,
            calls: Vec::new(),
            choices: Vec::new(),
        }
    }

    fn choice(&mut self, index: u32) -> &mut Choice {
        let place = match self.choices.binary_search_by_key(&index, |choice| choice.index) {
            Ok(place) => place,
            Err(place) => {
                self.choices.insert(place, Choice { index, ..Choice::default() });
                place
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the place was just found or filled")]
        &mut self.choices[place]
    }

    fn chunk(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
        // What is not said again is not lost: readers keep it.
        let extra = core::mem::take(&mut self.extra);
        let mut data = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut data, &extra);
        write(&mut body);
        encode_head(&self.start.id, &self.start.model, self.start.created, &mut body);
        body.finish();
        write_frame(&data, out);
    }

    fn part(&mut self, choice: u32, part: &Part, out: &mut Vec<u8>) {
        self.chunk(out, |body| {
            body.array("candidates", [part], |out, part| {
                let mut candidate = ObjectWriter::begin(out);
                candidate.object("content", |content| {
                    content.with("parts", |out| encode_parts([part], out)).field("role", "model");
                });
                candidate.field("index", choice);
                candidate.finish();
            });
        });
    }

    /// Writes the calls that are complete, but for the one that `stays`.
    fn flush_calls(&mut self, stays: Option<(u32, u32)>, out: &mut Vec<u8>) {
        let is_due = |call: &Call| call.is_complete && stays != Some((call.choice, call.place));
        while let Some(position) = self.calls.iter().position(is_due) {
            let call = self.calls.remove(position);
            self.part(call.choice, &call.part, out);
        }
    }

    fn call(&mut self, choice: u32, place: u32) -> Option<&mut Call> {
        self.calls.iter_mut().rfind(|call| call.choice == choice && call.place == place)
    }

    fn write(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start(start) => {
                let asked = core::mem::take(&mut self.start.model);
                self.start = (**start).clone();
                self.extra = core::mem::take(&mut self.start.extra);
                if self.start.model.is_empty() {
                    self.start.model = asked;
                }
            }
            StreamEvent::TextDelta { choice, text, .. } | StreamEvent::RefusalDelta { choice, text, .. } => {
                self.part(*choice, &Part::text(text.clone()), out);
            }
            StreamEvent::ReasoningDelta { choice, text, .. } => {
                self.thought(*choice, text, None, out);
            }
            StreamEvent::ReasoningSignature { choice, signature, .. } => {
                self.thought(*choice, "", Some(signature.clone()), out);
            }
            StreamEvent::ToolCallStart { choice, part, id, name, .. } => {
                let (id, name, arguments) = (id.clone(), name.clone(), String::new());
                let part_kind = PartKind::ToolCall(ToolCall { id, name, arguments, custom: false });
                self.calls.push(Call {
                    choice: *choice,
                    place: *part,
                    part: Part::new(part_kind),
                    is_complete: false,
                });
            }
            StreamEvent::ToolCallDelta { choice, part, arguments } => {
                // A call whose start was never received cannot be written: it would have no name.
                if let Some(Call { part: Part { kind: PartKind::ToolCall(call), .. }, .. }) =
                    self.call(*choice, *part)
                {
                    call.arguments.push_str(arguments);
                }
            }
            StreamEvent::ToolCallEnd { choice, part } => {
                if let Some(call) = self.call(*choice, *part) {
                    call.is_complete = true;
                }
            }
            StreamEvent::Part { choice, part, .. } => self.part(*choice, part, out),
            StreamEvent::PartExtra { choice, part, extra } => self.part_extra(*choice, *part, extra, out),
            StreamEvent::MessageExtra { choice, extra } | StreamEvent::ChoiceExtra { choice, extra } => {
                self.choice(*choice).extra.combine(extra);
            }
            StreamEvent::MessagePieces { choice, extra } => self.choice(*choice).extra.join(extra),
            StreamEvent::ResponseExtra(extra) => {
                for (name, value) in extra.iter() {
                    self.extra.insert(name, value.clone());
                }
            }
            StreamEvent::Logprobs { choice, logprobs } => self.choice(*choice).add_logprobs(logprobs),
            StreamEvent::UsageUpdate(usage) => self.usage.get_or_insert_default().update(usage),
            StreamEvent::Finish { choice, reason, .. } => {
                self.choice(*choice).reason = Some(reason.clone());
            }
            // A server that goes on with somebody else's answer says it in its own way.
            StreamEvent::Continued(_) => {}
            StreamEvent::Unknown { data, .. } => write_frame(data.text().as_bytes(), out),
        }
    }

    fn thought(&mut self, choice: u32, text: &str, signature: Option<String>, out: &mut Vec<u8>) {
        let thought = PartKind::Reasoning(Reasoning { text: text.to_owned(), signature });
        self.part(choice, &Part::new(thought), out);
    }

    /// Extra fields of a part: with a call that waits for them, else with an empty text, as the API itself writes it.
    fn part_extra(&mut self, choice: u32, place: u32, extra: &Extra, out: &mut Vec<u8>) {
        if let Some(call) = self.call(choice, place) {
            for (name, value) in extra.iter() {
                call.part.extra.insert(name, value.clone());
            }
            return;
        }
        self.part(choice, &Part { extra: extra.clone(), ..Part::text("") }, out);
    }
}

impl Choice {
    fn add_logprobs(&mut self, more: &Json) {
        match (&mut self.logprobs, encode_response::object_fields(more)) {
            (Some(Logprobs::Lists(lists)), Some(more)) => lists.combine(&more),
            (known, Some(more)) => *known = Some(Logprobs::Lists(more.into())),
            (known, None) => *known = Some(Logprobs::One(more.clone())),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let mut extra = self.extra.fields();
        let content = nested::take(&mut extra, "content");
        let mut candidate = ObjectWriter::begin_with(out, &extra);
        if !content.is_empty() {
            candidate.object_with("content", &content, |_| {});
        }
        candidate.optional("finishReason", self.reason.as_ref().map(finish::encode));
        candidate.field("index", self.index);
        candidate.optional(
            "logprobsResult",
            self.logprobs.as_ref().map(|logprobs| match logprobs {
                Logprobs::Lists(lists) => Json::object(&lists.fields(), |_| {}),
                Logprobs::One(one) => one.clone(),
            }),
        );
        candidate.finish();
    }
}

impl StreamEncoder for Encoder {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        let stays = match event {
            StreamEvent::PartExtra { choice, part, .. } | StreamEvent::ToolCallEnd { choice, part } => {
                Some((*choice, *part))
            }
            _ => None,
        };
        self.flush_calls(stays, out);
        self.write(event, out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        for call in &mut self.calls {
            call.is_complete = true;
        }
        self.flush_calls(None, out);
        let choices = core::mem::take(&mut self.choices);
        let usage = self.usage.take();
        self.chunk(out, |body| {
            body.with("candidates", |out| write_array(out, &choices, |out, choice| choice.encode(out)));
            if let Some(usage) = &usage {
                usage::encode(usage, body);
            }
        });
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        self.flush_calls(None, out);
        // Without `data:`, as the API itself breaks off (section 4).
        out.extend_from_slice(&error::encode(error));
        out.extend_from_slice(END_OF_FRAME);
    }
}

/// Google ends its lines as HTTP does.
const END_OF_FRAME: &[u8] = b"\r\n\r\n";

/// Appends a frame. JSON has line ends between its tokens only, where a space says the same.
fn write_frame(data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    out.extend(data.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    out.extend_from_slice(END_OF_FRAME);
}
