//! Errors below HTTP.

/// What goes wrong below HTTP, in whatever form.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A proxy that was reached and does not connect us, in its words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ProxyRefused(pub(crate) String);
