//! Errors below HTTP.

/// What goes wrong below HTTP, in whatever form.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
