//! Finish reasons: rules that apply to every format.

use crate::framing::StreamError;
use crate::json::{Extra, Json};
use crate::model::{ErrorKind, FinishReason};
use alloc::format;

/// A model that stops after calls stops for them: some servers say `stop` all the same.
pub(crate) fn with_calls(reason: FinishReason, has_calls: bool) -> FinishReason {
    if has_calls && reason == FinishReason::Stop { FinishReason::ToolCalls } else { reason }
}

/// Reasons that are errors by another name: OpenRouter's and Cohere's bare `error`, Cohere's `TIMEOUT`, DeepSeek's word
/// for having no room.
const FAILURES: [&str; 3] = ["error", "timeout", "insufficient_system_resource"];

/// The error of an answer whose finish reason is one, or the name of one: `error`, or a gateway's `overloaded_error`.
pub(crate) fn check(word: &str) -> Result<(), StreamError> {
    let name = word.to_ascii_lowercase();
    if !name.ends_with("_error") && !name.ends_with("exception") && !FAILURES.contains(&&*name) {
        return Ok(());
    }
    let body = Json::object(&Extra::new(), |body| {
        body.object("error", |error| {
            error.field("type", word).field("message", format!("the answer ended with {word}"));
        });
    });
    match crate::error::decode_in_stream(body.text()) {
        Some(mut error) => {
            // A word that says no more than that it failed; the answer need not be a stream.
            if error.kind == ErrorKind::StreamInterrupted {
                error.kind = ErrorKind::Server;
            }
            Err(StreamError::Provider(error.into()))
        }
        None => Ok(()),
    }
}
