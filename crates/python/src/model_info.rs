//! Models offered by providers: the Python class.

use crate::{
    attempt::hash_of,
    to_python::{Reduced, json_to_python},
};
use ferrule_wire::{json::Json, operation};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyList, PyType},
};
use std::sync::Arc;

/// Provider, id, creation time, owner, and the provider's entry.
type ModelFields = (String, String, Option<u64>, Option<String>, String);

/// A model that a provider offers.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct ModelInfo {
    provider: Arc<str>,
    info: operation::ModelInfo,
}

#[pymethods]
impl ModelInfo {
    /// The id of the provider that offers it.
    #[getter]
    fn provider(&self) -> &str {
        &self.provider
    }

    /// The provider's name for it.
    #[getter]
    fn id(&self) -> &str {
        &self.info.id
    }

    /// When it was created, in seconds since 1970; `None` if the provider did not say.
    #[getter]
    fn created(&self) -> Option<u64> {
        self.info.created
    }

    /// Its owner; `None` if the provider did not say.
    #[getter]
    fn owned_by(&self) -> Option<&str> {
        self.info.owned_by.as_deref()
    }

    /// The provider's whole entry.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json_to_python(py, self.info.raw.text())
    }

    fn __repr__(&self) -> String {
        format!("ModelInfo(id='{}', provider='{}')", self.info.id, self.provider)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| {
            let other = other.get();
            (&self.provider, &self.info) == (&other.provider, &other.info)
        })
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.info.id)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, ModelFields> {
        let info = &self.info;
        let fields = (
            self.provider.as_ref().to_owned(),
            info.id.clone(),
            info.created,
            info.owned_by.clone(),
            info.raw.text().to_owned(),
        );
        Ok((py.get_type::<Self>().getattr("_from_fields")?, fields))
    }

    /// For unpickling.
    #[classmethod]
    fn _from_fields(
        _class: &Bound<'_, PyType>,
        provider: &str,
        id: String,
        created: Option<u64>,
        owned_by: Option<String>,
        raw: &str,
    ) -> PyResult<Self> {
        let raw = Json::parse(raw).map_err(|error| PyValueError::new_err(format!("model: {error}")))?;
        let info = operation::ModelInfo { id, created, owned_by, raw };
        Ok(Self { provider: provider.into(), info })
    }
}

/// A list of the models of `provider` for Python.
pub(crate) fn model_list<'py>(
    py: Python<'py>,
    provider: &Arc<str>,
    models: Vec<operation::ModelInfo>,
) -> PyResult<Bound<'py, PyList>> {
    let entry = |info| Py::new(py, ModelInfo { provider: Arc::clone(provider), info });
    let models = models.into_iter().map(entry).collect::<PyResult<Vec<_>>>()?;
    PyList::new(py, models)
}
