//! Decoding of Converse requests, as a server. The model and whether to stream are in the address.

use super::block::decode_blocks;
use super::{model_fields, tools};
use crate::dialect::shared::{nested, turn};
use crate::json::{Extra, Fields, Json, JsonError, Value};
use crate::model::{Message, Request, ResponseFormat, Role};
use alloc::{format, string::String, vec::Vec};

pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    decode_fields(Fields::parse(body)?)
}

/// As [`decode`], of a body that was read.
pub(super) fn decode_fields(mut body: Fields<'_>) -> Result<Request, JsonError> {
    let mut messages = Vec::new();
    let system = decode_blocks(body.take_array("system").unwrap_or_default());
    if !system.is_empty() {
        messages.push(Message::new(Role::System, system));
    }
    // A managed prompt has its own.
    for (position, turn) in body.take_array("messages").unwrap_or_default().into_iter().enumerate() {
        decode_turn(turn, position, &mut messages)?;
    }
    let mut nested = Extra::new();
    let mut inference = body.take_object("inferenceConfig").unwrap_or_default();
    let (tools, tool_choice) = tools::take(&mut body, &mut nested);
    let model_fields::FamilyFields { reasoning, top_k, parallel_tool_calls, betas } =
        model_fields::take(&mut body, &mut nested);
    let mut request = Request {
        messages,
        tools,
        tool_choice,
        parallel_tool_calls,
        response_format: take_format(&mut body, &mut nested),
        reasoning,
        max_tokens: inference.take_u64("maxTokens"),
        temperature: inference.take_f64("temperature"),
        top_p: inference.take_f64("topP"),
        top_k,
        stop: take_stop(&mut inference),
        metadata: take_metadata(&mut body, &mut nested),
        service_tier: take_tier(&mut body),
        betas,
        ..Request::default()
    };
    nested::keep(&mut nested, "inferenceConfig", inference);
    request.extra = body.rest();
    for (name, value) in nested.iter() {
        request.extra.insert(name, value.clone());
    }
    Ok(request)
}

fn decode_turn(turn: Value<'_>, position: usize, messages: &mut Vec<Message>) -> Result<(), JsonError> {
    let wrong = |what: &str| JsonError::new(format!("messages[{position}]{what}"));
    let mut fields = turn.object().ok_or_else(|| wrong(": expected an object"))?;
    let role = fields.take_string("role").ok_or_else(|| wrong(".role: expected a string"))?;
    let role = match role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => Role::Other(role),
    };
    let content = fields.take_array("content").ok_or_else(|| wrong(".content: expected a list"))?;
    let content = decode_blocks(content);
    let extra = fields.rest();
    turn::push(role, content, extra, messages);
    Ok(())
}

/// Takes the tier out; with any further field it stays in place.
fn take_tier(body: &mut Fields<'_>) -> Option<String> {
    let mut tier = body.get("serviceTier")?.object()?;
    let word = tier.take_string("type")?;
    if !tier.is_empty() {
        return None;
    }
    body.take("serviceTier");
    Some(word)
}

fn take_stop(inference: &mut Fields<'_>) -> Vec<String> {
    let texts = inference
        .get("stopSequences")
        .and_then(|list| list.array()?.into_iter().map(Value::string).collect::<Option<Vec<String>>>());
    if texts.is_some() {
        inference.take("stopSequences");
    }
    texts.unwrap_or_default()
}

/// Takes the texts out of `requestMetadata`; whatever else is in it goes to `nested`.
fn take_metadata(body: &mut Fields<'_>, nested: &mut Extra) -> Vec<(String, String)> {
    let Some(metadata) = body.take_object("requestMetadata") else { return Vec::new() };
    let texts = metadata.iter().filter_map(|(name, value)| Some((name.into(), value.string()?))).collect();
    let others = metadata.iter().filter(|(_, value)| value.string().is_none());
    let others: Extra = others.map(|(name, value)| (name.into(), value.to_json())).collect();
    if !others.is_empty() {
        nested.insert("requestMetadata", Json::object(&others, |_| {}));
    }
    texts
}

/// Takes the format out of `outputConfig`; the rest of it goes to `nested`.
fn take_format(body: &mut Fields<'_>, nested: &mut Extra) -> Option<ResponseFormat> {
    let mut config = body.take_object("outputConfig")?;
    let format = config
        .take("textFormat")
        .map(|whole| json_schema(whole).unwrap_or_else(|| ResponseFormat::Other(whole.to_json())));
    nested::keep(nested, "outputConfig", config);
    format
}

fn json_schema(whole: Value<'_>) -> Option<ResponseFormat> {
    let mut format = whole.object()?;
    let mut structure = format.take_object("structure")?;
    let mut json = structure.take_object("jsonSchema")?;
    let is_schema = format.take_string("type")? == "json_schema";
    let schema = Json::from_string(json.take_string("schema")?).ok()?;
    let (name, description) = (json.take_string("name"), json.take_string("description"));
    (is_schema && format.is_empty() && structure.is_empty() && json.is_empty())
        .then_some(ResponseFormat::JsonSchema { name, description, schema, strict: None })
}
