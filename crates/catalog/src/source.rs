//! Source of facts and prices.

use serde::Deserialize;
use std::sync::Arc;

/// Between the names of several sources.
const SEPARATOR: &str = ", ";

/// Where facts and prices come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Source {
    /// Who publishes them.
    pub name: String,
    /// The version of the data.
    #[serde(default)]
    pub version: Option<String>,
    /// Of prices: the day on which they were compared with the provider's own page, or that from which they hold; the later
    /// one. Of a catalog: the day on which its data was taken over.
    #[serde(default)]
    pub date: Option<String>,
    /// The licence of the data.
    #[serde(default)]
    pub licence: Option<String>,
}

impl Source {
    /// This source of prices that are of `date`.
    pub(crate) fn dated(self: &Arc<Self>, date: Option<&str>) -> Arc<Self> {
        if self.date.as_deref() == date {
            return Arc::clone(self);
        }
        Arc::new(Self { date: date.map(str::to_owned), ..Self::clone(self) })
    }

    /// The source of what comes from both: the names of both, each once, and what else both say alike.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        let mut names: Vec<&str> = self.name.split(SEPARATOR).collect();
        for name in other.name.split(SEPARATOR) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let alike = |one: &Option<String>, two: &Option<String>| one.clone().filter(|_| one == two);
        Self {
            name: names.join(SEPARATOR),
            version: alike(&self.version, &other.version),
            date: alike(&self.date, &other.date),
            licence: alike(&self.licence, &other.licence),
        }
    }
}
