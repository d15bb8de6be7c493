//! Statistics of a target: how fast it answers, what is under way, what was used, what its limits leave.
//!
//! One [`Statistics`] belongs to a target for as long as it is configured, through reloads of the configuration. The clock
//! is passed in, in milliseconds of any clock that goes forward.

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

/// What is known of one target.
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

/// What [`Statistics`] say at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StatisticsSnapshot {
    /// Calls under way.
    pub in_flight: u32,
    /// The time to the first token of streams, in milliseconds.
    pub first_token: Option<Estimate>,
    /// The time per output token of plain calls, in milliseconds.
    pub per_token: Option<Estimate>,
    /// What was used in the last minute, and the limits that the provider reported.
    pub usage: Usage,
    /// Which share of the rate limits is left, from 0 to 1, of requests or tokens, whichever is less.
    pub remaining: Option<f64>,
}

impl Statistics {
    /// Counts a call as under way until the lease is dropped.
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        InFlight::begin(Arc::clone(self))
    }

    /// As [`Self::begin`], where fewer than `concurrency` are under way; `None` where there are as many.
    pub fn try_begin(self: &Arc<Self>, concurrency: u32) -> Option<InFlight> {
        let room = |calls: u32| (calls < concurrency).then(|| calls.saturating_add(1));
        self.in_flight.fetch_update(Relaxed, Relaxed, room).ok()?;
        Some(InFlight::begin(Arc::clone(self)))
    }

    /// Calls under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// A stream's first token came, so long after the request was sent.
    pub fn first_token(&self, now: u64, took: Duration) {
        let mut measured = self.lock();
        measured.first_token.add(now, milliseconds(took));
        measured.first_tokens.add(now, took);
    }

    /// A plain call succeeded after `took`, with so many output tokens where the provider counted them.
    pub fn answered(&self, now: u64, took: Duration, output_tokens: Option<u64>) {
        let mut measured = self.lock();
        measured.durations.add(now, took);
        if let Some(tokens) = output_tokens.filter(|tokens| *tokens > 0) {
            measured.per_token.add(now, milliseconds(took) / tokens as f64);
        }
    }

    /// Nothing came in all of this time, and the call moved on. It counts as that slow, but not among the times that limits
    /// are made of: they would grow each time that they are reached.
    pub fn was_silent(&self, now: u64, streamed: bool, waited: Duration) {
        let mut measured = self.lock();
        let Measured { first_token, per_token, .. } = &mut *measured;
        if streamed {
            first_token.add(now, milliseconds(waited));
        } else {
            // How many tokens would have come is not known: the target is as much slower as the others of its calls are.
            per_token.multiply(now, 2.0);
        }
    }

    /// A request was sent, with so many tokens of input, as far as they are known.
    pub fn sent(&self, now: u64, tokens: u64) {
        let mut measured = self.lock();
        measured.used.add(now, 1, tokens);
        measured.limits.used(1, tokens);
    }

    /// More tokens were used than [`Self::sent`] knew.
    pub fn used(&self, now: u64, tokens: u64) {
        let mut measured = self.lock();
        measured.used.add(now, 0, tokens);
        measured.limits.used(0, tokens);
    }

    /// The provider refused a request for its rate limit, for so long where it said so: whatever was left, it is not now.
    pub fn was_limited(&self, now: u64, for_time: Option<Duration>) {
        let requests = RateLimit { remaining: Some(0), resets_in: for_time, ..RateLimit::default() };
        self.lock().limits.report(now, &RateLimits { requests, ..RateLimits::default() });
    }

    /// What the headers of a response say of the provider's limits.
    pub fn limits(&self, now: u64, report: &RateLimits) {
        self.lock().limits.report(now, report);
    }

    /// The time within which the share `quantile` (0 to 1) of the streams had their first token; `None` where there
    /// were fewer than `calls`. Calls of long ago count less.
    pub fn first_token_quantile(&self, quantile: f64, calls: u32) -> Option<Duration> {
        self.lock().first_tokens.quantile(quantile, calls)
    }

    /// The same of the durations of plain calls.
    pub fn duration_quantile(&self, quantile: f64, calls: u32) -> Option<Duration> {
        self.lock().durations.quantile(quantile, calls)
    }

    /// What is known at `now`.
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

/// A call under way. Dropping it ends that.
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
