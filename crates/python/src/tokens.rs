//! Token counting without a request, for Python.

use crate::request;
use pyo3::{prelude::*, types::PyDict};

/// The number of tokens of a call's prompt, and whether that is exactly what the provider will count. `options` are
/// those of a call; its tools and instructions count. The first call unpacks a vocabulary.
#[pyfunction]
#[pyo3(signature = (model, messages, options = None))]
pub(crate) fn count_tokens_locally(
    py: Python<'_>,
    model: String,
    messages: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<(u64, bool)> {
    let none = PyDict::new(py);
    let (mut request, _) = request::chat(false, messages, options.unwrap_or(&none))?;
    request.model = model;
    let count = py.detach(|| ferrule_tokens::count_prompt(&request));
    Ok((count.tokens, count.exact))
}

/// The number of tokens of `text` for `model`, and whether that is exact.
#[pyfunction]
pub(crate) fn count_text_tokens_locally(py: Python<'_>, model: &str, text: &str) -> (u64, bool) {
    let count = py.detach(|| ferrule_tokens::count_text(model, text));
    (count.tokens, count.exact)
}
