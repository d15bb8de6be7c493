//! Breaker settings: when a circuit breaker opens, and for how long.

use super::Outcome;
use core::time::Duration;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerSettings {
    /// Failures in a row that open it. 0: however many.
    pub failures: u32,
    /// The share of failures in the window that opens it, from 0 to 1. 0, or more than 1: whatever the share.
    pub failure_rate: f64,
    /// How many outcomes the window must hold before their share counts.
    pub minimum: u32,
    /// How far back outcomes count. It moves on in steps of a tenth.
    pub window: Duration,
    /// How long it stays open before the first probe.
    pub open: Duration,
    /// How long it stays open at most: each probe that fails doubles the time up to here, counted from when that probe
    /// was admitted. A probe that does not report for this long is given up.
    pub open_max: Duration,
    /// Successes that took longer than this count as failures.
    pub slow: Option<Duration>,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 5,
            failure_rate: 0.5,
            minimum: 20,
            window: Duration::from_secs(60),
            open: Duration::from_secs(10),
            open_max: Duration::from_secs(25),
            slow: None,
        }
    }
}

impl BreakerSettings {
    /// The part by which jitter shortens the time that a breaker stays open, at most. It never lengthens it, so that
    /// `open_max` holds.
    pub const JITTER: f64 = 0.2;

    /// Settings with which a breaker never opens by itself.
    pub fn never() -> Self {
        Self { failures: 0, failure_rate: 0.0, ..Self::default() }
    }

    /// The outcome of a call that succeeded after `took`: a failure where it was slow and slow calls count.
    pub fn success_after(&self, took: Duration) -> Outcome {
        match self.slow {
            Some(slow) if took > slow => Outcome::Failure,
            _ => Outcome::Success,
        }
    }

    pub(super) fn is_row_reached(&self, failures: u32) -> bool {
        self.failures > 0 && failures >= self.failures
    }

    pub(super) fn is_rate_reached(&self, calls: u32, failures: u32) -> bool {
        self.failure_rate > 0.0
            && failures > 0
            && calls >= self.minimum
            && f64::from(failures) >= self.failure_rate * f64::from(calls)
    }

    /// How long it is open when it opened `level` times before without having closed.
    pub(super) fn open_for(&self, level: u32, jitter: f64) -> Duration {
        let full = self.open.saturating_mul(1 << level.min(16)).min(self.open_max);
        // NaN counts as none.
        let jitter = if jitter > 0.0 { jitter.min(1.0) } else { 0.0 };
        full.mul_f64(1.0 - Self::JITTER * jitter)
    }
}
