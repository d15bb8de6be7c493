//! Stores: where counters are kept. In this process ([`crate::Memory`]); others may follow behind the same trait.

use crate::{
    budget::BudgetUse,
    claim::{BudgetFigures, Claim, Key, Money, Per},
    clock::Now,
    limit::LimitUse,
    provider::Told,
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

/// What there is not enough of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Short {
    /// Requests of a window.
    Requests(Per),
    /// Tokens of a window.
    Tokens(Per),
    /// Places for calls under way.
    #[default]
    Concurrency,
    /// Money.
    Budget,
    /// The provider itself says that it takes no more for now.
    Provider,
}

/// Why a call is not admitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortage {
    /// The first of its claims that does not fit in.
    pub claim: usize,
    /// What there is not enough of.
    pub what: Short,
    /// How much there is in all.
    pub limit: u128,
    /// How much of it is taken.
    pub used: u128,
    /// How much of that is reserved by calls under way.
    pub in_flight: u128,
    /// How much the call asks for.
    pub asked: u128,
    /// When there is enough at the latest (milliseconds of the steady clock), unless others take it; `None` where that is
    /// up to calls under way, or never.
    pub ready_at: Option<u64>,
    /// Whether nothing that is under way can make it fit in before that.
    pub is_certain: bool,
}

/// A budget of which a threshold was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The budget; always there outside of this crate.
    pub key: Option<Key>,
    /// The threshold, in percent.
    pub percent: u8,
    /// How much of it is in use.
    pub budget: BudgetUse,
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

    /// Changes a budget by hand.
    fn adjust(&self, key: &Key, budget: &BudgetFigures, adjustment: Adjustment, now: Now) -> BudgetUse;

    /// How much of one budget is in use.
    fn budget(&self, key: &Key, budget: &BudgetFigures, now: Now) -> BudgetUse;

    /// All counters.
    fn snapshot(&self, now: Now) -> Snapshot;
}
