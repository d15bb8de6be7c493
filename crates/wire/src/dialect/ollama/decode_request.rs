//! Decoding of Ollama chat requests, as a server: the body of `POST /api/chat`.

use super::{message::decode_messages, options};
use crate::dialect::openai_chat::decode_tool;
use crate::json::{Extra, Fields, JsonError, Value};
use crate::model::{Effort, ReasoningRequest, Request, ResponseFormat};
use alloc::{format, vec::Vec};

/// Reads what a request asks. A field of another type than ours stays among the extra fields.
pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    let mut fields = Fields::parse(body)?;
    let model = fields.take_string("model").ok_or_else(|| JsonError::new("model: expected a string"))?;
    // Without any, the model is only loaded.
    let messages = decode_messages(fields.take_array("messages").unwrap_or_default())?;
    let mut tools = Vec::new();
    for (position, tool) in fields.take_array("tools").unwrap_or_default().into_iter().enumerate() {
        tools.push(decode_tool(tool).map_err(|error| JsonError::new(format!("tools[{position}]{error}")))?);
    }
    let mut request = Request {
        model,
        messages,
        tools,
        response_format: take_format(&mut fields),
        reasoning: take_think(&mut fields),
        logprobs: fields.take_bool("logprobs"),
        top_logprobs: fields.take_u64("top_logprobs"),
        stream: fields.take_bool("stream").unwrap_or(true),
        ..Request::default()
    };
    let mut nested = Extra::new();
    options::take(&mut fields, &mut request, &mut nested);
    request.extra = fields.rest();
    for (name, value) in nested.iter() {
        request.extra.insert(name, value.clone());
    }
    Ok(request)
}

fn take_format(fields: &mut Fields<'_>) -> Option<ResponseFormat> {
    let format = fields.get("format")?;
    let read = if format.is_object() {
        let schema = format.to_json();
        Some(ResponseFormat::JsonSchema { name: None, description: None, schema, strict: None })
    } else {
        match format.string().as_deref() {
            Some("json") => Some(ResponseFormat::Json),
            Some("") => None,
            // What it is stays for the caller to see.
            _ => return None,
        }
    };
    fields.take("format");
    read
}

fn take_think(fields: &mut Fields<'_>) -> Option<ReasoningRequest> {
    let effort = match fields.take_bool("think") {
        Some(true) => None,
        Some(false) => Some(Effort::None),
        None => Some(Effort::from(fields.get("think").and_then(Value::string)?.as_str())),
    };
    fields.take("think");
    Some(ReasoningRequest { effort, ..ReasoningRequest::default() })
}
