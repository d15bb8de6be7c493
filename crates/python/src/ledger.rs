//! Usage rows of a client for Python.

use crate::cost::decimal;
use ferrule_catalog::{Row, Totals};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};

/// All rows, as dicts.
pub(crate) fn rows(py: Python<'_>, rows: Vec<(Row, Totals)>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for (row, totals) in rows {
        let dict = PyDict::new(py);
        dict.set_item("provider", row.provider)?;
        dict.set_item("model", row.model)?;
        dict.set_item("alias", row.labels.alias)?;
        let metadata = PyDict::new(py);
        for (key, value) in row.labels.metadata {
            metadata.set_item(key, value)?;
        }
        dict.set_item("metadata", metadata)?;
        set_totals(&dict, &totals)?;
        list.append(dict)?;
    }
    Ok(list)
}

/// Sets the items of a row that are sums.
pub(crate) fn set_totals(dict: &Bound<'_, PyDict>, totals: &Totals) -> PyResult<()> {
    dict.set_item("calls", totals.calls)?;
    dict.set_item("failed", totals.failed)?;
    dict.set_item("interrupted", totals.interrupted)?;
    dict.set_item("input_tokens", totals.input_tokens)?;
    dict.set_item("output_tokens", totals.output_tokens)?;
    dict.set_item("cache_read_tokens", totals.cache_read_tokens)?;
    dict.set_item("cache_write_tokens", totals.cache_write_tokens)?;
    dict.set_item("reasoning_tokens", totals.reasoning_tokens)?;
    dict.set_item("cost", decimal(dict.py(), &totals.cost)?)?;
    dict.set_item("unknown_cost", totals.unknown_cost)
}
