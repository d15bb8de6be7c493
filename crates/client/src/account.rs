//! Usage accounting: the entry of each call in its client's ledger.

use crate::{process, state};
use arc_swap::ArcSwap;
use ferrule_catalog::{Catalog, End, Labels, Ledger, Row, Settled, Settlement, Totals, UsageRecord};
use ferrule_state::Shared;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// The usage account of a client.
pub(crate) struct Account {
    /// The ledger of this process. A forked child begins its own: a thread that does not exist there may have locked
    /// the parent's.
    ledger: ArcSwap<(u32, Arc<Ledger>)>,
}

impl Default for Account {
    fn default() -> Self {
        Self { ledger: ArcSwap::from_pointee((process::current(), Ledger::new())) }
    }
}

impl Account {
    pub(crate) fn ledger(&self) -> Arc<Ledger> {
        let current = self.ledger.load();
        if current.0 != process::current() {
            let next = Arc::new((process::current(), Ledger::new()));
            self.ledger.compare_and_swap(&current, next);
        }
        Arc::clone(&self.ledger.load().1)
    }

    pub(crate) fn rows(&self) -> Vec<(Row, Totals)> {
        self.ledger().rows()
    }

    pub(crate) fn clear(&self) {
        self.ledger().clear();
    }
}

/// The entry of one call. It is closed once, by whatever ends the call first; closing it again does nothing.
#[derive(Default)]
pub struct Entry {
    catalog: Option<Arc<Catalog>>,
    /// When the call began, in seconds since 1970.
    at: i64,
    open: Mutex<Option<Open>>,
}

/// What affects the cost of a call besides its usage at the target that answered.
#[derive(Clone, Debug, Default)]
pub struct Bill {
    /// The catalog for its prices; the client's if absent.
    pub catalog: Option<Arc<Catalog>>,
    /// Usage of targets that began the stream and broke off.
    pub begun: Vec<Arc<Settlement>>,
    /// Usage of attempts that contributed nothing to an answer.
    pub unanswered: Vec<Arc<Settlement>>,
}

struct Open {
    ledger: Arc<Ledger>,
    shared: Option<Shared>,
    provider: String,
    model: String,
    labels: Labels,
}

impl Open {
    /// Recorded in the ledger that outlives the process first, if there is one.
    fn record(self, settlement: Arc<Settlement>, end: End) {
        let Self { ledger, shared, labels, .. } = self;
        if let Some(shared) = &shared {
            state::note(shared, &settlement, end, &labels);
        }
        ledger.record(Settled { settlement, end, labels });
    }
}

impl Entry {
    /// The entry of something other than a model call: closing it records nothing.
    pub fn none() -> Arc<Self> {
        Arc::default()
    }

    /// Opens an entry for a call of `model` at `provider`. `catalog` has the prices; `None` for the built-in one.
    pub(crate) fn open(
        ledger: Arc<Ledger>,
        shared: Option<Shared>,
        catalog: Option<Arc<Catalog>>,
        provider: String,
        model: String,
        labels: Labels,
    ) -> Arc<Self> {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
        let open = Mutex::new(Some(Open { ledger, shared, provider, model, labels }));
        Arc::new(Self { catalog, at, open })
    }

    /// Records the settled call.
    pub fn close(&self, end: End, settlement: &Arc<Settlement>) {
        if let Some(open) = self.take() {
            open.record(Arc::clone(settlement), end);
        }
    }

    /// Records a call that was not settled. `fill` adds what is known of its response.
    pub fn close_unsettled(&self, end: End, bill: Bill, fill: impl FnOnce(&mut UsageRecord)) {
        let Some(mut open) = self.take() else { return };
        let (provider, asked) = (std::mem::take(&mut open.provider), std::mem::take(&mut open.model));
        let mut record = UsageRecord { provider, asked, ..UsageRecord::default() };
        fill(&mut record);
        open.record(self.settle(record, bill), end);
    }

    /// Settles `record` at the prices of the call's start.
    pub fn settle(&self, record: UsageRecord, bill: Bill) -> Arc<Settlement> {
        let catalog = bill.catalog.or_else(|| self.catalog.clone());
        let settlement = Settlement::new(UsageRecord { at: self.at, ..record }, catalog);
        Arc::new(settlement.with(bill.begun, bill.unanswered))
    }

    fn take(&self) -> Option<Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Entry").field("at", &self.at).finish_non_exhaustive()
    }
}
