//! Clock: the current time for headers, and the fixed creation time of every answer.

use jiff::Timestamp;
use std::time::SystemTime;

/// The creation time of every answer, in seconds since 1970: 2026-01-01.
pub(crate) const CREATED: u64 = 1_767_225_600;

/// The time in milliseconds since 1970.
pub(crate) fn now_milliseconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The current time.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millisecond(now_milliseconds()).unwrap_or_default()
}
