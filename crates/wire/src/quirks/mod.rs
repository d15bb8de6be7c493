//! Quirks: how a provider differs from its dialect, as data.
//!
//! A dialect's encoder asks them where it writes; what they change in answers is done around the dialect's decoders, so
//! that a provider without quirks pays nothing. [`crate::server`] is the other side: a server that has
//! them.

mod decode;
mod feature;
mod flags;
pub(crate) mod reasoning;
pub(crate) mod refuse;
pub(crate) mod schema;
mod think;
pub(crate) mod tool_id;
pub(crate) mod tool_name;

pub use flags::*;

use crate::operation::kind::OperationKind;
use alloc::{borrow::Cow, format, string::String};
use core::fmt::Write as _;

impl Quirks {
    /// The same of the provider that is called `id`, where they are nobody's yet.
    #[must_use]
    pub fn with_provider_id(mut self, id: &str) -> Self {
        if self.provider.is_empty() {
            self.provider = Cow::Owned(id.into());
        }
        self
    }

    /// Whether the provider takes `feature`.
    pub fn supports(&self, feature: Feature) -> bool {
        !self.unsupported.contains(&feature)
    }

    /// Whether the provider has an operation of its dialect.
    pub fn has(&self, operation: OperationKind) -> bool {
        self.operations.contains(&operation)
    }

    /// Whether answers of this model can be held to a schema.
    pub(crate) fn takes_strict_answers(&self, model: &str) -> bool {
        self.supports(Feature::Strict)
            && (self.strict_models.is_empty()
                || self.strict_models.iter().any(|name| model.contains(&**name)))
    }

    /// The same for `model`: OpenAI's fine-tuned models take less of a schema.
    pub(crate) fn for_model(&self, model: &str) -> Cow<'_, Self> {
        let mut own = Cow::Borrowed(self);
        if model.starts_with("ft:") && self.strict_schema == SchemaSubset::OpenAi {
            own.to_mut().strict_schema = SchemaSubset::OpenAiFineTuned;
        }
        own
    }

    /// Why something is refused: `what` with the provider's name before it.
    pub(crate) fn reason(&self, what: &str) -> String {
        let who = if self.provider.is_empty() { "the provider" } else { &self.provider };
        format!("{who} {what}")
    }

    /// The provider's whole name of `model`.
    pub fn model<'a>(&self, model: &'a str) -> Cow<'a, str> {
        let stripped = model.strip_prefix(&*self.model_prefix_stripped);
        if let Some(rest) = stripped.filter(|rest| !rest.is_empty() && rest.len() < model.len()) {
            return Cow::Borrowed(rest);
        }
        if !self.model_prefix.is_empty() && !model.contains('/') {
            return Cow::Owned(format!("{}{model}", self.model_prefix));
        }
        Cow::Borrowed(model)
    }

    /// What follows the base URL: `usual`, the dialect's path, or the provider's own with the two in it.
    pub fn path(&self, usual: &str, model: &str) -> String {
        if self.path.is_empty() {
            return usual.into();
        }
        self.path.replace("{path}", usual).replace("{model}", &escaped(model))
    }
}

/// `text` as one segment of a path.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests;
