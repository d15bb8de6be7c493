//! Streamed answers, read.

use super::chunk::ChunkReader;
use super::template::Template;
use super::{fault, response};
use crate::dialect::{StreamDecoder, StreamError, StreamLimits};
use crate::framing::{Frame, SseReader};
use crate::model::{StreamEvent, replay};
use alloc::{borrow::ToOwned, vec::Vec};

/// What ends a stream; some servers write more after it.
const DONE: &str = "[DONE]";

/// Reads the body of one streamed answer.
#[derive(Debug)]
pub(super) struct Decoder {
    frames: SseReader,
    answer: Answer,
}

#[derive(Debug, Default)]
struct Answer {
    chunks: ChunkReader,
    template: Option<Template>,
    done: bool,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { frames: SseReader::new(limits), answer: Answer::default() }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.answer.done {
            return Ok(());
        }
        let Self { frames, answer } = self;
        frames.push(bytes, &mut |frame| answer.read(frame, events))
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { frames, answer } = self;
        frames.finish(&mut |frame| answer.read(frame, events))?;
        if !answer.done && !answer.chunks.is_finished() {
            return Err(StreamError::Interrupted);
        }
        answer.end(events);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.answer.done
    }
}

impl Answer {
    fn read(&mut self, frame: Frame<'_>, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.done {
            return Ok(());
        }
        let (event, data) = match frame {
            Frame::Event { event, data, .. } => (event, data),
            Frame::StrayJson(body) => return self.read_whole(body, events),
        };
        if event == "message"
            && let Some(template) = &self.template
            && let Some(text) = template.text(data)
        {
            let (choice, part) = (template.choice, template.part);
            events.push(StreamEvent::TextDelta { choice, part, text: text.to_owned() });
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
        self.template = None;
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
            return Err(fault::provider_error(data));
        }
        let name = Some(event).filter(|name| *name != "message");
        let text = self.chunks.read(data, name, events).inspect_err(|_| self.done = true)?;
        self.template = text.and_then(|place| Template::new(data, &place));
        Ok(())
    }

    /// JSON where a stream was expected: an error, or the whole answer of a server that does not stream.
    fn read_whole(&mut self, body: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        self.done = true;
        let response = response::decode(body.as_bytes())?;
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
