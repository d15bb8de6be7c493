//! Decoding of Cohere chat requests, as a server: the body of `POST /v2/chat`.

use super::carried::NAME;
use super::message::{place_plan, read_part};
use crate::dialect::openai_chat::{decode_messages, decode_tool};
use crate::dialect::shared::foreign;
use crate::json::{Fields, JsonError, Value};
use crate::model::{Effort, ReasoningRequest, Request, ResponseFormat, ToolChoice, ToolKind};
use alloc::{format, string::String, vec::Vec};

/// Reads what a request asks. A field of another type than ours stays among the extra fields.
pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    let mut fields = Fields::parse(body)?;
    let model = fields.take_string("model").ok_or_else(|| JsonError::new("model: expected a string"))?;
    let messages =
        fields.take_array("messages").ok_or_else(|| JsonError::new("messages: expected an array"))?;
    let mut messages = decode_messages(messages, read_part)?;
    for message in &mut messages {
        foreign::claim(&mut message.content, NAME);
        place_plan(message);
    }
    let mut tools = Vec::new();
    for (position, tool) in fields.take_array("tools").unwrap_or_default().into_iter().enumerate() {
        tools.push(decode_tool(tool).map_err(|error| JsonError::new(format!("tools[{position}]{error}")))?);
    }
    if !tools.is_empty() && fields.get("strict_tools").and_then(Value::bool) == Some(true) {
        fields.take("strict_tools");
        for tool in &mut tools {
            if let ToolKind::Function { strict, .. } = &mut tool.kind {
                *strict = Some(true);
            }
        }
    }
    let mut request = Request {
        model,
        messages,
        tools,
        tool_choice: fields.take("tool_choice").map(decode_choice),
        response_format: fields.take("response_format").map(decode_format),
        reasoning: take_thinking(&mut fields),
        max_tokens: fields.take_u64("max_tokens"),
        temperature: fields.take_f64("temperature"),
        top_p: fields.take_f64("p"),
        top_k: fields.take_u64("k"),
        frequency_penalty: fields.take_f64("frequency_penalty"),
        presence_penalty: fields.take_f64("presence_penalty"),
        stop: take_stop(&mut fields),
        seed: fields.take_i64("seed"),
        logprobs: fields.take_bool("logprobs"),
        stream: fields.take_bool("stream").unwrap_or(false),
        ..Request::default()
    };
    request.extra = fields.rest();
    Ok(request)
}

fn decode_choice(value: Value<'_>) -> ToolChoice {
    match value.string().as_deref() {
        Some("REQUIRED") => ToolChoice::Required,
        Some("NONE") => ToolChoice::None,
        _ => ToolChoice::Other(value.to_json()),
    }
}

fn decode_format(value: Value<'_>) -> ResponseFormat {
    let other = || ResponseFormat::Other(value.to_json());
    let Some(mut fields) = value.object() else { return other() };
    let format_type = fields.take_string("type");
    let schema = fields.take_json("json_schema");
    if !fields.is_empty() {
        return other();
    }
    match (format_type.as_deref(), schema) {
        (Some("text"), None) => ResponseFormat::Text,
        (Some("json_object"), None) => ResponseFormat::Json,
        (Some("json_object"), Some(schema)) => {
            ResponseFormat::JsonSchema { name: None, description: None, schema, strict: None }
        }
        _ => other(),
    }
}

/// Takes `thinking` out. One with more than we have names for stays in place.
fn take_thinking(fields: &mut Fields<'_>) -> Option<ReasoningRequest> {
    let mut thinking = fields.get("thinking")?.object()?;
    let word = thinking.take_string("type")?;
    let budget_tokens = thinking.take_u64("token_budget");
    let effort = match word.as_str() {
        "enabled" => None,
        "disabled" => Some(Effort::None),
        _ => return None,
    };
    if !thinking.is_empty() {
        return None;
    }
    fields.take("thinking");
    Some(ReasoningRequest { effort, budget_tokens, display: None })
}

fn take_stop(fields: &mut Fields<'_>) -> Vec<String> {
    let texts = fields.get("stop_sequences").and_then(Value::array);
    let texts: Option<Vec<String>> = texts.and_then(|items| items.into_iter().map(Value::string).collect());
    texts.inspect(|_| _ = fields.take("stop_sequences")).unwrap_or_default()
}
