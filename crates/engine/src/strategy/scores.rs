//! Scores of targets, lowest first, and how the first target of an order is chosen by them.

use super::{
    key::{is_able, tier},
    latency::Peers,
    pick::Pick,
    rotation::Rotation,
    session,
    target::TargetSnapshot,
    usage::Limits,
};

/// What the targets of a group are ranked by.
#[derive(Clone, Debug)]
pub(super) enum Scores<'a> {
    /// Listed order.
    Index,
    /// All alike.
    Equal,
    /// Chance, in proportion to the weights.
    Chance,
    /// The credit of each in this rotation, which credited this sum per turn. Looked up when a second target is needed.
    Turns(&'a Rotation, f64),
    /// The credit of each target, in their order, higher being better.
    Credit(Vec<f64>),
    /// The conversation that the call belongs to.
    Session(u64),
    /// Calls in flight per unit of weight.
    InFlight,
    Latency(Peers),
    /// Cost; this value if not known.
    Cost(f64),
    Usage(Limits),
    /// The used share of the rate limits; this share is left if not known.
    Remaining(f64),
}

impl Scores<'_> {
    /// Looks up what is needed to rank the targets after the first.
    pub(super) fn look_up(&mut self, targets: &[TargetSnapshot]) {
        if let Self::Turns(rotation, given) = self {
            // Credits are within the credited sum on both sides of 0; scores must not be negative.
            let offset = *given * 2.0;
            *self = Self::Credit(rotation.owed(targets).into_iter().map(|credit| offset - credit).collect());
        }
    }

    /// The score of a target. Scores below 0 count as 0.
    pub(super) fn score(&self, index: usize, target: &TargetSnapshot, random: &mut fastrand::Rng) -> f64 {
        match self {
            Self::Index => index as f64,
            Self::Equal | Self::Turns(..) => 0.0,
            // Exponentially distributed times with the weights as rates give that order.
            Self::Chance => session::exponential(random.u64(..)) / target.weight,
            Self::Credit(credits) => credits.get(index).copied().unwrap_or_default(),
            Self::Session(session) => session::distance(*session, target),
            Self::InFlight => f64::from(target.in_flight) / target.weight,
            Self::Latency(peers) => peers.score(target),
            Self::Cost(unknown) => target.cost.unwrap_or(*unknown),
            Self::Usage(limits) => limits.score(target),
            Self::Remaining(unknown) => 1.0 - target.remaining.unwrap_or(*unknown).clamp(0.0, 1.0),
        }
    }

    /// The first target by tier and score, ties broken at random.
    pub(super) fn lowest(&self, targets: &[TargetSnapshot], random: &mut fastrand::Rng) -> Option<usize> {
        let mut pick = Pick::new();
        for (index, target) in targets.iter().enumerate() {
            let score = self.score(index, target, random);
            let score = if score.is_nan() { f64::INFINITY } else { score.max(0.0) };
            pick.offer((tier(target), score), index, random);
        }
        pick.finish()
    }

    /// The better of two eligible targets chosen at random: the one with the lower score, or either if the scores are
    /// nearly equal. Then callers with the same view do not all go to the same target.
    pub(super) fn lower_of_two(
        &self,
        targets: &[TargetSnapshot],
        random: &mut fastrand::Rng,
    ) -> Option<usize> {
        let able = targets.iter().filter(|target| is_able(target)).count();
        if able < 2 {
            return self.lowest(targets, random);
        }
        let one = random.usize(..able);
        let other = random.usize(..able - 1);
        let other = if other >= one { other + 1 } else { other };
        let ((one, first), (other, second)) = (nth_able(targets, one)?, nth_able(targets, other)?);
        let (score, against) = (self.score(one, first, random), self.score(other, second, random));
        let is_tie = (score - against).abs() <= TIE * score.min(against);
        let first_wins = if is_tie { random.bool() } else { score < against };
        Some(if first_wins { one } else { other })
    }
}

/// Scores that differ by no more than this share of the lower one are ties.
const TIE: f64 = 0.15;

fn nth_able(targets: &[TargetSnapshot], nth: usize) -> Option<(usize, &TargetSnapshot)> {
    targets.iter().enumerate().filter(|(_, target)| is_able(target)).nth(nth)
}

/// One of the eligible targets at random, in proportion to the weights.
pub(super) fn drawn(targets: &[TargetSnapshot], random: &mut fastrand::Rng) -> Option<usize> {
    let able = || targets.iter().enumerate().filter(|(_, target)| is_able(target));
    let total: f64 = able().map(|(_, target)| target.weight).sum();
    let mut left = random.f64() * total;
    let is_drawn = |(_, target): &(usize, &TargetSnapshot)| {
        left -= target.weight;
        left < 0.0
    };
    // Rounding may leave a remainder.
    able().find(is_drawn).or_else(|| able().next_back()).map(|(index, _)| index)
}
