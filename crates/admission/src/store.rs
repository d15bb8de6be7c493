//! Stores: where counters are kept. In this process ([`crate::Memory`]), or shared with others (`ferrule-state`).

use crate::{
    budget::{BudgetUse, Crossing},
    claim::{BudgetFigures, Claim, Key, Money},
    clock::Now,
    limit::LimitUse,
    provider::Told,
    shortage::Shortage,
};

/// Tells the attempts of calls apart; never used twice.
pub type CallId = u64;

/// How an attempt ended, as far as counters are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was sent: everything is released.
    Unsent,
    /// It was sent, and the provider refused it: it was a request, which used nothing.
    Refused,
    /// It was sent, and nothing is known of what it used: all that was reserved is booked, as an estimate.
    Unreported,
    /// It was sent, and used this.
    Used {
        /// The tokens; what was reserved where they are not known.
        tokens: Option<u64>,
        /// What it cost; what was reserved, as an estimate, where that is not known.
        cost: Option<Money>,
        /// Whether the figures are estimates.
        is_estimate: bool,
    },
}

/// What is done to a budget by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// More may be spent in this window.
    TopUp(Money),
    /// What was spent in this window is forgotten. Reservations stay.
    Reset,
}

/// All counters.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Those of rate limits, in the order of their keys.
    pub limits: Vec<(Key, LimitUse)>,
    /// Those of budgets, in the order of their keys.
    pub budgets: Vec<(Key, BudgetUse)>,
}

/// Keeps counters. Each operation is atomic; those of one call are idempotent by its id.
pub trait Store: Send + Sync {
    /// Takes all that `claims` ask for, or nothing. Does nothing for a call that has it already.
    fn reserve(&self, call: CallId, claims: &[Claim], now: Now) -> Result<(), Shortage>;

    /// The request was sent.
    fn sent(&self, call: CallId, now: Now);

    /// Replaces what is reserved by what was used. The second time it does nothing. Places for calls under way are kept.
    /// Gives the thresholds of budgets that were reached.
    fn settle(&self, call: CallId, outcome: Outcome, now: Now) -> Vec<Crossing>;

    /// The call is over, which was settled.
    fn leave(&self, call: CallId, now: Now);

    /// A provider told something of its limits at the target that `key` names.
    fn told(&self, key: &Key, told: &Told, now: Now);

    /// Changes a budget by hand. Fails where the store does not answer.
    fn adjust(
        &self,
        key: &Key,
        budget: &BudgetFigures,
        adjustment: Adjustment,
        now: Now,
    ) -> Result<BudgetUse, String>;

    /// How much of one budget is in use.
    fn budget(&self, key: &Key, budget: &BudgetFigures, now: Now) -> BudgetUse;

    /// All counters.
    fn snapshot(&self, now: Now) -> Snapshot;

    /// Has `wake` called when there may be more than before by what others did: never with a lock of the store held.
    fn watch(&self, wake: Box<dyn Fn() + Send + Sync>) {
        // Nobody else uses it.
        drop(wake);
    }
}
