//! Steady clock: monotonic milliseconds, for state kept between calls.

use std::sync::LazyLock;
use tokio::time::Instant;

static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Milliseconds since the clock was first read.
pub(crate) fn now() -> u64 {
    u64::try_from(EPOCH.elapsed().as_millis()).unwrap_or(u64::MAX)
}
