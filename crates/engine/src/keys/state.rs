//! State of keys: whether a key is refused, at which models it is rate limited, and what remains of its limits.

use crate::failure::Failure;
use ferrule_wire::{
    breaker::{Breaker, BreakerSettings, BreakerState},
    model::ErrorKind,
    rate_limits::{RateLimit, RateLimits},
};
use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// The maximum number of models per key that are remembered: more than anyone calls.
const MAX_MODELS: usize = 4096;

/// More keys than one configuration has: beyond this, removed ones are forgotten.
const MAX_KEYS: usize = 256;

/// One refusal retires a key. It is tried again by one call after this pause, which doubles each time.
pub(super) const RETIRED: BreakerSettings = BreakerSettings {
    failures: 1,
    failure_rate: 0.0,
    minimum: 1,
    window: Duration::from_secs(60),
    open: Duration::from_secs(30),
    open_max: Duration::from_secs(600),
    slow: None,
};

/// How long a key is suspended after a rate limit for which the provider gives no time; doubled each time.
const COOLING: Duration = Duration::from_secs(5);
const COOLING_MAX: Duration = Duration::from_secs(60);

/// How long a key that cannot be read from its file or command is suspended while there are others.
const UNREADABLE: u64 = 10_000;

/// How long a key is suspended at a model that it may not use.
const WITHOUT_MODEL: Duration = Duration::from_secs(300);

/// The states of one provider's keys.
#[derive(Debug, Default)]
pub(crate) struct KeyStates {
    /// Keys are identified by a hash that no other process can compute.
    hasher: RandomState,
    all: Mutex<HashMap<u64, Arc<KeyState>>>,
}

/// The state of one key.
#[derive(Debug, Default)]
pub(super) struct KeyState {
    /// Open while the key is refused.
    pub(super) refusals: Breaker,
    /// How it was last refused.
    refused_as: Mutex<Option<ErrorKind>>,
    /// Until when it is suspended because it cannot be read.
    unreadable: AtomicU64,
    /// The hash of its text, if it was fetched.
    text: AtomicU64,
    shown: Mutex<Option<Arc<str>>>,
    by_model: RwLock<HashMap<Box<str>, Arc<KeyAtModel>>>,
}

/// The state of one key at one model.
#[derive(Debug, Default)]
pub(super) struct KeyAtModel {
    /// The circuit breaker of the model with this key.
    pub(super) health: Breaker,
    pause: Mutex<Pause>,
    strikes: AtomicU32,
    /// The limits that the provider reported last, and when.
    limits: Mutex<Option<(u64, RateLimits)>>,
}

/// How long, and why, a key is suspended at a model.
#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    until: u64,
    is_forbidden: bool,
}

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It may; `healthy` unless the model keeps failing with it.
    Usable { healthy: bool },
    /// It cannot be read, and is retried then, or earlier if there is no other.
    Unreadable { until: u64 },
    /// It is rate limited until then.
    Limited { until: u64 },
    /// It is refused, and retried then.
    Refused { until: u64, kind: ErrorKind },
}

impl KeyStates {
    /// Identifies a key by its text or its source across reloads.
    pub(super) fn hash(&self, text: &str) -> u64 {
        self.hasher.hash_one(text)
    }

    pub(super) fn hasher(&self) -> RandomState {
        self.hasher.clone()
    }

    /// The state of the key with this hash.
    pub(super) fn key(&self, hash: u64) -> Arc<KeyState> {
        let mut all = lock(&self.all);
        if all.len() >= MAX_KEYS {
            all.retain(|_, state| Arc::strong_count(state) > 1);
        }
        Arc::clone(all.entry(hash).or_default())
    }
}

impl KeyState {
    /// Its state at `model`.
    pub(super) fn at(&self, model: &str) -> Arc<KeyAtModel> {
        if let Some(known) = self.by_model.read().unwrap_or_else(PoisonError::into_inner).get(model) {
            return Arc::clone(known);
        }
        let mut all = self.by_model.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_MODELS && !all.contains_key(model) {
            return Arc::default();
        }
        Arc::clone(all.entry(model.into()).or_default())
    }

    /// The models at which it is suspended now, in order, and when the first suspension ends.
    pub(super) fn paused_at(&self, now: u64) -> (Vec<String>, Option<u64>) {
        let all = self.by_model.read().unwrap_or_else(PoisonError::into_inner);
        let paused: Vec<_> = all
            .iter()
            .map(|(model, at)| (model, lock(&at.pause).until))
            .filter(|(_, until)| *until > now)
            .collect();
        let first = paused.iter().map(|(_, until)| *until).min();
        let mut models: Vec<String> = paused.iter().map(|(model, _)| model.to_string()).collect();
        models.sort_unstable();
        (models, first)
    }

    /// Whether it may be used at the model whose state is `at`.
    pub(super) fn standing(&self, at: &KeyAtModel, now: u64, breaker: &BreakerSettings) -> Standing {
        if let Some(until) = self.refused_until(now) {
            return Standing::Refused { until, kind: self.refused_as() };
        }
        let unreadable = self.unreadable.load(Relaxed);
        if unreadable > now {
            return Standing::Unreadable { until: unreadable };
        }
        let pause = *lock(&at.pause);
        if pause.until > now {
            return match pause.is_forbidden {
                true => Standing::Refused { until: pause.until, kind: ErrorKind::PermissionDenied },
                false => Standing::Limited { until: pause.until },
            };
        }
        let health = at.health.snapshot(now, breaker);
        let is_due = health.reopens_at.is_some_and(|at| at <= now);
        Standing::Usable { healthy: health.state == BreakerState::Closed || is_due }
    }

    /// When it is retried, if it is refused.
    pub(super) fn refused_until(&self, now: u64) -> Option<u64> {
        let seen = self.refusals.snapshot(now, &RETIRED);
        (seen.state != BreakerState::Closed)
            .then(|| seen.reopens_at.unwrap_or(u64::MAX))
            .filter(|at| *at > now)
    }

    /// How it was last refused.
    pub(super) fn refused_as(&self) -> ErrorKind {
        lock(&self.refused_as).unwrap_or(ErrorKind::Authentication)
    }

    /// Records a refusal.
    pub(super) fn note_refusal(&self, failure: &Failure) {
        *lock(&self.refused_as) = match failure {
            Failure::Provider(error) => Some(error.kind),
            _ => Some(ErrorKind::Authentication),
        };
    }

    /// Records that it could not be read.
    pub(super) fn note_unreadable(&self, now: u64) {
        self.unreadable.store(now.saturating_add(UNREADABLE), Relaxed);
    }

    /// Whether it could not be read last time.
    pub(super) fn is_unreadable(&self, now: u64) -> bool {
        self.unreadable.load(Relaxed) > now
    }

    /// Its text was fetched: if it changed, the state is reset.
    pub(super) fn note_text(&self, hash: u64, shown: &Arc<str>) {
        self.unreadable.store(0, Relaxed);
        let before = self.text.swap(hash, Relaxed);
        if before != hash {
            *lock(&self.shown) = Some(Arc::clone(shown));
            if before != 0 {
                self.refusals.reset();
                self.by_model.write().unwrap_or_else(PoisonError::into_inner).clear();
            }
        }
    }

    /// The key, masked, if it was fetched.
    pub(super) fn shown(&self) -> Option<Arc<str>> {
        lock(&self.shown).clone()
    }
}

impl KeyAtModel {
    /// Records a rate limit of the key, with its duration if given.
    pub(super) fn cool(&self, now: u64, asked: Option<Duration>) {
        let strikes = self.strikes.fetch_add(1, Relaxed).min(16);
        let time = asked.unwrap_or_else(|| COOLING.saturating_mul(1 << strikes).min(COOLING_MAX));
        self.pause_for(now, time, false);
    }

    /// Records that the key may not use the model.
    pub(super) fn forbid(&self, now: u64) {
        self.pause_for(now, WITHOUT_MODEL, true);
    }

    fn pause_for(&self, now: u64, time: Duration, is_forbidden: bool) {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let mut pause = lock(&self.pause);
        // Responses to several calls come in any order.
        if now.saturating_add(time) >= pause.until {
            *pause = Pause { until: now.saturating_add(time), is_forbidden };
        }
    }

    /// Records that the key was accepted.
    pub(super) fn accepted(&self) {
        self.strikes.store(0, Relaxed);
    }

    /// Records the limits that the provider reports for this key.
    pub(super) fn report(&self, now: u64, report: &RateLimits) {
        *lock(&self.limits) = Some((now, *report));
    }

    /// The limits reported last, as far as they still apply.
    pub(super) fn reported(&self, now: u64) -> Option<RateLimits> {
        let (then, report) = (*lock(&self.limits))?;
        let passed = Duration::from_millis(now.saturating_sub(then));
        let aged = |limit: RateLimit| {
            let resets_in = limit.resets_in.unwrap_or(Duration::from_secs(60));
            match resets_in.checked_sub(passed) {
                Some(left) => RateLimit { resets_in: Some(left), ..limit },
                None => RateLimit { remaining: limit.limit, resets_in: None, ..limit },
            }
        };
        Some(RateLimits { requests: aged(report.requests), tokens: aged(report.tokens) })
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
