//! Status of keys, masked for display.

use super::{access::Place, key::Key, masked::masked};
use std::time::Duration;

/// One of several keys of a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyStatus {
    /// The provider, followed by `@` and its variant if there is one.
    pub provider: String,
    /// The key, masked.
    pub key: String,
    /// Its share of the calls, relative to the others.
    pub weight: f64,
    /// `usable`, `rate_limited` (at the models in `models`), `refused` (everywhere) or `unreadable`.
    pub state: &'static str,
    /// The time until it is usable again, at the first of those models.
    pub usable_in: Option<Duration>,
    /// The models at which it is suspended: it is rate limited, or may not use them.
    pub models: Vec<String>,
}

pub(super) fn key_status(key: &Key, provider: &str, now: u64) -> KeyStatus {
    let shown = match &key.place {
        Place::AtHand(ready) => ready.shown.clone(),
        // Until it has been fetched there is nothing to show.
        Place::Elsewhere(..) => key.state.shown().unwrap_or_else(|| masked("")),
    };
    let (models, first) = key.state.paused_at(now);
    let (state, until) = match key.state.refused_until(now) {
        Some(until) => ("refused", Some(until)),
        None if key.state.is_unreadable(now) => ("unreadable", None),
        None if models.is_empty() => ("usable", None),
        None => ("rate_limited", first),
    };
    KeyStatus {
        provider: provider.to_owned(),
        key: shown.to_string(),
        weight: key.weight,
        state,
        usable_in: until.map(|until| Duration::from_millis(until.saturating_sub(now))),
        models,
    }
}
