//! Group state: kept between calls, even if the group's settings change.

use crate::{pace::Pace, retry_budget::RetryBudget, strategy::Rotation};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The state of one group.
#[derive(Debug, Default)]
pub struct GroupState {
    /// The rotation of its targets.
    pub(crate) rotation: Rotation,
    /// Its retry budget.
    pub(crate) budget: Arc<RetryBudget>,
    /// The pace of its calls.
    pub(crate) pace: Arc<Pace>,
}

/// The states of all groups, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupStates(Arc<Mutex<HashMap<String, Arc<GroupState>>>>);

/// More lists of models than a program has; calls beyond that share no state.
const MAX_LISTS: usize = 1024;

impl GroupStates {
    /// The state of the ad-hoc group of these models.
    pub(crate) fn for_models(&self, models: &[String]) -> Arc<GroupState> {
        // No group has such a name.
        let name = format!("\0{}", models.join("\0"));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_LISTS && !all.contains_key(&name) {
            return Arc::default();
        }
        Arc::clone(all.entry(name).or_default())
    }

    /// The state of the group `name`, created if there is none.
    pub(crate) fn group(&self, name: &str) -> Arc<GroupState> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = all.get(name) {
            return Arc::clone(state);
        }
        Arc::clone(all.entry(name.to_owned()).or_default())
    }
}
