//! Candidates of a call, made ready: providers with their models, what their group says of them, and their states.

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

/// A provider that may be asked, with its own name of the model.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    pub(crate) provider: Arc<Provider>,
    pub(crate) model: String,
    pub(crate) settings: Option<Arc<TargetSettings>>,
    pub(crate) pool: Pool,
    /// `None` where exactly this provider was asked for, however it is.
    pub(crate) state: Option<Arc<TargetState>>,
    pub(crate) breaker: BreakerSettings,
    /// Its place before anybody was left out or put in another order.
    pub(crate) place: usize,
    /// How much of a prompt its model reads, in tokens, where that is known and somebody else may be asked.
    pub(crate) window: Option<u64>,
    /// Why it has its place.
    pub(crate) reason: Option<strategy::Reason>,
    /// What is done when its breaker opens.
    pub(crate) opened: Option<OnOpen>,
}

/// A target that a call does not ask, and why.
#[derive(Clone, Debug)]
pub struct PassedOver {
    /// The provider's id.
    pub provider: String,
    /// The provider's name of the model.
    pub model: String,
    /// What distinguishes it from others of the same provider and model.
    pub variant: Option<String>,
    /// Why it is not asked.
    pub why: String,
}

impl PassedOver {
    /// Its name, for people.
    pub fn name(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{}/{}@{variant}", self.provider, self.model),
            None => format!("{}/{}", self.provider, self.model),
        }
    }
}

/// Those who may be asked by a call, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates {
    pub(crate) list: Vec<Contender>,
    pub(crate) group: Option<Arc<Group>>,
    /// Those who are not asked, and why.
    pub(crate) passed_over: Vec<PassedOver>,
    /// Retries, as their group or provider has them.
    pub(crate) retry: RetryOptions,
    /// The retries that may still be made.
    pub(crate) budget: Arc<RetryBudget>,
    /// How fast their calls are answered.
    pub(crate) pace: Arc<Pace>,
    /// What is done where every breaker is open.
    pub(crate) all_open: Option<AllOpen>,
}

impl Contender {
    /// A place there for one attempt; `None` where its state does not matter.
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

    /// Its share, relative to the others'.
    pub(crate) fn weight(&self) -> f64 {
        self.settings.as_ref().map_or(1.0, |settings| settings.weight)
    }

    /// It is not asked, for this reason.
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

    /// What became of all keys of the provider, where `failure` is that of the last of several.
    pub(crate) fn no_key(&self, failure: &Failure) -> Option<NoKey> {
        let ring = self.provider.keys.as_ref()?;
        Reason::from_failure(failure).is_of_the_key().then(|| ring.exhausted(&self.model))?
    }

    /// Whose prices count there.
    pub(crate) fn catalog(&self) -> Option<&Arc<Catalog>> {
        self.settings.as_ref()?.catalog.as_ref()
    }

    /// Its name, for people.
    pub(crate) fn name(&self) -> String {
        self.provider.target_name(&self.model)
    }

    /// Its own time limits.
    pub(crate) fn timeouts(&self) -> Option<Timeouts> {
        Some(self.settings.as_ref()?.options.as_ref()?.call.timeouts)
    }

    /// The call ends with `failure`, which is of an attempt there.
    pub(crate) fn error(&self, failure: Failure, attempts: Vec<Attempt>) -> CallError {
        CallError { attempts, ..CallError::unsent(failure, &self.provider.id, &self.model) }
    }

    /// The options of the call there.
    pub(crate) fn options(&self, call: &CallOptions) -> Option<CallOptions> {
        let defaults = self.settings.as_ref()?.options.as_ref()?;
        let mut options = call.clone();
        options.fill_in(&defaults.call);
        Some(options)
    }
}

impl Candidates {
    /// The rules of a call to them.
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
