//! Decoding of streamed answers: the program's lines as events.
//!
//! What the model says comes in small pieces, and each segment comes again as a whole: before the agent uses a tool,
//! and at the end. Repeats are recognised by what was sent since the last of them.

use crate::dialect::StreamDecoder;
use crate::dialect::shared::{
    figures_template::FiguresTemplate,
    lenient,
    template::{text_range, value_range},
};
use crate::framing::{NdjsonReader, StreamError, StreamLimits};
use crate::json::{Fields, Json, JsonError, Value};
use crate::model::{ErrorKind, FinishReason, ProviderError, Start, StreamEvent, Usage};
use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString, vec::Vec};

/// The parts of the answer: what was thought comes first.
const REASONING: u32 = 0;
const TEXT: u32 = 1;

/// Reads what one run of the program says.
#[derive(Debug)]
pub(super) struct Decoder {
    lines: NdjsonReader,
    state: State,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self {
            lines: NdjsonReader::new(limits),
            state: State { limit: limits.event_bytes, ..State::default() },
        }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { lines, state } = self;
        if state.done {
            return Ok(());
        }
        lines.push(bytes, &mut |line| state.read(line, events))
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { lines, state } = self;
        if !state.done {
            lines.finish(&mut |line| state.read(line, events))?;
        }
        if state.done { Ok(()) } else { Err(StreamError::Interrupted) }
    }

    fn is_done(&self) -> bool {
        self.state.done
    }
}

#[derive(Debug, Default)]
struct State {
    limit: usize,
    started: bool,
    done: bool,
    /// All text so far.
    said: String,
    /// Where in it the segment begins that was not yet repeated.
    segment: usize,
    /// A piece of the answer: the next differs in its text and its time.
    template: FiguresTemplate,
}

impl State {
    fn read(&mut self, line: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.done {
            return Ok(());
        }
        match self.template.matches(line) {
            Some((text, _)) => self.say(text, events),
            None => self.read_whole(line, events),
        }
    }

    fn read_whole(&mut self, line: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        // Notices of updates and the like stand between the lines of JSON.
        if !line.starts_with('{') {
            return Ok(());
        }
        let mut fields = match Fields::parse(line.as_bytes()) {
            Ok(fields) => fields,
            Err(_) => return Ok(()),
        };
        let kind = fields.take_string("type").unwrap_or_default();
        let subtype = fields.take_string("subtype").unwrap_or_default();
        match (kind.as_str(), subtype.as_str()) {
            ("system", _) => self.start(fields, events),
            ("thinking", "delta") => {
                if let Some(text) = lenient::take(&mut fields, "text").filter(|text| !text.is_empty()) {
                    events.push(StreamEvent::ReasoningDelta {
                        choice: 0,
                        part: REASONING,
                        text: text.into(),
                    });
                }
            }
            ("assistant", _) => return self.read_message(line, &mut fields, events),
            ("result", _) => return self.read_result(fields, events),
            // The prompt again, and the end of a thought.
            ("user" | "thinking", _) => {}
            // What the agent does with its own tools, and what is new.
            _ => events.push(StreamEvent::Unknown {
                event: (!kind.is_empty()).then_some(kind),
                data: Json::parse(line).map_err(|error| malformed(&error))?,
            }),
        }
        Ok(())
    }

    fn start(&mut self, mut fields: Fields<'_>, events: &mut Vec<StreamEvent>) {
        if core::mem::replace(&mut self.started, true) {
            return;
        }
        events.push(StreamEvent::Start(Box::new(Start {
            id: lenient::take(&mut fields, "session_id").unwrap_or_default(),
            model: lenient::take(&mut fields, "model").unwrap_or_default(),
            created: None,
            extra: fields.rest(),
        })));
    }

    fn read_message(
        &mut self,
        line: &str,
        fields: &mut Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let message = fields.take("message");
        let content = message.and_then(|message| match message.object() {
            Some(mut message) => lenient::take_items(&mut message, "content"),
            None => Some(alloc::vec![message]),
        });
        let content = content.unwrap_or_default();
        let parts: Vec<Fields<'_>> = content.iter().copied().filter_map(Value::object).collect();
        let mut text = String::new();
        for part in content {
            let written = part.object().map_or(Some(part), |part| part.get("text"));
            text.push_str(&written.map(lenient::any).unwrap_or_default());
        }
        let time = fields.get("timestamp_ms").filter(|_| fields.get("model_call_id").is_none());
        if let Some(time) = time {
            if let [part] = parts.as_slice() {
                self.learn(line, part.get("text"), time);
            }
            return self.say(&text, events);
        }
        // The segment again, or as much of it as was not said in pieces.
        let since = self.said.get(self.segment..).unwrap_or_default();
        let news = text.strip_prefix(since).unwrap_or(&text).to_owned();
        self.say(&news, events)?;
        self.segment = self.said.len();
        Ok(())
    }

    fn learn(&mut self, line: &str, text: Option<Value<'_>>, time: Value<'_>) {
        self.template.forget();
        if let Some(text) = text.and_then(|text| text_range(line, text))
            && let Some(time) = value_range(line, time).filter(|time| time.start > text.end)
        {
            self.template.learn(line, &text, &time);
        }
    }

    fn say(&mut self, text: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if text.is_empty() {
            return Ok(());
        }
        if self.said.len() + text.len() > self.limit {
            return Err(StreamError::TooLarge(self.limit));
        }
        self.said.push_str(text);
        events.push(StreamEvent::TextDelta { choice: 0, part: TEXT, text: text.into() });
        Ok(())
    }

    fn read_result(
        &mut self,
        mut fields: Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        self.done = true;
        let result = lenient::take(&mut fields, "result").unwrap_or_default();
        if fields.take_bool("is_error") == Some(true) {
            return Err(StreamError::Provider(Box::new(failure(result))));
        }
        // The result is all segments: what of it was not said yet is said now.
        if let Some(rest) = result.strip_prefix(self.said.as_str()) {
            let rest = rest.to_owned();
            self.say(&rest, events)?;
        }
        events.push(StreamEvent::Finish { choice: 0, reason: FinishReason::Stop, stop_sequence: None });
        if let Some(usage) = fields.get("usage").and_then(lenient::object) {
            fields.take("usage");
            events.push(StreamEvent::UsageUpdate(Box::new(read_usage(usage))));
        }
        let extra = fields.rest();
        if !extra.is_empty() {
            events.push(StreamEvent::ResponseExtra(Box::new(extra)));
        }
        Ok(())
    }
}

/// `inputTokens` leaves out what was read from the cache (`docs/wire/cursor-cli.md`, section 3).
fn read_usage(mut fields: Fields<'_>) -> Usage {
    let input = lenient::take_count(&mut fields, "inputTokens");
    let read = lenient::take_count(&mut fields, "cacheReadTokens");
    Usage {
        input_tokens: input.map(|input| input.saturating_add(read.unwrap_or(0))),
        output_tokens: lenient::take_count(&mut fields, "outputTokens"),
        cache_read_tokens: read,
        cache_write_tokens: lenient::take_count(&mut fields, "cacheWriteTokens"),
        extra: fields.rest(),
        ..Usage::default()
    }
}

fn failure(text: String) -> ProviderError {
    let said = text.to_lowercase();
    let kind = if ["not logged in", "authentication"].iter().any(|sign| said.contains(sign)) {
        ErrorKind::Authentication
    } else {
        ErrorKind::Server
    };
    let text = if text.is_empty() { "the program reports an error without a text".to_owned() } else { text };
    ProviderError::new(kind, text)
}

/// The error of a line that is not what it should be.
pub(super) fn malformed(error: &JsonError) -> StreamError {
    StreamError::Malformed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;

    fn line(text: &str, rest: &str) -> String {
        format!(
            r#"{{"type":"assistant","message":{{"role":"assistant","content":[{{"type":"text","text":"{text}"}}]}},"session_id":"s"{rest}}}"#
        )
    }

    fn answer() -> State {
        State { limit: 1 << 20, ..State::default() }
    }

    /// Lines that mostly differ in their text and time only, and what stands between them.
    fn lines() -> impl Strategy<Value = String> {
        let text = prop_oneof![4 => "[a-c ]{0,3}", 1 => Just(r"\n".into()), 1 => Just("é日本".into())];
        (text, "[0-9]{1,4}", 0..9_usize).prop_map(|(text, time, shape)| match shape {
            0..=4 => line(&text, &format!(r#","timestamp_ms":{time}"#)),
            5 => line(&text, &format!(r#","timestamp_ms":{time},"model_call_id":"c""#)),
            6 => line(&text, ""),
            7 => format!(r#"{{"type":"thinking","subtype":"delta","text":"{text}","timestamp_ms":{time}}}"#),
            _ => format!(r#"{{"type":"novelty","timestamp_ms":{time}}}"#),
        })
    }

    proptest! {
        #[test]
        fn the_short_way_says_the_same_as_the_long_one(lines in proptest::collection::vec(lines(), 1..30)) {
            let (mut short, mut long) = (answer(), answer());
            let (mut by_short, mut by_long) = (Vec::new(), Vec::new());
            for line in &lines {
                short.read(line, &mut by_short).unwrap();
                long.read_whole(line, &mut by_long).unwrap();
                prop_assert_eq!(&by_short, &by_long);
                prop_assert_eq!((&short.said, short.segment), (&long.said, long.segment));
            }
        }
    }

    /// The property above would hold as well if the short way were never gone.
    #[test]
    fn the_short_way_is_taken() {
        let mut answer = answer();
        answer.read(&line("a", r#","timestamp_ms":1"#), &mut Vec::new()).unwrap();
        let text = |line: &str| answer.template.matches(line).map(|(text, _)| text.to_owned());
        assert_eq!(text(&line("bc", r#","timestamp_ms":25"#)).as_deref(), Some("bc"));
        for rest in [r#","timestamp_ms":25,"model_call_id":"c""#, "", r#","timestamp_ms":025"#] {
            assert_eq!(text(&line("bc", rest)), None, "{rest}");
        }
        assert_eq!(text(&line(r"\n", r#","timestamp_ms":2"#)), None);
    }

    #[test]
    fn the_limit_holds_on_the_short_way_too() {
        let mut answer = State { limit: 3, ..State::default() };
        let mut events = Vec::new();
        for _ in 0..3 {
            answer.read(&line("a", r#","timestamp_ms":1"#), &mut events).unwrap();
        }
        let more = answer.read(&line("a", r#","timestamp_ms":1"#), &mut events);
        assert_eq!((more, events.len()), (Err(StreamError::TooLarge(3)), 3));
    }
}
