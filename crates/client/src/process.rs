//! Process generations: what a forked child must not use of its parent.
//!
//! A child does not have the parent's threads, and the parent's connections are the parent's. Objects remember the
//! process that they were made in, and compare it with the current one at each step of a call; asking the system for it
//! each time would cost more than the step, so whoever forks notes it ([`note`]).

use std::sync::atomic::{AtomicU32, Ordering};

static CURRENT: AtomicU32 = AtomicU32::new(0);

/// The number of this process. After a fork it differs from the one that an object was made with.
pub fn current() -> u32 {
    match CURRENT.load(Ordering::Relaxed) {
        0 => note(),
        noted => noted,
    }
}

/// Notes the number of this process: to be called first in every forked child, which is not to end the programs that
/// its parent started.
pub fn note() -> u32 {
    let number = std::process::id();
    let before = CURRENT.swap(number, Ordering::Relaxed);
    if before != 0 && before != number {
        ferrule_engine::guard::forget();
    }
    number
}
