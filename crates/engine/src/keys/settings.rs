//! Settings of one of several keys.

use crate::{credentials::SecretSource, secrets::Secret};
use secrecy::ExposeSecret;
use std::{fmt, sync::Arc};

/// One of several keys of a provider.
#[derive(Clone)]
pub struct KeySettings {
    /// The key; `None` if `source` fetches it.
    pub key: Option<Secret>,
    /// Fetches it when it is first needed, from a file or a command.
    pub source: Option<Arc<dyn SecretSource>>,
    /// A stable identity of `source` across reloads, such as the path of the file: the key's state is kept by it.
    pub reference: String,
    /// Its share of the calls, relative to the others. More than 0.
    pub weight: f64,
}

impl KeySettings {
    /// A key from the settings.
    pub fn new(key: impl Into<Secret>, weight: f64) -> Self {
        Self { key: Some(key.into()), source: None, reference: String::new(), weight }
    }

    /// Whether they are equal except for secrets that are fetched when needed.
    pub(crate) fn is_like_but_for_secrets(&self, other: &Self) -> bool {
        let text = |one: &Self| one.key.as_ref().map(|key| key.expose_secret().trim().to_owned());
        text(self) == text(other)
            && self.source.is_some() == other.source.is_some()
            && self.reference == other.reference
            && (self.weight - other.weight).abs() < f64::EPSILON
    }

    /// Whether they are the same key from the same source.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let identity = |one: &Self| one.source.as_ref().map(|source| source.identity());
        identity(self) == identity(other) && self.is_like_but_for_secrets(other)
    }
}

/// Shows the weight only.
impl fmt::Debug for KeySettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeySettings").field("weight", &self.weight).finish_non_exhaustive()
    }
}
