//! Tool calls of one streamed answer, assembled from their deltas.
//!
//! A call is said to end exactly once. Servers may interleave calls, so that another part begins does not prove that
//! a call is whole; it is where its arguments are one whole object by then, else at the answer's end.

use super::parts::Parts;
use crate::dialect::openai_chat::tools::take_arguments;
use crate::dialect::shared::nested;
use crate::json::{Extra, Fields, Nesting, Scan, Value};
use crate::model::StreamEvent;
use alloc::{boxed::Box, string::String, vec::Vec};

/// The calls so far.
#[derive(Debug, Default)]
pub(super) struct OpenCalls(Vec<Call>);

#[derive(Debug)]
struct Call {
    /// The provider's number of it, which need not begin at 0 nor be dense.
    index: Option<u64>,
    id: String,
    name: String,
    custom: bool,
    /// Its part, once its beginning was told.
    part: Option<u32>,
    /// Follows the arguments, to see where they are whole.
    nesting: Nesting,
    has_object: bool,
    ended: bool,
}

impl OpenCalls {
    /// Reads one item of `tool_calls`.
    pub(super) fn read(
        &mut self,
        choice: u32,
        mut fields: Fields<'_>,
        parts: &mut Parts,
        events: &mut Vec<StreamEvent>,
    ) {
        let index = fields.take_u64("index");
        let id = fields.take_string("id").unwrap_or_default();
        let custom = fields.get("custom").is_some_and(Value::is_object);
        fields.take("type");
        let word = if custom { "custom" } else { "function" };
        let mut function = fields.take_object(word);
        let name = function.as_mut().and_then(|function| function.take_string("name")).unwrap_or_default();
        let arguments =
            function.as_mut().and_then(|function| take_arguments(function, custom)).unwrap_or_default();
        let mut extra: Extra = fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.into(), value.to_json()))
            .collect();
        if let Some(rest) = function {
            nested::keep(&mut extra, word, rest);
        }
        self.add(choice, Delta { index, id, name, arguments, custom, extra }, parts, events);
    }

    /// Reads a `function_call`, of which there was only one before there were tools.
    pub(super) fn read_legacy(
        &mut self,
        choice: u32,
        mut function: Fields<'_>,
        parts: &mut Parts,
        events: &mut Vec<StreamEvent>,
    ) {
        let name = function.take_string("name").unwrap_or_default();
        let arguments = take_arguments(&mut function, false).unwrap_or_default();
        let (id, extra) = (String::new(), Extra::new());
        self.add(choice, Delta { index: Some(0), id, name, arguments, custom: false, extra }, parts, events);
    }

    fn add(&mut self, choice: u32, delta: Delta, parts: &mut Parts, events: &mut Vec<StreamEvent>) {
        let Some(position) = self.position(&delta) else {
            self.part_begins(choice, events);
            let Delta { index, id, name, custom, .. } = &delta;
            self.0.push(Call {
                index: *index,
                id: id.clone(),
                name: name.clone(),
                custom: *custom,
                part: None,
                nesting: Nesting::default(),
                has_object: false,
                ended: false,
            });
            let last = self.0.len() - 1;
            return self.grow(last, choice, delta, parts, events);
        };
        self.grow(position, choice, delta, parts, events);
    }

    /// The call that `delta` belongs to, by its index, else its id, else the last one.
    fn position(&self, delta: &Delta) -> Option<usize> {
        let Delta { index, id, name, .. } = delta;
        // Some servers write the same index on every whole call, or none: another id or name begins another call.
        let is_other =
            |call: &Call| !name.is_empty() && !id.is_empty() && !call.id.is_empty() && call.id != *id;
        if index.is_some() {
            return self.0.iter().rposition(|call| call.index == *index && !is_other(call));
        }
        if !id.is_empty() {
            return self.0.iter().rposition(|call| call.id == *id);
        }
        if name.is_empty() { self.0.len().checked_sub(1) } else { None }
    }

    fn grow(
        &mut self,
        position: usize,
        choice: u32,
        delta: Delta,
        parts: &mut Parts,
        events: &mut Vec<StreamEvent>,
    ) {
        let Some(call) = self.0.get_mut(position) else { return };
        // Alibaba and Mistral send empty ids and names later on.
        if call.id.is_empty() {
            call.id = delta.id;
        }
        if call.name.is_empty() {
            call.name = delta.name;
        }
        if !call.name.is_empty() || !delta.arguments.is_empty() || !delta.extra.is_empty() {
            call.begin(choice, parts, events);
        }
        let Some(part) = call.part else { return };
        if !delta.arguments.is_empty() {
            call.follow(&delta.arguments);
            events.push(StreamEvent::ToolCallDelta { choice, part, arguments: delta.arguments.into() });
        }
        if !delta.extra.is_empty() {
            events.push(StreamEvent::PartExtra { choice, part, extra: Box::new(delta.extra) });
        }
    }

    /// Another part begins: ends the calls whose arguments are whole. The others may still get more, also those
    /// without any: some servers open all calls first.
    pub(super) fn part_begins(&mut self, choice: u32, events: &mut Vec<StreamEvent>) {
        for call in self.0.iter_mut().filter(|call| call.is_whole()) {
            call.end(choice, events);
        }
    }

    /// The answer ends, and with it every call.
    pub(super) fn end(&mut self, choice: u32, parts: &mut Parts, events: &mut Vec<StreamEvent>) {
        for call in &mut self.0 {
            call.begin(choice, parts, events);
            call.end(choice, events);
        }
    }
}

struct Delta {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
    custom: bool,
    extra: Extra,
}

impl Call {
    fn begin(&mut self, choice: u32, parts: &mut Parts, events: &mut Vec<StreamEvent>) {
        if self.part.is_none() {
            let part = parts.begin();
            self.part = Some(part);
            let (id, name) = (self.id.clone(), self.name.clone());
            events.push(StreamEvent::ToolCallStart { choice, part, id, name, custom: self.custom });
        }
    }

    fn follow(&mut self, arguments: &str) {
        let mut rest = arguments.as_bytes();
        while let Scan::Closed(length) = self.nesting.scan(rest) {
            self.has_object = true;
            rest = rest.get(length..).unwrap_or_default();
        }
    }

    /// Whether the arguments are one whole object. Free text never tells.
    fn is_whole(&self) -> bool {
        !self.custom && self.has_object && self.nesting.is_closed()
    }

    fn end(&mut self, choice: u32, events: &mut Vec<StreamEvent>) {
        if let Some(part) = self.part
            && !core::mem::replace(&mut self.ended, true)
        {
            events.push(StreamEvent::ToolCallEnd { choice, part });
        }
    }
}
