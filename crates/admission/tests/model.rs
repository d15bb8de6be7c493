//! Conformance of the in-memory store.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod conformance;

use ferrule_admission::{ManualClock, Memory, Store};
use std::sync::Arc;

const CASES: u32 = 256;

fn store(_clock: &Arc<ManualClock>) -> Box<dyn Store> {
    Box::<Memory>::default()
}
