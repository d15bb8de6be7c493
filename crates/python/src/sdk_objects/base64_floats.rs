//! Base64 floats, the encoding of embeddings: 32-bit, little-endian.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use pyo3::{
    prelude::*,
    types::{PyFloat, PyList},
};

/// The numbers in `text`. `None`: it is not encoded as expected, and the SDK has its own rules for it.
pub(super) fn read<'py>(py: Python<'py>, text: &str) -> Option<PyResult<Bound<'py, PyAny>>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let floats = numbers.iter().map(|number| PyFloat::new(py, f64::from(f32::from_le_bytes(*number))));
    Some(PyList::new(py, floats).map(Bound::into_any))
}
