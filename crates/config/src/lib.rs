//! Configuration files: TOML, JSON and YAML become values that know their line and column.
//!
//! What keys mean is not known here: `python/ferrule/configuration` has the schema, and says with these places where
//! something is wrong. Pure: no files, no environment, no Python. A file may be hostile: size, nesting and the number of
//! values are bounded, YAML's aliases counted as what they stand for.
#![forbid(unsafe_code)]

mod json;
mod lines;
mod toml;
mod value;
mod yaml;

pub use value::{Entry, Item, Place, Table, Value};

use std::fmt;

/// The most bytes of a file.
pub const MAX_BYTES: usize = 1 << 20;

/// The most levels that values may be nested.
pub const MAX_NESTING: usize = 64;

/// The most values of a file.
pub const MAX_VALUES: usize = 100_000;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.0.
    Toml,
    /// JSON, strictly.
    Json,
    /// YAML 1.2, core schema, one document.
    Yaml,
}

impl Format {
    /// The format that a file name's ending stands for.
    pub fn of_ending(ending: &str) -> Option<Self> {
        match ending.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

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

/// The table that `text` holds; an empty TOML or YAML file is an empty one.
pub fn parse(text: &str, format: Format) -> Result<Table, ParseError> {
    if text.len() > MAX_BYTES {
        return Err(value::error(Place::START, format!("larger than {MAX_BYTES} bytes")));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::Toml => toml::parse(text),
        Format::Json => json::parse(text),
        Format::Yaml => yaml::parse(text),
    }
}
