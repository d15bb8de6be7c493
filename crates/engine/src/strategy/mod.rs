//! Routing strategies: in which order the targets of a group are asked.
//!
//! Pure: an order is made from a snapshot of the targets, without a clock, I/O or waiting. What strategies read of a target
//! is a [`TargetSnapshot`]; `statistics` collects it, `filter` takes out beforehand the targets that may not be asked at
//! all. The one thing that is remembered between calls is a group's [`Rotation`], whose turn it is.

mod filter;
mod latency;
mod name;
mod order;
mod rotation;
mod session;
mod statistics;
mod usage;

pub use filter::{Capabilities, Exclusion, TargetFacts, TargetFilter};
pub use name::{Strategy, UnknownStrategy};
pub use order::{Choice, Order, Reason};
pub use rotation::Rotation;
pub use session::session_hash;
pub use statistics::{InFlight, LimitReport, RateLimitReport, Statistics, StatisticsSnapshot};

use order::Ranking;

/// What a strategy knows of one target, at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetSnapshot {
    /// A hash of what makes the target this one, such as [`session_hash`] of its name and address: the same in every process,
    /// whatever else is in the group.
    pub identity: u64,
    /// How large a share it is to get, beside the others' weights. 0: only where nobody else can be asked.
    pub weight: f64,
    /// Whether it can take a call now. `false` (its breaker is open, its limit of concurrency or of rate is reached) puts it
    /// after all who can, in any strategy.
    pub available: bool,
    /// Calls under way.
    pub in_flight: u32,
    /// How slow it is, in milliseconds: of streams the time to the first token, of plain calls the time per output token.
    /// `None` where it is not known.
    pub latency: Option<Estimate>,
    /// What this request is expected to cost there, in any one currency. `None` where it is not known.
    pub cost: Option<f64>,
    /// What was used of it in the last minute, by our own counters.
    pub usage: Usage,
    /// Which share of its rate limits is left, from 0 to 1. `None` where it is not known.
    pub remaining: Option<f64>,
}

/// A figure, and how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// From 1 (measured just now) to 0 (as old as if it were not known).
    pub confidence: f64,
}

/// Use of a target in the last minute, and its limits per minute where they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Requests sent.
    pub requests: f64,
    /// Tokens of input and output.
    pub tokens: f64,
    /// Requests a minute that are allowed.
    pub request_limit: Option<f64>,
    /// Tokens a minute that are allowed.
    pub token_limit: Option<f64>,
}

impl Default for TargetSnapshot {
    fn default() -> Self {
        Self {
            identity: 0,
            weight: 1.0,
            available: true,
            in_flight: 0,
            latency: None,
            cost: None,
            usage: Usage::default(),
            remaining: None,
        }
    }
}

impl Strategy {
    /// The order in which `targets` are to be asked for one call.
    ///
    /// `session` is the [`session_hash`] of the conversation that the call belongs to, if it is to stay with one target:
    /// every strategy but `sequential` then keeps it there. `rotation` is of the group, and is moved on by the strategies
    /// that take turns. Equal targets are ordered by `random`.
    pub fn order(
        self,
        targets: &[TargetSnapshot],
        session: Option<u64>,
        rotation: &Rotation,
        random: &mut fastrand::Rng,
    ) -> Order {
        let mut ranking = Ranking::new(targets, random);
        if let Some(session) = session.filter(|_| self != Self::Sequential) {
            ranking.rank(|target| session::distance(session, target));
            return ranking.finish(Self::Sticky);
        }
        match self {
            Self::Sequential => ranking.rank_by_index(),
            Self::RoundRobin => rotation.take_turns(&mut ranking),
            Self::WeightedRoundRobin => rotation.take_weighted_turns(&mut ranking),
            Self::WeightedRandom | Self::Sticky => ranking.rank_by_chance(),
            Self::LeastBusy => ranking.rank(|target| f64::from(target.in_flight) / target.weight),
            Self::LowestLatency => latency::rank(&mut ranking),
            Self::LowestCost => {
                let known = usage::Mean::of(targets.iter().filter_map(|target| target.cost));
                ranking.rank(|target| target.cost.unwrap_or(known.or(0.0)));
            }
            Self::UsageBased => usage::rank_by_use(&mut ranking),
            Self::RateLimitAware => {
                let known = usage::Mean::of(targets.iter().filter_map(|target| target.remaining));
                ranking.rank(|target| 1.0 - target.remaining.unwrap_or(known.or(1.0)).clamp(0.0, 1.0));
            }
        }
        ranking.finish(if self == Self::Sticky { Self::WeightedRandom } else { self })
    }
}

#[cfg(test)]
mod tests;
