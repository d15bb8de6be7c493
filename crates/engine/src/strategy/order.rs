//! Order of targets: who is asked first, who next, and why.

use super::{name::Strategy, target::TargetSnapshot};
use std::{cmp::Reverse, collections::BinaryHeap, fmt};

/// The order in which targets are to be asked. It is worked out as far as it is read.
#[derive(Clone, Debug)]
pub struct Order {
    by: By,
    keys: BinaryHeap<Reverse<Key>>,
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

impl Order {
    /// How many targets are left.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl Iterator for Order {
    type Item = Choice;

    fn next(&mut self) -> Option<Choice> {
        let Reverse(key) = self.keys.pop()?;
        let score = f64::from(key.score());
        let reason = match (key.tier(), self.by) {
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
        };
        Some(Choice { target: key.target(), reason })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl ExactSizeIterator for Order {}

/// What a target is sorted by: tier, score, chance, index, in this order, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    Chosen,
    Able,
    NoWeight,
    Unavailable,
}

const TIER_SHIFT: u32 = 62;
const SCORE_SHIFT: u32 = 32;
const CHANCE_SHIFT: u32 = 16;
const SIXTEEN: u64 = 0xffff;

impl Key {
    fn new(tier: Tier, score: f32, chance: u64, target: usize) -> Self {
        let tier = match tier {
            Tier::Chosen => 0,
            Tier::Able => 1,
            Tier::NoWeight => 2,
            Tier::Unavailable => 3_u64,
        };
        Self(
            tier << TIER_SHIFT
                | score_bits(score) << SCORE_SHIFT
                | (chance & SIXTEEN) << CHANCE_SHIFT
                | target as u64 & SIXTEEN,
        )
    }

    fn tier(self) -> Tier {
        match self.0 >> TIER_SHIFT {
            0 => Tier::Chosen,
            1 => Tier::Able,
            2 => Tier::NoWeight,
            _ => Tier::Unavailable,
        }
    }

    fn score(self) -> f32 {
        f32::from_bits(((self.0 >> SCORE_SHIFT) << 1) as u32 & !(1 << 31))
    }

    fn target(self) -> usize {
        (self.0 & SIXTEEN) as usize
    }
}

/// Differences up to this part of the lower one of two scores are none.
const TIE: f64 = 0.15;

/// The bits of a score that is not negative are in the order of their numbers. One bit of 24 makes room for the tier.
fn score_bits(score: f32) -> u64 {
    // NaN comes last. 0 may have a sign.
    let score = if score.is_nan() { f32::INFINITY } else { score.max(0.0).abs() };
    u64::from(score.to_bits() >> 1)
}

/// An order in the making.
pub(super) struct Ranking<'a> {
    pub(super) targets: &'a [TargetSnapshot],
    random: &'a mut fastrand::Rng,
    keys: Vec<Reverse<Key>>,
}

impl<'a> Ranking<'a> {
    /// # Panics
    /// Never. More than 65536 targets are not told apart; a group is not allowed as many.
    pub(super) fn new(targets: &'a [TargetSnapshot], random: &'a mut fastrand::Rng) -> Self {
        Self { targets, random, keys: Vec::with_capacity(targets.len()) }
    }

    /// Ranks the targets by a score each, the lowest first, equal ones at random. Scores below 0 count as 0.
    pub(super) fn rank(&mut self, mut score: impl FnMut(&TargetSnapshot) -> f64) {
        self.rank_with(|_, target, _| score(target));
    }

    pub(super) fn rank_by_index(&mut self) {
        self.rank_with(|index, _, _| index as f64);
    }

    /// At random, in proportion to the weights: exponential times, whose rates are the weights, happen in that order.
    pub(super) fn rank_by_chance(&mut self) {
        self.rank_with(|_, target, random| super::session::exponential(random.u64(..)) / target.weight);
    }

    pub(super) fn rank_with(
        &mut self,
        mut score: impl FnMut(usize, &TargetSnapshot, &mut fastrand::Rng) -> f64,
    ) {
        self.keys.clear();
        for (index, target) in self.targets.iter().enumerate() {
            let score = score(index, target, self.random);
            let key = Key::new(tier(target), score as f32, self.random.u64(..), index);
            self.keys.push(Reverse(key));
        }
    }

    /// Puts the better one of two targets, chosen at random, before all others: the lower score is better, and of scores that
    /// are nearly the same either. Callers with the same view then do not all go to the same target.
    pub(super) fn choose_of_two(&mut self, score: impl Fn(&TargetSnapshot) -> f64) {
        let targets = self.targets;
        let able = targets.iter().filter(|target| is_able(target)).count();
        if able < 2 {
            return;
        }
        let one = self.random.usize(..able);
        let other = self.random.usize(..able - 1);
        let other = if other >= one { other + 1 } else { other };
        let (Some((one, first)), Some((other, second))) = (nth_able(targets, one), nth_able(targets, other))
        else {
            return;
        };
        let (score, against) = (score(first), score(second));
        let is_tie = (score - against).abs() <= TIE * score.min(against);
        let first_wins = if is_tie { self.random.bool() } else { score < against };
        self.choose(if first_wins { one } else { other });
    }

    /// Puts one target before all others.
    pub(super) fn choose(&mut self, target: usize) {
        if let Some(Reverse(key)) = self.keys.get_mut(target) {
            *key = Key::new(Tier::Chosen, key.score(), 0, target);
        }
    }

    /// Whichever comes first as ranked so far.
    pub(super) fn first(&self) -> Option<usize> {
        self.keys.iter().map(|Reverse(key)| key).min().map(|key| key.target())
    }

    pub(super) fn random(&mut self) -> &mut fastrand::Rng {
        self.random
    }

    /// The order, with the reasons that it is `by`.
    pub(super) fn finish(self, by: By) -> Order {
        Order { by, keys: self.keys.into() }
    }
}

fn nth_able(targets: &[TargetSnapshot], nth: usize) -> Option<(usize, &TargetSnapshot)> {
    targets.iter().enumerate().filter(|(_, target)| is_able(target)).nth(nth)
}

/// Whether it may be chosen before others are ruled out.
pub(super) fn is_able(target: &TargetSnapshot) -> bool {
    target.available && target.weight > 0.0
}

fn tier(target: &TargetSnapshot) -> Tier {
    if !target.available {
        Tier::Unavailable
    } else if target.weight > 0.0 {
        Tier::Able
    } else {
        Tier::NoWeight
    }
}
