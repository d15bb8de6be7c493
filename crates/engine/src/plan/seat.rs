//! Seats of a plan: the candidates of one call, and what has become of each.

use std::time::Duration;

/// When a candidate may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pool {
    /// From the beginning.
    #[default]
    Group,
    /// Where the prompt is too long for the group.
    Context,
    /// Where a content filter refused.
    Filter,
}

/// Where a candidate stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was not asked.
    #[default]
    Fresh,
    /// It failed, and may be asked again.
    Failed,
    /// It is left alone for the rest of the call.
    Out,
    /// Its breaker is open.
    Open {
        /// How long until it is to be tried.
        reopens: Duration,
    },
    /// As many calls as it takes are under way.
    Busy,
}

/// A candidate of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seat {
    pub(crate) pool: Pool,
    /// How much of a prompt it reads, in tokens; `None` where that is not known.
    pub(crate) window: Option<u64>,
    /// Which target it is, where that is known: a group may list one twice.
    pub(super) target: Option<usize>,
    pub(super) standing: Standing,
    /// Attempts there, without those that do not count.
    pub(super) asked: u32,
    /// When it may be asked again, since the call began.
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

    /// Whether it may read more than a model with this window.
    pub(super) fn reads_more_than(&self, window: Option<u64>) -> bool {
        // Where one is not known, an attempt will show.
        self.window.zip(window).is_none_or(|(own, other)| own > other)
    }
}
