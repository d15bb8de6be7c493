//! Messages of a request, read from its instructions and its list of items.

use super::item::{self, about};
use super::part::decode_input;
use crate::dialect::shared::foreign::RESPONSES_ITEM;
use crate::json::{Extra, Fields, Json, JsonError, Value};
use crate::model::{Message, Part, PartKind, Role, ToolResult};
use alloc::collections::BTreeSet;
use alloc::{format, string::String, vec::Vec};

/// Takes the messages out of a request.
pub(super) fn take(fields: &mut Fields<'_>) -> Result<Vec<Message>, JsonError> {
    let mut conversation = Conversation::default();
    if let Some(instructions) = fields.take_string("instructions").filter(|text| !text.is_empty()) {
        conversation.messages.push(Message::text(Role::System, instructions));
    }
    if let Some(text) = fields.take_string("input") {
        conversation.messages.push(Message::new(Role::User, text_parts(text)));
    } else if let Some(items) = fields.take("input") {
        let Some(items) = items.array() else {
            return Err(JsonError::new("input: expected a string or an array of items"));
        };
        for (position, item) in items.into_iter().enumerate() {
            conversation.add(item).map_err(|error| JsonError::new(format!("input[{position}]{error}")))?;
        }
    }
    Ok(conversation.messages)
}

fn text_parts(text: String) -> Vec<Part> {
    if text.is_empty() { Vec::new() } else { alloc::vec![Part::text(text)] }
}

/// The messages so far; consecutive items of the assistant are one, and so are consecutive results.
#[derive(Default)]
struct Conversation {
    messages: Vec<Message>,
    /// The calls whose tools take free text.
    custom: BTreeSet<String>,
}

impl Conversation {
    fn add(&mut self, value: Value<'_>) -> Result<(), JsonError> {
        let Some(mut fields) = value.object() else { return Err(JsonError::new(": expected an object")) };
        let item_type = fields.get("type").and_then(Value::string);
        let role = fields.get("role").and_then(Value::string);
        match (item_type.as_deref(), role) {
            (None, None) => return Err(JsonError::new(".role: expected a string")),
            (None | Some("message"), Some(role)) if role != "assistant" => {
                fields.take("type");
                fields.take("role");
                self.messages.push(decode_message(role, fields)?);
            }
            (Some(word @ ("function_call_output" | "custom_tool_call_output")), _) => {
                fields.take("type");
                let result = self.decode_result(word, fields)?;
                self.of_role(Role::Tool).push(result);
            }
            _ => {
                let item = item::decode(value);
                if let item::Item::Call { call, .. } = &item
                    && call.custom
                {
                    self.custom.insert(call.id.clone());
                }
                let mut parts = Vec::new();
                // How probable the history was is nothing to ask with.
                item.add_to(&mut parts, &mut Vec::new());
                if !parts.is_empty() {
                    self.of_role(Role::Assistant).extend(parts);
                }
            }
        }
        Ok(())
    }

    /// The parts of the last message, which is begun where it has another role.
    fn of_role(&mut self, role: Role) -> &mut Vec<Part> {
        if self.messages.last().is_none_or(|last| last.role != role) {
            self.messages.push(Message::new(role, Vec::new()));
        }
        #[expect(clippy::expect_used, reason = "there is one, or it was just added")]
        &mut self.messages.last_mut().expect("a message").content
    }

    fn decode_result(&self, word: &str, mut fields: Fields<'_>) -> Result<Part, JsonError> {
        let Some(tool_call_id) = fields.take_string("call_id") else {
            return Err(JsonError::new(".call_id: expected a string"));
        };
        let content = take_content(&mut fields, "output")?;
        let mut about = about(fields);
        // Where the call is not in the request, because the provider has it, only the type says what it was.
        if word == "custom_tool_call_output" && !self.custom.contains(&tool_call_id) {
            about.insert("type", Json::string(word));
        }
        let extra = if about.is_empty() {
            Extra::new()
        } else {
            core::iter::once((RESPONSES_ITEM.into(), Json::object(&about, |_| {}))).collect()
        };
        let result = ToolResult { tool_call_id, name: None, content, is_error: None };
        Ok(Part { extra, ..Part::new(PartKind::ToolResult(result)) })
    }
}

fn decode_message(role: String, mut fields: Fields<'_>) -> Result<Message, JsonError> {
    let role = match role.as_str() {
        "user" => Role::User,
        "system" => Role::System,
        "developer" => Role::Developer,
        _ => Role::Other(role),
    };
    let content = take_content(&mut fields, "content")?;
    Ok(Message { extra: fields.rest(), ..Message::new(role, content) })
}

fn take_content(fields: &mut Fields<'_>, name: &str) -> Result<Vec<Part>, JsonError> {
    if let Some(text) = fields.take_string(name) {
        return Ok(text_parts(text));
    }
    let Some(content) = fields.take(name) else { return Ok(Vec::new()) };
    let Some(values) = content.array() else {
        return Err(JsonError::new(format!(".{name}: expected a string or an array of parts")));
    };
    let read = |(position, value)| {
        decode_input(value).map_err(|error| JsonError::new(format!(".{name}[{position}]{error}")))
    };
    values.into_iter().enumerate().map(read).collect()
}
