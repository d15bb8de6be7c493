//! Routing strategies: the order in which the targets of a group are tried.
//!
//! Pure: an order is computed from a snapshot of the targets, without a clock, I/O or waiting. A strategy's view of a
//! target is a [`TargetSnapshot`]; `statistics` collects it, and `filter` first removes the targets that may not be
//! used at all. The only state kept between calls is a group's [`Rotation`].

mod filter;
mod key;
mod latency;
mod name;
mod order;
mod pick;
mod rotation;
mod scores;
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

use latency::Peers;
use order::By;
use scores::{Scores, drawn};
use usage::{Limits, Mean};

impl Strategy {
    /// The order in which to try `targets` for one call.
    ///
    /// `session` is the [`session_hash`] of the conversation that the call belongs to, if it should stay with one
    /// target: every strategy but `sequential` then keeps it there. `rotation` belongs to the group, and is advanced by
    /// the strategies that take turns. Ties are broken by `random`.
    pub fn order<'a>(
        self,
        targets: &'a [TargetSnapshot],
        session: Option<u64>,
        rotation: &'a Rotation,
        random: &mut fastrand::Rng,
    ) -> Order<'a> {
        if let Some(session) = session.filter(|_| self != Self::Sequential) {
            let scores = Scores::Session(session);
            return Order::new(targets, scores.lowest(targets, random), scores, By::Session, random.fork());
        }
        let mean =
            |known: fn(&TargetSnapshot) -> Option<f64>| Mean::from_known(targets.iter().filter_map(known));
        let (first, scores) = match self {
            Self::Sequential => (None, Scores::Index),
            Self::RoundRobin => (rotation.take_turn(targets, random), Scores::Equal),
            Self::WeightedRoundRobin => {
                let (first, given) = rotation.take_weighted_turn(targets, random);
                (first, Scores::Turns(rotation, given))
            }
            Self::WeightedRandom => (drawn(targets, random), Scores::Chance),
            Self::LeastBusy => (None, Scores::InFlight),
            Self::LowestLatency => {
                let scores = Scores::Latency(Peers::new(targets));
                (scores.lower_of_two(targets, random), scores)
            }
            Self::LowestCost => (None, Scores::Cost(mean(|target| target.cost).or(0.0))),
            Self::UsageBased => {
                let scores = Scores::Usage(Limits::new(targets));
                (scores.lower_of_two(targets, random), scores)
            }
            Self::RateLimitAware => (None, Scores::Remaining(mean(|target| target.remaining).or(1.0))),
        };
        let first = first.or_else(|| scores.lowest(targets, random));
        Order::new(targets, first, scores, By::Strategy(self), random.fork())
    }
}

#[cfg(test)]
mod tests;
