//! User-defined catalog entries: additional models, and corrections of built-in ones.

use crate::{
    model::{Facts, Model},
    pattern::Pattern,
    prices::{Prices, WrittenPrices, WrittenRates},
    source::Source,
};
use serde::Deserialize;
use std::{error, fmt, sync::Arc};

/// A model as written in the data and in configuration.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Written {
    #[serde(default)]
    pub(crate) id: Option<String>,
    #[serde(default, rename = "match")]
    names: Option<Pattern>,
    #[serde(default)]
    prices: Option<WrittenPrices>,
    #[serde(default)]
    variants: Vec<WrittenRates>,
    #[serde(flatten)]
    facts: Facts,
}

/// The fields an entry may have.
const FIELDS: [&str; 13] = [
    "name",
    "match",
    "context_window",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "tools",
    "structured_output",
    "reasoning",
    "deprecated",
    "category",
    "prices",
    "variants",
];

impl Written {
    pub(crate) fn model(self, id: &str, provider: Arc<str>, source: &Arc<Source>) -> Result<Model, String> {
        let prices = match self.prices {
            Some(prices) => Prices::read(&prices, &self.variants, source)?,
            None if self.variants.is_empty() => Prices::default(),
            None => return Err("variants without prices".into()),
        };
        Ok(Model { id: id.into(), provider, facts: self.facts, prices, names: self.names })
    }
}

/// A user's own entry.
#[derive(Clone, Debug)]
pub struct Entry(pub(crate) Model);

/// An error in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryError(String);

impl fmt::Display for EntryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl error::Error for EntryError {}

impl Entry {
    /// The entry for `provider/model`, from JSON as in configuration: `{"context_window": 128000, "prices":
    /// {"input_mtok": 2.5, "output_mtok": 10}}`. Prices are in dollars; each name includes its quantity.
    pub fn read(name: &str, json: &str) -> Result<Self, EntryError> {
        let wrong = |what: String| EntryError(format!("models.\"{name}\": {what}"));
        let (provider, id) = name
            .split_once('/')
            .filter(|(provider, id)| !provider.is_empty() && !id.is_empty())
            .ok_or_else(|| wrong("expected `provider/model` as the name".into()))?;
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(json).map_err(|error| wrong(format!("expected a table: {error}")))?;
        if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
            return Err(wrong(format!("there is no field `{unknown}`; known are: {}", FIELDS.join(", "))));
        }
        let written: Written = serde_json::from_value(serde_json::Value::Object(fields))
            .map_err(|error| wrong(error.to_string()))?;
        let source = Arc::new(Source { name: "configuration".into(), ..Source::default() });
        let model = written.model(id, provider.to_lowercase().into(), &source).map_err(wrong)?;
        Ok(Self(model))
    }
}
