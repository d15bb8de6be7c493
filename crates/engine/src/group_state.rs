//! Group state: what is kept of a group from call to call, also when its settings change.

use crate::{pace::Pace, retry_budget::RetryBudget, strategy::Rotation};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What is kept of one group.
#[derive(Debug, Default)]
pub struct GroupState {
    /// Whose turn it is.
    pub(crate) rotation: Rotation,
    /// The retries that its calls may still make.
    pub(crate) budget: Arc<RetryBudget>,
    /// How fast its calls are answered.
    pub(crate) pace: Arc<Pace>,
}

/// Those of all groups, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupStates(Arc<Mutex<HashMap<String, Arc<GroupState>>>>);

/// More lists of models than a program has; the calls of those beyond are not related to each other.
const MAX_LISTS: usize = 1024;

impl GroupStates {
    /// That of the group of the moment that these models are.
    pub(crate) fn for_models(&self, models: &[String]) -> Arc<GroupState> {
        // No group has such a name.
        let name = format!("\0{}", models.join("\0"));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_LISTS && !all.contains_key(&name) {
            return Arc::default();
        }
        Arc::clone(all.entry(name).or_default())
    }

    /// That of the group `name`, made where there was none.
    pub(crate) fn group(&self, name: &str) -> Arc<GroupState> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = all.get(name) {
            return Arc::clone(state);
        }
        Arc::clone(all.entry(name.to_owned()).or_default())
    }
}
