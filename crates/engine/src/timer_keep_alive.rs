//! Timer keep-alive: a timer that ticks while calls are made, to save system calls.
//!
//! Tokio wakes its own I/O thread, with two system calls, whenever a timer is set that is nearer than all others, as
//! every call's first time limit would be. While this timer is nearer, they are not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;

/// Well below the usual time limits, and too infrequent to matter.
const TICK: Duration = Duration::from_secs(1);

/// Ticks until a whole tick passes without a call.
#[derive(Debug, Default)]
pub(crate) struct TimerKeepAlive {
    ticking: AtomicBool,
    calls: AtomicU32,
}

impl TimerKeepAlive {
    /// Records that a call is made.
    pub(crate) fn note_call(self: &Arc<Self>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.ticking.swap(true, Ordering::Relaxed) {
            return;
        }
        let timer = Arc::clone(self);
        tokio::spawn(async move {
            while timer.calls.swap(0, Ordering::Relaxed) > 0 {
                sleep(TICK).await;
            }
            timer.ticking.store(false, Ordering::Relaxed);
        });
    }
}
