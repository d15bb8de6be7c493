//! Quantities used of each unit.

use crate::unit::{COUNT, Unit};
use ferrule_wire::model::Usage;

/// The quantity used of each unit; unreported ones are unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantities([Option<u64>; COUNT]);

impl Quantities {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the quantity of the unit called `name`. False if there is no such unit.
    pub fn set(&mut self, name: &str, quantity: u64) -> bool {
        let place = Unit::place_of(name).and_then(|place| self.0.get_mut(place));
        place.is_some_and(|known| {
            *known = Some(quantity);
            true
        })
    }

    pub(crate) fn get(&self, place: usize) -> Option<u64> {
        self.0.get(place).copied().flatten()
    }

    /// The whole input, which determines the tier.
    pub(crate) fn input(&self) -> u64 {
        self.0.first().copied().flatten().unwrap_or_default()
    }

    /// Whether nothing at all is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// The usage of an answer. If a provider reports only the parts of its cache writes, they add up to the whole.
impl From<&Usage> for Quantities {
    fn from(usage: &Usage) -> Self {
        // In the order of the first units in `UNITS`, as a test checks.
        let known = [
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_tokens,
            usage.cache_write_tokens.or_else(|| usage.sum_of_cache_writes()),
            usage.cache_write_5m_tokens,
            usage.cache_write_30m_tokens,
            usage.cache_write_1h_tokens,
            usage.cache_write_12h_tokens,
            usage.reasoning_tokens,
            usage.input_audio_tokens,
            usage.output_audio_tokens,
        ];
        let mut quantities = Self::default();
        for (place, quantity) in quantities.0.iter_mut().zip(known) {
            *place = quantity;
        }
        quantities
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_in_the_order_of_their_units() {
        let usage = Usage {
            input_tokens: Some(1),
            output_tokens: Some(2),
            cache_read_tokens: Some(3),
            cache_write_tokens: Some(4),
            cache_write_5m_tokens: Some(5),
            cache_write_30m_tokens: Some(6),
            cache_write_1h_tokens: Some(7),
            cache_write_12h_tokens: Some(8),
            reasoning_tokens: Some(9),
            input_audio_tokens: Some(10),
            output_audio_tokens: Some(11),
            ..Usage::default()
        };
        let mut by_name = Quantities::new();
        let names = [
            "input_tokens",
            "output_tokens",
            "cache_read_tokens",
            "cache_write_tokens",
            "cache_write_5m_tokens",
            "cache_write_30m_tokens",
            "cache_write_1h_tokens",
            "cache_write_12h_tokens",
            "reasoning_tokens",
            "input_audio_tokens",
            "output_audio_tokens",
        ];
        for (name, quantity) in names.into_iter().zip(1..) {
            assert!(by_name.set(name, quantity), "{name}");
        }
        assert_eq!(Quantities::from(&usage), by_name);
        assert!(!by_name.set("total_tokens", 1));
    }

    #[test]
    fn parts_of_a_cache_write_add_up_to_the_whole() {
        let usage =
            Usage { cache_write_5m_tokens: Some(5), cache_write_1h_tokens: Some(6), ..Usage::default() };
        assert_eq!(Quantities::from(&usage).get(3), Some(11));
        let usage =
            Usage { cache_write_30m_tokens: Some(5), cache_write_12h_tokens: Some(7), ..Usage::default() };
        assert_eq!(Quantities::from(&usage).get(3), Some(12));
    }
}
