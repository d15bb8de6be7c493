//! Buffered block of a stream, delivered when it is complete: its deltas are added to its start.

use super::block::{self, decode_block};
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, Value, WriteJson};
use crate::model::Part;
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// Fields that the deltas of one block may have.
const MAX_FIELDS: usize = 64;

/// How a block began, and what its deltas added so far.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The block as it was announced.
    start: Json,
    /// The block's name, which its deltas have too.
    name: String,
    /// Pieces of a call's arguments.
    input: String,
    /// Items of a result's content, separated by commas.
    content: Vec<u8>,
    fields: Extra,
    /// How much `fields` was given, whether it is still there or not.
    size: usize,
}

impl Gathered {
    pub(super) fn new(start: Value<'_>) -> Self {
        let name = start.object().and_then(|fields| block::name_of(&fields));
        Self {
            start: start.to_json(),
            name: name.unwrap_or_default(),
            input: String::new(),
            content: Vec::new(),
            fields: Extra::new(),
            size: 0,
        }
    }

    /// Adds a delta, whose one field is named as the block is; says whether it was.
    pub(super) fn add(&mut self, delta: &Fields<'_>, limits: StreamLimits) -> Result<bool, StreamError> {
        let Some(more) = delta.get(&self.name) else { return Ok(false) };
        self.size = self.size.saturating_add(more.text().len());
        if self.size > limits.event_bytes {
            return Err(StreamError::TooLarge(limits.event_bytes));
        }
        if let Some(items) = more.array() {
            for item in items {
                if !self.content.is_empty() {
                    self.content.push(b',');
                }
                item.write_json(&mut self.content);
            }
            return Ok(true);
        }
        let Some(mut fields) = more.object() else { return Ok(false) };
        if let Some(piece) = fields.take_string("input") {
            self.input.push_str(&piece);
        }
        for (name, value) in fields.iter() {
            if self.fields.get(name).is_none() && self.fields.iter().count() >= MAX_FIELDS {
                return Err(StreamError::Malformed("a block with too many fields".to_owned()));
            }
            self.fields.insert(name, value.to_json());
        }
        Ok(true)
    }

    /// The part, now that the block is complete.
    pub(super) fn part(self) -> Part {
        if self.input.trim().is_empty() && self.content.is_empty() && self.fields.is_empty() {
            return decode_block(self.start.value());
        }
        let start = self.start.value().object().and_then(|mut fields| fields.take_object(&self.name));
        let mut inner = start.map(Fields::rest).unwrap_or_default();
        if !self.input.trim().is_empty() {
            inner.insert("input", Json::parse(&self.input).unwrap_or_else(|_| Json::string(&self.input)));
        }
        if !self.content.is_empty() {
            let list = [b"[", self.content.as_slice(), b"]"].concat();
            inner.insert("content", Json::from_writer(list));
        }
        for (name, value) in self.fields.iter() {
            inner.insert(name, value.clone());
        }
        let mut block = Extra::new();
        block.insert(self.name, Json::object(&inner, |_| {}));
        decode_block(Json::object(&block, |_| {}).value())
    }
}
