//! Decoding of Responses requests, as a server.

use super::decode_input;
use crate::dialect::openai_chat::{take_metadata, take_prompt_cache};
use crate::dialect::openai_responses::{
    encode_request::{ENCRYPTED_REASONING, LOGPROBS, implies_encrypted, without_implied},
    tools,
};
use crate::dialect::shared::nested;
use crate::json::{Extra, Fields, JsonError, Value};
use crate::model::{Effort, ReasoningRequest, Request, ResponseFormat};
use alloc::{format, string::String, vec::Vec};

/// Reads what a request asks. A field of another type than ours stays among the extra fields.
pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    let mut fields = Fields::parse(body)?;
    let Some(model) = fields.take_string("model") else {
        return Err(JsonError::new("model: expected a string"));
    };
    let messages = decode_input::take(&mut fields)?;
    let mut tools = Vec::new();
    for (position, tool) in fields.take_array("tools").unwrap_or_default().into_iter().enumerate() {
        tools.push(tools::decode(tool).map_err(|error| JsonError::new(format!("tools[{position}]{error}")))?);
    }
    let mut extras = Extra::new();
    let reasoning = take_reasoning(&mut fields, &mut extras);
    let (response_format, verbosity) = take_text(&mut fields, &mut extras);
    let mut request = Request {
        model,
        messages,
        tools,
        tool_choice: fields.take("tool_choice").map(tools::decode_choice),
        parallel_tool_calls: fields.take_bool("parallel_tool_calls"),
        response_format,
        reasoning,
        max_tokens: fields.take_u64("max_output_tokens"),
        temperature: fields.take_f64("temperature"),
        top_p: fields.take_f64("top_p"),
        top_logprobs: fields.take_u64("top_logprobs"),
        metadata: take_metadata(&mut fields),
        user: fields.take_string("user"),
        safety_identifier: fields.take_string("safety_identifier"),
        service_tier: fields.take_string("service_tier"),
        verbosity,
        cache: take_prompt_cache(&mut fields),
        stream: fields.take_bool("stream").unwrap_or(false),
        ..Request::default()
    };
    request.extra = fields.rest();
    for (name, value) in extras.iter() {
        request.extra.insert(name, value.clone());
    }
    take_implied(&mut request);
    Ok(request)
}

/// Takes out of `include` what the request says in other ways.
fn take_implied(request: &mut Request) {
    let Some(include) = request.extra.get("include").cloned() else { return };
    let words: Option<Vec<_>> =
        include.value().array().and_then(|values| values.into_iter().map(Value::string).collect());
    let Some(words) = words else { return };
    if words.iter().any(|word| word == LOGPROBS) {
        request.logprobs = Some(true);
    }
    let encrypted = implies_encrypted(&request.extra, &request.model);
    let is_implied = |word: &str| word == LOGPROBS || (encrypted && word == ENCRYPTED_REASONING);
    match without_implied(&include, is_implied) {
        Some(rest) => request.extra.insert("include", rest),
        None => _ = request.extra.remove("include"),
    }
}

fn take_reasoning(fields: &mut Fields<'_>, extras: &mut Extra) -> Option<ReasoningRequest> {
    let mut asked = fields.take_object("reasoning")?;
    let effort = asked.take_string("effort").map(|word| Effort::from(word.as_str()));
    let display = asked.take_string("summary");
    nested::keep(extras, "reasoning", asked);
    (effort.is_some() || display.is_some()).then(|| ReasoningRequest {
        effort,
        display,
        ..ReasoningRequest::default()
    })
}

/// Takes `text` out: the shape of the answer, and how long it is.
fn take_text(fields: &mut Fields<'_>, extras: &mut Extra) -> (Option<ResponseFormat>, Option<String>) {
    let Some(mut text) = fields.take_object("text") else { return (None, None) };
    let (format, verbosity) = (text.take("format").map(decode_format), text.take_string("verbosity"));
    nested::keep(extras, "text", text);
    (format, verbosity)
}

/// Reads the shape of the answer. What has no name in the model is kept whole.
fn decode_format(value: Value<'_>) -> ResponseFormat {
    known_format(value).unwrap_or_else(|| ResponseFormat::Other(value.to_json()))
}

fn known_format(value: Value<'_>) -> Option<ResponseFormat> {
    let mut fields = value.object()?;
    let format = match fields.take_string("type")?.as_str() {
        "text" => ResponseFormat::Text,
        "json_object" => ResponseFormat::Json,
        "json_schema" => ResponseFormat::JsonSchema {
            name: fields.take_string("name"),
            description: fields.take_string("description"),
            schema: fields.take_json("schema")?,
            strict: fields.take_bool("strict"),
        },
        _ => return None,
    };
    fields.is_empty().then_some(format)
}
