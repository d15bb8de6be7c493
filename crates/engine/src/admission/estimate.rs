//! Estimates of attempts: the maximum of tokens and money that one may use at its target.

use super::measured::{Kind, Measured};
use ferrule_catalog::{Amount, Catalog, Quantities};

/// The maximum usage of an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Estimate {
    pub(crate) input: u64,
    pub(crate) output: u64,
    /// Whether the tokens are just the model's maximum, because nothing limits them.
    pub(crate) is_open: bool,
    /// Their cost; if unknown, the reason.
    pub(crate) cost: Result<Amount, &'static str>,
    /// Whether its model reasons before it answers, so that more tokens may be generated than are delivered.
    pub(crate) thinks: bool,
}

/// The target, and its prices.
#[derive(Clone, Copy)]
pub(crate) struct Priced<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    /// In seconds since 1970.
    pub(crate) at: i64,
}

impl Priced<'_> {
    /// The maximum cost of these tokens and the other quantities in `measured`.
    pub(crate) fn cost(&self, input: u64, output: u64, measured: &Measured) -> Option<Amount> {
        let found = self.catalog.find(self.provider, self.model)?;
        let tier = measured.tier.as_deref().map(|tier| ("service_tier", tier));
        let contexts: [Vec<(&str, &str)>; 2] = [Vec::new(), tier.into_iter().collect()];
        let caches: &[Option<&str>] = if measured.caches {
            &[None, Some("cache_write_tokens"), Some("cache_write_1h_tokens")]
        } else {
            &[None]
        };
        let mut most: Option<Amount> = None;
        for context in &contexts {
            for cached in caches {
                let mut quantities = Quantities::new();
                quantities.set("input_tokens", input);
                quantities.set("output_tokens", output);
                for (name, quantity) in &measured.other_units {
                    quantities.set(name, *quantity);
                }
                if let Some(cached) = cached {
                    quantities.set(cached, input);
                }
                let cost = found.price(&quantities, self.at, context).map(|cost| cost.total);
                most = most.max(cost);
            }
        }
        most
    }
}

impl Estimate {
    /// The maximum usage of `measured` at the target described by `priced`.
    pub(crate) fn new(measured: &Measured, priced: Priced<'_>) -> Self {
        let found = priced.catalog.find(priced.provider, priced.model);
        let facts = found.map(|found| &found.model().facts);
        let window = facts.and_then(|facts| facts.context_window);
        let thinks = facts.and_then(|facts| facts.reasoning) == Some(true);
        let (input, output) = (measured.input.or(window), measured.output);
        let largest = facts.and_then(|facts| facts.max_output_tokens).or(window);
        let is_open = output.is_none() || measured.input.is_none();
        let output = output.or(largest);
        let known = output.map(|output| output.saturating_mul(measured.answers));
        let cost = match measured.kind {
            Kind::Free => Ok(Amount::ZERO),
            Kind::Unbounded(why) => Err(why),
            Kind::Bounded => match (input, known) {
                (Some(input), Some(output)) => priced
                    .cost(input, output, measured)
                    .ok_or("the catalog has no price of its model: give it one under `models`"),
                (None, _) => Err("only its model knows how many tokens its images or files are"),
                (_, None) => Err(
                    "neither the call nor the catalog limits its answer: set max_tokens, or reserve_output",
                ),
            },
        };
        Self { input: input.unwrap_or(0), output: known.unwrap_or(0), is_open, cost, thinks }
    }

    /// The estimate of an attempt that is not measured.
    pub(crate) const fn nothing() -> Self {
        Self { input: 0, output: 0, is_open: true, cost: Ok(Amount::ZERO), thinks: false }
    }

    /// All tokens.
    pub(crate) fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}
