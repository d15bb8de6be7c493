//! Pace of a group: how fast its calls are answered, and how many of them may be hedged.

use crate::{
    retry_budget::{RetryBudget, RetryBudgetSettings},
    strategy::Statistics,
};

/// The share of a group's calls that is asked a second time, where nothing else is said.
pub(crate) const HEDGED_SHARE: f64 = 0.1;
/// How many calls may be asked a second time at once, before the share counts.
const AT_ONCE: u32 = 10;

/// The second attempts that calls may make where this `share` of them may.
pub(crate) fn hedge_budget(share: f32) -> RetryBudgetSettings {
    // In thousandths, as the budget counts.
    let ratio = f64::from((share * 1000.0).round()) / 1000.0;
    RetryBudgetSettings { ratio, per_second: 0.0, burst: if share > 0.0 { AT_ONCE } else { 0 } }
}

/// What hedging knows of a group, or of the provider that calls of no group ask first.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// The second attempts that its calls may still make while the first is slow.
    pub(crate) hedges: RetryBudget,
    /// How fast its calls are answered, whoever answers; only of those that may be hedged.
    pub(crate) speed: Statistics,
}
