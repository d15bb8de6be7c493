//! Facts about a model.

use crate::{pattern::Pattern, prices::Prices};
use serde::Deserialize;
use std::sync::Arc;

/// Facts about a model; unknown ones are `None`.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its name in the catalog. Providers may use others, for instance with dates.
    pub id: Box<str>,
    /// The provider whose price list it is from.
    pub provider: Arc<str>,
    /// Its capabilities.
    pub facts: Facts,
    /// Its prices.
    pub prices: Prices,
    /// The names that match it; `None` for its id alone.
    pub(crate) names: Option<Pattern>,
}

impl Model {
    /// Whether `name`, in lower case, matches it.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.names.as_ref().map_or_else(
            || self.id.chars().flat_map(char::to_lowercase).eq(name.chars()),
            |names| names.matches(name),
        )
    }

    /// Whether `name`, in lower case, is its id or a name that is listed verbatim.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.id.chars().flat_map(char::to_lowercase).eq(name.chars())
            || self.names.as_ref().is_some_and(|names| names.lists(name))
    }
}

/// The capabilities of a model; unknown ones are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Facts {
    /// Its display name.
    pub name: Option<Box<str>>,
    /// The maximum number of tokens of prompt and answer together.
    pub context_window: Option<u64>,
    /// The maximum number of tokens of an answer.
    pub max_output_tokens: Option<u64>,
    /// Kinds of content that it accepts.
    pub input_modalities: Option<Vec<Modality>>,
    /// Kinds of content that it produces.
    pub output_modalities: Option<Vec<Modality>>,
    /// Whether it supports tools.
    pub tools: Option<bool>,
    /// Whether it supports JSON-schema output.
    pub structured_output: Option<bool>,
    /// Whether it is a reasoning model.
    pub reasoning: Option<bool>,
    /// Whether its provider has deprecated it.
    pub deprecated: Option<bool>,
    /// Its tier.
    pub category: Option<Category>,
}

impl Facts {
    /// These facts, with `others` for those that are unknown.
    pub(crate) fn or(self, others: &Self) -> Self {
        Self {
            name: self.name.or_else(|| others.name.clone()),
            context_window: self.context_window.or(others.context_window),
            max_output_tokens: self.max_output_tokens.or(others.max_output_tokens),
            input_modalities: self.input_modalities.or_else(|| others.input_modalities.clone()),
            output_modalities: self.output_modalities.or_else(|| others.output_modalities.clone()),
            tools: self.tools.or(others.tools),
            structured_output: self.structured_output.or(others.structured_output),
            reasoning: self.reasoning.or(others.reasoning),
            deprecated: self.deprecated.or(others.deprecated),
            category: self.category.or(others.category),
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$word_doc])* $word,)* }

        impl $name {
            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$word => $text,)* }
            }
        }
    };
}
words! {
    /// A kind of content.
    Modality {
        /// Text.
        Text = "text",
        /// Images.
        Image = "image",
        /// Audio.
        Audio = "audio",
        /// Video.
        Video = "video",
        /// PDF and similar documents.
        Document = "document",
        /// Embeddings.
        Embedding = "embedding",
    }
}
words! {
    /// The tier of a model.
    Category {
        /// Fast and cheap.
        Fast = "fast",
        /// In between.
        Balanced = "balanced",
        /// The most capable, whatever the price.
        Powerful = "powerful",
        /// Runs locally.
        Local = "local",
        /// Embedding models.
        Embedding = "embedding",
    }
}
