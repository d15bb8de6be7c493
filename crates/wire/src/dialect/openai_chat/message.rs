//! Decoding of messages.

use super::{carried::NAME, reasoning};
use crate::dialect::openai_chat::tools;
use crate::dialect::shared::lenient;
use crate::framing::StreamError;
use crate::json::{Fields, Json, JsonError, Value};
use crate::model::{Message, Part, PartKind, Role, ToolCall, ToolResult};
use alloc::{format, string::String, vec::Vec};

/// Reads the messages of a request, consecutive tool results as one message. `read_part` reads a content part.
pub(crate) fn decode_messages(
    values: Vec<Value<'_>>,
    read_part: fn(Value<'_>) -> Result<Part, JsonError>,
) -> Result<Vec<Message>, JsonError> {
    let mut messages: Vec<Message> = Vec::with_capacity(values.len());
    for (position, value) in values.into_iter().enumerate() {
        let message = decode_message(value, read_part)
            .map_err(|error| JsonError::new(format!("messages[{position}]{error}")))?;
        match messages.last_mut() {
            Some(last) if last.role == Role::Tool && message.role == Role::Tool => {
                last.content.extend(message.content);
            }
            _ => messages.push(message),
        }
    }
    Ok(messages)
}

/// Reads one message of a request; an error begins with the place inside it.
pub(crate) fn decode_message(
    value: Value<'_>,
    read_part: fn(Value<'_>) -> Result<Part, JsonError>,
) -> Result<Message, JsonError> {
    let Some(mut fields) = value.object() else { return Err(JsonError::new(": expected an object")) };
    let Some(role) = fields.take_string("role") else {
        return Err(JsonError::new(".role: expected a string"));
    };
    let content = decode_content(&mut fields, read_part)?;
    let role = match role.as_str() {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        // `function` is what results were before tools had ids.
        "tool" | "function" => return Ok(decode_result(fields, content)),
        _ => Role::Other(role),
    };
    let name = fields.take_string("name");
    let content = if role == Role::Assistant {
        check_calls(&fields)?;
        let (mut parts, after) = (reasoning::take_whole(&mut fields), take_written(&mut fields));
        // A message that was kept as a dictionary has its thoughts among its blocks, and the details repeat them.
        if content.iter().any(|part| matches!(part.kind, PartKind::Reasoning(_))) {
            parts.clear();
        }
        parts.extend(content);
        parts.extend(after);
        parts
    } else {
        content
    };
    Ok(Message { role, content, name, extra: fields.rest() })
}

/// An item of `tool_calls` that is not a call is kept as the provider's own, and that needs to say what it is.
fn check_calls(fields: &Fields<'_>) -> Result<(), JsonError> {
    for (position, value) in fields.get("tool_calls").and_then(Value::array).into_iter().flatten().enumerate()
    {
        let inner = lenient::object_in_string(value);
        let item = inner.as_ref().map_or(value, Json::value).object();
        let is_readable = item.is_some_and(|item| {
            let is_call =
                ["function", "custom"].iter().any(|name| item.get(name).is_some_and(Value::is_object));
            is_call || item.get("type").is_some_and(|kind| kind.string().is_some())
        });
        if !is_readable {
            return Err(JsonError::new(format!(
                ".tool_calls[{position}]: expected an object with a \"function\", or a \"type\" that says what else it is"
            )));
        }
    }
    Ok(())
}

fn decode_result(mut fields: Fields<'_>, content: Vec<Part>) -> Message {
    let result = ToolResult {
        tool_call_id: fields.take_string("tool_call_id").unwrap_or_default(),
        name: fields.take_string("name"),
        content,
        is_error: fields.take_bool("is_error"),
    };
    let part = Part { extra: fields.rest(), ..Part::new(PartKind::ToolResult(result)) };
    Message::new(Role::Tool, alloc::vec![part])
}

fn decode_content(
    fields: &mut Fields<'_>,
    read_part: fn(Value<'_>) -> Result<Part, JsonError>,
) -> Result<Vec<Part>, JsonError> {
    let Some(content) = fields.take("content") else { return Ok(Vec::new()) };
    if let Some(text) = content.string() {
        return Ok(text_parts(text));
    }
    let Some(values) = content.array() else {
        return Err(JsonError::new(".content: expected a string or an array of parts"));
    };
    values
        .into_iter()
        .enumerate()
        .map(|(position, value)| {
            read_part(value).map_err(|error| JsonError::new(format!(".content[{position}]{error}")))
        })
        .collect()
}

/// Content that is a string: an empty one makes no part.
pub(crate) fn text_parts(text: String) -> Vec<Part> {
    if text.is_empty() { Vec::new() } else { alloc::vec![Part::text(text)] }
}

/// What the message of an answer has besides its content: a refusal and tool calls. Placeholders say nothing, and what
/// cannot be read stays where it is.
pub(crate) fn take_answer_parts(fields: &mut Fields<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(refusal) = lenient::take_known(fields, "refusal").filter(|refusal| !refusal.is_empty()) {
        parts.push(Part::new(PartKind::Refusal(refusal)));
    }
    if fields.get("tool_calls").is_some_and(|calls| calls.is_array() || calls.is_object()) {
        for value in lenient::take_items(fields, "tool_calls").unwrap_or_default() {
            match tools::decode_call(value) {
                Some(call) => parts.push(call),
                None if tools::says_nothing(value) => {}
                None => parts.push(Part::provider_item(NAME, value.to_json())),
            }
        }
    }
    let has_calls = parts.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
    if let Some(function) = fields.take_object("function_call") {
        // Some servers write a call in both forms.
        parts.extend(Some(decode_legacy(function)).filter(|call| !has_calls && !is_nameless(call)));
    }
    parts
}

/// As [`take_answer_parts`], of a message that a caller wrote: everything counts.
fn take_written(fields: &mut Fields<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(refusal) = fields.take_string("refusal").filter(|refusal| !refusal.is_empty()) {
        parts.push(Part::new(PartKind::Refusal(refusal)));
    }
    for value in fields.take_array("tool_calls").unwrap_or_default() {
        let whole = || lenient::object_in_string(value).unwrap_or_else(|| value.to_json());
        let item = || Part::provider_item(NAME, whole());
        parts.push(tools::decode_written_call(value).unwrap_or_else(item));
    }
    parts.extend(fields.take_object("function_call").map(decode_legacy));
    parts
}

/// What a call was before there were tools.
fn decode_legacy(mut function: Fields<'_>) -> Part {
    let mut arguments = tools::take_arguments(&mut function, false).unwrap_or_default();
    crate::model::normalise_arguments(&mut arguments);
    let name = lenient::take(&mut function, "name").unwrap_or_default();
    let call = ToolCall { id: String::new(), name, arguments, custom: false };
    Part::new(PartKind::ToolCall(call))
}

fn is_nameless(part: &Part) -> bool {
    matches!(&part.kind, PartKind::ToolCall(call) if call.name.is_empty())
}

/// Fields of an answer's message that [`take_answer_parts`] reads: one that is left has a form that nothing can be made
/// of.
pub(crate) fn check_answer_fields(place: &str, fields: &Fields<'_>) -> Result<(), StreamError> {
    for (name, expected) in [("tool_calls", "a list of calls"), ("function_call", "a call")] {
        if fields
            .get(name)
            .is_some_and(|left| !left.is_null() && left.text() != "\"\"" && left.bool().is_none())
        {
            return Err(lenient::unreadable(&format!("{place}.{name}"), expected));
        }
    }
    Ok(())
}
