//! Shortages: why a call does not fit.

use crate::claim::Per;

/// What is short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Short {
    /// Requests of a window.
    Requests(Per),
    /// Tokens of a window.
    Tokens(Per),
    /// Concurrent calls.
    #[default]
    Concurrency,
    /// Money.
    Budget,
    /// The provider reports that it accepts no more for now.
    Provider,
    /// The store of the counters does not answer.
    Store,
}

/// Why a call is not admitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortage {
    /// The index of the first claim that does not fit.
    pub claim: usize,
    /// What is short.
    pub what: Short,
    /// The total.
    pub limit: u128,
    /// The part that is taken.
    pub used: u128,
    /// The part of that which calls in flight have reserved.
    pub in_flight: u128,
    /// The amount that the call requests.
    pub asked: u128,
    /// When there will be enough at the latest (milliseconds of the steady clock), unless other calls take it; `None`
    /// if that depends on calls in flight, or never.
    pub ready_at: Option<u64>,
    /// Whether no call in flight can make it fit earlier.
    pub is_certain: bool,
}
