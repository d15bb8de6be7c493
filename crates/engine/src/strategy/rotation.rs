//! Rotation: whose turn it is in a group, for the strategies that take turns.

use super::{key::is_able, pick::Pick, target::TargetSnapshot};
use std::sync::{Mutex, PoisonError};

/// Whose turn it is in a group. It is kept by what the targets are, not by their places, so that it stays fair when targets
/// come and go, or when calls may ask different ones.
#[derive(Debug, Default)]
pub struct Rotation(Mutex<Turns>);

#[derive(Clone, Debug, Default)]
struct Turns {
    /// How many turns were taken.
    taken: u64,
    /// Of each target that was seen, in the order in which they are usually listed.
    of: Vec<Turn>,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    identity: u64,
    /// When it had its last turn; 0: never.
    last: u64,
    /// What it is owed, in weights.
    credit: f64,
}

/// Targets that left are remembered until there are so many more than in the group.
const REMEMBERED: usize = 256;

impl Rotation {
    /// One that is as far, and goes on for itself.
    pub(crate) fn copy(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    /// Whoever had its turn longest ago.
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

    /// Smooth weighted turns, as of nginx: each is owed its weight per turn, and whoever is owed most has the turn and pays
    /// for it what all were given. Also says what all were given, which nobody is owed more than.
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
                // Weights near the end of what numbers hold: it would never be owed anything again.
                turn.credit = 0.0;
            }
        }
        (most.map(|(index, _)| index), given)
    }

    /// What each of the targets is owed, in their order; nothing where it was not seen yet.
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
    /// The place of a target's turn. It is looked for from where it is `expected`, as calls list their targets in the same
    /// order; one that was not seen yet gets a place.
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

    /// Forgets targets that are gone, where there are many.
    fn forget(&mut self, targets: &[TargetSnapshot]) {
        if self.of.len() > targets.len() + REMEMBERED {
            self.of.retain(|turn| targets.iter().any(|target| target.identity == turn.identity));
        }
    }
}
