//! Simulator state, shared by all connections.

use crate::{
    authorization::Authorization,
    prediction_store::PredictionStore,
    record::Recorder,
    script::{ActiveScript, Rule},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The maximum number of requests that are remembered for `fail-once-…`; beyond it all are removed.
const MAX_FAILURES: usize = 100_000;

/// The state shared by all connections.
#[derive(Debug)]
pub(crate) struct SimulatorState {
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) seed: u64,
    /// Whether requests are refused that the providers would refuse.
    pub(crate) strict: bool,
    pub(crate) authorization: Authorization,
    pub(crate) predictions: PredictionStore,
    script: Mutex<Arc<ActiveScript>>,
    /// How often a request has failed, by its hash.
    failures: Mutex<HashMap<u64, u32>>,
}

impl SimulatorState {
    pub(crate) fn new(
        script: ActiveScript,
        recorder: Recorder,
        seed: u64,
        strict: bool,
        authorization: Authorization,
    ) -> Self {
        Self {
            recorder: Arc::new(recorder),
            seed,
            strict,
            authorization,
            predictions: PredictionStore::default(),
            script: Mutex::new(Arc::new(script)),
            failures: Mutex::default(),
        }
    }

    /// The script in use.
    pub(crate) fn script(&self) -> Arc<ActiveScript> {
        Arc::clone(&self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the script, and resets the counts of failed requests.
    pub(crate) fn set_script(&self, script: ActiveScript) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(script);
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Adds `rules` in front of those of the script.
    pub(crate) fn add_rules(&self, rules: Vec<Rule>) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        *script = Arc::new(script.with_rules_before(rules));
    }

    /// Whether a request fails now, if it should fail the first `times` that it is sent. After it has succeeded the
    /// count starts again.
    pub(crate) fn fails_again(&self, number: u64, times: u32) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MAX_FAILURES {
            failures.clear();
        }
        let count = failures.entry(number).or_insert(0);
        if *count < times {
            *count += 1;
            return true;
        }
        failures.remove(&number);
        false
    }
}
