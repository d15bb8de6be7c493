//! Clock of admission, supplied by the user of the crate.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a monotonic clock: for rates and waits.
    pub steady: u64,
    /// Milliseconds since 1970: for calendars.
    pub wall: i64,
}

impl Now {
    /// Seconds since 1970.
    pub(crate) const fn seconds(self) -> i64 {
        self.wall.div_euclid(1000)
    }
}

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Now;
}

/// A clock that is advanced manually, for tests.
#[derive(Debug, Default)]
pub struct ManualClock {
    steady: AtomicU64,
    wall: AtomicI64,
}

impl ManualClock {
    /// A clock at `wall` seconds since 1970.
    pub fn at(wall: i64) -> Self {
        Self { steady: AtomicU64::new(1_000_000), wall: AtomicI64::new(wall * 1000) }
    }

    /// Advances by this many milliseconds.
    pub fn advance(&self, milliseconds: u64) {
        self.steady.fetch_add(milliseconds, Ordering::SeqCst);
        self.wall.fetch_add(i64::try_from(milliseconds).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        Now { steady: self.steady.load(Ordering::SeqCst), wall: self.wall.load(Ordering::SeqCst) }
    }
}
