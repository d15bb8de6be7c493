//! Strategy names: our own, and synonyms from LiteLLM and litellm-rs.

use std::{error::Error, fmt};

/// How the targets of a group are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// In listed order.
    #[default]
    Sequential,
    /// Round-robin: the least recently used first.
    RoundRobin,
    /// Round-robin, in proportion to the weights, evenly spread.
    WeightedRoundRobin,
    /// At random, in proportion to the weights.
    WeightedRandom,
    /// The fewest calls in flight relative to the weight.
    LeastBusy,
    /// The faster of two chosen at random.
    LowestLatency,
    /// The lowest expected cost of the request.
    LowestCost,
    /// The less used of two chosen at random, over the last minute and relative to its limit if known.
    UsageBased,
    /// The largest remaining share of its rate limits.
    RateLimitAware,
}

/// An unknown strategy name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStrategy {
    given: String,
    nearest: Option<&'static str>,
}

/// Names and their meanings. Our own come first.
const NAMES: [(&str, Strategy); 19] = [
    ("sequential", Strategy::Sequential),
    ("round_robin", Strategy::RoundRobin),
    ("weighted_round_robin", Strategy::WeightedRoundRobin),
    ("weighted_random", Strategy::WeightedRandom),
    ("least_busy", Strategy::LeastBusy),
    ("lowest_latency", Strategy::LowestLatency),
    ("lowest_cost", Strategy::LowestCost),
    ("usage_based", Strategy::UsageBased),
    ("rate_limit_aware", Strategy::RateLimitAware),
    // LiteLLM's `routing_strategy`. `least-busy` is our own name too, and `simple-shuffle` is also litellm-rs's.
    ("simple_shuffle", Strategy::WeightedRandom),
    ("usage_based_routing", Strategy::UsageBased),
    ("usage_based_routing_v2", Strategy::UsageBased),
    ("latency_based_routing", Strategy::LowestLatency),
    ("cost_based_routing", Strategy::LowestCost),
    // It chooses by LiteLLM's metadata, and takes the first target if there is none.
    ("lar1", Strategy::Sequential),
    // litellm-rs: the rest of its seven names are our own.
    ("latency_based", Strategy::LowestLatency),
    ("cost_based", Strategy::LowestCost),
    ("random", Strategy::WeightedRandom),
    ("weighted", Strategy::WeightedRandom),
];

/// How many of `NAMES` are our own.
const OURS: usize = 9;
/// Longer names are not compared for suggestions.
const MAX_COMPARED: usize = 64;
const ALIKE: f64 = 0.5;

impl Strategy {
    /// Our names, in the order of the documentation.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().take(OURS).map(|(name, _)| *name)
    }

    /// Every accepted name, with our own name for it.
    pub fn synonyms() -> impl Iterator<Item = (&'static str, &'static str)> {
        NAMES.iter().skip(OURS).map(|(name, strategy)| (*name, strategy.name()))
    }

    /// Our name for it.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, strategy)| *strategy == self).map_or("", |(name, _)| name)
    }

    /// The strategy with this name, in our, LiteLLM's or litellm-rs's spelling. Hyphens count as underscores,
    /// `LeastBusy` as `least_busy`.
    ///
    /// # Errors
    ///
    /// The name is unknown; the error suggests the nearest one.
    pub fn parse(name: &str) -> Result<Self, UnknownStrategy> {
        let normal = normalized(name);
        match NAMES.iter().find(|(known, _)| *known == normal) {
            Some((_, strategy)) => Ok(*strategy),
            None => Err(UnknownStrategy { given: name.to_owned(), nearest: nearest(&normal) }),
        }
    }
}

fn normalized(name: &str) -> String {
    let mut normal = String::with_capacity(name.len() + 4);
    for character in name.trim().chars().take(MAX_COMPARED + 1) {
        if character.is_ascii_uppercase() && normal.ends_with(|last: char| last.is_ascii_lowercase()) {
            normal.push('_');
        }
        normal.push(match character {
            '-' | ' ' => '_',
            _ => character.to_ascii_lowercase(),
        });
    }
    normal
}

fn nearest(name: &str) -> Option<&'static str> {
    if name.len() > MAX_COMPARED {
        return None;
    }
    NAMES
        .iter()
        .map(|(known, _)| (strsim::normalized_damerau_levenshtein(name, known), *known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| known)
}

impl fmt::Display for UnknownStrategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given: String = self.given.chars().take(MAX_COMPARED).flat_map(char::escape_debug).collect();
        write!(formatter, "'{given}' is not a routing strategy; ")?;
        if let Some(nearest) = self.nearest {
            write!(formatter, "did you mean '{nearest}'? ")?;
        }
        write!(formatter, "known: {}", Strategy::names().collect::<Vec<_>>().join(", "))
    }
}

impl Error for UnknownStrategy {}
