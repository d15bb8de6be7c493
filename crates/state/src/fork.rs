//! Forks: SQLite's connections and lock tables must not be carried into a forked child.
//!
//! [`before`] must be called before a fork: it waits for operations in progress, closes all connections, and prevents
//! new ones until [`after`], which both the parent and the child call.

use std::{
    cell::RefCell,
    sync::{Mutex, MutexGuard, PoisonError, Weak},
};

/// An owner of a connection that a child must not inherit.
pub(crate) trait Connected: Send + Sync {
    /// Closes the connection. The caller holds the gate.
    fn disconnect(&self);
}

/// Held during each operation of a backing, and across a fork.
static GATE: Mutex<()> = Mutex::new(());
/// All links of this process.
static LINKS: Mutex<Vec<Weak<dyn Connected>>> = Mutex::new(Vec::new());

thread_local! {
    /// The gate and the list, held while this thread forks.
    static FORKING: RefCell<Option<Held>> = const { RefCell::new(None) };
}

type Held = (MutexGuard<'static, ()>, MutexGuard<'static, Vec<Weak<dyn Connected>>>);

pub(crate) fn gate() -> MutexGuard<'static, ()> {
    GATE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn register(link: Weak<dyn Connected>) {
    let mut links = LINKS.lock().unwrap_or_else(PoisonError::into_inner);
    links.retain(|known| known.strong_count() > 0);
    links.push(link);
}

/// This thread is about to fork.
pub fn before() {
    let gate = gate();
    let links = LINKS.lock().unwrap_or_else(PoisonError::into_inner);
    for link in links.iter().filter_map(Weak::upgrade) {
        link.disconnect();
        // The last reference must be dropped with the gate open.
        if std::sync::Arc::strong_count(&link) == 1 {
            std::mem::forget(link);
        }
    }
    FORKING.with_borrow_mut(|held| *held = Some((gate, links)));
}

/// This thread has forked; the child must not use what the parent shares.
pub fn after(is_child: bool) {
    let held = FORKING.with_borrow_mut(Option::take);
    if let Some((_, mut links)) = held
        && is_child
    {
        links.clear();
    }
}
