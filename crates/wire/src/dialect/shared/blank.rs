//! Blank texts and empty turns: what becomes of what says nothing, in every wire format.
//!
//! Histories have such turns: Claude ends one without a word, a thought is left out on the way to another provider, a user
//! sends white space. Strict providers refuse the whole conversation for one (`docs/wire/requests-accepted.md`, section
//! 14). So a text that says nothing is left out where a format does not take it; an assistant's turn and instructions of
//! which nothing is left are left out in every format; and a user's turn is, unless the conversation would then begin or
//! end with the assistant, which would mean another thing: that is refused by name.

use crate::encode::{Refusals, UnsupportedField};
use crate::model::{Message, Part, PartKind, Role, ToolResult};
use alloc::format;

/// What a tool's result says that failed without saying why: Anthropic and Bedrock take no such result without content.
pub(crate) const FAILED: &str = "The tool failed and said nothing.";
/// Why an empty turn of the user is refused.
const EMPTY_TURN: &str =
    "the message says nothing, and the conversation cannot begin or end without it; give it a text";

/// Which texts a format takes that does not take every text.
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

    /// Whether a result of a tool needs [`FAILED`] to say anything.
    pub(crate) fn needs_word(self, result: &ToolResult) -> bool {
        self == Self::NotBlank
            && result.is_error == Some(true)
            && result.content.iter().all(|part| self.drops_part(part))
    }

    /// Whether a message has nothing but texts that are left out. Content that a caller wrote by hand is content.
    fn drops_message(self, message: &Message) -> bool {
        message.content.iter().all(|part| self.drops_part(part)) && message.extra.get("content").is_none()
    }

    /// Refuses turns of the user that say nothing where the conversation would begin or end with the assistant without
    /// them, or be none.
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
                    // Nothing would be left of the conversation, so it is not dropped either.
                    return Err(refusals.refusal(field, EMPTY_TURN));
                }
                refusals.add(field, EMPTY_TURN)?;
            }
        }
        Ok(())
    }
}

/// Whether nothing is sent of a message that has nothing to send: of whatever role but the user's. A tool's message is its
/// results.
pub(crate) fn is_left_out(role: &Role) -> bool {
    !matches!(role, Role::User | Role::Other(_))
}
