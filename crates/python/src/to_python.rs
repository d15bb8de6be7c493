//! Conversion of JSON text to Python objects.

use ferrule_wire::json::{Extra, ObjectWriter};
use pyo3::{exceptions::PyTypeError, intern, prelude::*, sync::PyOnceLock};

/// The result of `__reduce__` for pickle: a callable and its arguments.
pub(crate) type Reduced<'py, Arguments> = PyResult<(Bound<'py, PyAny>, Arguments)>;

/// The error of `__reduce__` for an object that is tied to its process. By default Python pickles it with some
/// protocols, and only the receiving process finds out that it cannot be unpickled: a pool of workers waits for ever.
pub(crate) fn not_pickled<T>(what: &str) -> PyResult<T> {
    Err(PyTypeError::new_err(format!("cannot pickle {what}")))
}

static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// As `json.loads`. Only for values that a caller inspects, never in the path of a stream's text.
pub(crate) fn json_to_python<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let loads = LOADS.get_or_try_init(py, || {
        py.import(intern!(py, "json"))?.getattr(intern!(py, "loads")).map(Bound::unbind)
    })?;
    loads.bind(py).call1((text,))
}

/// A dictionary of the fields written by `write`.
pub(crate) fn object_to_python<'py>(
    py: Python<'py>,
    write: impl FnOnce(&mut ObjectWriter<'_>),
) -> PyResult<Bound<'py, PyAny>> {
    let mut bytes = Vec::new();
    let mut object = ObjectWriter::begin(&mut bytes);
    write(&mut object);
    object.finish();
    json_to_python(py, &String::from_utf8_lossy(&bytes))
}

/// Extra fields as a dictionary.
pub(crate) fn fields_to_python<'py>(py: Python<'py>, extra: &Extra) -> PyResult<Bound<'py, PyAny>> {
    object_to_python(py, |object| {
        for (name, value) in extra.iter() {
            object.field(name, value);
        }
    })
}
