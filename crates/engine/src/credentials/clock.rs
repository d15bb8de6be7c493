//! Clock: the time of day, and the time left until a written expiry.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The time left until one like `2026-01-31T12:00:00Z`.
pub(crate) fn until_written(time: &str) -> Option<Duration> {
    Some(until(time.parse::<jiff::Timestamp>().ok()?.as_second()))
}

/// The time left until `second` since 1970; zero if it has passed.
pub(crate) fn until(second: i64) -> Duration {
    Duration::from_secs(u64::try_from(second).unwrap_or_default().saturating_sub(now()))
}
