//! Turns of dialects with tool results in the user's turn: decoded into the canonical form, in which the results are a
//! separate message.

use crate::json::Extra;
use crate::model::{Message, Part, PartKind, Role};
use alloc::vec::Vec;

/// Adds what one side says in a turn. A user's turn that opens with results is a message of all its results, and one of
/// what else it says.
pub(crate) fn push(role: Role, content: Vec<Part>, extra: Extra, messages: &mut Vec<Message>) {
    let opens_with_result = matches!(content.first().map(|part| &part.kind), Some(PartKind::ToolResult(_)));
    if role != Role::User || !opens_with_result {
        messages.push(Message { role, content, name: None, extra });
        return;
    }
    let (results, rest): (Vec<_>, Vec<_>) =
        content.into_iter().partition(|part| matches!(part.kind, PartKind::ToolResult(_)));
    messages.push(Message { role: Role::Tool, content: results, name: None, extra });
    if !rest.is_empty() {
        messages.push(Message::new(Role::User, rest));
    }
}
