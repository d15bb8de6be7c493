//! Characters of keys and header values, checked by the engine.

use ferrule_engine::characters::{clean_header, clean_key};
use pyo3::{exceptions::PyValueError, prelude::*};

/// A key without artefacts of copying. Raises `ValueError` with the invalid character and its position.
#[pyfunction]
#[pyo3(name = "clean_key")]
pub(crate) fn key(text: &str) -> PyResult<&str> {
    clean_key(text).map_err(|wrong| PyValueError::new_err(wrong.to_string()))
}

/// The value of a header without artefacts of copying.
#[pyfunction]
#[pyo3(name = "clean_header")]
pub(crate) fn header(text: &str) -> PyResult<&str> {
    clean_header(text).map_err(|wrong| PyValueError::new_err(wrong.to_string()))
}
