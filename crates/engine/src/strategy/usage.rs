//! Usage: the less used of two targets chosen at random, relative to their limits.
//!
//! The least used of all would be the newest one, which would get all calls until it caught up with a minute's usage.

use super::target::TargetSnapshot;

/// The mean of the known values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    pub(super) fn from_known(known: impl Iterator<Item = f64>) -> Self {
        known
            .filter(|figure| figure.is_finite())
            .fold(Self::default(), |mean, figure| Self { sum: mean.sum + figure, count: mean.count + 1 })
    }

    /// `other` if nothing is known.
    pub(super) fn or(self, other: f64) -> f64 {
        if self.count == 0 { other } else { self.sum / f64::from(self.count) }
    }
}

/// The average limits of a group's targets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    tokens: f64,
    requests: f64,
    /// Whether any tokens were used: before the first answer there are only requests.
    any_tokens: bool,
}

impl Limits {
    pub(super) fn new(targets: &[TargetSnapshot]) -> Self {
        let mean = |limit: fn(&TargetSnapshot) -> Option<f64>| {
            Mean::from_known(targets.iter().filter_map(limit).filter(|limit| *limit > 0.0)).or(0.0)
        };
        Self {
            tokens: mean(|target| target.usage.token_limit),
            requests: mean(|target| target.usage.request_limit),
            any_tokens: targets.iter().any(|target| target.usage.tokens > 0.0),
        }
    }

    /// The used share of the limit, of tokens or of requests, whichever is more. An unknown limit is taken from the
    /// peers; if none is known, tokens per weight count instead.
    pub(super) fn score(&self, target: &TargetSnapshot) -> f64 {
        let usage = &target.usage;
        if self.tokens == 0.0 && self.requests == 0.0 {
            return (if self.any_tokens { usage.tokens } else { usage.requests }) / target.weight;
        }
        let of_tokens = share(usage.tokens, usage.token_limit, self.tokens);
        of_tokens.max(share(usage.requests, usage.request_limit, self.requests))
    }
}

/// The used share of the limit. A limit of 0 is used up.
fn share(used: f64, limit: Option<f64>, of_peers: f64) -> f64 {
    match limit.unwrap_or(of_peers) {
        limit if limit > 0.0 => used / limit,
        _ if limit.is_some() => f64::INFINITY,
        _ => 0.0,
    }
}
