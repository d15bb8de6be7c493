//! Routing options of a call: how the targets of its group are chosen, over what the group says.

use crate::{failover::FailoverOn, strategy::Strategy};
use std::{any::Any, fmt, sync::Arc, time::Duration};

/// How one call is routed. What is absent is decided by its group.
#[derive(Clone, Debug, Default)]
pub struct RoutingOptions {
    /// How the targets are ordered.
    pub strategy: Option<Strategy>,
    /// A function of the caller's own that orders the targets, in place of a strategy.
    pub own: Option<OwnStrategy>,
    /// The order that the caller's own function made: the places of targets in the list that it was given.
    pub order: Option<Vec<usize>>,
    /// Only these targets, where any are named: a provider's id, `provider/model`, or a variant.
    pub only: Vec<String>,
    /// None of these targets, named in the same way.
    pub exclude: Vec<String>,
    /// Only targets that have all of these tags.
    pub tags: Vec<String>,
    /// The conversation that the call is part of: it stays with one target while that is healthy.
    pub session: Option<String>,
    /// The most targets that are asked.
    pub max_targets: Option<u32>,
    /// Whether and when a second target is asked while the first is silent.
    pub hedge: Option<Hedge>,
    /// The share of calls, from 0 to 1, of which a second target may be asked.
    pub hedge_share: Option<f64>,
    /// Whether another target continues a stream that breaks off.
    pub continue_streams: Option<bool>,
    /// How long a target may be silent while another is left.
    pub first_token: Option<Duration>,
    /// The failures after which another target is asked.
    pub failover_on: Option<FailoverOn>,
    /// Whether only the plan of the call is wanted: a dry run. It is up to the caller not to make the call then.
    pub dry_run: bool,
}

/// When a second target is asked while the first one is silent; whichever answers first wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hedge {
    /// Never.
    #[default]
    Off,
    /// After the 95th percentile of the times of the group's fastest target.
    AfterP95,
    /// After this long.
    After(Duration),
}

/// A strategy that the engine does not know: something of the caller's, which orders the targets before the call begins.
/// The engine only passes it on.
#[derive(Clone)]
pub struct OwnStrategy {
    /// What it is called, for people.
    pub name: String,
    /// What it is, for whoever calls it.
    pub value: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for OwnStrategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("OwnStrategy").field(&self.name).finish()
    }
}

/// What a call says of routing where it says nothing.
pub(crate) static NOTHING: RoutingOptions = RoutingOptions {
    strategy: None,
    own: None,
    order: None,
    only: Vec::new(),
    exclude: Vec::new(),
    tags: Vec::new(),
    session: None,
    max_targets: None,
    hedge: None,
    hedge_share: None,
    continue_streams: None,
    first_token: None,
    failover_on: None,
    dry_run: false,
};
