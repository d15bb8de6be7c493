//! Shortages: why a call does not fit in.

use crate::claim::Per;

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
    /// The store of the counters does not answer.
    Store,
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
