//! Builders of an SDK's objects from JSON: the Python classes.

use super::{
    plan::Kind,
    registry::Registry,
    tape::{ROOT, Tape, Value},
    values::Building,
};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyBytes, PyDict, PyString},
};
use std::{
    cell::Cell,
    mem,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Capacity that is kept between objects, in values.
const KEPT_ROOM: usize = 4096;

/// The model classes of one SDK, with their plans and counts of built objects.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct SdkModels {
    registry: Registry,
    loads: Py<PyAny>,
    built: AtomicU64,
    fallback_fields: AtomicU64,
    fallback_objects: AtomicU64,
}

#[pymethods]
impl SdkModels {
    #[new]
    fn new(
        py: Python<'_>,
        construct_type: Py<PyAny>,
        describe_model: Py<PyAny>,
        describe_tags: Py<PyAny>,
    ) -> PyResult<Self> {
        Ok(Self {
            registry: Registry::new(construct_type, describe_model, describe_tags),
            loads: py.import("json")?.getattr("loads")?.unbind(),
            built: AtomicU64::new(0),
            fallback_fields: AtomicU64::new(0),
            fallback_objects: AtomicU64::new(0),
        })
    }

    fn statistics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        counts.set_item("built", self.built.load(Relaxed))?;
        counts.set_item("fallback_fields", self.fallback_fields.load(Relaxed))?;
        counts.set_item("fallback_objects", self.fallback_objects.load(Relaxed))?;
        Ok(counts)
    }
}

/// Builds objects of one type.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct SdkBuilder {
    models: Py<SdkModels>,
    cast_to: Py<PyAny>,
    root: Kind,
    room: Mutex<Vec<Value>>,
}

#[pymethods]
impl SdkBuilder {
    #[new]
    fn new(
        py: Python<'_>,
        models: Py<SdkModels>,
        cast_to: Py<PyAny>,
        description: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let root = models.bind(py).get().registry.kind(description)?;
        Ok(Self { models, cast_to, root, room: Mutex::default() })
    }

    #[pyo3(signature = (data, *, base64_floats = false))]
    fn build<'py>(&self, data: &Bound<'py, PyAny>, base64_floats: bool) -> PyResult<Bound<'py, PyAny>> {
        let Some(tape) = self.read(data)? else { return self.built_by_sdk(data) };
        self.built(data, tape, base64_floats)
    }

    fn build_event<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(tape) = self.read(data)? else { return self.built_by_sdk(data).map(Some) };
        let error = tape.member(ROOT, "error").map(|error| tape.at(error));
        if tape.at(ROOT) == Value::Null || error.is_some_and(|error| error != Value::Null) {
            return Ok(None);
        }
        self.built(data, tape, false).map(Some)
    }
}

impl SdkBuilder {
    /// `None`: the text is left to `json.loads`.
    fn read<'a>(&self, data: &'a Bound<'_, PyAny>) -> PyResult<Option<Tape<'a>>> {
        let Some(text) = text_of(data)? else { return Ok(None) };
        let room = mem::take(&mut *self.room.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Tape::read(text, room))
    }

    fn built<'py>(
        &self,
        data: &Bound<'py, PyAny>,
        tape: Tape<'_>,
        reads_base64: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = data.py();
        let models = self.models.bind(py).get();
        let fallbacks = Cell::new(0);
        let building =
            Building { py, tape: &tape, registry: &models.registry, reads_base64, fallbacks: &fallbacks };
        let built = building.constructed(&self.root, ROOT)?;
        let room = tape.into_room();
        if room.capacity() <= KEPT_ROOM {
            *self.room.lock().unwrap_or_else(PoisonError::into_inner) = room;
        }
        let Some(object) = built else { return self.built_by_sdk(data) };
        models.built.fetch_add(1, Relaxed);
        models.fallback_fields.fetch_add(fallbacks.get(), Relaxed);
        Ok(object)
    }

    /// The whole object as built by the SDK, or its error.
    fn built_by_sdk<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = data.py();
        let models = self.models.bind(py).get();
        let value = models.loads.bind(py).call1((data,))?;
        models.fallback_objects.fetch_add(1, Relaxed);
        models.registry.construct_or_raise(&value, self.cast_to.bind(py), None)
    }
}

/// The bytes of `data`. `None`: there are none, because the text has lone surrogates.
fn text_of<'a>(data: &'a Bound<'_, PyAny>) -> PyResult<Option<&'a [u8]>> {
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return Ok(Some(bytes.as_bytes()));
    }
    match data.cast::<PyString>() {
        Ok(text) => Ok(text.to_str().ok().map(str::as_bytes)),
        Err(_) => {
            Err(PyTypeError::new_err(format!("data must be bytes or str, not {}", data.get_type().name()?)))
        }
    }
}
