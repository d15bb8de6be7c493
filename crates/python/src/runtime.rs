//! One tokio runtime per process, started when first needed and again after a fork.

use arc_swap::ArcSwapOption;
use pyo3::{exceptions::PyRuntimeError, prelude::*};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

/// How many threads read sockets and decode. They never wait for Python, so a few serve thousands of streams.
const MOST_WORKERS: usize = 4;

struct OfProcess {
    process: u32,
    /// Leaked: a runtime must not be shut down by a child in which its threads do not exist, nor while the interpreter
    /// goes down around open streams.
    runtime: &'static Runtime,
}

static RUNTIME: ArcSwapOption<OfProcess> = ArcSwapOption::const_empty();

/// The number of this process. After a fork it differs from the one that an object was made with.
pub(crate) fn process() -> u32 {
    std::process::id()
}

/// This process's runtime.
pub(crate) fn runtime() -> PyResult<&'static Runtime> {
    let process = process();
    if let Some(current) = RUNTIME.load().as_ref()
        && current.process == process
    {
        return Ok(current.runtime);
    }
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name("ferrule")
        .enable_all()
        .build()
        .map_err(|error| PyRuntimeError::new_err(format!("cannot start Ferrule's threads: {error}")))?;
    let mut ours = Some(runtime);
    // Two threads may come here at once: the first one's runtime stays, the other's is shut down again.
    RUNTIME.rcu(|current| match current {
        Some(theirs) if theirs.process == process => Some(theirs.clone()),
        _ => {
            ours.take().map(|runtime| Arc::new(OfProcess { process, runtime: Box::leak(Box::new(runtime)) }))
        }
    });
    match RUNTIME.load().as_ref() {
        Some(current) => Ok(current.runtime),
        None => Err(PyRuntimeError::new_err("Ferrule's threads did not start")),
    }
}
