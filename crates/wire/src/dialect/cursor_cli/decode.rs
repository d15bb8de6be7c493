//! Client: the program's lines, as events.
//!
//! What the model says comes in small pieces, and each segment comes again as a whole: before the agent uses a tool, and
//! at the end. The repeats are told from news by what was said since the last of them.

use super::malformed;
use crate::dialect::{StreamDecoder, StreamError, StreamLimits};
use crate::framing::NdjsonReader;
use crate::json::{Fields, Json, Value};
use crate::model::{ErrorKind, FinishReason, ProviderError, Start, StreamEvent, Usage};
use alloc::{borrow::ToOwned, boxed::Box, string::String, vec::Vec};

/// The parts of the answer: what was thought comes first.
const REASONING: u32 = 0;
const TEXT: u32 = 1;

/// Reads what one run of the program says.
#[derive(Debug)]
pub(super) struct Decoder {
    lines: NdjsonReader,
    answer: Answer,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self {
            lines: NdjsonReader::new(limits),
            answer: Answer { limit: limits.event_bytes, ..Answer::default() },
        }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { lines, answer } = self;
        if answer.done {
            return Ok(());
        }
        lines.push(bytes, &mut |line| answer.read(line, events))
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { lines, answer } = self;
        if !answer.done {
            lines.finish(&mut |line| answer.read(line, events))?;
        }
        if answer.done { Ok(()) } else { Err(StreamError::Interrupted) }
    }

    fn is_done(&self) -> bool {
        self.answer.done
    }
}

#[derive(Debug, Default)]
struct Answer {
    limit: usize,
    started: bool,
    done: bool,
    /// All text so far.
    said: String,
    /// Where in it the segment begins that was not yet repeated.
    segment: usize,
}

impl Answer {
    fn read(&mut self, line: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        // Notices of updates and the like stand between the lines of JSON.
        if self.done || !line.starts_with('{') {
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
                if let Some(text) = fields.take_string("text").filter(|text| !text.is_empty()) {
                    events.push(StreamEvent::ReasoningDelta { choice: 0, part: REASONING, text });
                }
            }
            ("assistant", _) => return self.read_message(&mut fields, events),
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
            id: fields.take_string("session_id").unwrap_or_default(),
            model: fields.take_string("model").unwrap_or_default(),
            created: None,
            extra: fields.rest(),
        })));
    }

    fn read_message(
        &mut self,
        fields: &mut Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let content = fields.take_object("message").and_then(|mut message| message.take_array("content"));
        let mut text = String::new();
        for part in content.unwrap_or_default().into_iter().filter_map(Value::object) {
            text.push_str(&part.get("text").and_then(Value::string).unwrap_or_default());
        }
        let is_piece = fields.get("timestamp_ms").is_some() && fields.get("model_call_id").is_none();
        if is_piece {
            return self.say(&text, events);
        }
        // The segment again, or as much of it as was not said in pieces.
        let since = self.said.get(self.segment..).unwrap_or_default();
        let news = text.strip_prefix(since).unwrap_or(&text).to_owned();
        self.say(&news, events)?;
        self.segment = self.said.len();
        Ok(())
    }

    fn say(&mut self, text: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if text.is_empty() {
            return Ok(());
        }
        if self.said.len() + text.len() > self.limit {
            return Err(StreamError::TooLarge(self.limit));
        }
        self.said.push_str(text);
        events.push(StreamEvent::TextDelta { choice: 0, part: TEXT, text: text.to_owned() });
        Ok(())
    }

    fn read_result(
        &mut self,
        mut fields: Fields<'_>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        self.done = true;
        let result = fields.take_string("result").unwrap_or_default();
        if fields.take_bool("is_error") == Some(true) {
            return Err(StreamError::Provider(Box::new(failure(result))));
        }
        // The result is all segments: what of it was not said yet is said now.
        if let Some(rest) = result.strip_prefix(self.said.as_str()) {
            let rest = rest.to_owned();
            self.say(&rest, events)?;
        }
        events.push(StreamEvent::Finish { choice: 0, reason: FinishReason::Stop, stop_sequence: None });
        if let Some(usage) = fields.take_object("usage") {
            events.push(StreamEvent::UsageUpdate(Box::new(read_usage(usage))));
        }
        let extra = fields.rest();
        if !extra.is_empty() {
            events.push(StreamEvent::ResponseExtra(Box::new(extra)));
        }
        Ok(())
    }
}

/// `inputTokens` leaves out what was read from the cache (`cursor-cli.md`).
fn read_usage(mut fields: Fields<'_>) -> Usage {
    let input = fields.take_u64("inputTokens");
    let read = fields.take_u64("cacheReadTokens");
    Usage {
        input_tokens: input.map(|input| input.saturating_add(read.unwrap_or(0))),
        output_tokens: fields.take_u64("outputTokens"),
        cache_read_tokens: read,
        cache_write_tokens: fields.take_u64("cacheWriteTokens"),
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
