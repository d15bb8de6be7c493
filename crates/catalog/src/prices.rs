//! Prices of a model, by date and time of day, by the size of the prompt, and by how the request was made.

use crate::{
    amount::{NotAnAmount, Rate},
    unit::{UNITS, Unit},
};
use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};
use serde::Deserialize;
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeMap};

const DAY: i64 = 86_400;

/// How a request was made, where that changes the price: `("processing", "batch")`, `("service_tier", "flex")`,
/// `("speed", "fast")`. Compared exactly; what no price asks for is ignored.
pub type Context<'a> = [(&'a str, &'a str)];

/// A model's prices. Empty where none is known.
#[derive(Clone, Debug, Default)]
pub struct Prices {
    /// The last whose condition holds counts; where none does, the first.
    conditional: Vec<(Option<Condition>, Rates)>,
    /// The first that fits counts, for each unit.
    variants: Vec<Variant>,
}

#[derive(Clone, Copy, Debug)]
enum Condition {
    /// Seconds since 1970.
    From(i64),
    /// Seconds of the day, in UTC; the end is not in it, and may be the next day's.
    Between(i64, i64),
}

impl Condition {
    const fn holds(self, at: i64) -> bool {
        match self {
            Self::From(start) => at >= start,
            Self::Between(start, end) => {
                let time = at.rem_euclid(DAY);
                if end < start { time >= start || time < end } else { start <= time && time < end }
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Variant {
    when: Vec<(String, String)>,
    condition: Option<Condition>,
    rates: Rates,
}

/// What each unit costs, the most special first: so parts are counted before their wholes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rates(pub(crate) Vec<Priced>);

/// What one unit costs.
#[derive(Clone, Debug)]
pub(crate) struct Priced {
    /// The unit's place in [`UNITS`].
    pub(crate) place: usize,
    pub(crate) unit: &'static Unit,
    base: Rate,
    /// From more than so many input tokens, ascending.
    tiers: Vec<(u64, Rate)>,
}

impl Priced {
    /// Tiers are cliffs: a prompt above the threshold pays the tier's price for all of it.
    pub(crate) fn rate(&self, input_tokens: u64) -> Rate {
        self.tiers.iter().rev().find(|(start, _)| input_tokens > *start).map_or(self.base, |(_, rate)| *rate)
    }
}

impl Prices {
    /// Whether no price is known.
    pub fn is_empty(&self) -> bool {
        self.conditional.iter().all(|(_, rates)| rates.0.is_empty())
    }

    /// The prices at `at` (seconds since 1970) for a request made as `context` says.
    pub(crate) fn at(&self, at: i64, context: &Context<'_>) -> Option<Cow<'_, Rates>> {
        let holds = |condition: &Option<Condition>| condition.is_none_or(|condition| condition.holds(at));
        let current = self.conditional.iter().rev().find(|(condition, _)| holds(condition));
        let (_, standard) = current.or_else(|| self.conditional.first())?;
        if context.is_empty() || self.variants.is_empty() {
            return Some(Cow::Borrowed(standard));
        }
        let mut merged: Vec<Priced> = Vec::new();
        for variant in &self.variants {
            let asked = |(key, value): &(String, String)| context.contains(&(key.as_str(), value.as_str()));
            if holds(&variant.condition) && variant.when.iter().all(asked) {
                merge(&mut merged, &variant.rates);
            }
        }
        merge(&mut merged, standard);
        Some(Cow::Owned(Rates::sorted(merged)))
    }
}

/// Adds what `merged` has no price for yet.
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
        // As it was written: a number is never made a float of ours and back.
        Value::Number(number) => number.to_string().parse(),
        other => return Err(format!("{other} is not a price: expected dollars")),
    };
    parsed.map_err(|error: NotAnAmount| error.to_string())
}

/// Prices as they are written: one table, or a list of tables with conditions.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum WrittenPrices {
    Conditional(Vec<WrittenRates>),
    Plain(BTreeMap<String, Value>),
}

/// One table of prices, and when it counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenRates {
    rates: BTreeMap<String, Value>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    between: Option<(String, String)>,
    #[serde(default)]
    when: BTreeMap<String, String>,
}

impl WrittenRates {
    fn condition(&self) -> Result<Option<Condition>, String> {
        let time = |text: &str| {
            let time: Time =
                text.parse().map_err(|_| format!("prices: `{text}` is not a time of day (HH:MM:SS)"))?;
            Ok::<_, String>(
                i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second()),
            )
        };
        match (&self.from, &self.between) {
            (None, None) => Ok(None),
            (Some(text), None) => {
                let date: Date =
                    text.parse().map_err(|_| format!("prices: `{text}` is not a date (YYYY-MM-DD)"))?;
                let start = date.to_zoned(TimeZone::UTC).map_err(|error| format!("prices: {error}"))?;
                Ok(Some(Condition::From(start.timestamp().as_second())))
            }
            (None, Some((start, end))) => Ok(Some(Condition::Between(time(start)?, time(end)?))),
            (Some(_), Some(_)) => Err("prices: a table has `from` or `between`, not both".into()),
        }
    }
}

impl Prices {
    pub(crate) fn read(prices: &WrittenPrices, variants: &[WrittenRates]) -> Result<Self, String> {
        let conditional = match prices {
            WrittenPrices::Plain(rates) => vec![(None, Rates::read(rates)?)],
            WrittenPrices::Conditional(tables) => tables
                .iter()
                .map(|table| Ok((table.condition()?, Rates::read(&table.rates)?)))
                .collect::<Result<_, String>>()?,
        };
        let variants = variants
            .iter()
            .map(|variant| {
                Ok(Variant {
                    when: variant.when.clone().into_iter().collect(),
                    condition: variant.condition()?,
                    rates: Rates::read(&variant.rates)?,
                })
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { conditional, variants })
    }
}

impl Prices {
    /// What each unit costs at `at` in a request made as `context` says with a prompt of `input_tokens`.
    pub fn list(&self, at: i64, context: &Context<'_>, input_tokens: u64) -> Vec<(&'static Unit, Rate)> {
        let rates = self.at(at, context);
        let priced = rates.iter().flat_map(|rates| &rates.0);
        priced.map(|priced| (priced.unit, priced.rate(input_tokens))).collect()
    }
}
