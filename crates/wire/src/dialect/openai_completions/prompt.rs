//! Messages as one prompt: the system text first, then what was said, a blank line between. Once the model has spoken,
//! each turn says whose it is, and the prompt ends where the model is to go on.

use crate::dialect::UnsupportedField;
use crate::dialect::refuse::Refusals;
use crate::model::{Message, PartKind, Role};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

const BETWEEN: &str = "\n\n";

/// The prompt that `messages` make.
pub(super) fn flatten(messages: &[Message], refusals: &mut Refusals) -> Result<String, UnsupportedField> {
    let is_dialogue = messages.iter().any(|message| message.role == Role::Assistant);
    let (mut system, mut turns) = (Vec::new(), Vec::new());
    for (position, message) in messages.iter().enumerate() {
        let place = format!("messages[{position}]");
        let text = text_of(message, &place, refusals)?;
        match &message.role {
            Role::System | Role::Developer => system.push(text),
            role if is_dialogue => turns.push(format!("{}: {text}", speaker(role))),
            _ => turns.push(text),
        }
    }
    if is_dialogue {
        turns.push("Assistant:".to_owned());
    }
    system.append(&mut turns);
    system.retain(|text| !text.is_empty());
    Ok(system.join(BETWEEN))
}

fn speaker(role: &Role) -> &str {
    match role {
        Role::Assistant => "Assistant",
        Role::Other(word) => word,
        _ => "User",
    }
}

fn text_of(message: &Message, place: &str, refusals: &mut Refusals) -> Result<String, UnsupportedField> {
    if message.name.is_some() {
        refusals.add(format!("{place}.name"), "speakers have no names; write it into the text")?;
    }
    let mut said = String::new();
    for (position, part) in message.content.iter().enumerate() {
        let field = || format!("{place}.content[{position}]");
        if part.cache.is_some() {
            refusals.add(field() + ".cache", "a prompt has no place for cache breakpoints")?;
        }
        let reason = match &part.kind {
            PartKind::Text(text) | PartKind::Refusal(text) => {
                said.push_str(text);
                continue;
            }
            // What the model thought is not part of what it said.
            PartKind::Reasoning(_) => continue,
            PartKind::ToolCall(_) | PartKind::ToolResult(_) => "there are no tools; use Chat Completions",
            _ => "a prompt is text only",
        };
        refusals.add(field(), reason)?;
    }
    Ok(said)
}
