//! Unknown fields of an object inside an object: kept in the outer `extra`, under the inner object's own name.

use crate::json::{Extra, Fields, Json, ObjectWriter, WriteJson};
use alloc::{borrow::Cow, vec::Vec};

/// Keeps what is left of the inner object `name`.
pub(super) fn keep(extra: &mut Extra, name: &str, rest: Fields<'_>) {
    if !rest.is_empty() {
        extra.insert(name, object(&rest.rest()));
    }
}

/// The fields of the outer object, and those kept for the inner object `name`.
pub(super) fn split<'a>(extra: &'a Extra, name: &str) -> (Cow<'a, Extra>, Extra) {
    match extra.get(name).and_then(|kept| kept.value().object()) {
        Some(inner) => {
            let inner = inner.rest();
            let mut outer = extra.clone();
            outer.remove(name);
            (Cow::Owned(outer), inner)
        }
        None => (Cow::Borrowed(extra), Extra::new()),
    }
}

/// `extra` as an object of its own.
pub(super) fn object(extra: &Extra) -> Json {
    json(|out| ObjectWriter::begin_with(out, extra).finish())
}

/// The value whose text `write` appends.
pub(super) fn json(write: impl Fn(&mut Vec<u8>)) -> Json {
    struct Written<F>(F);
    impl<F: Fn(&mut Vec<u8>)> WriteJson for Written<F> {
        fn write_json(&self, out: &mut Vec<u8>) {
            (self.0)(out);
        }
    }
    Json::written(Written(write))
}
