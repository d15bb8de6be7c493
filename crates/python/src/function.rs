//! Functions as providers (`python/ferrule/functions.py`): the engine sends requests, and a Python loop answers them in
//! the format of OpenAI's Chat Completions.
//!
//! A call from an asynchronous client is answered on that client's loop; any other on a loop that Ferrule runs for it.
//! The runtime's thread just announces the request, as it announces deliveries.

use crate::bridge::{LoopBridge, Ready, Wakeups};
use crate::to_python::not_pickled;
use bytes::Bytes;
use ferrule_client::process;
use ferrule_engine::{Backend, BackendRequest, ChunkSender, Failure};
use ferrule_wire::model::{DelaySource, ErrorKind, ProviderError, RetryAfter};
use pyo3::{exceptions::PyValueError, prelude::*, types::PyBytes};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// A function as a provider.
pub(crate) struct FunctionBackend {
    /// Called with a [`FunctionCall`] on a loop's thread; starts to answer it and returns.
    start: Arc<Py<PyAny>>,
    /// The loop for callers without one.
    own_loop: Arc<Wakeups>,
    process: u32,
}

impl FunctionBackend {
    pub(crate) fn new(start: Py<PyAny>, own_loop: &LoopBridge) -> Self {
        Self { start: Arc::new(start), own_loop: Arc::clone(own_loop.wakeups()), process: process::current() }
    }
}

impl fmt::Debug for FunctionBackend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FunctionBackend")
    }
}

impl Backend for FunctionBackend {
    fn begin(&self, request: BackendRequest, sender: ChunkSender) -> Result<(), Failure> {
        if self.process != process::current() {
            return Err(Failure::Config(
                "this provider is a function that was registered before the process forked; register it anew in the child".to_owned(),
            ));
        }
        let wakeups = request
            .context
            .as_ref()
            .and_then(|context| Arc::clone(context).downcast::<Wakeups>().ok())
            .unwrap_or_else(|| Arc::clone(&self.own_loop));
        let over = Arc::new(Notify::new());
        let call = Arc::new(Shared {
            request,
            sender: Mutex::new(Some(sender.clone())),
            over: Arc::clone(&over),
            wakeups: Arc::clone(&wakeups),
            task: Mutex::new(None),
        });
        wakeups.announce(Arc::new(Begin { call: Arc::clone(&call), start: Arc::clone(&self.start) }));
        // The answer ends when all senders are dropped, so this one is dropped when the function is done.
        tokio::spawn(async move {
            tokio::select! {
                () = sender.closed() => wakeups.announce(Arc::new(Cancel(call))),
                () = over.notified() => {}
            }
        });
        Ok(())
    }
}

/// A call of the function, shared with the runtime.
struct Shared {
    request: BackendRequest,
    /// `None` once the function is done.
    sender: Mutex<Option<ChunkSender>>,
    over: Arc<Notify>,
    /// The loop that the function runs on.
    wakeups: Arc<Wakeups>,
    /// The task that runs the function.
    task: Mutex<Option<Py<PyAny>>>,
}

impl Shared {
    fn finish(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.over.notify_one();
    }
}

struct Begin {
    call: Arc<Shared>,
    start: Arc<Py<PyAny>>,
}

impl Ready for Begin {
    fn complete(&self, py: Python<'_>) -> PyResult<()> {
        let call = Py::new(py, FunctionCall(Arc::clone(&self.call)))?;
        let task = self.start.call1(py, (call,))?;
        *self.call.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }
}

struct Cancel(Arc<Shared>);

impl Ready for Cancel {
    fn complete(&self, py: Python<'_>) -> PyResult<()> {
        let task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.call_method0(py, "cancel")?;
        }
        Ok(())
    }
}

/// There is room for the next chunk: wakes the waiting function.
struct Room(Mutex<Option<Py<PyAny>>>);

impl Ready for Room {
    fn complete(&self, py: Python<'_>) -> PyResult<()> {
        let waiter = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiter) = waiter
            && !waiter.call_method0(py, "done")?.is_truthy(py)?
        {
            waiter.call_method1(py, "set_result", (py.None(),))?;
        }
        Ok(())
    }
}

/// One request to a function, and the sender of its answer. Dropping it ends the answer.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct FunctionCall(Arc<Shared>);

#[pymethods]
impl FunctionCall {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("a call of a provider that is a function")
    }

    /// The request in the form of OpenAI's Chat Completions, as JSON.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.request.body)
    }

    /// The requested model.
    #[getter]
    fn model(&self) -> &str {
        &self.0.request.model
    }

    /// Whether the answer should be streamed.
    #[getter]
    fn stream(&self) -> bool {
        self.0.request.stream
    }

    /// Sends the next chunk. `True` if it was taken, `False` if the receiver is gone, `None` if there is no room for it
    /// yet.
    fn send(&self, piece: &[u8]) -> Option<bool> {
        let answer = self.0.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match answer {
            Some(answer) => answer.try_send(Ok(Bytes::copy_from_slice(piece))).ok(),
            None => Some(false),
        }
    }

    /// Completes `waiter`, a future of the running loop, when `send` has room again.
    fn wait_for_room(&self, waiter: Py<PyAny>) -> PyResult<()> {
        let answer = self.0.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let room = Arc::new(Room(Mutex::new(Some(waiter))));
        let wakeups = Arc::clone(&self.0.wakeups);
        crate::runtime::runtime()?.spawn(async move {
            if let Some(answer) = answer {
                answer.room().await;
            }
            wakeups.announce(room);
        });
        Ok(())
    }

    /// Ends the answer with an error of `kind`, an exception's name.
    #[pyo3(signature = (kind, message, *, retryable, retry_after = None, status = None, code = None))]
    fn fail(
        &self,
        kind: &str,
        message: String,
        retryable: bool,
        retry_after: Option<f64>,
        status: Option<u16>,
        code: Option<String>,
    ) -> PyResult<()> {
        let kind = crate::errors::kind_of(kind)
            .ok_or_else(|| PyValueError::new_err(format!("{kind} is not an error of a provider's")))?;
        let mut error = ProviderError::new(kind, message);
        error.retryable = retryable && kind != ErrorKind::QuotaExceeded;
        error.retry_after = retry_after
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map(|delay| RetryAfter { delay, source: DelaySource::Body });
        (error.status, error.code) = (status, code);
        let answer = self.0.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(answer) = answer {
            // If there is no room the receiver is not reading: the answer ends, which counts as an interruption.
            let _ = answer.try_send(Err(Failure::Provider(Box::new(error))));
        }
        self.0.finish();
        Ok(())
    }

    /// Ends the answer.
    fn end(&self) {
        self.0.finish();
    }
}

impl Drop for FunctionCall {
    fn drop(&mut self) {
        self.0.finish();
    }
}
