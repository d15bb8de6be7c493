//! Conversations as text, for those who take one text and give one back.

use super::{UnsupportedField, refuse::Refusals};
use crate::model::{Message, PartKind, Role};
use alloc::{format, string::String, vec::Vec};

/// A conversation's texts. Empty ones are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prompt {
    /// What the operator says.
    pub(super) instructions: Vec<String>,
    /// Who speaks, and what they say.
    pub(super) turns: Vec<(String, String)>,
}

impl Prompt {
    /// The texts of `messages`. What is no text is refused; what a model thought is no part of what it said.
    pub(super) fn of(messages: &[Message], refusals: &mut Refusals) -> Result<Self, UnsupportedField> {
        let mut prompt = Self::default();
        for (position, message) in messages.iter().enumerate() {
            let mut text = String::new();
            for (place, part) in message.content.iter().enumerate() {
                match &part.kind {
                    PartKind::Text(more) | PartKind::Refusal(more) => {
                        if !text.is_empty() {
                            text.push('\n');
                        }
                        text.push_str(more);
                    }
                    PartKind::Reasoning(_) => {}
                    _ => refusals.add(
                        format!("messages[{position}].content[{place}]"),
                        "a conversation is text here; tools, pictures and files cannot be sent",
                    )?,
                }
            }
            match &message.role {
                _ if text.is_empty() => {}
                Role::System | Role::Developer => prompt.instructions.push(text),
                role => prompt.turns.push((speaker(role).into(), text)),
            }
        }
        Ok(prompt)
    }

    /// What was said as one text. A single turn is its text alone; of several, each begins with its speaker.
    pub(super) fn dialogue(&self) -> String {
        match self.turns.as_slice() {
            [(_, text)] => text.clone(),
            turns => {
                let turns: Vec<_> =
                    turns.iter().map(|(speaker, text)| format!("{speaker}: {text}")).collect();
                turns.join("\n\n")
            }
        }
    }

    /// All of it as one text, the instructions first.
    pub(super) fn whole(&self) -> String {
        let dialogue = self.dialogue();
        let texts: Vec<&str> = self
            .instructions
            .iter()
            .map(String::as_str)
            .chain((!dialogue.is_empty()).then_some(dialogue.as_str()))
            .collect();
        texts.join("\n\n")
    }
}

fn speaker(role: &Role) -> &str {
    match role {
        Role::Assistant => "Assistant",
        Role::Other(word) => word,
        _ => "User",
    }
}
