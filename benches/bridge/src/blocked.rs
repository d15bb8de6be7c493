//! How long producers were held up by telling the loop.

use pyo3::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

static BLOCKED: Mutex<Vec<Duration>> = Mutex::new(Vec::new());

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `wake`, and notes how long it took.
pub(crate) fn timed(wake: impl FnOnce()) {
    let start = Instant::now();
    wake();
    lock(&BLOCKED).push(start.elapsed());
}

/// The times since the last call, in microseconds.
#[pyfunction]
pub(crate) fn blocked() -> Vec<f64> {
    std::mem::take(&mut *lock(&BLOCKED)).iter().map(|time| time.as_secs_f64() * 1e6).collect()
}
