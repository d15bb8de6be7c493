//! Decoding of streamed generateContent answers, as server-sent events or as one array that arrives in pieces.
//!
//! Every frame has the usage so far. What the prompt used is emitted with the first, the whole when an answer ends,
//! breaks off or fails: figures in between say nothing that the last ones do not.

use super::candidate::{Candidate, OnlyText, TextKind};
use super::chunk::{self, CandidateFields, Chunk};
use super::usage;
use crate::dialect::StreamDecoder;
use crate::dialect::shared::{
    figures_template::FiguresTemplate,
    template::{text_range, value_range},
};
use crate::framing::{Frame, JsonArrayReader, SseReader, StreamError, StreamLimits};
use crate::json::{Extra, Value};
use crate::model::{Start, StreamEvent, Usage};
use alloc::{borrow::ToOwned, boxed::Box, string::String, vec::Vec};

/// Reads one streamed answer.
#[derive(Debug)]
pub(super) struct Decoder {
    form: Form,
    state: State,
}

/// How the frames come. The first byte that is not white space decides.
#[derive(Debug)]
enum Form {
    Unknown,
    Events(SseReader),
    Array(JsonArrayReader),
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { form: Form::Unknown, state: State::new(limits) }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { form, state } = self;
        let mut bytes = bytes;
        if matches!(form, Form::Unknown) {
            bytes = bytes.trim_ascii_start();
            *form = match bytes.first() {
                None => return Ok(()),
                Some(b'[') => Form::Array(JsonArrayReader::new(state.limits)),
                Some(_) => Form::Events(SseReader::new(state.limits)),
            };
        }
        match form {
            Form::Unknown => Ok(()),
            Form::Events(reader) => reader.push(bytes, &mut |frame| state.frame(frame, events)),
            Form::Array(reader) => {
                let outcome = reader.push(bytes, &mut |item| state.data(item, events));
                state.done |= outcome.is_ok() && reader.is_ended() && state.end(events);
                outcome
            }
        }
        .inspect_err(|_| state.emit_usage(events))
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { form, state } = self;
        match form {
            Form::Unknown => Ok(()),
            Form::Events(reader) => reader.finish(&mut |frame| state.frame(frame, events)),
            Form::Array(reader) => reader.finish(&mut |item| state.data(item, events)),
        }
        .inspect_err(|_| state.emit_usage(events))?;
        state.done = state.end(events);
        if state.done { Ok(()) } else { Err(StreamError::Interrupted) }
    }

    fn is_done(&self) -> bool {
        self.state.done
    }
}

#[derive(Debug)]
struct State {
    limits: StreamLimits,
    started: bool,
    done: bool,
    id: String,
    /// The further fields of the answer so far, as they were last.
    extra: Extra,
    /// By index.
    candidates: Vec<Candidate>,
    /// The last usage with figures, as it was written.
    usage: String,
    /// Whether `usage` is to be emitted.
    untold: bool,
    template: FiguresTemplate,
    /// Where the text of the template's frames goes.
    template_place: (u32, u32, TextKind),
}

impl State {
    fn new(limits: StreamLimits) -> Self {
        Self {
            limits,
            started: false,
            done: false,
            id: String::new(),
            extra: Extra::new(),
            candidates: Vec::new(),
            usage: String::new(),
            untold: false,
            template: FiguresTemplate::default(),
            template_place: (0, 0, TextKind::Text),
        }
    }

    fn frame(&mut self, frame: Frame<'_>, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        match frame {
            // Errors in the middle come as JSON outside any field.
            Frame::Event { data, .. } | Frame::StrayJson(data) => self.data(data, events),
        }
    }

    fn data(&mut self, data: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if let Some((text, usage)) = self.template.matches(data)
            && !text.is_empty()
        {
            if self.usage != usage {
                usage.clone_into(&mut self.usage);
                self.untold = true;
            }
            let (choice, part, kind) = self.template_place;
            let text = text.into();
            events.push(match kind {
                TextKind::Text => StreamEvent::TextDelta { choice, part, text },
                TextKind::Thought => StreamEvent::ReasoningDelta { choice, part, text },
            });
            return Ok(());
        }
        self.template.forget();
        // Keep-alives without data, and the end marker of other dialects, which some proxies add.
        if matches!(data.trim(), "" | "[DONE]") {
            return Ok(());
        }
        let value = chunk::parse(data.as_bytes())?;
        match value.array() {
            Some(items) => items.into_iter().try_for_each(|item| self.chunk(item, data, events)),
            None => self.chunk(value, data, events),
        }
    }

    fn chunk(
        &mut self,
        value: Value<'_>,
        data: &str,
        events: &mut Vec<StreamEvent>,
    ) -> Result<(), StreamError> {
        let Some(chunk) = Chunk::read(value)? else {
            events.push(StreamEvent::Unknown { event: None, data: value.to_json() });
            return Ok(());
        };
        if let Some(error) = chunk.blocked {
            return Err(StreamError::Provider(Box::new(error)));
        }
        if self.id.is_empty() {
            self.id.clone_from(&chunk.id);
        }
        self.head(chunk.id, chunk.model, chunk.created, &chunk.extra, events);
        let figures = chunk.usage.filter(|usage| self.take_usage(*usage, events));
        let before = events.len();
        let mut only_text = None;
        for (position, value) in (0..).zip(chunk.candidates.unwrap_or_default()) {
            if let Some(fields) = CandidateFields::read(value, position) {
                only_text = self.candidate(fields, events)?.or(only_text);
            }
        }
        if self.is_finished() {
            self.emit_usage(events);
        } else if let (Some(only), Some(figures)) = (only_text, figures)
            && events.len() == before + 1
        {
            self.learn(data, only, figures);
        }
        Ok(())
    }

    /// Fields beside the candidates: emitted once at the start, later only where they are new.
    fn head(
        &mut self,
        id: String,
        model: String,
        created: Option<u64>,
        extra: &Extra,
        events: &mut Vec<StreamEvent>,
    ) {
        let mut news = Extra::new();
        for (name, value) in extra.iter() {
            if self.extra.get(name) != Some(value) {
                self.extra.insert(name, value.clone());
                news.insert(name, value.clone());
            }
        }
        if !core::mem::replace(&mut self.started, true) {
            events.push(StreamEvent::Start(Box::new(Start { id, model, created, extra: news })));
        } else if !news.is_empty() {
            events.push(StreamEvent::ResponseExtra(Box::new(news)));
        }
    }

    fn candidate<'a>(
        &mut self,
        fields: CandidateFields<'a>,
        events: &mut Vec<StreamEvent>,
    ) -> Result<Option<OnlyText<'a>>, StreamError> {
        let place = match self.candidates.binary_search_by_key(&fields.index, Candidate::index) {
            Ok(place) => place,
            Err(place) => {
                self.candidates.insert(place, Candidate::new(fields.index));
                place
            }
        };
        match self.candidates.get_mut(place) {
            Some(candidate) => candidate.read(fields, &self.id, self.limits, events),
            None => Ok(None),
        }
    }

    /// Takes over the usage of a frame and says whether it has figures: some of Vertex's have none and must not replace
    /// those that have. Of the first, what the prompt used is emitted.
    fn take_usage(&mut self, written: Value<'_>, events: &mut Vec<StreamEvent>) -> bool {
        if self.usage == written.text() {
            return true;
        }
        let Some(now) = written.object().map(usage::decode) else { return false };
        let has_figures = usage::has_figures(&now);
        if self.usage.is_empty() {
            let prompt = Usage {
                input_tokens: now.input_tokens,
                cache_read_tokens: now.cache_read_tokens,
                input_audio_tokens: now.input_audio_tokens,
                ..Usage::default()
            };
            if has_figures && prompt != Usage::default() {
                events.push(StreamEvent::UsageUpdate(Box::new(prompt)));
            }
        }
        if has_figures {
            written.text().clone_into(&mut self.usage);
            self.untold = true;
        } else if !now.extra.is_empty() {
            events.push(StreamEvent::UsageUpdate(Box::new(now)));
        }
        has_figures
    }

    fn emit_usage(&mut self, events: &mut Vec<StreamEvent>) {
        if core::mem::take(&mut self.untold)
            && let Some(fields) = Value::parse(self.usage.as_bytes()).ok().and_then(Value::object)
        {
            events.push(StreamEvent::UsageUpdate(Box::new(usage::decode(fields))));
        }
    }

    fn learn(&mut self, data: &str, only: OnlyText<'_>, figures: Value<'_>) {
        if let (Some(text), Some(figures)) = (text_range(data, only.written), value_range(data, figures))
            && figures.start > text.end
        {
            self.template.learn(data, &text, &figures);
            self.template_place = (only.choice, only.part, only.kind);
        }
    }

    /// Whether each answer gave its reason to end, and there is one.
    fn is_finished(&self) -> bool {
        !self.candidates.is_empty() && self.candidates.iter().all(Candidate::is_finished)
    }

    /// The body ended: emits what is left, and returns whether the answer is complete.
    fn end(&mut self, events: &mut Vec<StreamEvent>) -> bool {
        self.emit_usage(events);
        self.is_finished()
    }
}
