//! Statistics of a target: its latency, calls in flight, usage, and remaining limits.
//!
//! One [`Statistics`] belongs to a target for as long as it is configured, across reloads of the configuration. The
//! clock is passed in, in milliseconds of any monotonic clock.

mod average;
mod histogram;
mod limits;
mod minute;

use crate::strategy::target::{Estimate, Usage};
use average::Average;
use ferrule_wire::rate_limits::{RateLimit, RateLimits};
use histogram::Histogram;
use limits::Limits;
use minute::Minute;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

/// The statistics of one target.
#[derive(Debug, Default)]
pub struct Statistics {
    in_flight: AtomicU32,
    measured: Mutex<Measured>,
}

#[derive(Debug, Default)]
struct Measured {
    first_token: Average,
    per_token: Average,
    first_tokens: Histogram,
    durations: Histogram,
    used: Minute,
    limits: Limits,
}

/// The [`Statistics`] at one point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StatisticsSnapshot {
    /// Calls in flight.
    pub in_flight: u32,
    /// The time to the first token of streams, in milliseconds.
    pub first_token: Option<Estimate>,
    /// The time per output token of calls that are not streamed, in milliseconds.
    pub per_token: Option<Estimate>,
    /// The usage of the last minute, and the limits that the provider reported.
    pub usage: Usage,
    /// The remaining share of the rate limits, from 0 to 1: of requests or tokens, whichever is less.
    pub remaining: Option<f64>,
}

impl Statistics {
    /// Counts a call as in flight until the lease is dropped.
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        InFlight::begin(Arc::clone(self))
    }

    /// As [`Self::begin`], if fewer than `concurrency` are in flight; otherwise `None`.
    pub fn try_begin(self: &Arc<Self>, concurrency: u32) -> Option<InFlight> {
        let room = |calls: u32| (calls < concurrency).then(|| calls.saturating_add(1));
        self.in_flight.fetch_update(Relaxed, Relaxed, room).ok()?;
        Some(InFlight::begin(Arc::clone(self)))
    }

    /// Calls in flight.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// A stream's first token came `took` after the request was sent.
    pub fn first_token(&self, now: u64, took: Duration) {
        let mut measured = self.lock();
        measured.first_token.add(now, milliseconds(took));
        measured.first_tokens.add(now, took);
    }

    /// A call that is not streamed succeeded after `took`, with this many output tokens if the provider counted them.
    pub fn answered(&self, now: u64, took: Duration, output_tokens: Option<u64>) {
        let mut measured = self.lock();
        measured.durations.add(now, took);
        if let Some(tokens) = output_tokens.filter(|tokens| *tokens > 0) {
            measured.per_token.add(now, milliseconds(took) / tokens as f64);
        }
    }

    /// The target was silent for all of this time, and the call moved on. It counts as that slow, but not in the
    /// histogram from which limits are derived: they would grow each time that they are reached.
    pub fn was_silent(&self, now: u64, streamed: bool, waited: Duration) {
        let mut measured = self.lock();
        let Measured { first_token, per_token, .. } = &mut *measured;
        if streamed {
            first_token.add(now, milliseconds(waited));
        } else {
            // The number of tokens is not known: scales the latency of the target's other calls instead.
            per_token.multiply(now, 2.0);
        }
    }

    /// A request was sent, with this many input tokens, as far as known.
    pub fn sent(&self, now: u64, tokens: u64) {
        let mut measured = self.lock();
        measured.used.add(now, 1, tokens);
        measured.limits.used(1, tokens);
    }

    /// More tokens were used than [`Self::sent`] was given.
    pub fn used(&self, now: u64, tokens: u64) {
        let mut measured = self.lock();
        measured.used.add(now, 0, tokens);
        measured.limits.used(0, tokens);
    }

    /// The provider refused a request because of its rate limit, for this time if it said so: nothing is left of the
    /// limit now.
    pub fn was_limited(&self, now: u64, for_time: Option<Duration>) {
        let requests = RateLimit { remaining: Some(0), resets_in: for_time, ..RateLimit::default() };
        self.lock().limits.report(now, &RateLimits { requests, ..RateLimits::default() });
    }

    /// Records the provider's limits from response headers.
    pub fn limits(&self, now: u64, report: &RateLimits) {
        self.lock().limits.report(now, report);
    }

    /// The time within which the share `quantile` (0 to 1) of the streams had their first token; `None` if there were
    /// fewer than `calls`. Older calls count less.
    pub fn first_token_quantile(&self, quantile: f64, calls: u32) -> Option<Duration> {
        self.lock().first_tokens.quantile(quantile, calls)
    }

    /// The same for the durations of calls that are not streamed.
    pub fn duration_quantile(&self, quantile: f64, calls: u32) -> Option<Duration> {
        self.lock().durations.quantile(quantile, calls)
    }

    /// The statistics at `now`.
    pub fn snapshot(&self, now: u64) -> StatisticsSnapshot {
        let measured = self.lock();
        let (requests, tokens) = measured.used.sum(now);
        let usage = Usage {
            requests,
            tokens,
            request_limit: measured.limits.requests.limit(),
            token_limit: measured.limits.tokens.limit(),
        };
        StatisticsSnapshot {
            in_flight: self.in_flight(),
            first_token: measured.first_token.estimate(now),
            per_token: measured.per_token.estimate(now),
            usage,
            remaining: measured.limits.remaining(now, &usage),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Measured> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A call in flight, until this is dropped.
#[derive(Debug)]
#[must_use = "the call counts as over once this is dropped"]
pub struct InFlight(Arc<Statistics>);

impl InFlight {
    pub(super) fn begin(statistics: Arc<Statistics>) -> Self {
        Self(statistics)
    }

    /// The statistics that it is counted in.
    pub fn statistics(&self) -> &Arc<Statistics> {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.ended();
    }
}
