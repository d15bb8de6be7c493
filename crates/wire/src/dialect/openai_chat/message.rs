//! Messages of a request, written and read.

use super::{call_ids::CallIds, part::Content, reasoning, tool};
use crate::dialect::UnsupportedField;
use crate::dialect::refuse::Refusals;
use crate::json::{Extra, Fields, JsonError, ObjectWriter, Value, WriteJson, write_array};
use crate::model::{CacheBreakpoint, Message, Part, PartKind, Reasoning, Role, ToolCall, ToolResult};
use alloc::{format, string::String, vec::Vec};

/// Writes the messages' array.
pub(super) fn encode_messages(
    messages: &[Message],
    refusals: &mut Refusals,
) -> Result<Vec<u8>, UnsupportedField> {
    let mut ids = CallIds::default();
    let mut wire = Vec::with_capacity(messages.len());
    for (position, message) in messages.iter().enumerate() {
        wire_messages(message, &format!("messages[{position}]"), &mut ids, refusals, &mut wire)?;
    }
    let mut out = Vec::new();
    write_array(&mut out, wire, |out, message| message.write_json(out));
    Ok(out)
}

/// One message as the dialect has it.
struct WireMessage<'a> {
    role: &'a str,
    name: Option<&'a str>,
    content: Vec<Content<'a>>,
    reasoning: String,
    /// Ids, calls and what is kept beside them.
    calls: Vec<(String, &'a ToolCall, &'a Extra)>,
    tool_call_id: Option<String>,
    extra: &'a Extra,
    /// Of the neutral message, where that became several.
    shared_extra: Option<&'a Extra>,
}

/// Adds what `message` becomes: the results of tools one by one, then the rest.
fn wire_messages<'a>(
    message: &'a Message,
    place: &str,
    ids: &mut CallIds,
    refusals: &mut Refusals,
    wire: &mut Vec<WireMessage<'a>>,
) -> Result<(), UnsupportedField> {
    let is_assistant = message.role == Role::Assistant;
    let mut said = WireMessage {
        role: role_word(&message.role),
        name: message.name.as_deref(),
        content: Vec::new(),
        reasoning: String::new(),
        calls: Vec::new(),
        tool_call_id: None,
        extra: &message.extra,
        shared_extra: None,
    };
    let results_before = wire.len();
    for (position, part) in message.content.iter().enumerate() {
        let field = || format!("{place}.content[{position}]");
        match &part.kind {
            PartKind::ToolResult(result) => {
                wire.push(wire_result(message, result, part, &field(), ids, refusals)?);
            }
            PartKind::ToolCall(call) if is_assistant => {
                said.calls.push((ids.of_call(call), call, &part.extra));
            }
            // Where the message has the provider's own details, those are the ones to send back.
            PartKind::Reasoning(Reasoning { text, .. }) if is_assistant => {
                if message.extra.get(reasoning::DETAILS).is_none() {
                    said.reasoning.push_str(text);
                }
            }
            PartKind::RedactedReasoning { .. } if message.extra.get(reasoning::DETAILS).is_some() => {}
            _ if message.role == Role::Tool => {
                refusals.add(field(), "a tool message holds tool results only")?;
            }
            _ => match Content::new(part) {
                Ok(content) => said.content.push(content),
                Err(reason) => refusals.add(field(), reason)?,
            },
        }
    }
    // Results alone are the whole message; anything else is said in a message of its own.
    if wire.len() == results_before || !said.content.is_empty() {
        wire.push(said);
    }
    Ok(())
}

/// The dialect has no error flag: the text of a failed tool says so itself.
fn wire_result<'a>(
    message: &'a Message,
    result: &'a ToolResult,
    part: &'a Part,
    place: &str,
    ids: &mut CallIds,
    refusals: &mut Refusals,
) -> Result<WireMessage<'a>, UnsupportedField> {
    let mut content = Vec::with_capacity(result.content.len());
    for (position, part) in result.content.iter().enumerate() {
        match Content::new(part) {
            Ok(text) if text.is_text() => content.push(text),
            _ => refusals.add(
                format!("{place}.content[{position}]"),
                "tool results are text; put media into a user message after them",
            )?,
        }
    }
    add_breakpoint(&mut content, part.cache.as_ref(), place, refusals)?;
    Ok(WireMessage {
        role: "tool",
        name: None,
        content,
        reasoning: String::new(),
        calls: Vec::new(),
        tool_call_id: Some(ids.of_result(result)),
        extra: &part.extra,
        shared_extra: (message.role == Role::Tool).then_some(&message.extra),
    })
}

/// A breakpoint after a tool result stands on the result's last text.
fn add_breakpoint<'a>(
    content: &mut Vec<Content<'a>>,
    cache: Option<&'a CacheBreakpoint>,
    place: &str,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    match (cache, content.pop()) {
        (_, Some(last)) => content.push(last.or_cache(cache)),
        (Some(_), None) => {
            refusals.add(format!("{place}.cache"), "an empty result has no part for the breakpoint")?;
        }
        (None, None) => {}
    }
    Ok(())
}

fn role_word(role: &Role) -> &str {
    match role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
        Role::Other(word) => word,
    }
}

impl WriteJson for WireMessage<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::begin_with(out, self.extra);
        object.field("role", self.role).optional("name", self.name);
        object.optional("tool_call_id", self.tool_call_id.as_ref());
        match self.content.as_slice() {
            // A message that only calls tools has no content, and some servers refuse a null there.
            [] if !self.calls.is_empty() => &mut object,
            [] => object.field("content", ""),
            [only] => match only.plain_text() {
                Some(text) => object.field("content", text),
                None => object.field("content", self.content.as_slice()),
            },
            parts => object.field("content", parts),
        };
        if !self.reasoning.is_empty() {
            object.field("reasoning_content", &self.reasoning);
        }
        if !self.calls.is_empty() {
            object.array("tool_calls", &self.calls, |out, (id, call, extra)| {
                tool::write_call(out, id, call, extra);
            });
        }
        for (name, value) in self.shared_extra.iter().flat_map(|extra| extra.iter()) {
            object.field(name, value);
        }
        object.finish();
    }
}

/// Reads the messages of a request, consecutive tool results as one message. `read_part` reads a content part.
pub(super) fn decode_messages(
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
        let (mut parts, after) = (reasoning::take_whole(&mut fields), take_said(&mut fields));
        parts.extend(content);
        parts.extend(after);
        parts
    } else {
        content
    };
    Ok(Message { role, content, name, extra: fields.rest() })
}

fn decode_result(mut fields: Fields<'_>, content: Vec<Part>) -> Message {
    let result = ToolResult {
        tool_call_id: fields.take_string("tool_call_id").unwrap_or_default(),
        name: fields.take_string("name"),
        content,
        is_error: None,
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

/// Content that is a string: empty is no part at all.
pub(super) fn text_parts(text: String) -> Vec<Part> {
    if text.is_empty() { Vec::new() } else { alloc::vec![Part::text(text)] }
}

/// What an assistant's message says beside its content: a refusal and tool calls.
pub(super) fn take_said(fields: &mut Fields<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(refusal) = fields.take_string("refusal").filter(|refusal| !refusal.is_empty()) {
        parts.push(Part::new(PartKind::Refusal(refusal)));
    }
    for value in fields.take_array("tool_calls").unwrap_or_default() {
        let whole = || Part::new(PartKind::Unknown(value.to_json()));
        parts.push(tool::decode_call(value).unwrap_or_else(whole));
    }
    // What a call was before there were tools.
    if let Some(mut function) = fields.take_object("function_call") {
        let mut arguments = tool::take_arguments(&mut function, false).unwrap_or_default();
        crate::model::normalise_arguments(&mut arguments);
        let name = function.take_string("name").unwrap_or_default();
        let call = ToolCall { id: String::new(), name, arguments, custom: false };
        parts.push(Part::new(PartKind::ToolCall(call)));
    }
    parts
}
