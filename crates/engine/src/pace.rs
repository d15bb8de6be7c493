//! Pace of a group: its latency, and how many of its calls may be hedged.

use crate::{
    retry_budget::{RetryBudget, RetryBudgetSettings},
    strategy::Statistics,
};

/// The default share of a group's calls that may be hedged.
pub(crate) const HEDGED_SHARE: f64 = 0.1;
/// How many calls may be hedged at once before the share applies.
const AT_ONCE: u32 = 10;

/// The budget of second attempts for this `share` of calls.
pub(crate) fn hedge_budget(share: f32) -> RetryBudgetSettings {
    // In thousandths, the unit of the budget.
    let ratio = f64::from((share * 1000.0).round()) / 1000.0;
    RetryBudgetSettings { ratio, per_second: 0.0, burst: if share > 0.0 { AT_ONCE } else { 0 } }
}

/// The hedging state of a group, or of a provider for calls that use no group.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// The budget of second attempts.
    pub(crate) hedges: RetryBudget,
    /// The latency of its calls at any target; only those that may be hedged count.
    pub(crate) speed: Statistics,
}
