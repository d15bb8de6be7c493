//! Programs that Python starts: found and given variables in the same way as those of the engine.

use ferrule_engine::program;
use pyo3::prelude::*;
use std::{ffi::OsString, path::PathBuf};

/// The file of `program`, which is never looked for in the working directory; `None` where there is none.
#[pyfunction]
pub(crate) fn find_program(program: &str) -> Option<OsString> {
    program::find(program).map(PathBuf::into_os_string)
}

/// Whether any program needs the environment variable `name`, or one that needs `own` as well (`LITELLM_*`).
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "lists of Python's are copied")]
pub(crate) fn needs_variable(name: &str, own: Vec<String>) -> bool {
    program::needs_variable(name, &own.iter().map(String::as_str).collect::<Vec<_>>())
}
