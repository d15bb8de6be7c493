//! Link of a process to the backing: one operation at a time, and none during a fork.

use crate::{
    backing::{Away, Backing},
    fork::{self, Connected},
};
use std::sync::{Arc, Mutex, PoisonError};

/// The link.
pub(crate) struct Link {
    backing: Mutex<Box<dyn Backing>>,
}

impl Link {
    pub(crate) fn new(backing: Box<dyn Backing>) -> Arc<Self> {
        let link = Arc::new(Self { backing: Mutex::new(backing) });
        let connected: Arc<dyn Connected> = Arc::clone(&link) as Arc<dyn Connected>;
        fork::register(Arc::downgrade(&connected));
        link
    }

    /// Runs `work` with the backing.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut dyn Backing) -> Result<T, Away>) -> Result<T, Away> {
        let _gate = fork::gate();
        let mut backing = self.backing.lock().unwrap_or_else(PoisonError::into_inner);
        let done = work(&mut **backing);
        if done.is_err() {
            // The database was replaced, or the disk was full: the next operation opens it again.
            backing.disconnect();
        }
        done
    }
}

impl Connected for Link {
    fn disconnect(&self) {
        self.backing.lock().unwrap_or_else(PoisonError::into_inner).disconnect();
    }
}
