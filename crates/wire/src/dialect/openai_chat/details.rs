//! OpenRouter's `reasoning_details`, put together from the pieces of a stream.
//!
//! They have to go back as one list of whole blocks, so they are kept until the answer ends.

use super::nested;
use crate::json::{Extra, Json, Value, WriteJson};
use alloc::{string::String, vec::Vec};

/// The blocks so far.
#[derive(Debug, Default)]
pub(super) struct Details(Vec<Extra>);

/// Fields whose pieces are joined; of every other field the last value counts.
const JOINED: [&str; 4] = ["text", "summary", "data", "signature"];

impl Details {
    /// Adds a chunk's pieces; whether there were any.
    pub(super) fn add(&mut self, pieces: Value<'_>) -> bool {
        let pieces = pieces.array().unwrap_or_default();
        let mut added = false;
        for piece in pieces.into_iter().filter_map(Value::object) {
            let piece = piece.rest();
            match self.0.last_mut().filter(|last| continues(last, &piece)) {
                Some(last) => join(last, &piece),
                None => self.0.push(piece),
            }
            added = true;
        }
        added
    }

    /// The whole blocks, where there are any.
    pub(super) fn take(&mut self) -> Option<Json> {
        let blocks = core::mem::take(&mut self.0);
        let written = |out: &mut Vec<u8>| {
            crate::json::write_array(out, &blocks, |out, block| nested::object(block).write_json(out));
        };
        (!blocks.is_empty()).then(|| nested::json(written))
    }
}

/// Whether `piece` belongs to the block `last`: the same type and no other index or id.
fn continues(last: &Extra, piece: &Extra) -> bool {
    let same = |name: &str| match (known(last, name), known(piece, name)) {
        (Some(last), Some(piece)) => last.text() == piece.text(),
        _ => true,
    };
    // Encrypted blocks come whole.
    let is_text = known(piece, "type").is_none_or(|kind| kind.text() != "\"reasoning.encrypted\"");
    is_text && ["type", "index", "id"].into_iter().all(same)
}

fn known<'a>(block: &'a Extra, name: &str) -> Option<&'a Json> {
    block.get(name).filter(|value| !value.value().is_null())
}

fn join(block: &mut Extra, piece: &Extra) {
    for (name, value) in piece.iter().filter(|(_, value)| !value.value().is_null()) {
        let before = block.get(name).and_then(|before| before.value().string());
        match (before, value.value().string()) {
            (Some(before), Some(more)) if JOINED.contains(&name) => {
                let whole: String = before + &more;
                block.insert(name, Json::string(&whole));
            }
            _ => block.insert(name, value.clone()),
        }
    }
}
