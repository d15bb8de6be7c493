//! Seats of a plan: the candidates of one call, and what has become of each.

use std::time::Duration;

/// When a candidate may be tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pool {
    /// From the beginning.
    #[default]
    Group,
    /// When the prompt is too long for the group.
    Context,
    /// When a content filter refused.
    Filter,
}

/// The state of a candidate within the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not tried.
    #[default]
    Fresh,
    /// It failed, and may be retried.
    Failed,
    /// Excluded for the rest of the call.
    Out,
    /// Its breaker is open.
    Open {
        /// The time until it is due for a probe.
        reopens: Duration,
    },
    /// It is at its concurrency limit.
    Busy,
}

/// A candidate of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seat {
    pub(crate) pool: Pool,
    /// Its context window in tokens; `None` if not known.
    pub(crate) window: Option<u64>,
    /// The identity of its target, if known: a group may list one twice.
    pub(super) target: Option<usize>,
    pub(super) standing: Standing,
    /// Attempts there, except those that do not count.
    pub(super) asked: u32,
    /// When it may be retried, measured from the start of the call.
    pub(super) ready: Duration,
}

impl Seat {
    pub(crate) fn new(pool: Pool, window: Option<u64>) -> Self {
        Self { pool, window, ..Self::default() }
    }

    /// The seat of this target.
    pub(crate) fn of(self, target: Option<usize>) -> Self {
        Self { target, ..self }
    }

    /// Whether both are of the same target.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.target.is_some() && self.target == other.target
    }

    /// Whether its context window may be larger than this one.
    pub(super) fn reads_more_than(&self, window: Option<u64>) -> bool {
        // If either is not known, an attempt will show.
        self.window.zip(window).is_none_or(|(own, other)| own > other)
    }
}
