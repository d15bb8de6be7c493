//! Simulator: the Python class. Scripts and records cross as JSON text, which `python/ferrule/testing.py` wraps.

use crate::to_python::not_pickled;
use ferrule_client::process;
use ferrule_sim::{Settings, Simulator};
use pyo3::{
    exceptions::{PyOSError, PyRuntimeError, PyValueError},
    prelude::*,
};
use std::collections::BTreeMap;
use std::io;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long a wait lasts before it checks for Ctrl-C.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// A running simulator. Listens until `stop`, or until it is garbage collected.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct NativeSimulator {
    /// `None` once stopped. Locked only while detached from the interpreter, so that the holder needs nothing that a
    /// waiter holds.
    simulator: RwLock<Option<Simulator>>,
    address: (String, u16),
    refused_address: (String, u16),
    process: u32,
}

#[pymethods]
impl NativeSimulator {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("a simulator, which belongs to one process")
    }

    #[new]
    #[pyo3(signature = (script = None, *, host = String::from("127.0.0.1"), port = 0, seed = 0, require_key = false,
        strict = true,         aws_credentials = BTreeMap::new(), record_limit = 1000, http2_streams = 100))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, given once")]
    fn new(
        py: Python<'_>,
        script: Option<String>,
        host: String,
        port: u16,
        seed: u64,
        require_key: bool,
        strict: bool,
        aws_credentials: BTreeMap<String, String>,
        record_limit: usize,
        http2_streams: u32,
    ) -> PyResult<Self> {
        let place = format!("{host}:{port}");
        let settings = Settings {
            host,
            port,
            script,
            seed,
            require_key,
            strict,
            aws_credentials,
            record_limit,
            http2_streams,
        };
        let simulator = py.detach(|| Simulator::start(settings)).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => PyValueError::new_err(error.to_string()),
            // With its number on this system, so that it becomes the subclass and message that Python programs expect.
            _ => match error.raw_os_error() {
                Some(number) => PyOSError::new_err((number, format!("cannot listen on {place}: {error}"))),
                None => PyOSError::new_err(format!("cannot listen on {place}: {error}")),
            },
        })?;
        let parts = |address: std::net::SocketAddr| (address.ip().to_string(), address.port());
        Ok(Self {
            address: parts(simulator.address()),
            refused_address: parts(simulator.refused_address()),
            simulator: RwLock::new(Some(simulator)),
            process: process::current(),
        })
    }

    /// The host and port it listens on.
    #[getter]
    fn address(&self) -> (String, u16) {
        self.address.clone()
    }

    /// A host and port that refuse connections while it runs.
    #[getter]
    fn refused_address(&self) -> (String, u16) {
        self.refused_address.clone()
    }

    /// Replaces the script (JSON text). Raises `ValueError` if it is not valid.
    fn set_script(&self, py: Python<'_>, script: &str) -> PyResult<()> {
        self.with(py, |simulator| simulator.set_script(script))?
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Adds rules (a JSON list) before those of the script. Raises `ValueError` if they are not valid.
    fn add_rules(&self, py: Python<'_>, rules: &str) -> PyResult<()> {
        self.with(py, |simulator| simulator.add_rules(rules))?
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The received requests, as JSON text.
    fn requests_json(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, Simulator::requests_json)
    }

    /// Clears the received requests.
    fn clear_requests(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, Simulator::clear_requests)
    }

    /// The number of open connections.
    #[getter]
    fn open_connections(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Simulator::open_connections)
    }

    /// Waits until at most `at_most` connections are open; returns whether that happened within `timeout` seconds.
    fn wait_for_connections(&self, py: Python<'_>, at_most: usize, timeout: f64) -> PyResult<bool> {
        self.wait(py, timeout, |simulator, slice| simulator.wait_for_connections(at_most, slice))
    }

    /// Waits until `count` requests have been received; returns whether that happened within `timeout` seconds.
    fn wait_for_requests(&self, py: Python<'_>, count: u64, timeout: f64) -> PyResult<bool> {
        self.wait(py, timeout, |simulator, slice| simulator.wait_for_requests(count, slice))
    }

    /// Waits until no response is open; returns whether that happened within `timeout` seconds.
    fn wait_for_answers(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        self.wait(py, timeout, Simulator::wait_for_answers)
    }

    /// Closes every connection and the port. Does nothing the second time.
    fn stop(&self, py: Python<'_>) {
        if self.process == process::current() {
            py.detach(|| drop(self.simulator.write().unwrap_or_else(PoisonError::into_inner).take()));
        } else {
            self.forget();
        }
    }
}

impl NativeSimulator {
    /// The result of `use_it` with the running simulator, detached from the interpreter.
    fn with<T: Send>(&self, py: Python<'_>, use_it: impl FnOnce(&Simulator) -> T + Send) -> PyResult<T> {
        if self.process != process::current() {
            return Err(PyRuntimeError::new_err(
                "this simulator runs in the process that was forked; start one in the child",
            ));
        }
        let used =
            py.detach(|| self.simulator.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(use_it));
        used.ok_or_else(|| PyRuntimeError::new_err("this simulator is stopped"))
    }

    /// Waits in slices, so that Ctrl-C interrupts it and `stop` does not block.
    fn wait(
        &self,
        py: Python<'_>,
        timeout: f64,
        wait: impl Fn(&Simulator, Duration) -> bool + Sync,
    ) -> PyResult<bool> {
        let timeout = Duration::try_from_secs_f64(timeout).map_err(|_| {
            PyValueError::new_err(format!("timeout: expected seconds, 0 or more, not {timeout}"))
        })?;
        let started = Instant::now();
        loop {
            let left = timeout.saturating_sub(started.elapsed());
            if self.with(py, |simulator| wait(simulator, left.min(SIGNAL_CHECK)))? {
                return Ok(true);
            }
            if left <= SIGNAL_CHECK {
                return Ok(false);
            }
            py.check_signals()?;
        }
    }

    /// In a forked child the simulator's thread does not exist and cannot be joined.
    fn forget(&self) {
        if let Ok(mut simulator) = self.simulator.try_write() {
            std::mem::forget(simulator.take());
        }
    }
}

impl Drop for NativeSimulator {
    fn drop(&mut self) {
        if self.process != process::current() {
            self.forget();
        }
    }
}
