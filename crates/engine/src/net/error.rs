//! Errors below HTTP.

/// Any error below HTTP.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A proxy's refusal to connect us, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ProxyRefused(pub(crate) String);
