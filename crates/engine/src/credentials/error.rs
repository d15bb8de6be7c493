//! Errors of credentials: why a request has none.

use crate::failure::Failure;
use ferrule_wire::model::{ErrorKind, ProviderError};
use std::fmt;

/// Why there are no credentials. No secret may be in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsError {
    kind: Kind,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Missing,
    Unusable,
    Refused,
    Unreachable,
}

impl CredentialsError {
    /// None are configured, or what is configured cannot be used.
    pub fn missing(text: impl Into<String>) -> Self {
        Self { kind: Kind::Missing, text: text.into() }
    }

    /// What is configured cannot be used. The text is the whole error.
    pub fn unusable(text: impl Into<String>) -> Self {
        Self { kind: Kind::Unusable, text: text.into() }
    }

    /// The issuer refuses.
    pub fn refused(text: impl Into<String>) -> Self {
        Self { kind: Kind::Refused, text: text.into() }
    }

    /// The issuer cannot be reached.
    pub fn unreachable(text: impl Into<String>) -> Self {
        Self { kind: Kind::Unreachable, text: text.into() }
    }

    /// Whether they were requested in vain, as opposed to not configured.
    pub fn was_asked(&self) -> bool {
        !matches!(self.kind, Kind::Missing | Kind::Unusable)
    }

    /// With `change` applied to its text, to mask secrets.
    pub(crate) fn map_text(mut self, change: impl FnOnce(String) -> String) -> Self {
        self.text = change(self.text);
        self
    }

    /// The failure of a call to `provider`. The request for credentials has been retried already, so the call is not.
    pub(crate) fn into_failure(self, provider: &str) -> Failure {
        match self.kind {
            Kind::Missing => {
                Failure::Config(format!("no credentials for provider `{provider}`: {}", self.text))
            }
            Kind::Unusable => Failure::Config(self.text),
            Kind::Refused | Kind::Unreachable => Failure::Provider(Box::new(ProviderError::new(
                ErrorKind::Authentication,
                format!("cannot get credentials for provider `{provider}`: {}", self.text),
            ))),
        }
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for CredentialsError {}
