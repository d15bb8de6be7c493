//! Conformance of the SQLite store with a single member.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../../admission/tests/conformance/mod.rs"]
mod conformance;
mod support;

use ferrule_admission::{
    Adjustment, BudgetFigures, BudgetUse, CallId, Claim, Crossing, Key, ManualClock, Now, Outcome, Shortage,
    Snapshot, Store, Told,
};
use ferrule_state::Shared;
use std::sync::Arc;
use support::Place;

const CASES: u32 = 32;

/// A store whose upkeep runs before each step, as a thread would do.
struct KeptUp(Shared, #[expect(dead_code, reason = "deleted at the end")] Place);

fn store(clock: &Arc<ManualClock>) -> Box<dyn Store> {
    let place = Place::new();
    Box::new(KeptUp(place.open(clock), place))
}

impl Store for KeptUp {
    fn reserve(&self, call: CallId, claims: &[Claim], now: Now) -> Result<(), Shortage> {
        self.0.keep_up();
        self.0.reserve(call, claims, now)
    }

    fn sent(&self, call: CallId, now: Now) {
        self.0.sent(call, now);
    }

    fn settle(&self, call: CallId, outcome: Outcome, now: Now) -> Vec<Crossing> {
        self.0.settle(call, outcome, now)
    }

    fn leave(&self, call: CallId, now: Now) {
        self.0.leave(call, now);
    }

    fn told(&self, key: &Key, told: &Told, now: Now) {
        self.0.told(key, told, now);
    }

    fn adjust(
        &self,
        key: &Key,
        budget: &BudgetFigures,
        adjustment: Adjustment,
        now: Now,
    ) -> Result<BudgetUse, String> {
        self.0.adjust(key, budget, adjustment, now)
    }

    fn budget(&self, key: &Key, budget: &BudgetFigures, now: Now) -> BudgetUse {
        self.0.budget(key, budget, now)
    }

    fn snapshot(&self, now: Now) -> Snapshot {
        self.0.snapshot(now)
    }
}
