//! Source of facts and prices.

use serde::Deserialize;

/// Where facts and prices come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Source {
    /// Who publishes them.
    pub name: String,
    /// The version of the data.
    #[serde(default)]
    pub version: Option<String>,
    /// The date of the data.
    #[serde(default)]
    pub date: Option<String>,
    /// The licence of the data.
    #[serde(default)]
    pub licence: Option<String>,
}
