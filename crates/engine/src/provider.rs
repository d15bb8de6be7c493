//! Who is asked: one row per provider.

use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// A key. Shows as `***`, is wiped when dropped.
pub type Secret = SecretString;

/// One provider.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its id, for instance `openai`.
    pub id: String,
    /// Its dialect's name, for instance `openai-chat`.
    pub dialect: String,
    /// Its address up to where the dialect's path begins.
    pub base_url: String,
    /// Its key.
    pub api_key: Option<Secret>,
    /// The variables the key is looked for in, for the error that says it is missing; empty: no key needed.
    pub key_variables: Vec<String>,
    /// Headers for each request.
    pub headers: Vec<(String, String)>,
}

/// The providers that need no settings but a key.
const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        id: "openai",
        dialect: "openai-chat",
        base_url: "https://api.openai.com/v1",
        key_variables: &["OPENAI_API_KEY"],
    },
    BuiltIn {
        id: "anthropic",
        dialect: "anthropic",
        base_url: "https://api.anthropic.com",
        key_variables: &["ANTHROPIC_API_KEY"],
    },
];

struct BuiltIn {
    id: &'static str,
    dialect: &'static str,
    base_url: &'static str,
    key_variables: &'static [&'static str],
}

impl ProviderSettings {
    /// The row we know under `id`, without a key.
    pub fn built_in(id: &str) -> Option<Self> {
        let row = BUILT_IN.iter().find(|row| row.id == id)?;
        Some(Self {
            id: row.id.to_owned(),
            dialect: row.dialect.to_owned(),
            base_url: row.base_url.to_owned(),
            api_key: None,
            key_variables: row.key_variables.iter().copied().map(str::to_owned).collect(),
            headers: Vec::new(),
        })
    }

    /// The ids that [`ProviderSettings::built_in`] knows.
    pub fn built_in_ids() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|row| row.id)
    }

    /// The key without white space around it, where there is one.
    pub(crate) fn key(&self) -> Option<&str> {
        self.api_key.as_ref().map(|key| key.expose_secret().trim()).filter(|key| !key.is_empty())
    }
}

/// Names of headers only: their values, and a query in the address, may be secrets.
impl fmt::Debug for ProviderSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProviderSettings")
            .field("id", &self.id)
            .field("dialect", &self.dialect)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("key_variables", &self.key_variables)
            .finish_non_exhaustive()
    }
}
