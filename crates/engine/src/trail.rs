//! Trail of a call: its attempts so far, and the candidates that were passed over.

use crate::{
    candidates::Contender,
    failover::Reason,
    plan::Refusal,
    reply::{Attempt, Next, Outcome},
    target::Target,
};
use std::time::{Duration, SystemTime};

/// The attempts of a call so far.
#[derive(Debug)]
pub(crate) struct Trail {
    attempts: Vec<Attempt>,
    /// When the attempt under way began, and how long the call waited before it.
    began: SystemTime,
    waited: Duration,
}

impl Default for Trail {
    fn default() -> Self {
        Self { attempts: Vec::new(), began: SystemTime::UNIX_EPOCH, waited: Duration::ZERO }
    }
}

impl Trail {
    /// An attempt begins, after the call waited so long.
    pub(crate) fn begin(&mut self, waited: Duration) {
        (self.began, self.waited) = (SystemTime::now(), waited);
    }

    /// The attempt that began last ended.
    pub(crate) fn record(
        &mut self,
        target: &Target,
        outcome: Outcome,
        reason: Option<Reason>,
        took: Duration,
    ) {
        self.attempts.push(Attempt {
            provider: target.provider.id.to_string(),
            model: target.model.clone(),
            variant: target.provider.settings.variant.clone(),
            key: None,
            outcome,
            reason,
            started: self.began,
            duration: took,
            waited: self.waited,
            next: None,
        });
    }

    /// What is done after the attempt that was recorded last.
    pub(crate) fn followed_by(&mut self, next: Option<Next>) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.next = next;
        }
    }

    /// A candidate was passed over; once in a row is enough to know.
    pub(crate) fn skip(&mut self, contender: &Contender, refusal: Refusal, next: Option<Next>) {
        let why = match refusal {
            Refusal::Open { .. } => "its circuit breaker is open",
            Refusal::Busy => "as many calls as it takes are under way",
            // That says its error, or the log.
            Refusal::Unusable => return,
        };
        let attempt = Attempt {
            provider: contender.provider.id.to_string(),
            model: contender.model.clone(),
            variant: contender.provider.settings.variant.clone(),
            key: None,
            outcome: Outcome::Skipped(why.to_owned()),
            reason: None,
            started: SystemTime::now(),
            duration: Duration::ZERO,
            waited: Duration::ZERO,
            next,
        };
        let is_same = |last: &Attempt| {
            last.outcome == attempt.outcome
                && last.provider == attempt.provider
                && last.model == attempt.model
                && last.variant == attempt.variant
        };
        if !self.attempts.last().is_some_and(is_same) {
            self.attempts.push(attempt);
        }
    }

    /// How many attempts there were.
    pub(crate) fn len(&self) -> usize {
        self.attempts.len()
    }

    pub(crate) fn into_attempts(self) -> Vec<Attempt> {
        self.attempts
    }
}
