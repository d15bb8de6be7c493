//! System prompt of a Messages request: the messages before the first turn.

use crate::model::{Message, Request, Role};

/// How many messages at the beginning are the system text, which this API wants outside the messages.
pub(super) fn leading_system(request: &Request) -> usize {
    request.messages.iter().take_while(|message| is_system(message)).count()
}

pub(super) fn is_system(message: &Message) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}
