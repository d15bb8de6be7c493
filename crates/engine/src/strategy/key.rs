//! Sort key of a target: tier, score, random tie-breaker and index, packed into one word.

use super::target::TargetSnapshot;

/// The sort key of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u64);

/// Targets of a lower tier come first, whatever their scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    Able,
    NoWeight,
    Unavailable,
}

const TIER_SHIFT: u32 = 62;
const SCORE_SHIFT: u32 = 32;
const CHANCE_SHIFT: u32 = 16;
const SIXTEEN: u64 = 0xffff;

impl Key {
    /// The index is truncated to 16 bits; groups are limited to fewer targets.
    pub(super) fn new(tier: Tier, score: f32, chance: u64, target: usize) -> Self {
        let tier = match tier {
            Tier::Able => 0,
            Tier::NoWeight => 1,
            Tier::Unavailable => 2_u64,
        };
        Self(
            tier << TIER_SHIFT
                | score_bits(score) << SCORE_SHIFT
                | (chance & SIXTEEN) << CHANCE_SHIFT
                | target as u64 & SIXTEEN,
        )
    }

    pub(super) fn tier(self) -> Tier {
        match self.0 >> TIER_SHIFT {
            0 => Tier::Able,
            1 => Tier::NoWeight,
            _ => Tier::Unavailable,
        }
    }

    pub(super) fn score(self) -> f32 {
        f32::from_bits(((self.0 >> SCORE_SHIFT) << 1) as u32 & !(1 << 31))
    }

    pub(super) fn target(self) -> usize {
        (self.0 & SIXTEEN) as usize
    }
}

/// The bits of a non-negative score sort like the number. One bit of 24 makes room for the tier.
fn score_bits(score: f32) -> u64 {
    // NaN sorts last. 0 may be negative.
    let score = if score.is_nan() { f32::INFINITY } else { score.max(0.0).abs() };
    u64::from(score.to_bits() >> 1)
}

/// Whether it is eligible as the first choice.
pub(super) fn is_able(target: &TargetSnapshot) -> bool {
    target.available && target.weight > 0.0
}

/// The tier of a target.
pub(super) fn tier(target: &TargetSnapshot) -> Tier {
    if !target.available {
        Tier::Unavailable
    } else if target.weight > 0.0 {
        Tier::Able
    } else {
        Tier::NoWeight
    }
}
