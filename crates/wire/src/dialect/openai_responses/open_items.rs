//! The items of one streamed answer: what was told of each, so that nothing is told twice.
//!
//! The same text comes up to four times: in deltas, at the end of the part, at the end of the item, and at the end of
//! the answer. Whatever is not told by then is told by the next of them, so that servers which leave out some of these
//! lose nothing. Items go by their index, because some servers change an item's id with every event.

use super::item::{BETWEEN, ITEM, Item, told_about};
use super::part::Said;
use super::response::of_content;
use crate::dialect::StreamError;
use crate::json::{Extra, Json, Value};
use crate::model::{Part, PartKind, StreamEvent};
use alloc::{borrow::ToOwned, boxed::Box, format, string::String, vec::Vec};

/// The most items of an answer, and the most parts of an item.
const MOST: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct OpenItems {
    items: Vec<Open>,
    next_part: u32,
    has_calls: bool,
}

#[derive(Debug)]
struct Open {
    index: u64,
    kind: Kind,
    ended: bool,
}

#[derive(Debug)]
enum Kind {
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
struct Content {
    index: u64,
    part: u32,
    is_refusal: bool,
    begun: bool,
    /// How much of the text was told, in bytes.
    told: usize,
    annotations: usize,
    has_logprobs: bool,
}

#[derive(Debug)]
struct Reasoning {
    part: u32,
    /// How much was told of the whole.
    told: usize,
    pieces: Vec<Piece>,
    signed: bool,
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

type Events = Vec<StreamEvent>;

/// What of `text` was not told yet.
fn untold<'a>(text: &'a str, extent: Extent, told: &mut usize) -> Option<&'a str> {
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

    fn place(&mut self) -> u32 {
        let place = self.next_part;
        self.next_part = self.next_part.saturating_add(1);
        place
    }

    /// The item at `index`; without one, the last.
    fn position(&self, index: Option<u64>) -> Option<usize> {
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
    fn content(&mut self, place: ContentPlace) -> Result<Option<(usize, usize)>, StreamError> {
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

    fn content_at(&mut self, (item, content): (usize, usize)) -> Option<&mut Content> {
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
        events.push(StreamEvent::ReasoningDelta { choice: 0, part: reasoning.part, text: said });
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
            let (choice, part, arguments) = (0, *part, rest.to_owned());
            events.push(StreamEvent::ToolCallDelta { choice, part, arguments });
        }
    }

    /// An item is complete, and `item` is all of it.
    pub(super) fn end(
        &mut self,
        index: Option<u64>,
        item: Item<'_>,
        events: &mut Events,
    ) -> Result<(), StreamError> {
        let position = self.position(index).filter(|position| self.is_open_as(*position, &item));
        let position = match position {
            Some(position) => position,
            None => self.begin(index, copy_of_beginning(&item), events)?,
        };
        self.end_at(position, item, events)
    }

    /// The answer is complete, and `items` are all of it.
    pub(super) fn end_all(&mut self, items: Vec<Item<'_>>, events: &mut Events) -> Result<(), StreamError> {
        // The list is in the order of the indices, which need not begin at 0 nor be dense.
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.sort_by_key(|position| self.items.get(*position).map(|item| item.index));
        for (number, item) in items.into_iter().enumerate() {
            match order.get(number) {
                Some(position) if self.items.get(*position).is_some_and(|known| known.ended) => {
                    self.sign(*position, &item, events);
                }
                Some(position) if self.is_open_as(*position, &item) => {
                    self.end_at(*position, item, events)?;
                }
                _ => {
                    let position = self.begin(None, copy_of_beginning(&item), events)?;
                    self.end_at(position, item, events)?;
                }
            }
        }
        Ok(())
    }

    fn is_open_as(&self, position: usize, item: &Item<'_>) -> bool {
        self.items.get(position).is_some_and(|known| {
            !known.ended
                && match (&known.kind, item) {
                    (Kind::Message(_), Item::Message { .. })
                    | (Kind::Reasoning(_), Item::Reasoning { .. })
                    | (Kind::Whole { .. }, Item::Whole(_)) => true,
                    (Kind::Call { custom, .. }, Item::Call { call, .. }) => *custom == call.custom,
                    _ => false,
                }
        })
    }

    fn end_at(&mut self, position: usize, item: Item<'_>, events: &mut Events) -> Result<(), StreamError> {
        let choice = 0;
        self.sign(position, &item, events);
        let Some(known) = self.items.get_mut(position) else { return Ok(()) };
        known.ended = true;
        let index = Some(known.index);
        match (&mut known.kind, item) {
            (Kind::Reasoning(known), Item::Reasoning { reasoning, about }) => {
                let part = known.part;
                let rest = untold(&reasoning.text, Extent::Whole, &mut known.told).unwrap_or_default();
                if !rest.is_empty() || (reasoning.text.is_empty() && !known.signed) {
                    events.push(StreamEvent::ReasoningDelta { choice, part, text: rest.to_owned() });
                }
                tell_about(part, &PartKind::Reasoning(reasoning), &about, Extra::new(), events);
            }
            (Kind::Call { part, told, .. }, Item::Call { call, about }) => {
                let part = *part;
                // Nothing written means `{}`, which is no delta.
                let whole = if call.arguments == "{}" && *told == 0 { "" } else { &call.arguments };
                if let Some(rest) = untold(whole, Extent::Whole, told) {
                    events.push(StreamEvent::ToolCallDelta { choice, part, arguments: rest.to_owned() });
                }
                tell_about(part, &PartKind::ToolCall(call), &about, Extra::new(), events);
                events.push(StreamEvent::ToolCallEnd { choice, part });
            }
            (Kind::Whole { part }, Item::Whole(whole)) => {
                let (index, part) = (*part, Box::new(Part::new(PartKind::Unknown(whole))));
                events.push(StreamEvent::Part { choice, index, part });
            }
            (Kind::Message(_), Item::Message { content, about }) => {
                for (number, said) in (0u64..).zip(content) {
                    self.end_content(index, number, said, &about, events)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end_content(
        &mut self,
        output_index: Option<u64>,
        content_index: u64,
        said: Said<'_>,
        about: &Extra,
        events: &mut Events,
    ) -> Result<(), StreamError> {
        let Said { part: Part { kind, extra, .. }, logprobs } = said;
        let (text, is_refusal) = match &kind {
            PartKind::Text(text) => (text, false),
            PartKind::Refusal(text) => (text, true),
            _ => {
                let mut part = Part { extra, ..Part::new(kind) };
                if let Some(about) = told_about(&part.kind, about) {
                    part.extra.insert(ITEM, about);
                }
                let index = self.place();
                events.push(StreamEvent::Part { choice: 0, index, part: Box::new(part) });
                return Ok(());
            }
        };
        let Some(at) = self.content(ContentPlace { output_index, content_index, is_refusal })? else {
            return Ok(());
        };
        let Some(content) = self.content_at(at) else { return Ok(()) };
        content.tell(text, Extent::Whole, events);
        content.ensure_begun(events);
        if !logprobs.is_empty() && !content.has_logprobs {
            tell_logprobs(logprobs, events);
        }
        let mut beside = extra;
        if let Some(annotations) = beside.remove("annotations") {
            let list = annotations.value().array();
            let rest = list.map(|list| list.into_iter().skip(content.annotations).collect::<Vec<_>>());
            match rest {
                None => beside.insert("annotations", annotations),
                Some(rest) if rest.is_empty() => {}
                Some(rest) => beside.insert("annotations", Json::written(rest)),
            }
        }
        tell_about(content.part, &kind, about, beside, events);
        Ok(())
    }

    /// What proves the reasoning: that of the whole item, not of its beginning, which may be another.
    fn sign(&mut self, position: usize, item: &Item<'_>, events: &mut Events) {
        if let Some(Open { kind: Kind::Reasoning(known), .. }) = self.items.get_mut(position)
            && let Item::Reasoning { reasoning, .. } = item
            && let Some(signature) = &reasoning.signature
            && !core::mem::replace(&mut known.signed, true)
        {
            let signature = signature.clone();
            events.push(StreamEvent::ReasoningSignature { choice: 0, part: known.part, signature });
        }
    }
}

impl Content {
    fn tell(&mut self, text: &str, extent: Extent, events: &mut Events) {
        if let Some(rest) = untold(text, extent, &mut self.told) {
            self.say(rest.to_owned(), events);
        }
    }

    fn say(&mut self, text: String, events: &mut Events) {
        self.begun = true;
        let (choice, part) = (0, self.part);
        events.push(if self.is_refusal {
            StreamEvent::RefusalDelta { choice, part, text }
        } else {
            StreamEvent::TextDelta { choice, part, text }
        });
    }

    /// A part that says nothing is a part too.
    fn ensure_begun(&mut self, events: &mut Events) {
        if !self.begun {
            self.say(String::new(), events);
        }
    }
}

/// The beginning of an item that was not announced.
fn copy_of_beginning(item: &Item<'_>) -> Item<'static> {
    match item {
        Item::Message { .. } => Item::Message { content: Vec::new(), about: Extra::new() },
        Item::Reasoning { reasoning, .. } => {
            Item::Reasoning { reasoning: reasoning.clone(), about: Extra::new() }
        }
        Item::Call { call, .. } => Item::Call { call: call.clone(), about: Extra::new() },
        Item::Whole(whole) => Item::Whole(whole.clone()),
    }
}

fn tell_about(part: u32, kind: &PartKind, about: &Extra, mut beside: Extra, events: &mut Events) {
    if let Some(about) = told_about(kind, about) {
        beside.insert(ITEM, about);
    }
    if !beside.is_empty() {
        events.push(StreamEvent::PartExtra { choice: 0, part, extra: Box::new(beside) });
    }
}

fn tell_logprobs(logprobs: Vec<Value<'_>>, events: &mut Events) {
    let logprobs = of_content(logprobs.into_iter().map(Value::to_json).collect());
    events.push(StreamEvent::Logprobs { choice: 0, logprobs });
}
