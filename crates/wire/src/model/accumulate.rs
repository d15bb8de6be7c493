//! Accumulator: from stream events to the whole response.

use super::{
    Choice, Continuation, FinishReason, GrowingFields, Message, Part, PartKind, Reasoning, Response, Role,
    StreamEvent, ToolCall, Usage,
};
use crate::json::{Extra, Json, replaced_halves};
use alloc::{borrow::Cow, borrow::ToOwned, string::String, vec::Vec};

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

/// An answer so far. What grows is kept outside `choice` until it is read.
#[derive(Clone, Debug)]
struct Growing {
    choice: Choice,
    /// The place of each part of `choice.message.content`, in the same order, and what stands beside it; ascending.
    places: Vec<(u32, GrowingFields)>,
    message_extra: GrowingFields,
    extra: GrowingFields,
    logprobs: Option<Logprobs>,
}

#[derive(Clone, Debug)]
enum Logprobs {
    /// As they were written, once.
    One(Json),
    Lists(GrowingFields),
}

impl Growing {
    fn part(&mut self, place: u32, begin: impl FnOnce() -> PartKind) -> Option<&mut Part> {
        let position = self.position(place, begin);
        self.choice.message.content.get_mut(position)
    }

    /// The growing fields of a part that has begun.
    fn part_extra(&mut self, place: u32) -> Option<&mut GrowingFields> {
        let position = self.position(place, || PartKind::Text(String::new()));
        self.places.get_mut(position).map(|(_, extra)| extra)
    }

    /// Where the part at `place` stands, which begins where it is not there.
    fn position(&mut self, place: u32, begin: impl FnOnce() -> PartKind) -> usize {
        // Deltas mostly go to the part that came last.
        let last = self
            .places
            .len()
            .checked_sub(1)
            .filter(|position| self.places.get(*position).is_some_and(|(other, _)| *other == place));
        let found = last.map_or_else(|| self.places.binary_search_by_key(&place, |(other, _)| *other), Ok);
        found.unwrap_or_else(|position| {
            self.places.insert(position, (place, GrowingFields::default()));
            self.choice.message.content.insert(position, Part::new(begin()));
            position
        })
    }

    fn add_logprobs(&mut self, more: &Json) {
        if let Some(Logprobs::One(first)) = &self.logprobs
            && let Some(first) = first.value().object()
        {
            self.logprobs = Some(Logprobs::Lists(first.rest().into()));
        }
        match (&mut self.logprobs, more.value().object()) {
            (Some(Logprobs::Lists(lists)), Some(more)) => lists.combine(&more.rest()),
            (known, _) => *known = Some(Logprobs::One(more.clone())),
        }
    }

    fn choice(&self) -> Choice {
        let mut choice = self.choice.clone();
        for (part, (_, extra)) in choice.message.content.iter_mut().zip(&self.places) {
            part.extra = extra.fields();
        }
        choice.message.extra = self.message_extra.fields();
        choice.extra = self.extra.fields();
        choice.logprobs = self.logprobs.as_ref().map(|logprobs| match logprobs {
            Logprobs::Lists(lists) => Json::object(&lists.fields(), |_| {}),
            Logprobs::One(one) => one.clone(),
        });
        choice
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
                let growing = Growing {
                    choice,
                    places: Vec::new(),
                    message_extra: GrowingFields::default(),
                    extra: GrowingFields::default(),
                    logprobs: None,
                };
                self.choices.insert(position, growing);
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
                let mut whole = (**part).clone();
                let extra = core::mem::take(&mut whole.extra);
                let growing = self.growing(*choice);
                if let Some(slot) = growing.part(*index, || whole.kind.clone()) {
                    *slot = whole;
                }
                if let Some(known) = growing.part_extra(*index) {
                    *known = extra.into();
                }
            }
            StreamEvent::PartExtra { choice, part, extra } => {
                if let Some(known) = self.growing(*choice).part_extra(*part) {
                    known.combine(extra);
                }
            }
            StreamEvent::MessageExtra { choice, extra } => {
                self.growing(*choice).message_extra.combine(extra);
            }
            StreamEvent::ChoiceExtra { choice, extra } => self.growing(*choice).extra.combine(extra),
            StreamEvent::MessagePieces { choice, extra } => self.growing(*choice).message_extra.join(extra),
            StreamEvent::ResponseExtra(extra) => {
                for (name, value) in extra.iter() {
                    self.extra.insert(name, value.clone());
                }
            }
            StreamEvent::Logprobs { choice, logprobs } => self.growing(*choice).add_logprobs(logprobs),
            StreamEvent::UsageUpdate(usage) => self.usage.get_or_insert_default().advance(usage),
            StreamEvent::Finish { choice, reason, stop_sequence } => {
                let choice = &mut self.growing(*choice).choice;
                choice.finish_reason = Some(reason.clone());
                if stop_sequence.is_some() {
                    choice.stop_sequence.clone_from(stop_sequence);
                }
            }
            StreamEvent::Continued(continued) => self.go_on(continued.how),
            StreamEvent::Unknown { .. } => {}
        }
    }

    /// Another target goes on: the usage of the one before is not part of this one's, and where it answers anew
    /// nothing is.
    fn go_on(&mut self, how: Continuation) {
        let choices = core::mem::take(&mut self.choices);
        *self = Self::new();
        if how == Continuation::Prefix {
            self.choices = choices;
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

    /// The model that answers, in the provider's words; empty where it did not say.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Fields without a name of their own so far.
    pub fn extra(&self) -> &Extra {
        &self.extra
    }

    /// What was received so far, as one answer.
    pub fn response(&self) -> Response {
        Response {
            id: self.id.clone(),
            model: self.model.clone(),
            created: self.created,
            choices: self.choices.iter().map(Growing::choice).collect(),
            usage: self.usage.clone(),
            extra: self.extra.clone(),
        }
    }
}

/// A call without arguments is written as nothing, `""` or `null` by some; it means `{}`. Lone halves of surrogate
/// pairs, which strict readers refuse, are U+FFFD.
pub(crate) fn normalise_arguments(arguments: &mut String) {
    if let Cow::Owned(replaced) = replaced_halves(arguments) {
        *arguments = replaced;
    }
    let trimmed = arguments.trim();
    if trimmed.is_empty() || trimmed == "null" || trimmed == "\"\"" {
        "{}".clone_into(arguments);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Continued, replay};
    use std::{boxed::Box, vec};

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
                extra: [("content_filter_results".to_owned(), Json::parse(r#"{"hate":1}"#).unwrap())]
                    .into_iter()
                    .collect(),
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
    fn zeros_at_the_end_do_not_replace_what_is_known_of_the_prompt() {
        let mut accumulator = Accumulator::new();
        for (input, output) in [(Some(5), Some(1)), (Some(0), Some(0)), (None, None)] {
            let usage = Usage { input_tokens: input, output_tokens: output, ..Usage::default() };
            accumulator.push(&StreamEvent::UsageUpdate(Box::new(usage)));
        }
        let usage = accumulator.response().usage.unwrap();
        // What an answer has so far is another matter: Anthropic's streams begin with a guess.
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(5), Some(0)));
    }

    #[test]
    fn what_continues_is_added_and_what_begins_anew_stands_alone() {
        for (how, whole) in [(Continuation::Prefix, "One two three"), (Continuation::Restart, " three")] {
            let mut accumulator = Accumulator::new();
            let text = |text: &str| StreamEvent::TextDelta { choice: 0, part: 0, text: text.into() };
            let usage = Usage { input_tokens: Some(5), ..Usage::default() };
            accumulator.push(&StreamEvent::UsageUpdate(Box::new(usage)));
            accumulator.push(&text("One two"));
            let target = "b/m".into();
            accumulator.push(&StreamEvent::Continued(Box::new(Continued { target, how })));
            assert_eq!((accumulator.usage(), accumulator.model()), (None, ""));
            accumulator.push(&text(" three"));
            let response = accumulator.response();
            assert_eq!(response.choices[0].message.content, [Part::text(whole)]);
        }
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
