//! In-flight lease: a call that is under way, counted until it is dropped.

use super::Statistics;
use std::sync::Arc;

/// A call under way. Dropping it ends that.
#[derive(Debug)]
#[must_use = "the call counts as over once this is dropped"]
pub struct InFlight(Arc<Statistics>);

impl InFlight {
    pub(super) fn of(statistics: Arc<Statistics>) -> Self {
        Self(statistics)
    }

    /// The statistics that it is counted in.
    pub fn statistics(&self) -> &Arc<Statistics> {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.ended();
    }
}
