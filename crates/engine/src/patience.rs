//! Patience of a call: how long a target may be silent, whether another is tried meanwhile, and whether one continues
//! its stream.

use crate::{
    pace::HEDGED_SHARE,
    resolve::GroupRules,
    routing_options::{Hedge, RoutingOptions},
};
use std::time::Duration;

/// The timing part of a call's routing: the call's options, or else its group's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Patience {
    pub(crate) hedge: Hedge,
    /// The share of calls, from 0 to 1, that may be hedged. Small, as it is part of every call's future.
    pub(crate) hedge_share: f32,
    pub(crate) continue_streams: bool,
    /// How long a target may be silent; by default derived from its own latency.
    pub(crate) first_token: Option<Duration>,
}

impl Patience {
    /// The patience of a call with these options to a group with these rules.
    pub(crate) fn new(options: &RoutingOptions, rules: Option<&GroupRules>) -> Self {
        Self {
            hedge: options.hedge.or_else(|| rules?.hedge).unwrap_or_default(),
            hedge_share: options.hedge_share.or_else(|| rules?.hedge_share).unwrap_or(HEDGED_SHARE) as f32,
            continue_streams: options.continue_streams.or_else(|| rules?.continue_streams).unwrap_or(false),
            first_token: options.first_token.or_else(|| rules?.first_token),
        }
    }
}
