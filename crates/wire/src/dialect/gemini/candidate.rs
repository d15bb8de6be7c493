//! Candidates of a streamed answer, decoded into events.
//!
//! Texts of one kind that follow each other are one part, except a text with a signature or other extra fields:
//! that must go back as it came, so it is a part of its own (section 5).

use super::chunk::{self, CandidateFields};
use super::part;
use super::partial_arguments::PartialArguments;
use crate::dialect::shared::{lenient, made_ids};
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{FinishReason, Part, PartKind, Reasoning, StreamEvent, ToolCall};
use alloc::{boxed::Box, string::String, vec::Vec};

const RATINGS: &str = "safetyRatings";

/// Reads one answer.
#[derive(Debug)]
pub(super) struct Candidate {
    index: u32,
    next_part: u32,
    /// The part that texts of its kind go on with.
    open: Option<(u32, TextKind)>,
    /// A call whose arguments come piece by piece.
    call: Option<(u32, PartialArguments)>,
    /// Calls that came without an id.
    unnamed: usize,
    calls_tools: bool,
    /// As of the last frame; they are emitted once, because lists are appended to.
    ratings: Option<Json>,
    reason: Option<FinishReason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextKind {
    Text,
    Thought,
}

/// A piece that said nothing but more of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct OnlyText<'a> {
    pub(super) choice: u32,
    pub(super) part: u32,
    pub(super) kind: TextKind,
    /// The text as it was written.
    pub(super) written: Value<'a>,
}

impl Candidate {
    pub(super) fn new(index: u32) -> Self {
        Self {
            index,
            next_part: 0,
            open: None,
            call: None,
            unnamed: 0,
            calls_tools: false,
            ratings: None,
            reason: None,
        }
    }

    pub(super) fn index(&self) -> u32 {
        self.index
    }

    pub(super) fn is_finished(&self) -> bool {
        self.reason.is_some()
    }

    /// Reads a piece. Where it said nothing but more of a text, that text.
    pub(super) fn read<'a>(
        &mut self,
        fields: CandidateFields<'a>,
        response_id: &str,
        limits: StreamLimits,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<OnlyText<'a>>, StreamError> {
        let CandidateFields { parts, finish, logprobs, mut extra, .. } = fields;
        let single = if let [single] = parts.as_slice() { Some(*single) } else { None };
        for value in parts {
            self.read_part(value, response_id, limits, events)?;
        }
        let only_text = single.filter(|_| finish.is_none()).and_then(|value| self.only_text(value));
        if let Some(ratings) = extra.remove(RATINGS) {
            self.ratings = Some(ratings);
        }
        let choice = self.index;
        let mut reason = None;
        if let Some(word) = finish {
            self.end_call(events);
            reason = Some(chunk::decode_finish(&word, self.calls_tools, &mut extra)?);
            if let Some(ratings) = self.ratings.take() {
                extra.insert(RATINGS, ratings);
            }
        }
        if !extra.is_empty() {
            events.push(StreamEvent::ChoiceExtra { choice, extra: Box::new(extra) });
        }
        if let Some(logprobs) = logprobs {
            events.push(StreamEvent::Logprobs { choice, logprobs });
        }
        // Some models gave their reason with every frame.
        if let Some(reason) = reason.filter(|reason| self.reason.as_ref() != Some(reason)) {
            self.reason = Some(reason.clone());
            events.push(StreamEvent::Finish { choice, reason, stop_sequence: None });
        }
        Ok(only_text)
    }

    fn only_text<'a>(&self, value: Value<'a>) -> Option<OnlyText<'a>> {
        let (part, kind) = self.open?;
        let written = value.object()?.get("text")?;
        Some(OnlyText { choice: self.index, part, kind, written })
    }

    fn read_part(
        &mut self,
        value: Value<'_>,
        response_id: &str,
        limits: StreamLimits,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        if let Some(fields) = lenient::object(value)
            && let Some(call) = fields.get("functionCall").and_then(lenient::object)
            && is_piece(&call)
        {
            return self.read_call_piece(fields, call, response_id, limits, events);
        }
        let Part { kind, extra, .. } = part::decode(value);
        let choice = self.index;
        match kind {
            PartKind::Text(text) if extra.is_empty() => {
                if !text.is_empty() {
                    let (part, _) = self.text_part(TextKind::Text);
                    events.push(StreamEvent::TextDelta { choice, part, text: text.into() });
                }
            }
            PartKind::Text(text) => {
                let part = self.new_part();
                if !text.is_empty() {
                    events.push(StreamEvent::TextDelta { choice, part, text: text.into() });
                }
                events.push(StreamEvent::PartExtra { choice, part, extra: Box::new(extra) });
            }
            PartKind::Reasoning(thought) => self.read_thought(thought, extra, events),
            PartKind::ToolCall(call) => {
                self.end_call(events);
                let arguments = call.arguments.clone();
                let part = self.begin_call(call, response_id, events);
                if arguments != "{}" {
                    events.push(StreamEvent::ToolCallDelta { choice, part, arguments: arguments.into() });
                }
                events.push(StreamEvent::ToolCallEnd { choice, part });
                if !extra.is_empty() {
                    events.push(StreamEvent::PartExtra { choice, part, extra: Box::new(extra) });
                }
            }
            kind => {
                let index = self.new_part();
                let whole = Box::new(Part { kind, cache: None, extra });
                events.push(StreamEvent::Part { choice, index, part: whole });
            }
        }
        Ok(())
    }

    fn read_thought(&mut self, thought: Reasoning, extra: Extra, events: &mut Vec<StreamEvent>) {
        let Reasoning { text, signature } = thought;
        if text.is_empty() && signature.is_none() && extra.is_empty() {
            return;
        }
        let choice = self.index;
        let (part, is_new) = self.text_part(TextKind::Thought);
        if signature.is_some() || !extra.is_empty() {
            self.open = None;
        }
        if !text.is_empty() || is_new && signature.is_none() {
            events.push(StreamEvent::ReasoningDelta { choice, part, text: text.into() });
        }
        if let Some(signature) = signature {
            events.push(StreamEvent::ReasoningSignature { choice, part, signature });
        }
        if !extra.is_empty() {
            events.push(StreamEvent::PartExtra { choice, part, extra: Box::new(extra) });
        }
    }

    /// A call that comes piece by piece: its name, then its arguments, then nothing (section 4).
    fn read_call_piece(
        &mut self,
        mut fields: Fields<'_>,
        mut call: Fields<'_>,
        response_id: &str,
        limits: StreamLimits,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let goes_on = call.get("willContinue").and_then(Value::bool) == Some(true);
        if let Some(name) = lenient::take(&mut call, "name").filter(|name| !name.is_empty()) {
            self.end_call(events);
            let id = lenient::take(&mut call, "id").unwrap_or_default();
            let begun = ToolCall { id, name, arguments: String::new(), custom: false };
            let part = self.begin_call(begun, response_id, events);
            self.call = Some((part, PartialArguments::default()));
        }
        let Some((part, arguments)) = &mut self.call else { return Ok(()) };
        for piece in call.take_array("partialArgs").unwrap_or_default() {
            arguments.add(piece, limits.event_bytes)?;
        }
        fields.take("functionCall");
        if !fields.is_empty() {
            let extra = Box::new(fields.rest());
            events.push(StreamEvent::PartExtra { choice: self.index, part: *part, extra });
        }
        if !goes_on {
            self.end_call(events);
        }
        Ok(())
    }

    fn begin_call(&mut self, call: ToolCall, response_id: &str, events: &mut Vec<StreamEvent>) -> u32 {
        let ToolCall { mut id, name, custom, .. } = call;
        let (choice, part) = (self.index, self.new_part());
        self.calls_tools = true;
        if id.is_empty() {
            id = made_ids::make(response_id, choice, self.unnamed);
            self.unnamed += 1;
        }
        events.push(StreamEvent::ToolCallStart { choice, part, id, name, custom });
        part
    }

    fn end_call(&mut self, events: &mut Vec<StreamEvent>) {
        let choice = self.index;
        if let Some((part, arguments)) = self.call.take() {
            let arguments = arguments.text();
            if arguments != "{}" {
                events.push(StreamEvent::ToolCallDelta { choice, part, arguments: arguments.into() });
            }
            events.push(StreamEvent::ToolCallEnd { choice, part });
        }
    }

    /// The place of a part that nothing goes on with.
    fn new_part(&mut self) -> u32 {
        self.open = None;
        let part = self.next_part;
        self.next_part = part.saturating_add(1);
        part
    }

    /// The place where a text of this kind goes on, and whether it is a new one.
    fn text_part(&mut self, kind: TextKind) -> (u32, bool) {
        match self.open {
            Some((part, open)) if open == kind => (part, false),
            _ => {
                let part = self.new_part();
                self.open = Some((part, kind));
                (part, true)
            }
        }
    }
}

/// Whether a call comes piece by piece. A whole one has its arguments, or none and no more to come.
fn is_piece(call: &Fields<'_>) -> bool {
    if call.get("args").is_some_and(|arguments| !arguments.is_null()) {
        return false;
    }
    let has_name = call.get("name").map(lenient::any).is_some_and(|name| !name.is_empty());
    !has_name
        || call.get("partialArgs").is_some()
        || call.get("willContinue").and_then(Value::bool) == Some(true)
}
