//! Leases: what an attempt of a call was given. It knows what it holds, and gives it back whatever ends the attempt.

use crate::{
    budget::Crossing,
    store::{CallId, Outcome},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Where a lease is from.
pub(crate) trait Lessor: Send + Sync {
    /// The request was sent.
    fn sent(&self, id: CallId);

    /// Replaces what is reserved by what was used.
    fn settle(&self, id: CallId, outcome: Outcome) -> Vec<Crossing>;

    /// The call is over.
    fn leave(&self, id: CallId);
}

/// What an attempt was given. Dropped without being settled it releases what was never sent, and books all of what was
/// sent as an estimate. Its place among the calls under way it keeps until it is dropped.
pub struct Lease {
    from: Arc<dyn Lessor>,
    id: CallId,
    is_sent: AtomicBool,
    is_settled: AtomicBool,
}

impl Lease {
    pub(crate) fn new(from: Arc<dyn Lessor>, id: CallId) -> Self {
        Self { from, id, is_sent: AtomicBool::new(false), is_settled: AtomicBool::new(false) }
    }

    /// The request was sent, or is about to be.
    pub fn sent(&self) {
        if !self.is_sent.swap(true, Ordering::AcqRel) {
            self.from.sent(self.id);
        }
    }

    /// Whether the request was sent.
    pub fn is_sent(&self) -> bool {
        self.is_sent.load(Ordering::Acquire)
    }

    /// Whether it was settled.
    pub fn is_settled(&self) -> bool {
        self.is_settled.load(Ordering::Acquire)
    }

    /// Replaces what is reserved by what was used, once. Gives the thresholds of budgets that were reached.
    pub fn settle(&self, outcome: Outcome) -> Vec<Crossing> {
        if self.is_settled.swap(true, Ordering::AcqRel) {
            return Vec::new();
        }
        self.from.settle(self.id, outcome)
    }

    /// Settles what nothing more will be known of.
    pub fn give_up(&self) -> Vec<Crossing> {
        self.settle(if self.is_sent() { Outcome::Unreported } else { Outcome::Unsent })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.give_up();
        self.from.leave(self.id);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Lease")
            .field("id", &self.id)
            .field("is_sent", &self.is_sent())
            .finish_non_exhaustive()
    }
}
