//! Call policy: the rules of a whole call, whatever the candidate.

use crate::{
    admission::AdmissionRules, observe::Events, patience::Patience, policy_options::RetryOptions,
    reply::Stats, timeout::Limits,
};
use ferrule_catalog::Catalog;
use std::sync::Arc;
use tokio::time::Instant;

/// The policy of all attempts of a call, and of all requests of a call that makes several.
#[derive(Clone, Debug)]
pub(crate) struct CallPolicy {
    pub(crate) limits: Limits,
    pub(crate) retry: RetryOptions,
    pub(crate) patience: Patience,
    pub(crate) started: Instant,
    /// The start of the call, in seconds since 1970: prices change.
    pub(crate) at: i64,
    /// The catalog for its prices; `None` for the built-in ones.
    pub(crate) catalog: Option<Arc<Catalog>>,
    /// The destination of the call's events.
    pub(crate) events: Events,
    /// Its limits and budgets.
    pub(crate) admission: Option<Arc<AdmissionRules>>,
}

impl CallPolicy {
    /// How long the call has taken so far.
    pub(crate) fn stats(&self) -> Stats {
        let duration = self.started.elapsed();
        Stats {
            started: self.started.into_std(),
            time_to_first_token: Some(duration),
            duration: Some(duration),
        }
    }
}
