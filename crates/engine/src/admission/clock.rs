//! Clock of admission, and the counters of an engine.

use crate::steady_clock;
use ferrule_admission::{Admission, Clock, Memory, Now, Store};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The maximum number of a client's calls that wait at once.
const MAX_WAITING: usize = 10_000;

struct EngineClock;

impl Clock for EngineClock {
    fn now(&self) -> Now {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { steady: steady_clock::now(), wall: i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX) }
    }
}

/// The clock of limits and budgets.
pub fn admission_clock() -> Arc<dyn Clock> {
    Arc::new(EngineClock)
}

/// Counters in this process.
pub(crate) fn counters() -> Arc<Admission> {
    counters_in(Box::<Memory>::default())
}

/// Counters in `store`.
pub(crate) fn counters_in(store: Box<dyn Store>) -> Arc<Admission> {
    Admission::new(store, admission_clock(), MAX_WAITING)
}
