//! A future of pyo3-async-runtimes for each item.

use crate::{
    producer::{Outlet, Pace, spawn},
    queued::LIMITS,
};
use pyo3::{exceptions::PyStopAsyncIteration, prelude::*};
use pyo3_async_runtimes::tokio::future_into_py;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};

/// The reader's end of one stream.
#[pyclass(frozen)]
pub(crate) struct Futures {
    receiver: Arc<Mutex<mpsc::Receiver<String>>>,
}

#[pymethods]
impl Futures {
    #[new]
    fn new(pace: Pace) -> PyResult<Self> {
        let (sender, receiver) = mpsc::channel(LIMITS.items);
        spawn(pace, Outlet::Futures(sender))?;
        Ok(Self { receiver: Arc::new(Mutex::new(receiver)) })
    }

    fn __aiter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __anext__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let receiver = self.receiver.clone();
        future_into_py(py, async move {
            receiver.lock().await.recv().await.ok_or_else(|| PyStopAsyncIteration::new_err(()))
        })
    }
}
