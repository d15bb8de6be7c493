//! A call in flight: what the runtime's task and its one reader in Python share.
//!
//! Plain calls and streams are the same here: a plain call delivers one reply, a stream batches of events.

use crate::{
    account::Entry,
    bridge::{LoopBridge, Ready, Wakeups},
    cost::Pricing,
    delivery::Delivery,
    errors, events,
    operations::{raw_head, raw_piece},
    reply::{self, Reply},
    runtime::process,
};
use ferrule_bridge::{Limits, Queue, Taken};
use ferrule_catalog::{End, Settlement};
use ferrule_engine::{Attempt, CallError, Stats};
use ferrule_wire::{encode::UnsupportedField, model::Accumulator};
use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::{PyRuntimeError, PyUserWarning},
    intern,
    prelude::*,
    types::PyList,
};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// The most a stream may hold for a reader that does not come.
const LIMITS: Limits = Limits { items: 256, bytes: 1 << 20 };

/// How long a blocked call goes without asking whether Ctrl-C was pressed.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// A call until it has something to deliver. Boxed, so that an open stream no longer pays for its opening: the state of
/// all attempts is several times as large as what reading needs.
pub(crate) type Opening<T> = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send>>;

/// What is known of a call beside what it delivers.
pub(crate) struct Progress {
    pub(crate) provider: String,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) stats: Stats,
}

/// The shared part.
pub(crate) struct Shared {
    queue: Queue<Delivery, Result<(), Box<CallError>>>,
    /// The loop that reads, for asynchronous clients.
    wakeups: Option<Arc<Wakeups>>,
    /// The future the reader waits for.
    waiter: Mutex<Option<Py<PyAny>>>,
    /// What was received so far, and how.
    received: Mutex<Received>,
    /// What it costs is added up once.
    entry: Entry,
}

struct Received {
    answer: Accumulator,
    progress: Progress,
    dropped: Vec<UnsupportedField>,
    /// What a raw answer came to, once it has begun.
    raw: Option<Arc<Settlement>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ready for Shared {
    fn complete(&self, py: Python<'_>) -> PyResult<()> {
        let waiter = lock(&self.waiter).take();
        if let Some(waiter) = waiter {
            let waiter = waiter.bind(py);
            // A cancelled waiter is gone, but what came stays in the queue for the next one.
            if !waiter.call_method0(intern!(py, "done"))?.is_truthy()? {
                waiter.call_method1(intern!(py, "set_result"), (py.None(),))?;
            }
        }
        Ok(())
    }
}

impl Shared {
    fn new(wakeups: Option<Arc<Wakeups>>, provider: String, entry: Entry) -> Arc<Self> {
        let stats = Stats { started: Instant::now(), time_to_first_token: None, duration: None };
        let progress = Progress { provider, request_id: None, attempts: Vec::new(), stats };
        let received = Received { answer: Accumulator::new(), progress, dropped: Vec::new(), raw: None };
        Arc::new(Self {
            queue: Queue::new(LIMITS),
            wakeups,
            waiter: Mutex::new(None),
            received: Mutex::new(received),
            entry,
        })
    }

    /// Wakes whoever waits, to find that nothing more comes. Whoever closes a stream need not be who reads it.
    fn dismiss(self: &Arc<Self>) {
        let is_awaited = lock(&self.waiter).is_some();
        self.tell(is_awaited);
    }

    fn tell(self: &Arc<Self>, armed: bool) {
        if armed && let Some(wakeups) = &self.wakeups {
            wakeups.announce(self.clone());
        }
    }

    fn deliver(self: &Arc<Self>, delivery: Delivery) {
        let bytes = delivery.bytes();
        let armed = self.queue.push(delivery, bytes);
        self.tell(armed);
    }

    fn end(self: &Arc<Self>, end: Result<(), CallError>) {
        let armed = self.queue.end(end.map_err(Box::new));
        self.tell(armed);
    }

    /// Delivers the outcome of a plain operation.
    pub(crate) async fn settle(self: Arc<Self>, outcome: Opening<Delivery>) {
        match outcome.await {
            Ok(delivery) => {
                match &delivery {
                    Delivery::Reply(reply) => {
                        lock(&self.received).dropped.clone_from(&reply.dropped);
                        self.entry.close(End::Answered, &reply.settlement);
                    }
                    Delivery::Operation(operation) => {
                        lock(&self.received).dropped.clone_from(&operation.dropped);
                        self.entry.close(End::Answered, &operation.settlement);
                    }
                    _ => {}
                }
                self.deliver(delivery);
                self.end(Ok(()));
            }
            Err(error) => {
                self.entry.close_unsettled(End::Failed, |_| {});
                self.end(Err(error));
            }
        }
    }

    /// Closes the entry of a stream that ended, or whose reader ended it.
    fn close_entry(&self, received: &Received, is_whole: bool, settlement: Option<&Arc<Settlement>>) {
        let end = match received.answer.has_content() || received.raw.is_some() {
            _ if is_whole => End::Answered,
            true => End::Interrupted,
            false => End::Failed,
        };
        match settlement.or(received.raw.as_ref()) {
            Some(settlement) => self.entry.close(end, settlement),
            None => self.entry.close_unsettled(end, |record| {
                record.provider.clone_from(&received.progress.provider);
                record.fill(received.answer.model(), received.answer.usage(), received.answer.extra());
            }),
        }
    }

    /// Delivers a stream, batch by batch, as fast as it is read.
    pub(crate) async fn pump(self: Arc<Self>, opening: Opening<ferrule_engine::EventStream>) {
        let mut stream = match opening.await {
            Ok(stream) => stream,
            Err(error) => {
                self.entry.close_unsettled(End::Failed, |_| {});
                return self.end(Err(error));
            }
        };
        {
            let mut received = lock(&self.received);
            received.progress.provider = stream.provider().to_owned();
            received.progress.request_id = stream.request_id().map(str::to_owned);
            received.dropped = stream.dropped().to_vec();
            received.progress.attempts = stream.attempts().to_vec();
        }
        loop {
            poll_fn(|context| self.queue.poll_space(context)).await;
            let next = stream.next().await;
            let mut received = lock(&self.received);
            received.progress.stats = stream.stats();
            match next {
                Some(Ok(batch)) => {
                    for event in &batch.events {
                        received.answer.push(event);
                    }
                    drop(received);
                    self.deliver(Delivery::Events(batch));
                }
                Some(Err(error)) => {
                    received.progress.attempts.clone_from(&error.attempts);
                    self.close_entry(&received, false, Some(&stream.settle()));
                    drop(received);
                    return self.end(Err(error));
                }
                None => {
                    received.progress.attempts = stream.attempts().to_vec();
                    self.close_entry(&received, true, Some(&stream.settle()));
                    drop(received);
                    return self.end(Ok(()));
                }
            }
        }
    }
}

impl Shared {
    /// Delivers the head of a raw answer, and its body chunk by chunk as fast as it is read.
    pub(crate) async fn pump_raw(self: Arc<Self>, opening: Opening<ferrule_engine::RawReply>) {
        let mut reply = match opening.await {
            Ok(reply) => reply,
            Err(error) => {
                self.entry.close_unsettled(End::Failed, |_| {});
                return self.end(Err(error));
            }
        };
        {
            let mut received = lock(&self.received);
            received.raw = Some(Arc::clone(&reply.settlement));
            received.dropped = reply.dropped().to_vec();
        }
        self.deliver(Delivery::Part(raw_head(&reply)));
        loop {
            poll_fn(|context| self.queue.poll_space(context)).await;
            let end = match reply.chunk().await {
                Ok(Some(piece)) => {
                    self.deliver(Delivery::Part(raw_piece(piece)));
                    continue;
                }
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            self.close_entry(&lock(&self.received), end.is_ok(), None);
            return self.end(end);
        }
    }
}

/// The reader's end of a call in flight. Dropping it cancels the call, and the connection upstream is closed.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct Flight {
    shared: Arc<Shared>,
    task: AbortHandle,
    process: u32,
    ended: std::sync::atomic::AtomicBool,
    /// Makes a reply's `parsed` of its text.
    parse: Option<Py<PyAny>>,
}

impl Flight {
    /// Starts `run` on the runtime: an operation that is no call of a model.
    pub(crate) fn start<F: Future<Output = ()> + Send + 'static>(
        bridge: Option<&LoopBridge>,
        provider: String,
        parse: Option<Py<PyAny>>,
        run: impl FnOnce(Arc<Shared>) -> F,
    ) -> PyResult<Self> {
        Self::start_call(bridge, provider, Entry::none(), parse, run)
    }

    /// Starts `run` on the runtime: a call of a model, whose end closes `entry`.
    pub(crate) fn start_call<F: Future<Output = ()> + Send + 'static>(
        bridge: Option<&LoopBridge>,
        provider: String,
        entry: Entry,
        parse: Option<Py<PyAny>>,
        run: impl FnOnce(Arc<Shared>) -> F,
    ) -> PyResult<Self> {
        let shared = Shared::new(bridge.map(|bridge| bridge.wakeups().clone()), provider, entry);
        let task = crate::runtime::runtime()?.spawn(run(shared.clone())).abort_handle();
        Ok(Self { shared, task, process: process(), ended: false.into(), parse })
    }

    fn check_process(&self) -> PyResult<()> {
        if self.process == process() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err(
            "this call was started before the process forked; start it anew in the child",
        ))
    }

    /// What `taken` is in Python: `None` where nothing was there, or at the end.
    fn hand_over(
        &self,
        py: Python<'_>,
        taken: Taken<Delivery, Result<(), Box<CallError>>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        match taken {
            Taken::Empty => Ok(None),
            Taken::End(end) => {
                self.ended.store(true, std::sync::atomic::Ordering::Release);
                self.warn_of_dropped(py)?;
                match end {
                    Ok(()) => Ok(None),
                    Err(error) => {
                        Err(errors::raise(py, *error, self.received_something().then(|| self.received(py))))
                    }
                }
            }
            Taken::Items(deliveries) => {
                self.warn_of_dropped(py)?;
                let mut batch = Vec::new();
                for delivery in deliveries {
                    match delivery {
                        Delivery::Reply(reply) => {
                            let parse = self.parse.as_ref().map(|parse| parse.clone_ref(py));
                            let reply = Reply::new(*reply, parse);
                            return Ok(Some(Py::new(py, reply)?.into_any()));
                        }
                        Delivery::Models(provider, models) => {
                            return Ok(Some(reply::model_list(py, &provider, models)?.unbind().into_any()));
                        }
                        Delivery::Operation(answer) => {
                            return answer.into_dict(py).map(Some);
                        }
                        Delivery::Whole(value) => return (value.make)(py).map(Some),
                        Delivery::Part(value) => batch.push((value.make)(py)?),
                        Delivery::Events(events) => events::convert(py, events, &mut batch)?,
                    }
                }
                Ok(Some(PyList::new(py, batch)?.unbind().into_any()))
            }
        }
    }

    /// `drop_params=True` drops with a warning, never silently; with the first thing that is delivered.
    fn warn_of_dropped(&self, py: Python<'_>) -> PyResult<()> {
        let dropped = std::mem::take(&mut lock(&self.shared.received).dropped);
        for field in dropped {
            let text = std::ffi::CString::new(format!("dropped: {field}"))?;
            PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 3)?;
        }
        Ok(())
    }

    fn received_something(&self) -> bool {
        lock(&self.shared.received).answer.has_content()
    }
}

#[pymethods]
impl Flight {
    /// What is there: a reply, a list of models, or a list of events; where nothing is, a future of `loop` that
    /// completes when something is, to be awaited before asking again; `None` at the end. Raises the error the call
    /// ended with, once.
    fn next(&self, py: Python<'_>, r#loop: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        self.check_process()?;
        while !self.ended() {
            if let Some(handed) = self.hand_over(py, self.shared.queue.take())? {
                return Ok(Some(handed));
            }
            if self.ended() {
                break;
            }
            // No lock of ours is held while Python runs: it may switch to a thread that wants the same lock.
            let other = lock(&self.shared.waiter).as_ref().map(|other| other.clone_ref(py));
            if let Some(other) = other
                && !other.bind(py).call_method0(intern!(py, "done"))?.is_truthy()?
            {
                return Err(PyRuntimeError::new_err(
                    "another task is waiting for this stream; read it from one task",
                ));
            }
            let waiter = r#loop.call_method0(intern!(py, "create_future"))?.unbind();
            *lock(&self.shared.waiter) = Some(waiter.clone_ref(py));
            // Stored before it is armed: who finds it armed finds whom to wake. Another thread may have closed it just
            // before it could see the waiter.
            if self.shared.queue.arm() && !self.ended() {
                return Ok(Some(waiter));
            }
            let waiter = lock(&self.shared.waiter).take();
            drop(waiter);
        }
        Ok(None)
    }

    /// Blocks until there is something to take, and takes it. `None` only at the end.
    fn wait(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.check_process()?;
        loop {
            if self.ended() {
                return Ok(None);
            }
            let taken = py.detach(|| self.shared.queue.wait(SIGNAL_CHECK));
            crate::logging::flush(py)?;
            let empty = matches!(taken, Taken::Empty);
            let handed = self.hand_over(py, taken)?;
            if !empty && (handed.is_some() || self.ended()) {
                return Ok(handed);
            }
            py.check_signals()?;
        }
    }

    /// What was received so far, as a reply.
    fn received(&self, py: Python<'_>) -> Reply {
        let received = lock(&self.shared.received);
        let parse = self.parse.as_ref().map(|parse| parse.clone_ref(py));
        let pricing = Pricing::by_entry(&self.shared.entry);
        Reply::received(received.answer.response(), &received.progress, pricing, parse)
    }

    /// Ends the call; the connection upstream is closed at once, and what was not taken is dropped.
    fn cancel(&self) {
        self.ended.store(true, std::sync::atomic::Ordering::Release);
        if self.stop() {
            self.shared.dismiss();
        }
    }

    // The waiter's callbacks lead to the task that waits, and that to us.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.parse)?;
        // Locked by another thread: then somebody uses us, and we are no garbage.
        self.shared.waiter.try_lock().map_or(Ok(()), |waiter| visit.call(&*waiter))
    }

    fn __clear__(&self) {
        let waiter = lock(&self.shared.waiter).take();
        drop(waiter);
    }
}

impl Flight {
    /// Whether everything was taken.
    fn ended(&self) -> bool {
        self.ended.load(std::sync::atomic::Ordering::Acquire)
    }

    /// False in a forked child: there is no such task, and its runtime's locks may be held by threads that do not
    /// exist.
    fn stop(&self) -> bool {
        let is_ours = self.process == process();
        if is_ours {
            self.task.abort();
            self.shared.close_entry(&lock(&self.shared.received), false, None);
            self.shared.queue.abandon();
        }
        is_ours
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.stop();
    }
}
