//! Histories: one rule, every wire format and row of the table of providers (`docs/wire/requests-accepted.md`). A row that
//! lacks a rule fails here.

mod calls;
mod media;
mod reasoning;
pub(crate) mod receivers;
mod turns;

use ferrule_wire::json::Json;
use ferrule_wire::model::{Message, Part, PartKind, Reasoning, Role, ToolCall, ToolResult};

fn user(text: &str) -> Message {
    Message::text(Role::User, text)
}

fn assistant(parts: Vec<Part>) -> Message {
    Message::new(Role::Assistant, parts)
}

fn call(id: &str, name: &str, number: usize) -> Part {
    let arguments = format!("{{\"number\":{number}}}");
    Part::new(PartKind::ToolCall(ToolCall { id: id.into(), name: name.into(), arguments, custom: false }))
}

fn result_of(id: &str, name: Option<&str>, content: Vec<Part>, is_error: Option<bool>) -> Part {
    let (tool_call_id, name) = (id.to_owned(), name.map(Into::into));
    Part::new(PartKind::ToolResult(ToolResult { tool_call_id, name, content, is_error }))
}

fn result(id: &str, text: &str) -> Part {
    result_of(id, None, vec![Part::text(text)], None)
}

fn thought(text: &str, signature: Option<&str>) -> Part {
    Part::new(PartKind::Reasoning(Reasoning { text: text.into(), signature: signature.map(Into::into) }))
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}
