//! Rotation: whose turn it is in a group, for the strategies that take turns.

use super::order::{Ranking, is_able};
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{Mutex, PoisonError},
};

/// Whose turn it is in a group. It is kept by what the targets are, not by their places, so that it stays fair when targets
/// come and go, or when calls may ask different ones.
#[derive(Debug, Default)]
pub struct Rotation(Mutex<Turns>);

#[derive(Clone, Debug, Default)]
struct Turns {
    /// How many turns were taken.
    taken: u64,
    of: HashMap<u64, Turn, BuildHasherDefault<AsItIs>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Turn {
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

    /// Whoever had its turn longest ago, then all others at random: the calls of one that fails are spread over them.
    pub(super) fn take_turns(&self, ranking: &mut Ranking<'_>) {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.forget(ranking);
        let turns = &mut *turns;
        let mut longest: Option<(u64, u64, usize)> = None;
        let targets = ranking.targets;
        for (index, target) in targets.iter().enumerate() {
            if is_able(target) {
                let last = turns.of.get(&target.identity).map_or(0, |turn| turn.last);
                let candidate = (last, ranking.random().u64(..), index);
                longest = Some(longest.map_or(candidate, |longest| longest.min(candidate)));
            }
        }
        ranking.rank(|_| 0.0);
        if let Some((_, _, index)) = longest
            && let Some(target) = targets.get(index)
        {
            turns.taken += 1;
            turns.of.entry(target.identity).or_default().last = turns.taken;
            ranking.choose(index);
        }
    }

    /// Smooth weighted turns, as of nginx: each is owed its weight per turn, and whoever is owed most has the turn and pays
    /// for it what all were given.
    pub(super) fn take_weighted_turns(&self, ranking: &mut Ranking<'_>) {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.forget(ranking);
        let turns = &mut *turns;
        let mut given = 0.0;
        for target in ranking.targets.iter().filter(|target| is_able(target)) {
            given += target.weight;
            turns.of.entry(target.identity).or_default().credit += target.weight;
        }
        // Credits lie within what all were given, on both sides of 0.
        let offset = given * 2.0;
        ranking.rank(|target| {
            offset - turns.of.get(&target.identity).map_or(0.0, |turn| turn.credit).clamp(-offset, offset)
        });
        if let Some(first) =
            ranking.first().and_then(|index| ranking.targets.get(index)).filter(|t| is_able(t))
            && let Some(turn) = turns.of.get_mut(&first.identity)
        {
            turn.credit -= given;
        }
    }
}

impl Turns {
    /// Forgets targets that are gone, where there are many.
    fn forget(&mut self, ranking: &Ranking<'_>) {
        if self.of.len() > ranking.targets.len() + REMEMBERED {
            self.of.retain(|identity, _| ranking.targets.iter().any(|target| target.identity == *identity));
        }
    }
}

/// A hasher for what is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
