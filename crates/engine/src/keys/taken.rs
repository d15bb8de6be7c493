//! Keys in use: the one that an attempt took, and how its outcome changes the key's state.

use super::state::{KeyAtModel, KeyState, RETIRED};
use crate::{failover::Reason, failure::Failure, steady_clock::now};
use ferrule_wire::{
    breaker::{BreakerSettings, Outcome, Permit},
    model::ErrorKind,
};
use std::{fmt, sync::Arc, time::Duration};

/// The key of one attempt. If dropped without an outcome, its state does not change.
pub(crate) struct KeyInUse {
    state: Arc<KeyState>,
    at: Arc<KeyAtModel>,
    index: usize,
    /// The permit to probe whether it is accepted.
    refusals: Option<Permit>,
    /// The permit to probe whether the model answers with it.
    health: Option<Permit>,
    breaker: BreakerSettings,
}

impl KeyInUse {
    pub(super) fn new(
        state: Arc<KeyState>,
        at: Arc<KeyAtModel>,
        index: usize,
        refusals: Option<Permit>,
        breaker: &BreakerSettings,
    ) -> Self {
        let health = at.health.admit_anyway(now(), breaker);
        Self { state, at, index, refusals, health, breaker: *breaker }
    }

    /// Its index among the provider's keys.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// It was accepted, and the model answered after `took`.
    pub(crate) fn succeed(&mut self, took: Duration) {
        self.at.accepted();
        self.settle(Outcome::Success, self.breaker.success_after(took));
    }

    /// The attempt failed: suspends the key if it is to blame.
    pub(crate) fn fail(&mut self, reason: Reason, failure: &Failure) {
        let health = if reason.is_of_health() { Outcome::Failure } else { Outcome::Neutral };
        match (reason, failure) {
            (Reason::RateLimited, Failure::Provider(error)) => {
                self.at.cool(now(), error.retry_after.map(|asked| asked.delay));
            }
            (Reason::Model, Failure::Provider(error)) if error.kind == ErrorKind::PermissionDenied => {
                self.at.forbid(now());
            }
            // The key could not even be sent.
            (Reason::Key, Failure::Config(_)) => self.state.note_unreadable(now()),
            (Reason::Key | Reason::Quota, failure) => {
                self.state.note_refusal(failure);
                self.settle(Outcome::Failure, health);
                return;
            }
            _ => {}
        }
        self.settle(Outcome::Neutral, health);
    }

    fn settle(&mut self, key: Outcome, health: Outcome) {
        let (now, jitter) = (now(), fastrand::f64());
        if let Some(permit) = self.refusals.take() {
            self.state.refusals.settle(permit, key, now, &RETIRED, jitter);
        }
        if let Some(permit) = self.health.take() {
            self.at.health.settle(permit, health, now, &self.breaker, jitter);
        }
    }
}

impl Drop for KeyInUse {
    fn drop(&mut self) {
        self.settle(Outcome::Neutral, Outcome::Neutral);
    }
}

impl fmt::Debug for KeyInUse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyInUse").field("index", &self.index).finish_non_exhaustive()
    }
}
