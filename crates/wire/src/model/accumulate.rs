//! From stream events to the whole answer, and back.

use super::{
    Choice, FinishReason, Message, Part, PartKind, Reasoning, Response, Role, Start, StreamEvent, ToolCall,
    Usage,
};
use crate::json::{Extra, Json, write_array};
use alloc::{borrow::ToOwned, boxed::Box, string::String, vec::Vec};

/// Builds a [`Response`] from the events of its stream. Whenever it is asked it has what was received so far.
#[derive(Clone, Debug, Default)]
pub struct Accumulator {
    id: String,
    model: String,
    created: Option<u64>,
    extra: Extra,
    choices: Vec<Growing>,
    usage: Option<Usage>,
}

#[derive(Clone, Debug)]
struct Growing {
    choice: Choice,
    /// The place of each part of `choice.message.content`, in the same order.
    places: Vec<u32>,
}

impl Growing {
    fn part(&mut self, place: u32, begin: impl FnOnce() -> PartKind) -> Option<&mut Part> {
        let content = &mut self.choice.message.content;
        // Deltas mostly go to the part that came last.
        let position = match self.places.iter().rposition(|other| *other == place) {
            Some(position) => position,
            None => {
                let position = self.places.partition_point(|other| *other < place);
                self.places.insert(position, place);
                content.insert(position, Part::new(begin()));
                position
            }
        };
        content.get_mut(position)
    }
}

impl Accumulator {
    /// With nothing received.
    pub fn new() -> Self {
        Self::default()
    }

    fn growing(&mut self, index: u32) -> &mut Growing {
        let position = match self.choices.binary_search_by_key(&index, |growing| growing.choice.index) {
            Ok(position) => position,
            Err(position) => {
                let choice = Choice {
                    index,
                    message: Message::new(Role::Assistant, Vec::new()),
                    finish_reason: None,
                    stop_sequence: None,
                    logprobs: None,
                    extra: Extra::new(),
                };
                self.choices.insert(position, Growing { choice, places: Vec::new() });
                position
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the position was just found or filled")]
        &mut self.choices[position]
    }

    /// Adds one event.
    pub fn push(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::Start(start) => {
                self.id.clone_from(&start.id);
                self.model.clone_from(&start.model);
                self.created = start.created;
                self.extra = start.extra.clone();
            }
            StreamEvent::TextDelta { choice, part, text } => {
                if let Some(Part { kind: PartKind::Text(whole), .. }) =
                    self.growing(*choice).part(*part, || PartKind::Text(String::new()))
                {
                    whole.push_str(text);
                }
            }
            StreamEvent::RefusalDelta { choice, part, text } => {
                if let Some(Part { kind: PartKind::Refusal(whole), .. }) =
                    self.growing(*choice).part(*part, || PartKind::Refusal(String::new()))
                {
                    whole.push_str(text);
                }
            }
            StreamEvent::ReasoningDelta { choice, part, text } => {
                if let Some(whole) = self.reasoning(*choice, *part) {
                    whole.text.push_str(text);
                }
            }
            StreamEvent::ReasoningSignature { choice, part, signature } => {
                if let Some(whole) = self.reasoning(*choice, *part) {
                    whole.signature.get_or_insert_default().push_str(signature);
                }
            }
            StreamEvent::ToolCallStart { choice, part, id, name, custom } => {
                let call = ToolCall {
                    id: id.clone(),
                    name: name.clone(),
                    arguments: String::new(),
                    custom: *custom,
                };
                self.growing(*choice).part(*part, || PartKind::ToolCall(call));
            }
            StreamEvent::ToolCallDelta { choice, part, arguments } => {
                if let Some(call) = self.tool_call(*choice, *part) {
                    call.arguments.push_str(arguments);
                }
            }
            StreamEvent::ToolCallEnd { choice, part } => {
                if let Some(call) = self.tool_call(*choice, *part)
                    && !call.custom
                {
                    normalise_arguments(&mut call.arguments);
                }
            }
            StreamEvent::Part { choice, index, part } => {
                let whole = (**part).clone();
                if let Some(slot) = self.growing(*choice).part(*index, || whole.kind.clone()) {
                    *slot = whole;
                }
            }
            StreamEvent::PartExtra { choice, part, extra } => {
                if let Some(part) = self.growing(*choice).part(*part, || PartKind::Text(String::new())) {
                    combine(&mut part.extra, extra);
                }
            }
            StreamEvent::MessageExtra { choice, extra } => {
                combine(&mut self.growing(*choice).choice.message.extra, extra);
            }
            StreamEvent::Logprobs { choice, logprobs } => {
                let known = &mut self.growing(*choice).choice.logprobs;
                *known = Some(
                    known.as_ref().map_or_else(|| logprobs.clone(), |known| append_lists(known, logprobs)),
                );
            }
            StreamEvent::UsageUpdate(usage) => self.usage.get_or_insert_default().update(usage),
            StreamEvent::Finish { choice, reason, stop_sequence } => {
                let choice = &mut self.growing(*choice).choice;
                choice.finish_reason = Some(reason.clone());
                if stop_sequence.is_some() {
                    choice.stop_sequence.clone_from(stop_sequence);
                }
            }
            StreamEvent::Unknown { .. } => {}
        }
    }

    fn reasoning(&mut self, choice: u32, part: u32) -> Option<&mut Reasoning> {
        let empty = || PartKind::Reasoning(Reasoning { text: String::new(), signature: None });
        match self.growing(choice).part(part, empty) {
            Some(Part { kind: PartKind::Reasoning(reasoning), .. }) => Some(reasoning),
            _ => None,
        }
    }

    fn tool_call(&mut self, choice: u32, part: u32) -> Option<&mut ToolCall> {
        let empty = || {
            PartKind::ToolCall(ToolCall {
                id: String::new(),
                name: String::new(),
                arguments: String::new(),
                custom: false,
            })
        };
        match self.growing(choice).part(part, empty) {
            Some(Part { kind: PartKind::ToolCall(call), .. }) => Some(call),
            _ => None,
        }
    }

    /// Whether any part of an answer was received.
    pub fn has_content(&self) -> bool {
        self.choices.iter().any(|growing| !growing.choice.message.content.is_empty())
    }

    /// The figures so far.
    pub fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// Why the first answer ended, where it has.
    pub fn finish_reason(&self) -> Option<&FinishReason> {
        self.choices.first().and_then(|growing| growing.choice.finish_reason.as_ref())
    }

    /// What was received so far, as one answer.
    pub fn response(&self) -> Response {
        Response {
            id: self.id.clone(),
            model: self.model.clone(),
            created: self.created,
            choices: self.choices.iter().map(|growing| growing.choice.clone()).collect(),
            usage: self.usage.clone(),
            extra: self.extra.clone(),
        }
    }
}

/// A call without arguments is written as nothing, `""` or `null` by some; it means `{}`.
pub(crate) fn normalise_arguments(arguments: &mut String) {
    let trimmed = arguments.trim();
    if trimmed.is_empty() || trimmed == "null" || trimmed == "\"\"" {
        "{}".clone_into(arguments);
    }
}

fn combine(known: &mut Extra, more: &Extra) {
    for (name, value) in more.iter() {
        let combined = match known.get(name) {
            Some(old) if old.value().is_array() && value.value().is_array() => append(old, value),
            _ => value.clone(),
        };
        known.insert(name, combined);
    }
}

/// `[1] + [2] = [1,2]`
fn append(first: &Json, second: &Json) -> Json {
    let mut out = Vec::new();
    let items = first
        .value()
        .array()
        .unwrap_or_default()
        .into_iter()
        .chain(second.value().array().unwrap_or_default());
    write_array(&mut out, items, |out, item| out.extend_from_slice(item.text().as_bytes()));
    String::from_utf8(out)
        .ok()
        .and_then(|text| Json::from_string(text).ok())
        .unwrap_or_else(|| second.clone())
}

/// `{"a":[1]} + {"a":[2],"b":[3]} = {"a":[1,2],"b":[3]}`
fn append_lists(first: &Json, second: &Json) -> Json {
    let (Some(known), Some(more)) = (first.value().object(), second.value().object()) else {
        return second.clone();
    };
    let mut lists = known.rest();
    combine(&mut lists, &more.rest());
    let mut out = Vec::new();
    crate::json::ObjectWriter::begin_with(&mut out, &lists).finish();
    String::from_utf8(out)
        .ok()
        .and_then(|text| Json::from_string(text).ok())
        .unwrap_or_else(|| second.clone())
}

/// The events that a stream of `response` would be made of, its texts split by `split`.
///
/// A server that has the whole answer streams it with this; [`Accumulator`] makes the same answer of them again.
pub fn replay<'a>(response: &'a Response, split: impl Fn(&'a str) -> Vec<&'a str>) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    events.push(StreamEvent::Start(Box::new(Start {
        id: response.id.clone(),
        model: response.model.clone(),
        created: response.created,
        extra: response.extra.clone(),
    })));
    for Choice { index: choice, message, finish_reason, stop_sequence, logprobs, .. } in &response.choices {
        let choice = *choice;
        for (part, Part { kind, cache, extra }) in (0u32..).zip(&message.content) {
            match kind {
                PartKind::Text(text) => {
                    events.extend(split(text).into_iter().map(|text| StreamEvent::TextDelta {
                        choice,
                        part,
                        text: text.to_owned(),
                    }));
                }
                PartKind::Refusal(text) => {
                    events.extend(split(text).into_iter().map(|text| StreamEvent::RefusalDelta {
                        choice,
                        part,
                        text: text.to_owned(),
                    }));
                }
                PartKind::Reasoning(Reasoning { text, signature }) => {
                    events.extend(split(text).into_iter().map(|text| StreamEvent::ReasoningDelta {
                        choice,
                        part,
                        text: text.to_owned(),
                    }));
                    if let Some(signature) = signature {
                        events.push(StreamEvent::ReasoningSignature {
                            choice,
                            part,
                            signature: signature.clone(),
                        });
                    }
                }
                PartKind::ToolCall(call) => {
                    let ToolCall { id, name, arguments, custom } = call;
                    events.push(StreamEvent::ToolCallStart {
                        choice,
                        part,
                        id: id.clone(),
                        name: name.clone(),
                        custom: *custom,
                    });
                    events.extend(split(arguments).into_iter().map(|arguments| StreamEvent::ToolCallDelta {
                        choice,
                        part,
                        arguments: arguments.to_owned(),
                    }));
                    events.push(StreamEvent::ToolCallEnd { choice, part });
                }
                _ => {
                    let whole = Part { kind: kind.clone(), cache: cache.clone(), extra: extra.clone() };
                    events.push(StreamEvent::Part { choice, index: part, part: Box::new(whole) });
                    continue;
                }
            }
            if !extra.is_empty() {
                events.push(StreamEvent::PartExtra { choice, part, extra: Box::new(extra.clone()) });
            }
        }
        if !message.extra.is_empty() {
            events.push(StreamEvent::MessageExtra { choice, extra: Box::new(message.extra.clone()) });
        }
        if let Some(logprobs) = logprobs {
            events.push(StreamEvent::Logprobs { choice, logprobs: logprobs.clone() });
        }
        if let Some(reason) = finish_reason {
            events.push(StreamEvent::Finish {
                choice,
                reason: reason.clone(),
                stop_sequence: stop_sequence.clone(),
            });
        }
    }
    if let Some(usage) = &response.usage {
        events.push(StreamEvent::UsageUpdate(Box::new(usage.clone())));
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn replayed_and_accumulated_is_the_same() {
        let mut cited = Part::text("Blue light scatters.");
        cited.extra.insert("citations", Json::parse(r#"[{"a":1}]"#).unwrap());
        let message = Message {
            extra: [("annotations".to_owned(), Json::parse("[1,2]").unwrap())].into_iter().collect(),
            ..Message::new(
                Role::Assistant,
                vec![
                    Part::new(PartKind::Reasoning(Reasoning {
                        text: "hm".into(),
                        signature: Some("c2ln".into()),
                    })),
                    cited,
                    Part::new(PartKind::ToolCall(ToolCall {
                        id: "1".into(),
                        name: "f".into(),
                        arguments: "{\"x\":1}".into(),
                        custom: false,
                    })),
                    Part::new(PartKind::RedactedReasoning { data: "x".into() }),
                ],
            )
        };
        let response = Response {
            id: "r".into(),
            model: "m".into(),
            created: Some(1),
            choices: vec![Choice {
                index: 0,
                message,
                finish_reason: Some(FinishReason::ToolCalls),
                stop_sequence: None,
                logprobs: Some(Json::parse(r#"{"content":[1]}"#).unwrap()),
                extra: Extra::new(),
            }],
            usage: Some(Usage { input_tokens: Some(1), ..Usage::default() }),
            extra: Extra::new(),
        };
        let mut accumulator = Accumulator::new();
        for event in replay(&response, |text| text.split_inclusive(' ').collect()) {
            accumulator.push(&event);
        }
        assert_eq!(accumulator.response(), response);
    }

    #[test]
    fn lists_are_appended_and_totals_replaced() {
        let mut accumulator = Accumulator::new();
        for (logprobs, output) in [(r#"{"content":[1]}"#, 1), (r#"{"content":[2],"refusal":[3]}"#, 7)] {
            accumulator.push(&StreamEvent::Logprobs { choice: 0, logprobs: Json::parse(logprobs).unwrap() });
            let usage = Usage { output_tokens: Some(output), ..Usage::default() };
            accumulator.push(&StreamEvent::UsageUpdate(Box::new(usage)));
        }
        let response = accumulator.response();
        assert_eq!(
            response.choices[0].logprobs.as_ref().unwrap().text(),
            r#"{"content":[1,2],"refusal":[3]}"#
        );
        assert_eq!(response.usage.unwrap().output_tokens, Some(7));
    }

    #[test]
    fn a_call_without_arguments_has_an_empty_object() {
        for written in ["", "null", "\"\"", " "] {
            let mut accumulator = Accumulator::new();
            let (choice, part) = (0, 0);
            accumulator.push(&StreamEvent::ToolCallDelta { choice, part, arguments: written.into() });
            accumulator.push(&StreamEvent::ToolCallEnd { choice, part });
            let response = accumulator.response();
            let PartKind::ToolCall(call) = &response.choices[0].message.content[0].kind else { panic!() };
            assert_eq!(call.arguments, "{}");
        }
    }
}
