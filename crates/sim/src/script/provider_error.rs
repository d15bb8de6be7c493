//! Scripted errors: what a provider reports, in neutral terms.

use ferrule_wire::{
    model::{ErrorKind, ProviderError},
    server::EmulatedProvider,
};
use serde::Deserialize;

/// An error in neutral terms; the dialect encodes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ErrorScript {
    pub(crate) kind: Option<Kind>,
    pub(crate) message: Option<String>,
    pub(crate) code: Option<String>,
    #[serde(rename = "type")]
    pub(crate) error_type: Option<String>,
    pub(crate) param: Option<String>,
}

/// The kinds of error that a provider can report.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Authentication,
    PermissionDenied,
    NotFound,
    InvalidRequest,
    ContextLength,
    ContentFiltered,
    RateLimited,
    QuotaExceeded,
    Overloaded,
    Timeout,
    Server,
}

impl From<Kind> for ErrorKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Authentication => Self::Authentication,
            Kind::PermissionDenied => Self::PermissionDenied,
            Kind::NotFound => Self::NotFound,
            Kind::InvalidRequest => Self::InvalidRequest,
            Kind::ContextLength => Self::ContextLength,
            Kind::ContentFiltered => Self::ContentFiltered,
            Kind::RateLimited => Self::RateLimited,
            Kind::QuotaExceeded => Self::QuotaExceeded,
            Kind::Overloaded => Self::Overloaded,
            Kind::Timeout => Self::Timeout,
            Kind::Server => Self::Server,
        }
    }
}

impl ErrorScript {
    /// The error, with defaults for `kind` and `message`.
    pub(crate) fn provider_error(
        &self,
        kind: ErrorKind,
        message: &str,
        provider: EmulatedProvider,
    ) -> ProviderError {
        let kind = self.kind.map_or(kind, ErrorKind::from);
        let message = match (&self.message, kind) {
            (Some(message), _) => message.as_str(),
            (None, ErrorKind::ContextLength) => {
                "prompt is too long: this model's maximum context length is 8192 tokens, however you requested 10000 tokens"
            }
            (None, _) => message,
        };
        ProviderError {
            code: self.code.clone().or_else(|| provider.error_code(kind).map(str::to_owned)),
            error_type: self.error_type.clone(),
            param: self.param.clone(),
            ..ProviderError::new(kind, message)
        }
    }
}
