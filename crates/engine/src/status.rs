//! Status of an engine: the current state of its groups and targets.

use crate::{
    admission::{BudgetChange, BudgetStatus, LimitStatus},
    engine::Engine,
    keys::KeyStatus,
    observe::{BreakerEvents, Events, Observer},
    provider::Provider,
    resolve::Candidate,
    target_state::{self, TargetState},
};
use ferrule_wire::breaker::{Breaker, BreakerSettings};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The groups of an engine, and all targets that are in one or have been called.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// The groups, by name.
    pub groups: Vec<GroupStatus>,
    /// The targets, by name.
    pub targets: Vec<TargetStatus>,
    /// The keys of providers that have several, ordered by provider and by their position there.
    pub keys: Vec<KeyStatus>,
    /// The limits with counters, one entry per value of their scopes.
    pub limits: Vec<LimitStatus>,
    /// The budgets with counters, likewise.
    pub budgets: Vec<BudgetStatus>,
}

/// A group.
#[derive(Clone, Debug)]
pub struct GroupStatus {
    /// Its name.
    pub name: String,
    /// The strategy that orders its targets.
    pub strategy: String,
    /// The names of its targets.
    pub targets: Vec<String>,
}

/// A target: a provider's model.
#[derive(Clone, Debug)]
pub struct TargetStatus {
    /// `provider/model`, followed by `@` and the variant if there is one.
    pub name: String,
    /// The provider's id.
    pub provider: String,
    /// The provider's name of the model.
    pub model: String,
    /// Its circuit breaker: `closed`, `open`, `half_open`, `forced_open` (by the operator) or `excluded` (the model is
    /// not available).
    pub breaker: &'static str,
    /// The time until a call probes it, if its breaker is open.
    pub reopens_in: Option<Duration>,
    /// Consecutive failures.
    pub failures: u32,
    /// How often its breaker opened.
    pub times_opened: u32,
    /// Calls in flight.
    pub in_flight: u32,
    /// The time to the first token of streams.
    pub first_token: Option<Duration>,
    /// The time per output token of calls that are not streamed.
    pub per_token: Option<Duration>,
    /// Requests in the last minute.
    pub requests: f64,
    /// The last failure that its breaker recorded.
    pub last_failure: Option<String>,
}

/// A target with its state.
type Known = (Arc<Provider>, String, Arc<TargetState>);
type States = BTreeMap<String, Known>;

impl Engine {
    /// The current status.
    pub fn status(&self) -> Status {
        let groups = self.groups().map(|group| GroupStatus {
            name: group.name.clone(),
            strategy: match &group.rules.own {
                Some(own) => own.name.clone(),
                None => group.rules.strategy.name().to_owned(),
            },
            targets: group.targets.iter().filter_map(|one| self.target_name(one)).collect(),
        });
        let mut groups: Vec<GroupStatus> = groups.collect();
        groups.sort_by(|one, other| one.name.cmp(&other.name));
        let targets = self.states().into_iter();
        let mut rings: Vec<_> =
            self.all_providers().filter_map(|one| Some((one.settings.name(), one.keys.as_ref()?))).collect();
        rings.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let (limits, budgets) = self.admission.as_ref().map(|rules| rules.status()).unwrap_or_default();
        Status {
            limits,
            budgets,
            groups,
            targets: targets.map(|(name, target)| status(name, &target)).collect(),
            keys: rings.into_iter().flat_map(|(name, ring)| ring.status(&name)).collect(),
        }
    }

    /// Changes a budget manually, for one `value` of its scope. The error names the unknown budget.
    pub fn change_budget(
        &self,
        name: &str,
        value: Option<&str>,
        change: BudgetChange,
    ) -> Result<BudgetStatus, String> {
        match &self.admission {
            Some(rules) => rules.change_budget(name, value, change),
            None => Err(format!("there is no budget {name:?}: none is configured")),
        }
    }

    /// Opens the circuit breakers of a target, or of all targets of a group, until they are reset. Fails if there is no
    /// such target. `observer` is notified of those that change.
    pub fn open_breaker(&self, name: &str, observer: Option<&Arc<dyn Observer>>) -> Result<(), String> {
        self.change_breakers(name, observer, Breaker::force_open)
    }

    /// Closes the circuit breakers of a target, or of all targets of a group. `observer` is notified of those that
    /// change.
    pub fn reset_breaker(&self, name: &str, observer: Option<&Arc<dyn Observer>>) -> Result<(), String> {
        self.change_breakers(name, observer, Breaker::reset)
    }

    fn change_breakers(
        &self,
        name: &str,
        observer: Option<&Arc<dyn Observer>>,
        change: fn(&Breaker),
    ) -> Result<(), String> {
        let events = Events::new(observer);
        for (provider, model, state) in self.states_of(name)? {
            let look = || state.snapshot(&BreakerSettings::default()).state;
            let before = look();
            change(state.breaker());
            let after = look();
            if before != after
                && let Some(events) = BreakerEvents::for_target(&events, || provider.event_target(&model))
            {
                events.changed(before, after, None);
            }
        }
        Ok(())
    }

    fn target_name(&self, candidate: &Candidate) -> Option<String> {
        let provider = self.provider_of(candidate)?;
        Some(provider.target_name(&candidate.model))
    }

    /// All targets that have been called or are in a group.
    fn states(&self) -> States {
        let mut all = States::new();
        for provider in self.all_providers() {
            for (model, state) in provider.targets.all() {
                all.insert(provider.target_name(&model), (Arc::clone(provider), model, state));
            }
        }
        for candidate in self.groups().flat_map(|group| &group.targets) {
            if let Some(provider) = self.provider_of(candidate) {
                let state = || {
                    (Arc::clone(provider), candidate.model.clone(), provider.targets.target(&candidate.model))
                };
                all.entry(provider.target_name(&candidate.model)).or_insert_with(state);
            }
        }
        all
    }

    fn states_of(&self, name: &str) -> Result<Vec<Known>, String> {
        if let Some(known) = self.states().remove(name) {
            return Ok(vec![known]);
        }
        let route = self.resolve(Some(name))?;
        // A provider's fallback is a separate target.
        let count = if route.group.is_some() { route.candidates.len() } else { 1 };
        let candidates = route.candidates.iter().take(count);
        let known = |one: &Candidate| {
            let provider = self.provider_of(one)?;
            Some((Arc::clone(provider), one.model.clone(), provider.targets.target(&one.model)))
        };
        Ok(candidates.filter_map(known).collect())
    }
}

fn status(name: String, (provider, model, state): &Known) -> TargetStatus {
    let breaker = state.snapshot(&BreakerSettings::default());
    let known = state.statistics().snapshot(target_state::now());
    let milliseconds = |value: f64| Duration::try_from_secs_f64(value / 1000.0).unwrap_or_default();
    TargetStatus {
        name,
        provider: provider.id.to_string(),
        model: model.clone(),
        breaker: breaker.state.name(),
        reopens_in: breaker
            .reopens_at
            .map(|at| Duration::from_millis(at.saturating_sub(target_state::now()))),
        failures: breaker.consecutive_failures,
        times_opened: breaker.times_opened,
        in_flight: known.in_flight,
        first_token: known.first_token.map(|time| milliseconds(time.value)),
        per_token: known.per_token.map(|time| milliseconds(time.value)),
        requests: known.usage.requests,
        last_failure: state.last_failure().map(|failure| failure.to_string()),
    }
}
