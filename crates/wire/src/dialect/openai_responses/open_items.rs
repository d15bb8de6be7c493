//! The items of one streamed answer: what was told of each, so that nothing is told twice.
//!
//! The same text comes up to four times: in deltas, at the end of the part, at the end of the item, and at the end of
//! the answer. Whatever is not told by then is told by the next of them, so that servers which leave out some of these
//! lose nothing. Items go by their index, because some servers change an item's id with every event.

use super::item::{BETWEEN, Item};
use crate::dialect::openai_responses::decode_response::of_content;
use crate::framing::StreamError;
use crate::json::{Extra, Json, Value};
use crate::model::StreamEvent;
use alloc::{boxed::Box, format, string::String, vec::Vec};

/// The most items of an answer, and the most parts of an item.
const MOST: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct OpenItems {
    pub(super) items: Vec<Open>,
    next_part: u32,
    has_calls: bool,
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) index: u64,
    pub(super) kind: Kind,
    pub(super) ended: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    Message(Vec<Content>),
    Reasoning(Reasoning),
    Call {
        part: u32,
        custom: bool,
        told: usize,
    },
    /// Told when it is complete.
    Whole {
        part: u32,
    },
}

/// One content part of a message.
#[derive(Debug)]
pub(super) struct Content {
    index: u64,
    pub(super) part: u32,
    is_refusal: bool,
    begun: bool,
    /// How much of the text was told, in bytes.
    told: usize,
    pub(super) annotations: usize,
    pub(super) has_logprobs: bool,
}

#[derive(Debug)]
pub(super) struct Reasoning {
    pub(super) part: u32,
    /// How much was told of the whole.
    pub(super) told: usize,
    pieces: Vec<Piece>,
    pub(super) signed: bool,
}

/// A summary, or a piece of the text itself.
#[derive(Debug)]
struct Piece {
    is_summary: bool,
    index: u64,
    told: usize,
}

/// Where the text stands that a delta added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextPlace {
    item: usize,
    content: usize,
    pub(super) part: u32,
}

/// Names a content part of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContentPlace {
    pub(super) output_index: Option<u64>,
    pub(super) content_index: u64,
    pub(super) is_refusal: bool,
}

/// Whether a text is more of it, or all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    More,
    Whole,
}

pub(super) type Events = Vec<StreamEvent>;

/// What of `text` was not told yet.
pub(super) fn untold<'a>(text: &'a str, extent: Extent, told: &mut usize) -> Option<&'a str> {
    let rest = match extent {
        Extent::More => text,
        Extent::Whole => text.get(*told..)?,
    };
    *told += rest.len();
    (!rest.is_empty()).then_some(rest)
}

impl OpenItems {
    /// Whether the model called a tool.
    pub(super) fn has_calls(&self) -> bool {
        self.has_calls
    }

    pub(super) fn place(&mut self) -> u32 {
        let place = self.next_part;
        self.next_part = self.next_part.saturating_add(1);
        place
    }

    /// The item at `index`; without one, the last.
    pub(super) fn position(&self, index: Option<u64>) -> Option<usize> {
        match index {
            Some(index) => self.items.iter().rposition(|item| item.index == index),
            None => self.items.len().checked_sub(1),
        }
    }

    fn open(&mut self, index: Option<u64>, kind: Kind) -> Result<usize, StreamError> {
        let position = self.items.len();
        if position >= MOST {
            return Err(StreamError::Malformed(format!("more than {MOST} items in an answer")));
        }
        let index = index.unwrap_or(position as u64);
        self.items.push(Open { index, kind, ended: false });
        Ok(position)
    }

    /// An item begins.
    pub(super) fn begin(
        &mut self,
        index: Option<u64>,
        item: Item<'_>,
        events: &mut Events,
    ) -> Result<usize, StreamError> {
        let choice = 0;
        let kind = match item {
            Item::Message { .. } => Kind::Message(Vec::new()),
            Item::Reasoning { .. } => {
                Kind::Reasoning(Reasoning { part: self.place(), told: 0, pieces: Vec::new(), signed: false })
            }
            Item::Call { call, .. } => {
                let part = self.place();
                self.has_calls = true;
                let (id, name, custom) = (call.id, call.name, call.custom);
                events.push(StreamEvent::ToolCallStart { choice, part, id, name, custom });
                Kind::Call { part, custom, told: 0 }
            }
            Item::Whole(_) => Kind::Whole { part: self.place() },
        };
        self.open(index, kind)
    }

    /// The content part at `place`, which is begun where it is new; `None` where the item is no message.
    pub(super) fn content(&mut self, place: ContentPlace) -> Result<Option<(usize, usize)>, StreamError> {
        let ContentPlace { output_index, content_index: index, is_refusal } = place;
        let position = match self.position(output_index) {
            Some(position) => position,
            // A server that does not announce its items.
            None => self.open(output_index, Kind::Message(Vec::new()))?,
        };
        let next = self.next_part;
        let Some(Open { kind: Kind::Message(contents), .. }) = self.items.get_mut(position) else {
            return Ok(None);
        };
        let known =
            contents.iter().rposition(|content| content.index == index && content.is_refusal == is_refusal);
        if let Some(known) = known {
            return Ok(Some((position, known)));
        }
        if contents.len() >= MOST {
            return Err(StreamError::Malformed(format!("more than {MOST} parts in an item")));
        }
        let (begun, told, annotations, has_logprobs) = (false, 0, 0, false);
        contents.push(Content { index, part: next, is_refusal, begun, told, annotations, has_logprobs });
        let last = contents.len() - 1;
        self.place();
        Ok(Some((position, last)))
    }

    pub(super) fn content_at(&mut self, (item, content): (usize, usize)) -> Option<&mut Content> {
        match self.items.get_mut(item) {
            Some(Open { kind: Kind::Message(contents), .. }) => contents.get_mut(content),
            _ => None,
        }
    }

    /// A message says something.
    pub(super) fn text(
        &mut self,
        place: ContentPlace,
        text: &str,
        extent: Extent,
        events: &mut Events,
    ) -> Result<Option<TextPlace>, StreamError> {
        let Some(at) = self.content(place)? else { return Ok(None) };
        let Some(content) = self.content_at(at) else { return Ok(None) };
        content.tell(text, extent, events);
        Ok(Some(TextPlace { item: at.0, content: at.1, part: content.part }))
    }

    /// As for `text`, of a place that is known, and with nothing to look for.
    pub(super) fn more_text(&mut self, place: TextPlace, text: &str, events: &mut Events) {
        if let Some(content) = self.content_at((place.item, place.content)) {
            content.tell(text, Extent::More, events);
        }
    }

    /// How probable what a message says is.
    pub(super) fn logprobs(&mut self, place: TextPlace, logprobs: Vec<Value<'_>>, events: &mut Events) {
        if let Some(content) = self.content_at((place.item, place.content)) {
            content.has_logprobs = true;
            tell_logprobs(logprobs, events);
        }
    }

    /// A message has an annotation.
    pub(super) fn annotation(
        &mut self,
        place: ContentPlace,
        annotation: Json,
        events: &mut Events,
    ) -> Result<(), StreamError> {
        let Some(at) = self.content(place)? else { return Ok(()) };
        if let Some(content) = self.content_at(at) {
            content.ensure_begun(events);
            content.annotations += 1;
            let mut extra = Extra::new();
            extra.insert("annotations", Json::written(alloc::vec![annotation]));
            events.push(StreamEvent::PartExtra { choice: 0, part: content.part, extra: Box::new(extra) });
        }
        Ok(())
    }

    /// A piece of reasoning says something.
    pub(super) fn reasoning(
        &mut self,
        output_index: Option<u64>,
        (is_summary, index): (bool, u64),
        text: &str,
        extent: Extent,
        events: &mut Events,
    ) -> Result<(), StreamError> {
        let position = match self.position(output_index) {
            Some(position) => position,
            None => {
                let part = self.place();
                let kind = Kind::Reasoning(Reasoning { part, told: 0, pieces: Vec::new(), signed: false });
                self.open(output_index, kind)?
            }
        };
        let Some(Open { kind: Kind::Reasoning(reasoning), .. }) = self.items.get_mut(position) else {
            return Ok(());
        };
        let is_it = |piece: &Piece| piece.is_summary == is_summary && piece.index == index;
        let known = reasoning.pieces.iter().rposition(is_it);
        let is_new = known.is_none();
        if is_new && text.is_empty() {
            return Ok(());
        }
        if is_new && reasoning.pieces.len() >= MOST {
            return Err(StreamError::Malformed(format!("more than {MOST} parts in an item")));
        }
        if is_new {
            reasoning.pieces.push(Piece { is_summary, index, told: 0 });
        }
        let place = known.unwrap_or(reasoning.pieces.len() - 1);
        let Some(piece) = reasoning.pieces.get_mut(place) else { return Ok(()) };
        let Some(rest) = untold(text, extent, &mut piece.told) else { return Ok(()) };
        let mut said = String::new();
        if is_new && reasoning.told > 0 {
            said.push_str(BETWEEN);
        }
        said.push_str(rest);
        reasoning.told += said.len();
        events.push(StreamEvent::ReasoningDelta { choice: 0, part: reasoning.part, text: said.into() });
        Ok(())
    }

    /// A call has arguments. Those of a call that was never announced are told with its item.
    pub(super) fn arguments(
        &mut self,
        output_index: Option<u64>,
        text: &str,
        extent: Extent,
        events: &mut Events,
    ) {
        let position = self.position(output_index);
        if let Some(Open { kind: Kind::Call { part, told, .. }, .. }) =
            position.and_then(|position| self.items.get_mut(position))
            && let Some(rest) = untold(text, extent, told)
        {
            let (choice, part, arguments) = (0, *part, rest.into());
            events.push(StreamEvent::ToolCallDelta { choice, part, arguments });
        }
    }
}

impl Content {
    pub(super) fn tell(&mut self, text: &str, extent: Extent, events: &mut Events) {
        if let Some(rest) = untold(text, extent, &mut self.told) {
            self.say(rest, events);
        }
    }

    fn say(&mut self, text: &str, events: &mut Events) {
        self.begun = true;
        let (choice, part, text) = (0, self.part, text.into());
        events.push(if self.is_refusal {
            StreamEvent::RefusalDelta { choice, part, text }
        } else {
            StreamEvent::TextDelta { choice, part, text }
        });
    }

    /// A part that says nothing is a part too.
    pub(super) fn ensure_begun(&mut self, events: &mut Events) {
        if !self.begun {
            self.say("", events);
        }
    }
}

pub(super) fn tell_logprobs(logprobs: Vec<Value<'_>>, events: &mut Events) {
    let logprobs = of_content(logprobs.into_iter().map(Value::to_json).collect());
    events.push(StreamEvent::Logprobs { choice: 0, logprobs });
}
