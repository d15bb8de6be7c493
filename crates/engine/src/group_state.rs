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

impl GroupStates {
    /// That of the group `name`, made where there was none.
    pub(crate) fn of(&self, name: &str) -> Arc<GroupState> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = all.get(name) {
            return Arc::clone(state);
        }
        Arc::clone(all.entry(name.to_owned()).or_default())
    }
}
