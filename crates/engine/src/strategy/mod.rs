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
mod target;
mod usage;

pub use filter::{Capabilities, Exclusion, TargetFacts, TargetFilter};
pub use name::{Strategy, UnknownStrategy};
pub use order::{Choice, Order, Reason};
pub use rotation::Rotation;
pub(crate) use session::Digest;
pub use session::session_hash;
pub use statistics::{InFlight, Statistics, StatisticsSnapshot};
pub use target::{Estimate, TargetSnapshot, Usage};

use order::{By, Ranking};

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
            return ranking.finish(By::Session);
        }
        match self {
            Self::Sequential => ranking.rank_by_index(),
            Self::RoundRobin => rotation.take_turns(&mut ranking),
            Self::WeightedRoundRobin => rotation.take_weighted_turns(&mut ranking),
            Self::WeightedRandom => ranking.rank_by_chance(),
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
        ranking.finish(By::Strategy(self))
    }
}

#[cfg(test)]
mod tests;
