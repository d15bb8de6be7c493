//! Script error: a script that cannot be used.

use std::fmt;

/// The error for an invalid script. The text names the field and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError(String);

impl fmt::Display for ScriptError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ScriptError {}

impl ScriptError {
    pub(crate) fn new(field: &str, expected: impl fmt::Display) -> Self {
        Self(format!("script: `{field}`: {expected}"))
    }
}
