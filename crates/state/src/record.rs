//! Records of a journal, one line of JSON each.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// Spending of counters at this time (milliseconds since 1970).
    #[serde(rename = "s")]
    Spent(i64, Vec<Booking>),
    /// A call, or a part of one that was made at another target.
    #[serde(rename = "c")]
    Call(Box<CallRecord>),
}

/// The period of spending while nothing was known of the counter: the one in which it arrives.
pub(crate) const ANY_PERIOD: u64 = 0;

/// Spending of one counter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    /// The counter.
    #[serde(rename = "n")]
    pub name: String,
    /// The period of the block.
    #[serde(rename = "p")]
    pub period: u64,
    /// The reported part.
    #[serde(rename = "r", with = "decimal", default, skip_serializing_if = "is_zero")]
    pub reported: u128,
    /// The estimated part.
    #[serde(rename = "e", with = "decimal", default, skip_serializing_if = "is_zero")]
    pub estimated: u128,
}

/// A call that ended, as the ledger keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Its unique id.
    pub id: String,
    /// When it ended, in milliseconds since 1970.
    pub at: i64,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The name that the caller used, if different.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The caller's metadata.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// `answered`, `interrupted` or `failed`; `part` for a part of a call that another record counts.
    pub end: String,
    /// Input tokens, as far as reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Output tokens, as far as reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Input tokens read from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<u64>,
    /// Input tokens written to a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Output tokens used for reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// The cost in 10^-24 dollars, if known.
    #[serde(default, with = "optional_decimal", skip_serializing_if = "Option::is_none")]
    pub cost: Option<u128>,
}

fn is_zero(amount: &u128) -> bool {
    *amount == 0
}

/// Amounts as text: not every JSON reader supports such large numbers.
mod decimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

mod optional_decimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(amount: &Option<u128>, serializer: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => serializer.collect_str(amount),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u128>, D::Error> {
        let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}
