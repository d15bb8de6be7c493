//! Creation times: `created_at`, a date with fractions of a second, where the model has whole seconds.

use crate::dialect::shared::made_ids;
use crate::json::{Extra, Fields, Json};
use alloc::{string::String, string::ToString};
use jiff::Timestamp;

const NAME: &str = "created_at";

/// Takes the date out. One that says more than its second stays in `extra` as well, so that it is written as it was.
pub(super) fn take(fields: &mut Fields<'_>, extra: &mut Extra) -> Option<u64> {
    let text = fields.take_string(NAME)?;
    let seconds = text.parse::<Timestamp>().ok().and_then(|time| u64::try_from(time.as_second()).ok());
    if seconds.and_then(write).as_ref() != Some(&text) {
        extra.insert(NAME, Json::string(&text));
    }
    seconds
}

/// The date of a second.
pub(super) fn write(seconds: u64) -> Option<String> {
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok().map(|time| time.to_string())
}

/// An id for a call that has none, of the time its answer was made and its number among the answer's calls: older
/// servers give none, and two answers of one conversation must not share theirs.
pub(super) fn call_id(created_at: &str, number: usize) -> String {
    let digits: String = created_at.chars().filter(char::is_ascii_digit).collect();
    made_ids::make(&digits, 0, number)
}

/// The date as it is written, left in place.
pub(super) fn text(fields: &Fields<'_>) -> String {
    fields.get(NAME).and_then(crate::json::Value::string).unwrap_or_default()
}
