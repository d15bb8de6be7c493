//! The runtime under test: its kind is what one of the tables compares.

use pyo3::{
    exceptions::{PyOSError, PyRuntimeError},
    prelude::*,
};
use std::sync::OnceLock;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: OnceLock<&'static Runtime> = OnceLock::new();

/// Starts the runtime: `workers` of a multi_thread one, or with 0 a current_thread one on a thread of its own.
#[pyfunction]
pub(crate) fn start_runtime(workers: usize) -> PyResult<()> {
    let mut builder = if workers == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if workers > 0 {
        builder.worker_threads(workers);
    }
    let runtime: &'static Runtime = Box::leak(Box::new(builder.enable_io().build()?));
    if workers == 0 {
        std::thread::Builder::new()
            .name("runtime".to_owned())
            .spawn(|| runtime.block_on(std::future::pending::<()>()))
            .map_err(PyOSError::new_err)?;
    }
    if RUNTIME.set(runtime).is_err() || pyo3_async_runtimes::tokio::init_with_runtime(runtime).is_err() {
        return Err(PyRuntimeError::new_err("the runtime was started already"));
    }
    Ok(())
}

pub(crate) fn runtime() -> PyResult<&'static Runtime> {
    RUNTIME.get().copied().ok_or_else(|| PyRuntimeError::new_err("start the runtime first"))
}
