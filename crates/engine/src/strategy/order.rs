//! Order of targets: which is tried first, which next, and why.

use super::{
    key::{Key, Tier, tier},
    name::Strategy,
    scores::Scores,
    target::TargetSnapshot,
};
use std::{cmp::Reverse, collections::BinaryHeap, fmt};

/// The order in which to try targets. Computed lazily: most calls need only the first one.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    targets: &'a [TargetSnapshot],
    by: By,
    scores: Scores<'a>,
    random: fastrand::Rng,
    /// The first target.
    first: Option<usize>,
    is_first_given: bool,
    /// The others, once needed.
    rest: Option<BinaryHeap<Reverse<Key>>>,
}

/// The basis of an order.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Strategy(Strategy),
    Session,
}

/// A target, by its index, and why it has its position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Its index in the snapshot.
    pub target: usize,
    /// The reason for its position.
    pub reason: Reason,
}

/// The reason for a target's position in an order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// It is listed here.
    Listed,
    /// It is its turn, or it follows the one whose turn it is.
    Turn,
    /// By weighted chance.
    Chance,
    /// This many calls are in flight, per unit of weight.
    InFlight(f64),
    /// Its expected latency in milliseconds, with its load taken into account.
    Latency(f64),
    /// Its expected cost.
    Cost(f64),
    /// This share of its limit was used, or this many tokens if no limit is known.
    Usage(f64),
    /// This share of its rate limits is left.
    Remaining(f64),
    /// A custom strategy chose it.
    Own,
    /// The conversation belongs here, or would if those before were absent.
    Session,
    /// Its weight is 0: it is tried only if no other can be.
    NoWeight,
    /// It cannot accept a call now: it is tried after those that can.
    Unavailable,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed => formatter.write_str("in the order of the list"),
            Self::Turn => formatter.write_str("in turns"),
            Self::Chance => formatter.write_str("at random, by weight"),
            Self::InFlight(calls) => write!(formatter, "{calls} calls in flight for its weight"),
            Self::Latency(time) => write!(formatter, "expected latency {time:.1} ms"),
            Self::Cost(cost) => write!(formatter, "expected cost {cost:.6}"),
            Self::Usage(share) => write!(formatter, "used {share:.3} of its limit"),
            Self::Remaining(share) => write!(formatter, "{:.1} % of its rate limit left", share * 100.0),
            Self::Own => formatter.write_str("chosen by the strategy function"),
            Self::Session => formatter.write_str("by its session"),
            Self::NoWeight => formatter.write_str("has a weight of 0"),
            Self::Unavailable => formatter.write_str("cannot take a call now"),
        }
    }
}

impl<'a> Order<'a> {
    /// The order of `targets` with `first` in front and the others by `scores`, ties broken at random.
    pub(super) fn new(
        targets: &'a [TargetSnapshot],
        first: Option<usize>,
        scores: Scores<'a>,
        by: By,
        random: fastrand::Rng,
    ) -> Self {
        Self { targets, by, scores, random, first, is_first_given: first.is_none(), rest: None }
    }

    /// The number of targets left.
    pub fn len(&self) -> usize {
        let others = || self.targets.len() - usize::from(self.first.is_some());
        self.rest.as_ref().map_or_else(others, BinaryHeap::len) + usize::from(!self.is_first_given)
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The targets after the first.
    fn rest(&mut self) -> &mut BinaryHeap<Reverse<Key>> {
        let Self { targets, scores, random, first, rest, .. } = self;
        rest.get_or_insert_with(|| {
            scores.look_up(targets);
            let others = targets.iter().enumerate().filter(|(index, _)| Some(*index) != *first);
            let key = |(index, target)| {
                let score = scores.score(index, target, random);
                Reverse(Key::new(tier(target), score as f32, random.u64(..), index))
            };
            others.map(key).collect()
        })
    }

    fn reason(&self, tier: Tier, score: f64) -> Reason {
        match (tier, self.by) {
            (Tier::Unavailable, _) => Reason::Unavailable,
            (Tier::NoWeight, _) => Reason::NoWeight,
            (_, By::Strategy(Strategy::Sequential)) => Reason::Listed,
            (_, By::Strategy(Strategy::RoundRobin | Strategy::WeightedRoundRobin)) => Reason::Turn,
            (_, By::Strategy(Strategy::WeightedRandom)) => Reason::Chance,
            (_, By::Strategy(Strategy::LeastBusy)) => Reason::InFlight(score),
            (_, By::Strategy(Strategy::LowestLatency)) => Reason::Latency(score),
            (_, By::Strategy(Strategy::LowestCost)) => Reason::Cost(score),
            (_, By::Strategy(Strategy::UsageBased)) => Reason::Usage(score),
            (_, By::Strategy(Strategy::RateLimitAware)) => Reason::Remaining(1.0 - score),
            (_, By::Session) => Reason::Session,
        }
    }
}

impl Iterator for Order<'_> {
    type Item = Choice;

    fn next(&mut self) -> Option<Choice> {
        if !self.is_first_given
            && let Some(first) = self.first
            && let Some(target) = self.targets.get(first)
        {
            self.is_first_given = true;
            let score = self.scores.score(first, target, &mut self.random);
            return Some(Choice { target: first, reason: self.reason(tier(target), score) });
        }
        let Reverse(key) = self.rest().pop()?;
        Some(Choice { target: key.target(), reason: self.reason(key.tier(), f64::from(key.score())) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl ExactSizeIterator for Order<'_> {}
