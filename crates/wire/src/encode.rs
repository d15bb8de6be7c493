//! Encoding options, encoded requests, and fields that a wire format does not support: refused, or dropped and listed.

use crate::quirks::Quirks;
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

/// How to encode a request.
#[derive(Clone, Copy, Debug)]
pub struct EncodeOptions<'a> {
    /// Leave out what the dialect cannot carry, and say so in [`EncodedRequest::dropped`], instead of refusing.
    pub drop_unsupported: bool,
    /// How the provider differs from the dialect.
    pub quirks: &'a Quirks,
}

impl EncodeOptions<'static> {
    /// For a provider without quirks: refuse what the dialect cannot carry.
    pub const REFUSE: Self = Self { drop_unsupported: false, quirks: &Quirks::NONE };
    /// For a provider without quirks: leave out what the dialect cannot carry.
    pub const DROP: Self = Self { drop_unsupported: true, quirks: &Quirks::NONE };
}

/// A request as bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedRequest {
    /// What follows the provider's base URL, for instance `/chat/completions`, or the whole name of a resource, without
    /// a `/` before it: see [`join`].
    pub path: String,
    /// The body: JSON, unless a `content-type` among the headers says otherwise.
    pub body: Vec<u8>,
    /// Headers of the dialect, without authorisation; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// What was left out because the dialect cannot carry it.
    pub dropped: Vec<UnsupportedField>,
}

/// Where a part of a conversation stands, as errors name it: written only where one does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    message: usize,
    /// The part of the message, and that of a tool result in it.
    parts: [Option<usize>; 2],
}

impl Place {
    /// A message of the request.
    pub(crate) fn message(position: usize) -> Self {
        Self { message: position, parts: [None; 2] }
    }

    /// A part of what stands here.
    pub(crate) fn content(self, position: usize) -> Self {
        let parts = match self.parts {
            [None, _] => [Some(position), None],
            [result, _] => [result, Some(position)],
        };
        Self { parts, ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "messages[{}]", self.message)?;
        self.parts.iter().flatten().try_for_each(|position| write!(formatter, ".content[{position}]"))
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

/// A field that a dialect cannot carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedField {
    /// The neutral field, for instance `seed` or `messages[2].content[0]`.
    pub field: String,
    /// The dialect's name.
    pub dialect: &'static str,
    /// Why, and what to do.
    pub reason: String,
}

impl fmt::Display for UnsupportedField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} cannot carry `{}`: {}", self.dialect, self.field, self.reason)
    }
}

impl core::error::Error for UnsupportedField {}

/// Refuses fields, or collects them where the caller wants them dropped.
#[derive(Debug)]
pub(crate) struct Refusals {
    dialect: &'static str,
    drop_unsupported: bool,
    /// What was left out.
    pub(crate) dropped: Vec<UnsupportedField>,
}

impl Refusals {
    pub(crate) fn new(dialect: &'static str, options: EncodeOptions<'_>) -> Self {
        Self { dialect, drop_unsupported: options.drop_unsupported, dropped: Vec::new() }
    }

    /// The name of the format that refuses.
    pub(crate) fn dialect(&self) -> &'static str {
        self.dialect
    }

    /// `field` cannot be carried.
    pub(crate) fn add(&mut self, field: impl Into<String>, reason: &str) -> Result<(), UnsupportedField> {
        let unsupported = self.refusal(field, reason);
        if !self.drop_unsupported {
            return Err(unsupported);
        }
        self.dropped.push(unsupported);
        Ok(())
    }

    /// Whether `field` was left out, after the first `before` that were.
    pub(crate) fn has_dropped(&self, field: &str, before: usize) -> bool {
        self.dropped.iter().skip(before).any(|dropped| dropped.field == field)
    }

    /// `field` cannot be carried, and not be dropped.
    pub(crate) fn refusal(&self, field: impl Into<String>, reason: &str) -> UnsupportedField {
        UnsupportedField { field: field.into(), dialect: self.dialect, reason: reason.into() }
    }

    /// Of `field` something is left out that no answer is wrong without: said, never refused.
    pub(crate) fn note(&mut self, field: impl Into<String>, reason: &str) {
        let field = field.into();
        if !self.dropped.iter().any(|dropped| dropped.field == field) {
            self.dropped.push(UnsupportedField { field, dialect: self.dialect, reason: reason.into() });
        }
    }
}
