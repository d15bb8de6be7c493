//! Core of a shared store: its parts, and what the modules that use them have in common.

use crate::{address::OnLoss, backing::Away, journal::Journal, link::Link, local::Local, record::Record};
use ferrule_admission::{Clock, Memory};
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    thread::Thread,
};

pub(crate) struct Core {
    pub(crate) member: String,
    pub(crate) link: Arc<Link>,
    pub(crate) directory: PathBuf,
    /// The journal, and its name.
    pub(crate) journal: Mutex<(Journal, String)>,
    /// Locked before the journal, and before operations of the backing.
    pub(crate) local: Mutex<Local>,
    /// What providers report, and the limits that this process counts itself.
    pub(crate) inner: Memory,
    pub(crate) wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) on_loss: OnLoss,
    /// How long calls are kept, in milliseconds; `None` for ever.
    pub(crate) retention: Option<i64>,
    pub(crate) is_away: AtomicBool,
    /// Whether anything happened since the last upkeep.
    pub(crate) is_active: AtomicBool,
    pub(crate) thread: OnceLock<Thread>,
    pub(crate) next_call: AtomicU64,
    /// The times of the upkeep's last heartbeat, sweep, and so on.
    pub(crate) beat_at: AtomicI64,
    pub(crate) swept_at: AtomicI64,
    /// Only one thread does the upkeep at a time.
    pub(crate) upkeep: Mutex<()>,
    /// Whether the store has been closed.
    pub(crate) is_over: AtomicBool,
    pub(crate) process: u32,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    /// Whether it was made in this process rather than in a parent.
    pub(crate) fn is_own(&self) -> bool {
        std::process::id() == self.process
    }

    pub(crate) fn append(&self, record: &Record) {
        if let Err(error) = lock(&self.journal).0.append(record) {
            tracing::warn!(target: "ferrule", "state: the journal cannot be written: {error}");
        }
        self.wake_upkeep();
    }

    pub(crate) fn wake_upkeep(&self) {
        if !self.is_active.swap(true, Ordering::AcqRel)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Records whether the backing is available.
    pub(crate) fn heard(&self, away: Option<&Away>) {
        match away {
            Some(away) if !self.is_away.swap(true, Ordering::AcqRel) => tracing::warn!(
                target: "ferrule",
                "state: the store does not answer ({away}); on_state_loss = \"{}\" holds until it does",
                self.on_loss.name()
            ),
            None if self.is_away.swap(false, Ordering::AcqRel) => {
                tracing::info!(target: "ferrule", "state: the store answers again");
            }
            _ => {}
        }
    }
}
