//! Pace of a group: how fast its calls are answered, and how many of them may be hedged.

use crate::{retry_budget::RetryBudget, strategy::Statistics};

/// What hedging knows of a group, or of the provider that calls of no group ask first.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// The second attempts that its calls may still make while the first is slow.
    pub(crate) hedges: RetryBudget,
    /// How fast its calls are answered, whoever answers; only of those that may be hedged.
    pub(crate) speed: Statistics,
}
