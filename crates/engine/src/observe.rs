//! Observers of calls: events of calls and circuit breakers, for registered callbacks.
//!
//! An [`Observer`] is part of a call's options. Without one no events are created: each place checks one `Option`. An
//! observer just queues events; it is called on the runtime's thread, between two steps of the call, and must not
//! block. Events never contain prompts, answers or secrets.
//!
//! A new kind of event is a variant of [`What`] with its [`EventKind`], and a method of [`Events`] that is called where
//! it occurs.

use crate::{
    error::CallError,
    failure::Failure,
    reply::{Attempt, Next, Outcome},
};
use ferrule_catalog::{Amount, Settlement};
use ferrule_wire::breaker::{BreakerState, Change};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// The kinds of events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum EventKind { $($(#[$doc])* $kind,)* }

        impl EventKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// Its bit in a set of kinds.
            pub const fn bit(self) -> u32 {
                1 << self as u8
            }
        }
    };
}

kinds! {
    /// An attempt begins.
    Request = "request",
    /// An attempt got a response: complete, or the first events of a stream.
    Response = "response",
    /// An attempt failed, or the call failed without one.
    Error = "error",
    /// The same target is tried again.
    Retry = "retry",
    /// Another target is tried.
    Failover = "failover",
    /// A circuit breaker changed its state.
    Breaker = "breaker",
    /// A stream ended.
    StreamEnd = "stream_end",
    /// A budget's threshold, refusal or degradation.
    Budget = "budget",
    /// A call waits for a limit, or is refused by one.
    Limit = "limit",
}

/// Receives the events of one call.
pub trait Observer: Send + Sync {
    /// Whether events of this kind are wanted. Others are not created.
    fn wants(&self, kind: EventKind) -> bool;

    /// Receives an event. Called on the runtime's thread: must not block.
    fn observe(&self, event: Event);
}

/// An event of a call or a circuit breaker.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub at: SystemTime,
    /// The target it concerns; `None` if the call did not get as far as one.
    pub target: Option<EventTarget>,
    /// What happened.
    pub what: What,
}

/// The target that an event concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTarget {
    /// The provider's id.
    pub provider: String,
    /// The provider's name of the model; empty if none is requested.
    pub model: String,
    /// Its name, as in [`crate::Status`].
    pub name: String,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// An attempt begins.
    Request {
        /// Its number, from 1.
        attempt: usize,
        /// How long the call waited before it.
        waited: Duration,
    },
    /// An attempt got a response.
    Response {
        /// The attempt.
        attempt: AttemptFacts,
        /// Its usage and cost; `None` for a stream, which has only begun.
        settlement: Option<Arc<Settlement>>,
    },
    /// An attempt failed, or the call did.
    Error {
        /// The attempt; `None` if the call failed without one.
        attempt: Option<AttemptFacts>,
        /// The failure; `None` if the caller cancelled the call.
        failure: Option<Box<Failure>>,
        /// Whether the call ends with it.
        ends_call: bool,
    },
    /// The same target is tried again.
    Retry {
        /// The attempt that failed.
        attempt: AttemptFacts,
        /// How it failed.
        failure: Box<Failure>,
        /// The delay before the retry.
        delay: Duration,
        /// The kind of retry.
        how: Next,
    },
    /// Another target is tried.
    Failover {
        /// The attempt that failed; `None` if the target was skipped.
        attempt: Option<AttemptFacts>,
        /// How it failed; `None` if it was skipped.
        failure: Option<Box<Failure>>,
        /// Why it was skipped.
        skipped: Option<String>,
        /// The next target.
        to: String,
        /// The delay before the next attempt.
        delay: Duration,
    },
    /// A circuit breaker changed its state.
    Breaker {
        /// The previous state.
        before: BreakerState,
        /// The new state.
        after: BreakerState,
        /// The time until it admits a probe.
        reopens_in: Option<Duration>,
    },
    /// A stream ended.
    StreamEnd {
        /// How.
        ending: StreamEnding,
        /// The failure, if it failed.
        failure: Option<Box<Failure>>,
        /// The duration of the call.
        duration: Duration,
        /// The time to the first token.
        time_to_first_token: Option<Duration>,
        /// The usage and cost, as far as reported.
        settlement: Arc<Settlement>,
    },
    /// An event of a budget.
    Budget(Box<BudgetNews>),
    /// A call waits for a limit, or is refused by one.
    Limit(Box<LimitNews>),
}

/// An event of a budget.
#[derive(Clone, Debug)]
pub struct BudgetNews {
    /// The budget's name.
    pub budget: String,
    /// The budget's scope.
    pub scope: String,
    /// The value of the scope.
    pub value: String,
    /// `threshold` (this much of it is spent), `refused` (a call), or `degraded` (a cheaper group is used).
    pub what: &'static str,
    /// The threshold, in percent.
    pub percent: Option<u8>,
    /// The amount of the budget.
    pub amount: Amount,
    /// How much was spent.
    pub spent: Amount,
    /// How much calls in flight may spend.
    pub reserved: Amount,
}

/// An event of a call at a limit.
#[derive(Clone, Debug)]
pub struct LimitNews {
    /// The limit's name; empty for a limit of the provider.
    pub limit: String,
    /// The limit's scope.
    pub scope: String,
    /// The value of the scope.
    pub value: String,
    /// `waiting`, `admitted` (after waiting) or `refused`.
    pub what: &'static str,
    /// Its position in the queue, from 1.
    pub position: Option<usize>,
    /// How long it waited.
    pub waited: Duration,
    /// The time after which there may be room.
    pub retry_after: Option<Duration>,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnding {
    /// It is complete.
    Complete,
    /// It broke off.
    Interrupted,
    /// The reader closed it.
    Closed,
}

impl StreamEnding {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Closed => "closed",
        }
    }
}

/// The facts of an attempt for observers.
#[derive(Clone, Debug, Default)]
pub struct AttemptFacts {
    /// Its number, from 1.
    pub number: usize,
    /// The key that was used, masked, if known.
    pub key: Option<String>,
    /// How long it took.
    pub duration: Duration,
}

impl What {
    /// Its kind.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Request { .. } => EventKind::Request,
            Self::Response { .. } => EventKind::Response,
            Self::Error { .. } => EventKind::Error,
            Self::Retry { .. } => EventKind::Retry,
            Self::Failover { .. } => EventKind::Failover,
            Self::Breaker { .. } => EventKind::Breaker,
            Self::StreamEnd { .. } => EventKind::StreamEnd,
            Self::Budget(_) => EventKind::Budget,
            Self::Limit(_) => EventKind::Limit,
        }
    }
}

impl EventTarget {
    /// The target of `model` at `provider`; `variant` distinguishes it from others with the same names.
    pub(crate) fn new(provider: &str, model: &str, variant: Option<&str>) -> Self {
        let name = match variant {
            Some(variant) => format!("{provider}/{model}@{variant}"),
            None => format!("{provider}/{model}"),
        };
        Self { provider: provider.to_owned(), model: model.to_owned(), name }
    }

    fn of_attempt(attempt: &Attempt) -> Self {
        Self::new(&attempt.provider, &attempt.model, attempt.variant.as_deref())
    }
}

impl AttemptFacts {
    fn new(number: usize, attempt: &Attempt) -> Self {
        Self { number, key: attempt.key.clone(), duration: attempt.duration }
    }
}

/// The destination of one call's events.
#[derive(Clone, Default)]
pub(crate) struct Events(Option<Arc<dyn Observer>>);

impl fmt::Debug for Events {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Events").field(&self.0.is_some()).finish()
    }
}

impl Events {
    pub(crate) fn new(observer: Option<&Arc<dyn Observer>>) -> Self {
        Self(observer.cloned())
    }

    /// Whether events of this kind are wanted.
    pub(crate) fn want(&self, kind: EventKind) -> bool {
        self.0.as_ref().is_some_and(|observer| observer.wants(kind))
    }

    fn send(&self, target: Option<EventTarget>, what: What) {
        if let Some(observer) = &self.0 {
            observer.observe(Event { at: SystemTime::now(), target, what });
        }
    }

    /// An attempt begins.
    pub(crate) fn request(&self, target: impl FnOnce() -> EventTarget, attempt: usize, waited: Duration) {
        if self.want(EventKind::Request) {
            self.send(Some(target()), What::Request { attempt, waited });
        }
    }

    /// The last of `attempts` got a response.
    pub(crate) fn response(&self, attempts: &[Attempt], settlement: Option<&Arc<Settlement>>) {
        if self.want(EventKind::Response)
            && let Some(last) = attempts.last()
        {
            let attempt = AttemptFacts::new(attempts.len(), last);
            let what = What::Response { attempt, settlement: settlement.cloned() };
            self.send(Some(EventTarget::of_attempt(last)), what);
        }
    }

    /// The last of `attempts` failed with `failure`, and `next` follows after `delay`; if there is no `next` the call
    /// ends.
    pub(crate) fn failed(
        &self,
        attempts: &[Attempt],
        failure: &Failure,
        next: Option<&Next>,
        delay: Duration,
    ) {
        let (Some(last), true) = (attempts.last(), self.0.is_some()) else { return };
        let facts = || AttemptFacts::new(attempts.len(), last);
        let target = || Some(EventTarget::of_attempt(last));
        let failure = || Box::new(failure.clone());
        if self.want(EventKind::Error) {
            let ends_call = next.is_none();
            let what = What::Error { attempt: Some(facts()), failure: Some(failure()), ends_call };
            self.send(target(), what);
        }
        if let Some(Next::Moved(to)) = next {
            if self.want(EventKind::Failover) {
                let (attempt, failure, to) = (Some(facts()), Some(failure()), to.clone());
                self.send(target(), What::Failover { attempt, failure, skipped: None, to, delay });
            }
        } else if let Some(how) = next
            && self.want(EventKind::Retry)
        {
            let (attempt, failure, how) = (facts(), failure(), how.clone());
            self.send(target(), What::Retry { attempt, failure, delay, how });
        }
    }

    /// The last of `attempts` lost a race, because it failed with `failure` or was slow; `next` says where the attempt
    /// that counts was made.
    pub(crate) fn lost(&self, attempts: &[Attempt], failure: Option<&Failure>, next: Option<&Next>) {
        let Some(last) = attempts.last() else { return };
        let facts = || Some(AttemptFacts::new(attempts.len(), last));
        let target = || Some(EventTarget::of_attempt(last));
        let failure = || failure.cloned().map(Box::new);
        if let Some(failure) = failure().filter(|_| self.want(EventKind::Error)) {
            let what = What::Error { attempt: facts(), failure: Some(failure), ends_call: false };
            self.send(target(), what);
        }
        if let Some(Next::Hedged(to)) = next
            && self.want(EventKind::Failover)
        {
            let (attempt, failure, to) = (facts(), failure(), to.clone());
            let what = What::Failover { attempt, failure, skipped: None, to, delay: Duration::ZERO };
            self.send(target(), what);
        }
    }

    /// A target was skipped.
    pub(crate) fn skipped(&self, attempt: &Attempt, why: &str, delay: Duration) {
        if let Some(Next::Moved(to)) = &attempt.next
            && self.want(EventKind::Failover)
        {
            let (skipped, to) = (Some(why.to_owned()), to.clone());
            let what = What::Failover { attempt: None, failure: None, skipped, to, delay };
            self.send(Some(EventTarget::of_attempt(attempt)), what);
        }
    }

    /// The call failed, other than by the end of an attempt that observers were already notified of.
    pub(crate) fn call_failed(&self, error: &CallError) {
        if self.want(EventKind::Error) {
            let CallError { failure, provider, model, attempts, .. } = error;
            let last = attempts.iter().rev().find(|last| !matches!(last.outcome, Outcome::Skipped(_)));
            let named = || EventTarget::new(provider, model, None);
            let target = last.map(EventTarget::of_attempt).or_else(|| (!provider.is_empty()).then(named));
            let failure = Some(Box::new(failure.clone()));
            self.send(target, What::Error { attempt: None, failure, ends_call: true });
        }
    }

    /// The response to the last of `attempts` broke off while it was read: the call ends.
    pub(crate) fn broken_off(&self, attempts: &[Attempt], failure: &Failure) {
        self.failed(attempts, failure, None, Duration::ZERO);
    }

    /// The caller cancelled the call during an attempt.
    pub(crate) fn cancelled(&self, target: EventTarget, number: usize, duration: Duration) {
        if self.want(EventKind::Error) {
            let attempt = Some(AttemptFacts { number, key: None, duration });
            self.send(Some(target), What::Error { attempt, failure: None, ends_call: true });
        }
    }

    /// Sends an event of a budget.
    pub(crate) fn budget(&self, what: What) {
        self.send(None, what);
    }

    /// Sends an event of the call at a limit.
    pub(crate) fn limit(&self, what: What) {
        self.send(None, what);
    }

    /// A stream of `target` ended.
    pub(crate) fn stream_end(&self, target: EventTarget, what: What) {
        self.send(Some(target), what);
    }
}

/// Notifies of state changes of one target's circuit breaker.
#[derive(Clone, Debug)]
pub(crate) struct BreakerEvents {
    events: Events,
    target: EventTarget,
}

impl BreakerEvents {
    /// `None` if breaker events are not wanted.
    pub(crate) fn for_target(events: &Events, target: impl FnOnce() -> EventTarget) -> Option<Box<Self>> {
        let wanted = events.want(EventKind::Breaker);
        wanted.then(|| Box::new(Self { events: events.clone(), target: target() }))
    }

    /// Its state changed with the outcome of a call, the probe or not, at `now` on the breaker's clock.
    pub(crate) fn settled(&self, change: Change, was_probe: bool, now: u64) {
        match change {
            Change::Opened { reopens_at } => {
                let before = if was_probe { BreakerState::HalfOpen } else { BreakerState::Closed };
                let reopens_in = Duration::from_millis(reopens_at.saturating_sub(now));
                self.changed(before, BreakerState::Open, Some(reopens_in));
            }
            Change::Closed => {
                let before = if was_probe { BreakerState::HalfOpen } else { BreakerState::Open };
                self.changed(before, BreakerState::Closed, None);
            }
        }
    }

    /// Its state changed; it admits a probe after this time.
    pub(crate) fn changed(&self, before: BreakerState, after: BreakerState, reopens_in: Option<Duration>) {
        self.events.send(Some(self.target.clone()), What::Breaker { before, after, reopens_in });
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind;

    #[test]
    fn every_kind_has_a_unique_bit_and_name() {
        let bits = EventKind::ALL.iter().fold(0, |bits, kind| bits | kind.bit());
        assert_eq!(bits.count_ones() as usize, EventKind::ALL.len());
        let mut names: Vec<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), EventKind::ALL.len());
    }
}
