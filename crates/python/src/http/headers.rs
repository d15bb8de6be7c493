//! Headers of requests, read from Python.

use super::failure;
use crate::to_python::not_pickled;
use ferrule_engine::http_client::HeaderBlock;
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyString},
};

/// A block of headers, converted once and sent with many requests.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct HttpHeaders(pub(crate) HeaderBlock);

#[pymethods]
impl HttpHeaders {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("a block of headers; make one in each process")
    }

    /// `headers` are pairs of a name and a value, in order.
    #[new]
    fn new(headers: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut block = HeaderBlock::with_capacity(headers.len().unwrap_or_default());
        append(&mut block, headers)?;
        Ok(Self(block))
    }
}

/// The block for `headers`, a prepared one or pairs, followed by the `extra` pairs.
pub(super) fn read(headers: &Bound<'_, PyAny>, extra: Option<&Bound<'_, PyAny>>) -> PyResult<HeaderBlock> {
    let mut block = if let Ok(ready) = headers.cast::<HttpHeaders>() {
        ready.get().0.clone()
    } else {
        let mut block = HeaderBlock::with_capacity(headers.len().unwrap_or_default());
        append(&mut block, headers)?;
        block
    };
    if let Some(extra) = extra {
        append(&mut block, extra)?;
    }
    Ok(block)
}

fn append(block: &mut HeaderBlock, headers: &Bound<'_, PyAny>) -> PyResult<()> {
    for pair in headers.try_iter()? {
        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair?.extract()?;
        block
            .push(bytes_of(&name, "name")?.as_ref(), bytes_of(&value, "value")?.as_ref())
            .map_err(|what| failure::named("LocalProtocolError", what))?;
    }
    Ok(())
}

/// The bytes of `value`; text must be ASCII or ISO 8859-1, as in HTTP.
fn bytes_of<'a>(value: &'a Bound<'_, PyAny>, what: &str) -> PyResult<std::borrow::Cow<'a, [u8]>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().into());
    }
    let text = value.cast::<PyString>().map_err(|_| {
        PyTypeError::new_err(format!("headers: a {what} has to be bytes or str, not {}", kind(value)))
    })?;
    let text = text.to_str()?;
    if text.is_ascii() {
        return Ok(text.as_bytes().to_vec().into());
    }
    let narrow: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
    narrow.map(Into::into).map_err(|_| {
        PyValueError::new_err(format!("headers: a {what} has characters that HTTP cannot carry"))
    })
}

fn kind(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "that".to_owned(), |name| name.to_string())
}
