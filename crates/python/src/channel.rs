//! Channel of a call, shared by the runtime's task and its single reader in Python.

use crate::{
    bridge::{Ready, Wakeups},
    delivery::Delivery,
    progress::Progress,
};
use ferrule_bridge::{Limits, Queue};
use ferrule_catalog::{End, Settlement};
use ferrule_client::{Bill, Entry, Stream};
use ferrule_engine::{CallError, Stats};
use ferrule_wire::{encode::UnsupportedField, model::Accumulator};
use pyo3::{exceptions::PyUserWarning, intern, prelude::*};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// How much of a stream is buffered for a slow reader.
const LIMITS: Limits = Limits { items: 256, bytes: 1 << 20 };

/// The channel of one call.
pub(crate) struct Channel {
    pub(crate) queue: Queue<Delivery, Result<(), Box<CallError>>>,
    /// The loop that reads, for asynchronous clients.
    wakeups: Option<Arc<Wakeups>>,
    /// The future that the reader awaits.
    pub(crate) waiter: Mutex<Option<Py<PyAny>>>,
    /// What has been received so far.
    received: Mutex<Received>,
    /// The call's entry in the ledger, closed by whatever ends the call first.
    pub(crate) entry: Arc<Entry>,
}

pub(crate) struct Received {
    pub(crate) answer: Accumulator,
    pub(crate) progress: Progress,
    /// The fields dropped from the request, until the reader has been warned.
    pub(crate) dropped: Vec<UnsupportedField>,
    /// The settlement of a raw reply, once it has begun.
    pub(crate) raw: Option<Arc<Settlement>>,
}

impl Received {
    /// Records which target answers, or continues the answer.
    pub(crate) fn answered_by(&mut self, stream: &Stream) {
        let progress = &mut self.progress;
        stream.provider().clone_into(&mut progress.provider);
        stream.model().clone_into(&mut progress.asked);
        progress.request_id = stream.request_id().map(str::to_owned);
        progress.attempts = stream.attempts().to_vec();
        progress.bill = stream.bill();
        self.dropped = stream.dropped().to_vec();
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ready for Channel {
    fn complete(&self, py: Python<'_>) -> PyResult<()> {
        let waiter = lock(&self.waiter).take();
        if let Some(waiter) = waiter {
            let waiter = waiter.bind(py);
            // A cancelled waiter is gone, but the items stay in the queue for the next one.
            if !waiter.call_method0(intern!(py, "done"))?.is_truthy()? {
                waiter.call_method1(intern!(py, "set_result"), (py.None(),))?;
            }
        }
        Ok(())
    }
}

impl Channel {
    pub(crate) fn new(wakeups: Option<Arc<Wakeups>>, provider: String, entry: Arc<Entry>) -> Arc<Self> {
        let stats = Stats { started: Instant::now(), time_to_first_token: None, duration: None };
        let progress = Progress {
            provider,
            asked: String::new(),
            request_id: None,
            attempts: Vec::new(),
            stats,
            bill: Bill::default(),
        };
        let received = Received { answer: Accumulator::new(), progress, dropped: Vec::new(), raw: None };
        Arc::new(Self {
            queue: Queue::new(LIMITS),
            wakeups,
            waiter: Mutex::new(None),
            received: Mutex::new(received),
            entry,
        })
    }

    pub(crate) fn received(&self) -> MutexGuard<'_, Received> {
        lock(&self.received)
    }

    /// Wakes the waiter to find the end. A stream may be closed by another thread than its reader.
    pub(crate) fn dismiss(self: &Arc<Self>) {
        let is_awaited = lock(&self.waiter).is_some();
        self.wake(is_awaited);
    }

    fn wake(self: &Arc<Self>, armed: bool) {
        if armed && let Some(wakeups) = &self.wakeups {
            wakeups.announce(self.clone());
        }
    }

    pub(crate) fn deliver(self: &Arc<Self>, delivery: Delivery) {
        let bytes = delivery.bytes();
        let armed = self.queue.push(delivery, bytes);
        self.wake(armed);
    }

    pub(crate) fn end(self: &Arc<Self>, end: Result<(), CallError>) {
        let armed = self.queue.end(end.map_err(Box::new));
        self.wake(armed);
    }

    /// Closes the entry of a call that its reader ends.
    pub(crate) fn close_entry(&self) {
        let received = self.received();
        if let Some(settlement) = &received.raw {
            return self.entry.close(End::Interrupted, settlement);
        }
        let end = if received.answer.has_content() { End::Interrupted } else { End::Failed };
        let bill = received.progress.bill.clone();
        self.entry.close_unsettled(end, bill, |record| {
            record.provider.clone_from(&received.progress.provider);
            if !received.progress.asked.is_empty() {
                record.asked.clone_from(&received.progress.asked);
            }
            record.fill(received.answer.model(), received.answer.usage(), received.answer.extra());
        });
    }

    /// `drop_params=True` drops with a warning, never silently; given with the first delivery.
    pub(crate) fn warn_of_dropped(&self, py: Python<'_>) -> PyResult<()> {
        let dropped = std::mem::take(&mut self.received().dropped);
        for field in dropped {
            let text = std::ffi::CString::new(format!("dropped: {field}"))?;
            PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 3)?;
        }
        Ok(())
    }
}
