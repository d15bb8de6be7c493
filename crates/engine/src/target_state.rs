//! Target state, kept between calls to a provider's model: its circuit breaker and the calls in flight.

pub(crate) use crate::steady_clock::now;
use crate::{
    failover::Reason,
    failure::Failure,
    keys::KeyStates,
    observe::BreakerEvents,
    pace::Pace,
    plan::Refusal,
    retry_budget::RetryBudget,
    strategy::{InFlight, Statistics, session_hash},
};
use ferrule_wire::breaker::{
    Admission, Breaker, BreakerSettings, BreakerSnapshot, BreakerState, Change, Outcome, Permit,
};
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The maximum number of a provider's models that are remembered: more than anyone calls.
const MAX_MODELS: usize = 4096;

/// How long a model that is unknown, retired or forbidden is suspended.
const WITHOUT_MODEL: Duration = Duration::from_secs(300);

/// The state of one model of a provider.
#[derive(Debug, Default)]
pub(crate) struct TargetState {
    breaker: Breaker,
    statistics: Arc<Statistics>,
    /// The failure of the last failed attempt: the error of calls that the breaker refuses.
    last_failure: Mutex<Option<Failure>>,
    /// The identity of the target for strategies.
    identity: OnceLock<u64>,
    /// Whether health checks run while the breaker is open.
    is_checked: AtomicBool,
}

/// Called when the breaker of a target opens.
#[derive(Clone)]
pub(crate) struct OnOpen(pub(crate) Arc<dyn Fn() + Send + Sync>);

impl fmt::Debug for OnOpen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OnOpen")
    }
}

/// The state of a provider: the states of all its models that have been called, and its retry budget.
#[derive(Debug, Default)]
pub(crate) struct TargetStates {
    by_model: RwLock<HashMap<Box<str>, Arc<TargetState>>>,
    /// The retry budget of calls that use no group.
    pub(crate) budget: Arc<RetryBudget>,
    /// The pace of these calls.
    pub(crate) pace: Arc<Pace>,
    /// The states of its keys, if it has several.
    pub(crate) keys: KeyStates,
}

impl TargetStates {
    /// The state of `model`, created if there is none.
    pub(crate) fn target(&self, model: &str) -> Arc<TargetState> {
        if let Some(state) = self.by_model.read().unwrap_or_else(PoisonError::into_inner).get(model) {
            return Arc::clone(state);
        }
        let mut all = self.by_model.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_MODELS && !all.contains_key(model) {
            return Arc::default();
        }
        Arc::clone(all.entry(model.into()).or_default())
    }

    /// All of them, unordered.
    pub(crate) fn all(&self) -> Vec<(String, Arc<TargetState>)> {
        let all = self.by_model.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(model, state)| (model.to_string(), Arc::clone(state))).collect()
    }
}

impl TargetState {
    /// Admits a call; if it `insists`, regardless of the breaker.
    pub(crate) fn admit(
        self: &Arc<Self>,
        settings: &BreakerSettings,
        concurrency: Option<u32>,
        insists: bool,
    ) -> Result<Lease, Refusal> {
        let place = match concurrency {
            Some(most) => self.statistics.try_begin(most).ok_or(Refusal::Busy)?,
            None => self.statistics.begin(),
        };
        let now = now();
        let permit = match self.breaker.admit(now, settings) {
            Admission::Closed(permit) | Admission::Probe(permit) => permit,
            Admission::Open { reopens_at } => {
                let reopens =
                    reopens_at.map_or(Duration::MAX, |at| Duration::from_millis(at.saturating_sub(now)));
                let permit = self.breaker.admit_anyway(now, settings).filter(|_| insists);
                permit.ok_or(Refusal::Open { reopens })?
            }
        };
        self.statistics.sent(now, 0);
        let state = Arc::clone(self);
        Ok(Lease {
            state,
            settings: *settings,
            permit: Some(permit),
            events: None,
            opened: None,
            _place: place,
        })
    }

    /// Whether a call would be admitted now. Takes no permit.
    pub(crate) fn is_usable(&self, settings: &BreakerSettings, concurrency: Option<u32>) -> bool {
        let now = now();
        let seen = self.breaker.snapshot(now, settings);
        let is_due = seen.reopens_at.is_some_and(|at| at <= now);
        (seen.state == BreakerState::Closed || is_due)
            && concurrency.is_none_or(|most| self.statistics.in_flight() < most)
    }

    /// The hash of the target's `name`, which is computed once.
    pub(crate) fn identity(&self, name: impl FnOnce() -> String) -> u64 {
        *self.identity.get_or_init(|| session_hash(&name()))
    }

    /// The failure of the last failed attempt.
    pub(crate) fn last_failure(&self) -> Option<Failure> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the breaker refuses calls, other than for a missing model or by the operator.
    pub(crate) fn is_open(&self) -> bool {
        self.breaker.snapshot(now(), &BreakerSettings::default()).state == BreakerState::Open
    }

    /// Marks health checks as running; `false` if they already are.
    pub(crate) fn begin_check(&self) -> bool {
        !self.is_checked.swap(true, Ordering::AcqRel)
    }

    /// Marks health checks as ended.
    pub(crate) fn end_check(&self) {
        self.is_checked.store(false, Ordering::Release);
    }

    /// The breaker, for the operator.
    pub(crate) fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// A snapshot of the breaker.
    pub(crate) fn snapshot(&self, settings: &BreakerSettings) -> BreakerSnapshot {
        self.breaker.snapshot(now(), settings)
    }

    /// Its latency and usage.
    pub(crate) fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

/// A slot at a target for one attempt. If dropped without an outcome, the breaker does not change.
#[derive(Debug)]
pub(crate) struct Lease {
    state: Arc<TargetState>,
    settings: BreakerSettings,
    permit: Option<Permit>,
    /// The observer of the breaker's state changes.
    events: Option<Box<BreakerEvents>>,
    opened: Option<OnOpen>,
    _place: InFlight,
}

impl Lease {
    /// Whether the attempt probes if the target is back.
    pub(crate) fn is_probe(&self) -> bool {
        self.permit.as_ref().is_some_and(Permit::is_probe)
    }

    /// Calls `act` if this attempt's outcome opens the breaker.
    pub(crate) fn when_opened(&mut self, act: Option<OnOpen>) {
        self.opened = act;
    }

    /// Notifies `events` of the breaker's changes; this attempt may be the probe of a half-open breaker.
    pub(crate) fn observe(&mut self, events: Option<Box<BreakerEvents>>) {
        if self.is_probe()
            && let Some(events) = &events
        {
            events.changed(BreakerState::Open, BreakerState::HalfOpen, None);
        }
        self.events = events;
    }

    /// The statistics of the target.
    pub(crate) fn statistics(&self) -> &Statistics {
        &self.state.statistics
    }

    /// The target answered after `took`. The slot is kept until the lease is dropped.
    pub(crate) fn succeed(&mut self, took: Duration) {
        self.settle(self.settings.success_after(took));
    }

    /// The attempt ended with a failure of this kind.
    pub(crate) fn fail(&mut self, reason: Reason, failure: &Failure) {
        if reason == Reason::Model
            && self.state.breaker.exclude(now(), WITHOUT_MODEL)
            && let Some(events) = &self.events
        {
            let before = if self.is_probe() { BreakerState::HalfOpen } else { BreakerState::Closed };
            events.changed(before, BreakerState::Excluded, Some(WITHOUT_MODEL));
        }
        if reason == Reason::RateLimited {
            let asked = match failure {
                Failure::Provider(error) => error.retry_after.map(|asked| asked.delay),
                _ => None,
            };
            self.state.statistics.was_limited(now(), asked);
        }
        if reason.is_of_health() || reason == Reason::Model {
            let mut last = self.state.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
            *last = Some(failure.clone());
        }
        if self.permit.is_none() && reason.is_of_health() {
            // A probe that succeeded and broke off later counts like any other call.
            match self.state.breaker.admit(now(), &self.settings) {
                Admission::Closed(permit) | Admission::Probe(permit) => self.permit = Some(permit),
                Admission::Open { .. } => {}
            }
        }
        self.settle(if reason.is_of_health() { Outcome::Failure } else { Outcome::Neutral });
    }

    fn settle(&mut self, outcome: Outcome) -> Option<Change> {
        let permit = self.permit.take()?;
        let was_probe = permit.is_probe();
        let now = now();
        let change = self.state.breaker.settle(permit, outcome, now, &self.settings, fastrand::f64())?;
        if let Some(events) = &self.events {
            events.settled(change, was_probe, now);
        }
        if let (Change::Opened { .. }, Some(OnOpen(act))) = (change, &self.opened) {
            act();
        }
        Some(change)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.settle(Outcome::Neutral);
    }
}
