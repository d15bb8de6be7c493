//! Unknown fields of nested objects: kept in the outer object's `extra`, under the inner object's name.

use crate::json::{Extra, Fields, Json};
use alloc::borrow::Cow;

/// Keeps what is left of the inner object `name`.
pub(crate) fn keep(extra: &mut Extra, name: &str, rest: Fields<'_>) {
    if !rest.is_empty() {
        extra.insert(name, Json::object(&rest.rest(), |_| {}));
    }
}

/// Takes out what was kept for the inner object `name`.
pub(crate) fn take(extra: &mut Extra, name: &str) -> Extra {
    let Some(kept) = extra.get(name).and_then(|kept| kept.value().object()) else { return Extra::new() };
    let inner = kept.rest();
    extra.remove(name);
    inner
}

/// The fields of the outer object, and those kept for the inner object `name`.
pub(crate) fn split<'a>(extra: &'a Extra, name: &str) -> (Cow<'a, Extra>, Extra) {
    if extra.get(name).is_none_or(|kept| !kept.value().is_object()) {
        return (Cow::Borrowed(extra), Extra::new());
    }
    let mut outer = extra.clone();
    let inner = take(&mut outer, name);
    (Cow::Owned(outer), inner)
}
