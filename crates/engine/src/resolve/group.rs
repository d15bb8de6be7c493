//! Model groups: interchangeable targets, as configured.

use crate::{
    failover::FailoverOn,
    option_defaults::OptionDefaults,
    policy_options::{BreakerOptions, RetryOptions},
    routing_options::{Hedge, OwnStrategy},
    strategy::Strategy,
};
use ferrule_catalog::Catalog;
use std::{sync::Arc, time::Duration};

/// A group: a name with targets.
#[derive(Clone, Debug, Default)]
pub struct GroupSettings {
    /// Its name. One `*` matches any text, which replaces a `*` in its targets.
    pub name: String,
    /// Its targets.
    pub targets: Vec<GroupTarget>,
    /// How they are ordered for a call, and the group's other rules.
    pub rules: GroupRules,
    /// Models to try if the prompt is too long for every target.
    pub context_fallback: Vec<String>,
    /// Models to try if a content filter refuses.
    pub content_filter_fallback: Vec<String>,
}

/// One target of a group.
#[derive(Clone, Debug, Default)]
pub struct GroupTarget {
    /// `provider/model`, an alias, a bare name, or another group.
    pub model: String,
    /// Its settings.
    pub settings: TargetSettings,
}

/// A group's settings for one of its targets.
#[derive(Clone, Debug)]
pub struct TargetSettings {
    /// Its share relative to the others, for weighted strategies.
    pub weight: f64,
    /// The tags that calls may require ([`crate::RoutingOptions::tags`]).
    pub tags: Vec<String>,
    /// The maximum number of concurrent calls to it.
    pub concurrency: Option<u32>,
    /// Option defaults for calls to it.
    pub options: Option<Arc<OptionDefaults>>,
    /// The key of the provider that was made for this target alone ([`crate::ProviderSettings::variant`]).
    pub provider: Option<String>,
    /// The model whose embeddings are the same.
    pub same_as: Option<String>,
    /// The catalog with this target's prices.
    pub catalog: Option<Arc<Catalog>>,
}

impl Default for TargetSettings {
    fn default() -> Self {
        Self {
            weight: 1.0,
            tags: Vec::new(),
            concurrency: None,
            options: None,
            provider: None,
            same_as: None,
            catalog: None,
        }
    }
}

/// The rules of a group.
#[derive(Clone, Debug, Default)]
pub struct GroupRules {
    /// How they are ordered for a call.
    pub strategy: Strategy,
    /// A custom strategy in place of the built-in one.
    pub own: Option<OwnStrategy>,
    /// Whether a conversation stays with one target even if its calls name no session: its beginning identifies it.
    pub sticky: bool,
    /// Whether and when a second target is tried while the first is silent.
    pub hedge: Option<Hedge>,
    /// The share of calls, from 0 to 1, that may be hedged.
    pub hedge_share: Option<f64>,
    /// Whether another target continues a stream that breaks off.
    pub continue_streams: Option<bool>,
    /// How long a target may be silent while another is left.
    pub first_token: Option<Duration>,
    /// The failures after which another target is tried, if not the defaults.
    pub failover_on: Option<FailoverOn>,
    /// Retries of its calls.
    pub retry: RetryOptions,
    /// Circuit breakers of its targets.
    pub breaker: BreakerOptions,
}
