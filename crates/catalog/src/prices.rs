//! Prices of a model: by date, day of the week and time of day, by the size of the prompt, and by conditions of the
//! request.

use crate::{
    amount::{NotAnAmount, Rate},
    period::{Period, WrittenPeriod},
    source::Source,
    unit::{UNITS, Unit},
};
use serde::Deserialize;
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// Conditions of a request that affect the price: `("processing", "batch")`, `("service_tier", "flex")`, `("speed",
/// "fast")`. Compared exactly; conditions that no price mentions are ignored.
pub type Context<'a> = [(&'a str, &'a str)];

/// A model's prices. Empty if none is known.
#[derive(Clone, Debug, Default)]
pub struct Prices {
    /// The last applicable one counts.
    tables: Vec<Table>,
    /// The first matching one counts, for each unit.
    variants: Vec<Variant>,
}

/// Prices for a period.
#[derive(Clone, Debug)]
struct Table {
    period: Period,
    rates: Rates,
    /// The source of these prices, with their date.
    source: Arc<Source>,
}

#[derive(Clone, Debug)]
struct Variant {
    when: Vec<(String, String)>,
    table: Table,
}

/// The price of each unit, the most specific first: so parts are counted before their wholes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rates(pub(crate) Vec<Priced>);

/// The price of one unit.
#[derive(Clone, Debug)]
pub(crate) struct Priced {
    /// The unit's index in [`UNITS`].
    pub(crate) place: usize,
    pub(crate) unit: &'static Unit,
    base: Rate,
    /// Prices above a number of input tokens, ascending.
    tiers: Vec<(u64, Rate)>,
}

impl Priced {
    /// Tiers are cliffs: a prompt above the threshold pays the tier's price for all its tokens.
    pub(crate) fn rate(&self, input_tokens: u64) -> Rate {
        self.tiers.iter().rev().find(|(start, _)| input_tokens > *start).map_or(self.base, |(_, rate)| *rate)
    }
}

impl Prices {
    /// Whether no price is known.
    pub fn is_empty(&self) -> bool {
        self.tables.iter().all(|table| table.rates.0.is_empty())
    }

    /// The prices at `at` (seconds since 1970) for a request with the conditions `context`, and their source.
    pub(crate) fn at(&self, at: i64, context: &Context<'_>) -> Option<(Cow<'_, Rates>, &Arc<Source>)> {
        let current = self.tables.iter().rev().find(|table| table.period.holds(at));
        // Before the first table begins it is the best guess; after the end of the last, nothing is known.
        let first = || self.tables.first().filter(|table| !table.period.is_over(at));
        let standard = current.or_else(first)?;
        let mut source = &standard.source;
        if context.is_empty() || self.variants.is_empty() {
            return Some((Cow::Borrowed(&standard.rates), source));
        }
        let mut merged: Vec<Priced> = Vec::new();
        for variant in &self.variants {
            let asked = |(key, value): &(String, String)| context.contains(&(key.as_str(), value.as_str()));
            if variant.table.period.holds(at) && variant.when.iter().all(asked) {
                if merged.is_empty() {
                    source = &variant.table.source;
                }
                merge(&mut merged, &variant.table.rates);
            }
        }
        merge(&mut merged, &standard.rates);
        Some((Cow::Owned(Rates::sorted(merged)), source))
    }
}

/// Adds prices that `merged` does not have yet.
fn merge(merged: &mut Vec<Priced>, rates: &Rates) {
    for priced in &rates.0 {
        if merged.iter().all(|other| other.place != priced.place) {
            merged.push(priced.clone());
        }
    }
}

impl Rates {
    fn sorted(mut priced: Vec<Priced>) -> Self {
        priced.sort_by_key(|priced| (std::cmp::Reverse(priced.unit.rank()), priced.place));
        Self(priced)
    }

    fn read(written: &BTreeMap<String, Value>) -> Result<Self, String> {
        let read = |(name, value): (&String, &Value)| {
            let place = Unit::place_of_price(name);
            let Some((place, unit)) = place.and_then(|place| Some((place, UNITS.get(place)?))) else {
                let known: Vec<&str> = UNITS.iter().map(|unit| unit.price).collect();
                return Err(format!("prices: there is no price `{name}`; known are: {}", known.join(", ")));
            };
            let (base, tiers) = price(value).map_err(|error| format!("prices.{name}: {error}"))?;
            Ok(Priced { place, unit, base, tiers })
        };
        written.iter().map(read).collect::<Result<_, _>>().map(Self::sorted)
    }
}

/// `"2.5"`, `2.5`, or with tiers `["1.25", [200000, "2.5"]]`.
fn price(value: &Value) -> Result<(Rate, Vec<(u64, Rate)>), String> {
    let Value::Array(items) = value else { return Ok((rate(value)?, Vec::new())) };
    let (base, tiers) = items.split_first().ok_or("expected a price")?;
    let mut tiers = tiers
        .iter()
        .map(|tier| match tier.as_array().map(Vec::as_slice) {
            Some([start, price]) => {
                let start =
                    start.as_u64().ok_or_else(|| format!("{start} is not a number of input tokens"))?;
                Ok((start, rate(price)?))
            }
            _ => Err(format!("{tier} is not a tier: expected [input tokens, price]")),
        })
        .collect::<Result<Vec<_>, String>>()?;
    tiers.sort_by_key(|(start, _)| *start);
    Ok((rate(base)?, tiers))
}

fn rate(value: &Value) -> Result<Rate, String> {
    let parsed = match value {
        Value::String(text) => text.parse(),
        // As written: a number is never converted to a float and back.
        Value::Number(number) => number.to_string().parse(),
        other => return Err(format!("{other} is not a price: expected dollars")),
    };
    parsed.map_err(|error: NotAnAmount| error.to_string())
}

/// Prices as written: one table, or a list of tables with conditions.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum WrittenPrices {
    Conditional(Vec<WrittenRates>),
    Plain(BTreeMap<String, Value>),
}

/// One table of prices, with its conditions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenRates {
    rates: BTreeMap<String, Value>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    between: Option<(String, String)>,
    #[serde(default)]
    days: Option<Vec<String>>,
    #[serde(default)]
    except: Vec<String>,
    /// The day on which the prices were compared with the provider's own page.
    #[serde(default)]
    checked: Option<String>,
    #[serde(default)]
    when: BTreeMap<String, String>,
}

impl WrittenRates {
    fn table(&self, source: &Arc<Source>) -> Result<Table, String> {
        let period = Period::read(&WrittenPeriod {
            from: self.from.as_deref(),
            until: self.until.as_deref(),
            between: self.between.as_ref().map(|(start, end)| (start.as_str(), end.as_str())),
            days: self.days.as_deref(),
            except: &self.except,
        })
        .map_err(|error| format!("prices: {error}"))?;
        let begins = self.from.as_deref().and_then(|from| from.get(..10));
        let source = source.dated(self.checked.as_deref().max(begins));
        Ok(Table { period, rates: Rates::read(&self.rates)?, source })
    }
}

impl Prices {
    pub(crate) fn read(
        prices: &WrittenPrices,
        variants: &[WrittenRates],
        source: &Arc<Source>,
    ) -> Result<Self, String> {
        let tables = match prices {
            WrittenPrices::Plain(rates) => {
                let source = source.dated(None);
                vec![Table { period: Period::default(), rates: Rates::read(rates)?, source }]
            }
            WrittenPrices::Conditional(tables) => {
                tables.iter().map(|table| table.table(source)).collect::<Result<_, String>>()?
            }
        };
        let read = |variant: &WrittenRates| {
            let when = variant.when.clone().into_iter().collect();
            Ok(Variant { when, table: variant.table(source)? })
        };
        Ok(Self { tables, variants: variants.iter().map(read).collect::<Result<_, String>>()? })
    }
}

impl Prices {
    /// The price of each unit at `at` in a request with the conditions `context` and a prompt of `input_tokens`.
    pub fn list(&self, at: i64, context: &Context<'_>, input_tokens: u64) -> Vec<(&'static Unit, Rate)> {
        let rates = self.at(at, context);
        let priced = rates.iter().flat_map(|(rates, _)| &rates.0);
        priced.map(|priced| (priced.unit, priced.rate(input_tokens))).collect()
    }
}
