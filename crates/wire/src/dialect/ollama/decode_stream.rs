//! Decoding of streamed Ollama chat answers, line by line.

use super::carried::NAME;
use super::{
    created, decode_response, error,
    message::{check_calls, decode_call, take_calls, take_images},
};
use crate::dialect::StreamDecoder;
use crate::dialect::shared::lenient;
use crate::dialect::shared::template::{TextTemplate, plain_string, text_range};
use crate::framing::{NdjsonReader, StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{Part, PartKind, Start, StreamEvent, ToolCall};
use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString, vec::Vec};

/// Reads the body of one streamed answer.
#[derive(Debug)]
pub(super) struct Decoder {
    lines: NdjsonReader,
    state: State,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { lines: NdjsonReader::new(limits), state: State::default() }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.state.done {
            return Ok(());
        }
        let Self { lines, state } = self;
        lines.push(bytes, &mut |line| state.read(line, events))
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { lines, state } = self;
        if !state.done {
            match lines.finish(&mut |line| state.read(line, events)) {
                // A last line that is not JSON was cut off.
                Ok(()) | Err(StreamError::Malformed(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if state.done { Ok(()) } else { Err(StreamError::Interrupted) }
    }

    fn is_done(&self) -> bool {
        self.state.done
    }
}

#[derive(Debug, Default)]
struct State {
    started: bool,
    done: bool,
    /// The place of the next part.
    next_part: u32,
    text: Option<u32>,
    thinking: Option<u32>,
    /// Calls so far.
    calls: usize,
    /// The unknown fields so far, as they were last.
    extra: Extra,
    template: LineTemplate,
}

impl State {
    fn read(&mut self, line: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.done {
            return Ok(());
        }
        if let (Some(text), Some(part)) = (self.template.matches(line), self.text)
            && !text.is_empty()
        {
            events.push(StreamEvent::TextDelta { choice: 0, part, text: text.into() });
            return Ok(());
        }
        self.template.forget();
        self.read_whole(line, events)
    }

    fn read_whole(&mut self, line: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let malformed = |error: crate::json::JsonError| StreamError::Malformed(error.to_string());
        let mut fields = Fields::parse(line.as_bytes()).map_err(malformed)?;
        if let Some(error) = error::reported(&fields, line) {
            self.done = true;
            return Err(error);
        }
        if fields.get("message").is_none() && fields.get("done").is_none() {
            events.push(StreamEvent::Unknown { event: None, data: Json::parse(line).map_err(malformed)? });
            return Ok(());
        }
        let created_at = created::text(&fields);
        let stamp = fields.get("created_at");
        let before = events.len();
        let written = fields.take("message");
        let message = written.and_then(lenient::object);
        let logprobs = decode_response::take_logprobs(&mut fields);
        let has_calls = self.calls > 0
            || message.as_ref().is_some_and(|message| {
                let calls = message.get("tool_calls").map(lenient::items);
                calls.is_some_and(|calls| !calls.is_empty())
            });
        let end = decode_response::take_end(&mut fields, has_calls)?;
        self.read_head(fields, end.is_some(), events);
        let text = match (message, written) {
            (Some(message), _) => self.read_message(message, &created_at, events)?,
            (None, Some(written)) => {
                self.say(lenient::any(written), events);
                None
            }
            (None, None) => None,
        };
        if let Some(logprobs) = logprobs {
            events.push(StreamEvent::Logprobs { choice: 0, logprobs });
        }
        if let Some((reason, usage)) = end {
            self.done = true;
            events.push(StreamEvent::Finish { choice: 0, reason, stop_sequence: None });
            events.push(StreamEvent::UsageUpdate(Box::new(usage)));
        } else if let Some(text) = text
            && events.len() == before + 1
        {
            self.template.learn(line, stamp, text);
        }
        Ok(())
    }

    /// What stands beside the message: said at the start, later only where it is new. The time changes with every line,
    /// and the first one counts.
    fn read_head(&mut self, mut fields: Fields<'_>, is_last: bool, events: &mut Vec<StreamEvent>) {
        let mut beside = Extra::new();
        let created = created::take(&mut fields, &mut beside);
        let model = lenient::take(&mut fields, "model").unwrap_or_default();
        let mut news = Extra::new();
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            if self.extra.get(name).is_none_or(|known| known.text() != value.text()) {
                self.extra.insert(name, value.to_json());
                news.insert(name, value.to_json());
            }
        }
        if !core::mem::replace(&mut self.started, true) {
            // A whole answer in one line says what belongs to its end beside what belongs to its start.
            for (name, value) in news.iter().filter(|_| !is_last) {
                beside.insert(name, value.clone());
            }
            let start = Start { id: String::new(), model, created, extra: beside };
            events.push(StreamEvent::Start(Box::new(start)));
            if !is_last {
                return;
            }
        }
        if !news.is_empty() {
            events.push(StreamEvent::ResponseExtra(Box::new(news)));
        }
    }

    /// Reads what a line says of the message, and gives the text, where there was some.
    fn read_message<'a>(
        &mut self,
        mut message: Fields<'a>,
        created_at: &str,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<Value<'a>>, StreamError> {
        message.take("role");
        if let Some(text) = lenient::take_known(&mut message, "thinking").filter(|text| !text.is_empty()) {
            let part = place(&mut self.thinking, &mut self.next_part);
            events.push(StreamEvent::ReasoningDelta { choice: 0, part, text: text.into() });
        }
        let mut content = None;
        if let Some(value) = message.get("content")
            && let Some(text) = lenient::take(&mut message, "content")
            && self.say(text, events)
        {
            content = Some(value);
        }
        for part in take_images(&mut message) {
            let index = self.begin();
            events.push(StreamEvent::Part { choice: 0, index, part: Box::new(part) });
        }
        for value in take_calls(&mut message) {
            self.read_call(value, created_at, events);
        }
        check_calls(&message)?;
        let rest = message.rest();
        let extra: Extra = rest
            .iter()
            .filter(|(_, value)| !value.value().is_null())
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        if !extra.is_empty() {
            events.push(StreamEvent::MessageExtra { choice: 0, extra: Box::new(extra) });
        }
        Ok(content)
    }

    /// Adds to the text, and says whether there was any.
    fn say(&mut self, text: String, events: &mut Vec<StreamEvent>) -> bool {
        if text.is_empty() {
            return false;
        }
        let part = place(&mut self.text, &mut self.next_part);
        events.push(StreamEvent::TextDelta { choice: 0, part, text: text.into() });
        true
    }

    /// Calls come whole.
    fn read_call(&mut self, value: Value<'_>, created_at: &str, events: &mut Vec<StreamEvent>) {
        let number = self.calls;
        let Some(part) = decode_call(value, || created::call_id(created_at, number)) else {
            let part = Box::new(Part::provider_item(NAME, value.to_json()));
            events.push(StreamEvent::Part { choice: 0, index: self.begin(), part });
            return;
        };
        self.calls += 1;
        let PartKind::ToolCall(ToolCall { id, name, arguments, custom }) = part.kind else { return };
        let (choice, place) = (0, self.begin());
        events.push(StreamEvent::ToolCallStart { choice, part: place, id, name, custom });
        events.push(StreamEvent::ToolCallDelta { choice, part: place, arguments: arguments.into() });
        if !part.extra.is_empty() {
            events.push(StreamEvent::PartExtra { choice, part: place, extra: Box::new(part.extra) });
        }
        events.push(StreamEvent::ToolCallEnd { choice, part: place });
    }

    fn begin(&mut self) -> u32 {
        let part = self.next_part;
        self.next_part += 1;
        part
    }
}

/// The place of a part of which there is one.
fn place(known: &mut Option<u32>, next: &mut u32) -> u32 {
    *known.get_or_insert_with(|| {
        let part = *next;
        *next += 1;
        part
    })
}

/// Recognises lines that differ in their time and their text only, the time before the text.
#[derive(Debug, Default)]
struct LineTemplate {
    /// All before the time, its opening quote included.
    head: String,
    /// What follows the time, from its closing quote on.
    rest: TextTemplate,
}

impl LineTemplate {
    fn learn(&mut self, line: &str, stamp: Option<Value<'_>>, text: Value<'_>) {
        let Some(stamp) = stamp.and_then(|stamp| text_range(line, stamp)) else { return };
        if let (Some(head), Some(rest)) = (line.get(..stamp.start), line.get(stamp.end..))
            && let Some(text) = text_range(rest, text)
        {
            head.clone_into(&mut self.head);
            self.rest.learn(rest, text, None);
        }
    }

    fn matches<'a>(&self, line: &'a str) -> Option<&'a str> {
        let (_, rest) = plain_string(line.strip_prefix(self.head.as_str())?)?;
        self.rest.matches(rest)
    }

    fn forget(&mut self) {
        self.rest.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;

    /// Lines that mostly differ in their time and text only, in the ways a server writes them.
    fn line() -> impl Strategy<Value = String> {
        let text = prop_oneof![4 => "[a-z ]{0,4}", 1 => Just(r"\n".into()), 1 => Just("é日本".into())];
        (text, "[0-9]{0,3}", 0..8usize).prop_map(|(text, fraction, shape)| {
            let head = format!(r#""model":"m","created_at":"2026-01-01T00:00:00.{fraction}Z""#);
            let said = match shape {
                0..=4 => format!(r#""role":"assistant","content":"{text}""#),
                5 => format!(r#""role":"assistant","content":"{text}","thinking":"{fraction}""#),
                6 => format!(r#""role":"assistant","content":"{text}","novelty":"{fraction}""#),
                _ => format!(
                    r#""role":"assistant","content":"{text}","tool_calls":[{{"function":{{"name":"f"}}}}]"#
                ),
            };
            format!(r#"{{{head},"message":{{{said}}},"done":false}}"#)
        })
    }

    proptest! {
        #[test]
        fn the_short_way_says_the_same_as_the_long_one(lines in proptest::collection::vec(line(), 1..30)) {
            let (mut short, mut long) = (State::default(), State::default());
            let (mut by_short, mut by_long) = (Vec::new(), Vec::new());
            for line in &lines {
                short.read(line, &mut by_short).unwrap();
                long.read_whole(line, &mut by_long).unwrap();
                prop_assert_eq!(&by_short, &by_long);
            }
        }
    }

    /// The property above would hold as well if the short way were never gone.
    #[test]
    fn the_short_way_is_taken() {
        let line = |time: &str, text: &str| {
            format!(
                r#"{{"model":"m","created_at":"{time}","message":{{"role":"assistant","content":"{text}"}},"done":false}}"#
            )
        };
        let mut answer = State::default();
        // The first line is the start as well, so the second is the one to learn from.
        for time in ["1", "2"] {
            answer.read(&line(time, "a"), &mut Vec::new()).unwrap();
        }
        assert_eq!(answer.template.matches(&line("333", "bc")), Some("bc"));
        assert_eq!(answer.template.matches(&line("333", r"\n")), None);
        assert_eq!(answer.template.matches(&line("333", "bc").replace("\"m\"", "\"other\"")), None);
        answer.template.forget();
        assert_eq!(answer.template.matches(&line("333", "bc")), None);
    }
}
