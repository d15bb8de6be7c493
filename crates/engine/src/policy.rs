//! Call policy: the limits that hold for a whole call, whatever the candidate.

use crate::{
    admission::AdmissionRules, observe::Events, patience::Patience, policy_options::RetryOptions,
    reply::Stats, timeout::Limits,
};
use ferrule_catalog::Catalog;
use std::sync::Arc;
use tokio::time::Instant;

/// What holds for all attempts of a call, and for all requests of a call that makes several.
#[derive(Clone, Debug)]
pub(crate) struct CallPolicy {
    pub(crate) limits: Limits,
    pub(crate) retry: RetryOptions,
    pub(crate) patience: Patience,
    pub(crate) started: Instant,
    /// When it began, in seconds since 1970: prices change.
    pub(crate) at: i64,
    /// Whose prices count; those built in where `None`.
    pub(crate) catalog: Option<Arc<Catalog>>,
    /// Where events of the call go.
    pub(crate) events: Events,
    /// Its limits and budgets.
    pub(crate) admission: Option<Arc<AdmissionRules>>,
}

impl CallPolicy {
    /// How long the call took until now.
    pub(crate) fn stats(&self) -> Stats {
        let duration = self.started.elapsed();
        Stats {
            started: self.started.into_std(),
            time_to_first_token: Some(duration),
            duration: Some(duration),
        }
    }
}
