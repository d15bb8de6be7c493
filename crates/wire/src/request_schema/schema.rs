//! Schema of one provider: which fields it takes back, and where.

use super::shape::{Fields, Shape, field};
use super::top_level::Names;
use crate::json::{Extra, Json};
use crate::model::{PartKind, Role};
use alloc::vec::Vec;

/// What one provider takes.
#[derive(Debug)]
pub(crate) struct Schema {
    /// The fields of the body; empty where others are let pass.
    pub(super) top_level: &'static [Names],
    /// Those of them that hold messages. What is in the others is not looked at.
    pub(super) body: Fields,
    /// An assistant's message.
    pub(super) message: Fields,
    pub(super) text: Fields,
    pub(super) reasoning: Fields,
    pub(super) call: Fields,
    /// Of parts of any other kind.
    pub(super) other: Fields,
    /// How the provider says that it refuses a field; `None` where it ignores fields that it does not know.
    pub(super) style: Option<Style>,
}

/// The words of a provider's refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    OpenAi,
    /// As OpenAI, but for what it says of fields at the top.
    Azure,
    Anthropic,
    Google,
    Aws,
    Mistral,
    Groq,
    Cerebras,
    Fireworks,
    /// Go's decoder: unknown fields are ignored, wrong types are not.
    Ollama,
    /// Nobody saw one.
    Other,
}

impl Style {
    /// Whether there are words for what is wrong with a conversation as a whole, an unknown role among it
    /// (`server::emulated::conversation`).
    pub(super) const fn knows_conversations(self) -> bool {
        matches!(self, Self::OpenAi | Self::Azure | Self::Anthropic | Self::Mistral)
    }
}

/// Where a field stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// In a message of this role.
    Message(&'a Role),
    /// In a part of this kind.
    Part(&'a PartKind),
}

impl Schema {
    /// Whether the content of a message of this role may have parts of this type, in OpenAI's form. Of a role that is
    /// not described, anything may be in it.
    pub(crate) fn takes_part(&self, role: &str, kind: &str) -> bool {
        let roles = field(self.body, "messages").and_then(Shape::of_items).and_then(Shape::kinds);
        let fields = roles.and_then(|roles| roles.iter().find(|(known, _)| *known == role));
        fields.and_then(|(_, fields)| field(fields, "content")).is_none_or(|content| content.has_kind(kind))
    }

    /// Whether parts of this type are among those that the content of an assistant's message is known to have.
    pub(crate) fn lists_in_answers(&self, kind: &str) -> bool {
        field(self.message, "content").is_some_and(|content| content.lists_kind(kind))
    }

    /// Whether an assistant's message may have calls of this type.
    pub(crate) fn takes_calls(&self, kind: &str) -> bool {
        field(self.message, "tool_calls").is_some_and(|calls| calls.has_kind(kind))
    }

    /// The shape of the field `name` at `place`, where the provider takes it back there.
    pub(crate) fn field(&self, place: Place<'_>, name: &str) -> Option<Shape> {
        let fields = match place {
            Place::Message(Role::Assistant) => self.message,
            // Answers have no other messages.
            Place::Message(_) => &[],
            Place::Part(PartKind::Text(_) | PartKind::Refusal(_)) => self.text,
            Place::Part(PartKind::Reasoning(_) | PartKind::RedactedReasoning { .. }) => self.reasoning,
            Place::Part(PartKind::ToolCall(_)) => self.call,
            Place::Part(_) => self.other,
        };
        field(fields, name)
    }

    /// Whether the provider takes the field `name` at `place` with this value.
    pub(crate) fn takes(&self, place: Place<'_>, name: &str, value: &Json) -> bool {
        self.field(place, name).is_some_and(|shape| shape.check(value.value(), &mut Vec::new()).is_ok())
    }

    /// `value`, which a decoder kept under `name`, as the provider takes it back at `place`: without the inner fields
    /// that it refuses. `None` where it takes nothing of it.
    pub(crate) fn fit(&self, place: Place<'_>, name: &str, value: &Json) -> Option<Json> {
        let shape = self.field(place, name)?;
        let (Some(fields), Some(object)) = (shape.object(), value.value().object()) else {
            return Some(value.clone());
        };
        let is_known = |(name, _): &(&str, _)| field(fields, name).is_some();
        if object.iter().all(|entry| is_known(&entry)) {
            return Some(value.clone());
        }
        let kept: Extra =
            object.iter().filter(is_known).map(|(name, value)| (name.into(), value.to_json())).collect();
        Some(Json::object(&kept, |_| {}))
    }
}
