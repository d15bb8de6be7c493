//! Chunks of a streamed answer, decoded into events.

use super::choice::ChoiceReader;
use super::usage;
use crate::dialect::openai_chat::error;
use crate::dialect::shared::{lenient, template::text_range};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Value};
use crate::model::{Start, StreamEvent, Usage};
use alloc::{boxed::Box, string::String, string::ToString, vec::Vec};
use core::ops::Range;

/// When a chunk was written, which IBM sends in addition to when the answer was: each chunk has its own, and the first
/// counts.
const CHUNK_TIME: &str = "created_at";

/// The text of a chunk, its quotes left out, and where its event goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextPlace {
    pub(super) choice: u32,
    pub(super) part: u32,
    /// Where the text stands in the chunk.
    pub(super) text: Range<usize>,
    /// Where the random padding stands that OpenAI adds, or the chunk's own time: what says nothing.
    pub(super) padding: Option<Range<usize>>,
}

/// Reads chunks.
#[derive(Debug, Default)]
pub(super) struct ChunkReader {
    started: bool,
    /// The unknown fields of the answer so far, as they were last.
    extra: Extra,
    usage: Option<Usage>,
    /// By index.
    choices: Vec<ChoiceReader>,
}

impl ChunkReader {
    /// Reads one chunk. Where it said only text and changed nothing else, the text's place.
    pub(super) fn read(
        &mut self,
        data: &str,
        event: Option<&str>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<TextPlace>, StreamError> {
        let value =
            Value::parse(data.as_bytes()).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let Some(mut fields) = value.object() else {
            // Gemini wraps its errors in a list.
            return Err(error::in_list(value)
                .unwrap_or_else(|| StreamError::Malformed("a chunk that is not a JSON object".into())));
        };
        if error::is_in(&fields) {
            return Err(error::provider_error(data));
        }
        let before = events.len();
        let choices = error::take_choices(&mut fields)?;
        let used = take_usage(&mut fields, choices.as_deref().unwrap_or_default());
        if choices.is_none() && used.is_none() {
            if fields.get("type").and_then(Value::string).as_deref() != Some("ping") {
                if crate::error::decode_in_stream(data).is_some() {
                    return Err(error::provider_error(data));
                }
                events.push(StreamEvent::Unknown { event: event.map(String::from), data: value.to_json() });
            }
            return Ok(None);
        }
        let padding = fields.take("obfuscation").or_else(|| fields.get(CHUNK_TIME));
        let padding = padding.and_then(|padding| text_range(data, padding));
        self.read_head(fields, choices.as_ref().is_none_or(Vec::is_empty), events);
        let mut only_text = None;
        for (position, choice) in (0u32..).zip(choices.into_iter().flatten()) {
            only_text = self.read_choice(position, choice, data, events)?.or(only_text);
        }
        if let Some(used) = used
            && self.usage.as_ref() != Some(&used)
        {
            events.push(StreamEvent::UsageUpdate(Box::new(used.clone())));
            self.usage = Some(used);
        }
        Ok(only_text
            .filter(|_| events.len() == before + 1)
            .map(|place: TextPlace| TextPlace { padding, ..place }))
    }

    /// Fields beside the choices: emitted once at the start, later only where they are new.
    fn read_head(&mut self, mut fields: Fields<'_>, without_choices: bool, events: &mut Vec<StreamEvent>) {
        // It says only that this is a chunk.
        fields.take("object");
        let id = lenient::take(&mut fields, "id").unwrap_or_default();
        let model = lenient::take(&mut fields, "model").unwrap_or_default();
        let created = fields.take_u64("created");
        let mut news = Extra::new();
        let says_nothing = |name, value: Value<'_>| value.is_null() || (self.started && name == CHUNK_TIME);
        for (name, value) in fields.iter().filter(|(name, value)| !says_nothing(*name, *value)) {
            if self.extra.get(name).is_none_or(|known| known.text() != value.text()) {
                self.extra.insert(name, value.to_json());
                news.insert(name, value.to_json());
            }
        }
        if self.started {
            if !news.is_empty() {
                events.push(StreamEvent::ResponseExtra(Box::new(news)));
            }
        } else if !(without_choices && id.is_empty()) {
            // Azure's first chunk is about the prompt only and has an empty id and model: what it says is kept above.
            self.started = true;
            events.push(StreamEvent::Start(Box::new(Start {
                id,
                model,
                created,
                extra: self.extra.clone(),
            })));
        }
    }

    fn read_choice(
        &mut self,
        position: u32,
        value: Value<'_>,
        data: &str,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<TextPlace>, StreamError> {
        let mut fields = value.object().unwrap_or_default();
        if error::is_in(&fields) {
            return Err(error::provider_error(data));
        }
        let index = lenient::take_index(&mut fields, "index").unwrap_or(position);
        let place = match self.choices.binary_search_by_key(&index, ChoiceReader::index) {
            Ok(place) => place,
            Err(place) => {
                self.choices.insert(place, ChoiceReader::new(index));
                place
            }
        };
        let Some(reader) = self.choices.get_mut(place) else { return Ok(None) };
        let Some((part, content)) = reader.read(fields, events)? else { return Ok(None) };
        let text = text_range(data, content);
        Ok(text.map(|text| TextPlace { choice: index, part, text, padding: None }))
    }

    /// The answers are whole: ends what is open.
    pub(super) fn end(&mut self, events: &mut Vec<StreamEvent>) {
        if !self.started && !self.extra.is_empty() {
            self.started = true;
            let start = Start { extra: self.extra.clone(), ..Start::default() };
            events.push(StreamEvent::Start(Box::new(start)));
        }
        for choice in &mut self.choices {
            choice.end(events);
        }
    }

    /// Whether each answer gave its reason to end, and there is one.
    pub(super) fn is_finished(&self) -> bool {
        !self.choices.is_empty() && self.choices.iter().all(ChoiceReader::is_finished)
    }
}

/// The figures, wherever the chunk has them: at its top, at Groq's own place, or (older Moonshot) in a choice.
fn take_usage(fields: &mut Fields<'_>, choices: &[Value<'_>]) -> Option<Usage> {
    if let Some(used) = fields.get("usage").and_then(usage::decode) {
        fields.take("usage");
        return Some(used);
    }
    let inside = |value: Value<'_>| value.object()?.get("usage").and_then(usage::decode);
    fields.get("x_groq").and_then(inside).or_else(|| choices.first().copied().and_then(inside))
}
