//! Choices of a streamed answer: their deltas, decoded into events.

use super::calls::OpenCalls;
use super::finish;
use super::message::check_answer_fields;
use super::part::{decode_answer_part, is_part};
use super::parts::Parts;
use super::reasoning::{self, DETAILS};
use crate::dialect::shared::{finish as ends, lenient};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Value};
use crate::model::{FinishReason, Part, PartKind, Reasoning, StreamEvent};
use alloc::{boxed::Box, string::String, vec::Vec};

/// Fields whose values a stream sends in pieces: reasoning to be echoed, and audio.
const IN_PIECES: [&str; 2] = [DETAILS, "audio"];

/// Reads the deltas of one answer.
#[derive(Debug)]
pub(super) struct ChoiceReader {
    index: u32,
    parts: Parts,
    calls: OpenCalls,
    /// Whether calls came as tool calls, and not in the form before there were tools.
    has_tool_calls: bool,
    /// Whether the reasoning came as plain text, so that the details only repeat it.
    plain_reasoning: bool,
    /// A signature ended the reasoning part; more reasoning is another one.
    signed: bool,
    finish: Option<FinishReason>,
    stop_sequence: Option<String>,
    /// The unknown fields of the message so far, as they were last.
    message_extra: Extra,
    /// The unknown fields of the message so far.
    extra: Extra,
}

impl ChoiceReader {
    pub(super) fn new(index: u32) -> Self {
        Self {
            index,
            parts: Parts::default(),
            calls: OpenCalls::default(),
            has_tool_calls: false,
            plain_reasoning: false,
            signed: false,
            finish: None,
            stop_sequence: None,
            message_extra: Extra::new(),
            extra: Extra::new(),
        }
    }

    pub(super) fn index(&self) -> u32 {
        self.index
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Reads what a chunk says of this answer. Where there was text and nothing else to remember, the text's part and
    /// the text.
    pub(super) fn read<'a>(
        &mut self,
        mut fields: Fields<'a>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<(u32, Value<'a>)>, StreamError> {
        let mut said = fields.take("delta");
        // Nothing but the end, beside which some gateways write the whole message.
        let is_end = |said: Value<'_>| said.text() == "{}" && fields.get("finish_reason").is_some();
        if said.is_none_or(is_end) && self.says_nothing_yet() {
            // Some servers write what plain answers or Completions have in its place.
            said = ["message", "text"].iter().find_map(|name| fields.take(name)).or(said);
        }
        if said.is_some() {
            // Perplexity repeats the whole message with each delta; Together repeats the text with its number.
            // vLLM's numbers of the tokens are of no use without the whole list, which plain answers have.
            for repeated in ["message", "text", "token_id", "token_ids"] {
                fields.take(repeated);
            }
        }
        // Read by the chunk.
        fields.take("usage");
        let reason = lenient::take(&mut fields, "finish_reason").filter(|reason| !reason.is_empty());
        if let Some(stop_sequence) = fields.take_string("stop_reason") {
            self.stop_sequence = Some(stop_sequence);
        }
        let logprobs = fields.take_json("logprobs");
        let text = match said.map(|said| (said, lenient::object(said))) {
            None => None,
            Some((_, Some(delta))) => self.read_delta(delta, events)?,
            Some((said, None)) => {
                self.add_text(lenient::any(said), events);
                None
            }
        };
        let choice = self.index;
        if let Some(extra) = news(&mut self.extra, &fields) {
            events.push(StreamEvent::ChoiceExtra { choice, extra });
        }
        if let Some(logprobs) = logprobs {
            events.push(StreamEvent::Logprobs { choice: self.index, logprobs });
        }
        if let Some(reason) = reason {
            self.read_finish(reason, events)?;
        }
        Ok(text)
    }

    fn says_nothing_yet(&self) -> bool {
        self.parts.is_empty() && !self.calls.has_calls()
    }

    fn read_delta<'a>(
        &mut self,
        mut delta: Fields<'a>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<(u32, Value<'a>)>, StreamError> {
        delta.take("role");
        // Together's number of the token.
        delta.take("token_id");
        self.read_reasoning(&mut delta, events);
        self.read_pieces(&mut delta, events);
        let text = delta.take("content").and_then(|content| self.read_content(content, events));
        let refusal = lenient::take_known(&mut delta, "refusal").filter(|refusal| !refusal.is_empty());
        if let Some(refusal) = refusal {
            let part = self.part_begins(events).refusal();
            events.push(StreamEvent::RefusalDelta { choice: self.index, part, text: refusal.into() });
        }
        // Of a call without a name the arguments are remembered before any event announces it.
        let mut has_call = false;
        if delta.get("tool_calls").is_some_and(|calls| calls.is_array() || calls.is_object()) {
            for call in lenient::take_items(&mut delta, "tool_calls").unwrap_or_default() {
                has_call |= self.calls.read(self.index, call, &mut self.parts, events);
                self.calls.check_count()?;
            }
            self.has_tool_calls |= has_call;
        }
        if delta.get("function_call").is_some_and(Value::is_object)
            && let Some(function) = delta.take("function_call")
            // Some servers write a call in both forms.
            && !self.has_tool_calls
        {
            has_call = true;
            self.calls.read_legacy(self.index, function, &mut self.parts, events);
            self.calls.check_count()?;
        }
        check_answer_fields("choices[].delta", &delta)?;
        let choice = self.index;
        if let Some(extra) = news(&mut self.message_extra, &delta) {
            events.push(StreamEvent::MessageExtra { choice, extra });
        }
        Ok(text.filter(|_| !has_call))
    }

    fn read_pieces(&mut self, delta: &mut Fields<'_>, events: &mut Vec<StreamEvent>) {
        let mut pieces = Extra::new();
        for name in IN_PIECES {
            if let Some(value) = delta.take(name).filter(|value| is_something(*value)) {
                pieces.insert(name, value.to_json());
            }
        }
        if !pieces.is_empty() {
            events.push(StreamEvent::MessagePieces { choice: self.index, extra: Box::new(pieces) });
        }
    }

    fn read_reasoning(&mut self, delta: &mut Fields<'_>, events: &mut Vec<StreamEvent>) {
        let plain = reasoning::take_text(delta);
        self.plain_reasoning |= plain.is_some();
        if let Some(text) = plain {
            self.add_reasoning(text, events);
        }
        for Reasoning { text, signature } in reasoning::details(delta.get(DETAILS)) {
            if !self.plain_reasoning && !text.is_empty() {
                self.add_reasoning(text, events);
            }
            if let Some(signature) = signature {
                self.add_signature(signature, events);
            }
        }
    }

    /// Where the part is that begins or grows now.
    fn part_begins(&mut self, events: &mut Vec<StreamEvent>) -> &mut Parts {
        self.calls.part_begins(self.index, events);
        &mut self.parts
    }

    fn add_reasoning(&mut self, text: String, events: &mut Vec<StreamEvent>) {
        if core::mem::take(&mut self.signed) {
            self.parts.reasoning = None;
        }
        let part = self.part_begins(events).reasoning();
        events.push(StreamEvent::ReasoningDelta { choice: self.index, part, text: text.into() });
    }

    fn add_signature(&mut self, signature: String, events: &mut Vec<StreamEvent>) {
        let part = self.part_begins(events).reasoning();
        self.signed = true;
        events.push(StreamEvent::ReasoningSignature { choice: self.index, part, signature });
    }

    /// Content is a string, or (Mistral) a list of parts.
    fn read_content<'a>(
        &mut self,
        content: Value<'a>,
        events: &mut Vec<StreamEvent>,
    ) -> Option<(u32, Value<'a>)> {
        if let Some(text) = content.string() {
            return self.add_text(text, events).map(|part| (part, content));
        }
        let values = if is_part(content) { Some(alloc::vec![content]) } else { content.array() };
        let Some(values) = values else {
            self.add_text(lenient::any(content), events);
            return None;
        };
        for value in values {
            let part = decode_answer_part(value);
            match part.kind {
                PartKind::Text(text) => _ = self.add_text(text, events),
                PartKind::Reasoning(Reasoning { text, signature }) => {
                    if !text.is_empty() {
                        self.add_reasoning(text, events);
                    }
                    if let Some(signature) = signature {
                        self.add_signature(signature, events);
                    }
                }
                kind => {
                    let parts = self.part_begins(events);
                    let index = parts.begin();
                    // What is said after it does not belong to what was said before.
                    parts.text = None;
                    let part = Box::new(Part { kind, ..part });
                    events.push(StreamEvent::Part { choice: self.index, index, part });
                }
            }
        }
        None
    }

    fn add_text(&mut self, text: String, events: &mut Vec<StreamEvent>) -> Option<u32> {
        if text.is_empty() {
            return None;
        }
        let part = self.part_begins(events).text();
        events.push(StreamEvent::TextDelta { choice: self.index, part, text: text.into() });
        Some(part)
    }

    fn read_finish(&mut self, reason: String, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        ends::check(&reason)?;
        let reason = finish::decode(reason, self.stop_sequence.as_deref());
        let reason = ends::with_calls(reason, self.calls.has_calls());
        if self.finish.as_ref() == Some(&reason) {
            return Ok(());
        }
        self.end(events);
        self.finish = Some(reason.clone());
        let stop_sequence = self.stop_sequence.clone();
        events.push(StreamEvent::Finish { choice: self.index, reason, stop_sequence });
        Ok(())
    }

    /// Ends what is open.
    pub(super) fn end(&mut self, events: &mut Vec<StreamEvent>) {
        self.calls.end(self.index, &mut self.parts, events);
    }
}

/// The unknown fields that are new, or say something else than before. A list is always new: it is more of a list.
fn news(known: &mut Extra, fields: &Fields<'_>) -> Option<Box<Extra>> {
    let mut news = Extra::new();
    for (name, value) in fields.iter().filter(|(_, value)| is_something(*value)) {
        let is_known = known.get(name).is_some_and(|known| known.text() == value.text());
        if !is_known || value.is_array() {
            news.insert(name, value.to_json());
        }
        if !is_known && !value.is_array() {
            known.insert(name, value.to_json());
        }
    }
    (!news.is_empty()).then(|| Box::new(news))
}

/// Nothing is said by a null or an empty list.
fn is_something(value: Value<'_>) -> bool {
    !value.is_null() && !value.array().is_some_and(|items| items.is_empty())
}
