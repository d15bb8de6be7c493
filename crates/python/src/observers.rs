//! Observers of calls: the engine's events, collected per call and passed to Python in the caller's context.
//!
//! The events of a call wait in its [`Inbox`] until its reader checks in; on an event loop only until the loop's next
//! turn, for which it is woken. Events without a reader (of an abandoned call) wait for the client's next call, or for
//! its end. `python/ferrule/observers.py` makes objects from them and calls the functions.

use crate::{
    bridge::{LoopBridge, Ready, Wakeups},
    observed_events::{self, CallFacts},
};
use arc_swap::ArcSwap;
use ferrule_client::process;
use ferrule_engine::{Event, EventKind, Observer};
use pyo3::{PyTraverseError, PyVisit, intern, prelude::*, types::PyList};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The maximum number of events that wait in one inbox; the oldest are dropped.
const MAX_WAITING: usize = 1_000;
/// How long a caller that abandons a call waits for its last events. It takes less than a millisecond.
const LAST_WORDS: Duration = Duration::from_secs(1);

static NEXT_CALL: AtomicU64 = AtomicU64::new(1);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The observers of one client.
pub(crate) struct Observers {
    /// The kinds of events that are observed, one bit each.
    wanted: AtomicU32,
    /// A weak reference to the `ferrule.observers.Observers` of the client, which itself leads to the client.
    target: Mutex<Option<Py<PyAny>>>,
    /// Events of abandoned calls. A forked child has its own: a thread that does not exist there may have locked the
    /// parent's.
    left: ArcSwap<(u32, Arc<Left>)>,
    /// The number of events waiting for event loops.
    announced: AtomicUsize,
}

impl Default for Observers {
    fn default() -> Self {
        Self {
            wanted: AtomicU32::new(0),
            target: Mutex::default(),
            left: ArcSwap::from_pointee((process::current(), Arc::default())),
            announced: AtomicUsize::new(0),
        }
    }
}

/// Events of calls that their readers are done with.
#[derive(Default)]
struct Left {
    inbox: Inbox,
    /// The number of calls that their readers have left, but the engine has not.
    leaving: Mutex<usize>,
    /// Signalled when that number decreases.
    changed: Condvar,
}

impl Left {
    fn leave(&self) {
        *lock(&self.leaving) += 1;
    }

    fn left(&self) {
        let mut leaving = lock(&self.leaving);
        *leaving = leaving.saturating_sub(1);
        self.changed.notify_all();
    }

    /// Waits briefly until the engine has left all calls that their readers left.
    fn wait(&self) {
        let waited = self.changed.wait_timeout_while(lock(&self.leaving), LAST_WORDS, |leaving| *leaving > 0);
        drop(waited);
    }
}

type Waiting = (Arc<CallFacts>, Event);

/// Events waiting to be delivered.
#[derive(Default)]
struct Inbox {
    waiting: Mutex<VecDeque<Waiting>>,
    any: AtomicBool,
    /// Whether a thread is delivering them: their order must be kept.
    busy: AtomicBool,
    dropped: AtomicUsize,
}

impl Inbox {
    fn push(&self, events: impl IntoIterator<Item = Waiting>) {
        let mut waiting = lock(&self.waiting);
        for event in events {
            if waiting.len() == MAX_WAITING {
                waiting.pop_front();
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            waiting.push_back(event);
        }
        self.any.store(true, Ordering::Release);
    }

    fn deliver(&self, py: Python<'_>, target: &Bound<'_, PyAny>) -> PyResult<()> {
        while self.any.load(Ordering::Acquire) {
            if self.busy.swap(true, Ordering::AcqRel) {
                // Whoever is delivering, perhaps an outer frame of this thread, checks again at the end.
                return Ok(());
            }
            let outcome = self.deliver_waiting(py, target);
            self.busy.store(false, Ordering::Release);
            outcome?;
        }
        Ok(())
    }

    fn deliver_waiting(&self, py: Python<'_>, target: &Bound<'_, PyAny>) -> PyResult<()> {
        if !self.any.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        let events = PyList::empty(py);
        for (facts, event) in waiting {
            events.append(observed_events::fields(py, &facts, event)?)?;
        }
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        target.call_method1(intern!(py, "deliver"), (events, dropped))?;
        Ok(())
    }
}

impl Observers {
    /// Sends events of the kinds `wanted`, one bit each, to the object that `target` weakly refers to.
    pub(crate) fn set(&self, target: Py<PyAny>, wanted: u32) {
        let before = lock(&self.target).replace(target);
        self.wanted.store(wanted, Ordering::Release);
        drop(before);
    }

    /// The current receiver of events, if there is one.
    fn target<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let reference = lock(&self.target).as_ref().map(|target| target.clone_ref(py));
        let Some(reference) = reference else { return Ok(None) };
        let target = reference.bind(py).call0()?;
        Ok((!target.is_none()).then_some(target))
    }

    /// The observer of a new call; `None` if there is no receiver.
    pub(crate) fn observe(
        self: &Arc<Self>,
        py: Python<'_>,
        bridge: Option<&LoopBridge>,
        facts: impl FnOnce() -> (Option<String>, Vec<(String, String)>),
    ) -> PyResult<Option<Observed>> {
        if self.wanted.load(Ordering::Relaxed) == 0 {
            return Ok(None);
        }
        let Some(target) = self.target(py)? else { return Ok(None) };
        let (model, metadata) = facts();
        let id = Some(NEXT_CALL.fetch_add(1, Ordering::Relaxed));
        let wakeups = bridge.filter(|bridge| bridge.has_loop()).map(|bridge| bridge.wakeups().clone());
        let call = Arc::new(CallInbox {
            observers: Arc::clone(self),
            facts: Arc::new(CallFacts { id, model, metadata }),
            inbox: Inbox::default(),
            wakeups,
            announced: AtomicBool::new(false),
            left: self.left(),
            ends: Mutex::default(),
            over: Condvar::new(),
        });
        let engine: Arc<dyn Observer> = Arc::new(EngineEnd(Arc::clone(&call)));
        Ok(Some(Observed { call, target: target.unbind(), engine: Some(engine) }))
    }

    /// The observer of a change outside any call.
    pub(crate) fn off_call(self: &Arc<Self>) -> Option<Arc<dyn Observer>> {
        (self.wanted.load(Ordering::Relaxed) != 0).then(|| -> Arc<dyn Observer> {
            Arc::new(OffCall {
                observers: Arc::clone(self),
                facts: Arc::new(CallFacts { id: None, model: None, metadata: Vec::new() }),
            })
        })
    }

    fn wants(&self, kind: EventKind) -> bool {
        self.wanted.load(Ordering::Relaxed) & kind.bit() != 0
    }

    fn left(&self) -> Arc<Left> {
        let current = self.left.load();
        if current.0 != process::current() {
            self.left.compare_and_swap(&current, Arc::new((process::current(), Arc::default())));
        }
        Arc::clone(&self.left.load().1)
    }

    /// Delivers the events of abandoned calls.
    pub(crate) fn deliver_left(&self, py: Python<'_>) -> PyResult<()> {
        let left = self.left();
        if !left.inbox.any.load(Ordering::Acquire) {
            return Ok(());
        }
        match self.target(py)? {
            Some(target) => left.inbox.deliver(py, &target),
            None => Ok(()),
        }
    }

    /// Whether abandoned calls may still have events, or event loops have undelivered ones.
    pub(crate) fn are_some_left(&self) -> bool {
        *lock(&self.left().leaving) > 0 || self.announced.load(Ordering::Acquire) > 0
    }

    /// Waits briefly until there are none.
    pub(crate) fn wait_for_last_words(&self, py: Python<'_>) {
        let left = self.left();
        py.detach(|| left.wait());
    }
}

/// The events of one call.
pub(crate) struct CallInbox {
    observers: Arc<Observers>,
    facts: Arc<CallFacts>,
    inbox: Inbox,
    /// The caller's event loop.
    wakeups: Option<Arc<Wakeups>>,
    /// Whether the loop has been notified of events that it has not taken yet.
    announced: AtomicBool,
    /// Where events without a reader go.
    left: Arc<Left>,
    ends: Mutex<Ends>,
    /// Signalled when the engine releases the call.
    over: Condvar,
}

/// Which ends have released the call.
#[derive(Default)]
struct Ends {
    engine: bool,
    reader: bool,
}

impl CallInbox {
    /// Waits briefly until the engine has released the call.
    fn wait(&self) {
        let waited = self.over.wait_timeout_while(lock(&self.ends), LAST_WORDS, |ends| !ends.engine);
        drop(waited);
    }
}

impl Ready for CallInbox {
    fn complete(&self, py: Python<'_>) -> PyResult<()> {
        if self.announced.swap(false, Ordering::AcqRel) {
            self.observers.announced.fetch_sub(1, Ordering::AcqRel);
        }
        match self.observers.target(py)? {
            Some(target) => self.inbox.deliver(py, &target),
            None => Ok(()),
        }
    }
}

impl Drop for CallInbox {
    fn drop(&mut self) {
        if self.announced.swap(false, Ordering::AcqRel) {
            self.observers.announced.fetch_sub(1, Ordering::AcqRel);
        }
        let rest = std::mem::take(&mut *lock(&self.inbox.waiting));
        if !rest.is_empty() {
            self.left.inbox.push(rest);
        }
    }
}

/// The engine's end of a call's inbox.
struct EngineEnd(Arc<CallInbox>);

impl Observer for EngineEnd {
    fn wants(&self, kind: EventKind) -> bool {
        self.0.observers.wants(kind)
    }

    fn observe(&self, event: Event) {
        let call = &self.0;
        call.inbox.push([(Arc::clone(&call.facts), event)]);
        if let Some(wakeups) = &call.wakeups {
            // Counted first: another thread may take it before we return.
            call.observers.announced.fetch_add(1, Ordering::AcqRel);
            if call.announced.swap(true, Ordering::AcqRel) {
                call.observers.announced.fetch_sub(1, Ordering::AcqRel);
            } else {
                let ready: Arc<dyn Ready> = Arc::<CallInbox>::clone(call);
                wakeups.announce(ready);
            }
        }
    }
}

impl Drop for EngineEnd {
    fn drop(&mut self) {
        let mut ends = lock(&self.0.ends);
        ends.engine = true;
        if ends.reader {
            self.0.left.left();
        }
        drop(ends);
        self.0.over.notify_all();
    }
}

/// The observer of changes outside any call.
struct OffCall {
    observers: Arc<Observers>,
    facts: Arc<CallFacts>,
}

impl Observer for OffCall {
    fn wants(&self, kind: EventKind) -> bool {
        self.observers.wants(kind)
    }

    fn observe(&self, event: Event) {
        self.observers.left().inbox.push([(Arc::clone(&self.facts), event)]);
    }
}

/// The reader's end of an observed call's inbox.
pub(crate) struct Observed {
    call: Arc<CallInbox>,
    /// The receiver of its events, even after the client itself is gone.
    target: Py<PyAny>,
    /// The engine's end, until it is taken.
    engine: Option<Arc<dyn Observer>>,
}

impl Observed {
    /// The engine's end.
    pub(crate) fn take_engine_end(&mut self) -> Option<Arc<dyn Observer>> {
        self.engine.take()
    }

    /// Delivers the available events.
    pub(crate) fn deliver(&self, py: Python<'_>) -> PyResult<()> {
        let target = self.target.bind(py);
        self.call.inbox.deliver(py, target)?;
        let left = &self.call.left.inbox;
        if left.any.load(Ordering::Acquire) { left.deliver(py, target) } else { Ok(()) }
    }

    /// The reader releases the call.
    pub(crate) fn leave(&self) {
        let mut ends = lock(&self.call.ends);
        if !ends.engine && !std::mem::replace(&mut ends.reader, true) {
            self.call.left.leave();
        }
    }

    /// Waits for the last events of an abandoned call, and delivers them. An event loop is not blocked: it is woken for
    /// them.
    pub(crate) fn deliver_last_words(&self, py: Python<'_>) -> PyResult<()> {
        if self.call.wakeups.is_none() {
            py.detach(|| self.call.wait());
        }
        self.deliver(py)
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.target)
    }
}
