//! Conversations as text, for formats with one text as prompt and one text as answer.

use super::foreign;
use crate::encode::{Place, Refusals, UnsupportedField};
use crate::model::{Message, PartKind, Role};
use alloc::{format, string::String, vec::Vec};

const BETWEEN: &str = "\n\n";
const ASSISTANT: &str = "Assistant";

/// A conversation's texts. Empty ones are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// What the operator says.
    pub(crate) instructions: Vec<String>,
    /// Who speaks, and what they say.
    pub(crate) turns: Vec<(String, String)>,
}

impl Prompt {
    /// The texts of `messages`. Anything but text is refused, and so is what a text has no place for; a model's
    /// thoughts are not part of its text.
    pub(crate) fn from_messages(
        messages: &[Message],
        refusals: &mut Refusals,
    ) -> Result<Self, UnsupportedField> {
        let mut prompt = Self::default();
        for (position, message) in messages.iter().enumerate() {
            let text = text_of(message, Place::message(position), refusals)?;
            match &message.role {
                _ if text.is_empty() => {}
                Role::System | Role::Developer => prompt.instructions.push(text),
                role => prompt.turns.push((speaker(role).into(), text)),
            }
        }
        Ok(prompt)
    }

    /// What was said as one text. A single turn is its text alone; of several, each begins with its speaker.
    pub(crate) fn dialogue(&self) -> String {
        match self.turns.as_slice() {
            [(_, text)] => text.clone(),
            turns => {
                let turns: Vec<_> =
                    turns.iter().map(|(speaker, text)| format!("{speaker}: {text}")).collect();
                turns.join(BETWEEN)
            }
        }
    }

    /// All of it as one text, the instructions first.
    pub(crate) fn whole(&self) -> String {
        let mut texts: Vec<&str> = self.instructions.iter().map(String::as_str).collect();
        let dialogue = self.dialogue();
        if !dialogue.is_empty() {
            texts.push(&dialogue);
        }
        texts.join(BETWEEN)
    }

    /// All of it as one text for a model that continues texts. Once it has spoken itself, each turn says whose it is,
    /// and the text ends where the model is to go on.
    pub(crate) fn to_be_continued(&self) -> String {
        let mut texts = self.instructions.clone();
        if self.turns.iter().any(|(speaker, _)| speaker == ASSISTANT) {
            texts.extend(self.turns.iter().map(|(speaker, text)| format!("{speaker}: {text}")));
            texts.push(format!("{ASSISTANT}:"));
        } else {
            texts.extend(self.turns.iter().map(|(_, text)| text.clone()));
        }
        texts.join(BETWEEN)
    }
}

fn text_of(message: &Message, place: Place, refusals: &mut Refusals) -> Result<String, UnsupportedField> {
    if message.name.is_some() {
        refusals.add(format!("{place}.name"), "speakers have no names; write it into the text")?;
    }
    let mut said = String::new();
    for (position, part) in message.content.iter().enumerate() {
        let field = || format!("{place}.content[{position}]");
        if part.cache.is_some() {
            refusals.add(field() + ".cache", "a prompt has no place for cache breakpoints")?;
        }
        match &part.kind {
            PartKind::Text(text) | PartKind::Refusal(text) => {
                if !said.is_empty() {
                    said.push('\n');
                }
                said.push_str(text);
            }
            PartKind::Reasoning(_) => {}
            kind if message.role == Role::Assistant && foreign::is_reference(kind) => {}
            kind => {
                let reason = "a prompt is text only; tools, images and files cannot be sent";
                refusals.add(field(), &foreign::named(kind, reason))?;
            }
        }
    }
    if said.is_empty()
        && let Some(transcript) = foreign::transcript(message)
    {
        return Ok(transcript);
    }
    Ok(said)
}

fn speaker(role: &Role) -> &str {
    match role {
        Role::Assistant => ASSISTANT,
        Role::Other(word) => word,
        _ => "User",
    }
}
