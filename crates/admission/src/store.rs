//! Stores: where counters are kept. In this process ([`crate::Memory`]), or shared with others (`ferrule-state`).

use crate::{
    budget::{BudgetUse, Crossing},
    claim::{BudgetFigures, Claim, Key, Money},
    clock::Now,
    limit::LimitUse,
    provider::Told,
    shortage::Shortage,
};

/// The id of a call's attempt; never reused.
pub type CallId = u64;

/// The outcome of an attempt, as far as it affects counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was sent: everything is released.
    Unsent,
    /// It was sent, and the provider refused it: it counts as a request without usage.
    Refused,
    /// It was sent, and its usage is unknown: everything reserved is booked, as an estimate.
    Unreported,
    /// It was sent, with this usage.
    Used {
        /// The tokens; if unknown, the reserved number.
        tokens: Option<u64>,
        /// The cost; if unknown, the reserved amount, as an estimate.
        cost: Option<Money>,
        /// Whether the figures are estimates.
        is_estimate: bool,
    },
}

/// A manual change of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// Adds to the amount of this window.
    TopUp(Money),
    /// Resets the spending of this window. Reservations stay.
    Reset,
}

/// All counters.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The counters of rate limits, ordered by key.
    pub limits: Vec<(Key, LimitUse)>,
    /// The counters of budgets, ordered by key.
    pub budgets: Vec<(Key, BudgetUse)>,
}

/// Keeps counters. Each operation is atomic; operations for one call are idempotent by its id.
pub trait Store: Send + Sync {
    /// Reserves everything in `claims`, or nothing. Does nothing if the call already holds them.
    fn reserve(&self, call: CallId, claims: &[Claim], now: Now) -> Result<(), Shortage>;

    /// The request was sent.
    fn sent(&self, call: CallId, now: Now);

    /// Replaces the reservation by the actual usage; a second time it does nothing. The call still counts as in flight.
    /// Returns the budget thresholds that were reached.
    fn settle(&self, call: CallId, outcome: Outcome, now: Now) -> Vec<Crossing>;

    /// A settled call has ended.
    fn leave(&self, call: CallId, now: Now);

    /// Records the limits that a provider reported for the target named by `key`.
    fn told(&self, key: &Key, told: &Told, now: Now);

    /// Changes a budget manually. Fails if the store is unavailable.
    fn adjust(
        &self,
        key: &Key,
        budget: &BudgetFigures,
        adjustment: Adjustment,
        now: Now,
    ) -> Result<BudgetUse, String>;

    /// The usage of one budget.
    fn budget(&self, key: &Key, budget: &BudgetFigures, now: Now) -> BudgetUse;

    /// All counters.
    fn snapshot(&self, now: Now) -> Snapshot;

    /// Registers `wake` to be called when other processes may have freed something; never called with a lock of the
    /// store held.
    fn watch(&self, wake: Box<dyn Fn() + Send + Sync>) {
        // There are no other users.
        drop(wake);
    }
}
