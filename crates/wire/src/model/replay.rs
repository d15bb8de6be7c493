//! Replay: from the whole response back to the events of its stream.

use super::{Choice, Part, PartKind, Reasoning, Response, Start, StreamEvent, ToolCall};
use alloc::{boxed::Box, vec::Vec};

/// The events that a stream of `response` would be made of, its texts split by `split`.
///
/// A server that has the whole answer streams it with this; [`Accumulator`] makes the same answer of them again.
pub fn replay<'a>(response: &'a Response, split: impl Fn(&'a str) -> Vec<&'a str>) -> Vec<StreamEvent> {
    // A part that says nothing is a part too.
    let split = |text| {
        let pieces = split(text);
        if pieces.is_empty() { alloc::vec![""] } else { pieces }
    };
    let mut events = Vec::new();
    events.push(StreamEvent::Start(Box::new(Start {
        id: response.id.clone(),
        model: response.model.clone(),
        created: response.created,
        extra: response.extra.clone(),
    })));
    for Choice { index: choice, message, finish_reason, stop_sequence, logprobs, extra } in &response.choices
    {
        let choice = *choice;
        for (part, Part { kind, cache, extra }) in (0u32..).zip(&message.content) {
            match kind {
                PartKind::Text(text) => {
                    events.extend(split(text).into_iter().map(|text| StreamEvent::TextDelta {
                        choice,
                        part,
                        text: text.into(),
                    }));
                }
                PartKind::Refusal(text) => {
                    events.extend(split(text).into_iter().map(|text| StreamEvent::RefusalDelta {
                        choice,
                        part,
                        text: text.into(),
                    }));
                }
                PartKind::Reasoning(Reasoning { text, signature }) => {
                    events.extend(split(text).into_iter().map(|text| StreamEvent::ReasoningDelta {
                        choice,
                        part,
                        text: text.into(),
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
                    let pieces = split(arguments).into_iter().filter(|piece| !piece.is_empty());
                    events.extend(pieces.map(|arguments| StreamEvent::ToolCallDelta {
                        choice,
                        part,
                        arguments: arguments.into(),
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
        if !extra.is_empty() {
            events.push(StreamEvent::ChoiceExtra { choice, extra: Box::new(extra.clone()) });
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
