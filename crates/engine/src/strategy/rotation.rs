//! Rotation of a group, for the strategies that take turns.

use super::{key::is_able, pick::Pick, target::TargetSnapshot};
use std::sync::{Mutex, PoisonError};

/// The turns of a group's targets. They are kept by identity, not by index, so that rotation stays fair when targets
/// come and go, or when calls may use different ones.
#[derive(Debug, Default)]
pub struct Rotation(Mutex<Turns>);

#[derive(Clone, Debug, Default)]
struct Turns {
    /// The number of turns taken.
    taken: u64,
    /// The turns of each known target, in the order in which they are usually listed.
    of: Vec<Turn>,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    identity: u64,
    /// The number of its last turn; 0 for none.
    last: u64,
    /// Its credit, in weights.
    credit: f64,
}

/// Removed targets are remembered until there are this many more than in the group.
const REMEMBERED: usize = 256;

impl Rotation {
    /// A copy with the same state, which advances separately.
    pub(crate) fn copy(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    /// Takes the turn of the least recently used target.
    pub(super) fn take_turn(&self, targets: &[TargetSnapshot], random: &mut fastrand::Rng) -> Option<usize> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.forget(targets);
        let (mut longest, mut expected) = (Pick::new(), 0);
        for (index, target) in targets.iter().enumerate().filter(|(_, target)| is_able(target)) {
            let place = turns.place(target.identity, expected);
            expected = place + 1;
            let last = turns.of.get(place).map_or(0, |turn| turn.last);
            longest.offer(last, (index, place), random);
        }
        let (index, place) = longest.finish()?;
        turns.taken += 1;
        let taken = turns.taken;
        turns.of.get_mut(place)?.last = taken;
        Some(index)
    }

    /// Smooth weighted round-robin, as in nginx: each turn credits every target with its weight; the one with the most
    /// credit takes the turn and pays the sum of what was credited. Also returns that sum, which no credit exceeds.
    pub(super) fn take_weighted_turn(
        &self,
        targets: &[TargetSnapshot],
        random: &mut fastrand::Rng,
    ) -> (Option<usize>, f64) {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.forget(targets);
        let (mut most, mut given, mut expected) = (Pick::new(), 0.0, 0);
        for (index, target) in targets.iter().enumerate() {
            if !is_able(target) {
                continue;
            }
            let place = turns.place(target.identity, expected);
            expected = place + 1;
            let Some(turn) = turns.of.get_mut(place) else { continue };
            given += target.weight;
            turn.credit += target.weight;
            most.offer(-turn.credit, (index, place), random);
        }
        let most = most.finish();
        if let Some(turn) = most.and_then(|(_, place)| turns.of.get_mut(place)) {
            turn.credit -= given;
            if !turn.credit.is_finite() {
                // The weights are near the limits of floating point: it would never accumulate credit again.
                turn.credit = 0.0;
            }
        }
        (most.map(|(index, _)| index), given)
    }

    /// The credit of each target, in order; zero if it has not been seen yet.
    pub(super) fn owed(&self, targets: &[TargetSnapshot]) -> Vec<f64> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut expected = 0;
        let owed = |target: &TargetSnapshot| {
            let place = turns.place(target.identity, expected);
            expected = place + 1;
            turns.of.get(place).map_or(0.0, |turn| turn.credit)
        };
        targets.iter().map(owed).collect()
    }
}

impl Turns {
    /// The index of a target's turn. The search starts where it is `expected`, as calls list their targets in the same
    /// order; an unknown target is added.
    fn place(&mut self, identity: u64, expected: usize) -> usize {
        let is_it = |turn: &Turn| turn.identity == identity;
        if self.of.get(expected).is_some_and(is_it) {
            return expected;
        }
        let (before, after) = self.of.split_at(expected.min(self.of.len()));
        let found = after.iter().position(is_it).map(|place| before.len() + place);
        found.or_else(|| before.iter().position(is_it)).unwrap_or_else(|| {
            self.of.push(Turn { identity, last: 0, credit: 0.0 });
            self.of.len() - 1
        })
    }

    /// Forgets removed targets if there are many.
    fn forget(&mut self, targets: &[TargetSnapshot]) {
        if self.of.len() > targets.len() + REMEMBERED {
            self.of.retain(|turn| targets.iter().any(|target| target.identity == turn.identity));
        }
    }
}
