//! Source of facts and prices.

use serde::Deserialize;
use std::sync::Arc;

/// Separates the names of several sources.
const SEPARATOR: &str = ", ";

/// The source of facts and prices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Source {
    /// The publisher.
    pub name: String,
    /// The version of the data.
    #[serde(default)]
    pub version: Option<String>,
    /// For prices: the day on which they were compared with the provider's own page, or from which they apply; the
    /// later of the two. For a catalog: the day on which its data was imported.
    #[serde(default)]
    pub date: Option<String>,
    /// The licence of the data.
    #[serde(default)]
    pub licence: Option<String>,
}

impl Source {
    /// This source with the date of some prices.
    pub(crate) fn dated(self: &Arc<Self>, date: Option<&str>) -> Arc<Self> {
        if self.date.as_deref() == date {
            return Arc::clone(self);
        }
        Arc::new(Self { date: date.map(str::to_owned), ..Self::clone(self) })
    }

    /// The source of combined data: the names of both, each once, and the other fields that are equal.
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
