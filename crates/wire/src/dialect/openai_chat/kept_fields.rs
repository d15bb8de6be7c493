//! Extra fields of messages, parts and calls that go back with them.

use super::reasoning;
use crate::dialect::shared::foreign::AUDIO;
use crate::json::{Extra, Json, Value};
use crate::quirks::Quirks;
use alloc::{borrow::Cow, borrow::ToOwned};

/// The extra fields of a message that go back with it.
pub(super) fn kept<'a>(quirks: &Quirks, extra: &'a Extra, echoes: bool) -> Cow<'a, Extra> {
    let mut extra = without_nulls(quirks, extra);
    // An answer's audio goes back by its id.
    if let Some(audio) = extra.get(AUDIO).and_then(|audio| audio.value().object()) {
        let id = audio.get("id").filter(|id| id.string().is_some()).map(Value::to_json);
        match id {
            Some(id) if audio.iter().count() > 1 => {
                extra.to_mut().insert(AUDIO, Json::object(&Extra::new(), |audio| _ = audio.field("id", id)));
            }
            Some(_) => {}
            None => _ = extra.to_mut().remove(AUDIO),
        }
    }
    if !echoes && extra.get(reasoning::DETAILS).is_some() {
        extra.to_mut().remove(reasoning::DETAILS);
    }
    extra
}

/// `extra` without nulls, where the provider wants none.
pub(super) fn without_nulls<'a>(quirks: &Quirks, extra: &'a Extra) -> Cow<'a, Extra> {
    let is_null = |value: &Json| value.value().is_null();
    if !quirks.drop_null_keys || !extra.iter().any(|(_, value)| is_null(value)) {
        return Cow::Borrowed(extra);
    }
    let kept = extra.iter().filter(|(_, value)| !is_null(value));
    Cow::Owned(kept.map(|(name, value)| (name.to_owned(), value.clone())).collect())
}
