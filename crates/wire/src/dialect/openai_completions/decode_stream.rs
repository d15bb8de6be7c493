//! Decoding of streamed Completions answers: chunks with a text each.

use super::decode_response;
use crate::dialect::StreamDecoder;
use crate::dialect::openai_chat::error;
use crate::dialect::openai_chat::{finish, usage};
use crate::dialect::shared::template::{TextTemplate, text_range};
use crate::dialect::shared::{finish as ends, lenient};
use crate::framing::{Frame, SseReader, StreamError, StreamLimits};
use crate::json::{Extra, Fields, Value};
use crate::model::{Start, StreamEvent, Usage, replay};
use alloc::{borrow::ToOwned, boxed::Box, string::ToString, vec::Vec};

/// The most answers in one stream.
const MAX_CHOICES: usize = 4096;

/// Reads the body of one streamed answer.
#[derive(Debug)]
pub(super) struct Decoder {
    frames: SseReader,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    started: bool,
    done: bool,
    /// The unknown fields of the answer so far, as they were last.
    extra: Extra,
    usage: Option<Usage>,
    /// The answers so far by number, and whether each has ended.
    choices: Vec<(u32, bool)>,
    template: TextTemplate,
    /// The answer that the template's chunks belong to.
    template_choice: u32,
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
        let all_ended = !state.choices.is_empty() && state.choices.iter().all(|(_, ended)| *ended);
        if !state.done && !all_ended {
            return Err(StreamError::Interrupted);
        }
        state.done = true;
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
            Frame::StrayJson(body) => {
                self.done = true;
                let response = decode_response::decode(body.as_bytes())?;
                events.extend(replay(&response, |text| alloc::vec![text]));
                return Ok(());
            }
        };
        if event == "message"
            && let Some(text) = self.template.matches(data)
            && !text.is_empty()
        {
            let (choice, part) = (self.template_choice, 0);
            events.push(StreamEvent::TextDelta { choice, part, text: text.into() });
            return Ok(());
        }
        self.template.forget();
        let trimmed = data.trim();
        if trimmed.is_empty() || event == "ping" {
            return Ok(());
        }
        if trimmed.starts_with("[DONE]") {
            self.done = true;
            return Ok(());
        }
        if event == "error" {
            self.done = true;
            return Err(error::provider_error(data));
        }
        self.read_chunk(event, data, events).inspect_err(|_| self.done = true)
    }

    fn read_chunk(
        &mut self,
        event: &str,
        data: &str,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let value =
            Value::parse(data.as_bytes()).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let Some(mut fields) = value.object() else {
            return Err(error::in_list(value)
                .unwrap_or_else(|| StreamError::Malformed("a chunk that is not a JSON object".into())));
        };
        if error::is_in(&fields) {
            return Err(error::provider_error(data));
        }
        let used = fields.get("usage").and_then(usage::decode);
        if used.is_some() {
            fields.take("usage");
        }
        let choices = error::take_choices(&mut fields)?;
        if choices.is_none() && used.is_none() {
            if crate::error::decode_in_stream(data).is_some() {
                return Err(error::provider_error(data));
            }
            let name = Some(event.to_owned()).filter(|name| name != "message");
            events.push(StreamEvent::Unknown { event: name, data: value.to_json() });
            return Ok(());
        }
        let before = events.len();
        self.read_head(fields, events);
        for (position, choice) in (0u32..).zip(choices.into_iter().flatten()) {
            if error::is_in_choice(choice) {
                return Err(error::provider_error(data));
            }
            if let Some((choice, text)) = self.read_choice(position, choice, events)?
                && let Some(range) = text_range(data, text)
                && events.len() == before + 1
            {
                self.template.learn(data, range, None);
                self.template_choice = choice;
            }
        }
        if events.len() > before + 1 {
            self.template.forget();
        }
        if let Some(used) = used
            && self.usage.as_ref() != Some(&used)
        {
            self.template.forget();
            events.push(StreamEvent::UsageUpdate(Box::new(used.clone())));
            self.usage = Some(used);
        }
        Ok(())
    }

    /// Fields beside the choices: emitted once at the start, later only where they are new.
    fn read_head(&mut self, mut fields: Fields<'_>, events: &mut Vec<StreamEvent>) {
        fields.take("object");
        let id = lenient::take(&mut fields, "id").unwrap_or_default();
        let model = lenient::take(&mut fields, "model").unwrap_or_default();
        let created = fields.take_u64("created");
        let mut news = Extra::new();
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            if self.extra.get(name).is_none_or(|known| known.text() != value.text()) {
                self.extra.insert(name, value.to_json());
                news.insert(name, value.to_json());
            }
        }
        if !core::mem::replace(&mut self.started, true) {
            events.push(StreamEvent::Start(Box::new(Start { id, model, created, extra: news })));
        } else if !news.is_empty() {
            events.push(StreamEvent::ResponseExtra(Box::new(news)));
        }
    }

    /// Reads one choice; its number and its text, where it said one.
    fn read_choice<'a>(
        &mut self,
        position: u32,
        value: Value<'a>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<(u32, Value<'a>)>, StreamError> {
        let Some(mut fields) = value.object() else { return Ok(None) };
        let choice = lenient::take_index(&mut fields, "index").unwrap_or(position);
        let place = match self.choices.binary_search_by_key(&choice, |(number, _)| *number) {
            Ok(place) => place,
            Err(_) if self.choices.len() >= MAX_CHOICES => {
                return Err(StreamError::Malformed("too many answers in one stream".into()));
            }
            Err(place) => {
                self.choices.insert(place, (choice, false));
                place
            }
        };
        let stop_sequence = fields.take_string("stop_reason");
        let written = fields.take("text");
        let text = written.map(lenient::any).filter(|text| !text.is_empty());
        let said = text.is_some();
        if let Some(text) = text {
            events.push(StreamEvent::TextDelta { choice, part: 0, text: text.into() });
        }
        if let Some(logprobs) = fields.take_json("logprobs") {
            events.push(StreamEvent::Logprobs { choice, logprobs });
        }
        let reason = lenient::take(&mut fields, "finish_reason").filter(|reason| !reason.is_empty());
        ends::check(reason.as_deref().unwrap_or_default())?;
        let extra: Extra = fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.into(), value.to_json()))
            .collect();
        if !extra.is_empty() {
            events.push(StreamEvent::ChoiceExtra { choice, extra: Box::new(extra) });
        }
        if let Some(reason) = reason
            && let Some((_, ended)) = self.choices.get_mut(place)
            && !core::mem::replace(ended, true)
        {
            let reason = finish::decode(reason, stop_sequence.as_deref());
            events.push(StreamEvent::Finish { choice, reason, stop_sequence });
        }
        Ok(written.filter(|_| said).map(|written| (choice, written)))
    }
}
