//! Decoding of streamed Replicate answers.

use super::decode_response::{Head, failed, read};
use crate::dialect::{FollowUp, StreamDecoder};
use crate::framing::{Frame, SseReader, StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json};
use crate::model::{FinishReason, Start, StreamEvent};
use alloc::{borrow::ToOwned, boxed::Box, string::ToString, vec::Vec};

/// Reads the stream of a prediction.
#[derive(Debug)]
pub(super) struct Decoder {
    frames: SseReader,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    started: bool,
    /// The output is over.
    finished: bool,
    /// The prediction is over, and its end was emitted.
    emitted: bool,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { frames: SseReader::of_text(limits), state: State::default() }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { frames, state } = self;
        if state.emitted {
            return Ok(());
        }
        frames.push(bytes, &mut |frame| state.read(frame, events))
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { frames, state } = self;
        if !state.emitted {
            frames.finish(&mut |frame| state.read(frame, events))?;
        }
        state.emitted = state.finished;
        if state.finished { Ok(()) } else { Err(StreamError::Interrupted) }
    }

    fn is_done(&self) -> bool {
        self.state.emitted
    }
}

impl State {
    fn read(&mut self, frame: Frame<'_>, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.emitted {
            return Ok(());
        }
        let (event, data) = match frame {
            Frame::Event { event, data, .. } => (event, data),
            Frame::StrayJson(text) => return Err(reported(text)),
        };
        match event {
            // An empty piece says nothing.
            "output" if data.is_empty() => {}
            "output" => events.push(StreamEvent::TextDelta { choice: 0, part: 0, text: data.into() }),
            "error" => return Err(reported(data)),
            "done" => {
                let reason =
                    Fields::parse(data.as_bytes()).ok().and_then(|mut end| end.take_string("reason"));
                match reason.as_deref() {
                    Some("canceled") => return Err(failed("canceled", None)),
                    Some("error") => return Err(failed("failed", None)),
                    _ => self.finish(events),
                }
            }
            FollowUp::EVENT => return self.read_prediction(data, events),
            // Logs, and what is new.
            _ => {
                let data = Json::parse(data).unwrap_or_else(|_| Json::string(data));
                events.push(StreamEvent::Unknown { event: Some(event.to_owned()), data });
            }
        }
        Ok(())
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) {
        if !core::mem::replace(&mut self.finished, true) {
            events.push(StreamEvent::Finish { choice: 0, reason: FinishReason::Stop, stop_sequence: None });
        }
    }

    /// The prediction as it began, or as it ended.
    fn read_prediction(&mut self, data: &str, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let fields =
            Fields::parse(data.as_bytes()).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let Head { id, model, created, status, error, usage, extra, .. } = read(fields);
        if !core::mem::replace(&mut self.started, true) {
            let start = Start { id, model, created, extra: Extra::new() };
            events.push(StreamEvent::Start(Box::new(start)));
        }
        match status.as_str() {
            "starting" | "processing" | "queued" => return Ok(()),
            "succeeded" => self.finish(events),
            _ => return Err(failed(&status, error)),
        }
        self.emitted = true;
        if let Some(usage) = usage {
            events.push(StreamEvent::UsageUpdate(Box::new(usage)));
        }
        if !extra.is_empty() {
            events.push(StreamEvent::ResponseExtra(Box::new(extra)));
        }
        Ok(())
    }
}

/// An error in the middle: JSON with details, or a text.
fn reported(data: &str) -> StreamError {
    match crate::error::decode_in_stream(data) {
        Some(mut error) => {
            error.retryable = false;
            StreamError::Provider(Box::new(error))
        }
        None => failed("failed", Some(data.to_owned())),
    }
}
