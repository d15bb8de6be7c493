//! Order of targets: who is asked first, who next, and why.

use super::{
    key::{Key, Tier, tier},
    name::Strategy,
    scores::Scores,
    target::TargetSnapshot,
};
use std::{cmp::Reverse, collections::BinaryHeap, fmt};

/// The order in which targets are to be asked. It is worked out as far as it is read: most calls need the first one only.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    targets: &'a [TargetSnapshot],
    by: By,
    scores: Scores<'a>,
    random: fastrand::Rng,
    /// Who comes before all others.
    first: Option<usize>,
    is_first_given: bool,
    /// The others, once they were needed.
    rest: Option<BinaryHeap<Reverse<Key>>>,
}

/// What an order is by.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Strategy(Strategy),
    Session,
}

/// A target, by its index, and why it has its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Its index in the snapshot.
    pub target: usize,
    /// Why it is here.
    pub reason: Reason,
}

/// Why a target has its place in an order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// It is listed here.
    Listed,
    /// It is its turn, or it comes after the one whose turn it is.
    Turn,
    /// The dice, loaded by the weights.
    Chance,
    /// So many calls are under way, for a weight of 1.
    InFlight(f64),
    /// It is expected to take so many milliseconds, with its load taken into account.
    Latency(f64),
    /// It is expected to cost so much.
    Cost(f64),
    /// This share of its limit was used, or so many tokens where no limit is known.
    Usage(f64),
    /// This share of its rate limits is left.
    Remaining(f64),
    /// The caller's own function chose it.
    Own,
    /// The conversation belongs here, or would without those before.
    Session,
    /// It has a weight of 0: it is asked where nobody else can be.
    NoWeight,
    /// It cannot take a call now: it is asked after those who can.
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
    /// The order of `targets` with `first` before all others, and these by their `scores`, equal ones at random.
    pub(super) fn new(
        targets: &'a [TargetSnapshot],
        first: Option<usize>,
        scores: Scores<'a>,
        by: By,
        random: fastrand::Rng,
    ) -> Self {
        Self { targets, by, scores, random, first, is_first_given: first.is_none(), rest: None }
    }

    /// How many targets are left.
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
