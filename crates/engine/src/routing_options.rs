//! Routing options of a call, which take precedence over those of its group.

use crate::{failover::FailoverOn, strategy::Strategy};
use std::{any::Any, fmt, sync::Arc, time::Duration};

/// How one call is routed. Absent values are decided by its group.
#[derive(Clone, Debug, Default)]
pub struct RoutingOptions {
    /// How the targets are ordered.
    pub strategy: Option<Strategy>,
    /// A custom strategy in place of the built-in one.
    pub own: Option<OwnStrategy>,
    /// The order that the custom strategy returned: indices into the list that it was given.
    pub order: Option<Vec<usize>>,
    /// Only these targets, if any are named: a provider's id, `provider/model`, or a variant.
    pub only: Vec<String>,
    /// None of these targets, named in the same way.
    pub exclude: Vec<String>,
    /// Only targets that have all of these tags.
    pub tags: Vec<String>,
    /// The conversation that the call belongs to: it stays with one target while that is healthy.
    pub session: Option<String>,
    /// The maximum number of targets that are tried.
    pub max_targets: Option<u32>,
    /// Whether and when a second target is tried while the first is silent.
    pub hedge: Option<Hedge>,
    /// The share of calls, from 0 to 1, that may be hedged.
    pub hedge_share: Option<f64>,
    /// Whether another target continues a stream that breaks off.
    pub continue_streams: Option<bool>,
    /// How long a target may be silent while another is left.
    pub first_token: Option<Duration>,
    /// The failures after which another target is tried.
    pub failover_on: Option<FailoverOn>,
    /// Whether only the plan is wanted: a dry run. The caller must not make the call then.
    pub dry_run: bool,
}

/// When a second target is tried while the first is silent; the first answer wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hedge {
    /// Never.
    #[default]
    Off,
    /// After the 95th percentile of the latency of the group's fastest target.
    AfterP95,
    /// After this long.
    After(Duration),
}

/// A custom strategy: a caller's value that orders the targets before the call begins. The engine just passes it on.
#[derive(Clone)]
pub struct OwnStrategy {
    /// Its name for messages.
    pub name: String,
    /// The value that the caller invokes.
    pub value: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for OwnStrategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("OwnStrategy").field(&self.name).finish()
    }
}

/// The options of a call that sets none.
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
