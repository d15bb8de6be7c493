//! Open items of a streamed answer: what was emitted of each, so that nothing is emitted twice.
//!
//! The same text comes up to four times: in deltas, at the end of the part, at the end of the item, and at the end of
//! the answer. Whatever was not emitted by then is emitted by the next of them, so that servers which leave out some of
//! these lose nothing. Items go by their index, because some servers change an item's id with every event; where there
//! is none (llama.cpp), by their id. Texts go by their index too, unless what they say shows that a server counts
//! otherwise.

use super::emitted::{Emitted, Extent};
use super::item::{BETWEEN, Item};
use crate::dialect::openai_responses::decode_response::of_content;
use crate::framing::StreamError;
use crate::json::{Extra, Json, Value};
use crate::model::StreamEvent;
use alloc::{boxed::Box, format, string::String, vec::Vec};

/// The most items of an answer, and the most parts of an item.
const MAX_ITEMS: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct OpenItems {
    pub(super) items: Vec<Open>,
    next_part: u32,
    has_calls: bool,
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) index: u64,
    /// What events call it by that have no index.
    pub(super) ids: Vec<String>,
    pub(super) kind: Kind,
    pub(super) ended: bool,
}

impl Open {
    /// Takes it out of the way of another item that has its place.
    pub(super) fn retire(&mut self) {
        self.index = u64::MAX;
        self.ids.clear();
        self.ended = true;
    }
}

#[derive(Debug)]
pub(super) enum Kind {
    Message(Vec<Content>),
    Reasoning(Reasoning),
    Call {
        part: u32,
        custom: bool,
        emitted: Emitted,
        /// What it began with, which counts where no deltas follow.
        first: Option<String>,
    },
    /// Emitted when it is complete.
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
    /// What was emitted of the text.
    emitted: Emitted,
    /// Whether all of it was emitted.
    is_whole: bool,
    pub(super) annotations: usize,
    pub(super) has_logprobs: bool,
}

#[derive(Debug)]
pub(super) struct Reasoning {
    pub(super) part: u32,
    /// What was emitted of the whole.
    pub(super) emitted: Emitted,
    pieces: Vec<Piece>,
    pub(super) signed: bool,
}

/// A summary, or a piece of the text itself.
#[derive(Debug)]
struct Piece {
    is_summary: bool,
    index: u64,
    emitted: Emitted,
}

/// Where the text stands that a delta added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextPlace {
    item: usize,
    content: usize,
    pub(super) part: u32,
}

/// Names an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct ItemKey<'a> {
    pub(super) index: Option<u64>,
    /// Counts where there is no index; empty where there is none either.
    pub(super) id: &'a str,
}

/// Names a content part of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContentPlace<'a> {
    pub(super) item: ItemKey<'a>,
    pub(super) content_index: u64,
    pub(super) is_refusal: bool,
}

pub(super) type Events = Vec<StreamEvent>;

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

    /// The item that has this index, else this id; without either, the last.
    pub(super) fn position(&self, key: ItemKey<'_>) -> Option<usize> {
        if let Some(index) = key.index {
            return self.items.iter().rposition(|item| item.index == index);
        }
        self.with_id(key.id).or_else(|| self.items.len().checked_sub(1))
    }

    /// The item of which events speak by this id; `None` where several have it.
    pub(super) fn with_id(&self, id: &str) -> Option<usize> {
        let has_id = |item: &Open| item.ids.iter().any(|known| known == id);
        let position = self.items.iter().position(has_id)?;
        (self.items.iter().rposition(has_id) == Some(position)).then_some(position)
    }

    /// The item that a message's text, or reasoning, is of: without an index and with an id that nobody knows, the last
    /// one that may have it.
    fn position_of(&self, key: ItemKey<'_>, is_kind: fn(&Kind) -> bool) -> Option<usize> {
        if key.index.is_some() || self.with_id(key.id).is_some() {
            return self.position(key);
        }
        let last = self.items.iter().rposition(|item| is_kind(&item.kind) && !item.ended);
        last.or_else(|| self.position(key))
    }

    fn open(&mut self, index: Option<u64>, ids: &[String], kind: Kind) -> Result<usize, StreamError> {
        let position = self.items.len();
        if position >= MAX_ITEMS {
            return Err(StreamError::Malformed(format!("more than {MAX_ITEMS} items in an answer")));
        }
        let index = index.unwrap_or(position as u64);
        self.items.push(Open { index, ids: ids.to_vec(), kind, ended: false });
        Ok(position)
    }

    /// An item begins.
    pub(super) fn begin(
        &mut self,
        index: Option<u64>,
        ids: &[String],
        item: Item<'_>,
        events: &mut Events,
    ) -> Result<usize, StreamError> {
        let choice = 0;
        let kind = match item {
            Item::Message { .. } => Kind::Message(Vec::new()),
            Item::Reasoning { .. } => Kind::Reasoning(Reasoning {
                part: self.place(),
                emitted: Emitted::default(),
                pieces: Vec::new(),
                signed: false,
            }),
            Item::Call { call, .. } => {
                let part = self.place();
                self.has_calls = true;
                let (id, name, custom) = (call.id, call.name, call.custom);
                events.push(StreamEvent::ToolCallStart { choice, part, id, name, custom });
                Kind::Call { part, custom, emitted: Emitted::default(), first: None }
            }
            Item::Whole(_) => Kind::Whole { part: self.place() },
        };
        self.open(index, ids, kind)
    }

    /// The content part at `place`, which is begun where it is new; `None` where the item is not a message. `whole` is
    /// all of its text, where that is known.
    pub(super) fn content(
        &mut self,
        place: ContentPlace<'_>,
        whole: Option<&str>,
    ) -> Result<Option<(usize, usize)>, StreamError> {
        let ContentPlace { item, content_index: index, is_refusal } = place;
        let position = match self.position_of(item, |kind| matches!(kind, Kind::Message(_))) {
            Some(position) => position,
            // A server that does not announce its items.
            None => self.open(item.index, &[], Kind::Message(Vec::new()))?,
        };
        let next = self.next_part;
        let Some(Open { kind: Kind::Message(contents), .. }) = self.items.get_mut(position) else {
            return Ok(None);
        };
        let known =
            contents.iter().rposition(|content| content.index == index && content.is_refusal == is_refusal);
        // A text that begins with what was emitted of another one is the same, whatever its number.
        let is_it = |content: &Content| whole.is_some_and(|whole| content.may_become(whole));
        let same = || contents.iter().rposition(|content| content.is_refusal == is_refusal && is_it(content));
        let exact = known.filter(|known| whole.is_none() || contents.get(*known).is_some_and(is_it));
        if let Some(known) = exact.or_else(same).or(known) {
            return Ok(Some((position, known)));
        }
        if contents.len() >= MAX_ITEMS {
            return Err(StreamError::Malformed(format!("more than {MAX_ITEMS} parts in an item")));
        }
        let (begun, is_whole, annotations, has_logprobs) = (false, false, 0, false);
        let emitted = Emitted::default();
        contents.push(Content {
            index,
            part: next,
            is_refusal,
            begun,
            emitted,
            is_whole,
            annotations,
            has_logprobs,
        });
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
        place: ContentPlace<'_>,
        text: &str,
        extent: Extent,
        events: &mut Events,
    ) -> Result<Option<TextPlace>, StreamError> {
        let whole = Some(text).filter(|text| extent == Extent::Whole && !text.is_empty());
        let Some(at) = self.content(place, whole)? else { return Ok(None) };
        let Some(content) = self.content_at(at) else { return Ok(None) };
        content.emit(text, extent, events);
        Ok(Some(TextPlace { item: at.0, content: at.1, part: content.part }))
    }

    /// As for `text`, of a place that is known, and with nothing to look for.
    pub(super) fn more_text(&mut self, place: TextPlace, text: &str, events: &mut Events) {
        if let Some(content) = self.content_at((place.item, place.content)) {
            content.emit(text, Extent::More, events);
        }
    }

    /// How probable what a message says is.
    pub(super) fn logprobs(&mut self, place: TextPlace, logprobs: Vec<Value<'_>>, events: &mut Events) {
        if let Some(content) = self.content_at((place.item, place.content)) {
            content.has_logprobs = true;
            emit_logprobs(logprobs, events);
        }
    }

    /// A message has an annotation.
    pub(super) fn annotation(
        &mut self,
        place: ContentPlace<'_>,
        annotation: Json,
        events: &mut Events,
    ) -> Result<(), StreamError> {
        let Some(at) = self.content(place, None)? else { return Ok(()) };
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
        item: ItemKey<'_>,
        (is_summary, index): (bool, u64),
        text: &str,
        extent: Extent,
        events: &mut Events,
    ) -> Result<(), StreamError> {
        let position = match self.position_of(item, |kind| matches!(kind, Kind::Reasoning(_))) {
            Some(position) => position,
            None => {
                let part = self.place();
                let kind = Kind::Reasoning(Reasoning {
                    part,
                    emitted: Emitted::default(),
                    pieces: Vec::new(),
                    signed: false,
                });
                self.open(item.index, &[], kind)?
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
        if is_new && reasoning.pieces.len() >= MAX_ITEMS {
            return Err(StreamError::Malformed(format!("more than {MAX_ITEMS} parts in an item")));
        }
        if is_new {
            reasoning.pieces.push(Piece { is_summary, index, emitted: Emitted::default() });
        }
        let place = known.unwrap_or(reasoning.pieces.len() - 1);
        let Some(piece) = reasoning.pieces.get_mut(place) else { return Ok(()) };
        let Some(rest) = piece.emitted.take_new(text, extent) else { return Ok(()) };
        let mut said = String::new();
        if is_new && !reasoning.emitted.is_nothing() {
            said.push_str(BETWEEN);
        }
        said.push_str(rest);
        reasoning.emitted.add(&said);
        events.push(StreamEvent::ReasoningDelta { choice: 0, part: reasoning.part, text: said.into() });
        Ok(())
    }

    /// A call has arguments. Those of a call that was never announced are emitted with its item.
    pub(super) fn arguments(&mut self, item: ItemKey<'_>, text: &str, extent: Extent, events: &mut Events) {
        let position = self.position_of(item, |kind| matches!(kind, Kind::Call { .. }));
        if let Some(Open { kind: Kind::Call { part, emitted, first, .. }, .. }) =
            position.and_then(|position| self.items.get_mut(position))
            && let Some(rest) = emitted.take_new(text, extent)
        {
            *first = None;
            let (choice, part, arguments) = (0, *part, rest.into());
            events.push(StreamEvent::ToolCallDelta { choice, part, arguments });
        }
    }

    /// A call comes with arguments. They count where none follow.
    pub(super) fn begin_arguments(&mut self, position: usize, arguments: String) {
        if let Some(Open { kind: Kind::Call { first, .. }, .. }) = self.items.get_mut(position) {
            *first = Some(arguments);
        }
    }
}

impl Content {
    pub(super) fn emit(&mut self, text: &str, extent: Extent, events: &mut Events) {
        if let Some(rest) = self.emitted.take_new(text, extent) {
            self.say(rest, events);
        }
        self.is_whole |= extent == Extent::Whole && !text.is_empty();
    }

    /// Whether something was emitted of it, and `whole` may be all of it.
    fn may_become(&self, whole: &str) -> bool {
        !self.emitted.is_nothing()
            && (!self.is_whole || self.emitted.length() == whole.len())
            && self.emitted.rest_of(whole).is_some()
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

pub(super) fn emit_logprobs(logprobs: Vec<Value<'_>>, events: &mut Events) {
    let logprobs = of_content(logprobs.into_iter().map(Value::to_json).collect());
    events.push(StreamEvent::Logprobs { choice: 0, logprobs });
}
