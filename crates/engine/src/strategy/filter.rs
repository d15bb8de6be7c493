//! Target filters: which targets of a group a call may use, and why not the others.

use std::fmt;

/// The properties of a target that a filter uses.
#[derive(Clone, Copy, Debug, Default)]
pub struct TargetFacts<'a> {
    /// Its provider's id.
    pub provider: &'a str,
    /// What distinguishes it from others with the same provider and model.
    pub variant: Option<&'a str>,
    /// Its provider's name of the model.
    pub model: &'a str,
    /// Its tags.
    pub tags: &'a [String],
    /// The region in its settings.
    pub region: Option<&'a str>,
    /// Capabilities that it is known to lack. Unknown ones do not count.
    pub lacks: Capabilities,
    /// Its model's context window in tokens; `None` if not known.
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
    /// Answers that follow a schema.
    pub const SCHEMA: Self = Self(1 << 2);
    /// Accepts audio.
    pub const AUDIO: Self = Self(1 << 3);
    /// Reads documents.
    pub const DOCUMENTS: Self = Self(1 << 4);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::IMAGES, "images"),
        (Self::TOOLS, "tools"),
        (Self::SCHEMA, "schema"),
        (Self::AUDIO, "audio"),
        (Self::DOCUMENTS, "documents"),
    ];

    /// Those in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those in both.
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

/// Which targets a call may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetFilter {
    /// Only these, if any are named: a provider, `provider/model`, a variant (alone, or after an `@` following either),
    /// each with `*` for any text.
    pub only: Vec<String>,
    /// None of these, named in the same way.
    pub exclude: Vec<String>,
    /// Only targets that have all of these tags. A target's region counts as a tag.
    pub tags: Vec<String>,
    /// The capabilities that the request needs.
    pub needs: Capabilities,
    /// The approximate size of the request in tokens; `None` if not counted.
    pub tokens: Option<u64>,
}

/// Why a target may not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// It is not in `only`.
    NotOnly,
    /// It is excluded, by this name.
    Excluded(String),
    /// It lacks this tag.
    Tag(String),
    /// Its model lacks what the request needs.
    Lacks(Capabilities),
    /// The request is too long for it.
    TooLong {
        /// The size of the request.
        tokens: u64,
        /// The context window of the model.
        context_window: u64,
    },
}

impl fmt::Display for Exclusion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOnly => formatter.write_str("is not listed in `only`"),
            Self::Excluded(name) => write!(formatter, "is excluded by '{name}'"),
            Self::Tag(tag) => write!(formatter, "does not have the tag '{tag}'"),
            Self::Lacks(what) => {
                write!(
                    formatter,
                    "its model does not support {}",
                    what.names().collect::<Vec<_>>().join(", ")
                )
            }
            Self::TooLong { tokens, context_window } => {
                write!(formatter, "the prompt has about {tokens} tokens, its context window {context_window}")
            }
        }
    }
}

impl TargetFilter {
    /// Why the target may not be used; `None` if it may.
    pub fn exclusion(&self, target: &TargetFacts<'_>) -> Option<Exclusion> {
        if !self.only.is_empty() && !self.only.iter().any(|name| names(name, target)) {
            return Some(Exclusion::NotOnly);
        }
        if let Some(name) = self.exclude.iter().find(|name| names(name, target)) {
            return Some(Exclusion::Excluded(name.clone()));
        }
        let has = |tag: &String| target.tags.contains(tag) || target.region == Some(tag);
        if let Some(tag) = self.tags.iter().find(|tag| !has(tag)) {
            return Some(Exclusion::Tag(tag.clone()));
        }
        let lacking = self.needs.common(target.lacks);
        if !lacking.is_empty() {
            return Some(Exclusion::Lacks(lacking));
        }
        match (self.tokens, target.context_window) {
            // The estimate has a margin of error; the provider counts exactly.
            (Some(tokens), Some(context_window)) if tokens / 4 * 3 > context_window => {
                Some(Exclusion::TooLong { tokens, context_window })
            }
            _ => None,
        }
    }
}

/// Whether `name` matches the target: its provider, its variant, or provider and model, with `*` for any text.
fn names(name: &str, target: &TargetFacts<'_>) -> bool {
    let Some((provider, model)) = name.split_once('/') else {
        return matches(name, target.provider)
            || target.variant.is_some_and(|variant| matches(name, variant))
            || strip_variant(name, target).is_some_and(|provider| matches(provider, target.provider));
    };
    matches(provider, target.provider)
        && (matches(model, target.model)
            || strip_variant(model, target).is_some_and(|model| matches(model, target.model)))
}

/// The part before an `@` and the target's variant.
fn strip_variant<'a>(name: &'a str, target: &TargetFacts<'_>) -> Option<&'a str> {
    let (name, variant) = name.rsplit_once('@')?;
    matches(variant, target.variant?).then_some(name)
}

/// Whether `text` matches `pattern`, in which `*` matches any text.
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
