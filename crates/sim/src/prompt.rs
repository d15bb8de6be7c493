//! Prompts: the texts of a request, and their number of tokens.

use crate::tokens;
use ferrule_wire::model::{Part, PartKind, Request, Role, ToolKind};

/// The texts of `parts`, joined by line ends.
pub(crate) fn texts(parts: &[Part]) -> String {
    let mut whole = String::new();
    for part in parts {
        let text = match &part.kind {
            PartKind::Text(text) | PartKind::Refusal(text) => text,
            PartKind::Reasoning(reasoning) => &reasoning.text,
            PartKind::ToolCall(call) => &call.arguments,
            PartKind::ToolResult(result) => &texts(&result.content),
            _ => continue,
        };
        if !whole.is_empty() && !text.is_empty() {
            whole.push('\n');
        }
        whole.push_str(text);
    }
    whole
}

/// The text of the last user message.
pub(crate) fn last_user_text(request: &Request) -> String {
    let message = request.messages.iter().rev().find(|message| message.role == Role::User);
    message.map(|message| texts(&message.content)).unwrap_or_default()
}

/// The tool results, if they are the last message of the conversation.
pub(crate) fn tool_results(request: &Request) -> Option<String> {
    let last = request.messages.last().filter(|message| message.role == Role::Tool)?;
    Some(texts(&last.content))
}

/// The number of tokens in a prompt: its texts, and the tools' descriptions and schemas.
pub(crate) fn count_input(request: &Request) -> u64 {
    let messages: u64 = request.messages.iter().map(|message| tokens::count(&texts(&message.content))).sum();
    let tools = request.tools.iter().map(|tool| {
        let schema = match &tool.kind {
            ToolKind::Function { parameters: Some(schema), .. } => tokens::count(schema.text()),
            _ => 0,
        };
        1 + tool.description.as_deref().map_or(0, tokens::count) + schema
    });
    messages + tools.sum::<u64>()
}
