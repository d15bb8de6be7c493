//! Blank texts and empty turns: how each wire format handles them.
//!
//! Conversations contain such turns: Claude ends a turn without text, reasoning is removed for another provider, or a
//! user sends white space. Strict providers refuse the whole conversation because of one
//! (`docs/wire/requests-accepted.md`, section 14). A blank text is therefore left out if the format does not accept it.
//! Empty assistant turns and empty system prompts are left out in every format. So are empty user turns, unless the
//! conversation would then begin or end with the assistant, which would change its meaning: that is refused by name.

use crate::encode::{Refusals, UnsupportedField};
use crate::model::{Message, Part, PartKind, Role, ToolResult};
use alloc::format;

/// The text of a failed tool result without content, which Anthropic and Bedrock do not accept.
pub(crate) const FAILED: &str = "The tool failed and said nothing.";
/// Why an empty turn of the user is refused.
const EMPTY_TURN: &str =
    "the message says nothing, and the conversation cannot begin or end without it; give it a text";

/// The texts that a format accepts, if it does not accept every text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    /// Those with a character: Gemini.
    NotEmpty,
    /// Those with a visible character: Anthropic, Bedrock, Cohere.
    NotBlank,
}

impl Texts {
    /// Whether a text is left out.
    pub(crate) fn drops(self, text: &str) -> bool {
        match self {
            Self::NotEmpty => text.is_empty(),
            Self::NotBlank => text.trim().is_empty(),
        }
    }

    /// Whether a part is a text that is left out.
    pub(crate) fn drops_part(self, part: &Part) -> bool {
        matches!(&part.kind, PartKind::Text(text) | PartKind::Refusal(text) if self.drops(text))
    }

    /// Whether a tool result needs [`FAILED`] as its text.
    pub(crate) fn needs_word(self, result: &ToolResult) -> bool {
        self == Self::NotBlank
            && result.is_error == Some(true)
            && result.content.iter().all(|part| self.drops_part(part))
    }

    /// Whether a message has only texts that are left out. Content that a caller wrote by hand counts as content.
    fn drops_message(self, message: &Message) -> bool {
        message.content.iter().all(|part| self.drops_part(part)) && message.extra.get("content").is_none()
    }

    /// Refuses empty user turns if, without them, the conversation would be empty, or begin or end with the
    /// assistant.
    pub(crate) fn check(self, messages: &[Message], refusals: &mut Refusals) -> Result<(), UnsupportedField> {
        let is_turn = |message: &Message| !matches!(message.role, Role::System | Role::Developer);
        let turns = || messages.iter().enumerate().filter(|(_, message)| is_turn(message));
        let blank =
            || turns().filter(|(_, message)| message.role == Role::User && self.drops_message(message));
        if blank().next().is_none() {
            return Ok(());
        }
        let said = || turns().filter(|(_, message)| !self.drops_message(message));
        let is_assistants =
            |turn: Option<(usize, &Message)>| turn.is_none_or(|(_, message)| message.role == Role::Assistant);
        for (position, _) in blank() {
            let opens = said().next().is_none_or(|(first, _)| position < first);
            let ends = said().next_back().is_none_or(|(last, _)| position > last);
            if opens && is_assistants(said().next()) || ends && is_assistants(said().next_back()) {
                let field = format!("messages[{position}].content");
                if said().next().is_none() {
                    // The conversation would be empty, so the turn is not dropped either.
                    return Err(refusals.refusal(field, EMPTY_TURN));
                }
                refusals.add(field, EMPTY_TURN)?;
            }
        }
        Ok(())
    }
}

/// Whether an empty message is left out: those of every role but the user's. A tool's message consists of its results.
pub(crate) fn is_left_out(role: &Role) -> bool {
    !matches!(role, Role::User | Role::Other(_))
}
