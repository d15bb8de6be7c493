//! Client: predictions and their streams, read.

use crate::dialect::{FollowUp, StreamDecoder};
use crate::framing::{Frame, SseReader, StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, Value};
use crate::model::{
    Choice, ErrorKind, FinishReason, Message, Part, ProviderError, Response, Role, Start, StreamEvent, Usage,
};
use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString, vec::Vec};

/// Reads a prediction that is over.
pub(super) fn response(body: &[u8]) -> Result<Response, StreamError> {
    let fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    let Head { id, model, created, status, error, output, usage, extra } = read(fields);
    match status.as_str() {
        "succeeded" => {}
        "" => {
            let error = core::str::from_utf8(body).ok().and_then(crate::error::decode_in_stream);
            return Err(error.map_or_else(
                || StreamError::Malformed("an answer without a status".to_owned()),
                |error| StreamError::Provider(Box::new(error)),
            ));
        }
        "starting" | "processing" | "queued" => return Err(StreamError::Interrupted),
        _ => return Err(failed(&status, error)),
    }
    let content = output.map(text_of).filter(|text| !text.is_empty()).map(Part::text).into_iter().collect();
    let choice = Choice {
        index: 0,
        message: Message::new(Role::Assistant, content),
        finish_reason: Some(FinishReason::Stop),
        stop_sequence: None,
        logprobs: None,
        extra: Extra::new(),
    };
    Ok(Response { id, model, created, choices: alloc::vec![choice], usage, extra })
}

/// What a prediction says of itself.
struct Head<'a> {
    id: String,
    model: String,
    created: Option<u64>,
    status: String,
    error: Option<String>,
    output: Option<Value<'a>>,
    usage: Option<Usage>,
    extra: Extra,
}

fn read(mut fields: Fields<'_>) -> Head<'_> {
    let metrics = fields.get("metrics").and_then(Value::object);
    let usage = metrics.and_then(|mut metrics| {
        let usage = Usage {
            input_tokens: metrics.take_u64("input_token_count"),
            output_tokens: metrics.take_u64("output_token_count"),
            ..Usage::default()
        };
        (usage != Usage::default()).then_some(usage)
    });
    let created = fields.get("created_at").and_then(Value::string);
    let created = created.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    // Of no use to anybody else: ours, and where to follow a prediction that is over.
    let (_, _) = (fields.take("input"), fields.take("urls"));
    Head {
        id: fields.take_string("id").unwrap_or_default(),
        model: fields.take_string("model").unwrap_or_default(),
        created: created.and_then(|created| created.as_second().try_into().ok()),
        status: fields.take_string("status").unwrap_or_default(),
        error: fields.take("error").map(|error| error.string().unwrap_or_else(|| error.text().to_owned())),
        output: fields.take("output"),
        usage,
        extra: fields.rest(),
    }
}

/// A text, or its pieces; anything else (a file's address, an object) as its JSON.
fn text_of(output: Value<'_>) -> String {
    if let Some(text) = output.string() {
        return text;
    }
    match output.array() {
        Some(pieces) => pieces.into_iter().map(text_of).collect(),
        None => output.text().to_owned(),
    }
}

/// A prediction that ended otherwise than well. It ran, so it is not made again.
fn failed(status: &str, text: Option<String>) -> StreamError {
    let said = text.as_deref().unwrap_or_default().to_lowercase();
    let kind = match status {
        "canceled" | "aborted" => ErrorKind::Cancelled,
        _ if said.contains("nsfw") || said.contains("sensitive") => ErrorKind::ContentFiltered,
        _ => ErrorKind::Server,
    };
    let text = text.filter(|text| !text.is_empty());
    let mut error =
        ProviderError::new(kind, text.unwrap_or_else(|| alloc::format!("the prediction is {status}")));
    error.retryable = false;
    error.code = Some(status.to_owned());
    StreamError::Provider(Box::new(error))
}

/// Reads the stream of a prediction.
#[derive(Debug)]
pub(super) struct Decoder {
    frames: SseReader,
    answer: Answer,
}

#[derive(Debug, Default)]
struct Answer {
    started: bool,
    /// The output is over.
    finished: bool,
    /// The prediction is over, and told.
    told: bool,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { frames: SseReader::new(limits), answer: Answer::default() }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { frames, answer } = self;
        if answer.told {
            return Ok(());
        }
        frames.push(bytes, &mut |frame| answer.read(frame, events))
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        let Self { frames, answer } = self;
        if !answer.told {
            frames.finish(&mut |frame| answer.read(frame, events))?;
        }
        answer.told = answer.finished;
        if answer.finished { Ok(()) } else { Err(StreamError::Interrupted) }
    }

    fn is_done(&self) -> bool {
        self.answer.told
    }
}

impl Answer {
    fn read(&mut self, frame: Frame<'_>, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.told {
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
        self.told = true;
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
