//! Options that an Ollama request carries, and the name that they are refused under.

/// The name of the format in configuration.
pub(super) const NAME: &str = "ollama";
