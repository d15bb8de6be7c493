//! Decoding of Replicate predictions.

use crate::dialect::shared::lenient;
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Value};
use crate::model::{Choice, ErrorKind, FinishReason, Message, Part, ProviderError, Response, Role, Usage};
use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString};

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
pub(super) struct Head<'a> {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: Option<u64>,
    pub(super) status: String,
    pub(super) error: Option<String>,
    pub(super) output: Option<Value<'a>>,
    pub(super) usage: Option<Usage>,
    pub(super) extra: Extra,
}

pub(super) fn read(mut fields: Fields<'_>) -> Head<'_> {
    let metrics = fields.get("metrics").and_then(lenient::object);
    let usage = metrics.and_then(|mut metrics| {
        let usage = Usage {
            input_tokens: lenient::take_count(&mut metrics, "input_token_count"),
            output_tokens: lenient::take_count(&mut metrics, "output_token_count"),
            ..Usage::default()
        };
        (usage != Usage::default()).then_some(usage)
    });
    let created = fields.get("created_at").and_then(Value::string);
    let created = created.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    // Of no use to anybody else: ours, and where to follow a prediction that is over.
    let (_, _) = (fields.take("input"), fields.take("urls"));
    Head {
        id: lenient::take(&mut fields, "id").unwrap_or_default(),
        model: lenient::take(&mut fields, "model").unwrap_or_default(),
        created: created.and_then(|created| created.as_second().try_into().ok()),
        status: lenient::take(&mut fields, "status").unwrap_or_default(),
        error: lenient::take(&mut fields, "error"),
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
        None => lenient::any(output),
    }
}

/// A prediction that ended otherwise than well. It ran, so it is not made again.
pub(super) fn failed(status: &str, text: Option<String>) -> StreamError {
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
