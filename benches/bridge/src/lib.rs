//! Three ways for text made on tokio's threads to reach an `async for`, measured by `run.py` next to this crate.
//!
//! - [`future_per_item`]: each `__anext__` is a future of pyo3-async-runtimes.
//! - [`queued`] with `call_soon_threadsafe`: one call of it wakes the loop for all that is ready.
//! - [`queued`] with an eventfd that the loop watches: what Ferrule does (`crates/python/src/{bridge,flight}.rs`).
//!
//! All are fed by the same [`producer`].

mod blocked;
mod future_per_item;
mod producer;
mod queued;
mod ready;
mod runtime;

use pyo3::prelude::*;

#[pymodule]
fn bridge_bench(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<producer::Pace>()?;
    module.add_class::<queued::Bridge>()?;
    module.add_class::<queued::Flight>()?;
    module.add_class::<future_per_item::Futures>()?;
    module.add_class::<ready::Ready>()?;
    module.add_function(wrap_pyfunction!(runtime::start_runtime, module)?)?;
    module.add_function(wrap_pyfunction!(producer::produce_for_nobody, module)?)?;
    module.add_function(wrap_pyfunction!(blocked::blocked, module)?)?;
    Ok(())
}
