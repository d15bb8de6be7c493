//! Buffered block of a stream, delivered when it is complete: its deltas are added to its start.

use crate::framing::{StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json};
use alloc::{borrow::ToOwned, string::String};

/// Fields that the deltas of one block may have.
const MAX_FIELDS: usize = 1024;

/// A block that is emitted when it is complete, and what its deltas added so far.
#[derive(Debug)]
pub(super) struct Gathered {
    start: Json,
    input: String,
    fields: Extra,
}

impl Gathered {
    pub(super) fn new(start: Json) -> Self {
        Self { start, input: String::new(), fields: Extra::new() }
    }

    /// Input comes in pieces of its JSON text; whatever else a delta has is the field's value.
    pub(super) fn add(
        &mut self,
        mut delta: Fields<'_>,
        delta_type: &str,
        limits: StreamLimits,
    ) -> Result<(), StreamError> {
        if delta_type == "input_json_delta"
            && let Some(piece) = delta.take_string("partial_json")
        {
            if self.input.len().saturating_add(piece.len()) > limits.event_bytes {
                return Err(StreamError::TooLarge(limits.event_bytes));
            }
            self.input.push_str(&piece);
        }
        for (name, value) in delta.iter() {
            if self.fields.get(name).is_none() && self.fields.iter().count() >= MAX_FIELDS {
                return Err(StreamError::Malformed("a block with too many fields".to_owned()));
            }
            self.fields.insert(name, value.to_json());
        }
        Ok(())
    }

    pub(super) fn whole(self) -> Json {
        if self.input.trim().is_empty() && self.fields.is_empty() {
            return self.start;
        }
        let mut whole = self.start.value().object().map(Fields::rest).unwrap_or_default();
        if !self.input.trim().is_empty() {
            let input = Json::parse(&self.input).unwrap_or_else(|_| Json::string(&self.input));
            whole.insert("input", input);
        }
        for (name, value) in self.fields.iter() {
            whole.insert(name, value.clone());
        }
        Json::object(&whole, |_| {})
    }
}
