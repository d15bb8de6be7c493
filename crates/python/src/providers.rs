//! Built-in providers for Python, which makes client settings from them.

use ferrule_wire::{
    dialect,
    providers::{self, Authentication, ProviderRow},
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use std::collections::HashMap;

/// The rows of the built-in table, as dicts.
#[pyfunction]
pub(crate) fn provider_table(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let rows = PyList::empty(py);
    for row in providers::all() {
        rows.append(fields(py, row)?)?;
    }
    Ok(rows)
}

/// The names of the wire formats.
#[pyfunction]
pub(crate) fn dialects() -> Vec<&'static str> {
    dialect::registry::all().map(|dialect| dialect.name()).collect()
}

/// The options of a chat that each wire format carries, by its name: each with whether it is carried for every value.
#[pyfunction]
pub(crate) fn carried_options() -> HashMap<&'static str, HashMap<&'static str, bool>> {
    let carried = |dialect: &dyn dialect::Dialect| dialect.carried_options().into_iter().collect();
    dialect::registry::all().map(|dialect| (dialect.name(), carried(dialect))).collect()
}

fn fields<'py>(py: Python<'py>, row: &ProviderRow) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("id", row.id)?;
    fields.set_item("name", row.name)?;
    fields.set_item("aliases", PyList::new(py, row.aliases)?)?;
    fields.set_item("dialect", row.dialect)?;
    fields.set_item("base_url", row.base_url)?;
    let regions = PyDict::new(py);
    for (region, address) in row.base_urls {
        regions.set_item(region, address)?;
    }
    fields.set_item("base_urls", regions)?;
    fields.set_item("base_urls_by", row.base_urls_by)?;
    fields.set_item("base_url_variables", PyList::new(py, row.base_url_variables)?)?;
    let placeholders = PyList::empty(py);
    for placeholder in row.placeholders {
        let entry = PyDict::new(py);
        entry.set_item("name", placeholder.name)?;
        entry.set_item("variables", PyList::new(py, placeholder.variables)?)?;
        entry.set_item("default", placeholder.default)?;
        placeholders.append(entry)?;
    }
    fields.set_item("placeholders", placeholders)?;
    fields.set_item("key_variables", PyList::new(py, row.key_variables)?)?;
    let (kind, header) = authentication(row.authentication);
    fields.set_item("authentication", kind)?;
    fields.set_item("key_header", header)?;
    let headers = PyList::empty(py);
    for header in row.headers {
        let entry = PyDict::new(py);
        entry.set_item("name", header.name)?;
        entry.set_item("variables", PyList::new(py, header.variables)?)?;
        entry.set_item("value", header.value)?;
        headers.append(entry)?;
    }
    fields.set_item("headers", headers)?;
    fields.set_item("documentation", row.documentation)?;
    fields.set_item("fallback", row.fallback)?;
    fields.set_item("operations", row.operations())?;
    fields.set_item("embedding_models", PyList::new(py, row.embedding_models)?)?;
    Ok(fields)
}

const fn authentication(authentication: Authentication) -> (&'static str, Option<&'static str>) {
    match authentication {
        Authentication::Key => ("key", None),
        Authentication::Header(name) => ("header", Some(name)),
        Authentication::Optional => ("optional", None),
        Authentication::None => ("none", None),
        Authentication::Aws => ("aws", None),
        Authentication::Google => ("google", None),
        Authentication::Entra => ("entra", None),
        Authentication::Watsonx => ("watsonx", None),
        Authentication::Databricks => ("databricks", None),
    }
}

/// The id of the built-in provider with this id or alias, ignoring case; `None` if there is none.
#[pyfunction]
pub(crate) fn find_provider(name: &str) -> Option<&'static str> {
    providers::find(name).map(|row| row.id)
}

/// Splits `provider/model` or `provider:model`; `None` if it is a bare name.
#[pyfunction]
pub(crate) fn split_model(name: &str) -> Option<(&str, &str)> {
    providers::split_name(name)
}
