//! Programs started by Python: found, and given variables, in the same way as those of the engine.

use ferrule_engine::program;
use pyo3::prelude::*;
use std::{ffi::OsString, path::PathBuf};

/// The file of `program`, never searched in the working directory; `None` if there is none.
#[pyfunction]
pub(crate) fn find_program(program: &str) -> Option<OsString> {
    program::find(program).map(PathBuf::into_os_string)
}

/// Whether `name` is an environment variable that any program gets, or that this one needs according to `own`
/// (`LITELLM_*`).
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "lists of Python's are copied")]
pub(crate) fn needs_variable(name: &str, own: Vec<String>) -> bool {
    program::needs_variable(name, &own.iter().map(String::as_str).collect::<Vec<_>>())
}
