//! Repeated tool calls: a call of a stream that is written once more is the same call, so that no tool runs twice. An
//! empty object that arguments follow is none of them.
//!
//! Proxies that gather a stream write its calls again at the end, as whole blocks, lines or items; some announce one
//! twice before its arguments come. A call that has the id and the name of one before it is held back until it is whole.
//! If its arguments are the same, or there are none, it says nothing; else it is another call.

use crate::json::Json;
use crate::model::StreamEvent;
use alloc::{collections::BTreeMap, string::String, vec::Vec};

/// Where a call stands: its choice and its part.
type Place = (u32, u32);

/// The calls of one streamed answer.
#[derive(Debug, Default)]
pub(super) struct RepeatedCalls {
    calls: BTreeMap<Place, Call>,
    /// The first call of each id, by choice.
    by_id: BTreeMap<(u32, String), Place>,
    /// What each call that is the same as one before stands for.
    same: BTreeMap<Place, Place>,
    /// Calls that may be repetitions, and those that they may repeat.
    held: BTreeMap<Place, Held>,
}

#[derive(Debug, Default)]
struct Call {
    name: String,
    arguments: String,
    /// The part whose deltas count, of those that are this call.
    told_by: Option<u32>,
    /// A first delta that is an empty object, which counts where no more follow.
    nothing: Option<StreamEvent>,
    has_ended: bool,
}

#[derive(Debug)]
struct Held {
    of: Place,
    arguments: String,
    /// Its events, which are emitted where it is another call.
    events: Vec<StreamEvent>,
}

impl RepeatedCalls {
    /// Takes repetitions out of the events from `start` on.
    pub(super) fn leave_out(&mut self, events: &mut Vec<StreamEvent>, start: usize) {
        let is_of_call = |event: &StreamEvent| {
            matches!(
                event,
                StreamEvent::ToolCallStart { .. }
                    | StreamEvent::ToolCallDelta { .. }
                    | StreamEvent::ToolCallEnd { .. }
            )
        };
        let come = events.get(start..).unwrap_or_default();
        if !come.iter().any(is_of_call) && self.held.is_empty() && self.same.is_empty() {
            return;
        }
        for event in events.split_off(start.min(events.len())) {
            self.read(event, events);
        }
    }

    /// At the end of the answer: what was held back and never ended.
    pub(super) fn finish(&mut self, events: &mut Vec<StreamEvent>) {
        events.extend(self.calls.values_mut().filter_map(|call| call.nothing.take()));
        for (_, held) in core::mem::take(&mut self.held) {
            self.decide(held, events);
        }
    }

    fn read(&mut self, mut event: StreamEvent, events: &mut Vec<StreamEvent>) {
        let place = match &event {
            StreamEvent::ToolCallStart { choice, part, .. }
            | StreamEvent::ToolCallDelta { choice, part, .. }
            | StreamEvent::ToolCallEnd { choice, part }
            | StreamEvent::PartExtra { choice, part, .. } => (*choice, *part),
            _ => return events.push(event),
        };
        if let StreamEvent::ToolCallStart { id, name, .. } = &event {
            let first = self.by_id.get(&(place.0, id.clone())).copied().filter(|_| !id.is_empty());
            if let Some((first, call)) = first.and_then(|first| Some((first, self.calls.get(&first)?)))
                && call.name == *name
            {
                if call.arguments.is_empty() && !call.has_ended {
                    // Announced twice.
                    self.same.insert(place, first);
                } else {
                    let held = Held { of: first, arguments: String::new(), events: alloc::vec![event] };
                    self.held.insert(place, held);
                }
                return;
            }
            if first.is_none() {
                self.by_id.insert((place.0, id.clone()), place);
            }
            self.calls.insert(place, Call { name: name.clone(), ..Call::default() });
            return events.push(event);
        }
        if let Some(held) = self.held.get_mut(&place) {
            if let StreamEvent::ToolCallDelta { arguments, .. } = &event {
                held.arguments.push_str(arguments);
            }
            let is_whole = matches!(event, StreamEvent::ToolCallEnd { .. });
            held.events.push(event);
            if is_whole && let Some(held) = self.held.remove(&place) {
                self.decide(held, events);
            }
            return;
        }
        let stands_for = self.same.get(&place).copied();
        if let (
            Some((_, first)),
            StreamEvent::ToolCallDelta { part, .. }
            | StreamEvent::ToolCallEnd { part, .. }
            | StreamEvent::PartExtra { part, .. },
        ) = (stands_for, &mut event)
        {
            *part = first;
        }
        if let Some(call) = self.calls.get_mut(&stands_for.unwrap_or(place)) {
            match &event {
                StreamEvent::ToolCallDelta { .. } if *call.told_by.get_or_insert(place.1) != place.1 => {
                    return;
                }
                StreamEvent::ToolCallDelta { arguments, .. } => {
                    let is_first = call.arguments.is_empty();
                    if call.nothing.is_some() && arguments.trim_start().starts_with('{') {
                        call.nothing = None;
                        call.arguments.clear();
                    }
                    call.arguments.push_str(arguments);
                    if is_first && arguments.trim() == "{}" {
                        call.nothing = Some(event);
                        return;
                    }
                }
                // Both of what is one call may end.
                StreamEvent::ToolCallEnd { .. } if core::mem::replace(&mut call.has_ended, true) => return,
                _ => {}
            }
            if !matches!(event, StreamEvent::PartExtra { .. }) {
                events.extend(call.nothing.take());
            }
        }
        events.push(event);
    }

    fn decide(&self, held: Held, events: &mut Vec<StreamEvent>) {
        let is_same =
            self.calls.get(&held.of).is_some_and(|call| says_the_same(&call.arguments, &held.arguments));
        if !is_same {
            events.extend(held.events);
        }
    }
}

/// Whether `again` says nothing that `first` does not say.
fn says_the_same(first: &str, again: &str) -> bool {
    if again.trim().is_empty() || first == again {
        return true;
    }
    match (Json::parse(first), Json::parse(again)) {
        (Ok(first), Ok(again)) => first.value().means(again.value()),
        _ => false,
    }
}
