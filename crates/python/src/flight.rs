//! Flights: calls in flight, held by their single reader in Python.
//!
//! Streams and other calls work the same way: a call that is not streamed delivers one reply, a stream delivers batches
//! of events.

use crate::{
    bridge::LoopBridge,
    channel::{Channel, lock},
    delivery::Delivery,
    errors, events,
    observers::Observed,
    reply::Reply,
    to_python::not_pickled,
};
use ferrule_bridge::Taken;
use ferrule_client::{Entry, process};
use ferrule_engine::CallError;
use pyo3::{PyTraverseError, PyVisit, exceptions::PyRuntimeError, intern, prelude::*, types::PyList};
use std::{
    collections::HashSet,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::task::AbortHandle;

/// How long a blocked call waits before it checks for Ctrl-C.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// The reader's end of a call in flight. Dropping it cancels the call and closes the upstream connection.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct Flight {
    channel: Arc<Channel>,
    task: AbortHandle,
    process: u32,
    ended: std::sync::atomic::AtomicBool,
    /// Makes a reply's `parsed` from its text.
    parse: Option<Py<PyAny>>,
    /// The sources that have been delivered.
    cited: Mutex<HashSet<String>>,
    /// The events of the call, if it is observed.
    observed: Option<Observed>,
}

impl Flight {
    /// Starts `run` on the runtime: a call, whose end closes `entry`.
    pub(crate) fn start<F: Future<Output = ()> + Send + 'static>(
        bridge: Option<&LoopBridge>,
        provider: String,
        entry: Arc<Entry>,
        parse: Option<Py<PyAny>>,
        run: impl FnOnce(Arc<Channel>) -> F,
    ) -> PyResult<Self> {
        let channel = Channel::new(bridge.map(|bridge| bridge.wakeups().clone()), provider, entry);
        let task = crate::runtime::runtime()?.spawn(run(channel.clone())).abort_handle();
        Ok(Self {
            channel,
            task,
            process: process::current(),
            ended: false.into(),
            parse,
            cited: Mutex::default(),
            observed: None,
        })
    }

    /// The flight, with the events of the call for its reader.
    pub(crate) fn observed(mut self, observed: Option<Observed>) -> Self {
        self.observed = observed;
        self
    }

    fn check_process(&self) -> PyResult<()> {
        if self.process == process::current() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err(
            "this call was started before the process forked; start it anew in the child",
        ))
    }

    /// Converts `taken` to Python: `None` if nothing was available, or at the end.
    fn hand_over(
        &self,
        py: Python<'_>,
        taken: Taken<Delivery, Result<(), Box<CallError>>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        if let Some(observed) = &self.observed {
            observed.deliver(py)?;
        }
        match taken {
            Taken::Empty => Ok(None),
            Taken::End(end) => {
                self.ended.store(true, std::sync::atomic::Ordering::Release);
                self.channel.warn_of_dropped(py)?;
                match end {
                    Ok(()) => Ok(None),
                    Err(error) => {
                        Err(errors::raise(py, *error, self.received_something().then(|| self.received(py))))
                    }
                }
            }
            Taken::Items(deliveries) => {
                self.channel.warn_of_dropped(py)?;
                let mut batch = Vec::new();
                for delivery in deliveries {
                    match delivery {
                        Delivery::One(value) => {
                            let parse = self.parse.as_ref().map(|parse| parse.clone_ref(py));
                            return value.into_object(py, parse).map(Some);
                        }
                        Delivery::Part(value) => batch.push(value.into_object(py, None)?),
                        Delivery::Events(events) => {
                            events::convert(py, events, &mut lock(&self.cited), &mut batch)?;
                        }
                    }
                }
                Ok(Some(PyList::new(py, batch)?.unbind().into_any()))
            }
        }
    }

    fn received_something(&self) -> bool {
        self.channel.received().answer.has_content()
    }
}

#[pymethods]
impl Flight {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("a call that is running; pickle what it delivered")
    }

    /// What is available: a reply, a list of models, or a list of events; `None` at the end. If nothing is, a future of
    /// `loop` that completes when something is, to be awaited before the next call. Raises the error that the call
    /// ended with, once.
    fn next(&self, py: Python<'_>, r#loop: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        self.check_process()?;
        while !self.ended() {
            if let Some(handed) = self.hand_over(py, self.channel.queue.take())? {
                return Ok(Some(handed));
            }
            if self.ended() {
                break;
            }
            // No lock of ours is held while Python code runs: it may switch to a thread that wants the same lock.
            let other = lock(&self.channel.waiter).as_ref().map(|other| other.clone_ref(py));
            if let Some(other) = other
                && !other.bind(py).call_method0(intern!(py, "done"))?.is_truthy()?
            {
                return Err(PyRuntimeError::new_err(
                    "another task is waiting for this stream; read it from one task",
                ));
            }
            let waiter = r#loop.call_method0(intern!(py, "create_future"))?.unbind();
            *lock(&self.channel.waiter) = Some(waiter.clone_ref(py));
            // Stored before arming: then the producer always finds the waiter. Another thread may have closed the
            // flight just before it could see the waiter.
            if self.channel.queue.arm() && !self.ended() {
                return Ok(Some(waiter));
            }
            let waiter = lock(&self.channel.waiter).take();
            drop(waiter);
        }
        Ok(None)
    }

    /// Blocks until something is available, and takes it. `None` only at the end.
    fn wait(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.check_process()?;
        loop {
            if self.ended() {
                return Ok(None);
            }
            let taken = py.detach(|| self.channel.queue.wait(SIGNAL_CHECK));
            crate::logging::flush(py)?;
            let empty = matches!(taken, Taken::Empty);
            let handed = self.hand_over(py, taken)?;
            if !empty && (handed.is_some() || self.ended()) {
                return Ok(handed);
            }
            py.check_signals()?;
        }
    }

    /// What has been received so far, as a reply.
    fn received(&self, py: Python<'_>) -> Reply {
        let received = self.channel.received();
        let parse = self.parse.as_ref().map(|parse| parse.clone_ref(py));
        Reply::received(received.answer.response(), &received.progress, &self.channel.entry, parse)
    }

    /// Ends the call; closes the upstream connection at once, and drops what was not taken.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.ended.store(true, std::sync::atomic::Ordering::Release);
        if self.stop() {
            self.channel.dismiss();
            if let Some(observed) = &self.observed {
                observed.deliver_last_words(py)?;
            }
        }
        Ok(())
    }

    // The waiter's callbacks refer to the waiting task, which refers to this object.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.parse)?;
        self.observed.as_ref().map_or(Ok(()), |observed| observed.traverse(&visit))?;
        // If another thread holds the lock, it is in use and not garbage.
        self.channel.waiter.try_lock().map_or(Ok(()), |waiter| visit.call(&*waiter))
    }

    fn __clear__(&self) {
        let waiter = lock(&self.channel.waiter).take();
        drop(waiter);
    }
}

impl Flight {
    /// Whether everything has been taken.
    fn ended(&self) -> bool {
        self.ended.load(std::sync::atomic::Ordering::Acquire)
    }

    /// False in a forked child: the task does not exist there, and the runtime's locks may be held by threads that do
    /// not either.
    fn stop(&self) -> bool {
        let is_ours = self.process == process::current();
        if is_ours {
            if let Some(observed) = &self.observed {
                observed.leave();
            }
            self.task.abort();
            self.channel.close_entry();
            self.channel.queue.abandon();
        }
        is_ours
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.stop();
    }
}
