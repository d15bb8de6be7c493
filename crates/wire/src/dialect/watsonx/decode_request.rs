//! Decoding of requests, as a server: OpenAI's request under watsonx's names.

use crate::dialect::{Dialect, openai_chat::OpenAiChat};
use crate::json::{Fields, Json, JsonError, Value};
use crate::model::Request;

/// Reads what a request asks.
pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    let mut fields = Fields::parse(body)?;
    // The address names a deployment's.
    let model = fields.take("model_id").map_or_else(|| Json::string(""), Value::to_json);
    let choice = fields.take_json("tool_choice_option");
    let mut plain = fields.rest();
    plain.insert("model", model);
    if let Some(choice) = choice {
        plain.insert("tool_choice", choice);
    }
    OpenAiChat.decode_request(Json::object(&plain, |_| {}).text().as_bytes())
}
