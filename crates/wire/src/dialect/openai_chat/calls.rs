//! Tool calls of one streamed answer, assembled from their deltas.
//!
//! A call is said to end exactly once. Servers may interleave calls, so that another part begins does not prove that
//! a call is whole; it is where its arguments are one whole object by then, else at the answer's end.
//!
//! A delta's index mostly says which call it belongs to. Servers that write the same index for all calls, or none, or
//! a new one with every delta, are understood by what else is there: a delta without id and name on an index that
//! nobody opened belongs to the open call; another name, or arguments on top of a whole object, begin another call; and
//! a whole call that is written once more says nothing.

use super::carried::NAME;
use super::parts::Parts;
use crate::dialect::openai_chat::tools::{WrittenCall, is_placeholder, read_call, take_arguments};
use crate::dialect::shared::lenient;
use crate::framing::StreamError;
use crate::json::{Extra, Json, Nesting, Scan, Value};
use crate::model::{Part, StreamEvent};
use alloc::{boxed::Box, format, string::String, vec::Vec};

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
    /// Its part, once its start was emitted: when its name is known.
    part: Option<u32>,
    /// The arguments so far.
    arguments: String,
    /// How much of them was emitted, in bytes.
    emitted: usize,
    /// Further fields that came before the name.
    extra: Extra,
    /// Follows the arguments, to see where they are whole.
    nesting: Nesting,
    has_object: bool,
    ended: bool,
}

/// What a delta is to a call that has its index or id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// More of it.
    More,
    /// Its arguments, in place of the `{}` that it began with.
    Instead,
    /// The whole call once more.
    Repeat,
    /// Another call.
    Other,
}

/// The arguments that some servers begin a call with, whatever follows.
const EMPTY: &str = "{}";

/// How many calls one answer may have: each delta is compared with them.
const MAX_CALLS: usize = 4096;

impl OpenCalls {
    /// The error of an answer with more calls than anybody makes.
    pub(super) fn check_count(&self) -> Result<(), StreamError> {
        if self.0.len() <= MAX_CALLS {
            return Ok(());
        }
        Err(StreamError::Malformed(format!("more than {MAX_CALLS} tool calls in an answer")))
    }

    /// Whether the model called a tool.
    pub(super) fn has_calls(&self) -> bool {
        self.0.iter().any(|call| !call.name.is_empty())
    }

    /// Reads one item of `tool_calls`, and says whether there was a call in it.
    pub(super) fn read(
        &mut self,
        choice: u32,
        value: Value<'_>,
        parts: &mut Parts,
        events: &mut Vec<StreamEvent>,
    ) -> bool {
        let delta = read_call(value);
        let is_call = delta.is_some();
        if let Some(delta) = delta {
            self.add(choice, delta, parts, events);
        } else if !is_placeholder(value) {
            // A provider's own kind of call.
            self.part_begins(choice, events);
            let part = Box::new(Part::provider_item(NAME, value.to_json()));
            events.push(StreamEvent::Part { choice, index: parts.begin(), part });
        }
        is_call
    }

    /// Reads a `function_call`, of which there was only one before there were tools.
    pub(super) fn read_legacy(
        &mut self,
        choice: u32,
        value: Value<'_>,
        parts: &mut Parts,
        events: &mut Vec<StreamEvent>,
    ) {
        if is_placeholder(value) {
            return;
        }
        let Some(mut function) = lenient::object(value) else { return };
        let name = lenient::take(&mut function, "name").unwrap_or_default();
        let arguments = take_arguments(&mut function, false).unwrap_or_default();
        self.add(
            choice,
            WrittenCall { index: Some(0), name, arguments, ..WrittenCall::default() },
            parts,
            events,
        );
    }

    fn add(&mut self, choice: u32, delta: WrittenCall, parts: &mut Parts, events: &mut Vec<StreamEvent>) {
        match self.find(&delta) {
            Some((_, Relation::Repeat)) => {}
            Some((position, Relation::Other)) => {
                // Only the arguments show that it is another one.
                let known = self.0.get(position).map(|call| call.name.clone()).unwrap_or_default();
                self.begin(choice, &delta, known, events);
                self.grow(self.0.len() - 1, choice, delta, parts, events);
            }
            Some((position, relation)) => {
                if let Some(call) = self.0.get_mut(position).filter(|_| relation == Relation::Instead) {
                    call.forget_arguments();
                }
                self.grow(position, choice, delta, parts, events);
            }
            None => {
                self.begin(choice, &delta, String::new(), events);
                self.grow(self.0.len() - 1, choice, delta, parts, events);
            }
        }
    }

    fn begin(&mut self, choice: u32, delta: &WrittenCall, known: String, events: &mut Vec<StreamEvent>) {
        self.part_begins(choice, events);
        self.0.push(Call {
            index: delta.index,
            id: delta.id.clone(),
            name: if delta.name.is_empty() { known } else { delta.name.clone() },
            custom: delta.custom,
            part: None,
            arguments: String::new(),
            emitted: 0,
            extra: Extra::new(),
            nesting: Nesting::default(),
            has_object: false,
            ended: false,
        });
    }

    /// The call that `delta` is about, by its index, else its id, else the last one, and what it is to that; `None`
    /// where it begins another.
    fn find(&self, delta: &WrittenCall) -> Option<(usize, Relation)> {
        let WrittenCall { index, id, name, .. } = delta;
        let last = || self.0.len().checked_sub(1);
        let by_id = || {
            let position = self.0.iter().rposition(|call| !id.is_empty() && call.id == *id)?;
            self.0.get(position).map(|call| (position, call.relation(delta)))
        };
        let position = if index.is_some() {
            match self.0.iter().rposition(|call| call.index == *index) {
                Some(position) => position,
                None if id.is_empty() && name.is_empty() => last()?,
                // Under another index it is the same call only where it says the same.
                None => return by_id().filter(|(_, relation)| *relation == Relation::Repeat),
            }
        } else if !id.is_empty() {
            return by_id();
        } else if name.is_empty() {
            last()?
        } else {
            // A name alone begins a call, unless it is that of one that is not whole yet.
            return last()
                .filter(|last| {
                    self.0.get(*last).is_some_and(|call| {
                        call.id.is_empty()
                            && call.index.is_none()
                            && call.name == *name
                            && call.goes_on_with(delta)
                    })
                })
                .map(|last| (last, Relation::More));
        };
        let call = self.0.get(position)?;
        match call.relation(delta) {
            // Of several calls under one index, any may be the one that is repeated.
            Relation::Other => {
                let repeated = self
                    .0
                    .iter()
                    .rposition(|call| call.index == *index && call.relation(delta) == Relation::Repeat);
                Some(repeated.map_or((position, Relation::Other), |repeated| (repeated, Relation::Repeat)))
            }
            relation => Some((position, relation)),
        }
    }

    fn grow(
        &mut self,
        position: usize,
        choice: u32,
        delta: WrittenCall,
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
        call.follow(&delta.arguments);
        if call.name.is_empty() {
            for (name, value) in delta.extra.iter() {
                call.extra.insert(name, value.clone());
            }
            return;
        }
        let part = call.emit_start(choice, parts, events);
        if call.arguments != EMPTY {
            call.emit_arguments(choice, part, events);
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
            if call.name.is_empty() {
                call.emit_nameless(choice, parts, events);
                continue;
            }
            call.emit_start(choice, parts, events);
            call.end(choice, events);
        }
    }
}

impl Call {
    fn relation(&self, delta: &WrittenCall) -> Relation {
        let WrittenCall { id, name, arguments, .. } = delta;
        if !name.is_empty() && !id.is_empty() && !self.id.is_empty() && self.id != *id {
            return Relation::Other;
        }
        if !name.is_empty() && !self.name.is_empty() && self.name != *name {
            return Relation::Other;
        }
        if arguments.trim().is_empty() || !self.is_whole() {
            return Relation::More;
        }
        if is_same(&self.arguments, arguments) {
            return Relation::Repeat;
        }
        if self.arguments == EMPTY && self.emitted == 0 {
            return Relation::Instead;
        }
        if arguments.trim_start().starts_with('{') { Relation::Other } else { Relation::More }
    }

    fn emit_start(&mut self, choice: u32, parts: &mut Parts, events: &mut Vec<StreamEvent>) -> u32 {
        if let Some(part) = self.part {
            return part;
        }
        let part = parts.begin();
        self.part = Some(part);
        let (id, name) = (self.id.clone(), self.name.clone());
        events.push(StreamEvent::ToolCallStart { choice, part, id, name, custom: self.custom });
        if !self.extra.is_empty() {
            let extra = Box::new(core::mem::take(&mut self.extra));
            events.push(StreamEvent::PartExtra { choice, part, extra });
        }
        part
    }

    fn emit_arguments(&mut self, choice: u32, part: u32, events: &mut Vec<StreamEvent>) {
        if let Some(news) = self.arguments.get(self.emitted..).filter(|news| !news.is_empty()) {
            events.push(StreamEvent::ToolCallDelta { choice, part, arguments: news.into() });
        }
        self.emitted = self.arguments.len();
    }

    /// A call without a name is none, but what was written of it is not lost.
    fn emit_nameless(&mut self, choice: u32, parts: &mut Parts, events: &mut Vec<StreamEvent>) {
        if core::mem::replace(&mut self.ended, true) || self.arguments.trim().is_empty() {
            return;
        }
        let whole = Json::object(&self.extra, |call| {
            call.field("id", &self.id).field("type", "function");
            call.object("function", |function| _ = function.field("arguments", &self.arguments));
        });
        let part = Box::new(Part::provider_item(NAME, whole));
        events.push(StreamEvent::Part { choice, index: parts.begin(), part });
    }

    fn follow(&mut self, arguments: &str) {
        self.arguments.push_str(arguments);
        let mut rest = arguments.as_bytes();
        while let Scan::Closed(length) = self.nesting.scan(rest) {
            self.has_object = true;
            rest = rest.get(length..).unwrap_or_default();
        }
    }

    fn forget_arguments(&mut self) {
        self.arguments.clear();
        self.nesting = Nesting::default();
        self.has_object = false;
    }

    /// Whether the arguments are not whole, and have begun or begin now.
    fn goes_on_with(&self, delta: &WrittenCall) -> bool {
        let has_arguments = !self.arguments.is_empty() || !delta.arguments.is_empty();
        has_arguments && !self.is_whole() && !self.ended
    }

    /// Whether the arguments are one whole object. Free text never shows it.
    fn is_whole(&self) -> bool {
        !self.custom && self.has_object && self.nesting.is_closed()
    }

    fn end(&mut self, choice: u32, events: &mut Vec<StreamEvent>) {
        if let Some(part) = self.part
            && !core::mem::replace(&mut self.ended, true)
        {
            self.emit_arguments(choice, part, events);
            events.push(StreamEvent::ToolCallEnd { choice, part });
        }
    }
}

/// Whether two arguments mean the same.
fn is_same(first: &str, second: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    first == second || read(first).is_some_and(|first| read(second) == Some(first))
}
