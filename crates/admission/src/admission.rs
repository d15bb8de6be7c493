//! Admission: the counters of a store, with a queue in front of them.

use crate::{
    budget::{BudgetUse, Crossing},
    claim::{BudgetFigures, Claim, Key},
    clock::{Clock, Now},
    lease::{Lease, Lessor},
    provider::Told,
    queue::{Queue, Standing, line_of},
    shortage::Shortage,
    store::{Adjustment, CallId, Outcome, Snapshot, Store},
};
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

/// Decides which calls may be sent, and queues the others.
pub struct Admission {
    store: Box<dyn Store>,
    clock: Arc<dyn Clock>,
    queue: Mutex<Queue>,
    next: AtomicU64,
    /// The maximum number of waiting calls.
    most_waiting: usize,
}

/// Why a call is not admitted and cannot wait any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The counter that is exhausted.
    pub key: Key,
    /// What is short.
    pub shortage: Shortage,
    /// The time in milliseconds after which there may be enough; `None` if unknown or never.
    pub retry_after: Option<u64>,
    /// The time in milliseconds that the call waited.
    pub waited: u64,
    /// Whether the queue is full.
    pub is_queue_full: bool,
}

/// The initial outcome of a request for admission.
#[derive(Debug)]
pub enum Begun {
    /// The call may be sent.
    Admitted(Lease),
    /// The call waits.
    Waiting(Ticket),
    /// The call may not be sent.
    Refused(Refused),
}

/// The state of a waiting call.
#[derive(Debug)]
pub enum Verdict {
    /// It may be sent.
    Admitted(Lease),
    /// It may not be sent.
    Refused(Refused),
    /// Check again when woken, or at this time of the steady clock.
    Wait(u64),
}

/// A waiting call. Dropping it leaves the queue.
pub struct Ticket {
    admission: Arc<Admission>,
    id: CallId,
    number: u64,
    line: u64,
    claims: Arc<[Claim]>,
    /// The counter that it first waited for.
    key: Key,
    /// The number of calls ahead of it.
    before: usize,
    /// The queue's change count when it last checked.
    news: u64,
    is_over: bool,
}

impl Admission {
    /// Admission by the counters of `store`, with at most `most_waiting` calls in the queue.
    pub fn new(store: Box<dyn Store>, clock: Arc<dyn Clock>, most_waiting: usize) -> Arc<Self> {
        let next = AtomicU64::new(0);
        let admission = Arc::new(Self { store, clock, queue: Mutex::default(), next, most_waiting });
        let waiting = Arc::downgrade(&admission);
        admission.store.watch(Box::new(move || {
            if let Some(admission) = waiting.upgrade() {
                admission.moved();
            }
        }));
        admission
    }

    /// The current time.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Requests everything in `claims`. If it `may_wait`, a call that does not fit now waits.
    pub fn begin(self: &Arc<Self>, claims: Vec<Claim>, may_wait: bool) -> Begun {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.now();
        let mut queue = self.queue();
        let (key, shortage) = match queue.in_the_way(&claims) {
            Some(known) => known,
            None => match self.store.reserve(id, &claims, now) {
                Ok(()) => return Begun::Admitted(self.lease(id)),
                Err(shortage) => match claims.get(shortage.claim) {
                    Some(claim) => (claim.key.clone(), shortage),
                    None => return Begun::Admitted(self.lease(id)),
                },
            },
        };
        let wait = claims.iter().find(|claim| claim.key == key).and_then(|claim| claim.wait);
        let deadline = wait.filter(|_| may_wait).map(|wait| now.steady.saturating_add(wait));
        let is_queue_full = queue.len() >= self.most_waiting;
        let Some(_) = deadline.filter(|deadline| !is_hopeless(&shortage, *deadline) && !is_queue_full) else {
            let is_queue_full = is_queue_full && deadline.is_some();
            return Begun::Refused(refused(key, shortage, now, 0, is_queue_full));
        };
        let claims: Arc<[Claim]> = claims.into();
        let line = line_of(&claims);
        let (number, before) = queue.join(Arc::clone(&claims), now.steady, (key.clone(), shortage));
        let admission = Arc::clone(self);
        let news = queue.news();
        Begun::Waiting(Ticket { admission, id, number, line, claims, key, before, news, is_over: false })
    }

    /// Records the limits that a provider reported for the target named by `key`.
    pub fn told(&self, key: &Key, told: &Told) {
        self.store.told(key, told, self.clock.now());
    }

    /// Changes a budget manually.
    pub fn adjust(
        &self,
        key: &Key,
        budget: &BudgetFigures,
        adjustment: Adjustment,
    ) -> Result<BudgetUse, String> {
        let found = self.store.adjust(key, budget, adjustment, self.clock.now());
        self.moved();
        found
    }

    /// The usage of one budget.
    pub fn budget(&self, key: &Key, budget: &BudgetFigures) -> BudgetUse {
        self.store.budget(key, budget, self.clock.now())
    }

    /// All counters.
    pub fn snapshot(&self) -> Snapshot {
        self.store.snapshot(self.clock.now())
    }

    /// The number of waiting calls for each counter.
    pub fn waiting(&self) -> HashMap<Key, usize> {
        self.queue().waiting_for()
    }

    /// Tells waiters that limits, or what is left of them, may have changed.
    pub fn moved(&self) {
        let mut queue = self.queue();
        if !queue.is_empty() {
            self.scan(&mut queue);
        }
    }

    fn lease(self: &Arc<Self>, id: CallId) -> Lease {
        let from: Arc<Self> = Arc::clone(self);
        Lease::new(from, id)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scan(&self, queue: &mut Queue) {
        let now = self.clock.now();
        // The numbers of waiters are distinct from the ids of calls that did not wait.
        queue.scan(|number, claims| self.store.reserve(waiting_id(number), claims, now));
    }
}

impl Lessor for Admission {
    fn sent(&self, id: CallId) {
        self.store.sent(id, self.clock.now());
    }

    fn settle(&self, id: CallId, outcome: Outcome) -> Vec<Crossing> {
        let crossings = self.store.settle(id, outcome, self.clock.now());
        self.moved();
        crossings
    }

    fn leave(&self, id: CallId) {
        self.store.leave(id, self.clock.now());
        self.moved();
    }
}

/// The id of a call that waited: the ids of others count up from 0.
const fn waiting_id(number: u64) -> CallId {
    number | 1 << 63
}

/// Whether waiting until `deadline` cannot help.
fn is_hopeless(shortage: &Shortage, deadline: u64) -> bool {
    shortage.is_certain && shortage.ready_at.is_none_or(|ready| ready > deadline)
}

fn refused(key: Key, shortage: Shortage, now: Now, since: u64, is_queue_full: bool) -> Refused {
    let retry_after = shortage.ready_at.map(|ready| ready.saturating_sub(now.steady));
    let waited = if since == 0 { 0 } else { now.steady.saturating_sub(since) };
    Refused { key, shortage, retry_after, waited, is_queue_full }
}

impl Ticket {
    /// The counter that it first waited for.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The number of calls with the same needs that were ahead of it when it joined.
    pub fn before(&self) -> usize {
        self.before
    }

    /// Its current state.
    pub fn check(&mut self) -> Verdict {
        let admission = Arc::clone(&self.admission);
        let mut queue = admission.queue();
        let now = admission.clock.now();
        admission.scan(&mut queue);
        self.news = queue.news();
        let (short, since, is_head) = match queue.standing(self.number, self.line) {
            Standing::Admitted => {
                self.is_over = true;
                return Verdict::Admitted(admission.lease(waiting_id(self.number)));
            }
            Standing::Waiting { short, since, is_head } => (short, since, is_head),
            Standing::Gone => (None, now.steady, false),
        };
        let (key, shortage) = short.unwrap_or_else(|| (self.key.clone(), Shortage::default()));
        let wait = self.claims.iter().find(|claim| claim.key == key).and_then(|claim| claim.wait);
        let deadline = since.saturating_add(wait.unwrap_or(0));
        if now.steady >= deadline || (is_head && is_hopeless(&shortage, deadline)) {
            queue.leave(self.number, self.line);
            self.is_over = true;
            admission.scan(&mut queue);
            return Verdict::Refused(refused(key, shortage, now, since, false));
        }
        let ready = shortage.ready_at.filter(|_| is_head).map_or(deadline, |ready| ready.min(deadline));
        Verdict::Wait(ready.max(now.steady + 1))
    }

    /// Ready when it must `check` again before the time that the last check returned.
    pub fn poll_change(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let changed = self.admission.queue().watch(self.number, self.line, self.news, context.waker());
        if changed { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut queue = self.admission.queue();
        if queue.leave(self.number, self.line) {
            // It has been admitted, but its caller is gone and will send nothing.
            let (id, now) = (waiting_id(self.number), self.admission.clock.now());
            self.admission.store.settle(id, Outcome::Unsent, now);
            self.admission.store.leave(id, now);
        }
        self.admission.scan(&mut queue);
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ticket").field("id", &self.id).field("key", &self.key).finish_non_exhaustive()
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Admission").field("most_waiting", &self.most_waiting).finish_non_exhaustive()
    }
}
