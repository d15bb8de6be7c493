//! Target filters: which targets of a group may be asked for a call, and why the others may not.

use std::fmt;

/// What a filter reads of a target.
#[derive(Clone, Copy, Debug, Default)]
pub struct TargetFacts<'a> {
    /// Its provider's id.
    pub provider: &'a str,
    /// Its model's name there.
    pub model: &'a str,
    /// Its tags.
    pub tags: &'a [String],
    /// The region that it is set to.
    pub region: Option<&'a str>,
    /// What it is known to lack. What is not known is not lacking.
    pub lacks: Capabilities,
    /// How many tokens its model can read and write; `None` where that is not known.
    pub context_window: Option<u64>,
}

/// What a request needs of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u8);

impl Capabilities {
    /// None.
    pub const NONE: Self = Self(0);
    /// Reads images.
    pub const IMAGES: Self = Self(1);
    /// Calls tools.
    pub const TOOLS: Self = Self(1 << 1);
    /// Answers in the form of a schema.
    pub const SCHEMA: Self = Self(1 << 2);
    /// Hears audio.
    pub const AUDIO: Self = Self(1 << 3);
    /// Reads documents.
    pub const DOCUMENTS: Self = Self(1 << 4);
    /// Shows its reasoning.
    pub const REASONING: Self = Self(1 << 5);
    /// Streams.
    pub const STREAMING: Self = Self(1 << 6);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::IMAGES, "images"),
        (Self::TOOLS, "tools"),
        (Self::SCHEMA, "schema"),
        (Self::AUDIO, "audio"),
        (Self::DOCUMENTS, "documents"),
        (Self::REASONING, "reasoning"),
        (Self::STREAMING, "streaming"),
    ];

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(one, _)| !self.common(*one).is_empty()).map(|(_, name)| name)
    }
}

/// Which targets may be asked for a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetFilter {
    /// Only these, where any are named: a provider, `provider/model`, or either with `*` for any text.
    pub only: Vec<String>,
    /// None of these, named in the same way.
    pub exclude: Vec<String>,
    /// Only targets that have all of these tags.
    pub tags: Vec<String>,
    /// Only targets in this region, by their setting or by a tag.
    pub region: Option<String>,
    /// What the request needs.
    pub needs: Capabilities,
    /// How many tokens the request has at least, with those that it asks for; `None` where they were not counted.
    pub tokens: Option<u64>,
}

/// Why a target may not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// It is not among the only ones.
    NotOnly,
    /// It is excluded, by this name.
    Excluded(String),
    /// It lacks this tag.
    Tag(String),
    /// It is in another region, or in none that is known.
    Region(Option<String>),
    /// Its model lacks what the request needs.
    Lacks(Capabilities),
    /// The request is too long for it.
    TooLong {
        /// The request's tokens.
        tokens: u64,
        /// The model's.
        context_window: u64,
    },
}

impl fmt::Display for Exclusion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOnly => formatter.write_str("is not listed in `only`"),
            Self::Excluded(name) => write!(formatter, "is excluded by '{name}'"),
            Self::Tag(tag) => write!(formatter, "does not have the tag '{tag}'"),
            Self::Region(Some(region)) => write!(formatter, "is in the region '{region}'"),
            Self::Region(None) => formatter.write_str("has no region"),
            Self::Lacks(what) => {
                write!(
                    formatter,
                    "its model does not support {}",
                    what.names().collect::<Vec<_>>().join(", ")
                )
            }
            Self::TooLong { tokens, context_window } => {
                write!(
                    formatter,
                    "the request needs {tokens} tokens, its context window has {context_window}"
                )
            }
        }
    }
}

impl TargetFilter {
    /// Why the target may not be asked; `None` where it may.
    pub fn exclusion(&self, target: &TargetFacts<'_>) -> Option<Exclusion> {
        if !self.only.is_empty() && !self.only.iter().any(|name| names(name, target)) {
            return Some(Exclusion::NotOnly);
        }
        if let Some(name) = self.exclude.iter().find(|name| names(name, target)) {
            return Some(Exclusion::Excluded(name.clone()));
        }
        if let Some(tag) = self.tags.iter().find(|tag| !target.tags.contains(tag)) {
            return Some(Exclusion::Tag(tag.clone()));
        }
        if let Some(region) = &self.region
            && target.region != Some(region)
            && !target.tags.contains(region)
        {
            return Some(Exclusion::Region(target.region.map(str::to_owned)));
        }
        let lacking = self.needs.common(target.lacks);
        if !lacking.is_empty() {
            return Some(Exclusion::Lacks(lacking));
        }
        match (self.tokens, target.context_window) {
            (Some(tokens), Some(context_window)) if tokens > context_window => {
                Some(Exclusion::TooLong { tokens, context_window })
            }
            _ => None,
        }
    }
}

/// Whether `name` means the target: its provider, or provider and model, with `*` for any text.
fn names(name: &str, target: &TargetFacts<'_>) -> bool {
    match name.split_once('/') {
        Some((provider, model)) => matches(provider, target.provider) && matches(model, target.model),
        None => matches(name, target.provider),
    }
}

/// Whether `text` is what `pattern` says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}
