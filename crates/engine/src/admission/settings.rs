//! Settings of limits and budgets.

use super::scope::{Missing, Scope};
use ferrule_admission::{LimitFigures, Window};
use ferrule_catalog::Amount;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Which attempts a rule is for.
#[derive(Clone, Debug)]
pub struct RuleScope {
    /// What it is kept of.
    pub scope: Scope,
    /// The values that it is for; `None` for all.
    pub matched: Option<Vec<String>>,
    /// What becomes of attempts without a value.
    pub missing: Missing,
}

/// A rate limit.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// Its name.
    pub name: String,
    /// Which attempts it is for.
    pub scope: RuleScope,
    /// How much of what.
    pub figures: LimitFigures,
    /// How long a call waits at most; `None` where it is refused at once.
    pub max_wait: Option<Duration>,
    /// The most tokens of an answer that nobody limits; sent as its limit.
    pub reserve_output: Option<u64>,
}

/// A budget.
#[derive(Clone, Debug)]
pub struct BudgetSettings {
    /// Its name.
    pub name: String,
    /// Which attempts it is for.
    pub scope: RuleScope,
    /// How much may be spent in a window.
    pub amount: Amount,
    /// The same for single values.
    pub values: HashMap<String, Amount>,
    /// The window.
    pub window: Arc<Window>,
    /// What is done where a call does not fit in.
    pub mode: BudgetMode,
    /// Whether calls are sent whose cost cannot be bounded.
    pub allow_unknown_cost: bool,
    /// How long a call waits at most for what is reserved by others.
    pub max_wait: Duration,
    /// The most tokens of an answer that nobody limits; sent as its limit.
    pub reserve_output: Option<u64>,
}

/// What a budget does where a call does not fit in.
#[derive(Clone, Debug, PartialEq)]
pub enum BudgetMode {
    /// The call is not sent.
    Hard,
    /// It is sent, and observers are notified.
    Soft,
    /// From a share of the amount on, and where a call does not fit in, a group is asked in place of what the call names.
    /// What does not fit in there is not sent.
    Degrade {
        /// The group, or a model.
        to: String,
        /// The share, 0 to 1.
        at: f64,
    },
}
