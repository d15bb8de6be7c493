//! Status of an engine: its groups and targets, with what is known of them now.

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

/// The groups of an engine, and all targets that are in one, or that were called.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// The groups, by name.
    pub groups: Vec<GroupStatus>,
    /// The targets, by name.
    pub targets: Vec<TargetStatus>,
    /// The keys of providers that have several, by provider and in their order there.
    pub keys: Vec<KeyStatus>,
    /// The limits that anything was counted at, for each value of their scopes.
    pub limits: Vec<LimitStatus>,
    /// The same for budgets.
    pub budgets: Vec<BudgetStatus>,
}

/// A group.
#[derive(Clone, Debug)]
pub struct GroupStatus {
    /// Its name.
    pub name: String,
    /// How its targets are ordered.
    pub strategy: String,
    /// The names of its targets.
    pub targets: Vec<String>,
}

/// A target: a provider's model.
#[derive(Clone, Debug)]
pub struct TargetStatus {
    /// `provider/model`, and after an `@` what distinguishes it from others of the same.
    pub name: String,
    /// The provider's id.
    pub provider: String,
    /// Its name of the model.
    pub model: String,
    /// Its circuit breaker: `closed`, `open`, `half_open`, `forced_open` (by the operator) or `excluded` (the model is
    /// not there).
    pub breaker: &'static str,
    /// How long until a call tries it again, where its breaker is open.
    pub reopens_in: Option<Duration>,
    /// Failures in a row.
    pub failures: u32,
    /// How often its breaker opened.
    pub times_opened: u32,
    /// Calls under way.
    pub in_flight: u32,
    /// The time to the first token of streams.
    pub first_token: Option<Duration>,
    /// The time per output token of plain calls.
    pub per_token: Option<Duration>,
    /// Requests in the last minute.
    pub requests: f64,
    /// The failure that its breaker knows of, in words.
    pub last_failure: Option<String>,
}

/// A target with its state.
type Known = (Arc<Provider>, String, Arc<TargetState>);
type States = BTreeMap<String, Known>;

impl Engine {
    /// What is known now.
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

    /// Changes a budget by hand, for one `value` of its scope. The error says which budget there is not.
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

    /// Opens the circuit breakers of a target, or of all targets of a group, until they are reset. The error says that
    /// there is no such target. `observer` is notified of those that change.
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

    /// All targets that were called, or that are in a group.
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
        // A provider's fallback is a target of its own.
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
