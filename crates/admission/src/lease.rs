//! Leases: the permits of an attempt, returned however the attempt ends.

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

/// The issuer of a lease.
pub(crate) trait Lessor: Send + Sync {
    /// The request was sent.
    fn sent(&self, id: CallId);

    /// Replaces the reservation by the actual usage.
    fn settle(&self, id: CallId, outcome: Outcome) -> Vec<Crossing>;

    /// The call has ended.
    fn leave(&self, id: CallId);
}

/// The permits of an attempt. Dropped without being settled, it releases what was not sent, and books what was sent in
/// full, as an estimate. It counts as in flight until it is dropped.
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

    /// The request was sent or is about to be.
    pub fn sent(&self) {
        if !self.is_sent.swap(true, Ordering::AcqRel) {
            self.from.sent(self.id);
        }
    }

    /// Whether the request was sent.
    pub fn is_sent(&self) -> bool {
        self.is_sent.load(Ordering::Acquire)
    }

    /// Whether it has been settled.
    pub fn is_settled(&self) -> bool {
        self.is_settled.load(Ordering::Acquire)
    }

    /// Replaces the reservation by the actual usage, once. Returns the budget thresholds that were reached.
    pub fn settle(&self, outcome: Outcome) -> Vec<Crossing> {
        if self.is_settled.swap(true, Ordering::AcqRel) {
            return Vec::new();
        }
        self.from.settle(self.id, outcome)
    }

    /// Settles usage that will never be reported.
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
