//! Owned JSON: a value kept as its text, and the fields of an object that the model has no name for.

use super::read::check;
use super::{Fields, JsonError, Ordered, Value, WriteJson, lenient};
use alloc::{borrow::Cow, borrow::ToOwned, boxed::Box, string::String, vec::Vec};
use core::fmt;

/// One JSON value, kept as its text. Two values are equal when their texts are.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Box<str>);

impl Json {
    /// Checks `text` and keeps it.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        Ok(Self(lenient::strict(check(text)?).into()))
    }

    /// As [`Json::parse`], without copying the text where it can be kept.
    pub fn from_string(text: String) -> Result<Self, JsonError> {
        let checked = lenient::strict(check(&text)?);
        Ok(Self(match checked {
            Cow::Borrowed(checked) if checked.len() == text.len() => text.into_boxed_str(),
            checked => checked.into(),
        }))
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

    /// What [`ObjectWriter`] and its like wrote, which is JSON by construction.
    pub(crate) fn from_writer(out: Vec<u8>) -> Self {
        let text = String::from_utf8(out).unwrap_or_else(|_| "null".to_owned());
        debug_assert!(check(&text).is_ok(), "a writer wrote something that is not JSON: {text}");
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

impl WriteJson for Json {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text().as_bytes());
    }
}

/// The fields of an object that the model has no name for, in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra(Ordered<Json>);

impl Extra {
    /// No fields.
    pub const fn new() -> Self {
        Self(Ordered::new())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// Puts `value` under `name`, replacing what was there.
    pub fn insert(&mut self, name: impl Into<String>, value: Json) {
        self.0.insert(name.into(), value);
    }

    /// Takes the value under `name` out.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        self.0.remove(name)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl FromIterator<(String, Json)> for Extra {
    fn from_iter<I: IntoIterator<Item = (String, Json)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl Value<'_> {
    /// Keeps the value beyond the body it came in.
    pub fn to_json(self) -> Json {
        Json(self.strict_text().into())
    }
}

impl Fields<'_> {
    /// Takes any value out and keeps its text.
    pub fn take_json(&mut self, name: &str) -> Option<Json> {
        self.take(name).map(Value::to_json)
    }

    /// Everything that was not taken.
    pub fn rest(self) -> Extra {
        self.into_entries().map(|(key, value)| (key.into_owned(), value.to_json())).collect()
    }
}
