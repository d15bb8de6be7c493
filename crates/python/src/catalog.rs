//! Model catalog: the Python class.

use crate::{
    cost::{Cost, decimal, now},
    from_python::{self, Path},
    to_python::not_pickled,
    usage::Usage,
};
use ferrule_catalog::{Catalog, Entry, Found, Modality, Model, Quantities};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyDict, PyTuple},
};
use std::sync::Arc;

/// The catalog of models: the built-in entries, and a user's own on top.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct NativeCatalog(Arc<Catalog>);

/// The catalog with a user's own entries on top, a dict of tables by `provider/model`; `None` for the built-in one.
pub(crate) fn with_entries(entries: Option<&Bound<'_, PyDict>>) -> PyResult<Option<Arc<Catalog>>> {
    let Some(given) = entries.filter(|entries| !entries.is_empty()) else { return Ok(None) };
    Ok(Some(Arc::new(Catalog::builtin().with(self::entries(given)?))))
}

/// A user's own entries, a dict of tables by `provider/model`.
pub(crate) fn entries(given: &Bound<'_, PyDict>) -> PyResult<Vec<Entry>> {
    let read = |(name, fields): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let name: String = name.extract()?;
        let json = from_python::json(&fields, Path::Key(&Path::Root("models"), &name))?;
        Entry::read(&name, json.text()).map_err(|error| PyValueError::new_err(error.to_string()))
    };
    given.iter().map(read).collect()
}

/// The conditions of a request, from a dict of strings.
struct Context(Vec<(String, String)>);

impl Context {
    fn read(context: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let pairs = context.into_iter().flatten().map(|(key, value)| Ok((key.extract()?, value.extract()?)));
        pairs.collect::<PyResult<_>>().map(Self)
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and no price is from so far away")]
fn seconds(at: Option<f64>) -> i64 {
    at.map_or_else(now, |at| at.floor() as i64)
}

#[pymethods]
impl NativeCatalog {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("a catalog")
    }

    /// `models` are a user's own entries, by `provider/model`.
    #[new]
    #[pyo3(signature = (models = None))]
    fn new(models: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Ok(Self(with_entries(models)?.unwrap_or_else(|| Arc::clone(Catalog::builtin()))))
    }

    /// The entry of the provider's model `model`; `None` if it is not known.
    fn find(&self, provider: &str, model: &str) -> Option<CatalogModel> {
        self.0.find(provider, model).map(|found| CatalogModel(Arc::clone(found.model())))
    }

    /// The ids of the providers that have a model of this bare name.
    fn providers_of(&self, model: &str) -> Vec<String> {
        self.0.providers_of(model).into_iter().map(str::to_owned).collect()
    }

    /// All models.
    fn models(&self) -> Vec<CatalogModel> {
        self.0.all().cloned().map(CatalogModel).collect()
    }

    /// The cost of `usage` (a `Usage`, or quantities by name); `None` if it is not known. `at` is in seconds since
    /// 1970, now if `None`; `context` has the conditions of the request.
    #[pyo3(signature = (provider, model, usage, *, at = None, context = None))]
    fn price(
        &self,
        provider: &str,
        model: &str,
        usage: &Bound<'_, PyAny>,
        at: Option<f64>,
        context: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Option<Cost>> {
        let quantities = quantities(usage)?;
        let context = Context::read(context)?;
        let price = |found: Found<'_>| found.price(&quantities, seconds(at), &context.pairs());
        Ok(self.0.find(provider, model).and_then(price).map(Cost))
    }

    /// The origin of the data: `name`, `version`, `date` and `licence`.
    #[getter]
    fn source<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let source = self.0.source();
        let dict = PyDict::new(py);
        dict.set_item("name", &source.name)?;
        dict.set_item("version", &source.version)?;
        dict.set_item("date", &source.date)?;
        dict.set_item("licence", &source.licence)?;
        Ok(dict)
    }
}

fn quantities(usage: &Bound<'_, PyAny>) -> PyResult<Quantities> {
    if let Ok(usage) = usage.cast::<Usage>() {
        return Ok(Quantities::from(&usage.get().0));
    }
    let fields = usage
        .cast::<PyDict>()
        .map_err(|_| PyTypeError::new_err("usage: expected a Usage or a dict of quantities by name"))?;
    let mut quantities = Quantities::new();
    for (name, quantity) in fields.iter() {
        let name: String = name.extract()?;
        if quantity.is_none() {
            continue;
        }
        let quantity = quantity.extract().map_err(|_| {
            PyValueError::new_err(format!("usage.{name}: expected a whole number, 0 or more"))
        })?;
        if !quantities.set(&name, quantity) {
            return Err(PyValueError::new_err(format!("usage: there is no quantity `{name}`")));
        }
    }
    Ok(quantities)
}

/// The catalog's entry for a model; what is not known is `None`.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct CatalogModel(Arc<Model>);

#[pymethods]
impl CatalogModel {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("a catalog's model: look it up where it is needed")
    }

    /// Its name in the catalog. Providers may use others, for instance with dates.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// The provider whose price list it is from.
    #[getter]
    fn provider(&self) -> &str {
        &self.0.provider
    }

    /// Its display name.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.0.facts.name.as_deref()
    }

    /// The maximum number of tokens of prompt and answer together.
    #[getter]
    fn context_window(&self) -> Option<u64> {
        self.0.facts.context_window
    }

    /// The maximum number of tokens of an answer.
    #[getter]
    fn max_output_tokens(&self) -> Option<u64> {
        self.0.facts.max_output_tokens
    }

    /// The kinds of input it accepts: `text`, `image`, `audio`, `video`, `document`.
    #[getter]
    fn input_modalities<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        words(py, self.0.facts.input_modalities.as_deref())
    }

    /// The kinds of output it gives: `text`, `image`, `audio`, `video`, `embedding`.
    #[getter]
    fn output_modalities<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        words(py, self.0.facts.output_modalities.as_deref())
    }

    /// Whether it supports tools.
    #[getter]
    fn tools(&self) -> Option<bool> {
        self.0.facts.tools
    }

    /// Whether it supports JSON schemas.
    #[getter]
    fn structured_output(&self) -> Option<bool> {
        self.0.facts.structured_output
    }

    /// Whether it can reason before it answers.
    #[getter]
    fn reasoning(&self) -> Option<bool> {
        self.0.facts.reasoning
    }

    /// Whether its provider has deprecated it.
    #[getter]
    fn deprecated(&self) -> Option<bool> {
        self.0.facts.deprecated
    }

    /// What to choose it for: `fast`, `balanced`, `powerful`, `local` or `embedding`.
    #[getter]
    fn category(&self) -> Option<&'static str> {
        self.0.facts.category.map(ferrule_catalog::Category::as_str)
    }

    /// Its prices in dollars by name, which says for how much they are (`input_mtok`: a million input tokens). Empty if
    /// none is known. `at` is in seconds since 1970, now if `None`; `context` has the conditions of the request,
    /// `input_tokens` the length of its prompt.
    #[pyo3(signature = (*, at = None, context = None, input_tokens = 0))]
    fn prices<'py>(
        &self,
        py: Python<'py>,
        at: Option<f64>,
        context: Option<&Bound<'_, PyDict>>,
        input_tokens: u64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let prices = PyDict::new(py);
        let context = Context::read(context)?;
        for (unit, rate) in self.0.prices.list(seconds(at), &context.pairs(), input_tokens) {
            prices.set_item(unit.price, decimal(py, &rate)?)?;
        }
        Ok(prices)
    }

    fn __repr__(&self) -> String {
        format!("CatalogModel('{}/{}')", self.0.provider, self.0.id)
    }
}

fn words<'py>(py: Python<'py>, modalities: Option<&[Modality]>) -> PyResult<Option<Bound<'py, PyTuple>>> {
    modalities.map(|modalities| PyTuple::new(py, modalities.iter().map(|each| each.as_str()))).transpose()
}
