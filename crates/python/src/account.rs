//! A call's account: by which prices its cost is found, and where its usage is added up.

use crate::{cost::decimal, runtime::process};
use arc_swap::ArcSwap;
use ferrule_catalog::{Catalog, End, Labels, Ledger, Settled, Settlement, UsageRecord};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use std::sync::{Arc, Mutex, PoisonError};

/// A client's account.
pub(crate) struct Account {
    /// This process's. A forked child begins its own: a thread that does not exist there may have locked the parent's.
    ledger: ArcSwap<(u32, Arc<Ledger>)>,
}

impl Default for Account {
    fn default() -> Self {
        Self { ledger: ArcSwap::from_pointee((process(), Ledger::new())) }
    }
}

impl Account {
    fn ledger(&self) -> Arc<Ledger> {
        let current = self.ledger.load();
        if current.0 != process() {
            let next = Arc::new((process(), Ledger::new()));
            self.ledger.compare_and_swap(&current, next);
        }
        Arc::clone(&self.ledger.load().1)
    }

    /// Opens an entry for a call of `model` at `provider`, which its end closes. `catalog` has the prices.
    pub(crate) fn open(
        &self,
        catalog: Option<Arc<Catalog>>,
        provider: &str,
        model: &str,
        labels: Labels,
    ) -> Entry {
        let open =
            Open { ledger: self.ledger(), provider: provider.to_owned(), model: model.to_owned(), labels };
        Entry { catalog, at: crate::cost::now(), open: Mutex::new(Some(open)) }
    }

    /// All rows, as dicts.
    pub(crate) fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let ledger = self.ledger();
        let rows = py.detach(|| ledger.rows());
        let list = PyList::empty(py);
        for (row, totals) in rows {
            let dict = PyDict::new(py);
            dict.set_item("provider", row.provider)?;
            dict.set_item("model", row.model)?;
            dict.set_item("alias", row.labels.alias)?;
            let metadata = PyDict::new(py);
            for (key, value) in row.labels.metadata {
                metadata.set_item(key, value)?;
            }
            dict.set_item("metadata", metadata)?;
            dict.set_item("calls", totals.calls)?;
            dict.set_item("failed", totals.failed)?;
            dict.set_item("interrupted", totals.interrupted)?;
            dict.set_item("input_tokens", totals.input_tokens)?;
            dict.set_item("output_tokens", totals.output_tokens)?;
            dict.set_item("cache_read_tokens", totals.cache_read_tokens)?;
            dict.set_item("cache_write_tokens", totals.cache_write_tokens)?;
            dict.set_item("reasoning_tokens", totals.reasoning_tokens)?;
            dict.set_item("cost", decimal(py, &totals.cost)?)?;
            dict.set_item("unknown_cost", totals.unknown_cost)?;
            list.append(dict)?;
        }
        Ok(list)
    }

    pub(crate) fn clear(&self, py: Python<'_>) {
        let ledger = self.ledger();
        py.detach(|| ledger.clear());
    }
}

/// One call's entry. It is closed once, by whatever ends the call first.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) catalog: Option<Arc<Catalog>>,
    /// When the call began, in seconds since 1970.
    pub(crate) at: i64,
    open: Mutex<Option<Open>>,
}

struct Open {
    ledger: Arc<Ledger>,
    provider: String,
    model: String,
    labels: Labels,
}

impl Entry {
    /// Of what is not a call of a model.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Records the call, unless that was done, as it was settled.
    pub(crate) fn close(&self, end: End, settlement: &Arc<Settlement>) {
        if let Some(Open { ledger, labels, .. }) = self.take() {
            ledger.record(Settled { settlement: Arc::clone(settlement), end, labels });
        }
    }

    /// Records the call, unless that was done, where it was not settled. `fill` adds what is known of its answer.
    pub(crate) fn close_unsettled(&self, end: End, fill: impl FnOnce(&mut UsageRecord)) {
        let Some(Open { ledger, provider, model, labels }) = self.take() else { return };
        let mut record = UsageRecord { provider, asked: model, at: self.at, ..UsageRecord::default() };
        fill(&mut record);
        let settlement = Arc::new(Settlement::new(record, self.catalog.clone()));
        ledger.record(Settled { settlement, end, labels });
    }

    fn take(&self) -> Option<Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
