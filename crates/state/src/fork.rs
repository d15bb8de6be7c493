//! Forks: SQLite's connections, and its own tables of locks, must not be carried into a forked child.
//!
//! Whoever forks calls [`before`] first: it waits for operations under way, lets go of all connections, and keeps new
//! ones from being made until [`after`], which both the parent and the child call.

use std::{
    cell::RefCell,
    sync::{Mutex, MutexGuard, PoisonError, Weak},
};

/// Holds a connection that a child must not have.
pub(crate) trait Connected: Send + Sync {
    /// Lets go of it. Whoever calls this has the gate.
    fn disconnect(&self);
}

/// Held during each operation on a backing, and across a fork.
static GATE: Mutex<()> = Mutex::new(());
/// All links of this process.
static LINKS: Mutex<Vec<Weak<dyn Connected>>> = Mutex::new(Vec::new());

thread_local! {
    /// The gate, and the list, while this thread forks.
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
        // Whoever drops the last one does so with the gate open.
        if std::sync::Arc::strong_count(&link) == 1 {
            std::mem::forget(link);
        }
    }
    FORKING.with_borrow_mut(|held| *held = Some((gate, links)));
}

/// This thread has forked; in the child, what the parent shares is the parent's.
pub fn after(is_child: bool) {
    let held = FORKING.with_borrow_mut(Option::take);
    if let Some((_, mut links)) = held
        && is_child
    {
        links.clear();
    }
}
