//! Messages as programs write them by hand: the role/content form, its blocks OpenAI's or Anthropic's, as each likes.

use super::openai_chat;
use crate::json::{JsonError, Value};
use crate::model::{Message, Part, ResponseFormat, Tool, ToolChoice};
use alloc::{format, vec::Vec};

/// Reads a list of messages. An error names the place, for instance `messages[3].content[1].type`.
pub fn decode_messages(json: Value<'_>) -> Result<Vec<Message>, JsonError> {
    let Some(values) = json.array() else { return Err(JsonError::new("messages: expected an array")) };
    openai_chat::decode_messages(values, decode_block)
}

fn decode_block(value: Value<'_>) -> Result<Part, JsonError> {
    openai_chat::decode_part(value)
}

/// Reads a tool's declaration.
pub fn decode_tool(value: Value<'_>) -> Result<Tool, JsonError> {
    openai_chat::decode_tool(value).map_err(|error| JsonError::new(format!("tool{error}")))
}

/// Reads which tools may or must be called.
pub fn decode_tool_choice(value: Value<'_>) -> Result<ToolChoice, JsonError> {
    Ok(openai_chat::decode_choice(value))
}

/// Reads the shape of the answer: `"json"`, `"text"`, or OpenAI's object.
pub fn decode_response_format(value: Value<'_>) -> Result<ResponseFormat, JsonError> {
    match value.string().as_deref() {
        Some("json") => return Ok(ResponseFormat::Json),
        Some("text") => return Ok(ResponseFormat::Text),
        _ => {}
    }
    if !value.is_object() {
        return Err(JsonError::new("response_format: expected \"json\", \"text\" or an object"));
    }
    Ok(openai_chat::decode_format(value))
}
