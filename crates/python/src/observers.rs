//! Observers of calls: the engine's events, collected for each call and handed to Python where its caller is.
//!
//! The events of a call wait in its [`Inbox`] until its reader attends to it, and on an event loop only until that comes
//! round, which is woken for them. What nobody reads any more (a call that its reader left) waits for the next call of
//! the client, or for its end. `python/ferrule/observers.py` makes objects of them and calls the functions.

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

/// The most events that wait in one inbox; the oldest give way.
const MAX_WAITING: usize = 1_000;
/// How long a caller that leaves a call waits for what the engine has to say of that. It takes less than a millisecond.
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
    /// What calls left behind. A forked child has its own: a thread that is not there may have locked the parent's.
    left: ArcSwap<(u32, Arc<Left>)>,
    /// How many events wait for event loops.
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

/// What calls left behind that their readers are done with.
#[derive(Default)]
struct Left {
    inbox: Inbox,
    /// How many calls were left by their readers and not yet by the engine.
    leaving: Mutex<usize>,
    /// There are fewer of them.
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

    /// Waits, for a short time at most, until the engine has left all calls that their readers left.
    fn wait(&self) {
        let waited = self.changed.wait_timeout_while(lock(&self.leaving), LAST_WORDS, |leaving| *leaving > 0);
        drop(waited);
    }
}

type Waiting = (Arc<CallFacts>, Event);

/// Events that wait to be handed over.
#[derive(Default)]
struct Inbox {
    waiting: Mutex<VecDeque<Waiting>>,
    any: AtomicBool,
    /// Whether somebody is handing them over: their order is to stay.
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
                // Who is at it, perhaps we ourselves further out, looks again when it is done.
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
    /// Has events of the kinds `wanted`, one bit each, handed to what `target` weakly refers to.
    pub(crate) fn set(&self, target: Py<PyAny>, wanted: u32) {
        let before = lock(&self.target).replace(target);
        self.wanted.store(wanted, Ordering::Release);
        drop(before);
    }

    /// Where events go now; `None` where that is nowhere.
    fn target<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let reference = lock(&self.target).as_ref().map(|target| target.clone_ref(py));
        let Some(reference) = reference else { return Ok(None) };
        let target = reference.bind(py).call0()?;
        Ok((!target.is_none()).then_some(target))
    }

    /// What observes a call that begins; `None` where nothing does.
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

    /// What observes a change that belongs to no call.
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

    /// Hands over what calls left behind.
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

    /// Whether calls that were left by their readers still have something to say, or event loops something to hear.
    pub(crate) fn are_some_left(&self) -> bool {
        *lock(&self.left().leaving) > 0 || self.announced.load(Ordering::Acquire) > 0
    }

    /// Waits, for a short time at most, until none has.
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
    /// Whether the loop was notified of events that it has not taken yet.
    announced: AtomicBool,
    /// Where what nobody reads goes.
    left: Arc<Left>,
    ends: Mutex<Ends>,
    /// The engine has let go of the call.
    over: Condvar,
}

/// Who has let go of the call.
#[derive(Default)]
struct Ends {
    engine: bool,
    reader: bool,
}

impl CallInbox {
    /// Waits, for a short time at most, until the engine has let go of the call.
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
            // Counted before: who takes it may be quicker than we are.
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

/// What observes changes that belong to no call.
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

/// The reader's end of the inbox of a call that is observed.
pub(crate) struct Observed {
    call: Arc<CallInbox>,
    /// Where its events go, also after the client itself is gone.
    target: Py<PyAny>,
    /// The engine's end, until it is taken.
    engine: Option<Arc<dyn Observer>>,
}

impl Observed {
    /// The engine's end.
    pub(crate) fn take_engine_end(&mut self) -> Option<Arc<dyn Observer>> {
        self.engine.take()
    }

    /// Hands over what there is.
    pub(crate) fn deliver(&self, py: Python<'_>) -> PyResult<()> {
        let target = self.target.bind(py);
        self.call.inbox.deliver(py, target)?;
        let left = &self.call.left.inbox;
        if left.any.load(Ordering::Acquire) { left.deliver(py, target) } else { Ok(()) }
    }

    /// The reader lets go of the call.
    pub(crate) fn leave(&self) {
        let mut ends = lock(&self.call.ends);
        if !ends.engine && !std::mem::replace(&mut ends.reader, true) {
            self.call.left.leave();
        }
    }

    /// Waits for what the engine has to say of a call that was left, and hands it over. An event loop is not held up: it
    /// is woken for it.
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
