//! Configuration values with their positions in the file.

use crate::{
    error::ParseError,
    limits::{MAX_NESTING, MAX_VALUES},
    place::Place,
};
use std::collections::HashSet;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`; not in TOML.
    Null,
    /// `true`, `false`.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A string; a TOML date as written.
    Text(String),
    /// Values in order.
    List(Vec<Item>),
    /// Values by name.
    Table(Table),
}

/// A value in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its position.
    pub place: Place,
    /// The value.
    pub value: Value,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub name: String,
    /// The key's position.
    pub place: Place,
    /// The value.
    pub value: Value,
}

/// Values by name. Names are unique.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table(Vec<Entry>);

impl Table {
    /// The entries, in the file's order; TOML's are sorted by name.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Checks entries for duplicate names.
    pub(crate) fn checked(entries: Vec<Entry>) -> Result<Self, ParseError> {
        let mut seen = HashSet::with_capacity(entries.len());
        for entry in &entries {
            if !seen.insert(entry.name.as_str()) {
                return Err(error(entry.place, format!("the key `{}` is there twice", shown(&entry.name))));
            }
        }
        Ok(Self(entries))
    }
}

/// Counts values and nesting while a file is read.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    values: usize,
}

impl Bounds {
    /// Counts another value, or those of an alias, at nesting `depth`.
    pub(crate) fn admit(&mut self, values: usize, depth: usize, place: Place) -> Result<(), ParseError> {
        self.values = self.values.saturating_add(values);
        if self.values > MAX_VALUES {
            return Err(error(place, format!("more than {MAX_VALUES} values")));
        }
        if depth > MAX_NESTING {
            return Err(error(place, format!("nested deeper than {MAX_NESTING} levels")));
        }
        Ok(())
    }
}

pub(crate) fn error(place: Place, message: impl Into<String>) -> ParseError {
    ParseError { message: message.into(), place }
}

/// A key for an error message, truncated.
fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}
