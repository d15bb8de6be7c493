//! Made-up ids: the ids that decoders give to tool calls without one.
//!
//! Programs need an id to answer a call, even if the provider has none. The id itself is marked by [`PREFIX`], so the
//! mark survives any format in which a program stores a conversation, even one with only ids, names and arguments. A
//! made-up id is never sent to a provider that has no ids of its own (Vertex refuses `functionCall.id` for Gemini 2.x).

use super::repeated_calls::RepeatedCalls;
use crate::dialect::StreamDecoder;
use crate::framing::StreamError;
use crate::model::{PartKind, Response, StreamEvent};
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

/// What a made id begins with. No provider's own does.
const PREFIX: &str = "made_";
/// So long may the answer's id in it be: with the numbers behind it no id is longer than the 40 characters that OpenAI
/// takes.
const MAX_ANSWER: usize = 24;

/// The id of the call `number` of the answer `answer`, so that no other call of a conversation has the same.
pub(crate) fn make(answer: &str, choice: u32, number: usize) -> String {
    let letters: Vec<char> = answer.chars().filter(char::is_ascii_alphanumeric).collect();
    let end = letters.len().saturating_sub(MAX_ANSWER);
    let mut answer: String = letters.into_iter().skip(end).collect();
    if !answer.is_empty() {
        answer.push('_');
    }
    match choice {
        0 => format!("{PREFIX}{answer}{number}"),
        choice => format!("{PREFIX}{answer}{choice}_{number}"),
    }
}

/// Whether we made `id`.
pub(crate) fn is_made(id: &str) -> bool {
    id.starts_with(PREFIX)
}

/// An answer whose calls all have an id.
pub(crate) fn given(mut response: Response) -> Response {
    for choice in &mut response.choices {
        let mut number = 0;
        for part in &mut choice.message.content {
            if let PartKind::ToolCall(call) = &mut part.kind
                && call.id.is_empty()
            {
                call.id = make(&response.id, choice.index, number);
                number += 1;
            }
        }
    }
    response
}

/// A decoder of streams whose calls all have an id, and come once.
#[derive(Debug)]
pub(crate) struct Giving<D> {
    decoder: D,
    answer: String,
    /// How many ids were given in each choice.
    numbers: BTreeMap<u32, usize>,
    repeated: RepeatedCalls,
}

impl<D: StreamDecoder> Giving<D> {
    pub(crate) fn new(decoder: D) -> Self {
        Self { decoder, answer: String::new(), numbers: BTreeMap::new(), repeated: RepeatedCalls::default() }
    }

    fn give(&mut self, events: &mut [StreamEvent]) {
        for event in events {
            match event {
                StreamEvent::Start(start) => self.answer.clone_from(&start.id),
                StreamEvent::ToolCallStart { choice, id, .. } if id.is_empty() => {
                    let number = self.numbers.entry(*choice).or_default();
                    *id = make(&self.answer, *choice, *number);
                    *number += 1;
                }
                _ => {}
            }
        }
    }
}

impl<D: StreamDecoder> StreamDecoder for Giving<D> {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let before = events.len();
        let result = self.decoder.push(bytes, events);
        self.give(events.get_mut(before..).unwrap_or_default());
        self.repeated.leave_out(events, before);
        result
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let before = events.len();
        let result = self.decoder.finish(events);
        self.give(events.get_mut(before..).unwrap_or_default());
        self.repeated.leave_out(events, before);
        self.repeated.finish(events);
        result
    }

    fn is_done(&self) -> bool {
        self.decoder.is_done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quirks::{ToolIdRule, tool_id};

    #[test]
    fn made_ids_are_known_as_such_and_valid_with_most() {
        for (answer, choice, number, id) in [
            ("", 0, 0, "made_0"),
            ("resp", 0, 2, "made_resp_2"),
            ("resp", 3, 0, "made_resp_3_0"),
            ("2026-01-01T00:00:00.2Z", 0, 0, "made_20260101T0000002Z_0"),
            ("0123456789abcdefghijklmnopqrst", 9, 99, "made_6789abcdefghijklmnopqrst_9_99"),
        ] {
            let made = make(answer, choice, number);
            assert_eq!(made, id);
            assert!(is_made(&made) && tool_id::is_right(ToolIdRule::Word, &made));
            assert!(tool_id::is_right(ToolIdRule::UpTo40, &made));
        }
    }
}
