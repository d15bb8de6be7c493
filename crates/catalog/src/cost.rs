//! Cost of one response, in parts by unit.

use crate::{
    amount::{Amount, Rate},
    prices::{Priced, Rates},
    quantities::Quantities,
    source::Source,
    unit::{UNITS, Unit},
};
use std::sync::Arc;

/// The cost of one response, in dollars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The total.
    pub total: Amount,
    /// Its parts. Each token is counted in one part only: tokens read from a cache are not in `input_tokens`.
    pub parts: Vec<Part>,
    /// The source of the prices.
    pub source: Arc<Source>,
    /// Whether the provider itself reported it.
    pub reported: bool,
}

/// The cost of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The unit.
    pub unit: &'static Unit,
    /// The quantity, without what another part counts.
    pub quantity: u64,
    /// Their cost.
    pub amount: Amount,
}

impl Cost {
    /// The cost reported by the provider.
    pub fn reported(total: Amount, provider: &str) -> Self {
        let source = Arc::new(Source { name: provider.into(), ..Source::default() });
        Self { total, parts: Vec::new(), source, reported: true }
    }
}

impl Cost {
    /// The sum of both costs, for the same response or for several; `None` if it is too large.
    ///
    /// The parts are those of the whole sum, or there are none: a provider reports just a total. It counts as reported
    /// if both were. The source combines the names of both, with the version, date and licence that they share.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Option<Self> {
        let is_partial = self.is_total_only() || other.is_total_only();
        self.total = self.total.checked_add(other.total)?;
        self.reported &= other.reported;
        if self.source != other.source {
            self.source = Arc::new(self.source.joined(&other.source));
        }
        if is_partial {
            self.parts.clear();
            return Some(self);
        }
        for part in other.parts {
            match self.parts.iter_mut().find(|known| known.unit == part.unit) {
                Some(known) => {
                    known.quantity = known.quantity.checked_add(part.quantity)?;
                    known.amount = known.amount.checked_add(part.amount)?;
                }
                None => self.parts.push(part),
            }
        }
        Some(self)
    }

    /// The sum of the costs of several responses; `None` if one of them is not known, or there are none.
    pub fn sum(costs: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        costs.into_iter().reduce(|sum, cost| sum?.plus(cost?)).flatten()
    }

    /// Whether the parts do not explain the total. A free response has none.
    fn is_total_only(&self) -> bool {
        self.parts.is_empty() && self.total != Amount::ZERO
    }
}

/// The cost of `quantities` at `rates`: `None` if a relevant quantity is unknown, nothing known has a price, or the sum
/// is too large. Free units cost nothing, whatever their quantity.
///
/// A part without a price is charged with its whole: without a cache price the input price applies. Exceptions are
/// audio, which mostly costs many times as much as text, and content cached for half an hour, an hour or twelve, at up
/// to twice the usual price: without a separate price their cost is unknown. Parts that exceed their whole, as some
/// providers report them, are charged in full, and the rest of the whole is 0.
pub(crate) fn cost(rates: &Rates, quantities: &Quantities, source: &Arc<Source>) -> Option<Cost> {
    let is_free = !rates.0.is_empty() && rates.0.iter().all(|priced| priced.rate(u64::MAX) == Rate::FREE);
    if is_free {
        return Some(Cost {
            total: Amount::ZERO,
            parts: Vec::new(),
            source: Arc::clone(source),
            reported: false,
        });
    }
    if quantities.is_empty() {
        return None;
    }
    let has_price = |place: usize| rates.0.iter().any(|priced| priced.place == place);
    let needs_own_price = |unit: &Unit| unit.is_sound_tokens() || unit.is_kept_unusually();
    if UNITS
        .iter()
        .enumerate()
        .filter(|(_, unit)| needs_own_price(unit))
        .any(|(place, _)| quantities.get(place).is_some_and(|count| count > 0) && !has_price(place))
    {
        return None;
    }
    let input = quantities.input();
    let mut own: Vec<(&Priced, u64)> = Vec::with_capacity(rates.0.len());
    let mut is_known = false;
    let mut total = Amount::ZERO;
    let mut parts = Vec::with_capacity(rates.0.len());
    // The most specific come first, so that the parts of a whole have been counted before it.
    for priced in &rates.0 {
        let rate = priced.rate(input);
        let quantity = match quantities.get(priced.place) {
            Some(quantity) => {
                is_known = true;
                quantity
            }
            None if priced.unit.name == "requests" => 1,
            None if priced.unit.is_whole_tokens() && rate != Rate::FREE => return None,
            None => 0,
        };
        let inside = own.iter().filter(|(part, _)| part.unit.is_part_of(priced.unit));
        let quantity = inside.fold(quantity, |left, (_, part)| left.saturating_sub(*part));
        own.push((priced, quantity));
        if quantity > 0 {
            let amount = rate.times(quantity, priced.unit.per)?;
            total = total.checked_add(amount)?;
            parts.push(Part { unit: priced.unit, quantity, amount });
        }
    }
    is_known.then(|| Cost { total, parts, source: Arc::clone(source), reported: false })
}
