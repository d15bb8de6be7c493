//! Exchange: one HTTP request in flight, held by its single reader in Python.

use super::{
    failure::raise,
    line::{Head, Line, Part},
};
use crate::{channel::lock, to_python::not_pickled};
use bytes::Bytes;
use ferrule_bridge::{FeedEnd, Room, Taken};
use ferrule_client::process;
use ferrule_engine::http_client::HttpFailure;
use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::PyRuntimeError,
    intern,
    prelude::*,
    types::{PyBytes, PyList, PyTuple},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::task::AbortHandle;

/// How long a blocked call waits before it checks for Ctrl-C.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// The reader's end of an HTTP request. Dropping it aborts the request at its socket.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct HttpExchange {
    line: Arc<Line>,
    task: AbortHandle,
    process: u32,
    ended: AtomicBool,
    /// The failure that ended the request, until everything before it has been read.
    failed: Mutex<Option<HttpFailure>>,
}

impl HttpExchange {
    pub(super) fn new(line: Arc<Line>, task: AbortHandle) -> Self {
        Self { line, task, process: process::current(), ended: false.into(), failed: Mutex::default() }
    }

    fn check_process(&self) -> PyResult<()> {
        if self.process == process::current() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err(
            "this request was started before the process forked; send it anew in the child",
        ))
    }

    /// What is available as Python objects; `None` if nothing is, or at the end.
    fn hand_over(
        &self,
        py: Python<'_>,
        taken: Taken<Part, Result<(), HttpFailure>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        let mut parts = match taken {
            Taken::Empty => return Ok(None),
            Taken::End(end) => {
                self.ended.store(true, Ordering::Release);
                return end.map(|()| None).map_err(|failure| raise(&failure));
            }
            Taken::Items(parts) => parts,
        };
        // The end is often available as well, which saves a further call.
        match self.line.queue.take() {
            Taken::Empty => {}
            Taken::Items(more) => parts.extend(more),
            Taken::End(Ok(())) => self.ended.store(true, Ordering::Release),
            Taken::End(Err(failure)) => *lock(&self.failed) = Some(failure),
        }
        let mut batch = Vec::with_capacity(parts.len());
        for part in parts {
            batch.push(match part {
                Part::Whole(head, body) => return whole(py, head, &body).map(Some),
                Part::Head(head) => head_fields(py, head)?.into_any().unbind(),
                Part::Chunk(chunk) => PyBytes::new(py, &chunk).into_any().unbind(),
            });
        }
        Ok(Some(PyList::new(py, batch)?.into_any().unbind()))
    }

    /// Raises the failure that ended the request, once everything before it has been read.
    fn raise_failed(&self) -> PyResult<()> {
        match lock(&self.failed).take() {
            Some(failure) => {
                self.ended.store(true, Ordering::Release);
                Err(raise(&failure))
            }
            None => Ok(()),
        }
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// A future of `loop` in `place` for the next waiter.
    fn future(
        py: Python<'_>,
        r#loop: &Bound<'_, PyAny>,
        place: &Mutex<Option<Py<PyAny>>>,
    ) -> PyResult<Py<PyAny>> {
        // No lock of ours is held while Python code runs.
        let other = lock(place).as_ref().map(|other| other.clone_ref(py));
        if let Some(other) = other
            && !other.bind(py).call_method0(intern!(py, "done"))?.is_truthy()?
        {
            return Err(PyRuntimeError::new_err(
                "another task is waiting for this response; read it from one task",
            ));
        }
        let future = r#loop.call_method0(intern!(py, "create_future"))?.unbind();
        *lock(place) = Some(future.clone_ref(py));
        Ok(future)
    }

    /// False in a forked child: the task does not exist there, and its runtime's locks may be held by threads that do
    /// not either.
    fn stop(&self) -> bool {
        let is_ours = self.process == process::current();
        if is_ours {
            self.line.abandon();
            self.task.abort();
        }
        is_ours
    }
}

fn head_fields(py: Python<'_>, head: Head) -> PyResult<Bound<'_, PyTuple>> {
    let Head { status, version, reason, headers } = head;
    (status, PyBytes::new(py, version), PyBytes::new(py, &reason), pairs(py, &headers)?).into_pyobject(py)
}

fn whole(py: Python<'_>, head: Head, body: &Bytes) -> PyResult<Py<PyAny>> {
    let Head { status, version, reason, headers } = head;
    let fields = (
        status,
        PyBytes::new(py, version),
        PyBytes::new(py, &reason),
        pairs(py, &headers)?,
        PyBytes::new(py, body),
    );
    Ok(fields.into_pyobject(py)?.into_any().unbind())
}

fn pairs<'py>(py: Python<'py>, headers: &[(Vec<u8>, Vec<u8>)]) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, headers.iter().map(|(name, value)| (PyBytes::new(py, name), PyBytes::new(py, value))))
}

#[pymethods]
impl HttpExchange {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("a request that is under way")
    }

    /// Whether the whole response has been delivered.
    #[getter]
    fn ended(&self) -> bool {
        self.has_ended()
    }

    /// What is available: the whole response as a tuple, or a list of the head and of chunks of the body; `None` at the
    /// end. If nothing is, a future of `loop` that completes when something is, to be awaited before the next call.
    /// Raises `HttpTransportError` if the request failed.
    fn next(&self, py: Python<'_>, r#loop: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        self.check_process()?;
        while !self.has_ended() {
            self.raise_failed()?;
            if let Some(handed) = self.hand_over(py, self.line.queue.take())? {
                return Ok(Some(handed));
            }
            if self.has_ended() {
                break;
            }
            let future = Self::future(py, r#loop, &self.line.reader)?;
            // Stored before arming: then the producer always finds the waiter.
            if self.line.queue.arm() && !self.has_ended() {
                return Ok(Some(future));
            }
            let future = lock(&self.line.reader).take();
            drop(future);
        }
        Ok(None)
    }

    /// Blocks until something is available, in the form of `next`. `None` only at the end.
    fn wait(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.check_process()?;
        while !self.has_ended() {
            self.raise_failed()?;
            let taken = py.detach(|| self.line.queue.wait(SIGNAL_CHECK));
            if let Some(handed) = self.hand_over(py, taken)? {
                return Ok(Some(handed));
            }
            py.check_signals()?;
        }
        Ok(None)
    }

    /// Adds a chunk to the body of a request that was sent without one. Ask for room before the next.
    fn write(&self, chunk: &[u8]) -> PyResult<()> {
        self.check_process()?;
        if let Some(feed) = &self.line.feed
            && !chunk.is_empty()
        {
            let _ = feed.push(Bytes::copy_from_slice(chunk), chunk.len());
        }
        Ok(())
    }

    /// Whether another chunk is wanted: `True`, or `False` if the request is over. While previous chunks are waiting
    /// for the connection, a future of `loop`, to be awaited before the next call.
    fn room(&self, py: Python<'_>, r#loop: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.check_process()?;
        let Some(feed) = &self.line.feed else { return answer(py, false) };
        let future = Self::future(py, r#loop, &self.line.writer)?;
        match feed.arm() {
            Room::Full => Ok(future),
            room => {
                let future = lock(&self.line.writer).take();
                drop(future);
                answer(py, room == Room::Free)
            }
        }
    }

    /// Blocks until another chunk is wanted (`True`), or the request is over (`False`).
    fn wait_for_room(&self, py: Python<'_>) -> PyResult<bool> {
        self.check_process()?;
        let Some(feed) = &self.line.feed else { return Ok(false) };
        loop {
            match py.detach(|| feed.wait(SIGNAL_CHECK)) {
                Room::Full => py.check_signals()?,
                room => return Ok(room == Room::Free),
            }
        }
    }

    /// Ends the body.
    fn end_body(&self) -> PyResult<()> {
        self.check_process()?;
        if let Some(feed) = &self.line.feed {
            feed.end(FeedEnd::Whole);
        }
        Ok(())
    }

    /// Aborts the request: closes its connection at once, and drops what was not taken.
    fn cancel(&self) {
        self.ended.store(true, Ordering::Release);
        self.stop();
    }

    // The futures' callbacks refer to the waiting task, which refers to this object.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        for place in [&self.line.reader, &self.line.writer] {
            // If another thread holds the lock, it is in use and not garbage.
            if let Ok(future) = place.try_lock() {
                visit.call(&*future)?;
            }
        }
        Ok(())
    }

    fn __clear__(&self) {
        for place in [&self.line.reader, &self.line.writer] {
            let future = lock(place).take();
            drop(future);
        }
    }
}

fn answer(py: Python<'_>, room: bool) -> PyResult<Py<PyAny>> {
    Ok(room.into_pyobject(py)?.to_owned().into_any().unbind())
}

impl Drop for HttpExchange {
    fn drop(&mut self) {
        self.stop();
    }
}
