//! Guard of child processes: programs that Python started end with this process, however it ends;
//! `ferrule_engine::guard` sees to it.

use ferrule_engine::guard;
use pyo3::prelude::*;

/// Has the process group `group` end with this process. Does nothing on Windows.
#[pyfunction]
pub(crate) fn guard_group(py: Python<'_>, group: u32) {
    py.detach(|| guard::guard(group));
}

/// The process group `group` has ended, or may go on without us.
#[pyfunction]
pub(crate) fn release_group(py: Python<'_>, group: u32) {
    py.detach(|| guard::release(group));
}
