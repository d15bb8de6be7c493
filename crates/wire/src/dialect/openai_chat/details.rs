//! Objects that a stream sends in pieces, put together: OpenRouter's `reasoning_details`, and sound.
//!
//! They have to go back as whole objects, so they are kept until the answer ends.

use super::nested;
use crate::json::{Extra, Json, ObjectWriter, Value, WriteJson, write_array};
use alloc::{string::String, vec::Vec};

/// The field that holds sound.
pub(super) const AUDIO: &str = "audio";

/// Fields whose pieces are joined; of every other field the last value counts.
const JOINED: [&str; 5] = ["text", "summary", "data", "signature", "transcript"];

/// One object so far.
#[derive(Debug, Default)]
pub(super) struct Joined {
    fields: Extra,
    texts: Vec<(&'static str, String)>,
}

impl Joined {
    /// Adds a piece; whether it was one.
    pub(super) fn add(&mut self, piece: Value<'_>) -> bool {
        let Some(mut piece) = piece.object() else { return false };
        for name in JOINED {
            let Some(more) = piece.take_string(name) else { continue };
            match self.texts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, text)) => text.push_str(&more),
                None => self.texts.push((name, more)),
            }
        }
        for (name, value) in piece.iter().filter(|(_, value)| !value.is_null()) {
            self.fields.insert(name, value.to_json());
        }
        true
    }

    /// The whole object, where there is any.
    pub(super) fn take(&mut self) -> Option<Json> {
        let whole = core::mem::take(self);
        let is_empty = whole.fields.is_empty() && whole.texts.is_empty();
        (!is_empty).then(|| Json::written(whole))
    }

    /// Whether `piece` goes on with this object: the same type and no other index or id. Encrypted ones come whole.
    fn goes_on(&self, piece: Value<'_>) -> bool {
        let Some(piece) = piece.object() else { return false };
        let is_same =
            |name: &str| match (self.fields.get(name), piece.get(name).filter(|value| !value.is_null())) {
                (Some(known), Some(said)) => known.text() == said.text(),
                _ => true,
            };
        let is_encrypted = piece.get("type").is_some_and(|said| said.text() == "\"reasoning.encrypted\"");
        !is_encrypted && ["type", "index", "id"].into_iter().all(is_same)
    }
}

impl WriteJson for Joined {
    fn write_json(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::begin(out);
        for (name, value) in self.fields.iter() {
            object.field(name, value);
        }
        for (name, text) in &self.texts {
            object.field(name, text);
        }
        object.finish();
    }
}

/// The blocks of `reasoning_details` so far.
#[derive(Debug, Default)]
pub(super) struct Details(Vec<Joined>);

impl Details {
    /// Adds a chunk's pieces; whether there were any.
    pub(super) fn add(&mut self, pieces: Value<'_>) -> bool {
        let mut added = false;
        for piece in pieces.array().unwrap_or_default() {
            if self.0.last().is_none_or(|last| !last.goes_on(piece)) {
                self.0.push(Joined::default());
            }
            added |= self.0.last_mut().is_some_and(|last| last.add(piece));
        }
        added
    }

    /// The whole blocks, where there are any.
    pub(super) fn take(&mut self) -> Option<Json> {
        let blocks = core::mem::take(&mut self.0);
        (!blocks.is_empty())
            .then(|| nested::json(|out| write_array(out, &blocks, |out, block| block.write_json(out))))
    }
}
