//! Settings of limits and budgets.

use super::scope::{Missing, Scope};
use ferrule_admission::{LimitFigures, Window};
use ferrule_catalog::Amount;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The attempts that a rule applies to.
#[derive(Clone, Debug)]
pub struct RuleScope {
    /// The dimension that is counted.
    pub scope: Scope,
    /// The values that it applies to; `None` for all.
    pub matched: Option<Vec<String>>,
    /// How attempts without a value are treated.
    pub missing: Missing,
}

/// A rate limit.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// Its name.
    pub name: String,
    /// The attempts that it applies to.
    pub scope: RuleScope,
    /// The limits.
    pub figures: LimitFigures,
    /// The maximum time a call waits; `None` to refuse it at once.
    pub max_wait: Option<Duration>,
    /// The tokens to reserve for an answer without a limit; sent as its limit.
    pub reserve_output: Option<u64>,
}

/// A budget.
#[derive(Clone, Debug)]
pub struct BudgetSettings {
    /// Its name.
    pub name: String,
    /// The attempts that it applies to.
    pub scope: RuleScope,
    /// The amount that may be spent per window.
    pub amount: Amount,
    /// Amounts for particular values.
    pub values: HashMap<String, Amount>,
    /// The window.
    pub window: Arc<Window>,
    /// What happens when a call does not fit.
    pub mode: BudgetMode,
    /// Whether calls of unbounded cost are sent.
    pub allow_unknown_cost: bool,
    /// The maximum time a call waits for other calls' reservations.
    pub max_wait: Duration,
    /// The tokens to reserve for an answer without a limit; sent as its limit.
    pub reserve_output: Option<u64>,
}

/// What a budget does when a call does not fit.
#[derive(Clone, Debug, PartialEq)]
pub enum BudgetMode {
    /// The call is not sent.
    Hard,
    /// It is sent, and observers are notified.
    Soft,
    /// Above a share of the amount, and when a call does not fit, it is redirected to this group. If it does not fit
    /// there either, it is not sent.
    Degrade {
        /// The group, or a model.
        to: String,
        /// The share, from 0 to 1.
        at: f64,
    },
}
