//! Process generations: detect forked children, which must not use their parent's resources.
//!
//! A child does not have the parent's threads, and must not use its connections. Objects remember the process that they
//! were made in, and compare it with the current one at each step of a call; asking the system each time would cost
//! more than the step, so the number is cached, and updated after a fork ([`note`]).

use std::sync::atomic::{AtomicU32, Ordering};

static CURRENT: AtomicU32 = AtomicU32::new(0);

/// The number of this process. After a fork it differs from the one that an object was made with.
pub fn current() -> u32 {
    match CURRENT.load(Ordering::Relaxed) {
        0 => note(),
        noted => noted,
    }
}

/// Records the number of this process: must be called first in every forked child, and keeps it from ending the
/// programs that its parent started.
pub fn note() -> u32 {
    let number = std::process::id();
    let before = CURRENT.swap(number, Ordering::Relaxed);
    if before != 0 && before != number {
        ferrule_engine::guard::forget();
    }
    number
}
