//! Usage: the less used one of two targets chosen at random, for what it may be used.
//!
//! The least used of all would be whoever came last, and would have all calls until it caught up with a minute's use.

use super::{order::Ranking, target::TargetSnapshot};

/// The mean of what is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    pub(super) fn of(known: impl Iterator<Item = f64>) -> Self {
        known
            .filter(|figure| figure.is_finite())
            .fold(Self::default(), |mean, figure| Self { sum: mean.sum + figure, count: mean.count + 1 })
    }

    /// `other` where nothing is known.
    pub(super) fn or(self, other: f64) -> f64 {
        if self.count == 0 { other } else { self.sum / f64::from(self.count) }
    }
}

/// Ranks by the share of the limit that was used, of tokens or of requests, whichever is more. A limit that is not known
/// is taken to be that of the peers; where nobody's is known, what counts is tokens for weight.
pub(super) fn rank_by_use(ranking: &mut Ranking<'_>) {
    let targets = ranking.targets;
    let limits = |limit: fn(&TargetSnapshot) -> Option<f64>| {
        Mean::of(targets.iter().filter_map(limit).filter(|limit| *limit > 0.0)).or(0.0)
    };
    let tokens = limits(|target| target.usage.token_limit);
    let requests = limits(|target| target.usage.request_limit);
    // Before the first answer there are no tokens, but there are requests.
    let any_tokens = targets.iter().any(|target| target.usage.tokens > 0.0);
    let score = |target: &TargetSnapshot| {
        let usage = &target.usage;
        if tokens == 0.0 && requests == 0.0 {
            (if any_tokens { usage.tokens } else { usage.requests }) / target.weight
        } else {
            let of_tokens = share(usage.tokens, usage.token_limit, tokens);
            of_tokens.max(share(usage.requests, usage.request_limit, requests))
        }
    };
    ranking.rank(score);
    ranking.choose_of_two(score);
}

/// Which share of the limit was used. A limit of 0 is used up.
fn share(used: f64, limit: Option<f64>, of_peers: f64) -> f64 {
    match limit.unwrap_or(of_peers) {
        limit if limit > 0.0 => used / limit,
        _ if limit.is_some() => f64::INFINITY,
        _ => 0.0,
    }
}
