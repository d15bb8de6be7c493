//! Rate limits of a target: what its provider's headers reported, less the usage since.

use crate::strategy::target::Usage;
use ferrule_wire::rate_limits::{RateLimit, RateLimits};
use std::time::Duration;

/// The default if a provider does not say when a limit resets.
const MINUTE: u64 = 60_000;

#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) requests: Limit,
    pub(super) tokens: Limit,
}

#[derive(Debug, Default)]
pub(super) struct Limit {
    limit: Option<u64>,
    /// The period of `limit`.
    window: Option<Duration>,
    /// The most that was ever left: stands in for a limit that is not reported.
    most: u64,
    remaining: Option<u64>,
    used_since: u64,
    reported: u64,
    renewed: u64,
}

impl Limits {
    pub(super) fn report(&mut self, now: u64, report: &RateLimits) {
        self.requests.report(now, &report.requests);
        self.tokens.report(now, &report.tokens);
    }

    pub(super) fn used(&mut self, requests: u64, tokens: u64) {
        self.requests.used_since = self.requests.used_since.saturating_add(requests);
        self.tokens.used_since = self.tokens.used_since.saturating_add(tokens);
    }

    /// The remaining share of the tighter limit.
    pub(super) fn remaining(&self, now: u64, usage: &Usage) -> Option<f64> {
        let requests = self.requests.share(now, usage.requests);
        let tokens = self.tokens.share(now, usage.tokens);
        match (requests, tokens) {
            (Some(requests), Some(tokens)) => Some(requests.min(tokens)),
            (one, other) => one.or(other),
        }
    }
}

impl Limit {
    /// The allowance per minute.
    pub(super) fn limit(&self) -> Option<f64> {
        let window = self.window.unwrap_or(Duration::from_millis(MINUTE)).max(Duration::from_secs(1));
        self.limit.map(|limit| limit as f64 * 60.0 / window.as_secs_f64())
    }

    fn report(&mut self, now: u64, report: &RateLimit) {
        if let Some(limit) = report.limit {
            (self.limit, self.window) = (Some(limit), report.window);
        }
        self.most = self.most.max(report.remaining.unwrap_or_default());
        if let Some(remaining) = report.remaining {
            self.remaining = Some(remaining);
            self.used_since = 0;
            self.reported = now;
            let resets_in = report.resets_in.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
            self.renewed = now.saturating_add(resets_in.unwrap_or(MINUTE));
        }
    }

    /// The share left at `now`, given `used` in the last minute.
    fn share(&self, now: u64, used: f64) -> Option<f64> {
        let known = self.limit.or_else(|| self.remaining.map(|_| self.most.max(1)));
        let limit = known.filter(|limit| *limit > 0)? as f64;
        let Some(remaining) = self.remaining else {
            return Some((1.0 - used / limit).clamp(0.0, 1.0));
        };
        if now >= self.renewed {
            // It had reset completely: only our usage after that counts.
            return Some((1.0 - used.min(self.used_since as f64) / limit).clamp(0.0, 1.0));
        }
        // Limits replenish evenly until they are full.
        let renewed = now.saturating_sub(self.reported) as f64 / (self.renewed - self.reported).max(1) as f64;
        let left = remaining as f64 + (limit - remaining as f64).max(0.0) * renewed - self.used_since as f64;
        Some((left / limit).clamp(0.0, 1.0))
    }
}
