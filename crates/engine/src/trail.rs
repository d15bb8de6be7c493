//! Trail of a call: its attempts so far, and the candidates that were skipped.

use crate::{
    candidates::PassedOver,
    error::CallError,
    failover::Reason,
    failure::Failure,
    observe::{EventKind, EventTarget, Events},
    reply::{Attempt, Next, Outcome},
    target::Target,
};
use std::time::{Duration, Instant, SystemTime};

/// The attempts of a call so far.
#[derive(Debug)]
pub(crate) struct Trail {
    attempts: Vec<Attempt>,
    /// Their observer.
    events: Events,
    /// The target of the current attempt, for observers of a cancelled call.
    under_way: Option<Box<(EventTarget, Instant)>>,
    /// Whether the observer was notified of the end of the call.
    is_over: bool,
}

/// The start of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began {
    /// In calendar time.
    at: SystemTime,
    since: Instant,
    /// How long the call waited before it.
    waited: Duration,
}

impl Began {
    fn now(waited: Duration) -> Self {
        Self { at: SystemTime::now(), since: Instant::now(), waited }
    }

    /// The time since then.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

impl Trail {
    /// The trail of a new call.
    pub(crate) fn new(events: Events) -> Self {
        Self { attempts: Vec::new(), events, under_way: None, is_over: false }
    }

    /// The call continues after `attempts`.
    pub(crate) fn resume(&mut self, attempts: Vec<Attempt>) {
        (self.attempts, self.is_over) = (attempts, false);
    }

    /// An attempt at `target` begins after this wait.
    pub(crate) fn begin(&mut self, target: &Target, waited: Duration) -> Began {
        let Target { provider, model, .. } = target;
        let asked = || provider.event_target(model);
        self.events.request(asked, self.attempts.len() + 1, waited);
        if self.events.want(EventKind::Error) {
            self.under_way = Some(Box::new((asked(), Instant::now())));
        }
        Began::now(waited)
    }

    /// A second attempt begins at `target` while the first is in flight.
    pub(crate) fn begin_second(&self, target: &Target) -> Began {
        let asked = || target.provider.event_target(&target.model);
        self.events.request(asked, self.attempts.len() + 2, Duration::ZERO);
        Began::now(Duration::ZERO)
    }

    /// An attempt ended.
    pub(crate) fn record(
        &mut self,
        target: &Target,
        began: &Began,
        outcome: Outcome,
        reason: Option<Reason>,
        took: Duration,
    ) {
        self.under_way = None;
        self.attempts.push(Attempt {
            provider: target.provider.id.to_string(),
            model: target.model.clone(),
            variant: target.provider.settings.variant.clone(),
            key: target.key_shown().map(ToString::to_string),
            outcome,
            reason,
            started: began.at,
            duration: took,
            waited: began.waited,
            next: None,
        });
    }

    /// The step, with its delay, that follows the last recorded attempt, which failed.
    pub(crate) fn followed_by(&mut self, next: Option<Next>, delay: Duration, failure: &Failure) {
        self.is_over |= next.is_none();
        self.events.failed(&self.attempts, failure, next.as_ref(), delay);
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.next = next;
        }
    }

    /// The last recorded attempt lost a race; `next` is what the first attempt's record says about that.
    pub(crate) fn lost(&mut self, next: Option<Next>, failure: Option<&Failure>) {
        self.events.lost(&self.attempts, failure, next.as_ref());
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.next = next;
        }
    }

    /// The call failed.
    pub(crate) fn failed(&mut self, error: CallError) -> CallError {
        if !std::mem::replace(&mut self.is_over, true) {
            self.events.call_failed(&error);
        }
        error
    }

    /// A candidate was excluded before the first attempt.
    pub(crate) fn pass_over(&mut self, one: PassedOver, next: Option<Next>) {
        self.attempts.push(passed_over(one, next));
    }

    /// A candidate was skipped on its turn; consecutive repeats are recorded once.
    pub(crate) fn skip(&mut self, one: PassedOver, next: Option<Next>, delay: Duration) {
        let attempt = passed_over(one, next);
        let is_same = |last: &Attempt| {
            last.outcome == attempt.outcome
                && last.provider == attempt.provider
                && last.model == attempt.model
                && last.variant == attempt.variant
        };
        if !self.attempts.last().is_some_and(is_same) {
            if let Outcome::Skipped(why) = &attempt.outcome {
                self.events.skipped(&attempt, why, delay);
            }
            self.attempts.push(attempt);
        }
    }

    /// The number of attempts.
    pub(crate) fn len(&self) -> usize {
        self.attempts.len()
    }

    /// All attempts, once the call is over.
    pub(crate) fn take_attempts(&mut self) -> Vec<Attempt> {
        std::mem::take(&mut self.attempts)
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        if let Some(under_way) = self.under_way.take() {
            let (target, since) = *under_way;
            self.events.cancelled(target, self.attempts.len() + 1, since.elapsed());
        }
    }
}

/// The record of a skipped target.
pub(crate) fn passed_over(one: PassedOver, next: Option<Next>) -> Attempt {
    Attempt {
        provider: one.provider,
        model: one.model,
        variant: one.variant,
        key: None,
        outcome: Outcome::Skipped(one.why),
        reason: None,
        started: SystemTime::now(),
        duration: Duration::ZERO,
        waited: Duration::ZERO,
        next,
    }
}
