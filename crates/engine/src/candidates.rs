//! Candidates of a call: providers with their models, group settings and states.

use crate::{
    error::CallError,
    failover::Reason,
    failure::Failure,
    keys::{KeyRing, NoKey},
    options::{CallOptions, Timeouts},
    pace::Pace,
    plan::{Pool, Refusal, Rules, Seat},
    policy::CallPolicy,
    policy_options::{AllOpen, RetryOptions},
    provider::Provider,
    reply::Attempt,
    resolve::{Group, TargetSettings},
    retry_budget::RetryBudget,
    strategy,
    target_state::{Lease, OnOpen, TargetState},
};
use ferrule_catalog::Catalog;
use ferrule_wire::breaker::BreakerSettings;
use std::sync::Arc;

/// A provider to try, with its own name of the model.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    pub(crate) provider: Arc<Provider>,
    pub(crate) model: String,
    pub(crate) settings: Option<Arc<TargetSettings>>,
    pub(crate) pool: Pool,
    /// `None` if the call addresses this provider directly, whatever its state.
    pub(crate) state: Option<Arc<TargetState>>,
    pub(crate) breaker: BreakerSettings,
    /// Its position before candidates were dropped or reordered.
    pub(crate) place: usize,
    /// Its model's context window in tokens, if known and if there is another candidate.
    pub(crate) window: Option<u64>,
    /// Why it has its position.
    pub(crate) reason: Option<strategy::Reason>,
    /// Called when its breaker opens.
    pub(crate) opened: Option<OnOpen>,
}

/// A target that a call skips, and why.
#[derive(Clone, Debug)]
pub struct PassedOver {
    /// The provider's id.
    pub provider: String,
    /// The provider's name of the model.
    pub model: String,
    /// What distinguishes it from others with the same provider and model.
    pub variant: Option<String>,
    /// Why it is skipped.
    pub why: String,
}

impl PassedOver {
    /// Its name for messages.
    pub fn name(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{}/{}@{variant}", self.provider, self.model),
            None => format!("{}/{}", self.provider, self.model),
        }
    }
}

/// The candidates of a call, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates {
    pub(crate) list: Vec<Contender>,
    pub(crate) group: Option<Arc<Group>>,
    /// The skipped targets, and why.
    pub(crate) passed_over: Vec<PassedOver>,
    /// Retry options of their group or provider.
    pub(crate) retry: RetryOptions,
    /// The retry budget.
    pub(crate) budget: Arc<RetryBudget>,
    /// The pace of their calls.
    pub(crate) pace: Arc<Pace>,
    /// What happens when every breaker is open.
    pub(crate) all_open: Option<AllOpen>,
}

impl Contender {
    /// A lease for one attempt; `None` if its state does not matter.
    pub(crate) fn admit(&self, insists: bool) -> Result<Option<Lease>, Refusal> {
        let Some(state) = &self.state else { return Ok(None) };
        let mut lease = state.admit(&self.breaker, self.concurrency(), insists)?;
        lease.when_opened(self.opened.clone());
        Ok(Some(lease))
    }

    /// Whether it would be admitted now.
    pub(crate) fn is_usable(&self) -> bool {
        let Some(state) = &self.state else { return true };
        let has_key = |keys: &KeyRing| keys.has_another(&self.model, &[], &self.breaker);
        state.is_usable(&self.breaker, self.concurrency())
            && self.provider.keys.as_deref().is_none_or(has_key)
    }

    /// Its weight relative to the others.
    pub(crate) fn weight(&self) -> f64 {
        self.settings.as_ref().map_or(1.0, |settings| settings.weight)
    }

    /// Skips it for this reason.
    pub(crate) fn passed_over(&self, why: String) -> PassedOver {
        PassedOver {
            provider: self.provider.id.to_string(),
            model: self.model.clone(),
            variant: self.provider.settings.variant.clone(),
            why,
        }
    }

    fn concurrency(&self) -> Option<u32> {
        self.settings.as_ref()?.concurrency
    }

    /// The state of all keys of the provider, if `failure` came from the last of several.
    pub(crate) fn no_key(&self, failure: &Failure) -> Option<NoKey> {
        let ring = self.provider.keys.as_ref()?;
        Reason::from_failure(failure).is_of_the_key().then(|| ring.exhausted(&self.model))?
    }

    /// The catalog for its prices.
    pub(crate) fn catalog(&self) -> Option<&Arc<Catalog>> {
        self.settings.as_ref()?.catalog.as_ref()
    }

    /// Its name for messages.
    pub(crate) fn name(&self) -> String {
        self.provider.target_name(&self.model)
    }

    /// Its own time limits.
    pub(crate) fn timeouts(&self) -> Option<Timeouts> {
        Some(self.settings.as_ref()?.options.as_ref()?.call.timeouts)
    }

    /// The call's error after `failure` of an attempt at it.
    pub(crate) fn error(&self, failure: Failure, attempts: Vec<Attempt>) -> CallError {
        CallError { attempts, ..CallError::unsent(failure, &self.provider.id, &self.model) }
    }

    /// The options of the call at this target.
    pub(crate) fn options(&self, call: &CallOptions) -> Option<CallOptions> {
        let defaults = self.settings.as_ref()?.options.as_ref()?;
        let mut options = call.clone();
        options.fill_in(&defaults.call);
        Some(options)
    }
}

impl Candidates {
    /// The plan's rules for a call to them.
    pub(crate) fn rules(&self, options: &CallOptions, policy: &CallPolicy) -> Rules {
        let of_group = || self.group.as_ref().and_then(|group| group.rules.failover_on);
        let failover_on = options.routing().failover_on.or_else(of_group);
        Rules {
            retry: policy.retry.policy(),
            failover_on: failover_on.unwrap_or_default(),
            all_open: self.all_open,
            max_targets: options.routing().max_targets,
        }
    }

    /// Their seats in a plan.
    pub(crate) fn seats(&self) -> Vec<Seat> {
        let target = |one: &Contender| one.state.as_ref().map(|state| Arc::as_ptr(state).addr());
        self.list.iter().map(|one| Seat::new(one.pool, one.window).of(target(one))).collect()
    }
}
