//! Parse errors with their place in the file.

use crate::place::Place;
use std::fmt;

/// A file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong. No value of the file is in it: it may be a secret.
    pub message: String,
    /// Where.
    pub place: Place,
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}: {}", self.place.line, self.place.column, self.message)
    }
}

impl std::error::Error for ParseError {}
