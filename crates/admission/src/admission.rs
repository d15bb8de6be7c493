//! Admission: the counters of a store, and the queue before them.

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

/// Decides which calls may be sent.
pub struct Admission {
    store: Box<dyn Store>,
    clock: Arc<dyn Clock>,
    queue: Mutex<Queue>,
    next: AtomicU64,
    /// The most calls that wait.
    most_waiting: usize,
}

/// Why a call is not admitted, and cannot wait any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The counter that is in the way.
    pub key: Key,
    /// What there is not enough of.
    pub shortage: Shortage,
    /// After how many milliseconds there may be enough; `None` where that is not known, or never.
    pub retry_after: Option<u64>,
    /// How many milliseconds the call waited.
    pub waited: u64,
    /// Whether more calls wait than may.
    pub is_queue_full: bool,
}

/// What becomes of a call that asks to be admitted.
#[derive(Debug)]
pub enum Begun {
    /// It may be sent.
    Admitted(Lease),
    /// It waits.
    Waiting(Ticket),
    /// It may not be sent.
    Refused(Refused),
}

/// How a call that waits stands.
#[derive(Debug)]
pub enum Verdict {
    /// It may be sent.
    Admitted(Lease),
    /// It may not be sent.
    Refused(Refused),
    /// It is to look again when it is woken, or at this time of the steady clock.
    Wait(u64),
}

/// A call that waits. Dropped, it leaves the queue.
pub struct Ticket {
    admission: Arc<Admission>,
    id: CallId,
    number: u64,
    line: u64,
    claims: Arc<[Claim]>,
    /// What it waits for, at first.
    key: Key,
    /// How many are before it.
    before: usize,
    /// What it knew when it looked last.
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

    /// The time that it goes by.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Asks for all that `claims` say. Where `may_wait`, a call that does not fit in now may wait.
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

    /// What a provider told of its limits at the target that `key` names.
    pub fn told(&self, key: &Key, told: &Told) {
        self.store.told(key, told, self.clock.now());
    }

    /// Changes a budget by hand.
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

    /// How much of one budget is in use.
    pub fn budget(&self, key: &Key, budget: &BudgetFigures) -> BudgetUse {
        self.store.budget(key, budget, self.clock.now())
    }

    /// All counters.
    pub fn snapshot(&self) -> Snapshot {
        self.store.snapshot(self.clock.now())
    }

    /// How many calls wait for each counter.
    pub fn waiting(&self) -> HashMap<Key, usize> {
        self.queue().waiting_for()
    }

    /// Something changed that those who wait may have waited for: limits, or what is left of them.
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
        // The numbers of those who wait are told apart from the ids of those who did not.
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

/// The id of a call that waited: those of others count up from 0.
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
    /// The counter that it waits for, at first.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// How many calls that need the same were before it when it came.
    pub fn before(&self) -> usize {
        self.before
    }

    /// How it stands now.
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

    /// Ready when it is to `check` again before the time that it was told.
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
            // It was admitted, and nobody is left who would send anything.
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
