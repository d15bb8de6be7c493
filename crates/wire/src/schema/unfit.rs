//! Reasons why a schema cannot be said in a subset, with advice.

use alloc::{borrow::ToOwned, format, string::String};

/// Why a schema cannot be said in a subset.
#[derive(Debug)]
pub(super) enum Unfit {
    /// The object at this place may have any properties.
    Open(String),
    /// The schema is not that of an object.
    Root,
    /// What this reference names is not in the schema.
    Dangling(String),
    /// The definition never ends.
    Endless,
    /// It has too many parts.
    Large,
}

impl Unfit {
    /// What to do.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Open(place) if place.is_empty() => {
                "a strict schema lists all properties, and this object may have any: list them, or ask for it \
                 without `strict`"
                    .to_owned()
            }
            Self::Open(place) => format!(
                "a strict schema lists all properties of an object, and `{place}` may have any: list them, make it \
                 a list of objects with `key` and `value`, or give the schema as a dict without `strict`"
            ),
            Self::Root => {
                "a strict schema is that of an object: wrap it in one, as the only property of it".to_owned()
            }
            Self::Dangling(reference) => format!(
                "it refers to `{reference}`, which is not in the schema: put the definition under `$defs` at its root"
            ),
            Self::Endless => {
                "the schema contains itself without an end: make the property optional, or a list".to_owned()
            }
            Self::Large => "the schema is too large when its definitions are written out".to_owned(),
        }
    }
}
