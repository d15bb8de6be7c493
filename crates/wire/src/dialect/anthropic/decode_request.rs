//! Decoding of Messages requests, as a server: the body of `POST /v1/messages`.

use super::block::{decode_block, take_cache, take_content};
use super::{reasoning, tools};
use crate::dialect::shared::{nested, turn};
use crate::json::{Extra, Fields, JsonError, Value};
use crate::model::{Message, Request, ResponseFormat, Role};
use alloc::{format, string::String, vec::Vec};

pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    let mut body = Fields::parse(body)?;
    let model = body.take_string("model").ok_or_else(|| required("model"))?;
    if body.get("max_tokens").is_none() {
        return Err(required("max_tokens"));
    }
    let turns = body.take_array("messages").ok_or_else(|| required("messages"))?;

    let mut messages = Vec::with_capacity(turns.len() + 1);
    decode_system(&mut body, &mut messages);
    for (position, turn) in turns.into_iter().enumerate() {
        decode_turn(turn, position, &mut messages)?;
    }

    let (tool_choice, parallel_tool_calls) = tools::take_choice(&mut body);
    let mut nested = Extra::new();
    let (effort, response_format) = take_output_config(&mut body, &mut nested);
    let reasoning = reasoning::take(&mut body, effort, &mut nested);
    let user = take_user(&mut body, &mut nested);
    let mut request = Request {
        model,
        messages,
        tools: body.take_array("tools").unwrap_or_default().into_iter().map(tools::decode_tool).collect(),
        tool_choice,
        parallel_tool_calls,
        response_format,
        reasoning,
        max_tokens: body.take_u64("max_tokens"),
        temperature: body.take_f64("temperature"),
        top_p: body.take_f64("top_p"),
        top_k: body.take_u64("top_k"),
        stop: take_stop(&mut body),
        user,
        service_tier: body.take_string("service_tier"),
        cache: take_cache(&mut body),
        stream: body.take_bool("stream").unwrap_or(false),
        ..Request::default()
    };
    request.extra = body.rest();
    for (name, value) in nested.iter() {
        request.extra.insert(name, value.clone());
    }
    Ok(request)
}

fn required(field: &str) -> JsonError {
    JsonError::new(format!("{field}: Field required"))
}

fn decode_system(body: &mut Fields<'_>, messages: &mut Vec<Message>) {
    if let Some(text) = body.take_string("system") {
        if !text.is_empty() {
            messages.push(Message::text(Role::System, text));
        }
    } else if let Some(blocks) = body.take_array("system") {
        messages.push(Message::new(Role::System, blocks.into_iter().map(decode_block).collect()));
    }
}

fn decode_turn(turn: Value<'_>, position: usize, messages: &mut Vec<Message>) -> Result<(), JsonError> {
    let mut fields = turn.object().ok_or_else(|| required(&format!("messages.{position}")))?;
    let role = fields.take_string("role").ok_or_else(|| required(&format!("messages.{position}.role")))?;
    let role = match role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => Role::Other(role),
    };
    let content = take_content(&mut fields);
    let extra = fields.rest();
    turn::push(role, content, extra, messages);
    Ok(())
}

/// Takes effort and format out of `output_config`; the rest of it goes to `nested`.
fn take_output_config(body: &mut Fields<'_>, nested: &mut Extra) -> (Option<String>, Option<ResponseFormat>) {
    let Some(mut config) = body.take_object("output_config") else { return (None, None) };
    let effort = config.take_string("effort");
    let format = config.take("format").map(|whole| {
        let schema = whole.object().and_then(|mut format| {
            let is_schema = format.take_string("type")? == "json_schema";
            let schema = format.take_json("schema")?;
            (is_schema && format.is_empty()).then_some(schema)
        });
        match schema {
            Some(schema) => {
                ResponseFormat::JsonSchema { name: None, description: None, schema, strict: None }
            }
            None => ResponseFormat::Other(whole.to_json()),
        }
    });
    nested::keep(nested, "output_config", config);
    (effort, format)
}

/// Takes the user's id out of `metadata`; the rest of it goes to `nested`.
fn take_user(body: &mut Fields<'_>, nested: &mut Extra) -> Option<String> {
    let mut metadata = body.take_object("metadata")?;
    let user = metadata.take_string("user_id");
    nested::keep(nested, "metadata", metadata);
    user
}

/// Takes the stop texts out; a list with anything else in it stays in place.
fn take_stop(body: &mut Fields<'_>) -> Vec<String> {
    let texts = body.get("stop_sequences").and_then(Value::array);
    let texts: Option<Vec<String>> = texts.and_then(|items| items.into_iter().map(Value::string).collect());
    if texts.is_some() {
        body.take("stop_sequences");
    }
    texts.unwrap_or_default()
}
