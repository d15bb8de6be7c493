//! Ends of the items of a streamed answer: emits what was not emitted of them before.

use super::carried::NAME;
use super::emitted::Extent;
use super::item::{Item, kept_of_item};
use super::open_items::{ContentPlace, Events, ItemKey, Kind, Open, OpenItems, emit_logprobs};
use super::part::MessagePart;
use crate::dialect::shared::foreign::RESPONSES_ITEM;
use crate::framing::StreamError;
use crate::json::{Extra, Json};
use crate::model::{Part, PartKind, StreamEvent};
use alloc::{boxed::Box, string::String, vec::Vec};

impl OpenItems {
    /// An item is complete, and `item` is all of it.
    pub(super) fn end(
        &mut self,
        index: Option<u64>,
        ids: &[String],
        item: Item<'_>,
        events: &mut Events,
    ) -> Result<(), StreamError> {
        let by_id = || ids.iter().find_map(|id| self.with_id(id));
        let found = match index {
            Some(_) => self.position(ItemKey { index, id: "" }),
            None => by_id().or_else(|| self.items.iter().rposition(|known| is_same_kind(known, &item))),
        };
        // What has ended is not emitted again.
        let has_ended = |position: usize| self.items.get(position).is_some_and(|known| known.ended);
        if found.is_some_and(has_ended) && found == by_id() {
            return Ok(());
        }
        let position = match found.filter(|position| self.is_open_as(*position, &item)) {
            Some(position) => position,
            None => {
                // What began as another kind, or did not say what it is, is this one.
                let known = found.and_then(|position| self.items.get_mut(position));
                if let Some(known) = known.filter(|known| !known.ended) {
                    known.retire();
                }
                self.begin(index, ids, copy_of_beginning(&item), events)?
            }
        };
        self.end_at(position, item, events)
    }

    /// The answer is complete, and `items` are all of it, each with its ids.
    pub(super) fn end_all(
        &mut self,
        items: Vec<(Vec<String>, Item<'_>)>,
        events: &mut Events,
    ) -> Result<(), StreamError> {
        // The list is in the order of the indices, which need not begin at 0 nor be dense.
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.sort_by_key(|position| self.items.get(*position).map(|item| item.index));
        for (number, (ids, item)) in items.into_iter().enumerate() {
            let by_id = ids.iter().find_map(|id| self.with_id(id));
            match by_id.or_else(|| order.get(number).copied()) {
                Some(position) if self.items.get(position).is_some_and(|known| known.ended) => {
                    self.sign(position, &item, events);
                }
                Some(position) if self.is_open_as(position, &item) => {
                    self.end_at(position, item, events)?;
                }
                _ => {
                    let position = self.begin(None, &ids, copy_of_beginning(&item), events)?;
                    self.end_at(position, item, events)?;
                }
            }
        }
        Ok(())
    }

    fn is_open_as(&self, position: usize, item: &Item<'_>) -> bool {
        self.items.get(position).is_some_and(|known| is_same_kind(known, item))
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
                let rest = known.emitted.take_new(&reasoning.text, Extent::Whole).unwrap_or_default();
                if !rest.is_empty() || (reasoning.text.is_empty() && !known.signed) {
                    events.push(StreamEvent::ReasoningDelta { choice, part, text: rest.into() });
                }
                emit_about(part, &PartKind::Reasoning(reasoning), &about, Extra::new(), events);
            }
            (Kind::Call { part, emitted, first, .. }, Item::Call { call, about }) => {
                let (part, first) =
                    (*part, first.take().filter(|_| emitted.is_nothing()).unwrap_or_default());
                // Nothing written means `{}`, which is not a delta.
                let whole = match call.arguments.as_str() {
                    "{}" if emitted.is_nothing() => &first,
                    arguments => arguments,
                };
                if let Some(rest) = emitted.take_new(whole, Extent::Whole) {
                    events.push(StreamEvent::ToolCallDelta { choice, part, arguments: rest.into() });
                }
                emit_about(part, &PartKind::ToolCall(call), &about, Extra::new(), events);
                events.push(StreamEvent::ToolCallEnd { choice, part });
            }
            (Kind::Whole { part }, Item::Whole(whole)) => {
                let (index, part) = (*part, Box::new(Part::provider_item(NAME, whole)));
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
        said: MessagePart<'_>,
        about: &Extra,
        events: &mut Events,
    ) -> Result<(), StreamError> {
        let MessagePart { part: Part { kind, extra, .. }, logprobs } = said;
        let (text, is_refusal) = match &kind {
            PartKind::Text(text) => (text, false),
            PartKind::Refusal(text) => (text, true),
            _ => {
                let mut part = Part { extra, ..Part::new(kind) };
                if let Some(about) = kept_of_item(&part.kind, about) {
                    part.extra.insert(RESPONSES_ITEM, about);
                }
                let index = self.place();
                events.push(StreamEvent::Part { choice: 0, index, part: Box::new(part) });
                return Ok(());
            }
        };
        let item = ItemKey { index: output_index, id: "" };
        let whole = Some(text.as_str()).filter(|text| !text.is_empty());
        let Some(at) = self.content(ContentPlace { item, content_index, is_refusal }, whole)? else {
            return Ok(());
        };
        let Some(content) = self.content_at(at) else { return Ok(()) };
        content.emit(text, Extent::Whole, events);
        content.ensure_begun(events);
        if !logprobs.is_empty() && !content.has_logprobs {
            emit_logprobs(logprobs, events);
        }
        let mut extras = extra;
        if let Some(annotations) = extras.remove("annotations") {
            let list = annotations.value().array();
            let rest = list.map(|list| list.into_iter().skip(content.annotations).collect::<Vec<_>>());
            match rest {
                None => extras.insert("annotations", annotations),
                Some(rest) if rest.is_empty() => {}
                Some(rest) => extras.insert("annotations", Json::written(rest)),
            }
        }
        emit_about(content.part, &kind, about, extras, events);
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

/// Whether an item is open and may be this one.
fn is_same_kind(known: &Open, item: &Item<'_>) -> bool {
    !known.ended
        && match (&known.kind, item) {
            (Kind::Message(_), Item::Message { .. })
            | (Kind::Reasoning(_), Item::Reasoning { .. })
            | (Kind::Whole { .. }, Item::Whole(_)) => true,
            (Kind::Call { custom, .. }, Item::Call { call, .. }) => *custom == call.custom,
            _ => false,
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

fn emit_about(part: u32, kind: &PartKind, about: &Extra, mut extras: Extra, events: &mut Events) {
    if let Some(about) = kept_of_item(kind, about) {
        extras.insert(RESPONSES_ITEM, about);
    }
    if !extras.is_empty() {
        events.push(StreamEvent::PartExtra { choice: 0, part, extra: Box::new(extras) });
    }
}
