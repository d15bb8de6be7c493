//! Decoding of Chat Completions requests, as a server.

use super::{message::decode_messages, part::decode_part};
use crate::dialect::openai_chat::tools;
use crate::json::{Extra, Fields, Json, JsonError, Value};
use crate::model::{CacheBreakpoint, CacheLifetime, Effort, ReasoningRequest, Request, ResponseFormat};
use alloc::{format, string::String, vec::Vec};

/// Reads what a request asks. A field of another type than ours stays among the extra fields.
pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    let mut fields = Fields::parse(body)?;
    let Some(model) = fields.take_string("model") else {
        return Err(JsonError::new("model: expected a string"));
    };
    let Some(messages) = fields.take_array("messages") else {
        return Err(JsonError::new("messages: expected an array"));
    };
    let messages = decode_messages(messages, decode_part)?;
    let mut tools = Vec::new();
    for (position, tool) in fields.take_array("tools").unwrap_or_default().into_iter().enumerate() {
        let tool =
            tools::decode_tool(tool).map_err(|error| JsonError::new(format!("tools[{position}]{error}")))?;
        tools.push(tool);
    }
    let tool_choice = fields.take("tool_choice").map(tools::decode_choice);
    let response_format = fields.take("response_format").map(decode_format);
    let effort = fields.take_string("reasoning_effort").map(|word| Effort::from(word.as_str()));
    let reasoning =
        effort.map(|effort| ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() });
    let (newer, older) = (fields.take_u64("max_completion_tokens"), fields.take_u64("max_tokens"));
    let stream = fields.take_bool("stream").unwrap_or(false);
    let mut request = Request {
        model,
        messages,
        tools,
        tool_choice,
        parallel_tool_calls: fields.take_bool("parallel_tool_calls"),
        response_format,
        reasoning,
        max_tokens: newer.or(older),
        temperature: fields.take_f64("temperature"),
        top_p: fields.take_f64("top_p"),
        top_k: None,
        frequency_penalty: fields.take_f64("frequency_penalty"),
        presence_penalty: fields.take_f64("presence_penalty"),
        stop: take_stop(&mut fields),
        seed: fields.take_i64("seed"),
        n: fields.take_u64("n"),
        logprobs: fields.take_bool("logprobs"),
        top_logprobs: fields.take_u64("top_logprobs"),
        metadata: take_metadata(&mut fields),
        user: fields.take_string("user"),
        safety_identifier: fields.take_string("safety_identifier"),
        service_tier: fields.take_string("service_tier"),
        verbosity: fields.take_string("verbosity"),
        betas: Vec::new(),
        prompt_cache: None,
        cache: take_prompt_cache(&mut fields),
        stream,
        extra: Extra::new(),
    };
    request.extra = rest_but_usage(fields, stream);
    Ok(request)
}

/// What is left of a request, except the option to report a stream's usage, which is the default.
pub(crate) fn rest_but_usage(mut fields: Fields<'_>, stream: bool) -> Extra {
    let usage_asked = fields.get("stream_options").is_some_and(asks_for_usage_only);
    if usage_asked {
        fields.take("stream_options");
    }
    let mut extra = fields.rest();
    if stream && !usage_asked && extra.get("stream_options").is_none() {
        // Written again, the request must not ask for usage; and its answer must not have a usage chunk.
        extra.insert("stream_options", Json::null());
    }
    extra
}

/// Whether the answer to `request`, as read here, is to end with a chunk about usage.
pub(crate) fn wants_usage(request: &Request) -> bool {
    request.extra.get("stream_options").is_none_or(|options| {
        options.value().object().and_then(|mut options| options.take_bool("include_usage")).unwrap_or(false)
    })
}

fn asks_for_usage_only(options: Value<'_>) -> bool {
    options
        .object()
        .is_some_and(|mut options| options.take_bool("include_usage") == Some(true) && options.is_empty())
}

/// Reads the shape of the answer. What has no name in the model is kept whole.
pub(crate) fn decode_format(value: Value<'_>) -> ResponseFormat {
    let other = || ResponseFormat::Other(value.to_json());
    let Some(mut fields) = value.object() else { return other() };
    let format_type = fields.take_string("type");
    let schema = fields.take_object("json_schema");
    match (format_type.as_deref(), schema) {
        (Some("text"), None) if fields.is_empty() => ResponseFormat::Text,
        (Some("json_object"), None) if fields.is_empty() => ResponseFormat::Json,
        (Some("json_schema"), Some(mut inner)) if fields.is_empty() => {
            let name = inner.take_string("name");
            let description = inner.take_string("description");
            let strict = inner.take_bool("strict");
            match inner.take_json("schema") {
                Some(schema) if inner.is_empty() => {
                    ResponseFormat::JsonSchema { name, description, schema, strict }
                }
                _ => other(),
            }
        }
        _ => other(),
    }
}

pub(crate) fn take_stop(fields: &mut Fields<'_>) -> Vec<String> {
    if let Some(only) = fields.take_string("stop") {
        return alloc::vec![only];
    }
    let texts = fields
        .get("stop")
        .and_then(Value::array)
        .and_then(|values| values.into_iter().map(Value::string).collect());
    texts.inspect(|_: &Vec<String>| _ = fields.take("stop")).unwrap_or_default()
}

/// Labels; where one is not a text, all of them stay among the extra fields.
pub(crate) fn take_metadata(fields: &mut Fields<'_>) -> Vec<(String, String)> {
    let labels = fields.get("metadata").and_then(Value::object).and_then(|labels| {
        labels.iter().map(|(name, value)| Some((name.into(), value.string()?))).collect::<Option<Vec<_>>>()
    });
    labels.inspect(|_| _ = fields.take("metadata")).unwrap_or_default()
}

pub(crate) fn take_prompt_cache(fields: &mut Fields<'_>) -> Option<CacheBreakpoint> {
    let mut options = fields.get("prompt_cache_options")?.object()?;
    let is_implicit = options.take_string("mode").as_deref() == Some("implicit");
    let lifetime = options.take_string("ttl").map(|word| CacheLifetime::from(word.as_str()));
    if !is_implicit || !options.is_empty() {
        return None;
    }
    fields.take("prompt_cache_options");
    Some(CacheBreakpoint { lifetime })
}
