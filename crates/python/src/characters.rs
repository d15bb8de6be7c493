//! Characters of keys and header values, as the engine reads them.

use ferrule_engine::characters::{clean_header, clean_key};
use pyo3::{exceptions::PyValueError, prelude::*};

/// A key without what copying adds around it. A `ValueError` says which character cannot be in it, and where.
#[pyfunction]
#[pyo3(name = "clean_key")]
pub(crate) fn key(text: &str) -> PyResult<&str> {
    clean_key(text).map_err(|wrong| PyValueError::new_err(wrong.to_string()))
}

/// The value of a header without what copying adds around it.
#[pyfunction]
#[pyo3(name = "clean_header")]
pub(crate) fn header(text: &str) -> PyResult<&str> {
    clean_header(text).map_err(|wrong| PyValueError::new_err(wrong.to_string()))
}
