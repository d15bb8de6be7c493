//! Databases for tests, which are deleted at the end.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "not every test needs all")]

use ferrule_admission::Clock;
use ferrule_state::{OnLoss, Shared, Sqlite, journal};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A directory with a database.
#[derive(Debug)]
pub struct Place(pub PathBuf);

impl Place {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("ferrule-state-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("state.db")
    }

    /// A member whose upkeep is run manually.
    pub fn open<C: Clock + 'static>(&self, clock: &Arc<C>) -> Shared {
        self.open_with(clock, OnLoss::Local)
    }

    pub fn open_with<C: Clock + 'static>(&self, clock: &Arc<C>, on_loss: OnLoss) -> Shared {
        let database = Box::new(Sqlite::open(&self.database()).unwrap());
        let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
        Shared::new(database, &journal::directory(&self.database()), clock, on_loss, None).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
