//! Settings of providers. The built-in ones come from `crates/wire/providers.toml`.

use crate::{
    backend::Backend,
    credentials::{Authentication, Environment, SecretSource},
    keys::KeySettings,
    policy_options::{BreakerOptions, RetryOptions},
    secrets::Secret,
};
use ferrule_wire::quirks::Quirks;
use secrecy::ExposeSecret;
use std::{borrow::Cow, fmt, sync::Arc};

/// The settings of one provider.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its id, for instance `openai`.
    pub id: String,
    /// What distinguishes it from another provider with the same id: the account or region of one target of a group.
    /// Targets are named `id@variant`.
    pub variant: Option<String>,
    /// The region in its settings, by which calls may choose it.
    pub region: Option<String>,
    /// Its dialect's name, for instance `openai-chat`.
    pub dialect: String,
    /// The base URL, to which the dialect's paths are appended.
    pub base_url: String,
    /// Its key.
    pub api_key: Option<Secret>,
    /// Its keys, if it has several; `api_key` is then `None`.
    pub api_keys: Vec<KeySettings>,
    /// A description of where its key comes from, for the error of a refused key.
    pub key_source: Option<String>,
    /// Fetches its key, headers and parameters from files and commands when they are first needed.
    pub secrets: Option<Arc<dyn SecretSource>>,
    /// The variables in which the key is looked up, for the error that says it is missing; empty if no key is needed.
    pub key_variables: Vec<String>,
    /// How requests are authorised.
    pub authentication: Authentication,
    /// Where credentials are looked up.
    pub environment: Environment,
    /// Headers for each request.
    pub headers: Vec<(String, String)>,
    /// Parameters for each URL, for instance `api-version`.
    pub query: Vec<(String, String)>,
    /// Values of its headers, parameters and address that come from variables, files or commands: secret, whatever
    /// their names.
    pub declared: Vec<Secret>,
    /// The id of the provider that is tried, with the same model, if this one fails.
    pub fallback: Option<String>,
    /// What is missing, if it is known but cannot be called as it is: its calls fail with this text.
    pub missing: Option<String>,
    /// How it differs from its dialect.
    pub quirks: Quirks,
    /// The program that answers, and its first arguments, for dialects of programs; by default the usual one.
    pub command: Option<Vec<String>>,
    /// A backend in place of an HTTP server at `base_url`.
    pub backend: Option<Arc<dyn Backend>>,
    /// Retries of calls to it, unless a group or call sets them.
    pub retry: RetryOptions,
    /// The circuit breakers of its models, unless a group sets them.
    pub breaker: BreakerOptions,
}

impl ProviderSettings {
    /// A provider that uses `dialect` at `base_url`, without a key or anything else.
    pub fn new(id: impl Into<String>, dialect: impl Into<String>, base_url: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            variant: None,
            region: None,
            dialect: dialect.into(),
            base_url: base_url.into(),
            api_key: None,
            api_keys: Vec::new(),
            key_source: None,
            secrets: None,
            key_variables: Vec::new(),
            authentication: Authentication::default(),
            environment: Environment::default(),
            headers: Vec::new(),
            query: Vec::new(),
            declared: Vec::new(),
            fallback: None,
            missing: None,
            quirks: Quirks::NONE,
            command: None,
            backend: None,
            retry: RetryOptions::default(),
            breaker: BreakerOptions::default(),
        }
    }

    /// Whether both would make equal providers.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let identity = |settings: &Self| settings.secrets.as_ref().map(|source| source.identity());
        identity(self) == identity(other)
            && self.key_source == other.key_source
            && self.api_keys.iter().zip(&other.api_keys).all(|(one, other)| one.is_like(other))
            && self.is_like_but_for_secrets(other)
    }

    /// Whether they differ at most in deferred secrets and the description of a key's source. Destructured in full, so
    /// that a new field is not forgotten here.
    pub(crate) fn is_like_but_for_secrets(&self, other: &Self) -> bool {
        let Self {
            id,
            variant,
            region,
            dialect,
            base_url,
            api_key: _,
            api_keys,
            key_source: _,
            secrets,
            key_variables,
            authentication,
            environment: _,
            headers,
            query,
            declared,
            fallback,
            missing,
            quirks,
            command,
            backend,
            retry,
            breaker,
        } = self;
        let same_authentication = match (authentication, &other.authentication) {
            (Authentication::Key, Authentication::Key)
            | (Authentication::Optional, Authentication::Optional)
            | (Authentication::None, Authentication::None) => true,
            (
                Authentication::Header { name, prefix },
                Authentication::Header { name: other, prefix: others },
            ) => name == other && prefix == others,
            // Tokens and signatures depend on an environment that may have changed.
            _ => false,
        };
        let same_backend = match (backend, &other.backend) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        same_authentication
            && same_backend
            && *id == other.id
            && *variant == other.variant
            && *region == other.region
            && *dialect == other.dialect
            && *base_url == other.base_url
            && self.key() == other.key()
            && api_keys.len() == other.api_keys.len()
            && api_keys.iter().zip(&other.api_keys).all(|(one, other)| one.is_like_but_for_secrets(other))
            && *key_variables == other.key_variables
            && *headers == other.headers
            && *query == other.query
            && declared.iter().map(exposed).eq(other.declared.iter().map(exposed))
            && *fallback == other.fallback
            && *missing == other.missing
            && secrets.is_some() == other.secrets.is_some()
            && *quirks == other.quirks
            && *command == other.command
            && *retry == other.retry
            && *breaker == other.breaker
    }

    /// Its name among an engine's providers.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match &self.variant {
            Some(variant) => format!("{}@{variant}", self.id).into(),
            None => self.id.as_str().into(),
        }
    }

    /// The key without surrounding white space, if there is one.
    pub(crate) fn key(&self) -> Option<&str> {
        self.api_key.as_ref().map(|key| key.expose_secret().trim()).filter(|key| !key.is_empty())
    }
}

fn exposed(secret: &Secret) -> &str {
    secret.expose_secret()
}

/// Shows only the names of headers and parameters: their values, and a query in the address, may be secrets.
impl fmt::Debug for ProviderSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProviderSettings")
            .field("id", &self.id)
            .field("dialect", &self.dialect)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("query", &self.query.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("key_variables", &self.key_variables)
            .field("authentication", &self.authentication)
            .field("fallback", &self.fallback)
            .finish_non_exhaustive()
    }
}
