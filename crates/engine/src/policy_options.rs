//! Retry and breaker settings, which can be set globally, per provider, per group and per call; the most specific
//! applies.

use crate::retry_budget::RetryBudgetSettings;
use ferrule_wire::breaker::BreakerSettings;
use std::time::Duration;

/// How often and how soon failed attempts are retried. Absent values are decided at the next level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RetryOptions {
    /// The call's attempts beyond one for each target.
    pub max_retries: Option<u32>,
    /// The first delay; it doubles with each retry.
    pub backoff: Option<Duration>,
    /// The maximum delay, unless the provider asks for one.
    pub backoff_max: Option<Duration>,
    /// The retry budget as a share of calls: there are no more retries, however many calls fail.
    pub budget: Option<f64>,
}

impl RetryOptions {
    /// The settings with this name, if there are any.
    pub fn preset(name: &str) -> Option<Self> {
        let of = |max_retries, backoff, backoff_max, budget| Self {
            max_retries: Some(max_retries),
            backoff: Some(Duration::from_millis(backoff)),
            backoff_max: Some(Duration::from_millis(backoff_max)),
            budget: Some(budget),
        };
        match name {
            "default" => Some(of(2, 500, 8_000, 0.5)),
            "aggressive" => Some(of(5, 250, 4_000, 1.0)),
            "conservative" => Some(of(1, 1_000, 30_000, 0.1)),
            "none" => Some(of(0, 500, 8_000, 0.5)),
            _ => None,
        }
    }

    /// The names of the presets.
    pub const PRESETS: [&'static str; 4] = ["default", "aggressive", "conservative", "none"];

    /// These settings, with `others` for those that are unset.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            max_retries: self.max_retries.or(others.max_retries),
            backoff: self.backoff.or(others.backoff),
            backoff_max: self.backoff_max.or(others.backoff_max),
            budget: self.budget.or(others.budget),
        }
    }

    /// The complete policy, with defaults.
    pub(crate) fn policy(self) -> RetryPolicy {
        let usual = RetryBudgetSettings::default();
        RetryPolicy {
            max_retries: self.max_retries.unwrap_or(2),
            backoff: self.backoff.unwrap_or(Duration::from_millis(500)),
            backoff_max: self.backoff_max,
            budget: RetryBudgetSettings { ratio: self.budget.unwrap_or(usual.ratio), ..usual },
        }
    }
}

/// How often and how soon failed attempts of a call are retried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RetryPolicy {
    pub(crate) max_retries: u32,
    pub(crate) backoff: Duration,
    /// Default 8 s, and 30 s for an overloaded provider.
    pub(crate) backoff_max: Option<Duration>,
    pub(crate) budget: RetryBudgetSettings,
}

/// What happens if every target's breaker is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllOpen {
    /// The call fails at once with the last error.
    Fail,
    /// The target that is due for a probe first is tried, within the retry budget.
    Ask,
}

/// When circuit breakers open and close. Absent values are decided at the next level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BreakerOptions {
    /// Consecutive failures that open it; 0 for never. Default 5.
    pub failures: Option<u32>,
    /// The share of failures that opens it, 0 to 1. Default 0.5.
    pub failure_rate: Option<f64>,
    /// The number of calls in the window below which the share is not considered. Default 20.
    pub minimum: Option<u32>,
    /// The window of the share. Default 60 s.
    pub window: Option<Duration>,
    /// How long it first stays open. Default 10 s.
    pub open: Option<Duration>,
    /// The maximum time that it stays open. Default 25 s.
    pub open_max: Option<Duration>,
    /// The interval of health checks while it is open. Default: none.
    pub check: Option<Duration>,
    /// Slower answers count as failures. Default: none do.
    pub slow: Option<Duration>,
    /// What happens if all are open. Default: try anyway with one target, fail with several.
    pub all_open: Option<AllOpen>,
}

impl BreakerOptions {
    /// These settings, with `others` for those that are unset.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            failures: self.failures.or(others.failures),
            failure_rate: self.failure_rate.or(others.failure_rate),
            minimum: self.minimum.or(others.minimum),
            window: self.window.or(others.window),
            open: self.open.or(others.open),
            open_max: self.open_max.or(others.open_max),
            check: self.check.or(others.check),
            slow: self.slow.or(others.slow),
            all_open: self.all_open.or(others.all_open),
        }
    }

    /// The complete settings, with defaults.
    pub(crate) fn settings(self) -> BreakerSettings {
        let usual = BreakerSettings::default();
        let open = self.open.unwrap_or(usual.open);
        BreakerSettings {
            failures: self.failures.unwrap_or(usual.failures),
            failure_rate: self.failure_rate.unwrap_or(usual.failure_rate),
            minimum: self.minimum.unwrap_or(usual.minimum),
            window: self.window.unwrap_or(usual.window),
            open,
            open_max: self.open_max.unwrap_or(usual.open_max).max(open),
            slow: self.slow,
        }
    }
}
