//! Ollama's chat: messages (`docs/wire/requests-accepted.md`, section 9). Its server ignores unknown fields and refuses
//! wrong types.

use super::shape::{
    Fields,
    Shape::{AnyObject, List, Number, Object, Text},
};

/// A call.
pub(super) const CALL: Fields =
    &[("id", Text), ("function!", Object(&[("index", Number), ("name!", Text), ("arguments!", AnyObject)]))];

/// A message.
pub(super) const MESSAGE: Fields = &[
    ("role!", Text),
    ("content", Text),
    ("thinking", Text),
    ("images", List(&Text)),
    ("tool_name", Text),
    ("tool_call_id", Text),
    ("tool_calls", List(&Object(CALL))),
];
