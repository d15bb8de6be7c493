//! Coalesced wake-up of an event loop.

use crate::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
    lock,
};

/// Notifies one event loop that items are ready, with one wake-up for all that arrive before it looks.
///
/// Invariant: whenever the list is not empty and no thread is between the two steps of [`Signal::announce`] or of
/// [`Signal::collect`], `pending` is true, and `pending` is true only while a wake-up is on its way to the loop.
#[derive(Debug)]
pub struct Signal<T> {
    pending: AtomicBool,
    ready: Mutex<Vec<T>>,
}

impl<T> Default for Signal<T> {
    fn default() -> Self {
        Self { pending: AtomicBool::new(false), ready: Mutex::new(Vec::new()) }
    }
}

impl<T> Signal<T> {
    /// A signal with nothing ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `item` to the list, and calls `wake` unless a wake-up is already on its way.
    pub fn announce(&self, item: T, wake: impl FnOnce()) {
        lock(&self.ready).push(item);
        if !self.pending.swap(true, Ordering::AcqRel) {
            wake();
        }
    }

    /// Takes the ready items. `acknowledge` consumes the wake-up (reads the descriptor) and comes first: a wake-up that
    /// arrives later belongs to an item that may be taken now, and at worst finds nothing.
    pub fn collect(&self, acknowledge: impl FnOnce()) -> Vec<T> {
        acknowledge();
        // Only then clear `pending`, and only then look: an item pushed after the look finds `pending` false and wakes.
        self.pending.swap(false, Ordering::AcqRel);
        std::mem::take(&mut *lock(&self.ready))
    }
}
