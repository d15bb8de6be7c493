//! Quirks of answers: what a provider's quirks change in them, done around the dialect's decoders, and only where there
//! is something to change.

use super::think::{Piece, Splitter};
use super::{DoneMarker, Quirks, ReasoningPlace};
use crate::dialect::StreamDecoder;
use crate::framing::StreamError;
use crate::model::{FinishReason, Part, PartKind, Reasoning, Response, StreamEvent, Usage};
use alloc::{boxed::Box, collections::BTreeMap, collections::BTreeSet, vec::Vec};

impl Quirks {
    /// Whether streams are read otherwise than the dialect does.
    fn changes_streams(&self) -> bool {
        self.has_think_tags() || self.stream_without_finish_reason || self.usage_excludes_reasoning
    }

    fn has_think_tags(&self) -> bool {
        self.reasoning_in.contains(&ReasoningPlace::ThinkTags)
    }

    /// Around a dialect's decoder of one stream: itself where the provider has no quirk that matters to it.
    pub fn decoder(&self, dialect: Box<dyn StreamDecoder>) -> Box<dyn StreamDecoder> {
        if !self.changes_streams() {
            return dialect;
        }
        Box::new(Decoder {
            dialect,
            said: Vec::new(),
            choices: BTreeMap::new(),
            has_think_tags: self.has_think_tags(),
            adds_reasoning: self.usage_excludes_reasoning,
            without_finish_reason: self.stream_without_finish_reason,
            ends_with_body: self.done_marker == DoneMarker::Never,
        })
    }

    /// After a dialect's decoder of a plain answer.
    pub fn adjust(&self, response: &mut Response) {
        if self.usage_excludes_reasoning
            && let Some(usage) = &mut response.usage
        {
            add_reasoning(usage);
        }
        if !self.has_think_tags() {
            return;
        }
        for choice in &mut response.choices {
            split_message(&mut choice.message.content);
        }
    }
}

/// The dialect adds reasoning that is counted separately from the answer where the total shows it. Without a total,
/// more reasoning than answer does.
fn add_reasoning(usage: &mut Usage) {
    if let (Some(output), Some(reasoning)) = (usage.output_tokens, usage.reasoning_tokens)
        && reasoning > output
    {
        usage.output_tokens = output.checked_add(reasoning);
    }
}

/// Takes the reasoning out of the text that a message begins with.
fn split_message(content: &mut Vec<Part>) {
    let Some(Part { kind: PartKind::Text(text), cache, extra }) = content.first() else { return };
    let mut splitter = Splitter::default();
    let mut parts = Vec::new();
    let mut say = |piece| {
        let kind = match piece {
            Piece::Reasoning(text) => PartKind::Reasoning(Reasoning { text, signature: None }),
            Piece::Text(text) => PartKind::Text(text),
        };
        parts.push(Part::new(kind));
    };
    splitter.push(text, &mut say);
    splitter.finish(&mut say);
    if !parts.iter().any(|part| matches!(part.kind, PartKind::Reasoning(_))) {
        return;
    }
    if let Some(last) = parts.last_mut() {
        (last.cache, last.extra) = (cache.clone(), extra.clone());
    }
    // Reasoning that came in pieces is one part.
    let mut joined: Vec<Part> = Vec::with_capacity(2);
    for part in parts {
        match (joined.last_mut().map(|last| &mut last.kind), part.kind) {
            (Some(PartKind::Reasoning(before)), PartKind::Reasoning(more)) => {
                before.text.push_str(&more.text);
            }
            (Some(PartKind::Text(before)), PartKind::Text(more)) => before.push_str(&more),
            (_, kind) => joined.push(Part { kind, cache: part.cache, extra: part.extra }),
        }
    }
    content.splice(0..1, joined);
}

struct Decoder {
    dialect: Box<dyn StreamDecoder>,
    /// What the dialect said, before it is changed.
    said: Vec<StreamEvent>,
    choices: BTreeMap<u32, Choice>,
    has_think_tags: bool,
    adds_reasoning: bool,
    without_finish_reason: bool,
    ends_with_body: bool,
}

/// One answer.
#[derive(Debug, Default)]
struct Choice {
    splitter: Splitter,
    /// The dialect's place of the text that may begin with reasoning.
    text_part: Option<u32>,
    /// The places of parts, by the dialect's place and whether it is the reasoning taken out of that: in the order they
    /// first appeared.
    places: BTreeMap<(u32, bool), u32>,
    open_calls: BTreeSet<u32>,
    called: bool,
    finished: bool,
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let mut said = core::mem::take(&mut self.said);
        let result = self.dialect.push(bytes, &mut said);
        said.drain(..).for_each(|event| self.read(event, events));
        self.said = said;
        if result.is_err() {
            self.end_texts(events);
        }
        result
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let mut said = core::mem::take(&mut self.said);
        let result = self.dialect.finish(&mut said);
        said.drain(..).for_each(|event| self.read(event, events));
        self.end_texts(events);
        let result = match result {
            Err(StreamError::Interrupted) if self.ends_with_body && !self.choices.is_empty() => Ok(()),
            result => result,
        };
        if result.is_ok() && self.without_finish_reason {
            for (index, choice) in &mut self.choices {
                choice.finish(*index, events);
            }
        }
        result
    }

    fn is_done(&self) -> bool {
        self.dialect.is_done()
    }
}

impl Decoder {
    /// Nothing follows: what was held back is said.
    fn end_texts(&mut self, events: &mut Vec<StreamEvent>) {
        for (index, choice) in &mut self.choices {
            choice.end_text(*index, events);
        }
    }

    fn read(&mut self, event: StreamEvent, events: &mut Vec<StreamEvent>) {
        let mut event = event;
        if let StreamEvent::UsageUpdate(usage) = &mut event
            && self.adds_reasoning
        {
            add_reasoning(usage);
        }
        let Some(index) = choice_of(&event) else { return events.push(event) };
        let choice = self.choices.entry(index).or_default();
        choice.follow(&event);
        if !self.has_think_tags {
            return events.push(event);
        }
        choice.read(index, event, events);
    }
}

impl Choice {
    /// Notes what has to be ended.
    fn follow(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::ToolCallStart { part, .. } => {
                self.called = true;
                self.open_calls.insert(*part);
            }
            StreamEvent::ToolCallEnd { part, .. } => _ = self.open_calls.remove(part),
            StreamEvent::Finish { .. } => self.finished = true,
            _ => {}
        }
    }

    /// The place of a part that the dialect has at `part`.
    fn place(&mut self, part: u32, taken_out: bool) -> u32 {
        let next = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        *self.places.entry((part, taken_out)).or_insert(next)
    }

    fn read(&mut self, index: u32, event: StreamEvent, events: &mut Vec<StreamEvent>) {
        let mut event = event;
        if let StreamEvent::TextDelta { part, text, .. } = &event
            && !self.splitter.is_over()
            && self.text_part.is_none_or(|known| known == *part)
        {
            self.text_part = Some(*part);
            let (part, mut pieces) = (*part, Vec::new());
            self.splitter.push(text, &mut |piece| pieces.push(piece));
            return self.say(index, part, pieces, events);
        }
        if let Some(part) = part_of(&mut event) {
            let original = *part;
            // Another part begins, or reasoning has a place of its own: the text is as it stands.
            if self.text_part != Some(original) {
                self.end_text(index, events);
            }
            let place = self.place(original, false);
            if let Some(part) = part_of(&mut event) {
                *part = place;
            }
        } else if matches!(event, StreamEvent::Finish { .. }) {
            self.end_text(index, events);
        }
        events.push(event);
    }

    fn end_text(&mut self, index: u32, events: &mut Vec<StreamEvent>) {
        if self.splitter.is_over() {
            return;
        }
        let mut pieces = Vec::new();
        self.splitter.finish(&mut |piece| pieces.push(piece));
        if let Some(part) = self.text_part {
            self.say(index, part, pieces, events);
        }
    }

    fn say(&mut self, choice: u32, part: u32, pieces: Vec<Piece>, events: &mut Vec<StreamEvent>) {
        for piece in pieces {
            events.push(match piece {
                Piece::Reasoning(text) => {
                    StreamEvent::ReasoningDelta { choice, part: self.place(part, true), text: text.into() }
                }
                Piece::Text(text) => {
                    StreamEvent::TextDelta { choice, part: self.place(part, false), text: text.into() }
                }
            });
        }
    }

    /// Says what the provider did not: that calls are whole, and why the answer ended.
    fn finish(&mut self, choice: u32, events: &mut Vec<StreamEvent>) {
        for part in core::mem::take(&mut self.open_calls) {
            let part = self.places.get(&(part, false)).copied().unwrap_or(part);
            events.push(StreamEvent::ToolCallEnd { choice, part });
        }
        if !core::mem::replace(&mut self.finished, true) {
            let reason = if self.called { FinishReason::ToolCalls } else { FinishReason::Stop };
            events.push(StreamEvent::Finish { choice, reason, stop_sequence: None });
        }
    }
}

fn choice_of(event: &StreamEvent) -> Option<u32> {
    match event {
        StreamEvent::TextDelta { choice, .. }
        | StreamEvent::ReasoningDelta { choice, .. }
        | StreamEvent::ReasoningSignature { choice, .. }
        | StreamEvent::RefusalDelta { choice, .. }
        | StreamEvent::ToolCallStart { choice, .. }
        | StreamEvent::ToolCallDelta { choice, .. }
        | StreamEvent::ToolCallEnd { choice, .. }
        | StreamEvent::Part { choice, .. }
        | StreamEvent::PartExtra { choice, .. }
        | StreamEvent::Finish { choice, .. } => Some(*choice),
        _ => None,
    }
}

fn part_of(event: &mut StreamEvent) -> Option<&mut u32> {
    match event {
        StreamEvent::TextDelta { part, .. }
        | StreamEvent::ReasoningDelta { part, .. }
        | StreamEvent::ReasoningSignature { part, .. }
        | StreamEvent::RefusalDelta { part, .. }
        | StreamEvent::ToolCallStart { part, .. }
        | StreamEvent::ToolCallDelta { part, .. }
        | StreamEvent::ToolCallEnd { part, .. }
        | StreamEvent::PartExtra { part, .. } => Some(part),
        StreamEvent::Part { index, .. } => Some(index),
        _ => None,
    }
}
