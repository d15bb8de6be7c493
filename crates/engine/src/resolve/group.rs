//! Model groups: targets that answer for each other, as the configuration says them.

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
    /// Its name. One `*` stands for any text, and is put in place of a `*` in its targets.
    pub name: String,
    /// Who may be asked.
    pub targets: Vec<GroupTarget>,
    /// How they are ordered for a call, and what else decides about them.
    pub rules: GroupRules,
    /// Models that are asked where the prompt is too long for every target.
    pub context_fallback: Vec<String>,
    /// Models that are asked where a content filter refuses.
    pub content_filter_fallback: Vec<String>,
}

/// One target of a group.
#[derive(Clone, Debug, Default)]
pub struct GroupTarget {
    /// `provider/model`, an alias, a bare name, or another group.
    pub model: String,
    /// What is said of it.
    pub settings: TargetSettings,
}

/// What a group says of one of its targets.
#[derive(Clone, Debug)]
pub struct TargetSettings {
    /// Its share, relative to the others', for the strategies that use weights.
    pub weight: f64,
    /// What calls may ask for ([`crate::RoutingOptions::tags`]).
    pub tags: Vec<String>,
    /// The most calls that are under way there at a time.
    pub concurrency: Option<u32>,
    /// The options of a call there that does not give them itself.
    pub options: Option<Arc<OptionDefaults>>,
    /// The key of the provider that was made for this target alone ([`crate::ProviderSettings::variant`]).
    pub provider: Option<String>,
    /// The model that its embeddings are the same as.
    pub same_as: Option<String>,
    /// The catalog with its own prices.
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

/// What decides about the targets of a group.
#[derive(Clone, Debug, Default)]
pub struct GroupRules {
    /// How they are ordered for a call.
    pub strategy: Strategy,
    /// A function of the user's own that orders them, in place of the strategy.
    pub own: Option<OwnStrategy>,
    /// Whether a conversation stays with one target, also where its calls name no session: its beginning identifies it.
    pub sticky: bool,
    /// Whether and when a second target is asked while the first is silent.
    pub hedge: Option<Hedge>,
    /// The share of calls, from 0 to 1, of which a second target may be asked.
    pub hedge_share: Option<f64>,
    /// Whether another target continues a stream that breaks off.
    pub continue_streams: Option<bool>,
    /// How long a target may be silent while another is left.
    pub first_token: Option<Duration>,
    /// The failures after which another target is asked, where not the usual ones.
    pub failover_on: Option<FailoverOn>,
    /// Retries of its calls.
    pub retry: RetryOptions,
    /// Circuit breakers of its targets.
    pub breaker: BreakerOptions,
}
