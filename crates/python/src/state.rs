//! Shared state for Python: its address, ledger queries, forks and exits.

use crate::{cost::decimal, ledger::set_totals};
use ferrule_catalog::Amount;
use ferrule_client::StateSettings;
use ferrule_state::{Address, Question, fork};
use pyo3::{
    exceptions::{PyOSError, PyValueError},
    prelude::*,
    types::{PyDict, PyList},
};
use std::{path::PathBuf, time::Duration};

/// Reads the state options in the settings of a client.
pub(crate) fn read(fields: &Bound<'_, PyDict>) -> PyResult<StateSettings> {
    let get = |name: &str| fields.as_any().get_item(name);
    let (address, on_loss): (String, String) = (get("state")?.extract()?, get("on_state_loss")?.extract()?);
    let days: Option<f64> = get("usage_days")?.extract()?;
    Ok(StateSettings {
        address: address.parse().map_err(|wrong| PyValueError::new_err(format!("state: {wrong}")))?,
        on_loss: on_loss.parse().map_err(|wrong| PyValueError::new_err(format!("on_state_loss: {wrong}")))?,
        retention: days.map(|days| Duration::try_from_secs_f64(days * 86_400.0).unwrap_or(Duration::MAX)),
    })
}

/// The problem with the address of a state, if there is one.
#[pyfunction]
pub(crate) fn check_state(state: &str) -> Option<String> {
    state.parse::<Address>().err().map(|wrong| wrong.to_string())
}

/// The database of a state's address; an error if it is in memory.
fn database(state: &str) -> PyResult<PathBuf> {
    match state.parse::<Address>() {
        Ok(Address::Sqlite(path)) => Ok(path),
        Ok(Address::Memory) => Err(PyValueError::new_err("a state in memory has no ledger")),
        Err(wrong) => Err(PyValueError::new_err(format!("state: {wrong}"))),
    }
}

/// The usage and cost of the calls in the ledger of `state`, in rows grouped by `provider`, `model`, `group`, `day` or
/// `metadata.<label>`. Times are in seconds since 1970.
#[pyfunction]
#[pyo3(signature = (state, by, since = None, until = None))]
pub(crate) fn ledger_totals<'py>(
    py: Python<'py>,
    state: &str,
    by: Vec<String>,
    since: Option<f64>,
    until: Option<f64>,
) -> PyResult<Bound<'py, PyList>> {
    let path = database(state)?;
    let question = Question { since: since.map(milliseconds), until: until.map(milliseconds), by };
    let found = py.detach(|| ferrule_state::totals(&path, &question));
    let found = found.map_err(|away| PyOSError::new_err(format!("{}: {away}", path.display())))?;
    let list = PyList::empty(py);
    for (values, totals) in found {
        let dict = PyDict::new(py);
        for (name, value) in question.by.iter().zip(values) {
            dict.set_item(name, value)?;
        }
        set_totals(&dict, &totals)?;
        list.append(dict)?;
    }
    Ok(list)
}

/// The calls in the ledger of `state`, ordered by their ends.
#[pyfunction]
#[pyo3(signature = (state, since = None, until = None))]
pub(crate) fn ledger_calls<'py>(
    py: Python<'py>,
    state: &str,
    since: Option<f64>,
    until: Option<f64>,
) -> PyResult<Bound<'py, PyList>> {
    let path = database(state)?;
    let question =
        Question { since: since.map(milliseconds), until: until.map(milliseconds), by: Vec::new() };
    let mut calls = Vec::new();
    let read = py.detach(|| ferrule_state::each(&path, &question, |call, _| calls.push(call.clone())));
    read.map_err(|away| PyOSError::new_err(format!("{}: {away}", path.display())))?;
    let list = PyList::empty(py);
    for call in calls {
        let dict = PyDict::new(py);
        dict.set_item("id", call.id)?;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are exact")]
        dict.set_item("at", call.at as f64 / 1000.0)?;
        dict.set_item("provider", call.provider)?;
        dict.set_item("model", call.model)?;
        dict.set_item("group", call.alias)?;
        dict.set_item("metadata", call.metadata)?;
        dict.set_item("end", call.end)?;
        dict.set_item("input_tokens", call.input_tokens)?;
        dict.set_item("output_tokens", call.output_tokens)?;
        dict.set_item("cache_read_tokens", call.cache_read_tokens)?;
        dict.set_item("cache_write_tokens", call.cache_write_tokens)?;
        dict.set_item("reasoning_tokens", call.reasoning_tokens)?;
        let cost = call.cost.map(|cost| decimal(py, &Amount::from_units(cost))).transpose()?;
        dict.set_item("cost", cost)?;
        list.append(dict)?;
    }
    Ok(list)
}

#[expect(clippy::cast_possible_truncation, reason = "times beyond an i64 of milliseconds are its ends")]
fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

/// Python is about to fork.
#[pyfunction]
pub(crate) fn before_fork() {
    fork::before();
}

/// Python has forked; this is the parent.
#[pyfunction]
pub(crate) fn after_fork_in_parent() {
    fork::after(false);
}

/// The interpreter exits: books what was spent, and returns what unclosed clients still hold.
#[pyfunction]
pub(crate) fn at_exit(py: Python<'_>) {
    py.detach(ferrule_state::settle_up_all);
}
