//! Parse errors with their position in the file.

use crate::place::Place;
use std::fmt;

/// A file that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong. Contains no value of the file, which may be a secret.
    pub message: String,
    /// The position.
    pub place: Place,
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}: {}", self.place.line, self.place.column, self.message)
    }
}

impl std::error::Error for ParseError {}
