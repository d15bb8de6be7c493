//! Retry budget: a token bucket filled by calls and drained by retries, so that retries cannot multiply an outage.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire},
};

/// The settings of a retry budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryBudgetSettings {
    /// Retries per call, in the long run: 0.5 allows one for two calls. With 0 only `per_second` counts.
    pub ratio: f64,
    /// Retries per second regardless of the number of calls, for callers with few of them.
    pub per_second: f64,
    /// The maximum number of retries that accumulate, and the number in a new budget.
    pub burst: u32,
}

impl Default for RetryBudgetSettings {
    fn default() -> Self {
        Self { ratio: 0.5, per_second: 1.0, burst: 100 }
    }
}

/// The retry budget of a group, or of a provider. The clock is passed in, in milliseconds.
#[derive(Debug)]
pub struct RetryBudget {
    /// Spent thousandths of retries (upper half), and the lower half of the time up to which they were paid back. A new
    /// budget has spent nothing, whatever its settings.
    state: AtomicU64,
}

const THOUSANDTHS: u32 = 1000;
/// Time pays back in steps of this many milliseconds.
const STEP: u32 = 100;

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryBudget {
    /// A full budget.
    pub const fn new() -> Self {
        Self { state: AtomicU64::new(0) }
    }

    /// A call begins: adds its share of a retry.
    pub fn deposit(&self, now: u64, settings: &RetryBudgetSettings) {
        // A full budget needs no deposit and no write.
        if self.state.load(Acquire) >> 32 != 0 {
            let earned = (settings.ratio.max(0.0) * f64::from(THOUSANDTHS)) as u32;
            self.update(now, settings, |spent| Some(spent.saturating_sub(earned)));
        }
    }

    /// Takes a retry; `false` if there is none.
    pub fn withdraw(&self, now: u64, settings: &RetryBudgetSettings) -> bool {
        let most = settings.burst.saturating_mul(THOUSANDTHS);
        self.update(now, settings, |spent| spent.checked_add(THOUSANDTHS).filter(|spent| *spent <= most))
    }

    /// The number of retries available at `now`.
    pub fn left(&self, now: u64, settings: &RetryBudgetSettings) -> u32 {
        let (spent, _) = paid_back(self.state.load(Acquire), now, settings);
        settings.burst.saturating_sub(spent.div_ceil(THOUSANDTHS))
    }

    fn update(&self, now: u64, settings: &RetryBudgetSettings, change: impl Fn(u32) -> Option<u32>) -> bool {
        let mut state = self.state.load(Acquire);
        loop {
            let (spent, at) = paid_back(state, now, settings);
            let Some(spent) = change(spent) else { return false };
            let next = u64::from(spent) << 32 | u64::from(at);
            match self.state.compare_exchange_weak(state, next, AcqRel, Acquire) {
                Ok(_) => return true,
                Err(current) => state = current,
            }
        }
    }
}

/// The thousandths still spent at `now`, and the time up to which they were paid back.
fn paid_back(state: u64, now: u64, settings: &RetryBudgetSettings) -> (u32, u32) {
    let (spent, at) = ((state >> 32) as u32, state as u32);
    let now = now as u32;
    if spent == 0 {
        return (0, now);
    }
    let passed = now.wrapping_sub(at);
    // The clock went backwards, or more than 24 days passed.
    if passed > i32::MAX as u32 {
        return (spent, now);
    }
    // Shorter times would lose too much to rounding.
    if passed < STEP {
        return (spent, at);
    }
    // One retry per second is a thousandth per millisecond.
    (spent.saturating_sub((f64::from(passed) * settings.per_second.max(0.0)) as u32), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: RetryBudgetSettings = RetryBudgetSettings { ratio: 0.5, per_second: 1.0, burst: 10 };

    #[test]
    fn calls_and_time_earn_what_retries_spend() {
        let budget = RetryBudget::new();
        assert_eq!((0..20).filter(|_| budget.withdraw(7, &SETTINGS)).count(), 10);
        assert_eq!(budget.left(7, &SETTINGS), 0);
        for _ in 0..4 {
            budget.deposit(7, &SETTINGS);
        }
        assert_eq!((0..20).filter(|_| budget.withdraw(7, &SETTINGS)).count(), 2, "one for two calls");
        assert_eq!(budget.left(3007, &SETTINGS), 3, "one a second");
        assert_eq!((0..20).filter(|_| budget.withdraw(3007, &SETTINGS)).count(), 3);
        assert_eq!(budget.left(1_000_000, &SETTINGS), 10, "never more than the burst");
    }

    #[test]
    fn many_small_time_steps_earn_as_much_as_a_large_one() {
        for (per_second, left) in [(0.25, 2), (1.0, 8), (1.25, 10)] {
            let settings = RetryBudgetSettings { per_second, ratio: 0.0, ..SETTINGS };
            let budget = RetryBudget::new();
            while budget.withdraw(0, &settings) {}
            for now in 0..=8000 {
                budget.deposit(now, &settings);
            }
            assert_eq!(budget.left(8000, &settings), left, "{per_second}");
        }
    }
}
