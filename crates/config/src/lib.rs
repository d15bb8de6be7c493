//! Configuration files: parses TOML, JSON and YAML into values with their lines and columns.
//!
//! The meaning of keys is not known here: `python/ferrule/configuration` has the schema, and reports errors with these
//! positions. Pure: no files, no environment, no Python. A file may be hostile: size, nesting and the number of values
//! are bounded, and YAML's aliases count in full.
#![forbid(unsafe_code)]

mod error;
mod json;
mod limits;
mod lines;
mod place;
mod toml;
mod value;
mod yaml;

pub use error::ParseError;
pub use limits::{MAX_BYTES, MAX_NESTING, MAX_VALUES};
pub use place::Place;
pub use value::{Entry, Item, Table, Value};

/// The format of a file.
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
    /// The format for a file name extension.
    pub fn of_ending(ending: &str) -> Option<Self> {
        match ending.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// The table in `text`; an empty TOML or YAML file is an empty table.
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
