//! Guard of child processes: programs started by Python end with this process, however it ends, by means of
//! `ferrule_engine::guard`.

use ferrule_engine::guard;
use pyo3::prelude::*;

/// Makes the process group `group` end with this process. Does nothing on Windows.
#[pyfunction]
pub(crate) fn guard_group(py: Python<'_>, group: u32) {
    py.detach(|| guard::guard(group));
}

/// Undoes `guard_group`: the process group has ended, or may outlive this process.
#[pyfunction]
pub(crate) fn release_group(py: Python<'_>, group: u32) {
    py.detach(|| guard::release(group));
}
