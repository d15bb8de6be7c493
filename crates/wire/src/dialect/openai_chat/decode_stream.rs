//! Decoding of streamed Chat Completions answers.

use super::{chunk::ChunkReader, decode_response};
use crate::dialect::StreamDecoder;
use crate::dialect::openai_chat::error;
use crate::dialect::shared::template::TextTemplate;
use crate::framing::{Frame, SseReader, StreamError, StreamLimits};
use crate::model::{StreamEvent, replay};
use alloc::vec::Vec;

/// What ends a stream; some servers write more after it.
const DONE: &str = "[DONE]";

/// Reads the body of one streamed answer.
#[derive(Debug)]
pub(super) struct Decoder {
    frames: SseReader,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    chunks: ChunkReader,
    template: TextTemplate,
    /// The answer and the part that the template's chunks belong to.
    template_place: (u32, u32),
    done: bool,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { frames: SseReader::new(limits), state: State::default() }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.state.done {
            return Ok(());
        }
        let Self { frames, state } = self;
        frames.push(bytes, &mut |frame| state.read(frame, events))
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { frames, state } = self;
        frames.finish(&mut |frame| state.read(frame, events))?;
        if !state.done && !state.chunks.is_finished() {
            return Err(StreamError::Interrupted);
        }
        state.end(events);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.state.done
    }
}

impl State {
    fn read(&mut self, frame: Frame<'_>, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.done {
            return Ok(());
        }
        let (event, data) = match frame {
            Frame::Event { event, data, .. } => (event, data),
            Frame::StrayJson(body) => return self.read_whole(body, events),
        };
        if event == "message"
            && let Some(text) = self.template.matches(data)
            && !text.is_empty()
        {
            let (choice, part) = self.template_place;
            events.push(StreamEvent::TextDelta { choice, part, text: text.into() });
            return Ok(());
        }
        self.read_chunk(event, data, events)
    }

    fn read_chunk(
        &mut self,
        event: &str,
        data: &str,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        // What a chunk changed may change what the next means.
        self.template.forget();
        let trimmed = data.trim();
        if trimmed.is_empty() || event == "ping" {
            return Ok(());
        }
        if trimmed.starts_with(DONE) {
            self.end(events);
            return Ok(());
        }
        if event == "error" {
            self.done = true;
            return Err(error::provider_error(data));
        }
        let name = Some(event).filter(|name| *name != "message");
        let text = self.chunks.read(data, name, events).inspect_err(|_| self.done = true)?;
        if let Some(place) = text {
            self.template.learn(data, place.text, place.padding);
            self.template_place = (place.choice, place.part);
        }
        Ok(())
    }

    /// JSON where a stream was expected: an error, or the whole answer of a server that does not stream.
    fn read_whole(&mut self, body: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        self.done = true;
        let response = decode_response::decode(body.as_bytes())?;
        events.extend(replay(&response, |text| alloc::vec![text]));
        Ok(())
    }

    fn end(&mut self, events: &mut Vec<StreamEvent>) {
        if !self.done {
            self.done = true;
            self.chunks.end(events);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{format, string::String};

    /// Chunks that mostly differ in their text only, in the ways servers write them.
    fn chunk() -> impl Strategy<Value = String> {
        let text = prop_oneof![
            4 => "[a-z ]{0,4}",
            1 => Just(r"\n".into()),
            1 => Just(r#"\""#.into()),
            1 => Just("é\\u00e9".into()),
            1 => Just("\u{7f}日本".into()),
        ];
        let shape = 0..10usize;
        (text, "[A-Za-z0-9]{0,3}", shape).prop_map(|(text, padding, shape)| {
            let head = r#""id":"c","created":1,"model":"m","choices":[{"index":0,"delta":"#;
            match shape {
                0..=2 => format!(r#"{{{head}{{"content":"{text}"}},"finish_reason":null}}]}}"#),
                3..=4 => {
                    format!(r#"{{{head}{{"content":"{text}"}},"finish_reason":null}}],"obfuscation":"{padding}"}}"#)
                }
                9 => format!(
                    r#"{{{head}{{"content":"{text}"}},"finish_reason":null}}],"created_at":"{padding}","version":1}}"#
                ),
                5 => format!(r#"{{{head}{{"content":"{text}","reasoning":"{padding}"}},"finish_reason":null}}]}}"#),
                6 => format!(r#"{{{head}{{"content":"{text}"}}}},{{"index":1,"delta":{{"content":"{padding}"}}}}]}}"#),
                7 => {
                    let details = r#""reasoning_details":[{"type":"reasoning.encrypted","data":"AA"}]"#;
                    format!(r#"{{{head}{{"content":"{text}",{details}}},"finish_reason":null}}]}}"#)
                }
                _ => {
                    let call = format!(r#"{{"index":0,"function":{{"arguments":"{padding}"}}}}"#);
                    format!(r#"{{{head}{{"content":"{text}","tool_calls":[{call}]}},"finish_reason":""}}]}}"#)
                }
            }
        })
    }

    fn both_ways_say_the_same(chunks: &[String]) -> Result<(), TestCaseError> {
        let mut short = State::default();
        let mut long = ChunkReader::default();
        let (mut by_short, mut by_long) = (Vec::new(), Vec::new());
        for data in chunks {
            short.read(Frame::Event { event: "message", data, id: "" }, &mut by_short).unwrap();
            long.read(data, None, &mut by_long).unwrap();
            prop_assert_eq!(&by_short, &by_long);
        }
        short.end(&mut by_short);
        long.end(&mut by_long);
        prop_assert_eq!(by_short, by_long);
        Ok(())
    }

    proptest! {
        #[test]
        fn the_short_way_says_the_same_as_the_long_one(chunks in proptest::collection::vec(chunk(), 1..30)) {
            both_ways_say_the_same(&chunks)?;
        }
    }

    /// Such arguments are kept without an event, so that the chunk seems to be its text.
    #[test]
    fn arguments_of_a_call_without_a_name_are_not_lost_beside_a_text() {
        for call in [
            r#""tool_calls":[{"index":0,"function":{"arguments":"1"}}]"#,
            r#""tool_calls":{"function":{"arguments":"1"}}"#,
            r#""function_call":{"arguments":"1"}"#,
        ] {
            let chunk = format!(r#"{{"choices":[{{"delta":{{"content":"a",{call}}}}}]}}"#);
            both_ways_say_the_same(&[chunk.clone(), chunk.clone(), chunk.clone(), chunk]).unwrap();
        }
    }

    /// The property above would hold as well if the short way were never gone.
    #[test]
    fn the_short_way_is_taken_with_and_without_padding_or_a_time() {
        for (first, second) in [
            (r#"{"choices":[{"delta":{"content":"a"}}]}"#, r#"{"choices":[{"delta":{"content":"bc"}}]}"#),
            (
                r#"{"choices":[{"delta":{"content":"a"}}],"obfuscation":"xyz"}"#,
                r#"{"choices":[{"delta":{"content":"bc"}}],"obfuscation":""}"#,
            ),
            (
                r#"{"choices":[{"delta":{"content":"a"}}],"created_at":"00:01","model_version":"1"}"#,
                r#"{"choices":[{"delta":{"content":"bc"}}],"created_at":"00:02","model_version":"1"}"#,
            ),
        ] {
            let mut answer = State::default();
            let mut events = Vec::new();
            // The first chunk is the start as well, so the second is the one to learn from.
            for _ in 0..2 {
                answer.read(Frame::Event { event: "message", data: first, id: "" }, &mut events).unwrap();
            }
            assert_eq!(answer.template.matches(second), Some("bc"));
            let escaped = second.replace("bc", r"\n");
            assert_eq!(answer.template.matches(&escaped), None);
        }
    }
}
