//! Tokio runtime, one per process, with a single thread, started when first needed and again after a fork.
//!
//! One thread reads all sockets and decodes: it never waits for Python, and a call costs a third less than with several
//! workers, which wake each other (`docs/decisions/2026-11-21-pool.md`).

use crate::state::{after_fork_in_parent, at_exit, before_fork};
use arc_swap::ArcSwapOption;
use ferrule_client::process;
use ferrule_state::fork;
use pyo3::{exceptions::PyRuntimeError, prelude::*, types::PyDict};
use std::{future::pending, io, sync::Arc, thread};
use tokio::runtime::{Builder, Handle};

struct OfProcess {
    process: u32,
    runtime: Handle,
}

static RUNTIME: ArcSwapOption<OfProcess> = ArcSwapOption::const_empty();

/// Records the number of this process, now and in every forked child.
pub(crate) fn watch_forks(module: &Bound<'_, PyModule>) -> PyResult<()> {
    note_process();
    let os = module.py().import("os")?;
    if os.hasattr("register_at_fork")? {
        let hook = PyDict::new(module.py());
        hook.set_item("before", wrap_pyfunction!(before_fork, module)?)?;
        hook.set_item("after_in_parent", wrap_pyfunction!(after_fork_in_parent, module)?)?;
        hook.set_item("after_in_child", wrap_pyfunction!(note_process, module)?)?;
        os.call_method("register_at_fork", (), Some(&hook))?;
    }
    let exit = module.py().import("atexit")?;
    exit.call_method1("register", (wrap_pyfunction!(at_exit, module)?,))?;
    Ok(())
}

#[pyfunction]
fn note_process() {
    process::note();
    fork::after(true);
}

/// This process's runtime.
pub(crate) fn runtime() -> PyResult<Handle> {
    let process = process::current();
    if let Some(current) = RUNTIME.load().as_ref()
        && current.process == process
    {
        return Ok(current.runtime.clone());
    }
    let started = start()
        .map_err(|error| PyRuntimeError::new_err(format!("cannot start Ferrule's thread: {error}")))?;
    let started = Arc::new(OfProcess { process, runtime: started });
    // Two threads may race here: both use the first one's runtime, and the other is idle.
    let before = RUNTIME.rcu(|current| match current {
        Some(current) if current.process == process => current.clone(),
        _ => started.clone(),
    });
    Ok(match before {
        Some(before) if before.process == process => before.runtime.clone(),
        _ => started.runtime.clone(),
    })
}

/// A runtime that is never shut down: not by a child in which its thread does not exist, and not while the interpreter
/// exits with open streams.
fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().name("ferrule".into()).spawn(move || runtime.block_on(pending::<()>()))?;
    Ok(handle)
}
