//! JSON as this crate reads and writes it: one object level at a time, and unknown values kept as their text.
//!
//! A provider's body is read with [`Fields`]: take the names you know, keep the [`Fields::rest`]. It is written
//! with [`ObjectWriter`], which lets the caller's extra fields win over ours. A value that nobody looks into is a
//! [`Json`]: its text, so that key order, number precision and unknown parts survive a round trip.

mod nesting;
mod read;
mod split;
mod write;

pub use nesting::{MAX_NESTING, check_nesting};
pub(crate) use nesting::{Nesting, Scan};
pub use read::{Fields, Value};
pub use write::{ObjectWriter, WriteJson, write_array, write_string};

use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString, vec::Vec};
use core::fmt;
use serde::de::IgnoredAny;

/// Text that is not the JSON we need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    message: String,
}

impl JsonError {
    /// An error with its whole text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl core::error::Error for JsonError {}

/// One JSON value, kept as its text. Two values are equal when their texts are.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Box<str>);

impl Json {
    /// Checks `text` and keeps it.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        Ok(Self(check(text)?.into()))
    }

    /// As [`Json::parse`], without copying the text where it can be kept.
    pub fn from_string(text: String) -> Result<Self, JsonError> {
        let checked = check(&text)?;
        Ok(Self(if checked.len() == text.len() { text.into_boxed_str() } else { checked.into() }))
    }

    /// `null`.
    pub fn null() -> Self {
        Self("null".into())
    }

    /// The JSON string that says `text`.
    pub fn string(text: &str) -> Self {
        Self::written(text)
    }

    /// The JSON text of anything that can be written.
    pub fn written(value: impl WriteJson) -> Self {
        let mut out = Vec::new();
        value.write_json(&mut out);
        Self::from_writer(out)
    }

    /// The object with the fields that `write` writes, and those of `extra`.
    pub fn object(extra: &Extra, write: impl FnOnce(&mut ObjectWriter<'_>)) -> Self {
        let mut out = Vec::new();
        let mut object = ObjectWriter::begin_with(&mut out, extra);
        write(&mut object);
        object.finish();
        Self::from_writer(out)
    }

    /// What [`ObjectWriter`] and its like wrote, which is JSON by construction.
    pub(crate) fn from_writer(out: Vec<u8>) -> Self {
        let text = String::from_utf8(out).unwrap_or_else(|_| "null".to_owned());
        debug_assert!(check(&text).is_ok(), "a writer wrote what is no JSON: {text}");
        Self(text.into_boxed_str())
    }

    /// The text, without white space around it.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The value, to look into.
    pub fn value(&self) -> Value<'_> {
        Value::new(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

/// Refuses a text that is not one JSON value or nests too deeply; gives it without the white space around it.
fn check(text: &str) -> Result<&str, JsonError> {
    check_nesting(text.as_bytes())?;
    serde_json::from_str::<IgnoredAny>(text)?;
    Ok(text.trim_matches([' ', '\n', '\r', '\t']))
}

/// The fields of an object that the model has no name for, in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra(Vec<(String, Json)>);

impl Extra {
    /// No fields.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Puts `value` under `name`, replacing what was there.
    pub fn insert(&mut self, name: impl Into<String>, value: Json) {
        let name = name.into();
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes the value under `name` out.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let position = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(position).1)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl FromIterator<(String, Json)> for Extra {
    fn from_iter<I: IntoIterator<Item = (String, Json)>>(fields: I) -> Self {
        let mut extra = Self::new();
        for (name, value) in fields {
            extra.insert(name, value);
        }
        extra
    }
}
