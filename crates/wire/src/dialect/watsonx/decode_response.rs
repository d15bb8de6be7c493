//! Decoding of plain answers: OpenAI's answer, its model under another name.

use crate::dialect::{Dialect, openai_chat::OpenAiChat};
use crate::framing::StreamError;
use crate::model::Response;

/// Reads the body of a plain answer.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let mut response = OpenAiChat.decode_response(body)?;
    if response.model.is_empty()
        && let Some(model) = response.extra.get("model_id").and_then(|model| model.value().string())
    {
        response.extra.remove("model_id");
        response.model = model;
    }
    Ok(response)
}
