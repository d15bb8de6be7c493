//! Status of a client for Python: its groups, its targets and their circuit breakers.

use crate::limits;
use ferrule_engine::{GroupStatus, KeyStatus, Status, TargetStatus};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use std::time::Duration;

/// `status` as a dict of lists of dicts.
pub(crate) fn dict<'py>(py: Python<'py>, status: &Status) -> PyResult<Bound<'py, PyDict>> {
    let groups = status.groups.iter().map(|group| group_to_dict(py, group)).collect::<PyResult<Vec<_>>>()?;
    let targets =
        status.targets.iter().map(|target| target_to_dict(py, target)).collect::<PyResult<Vec<_>>>()?;
    let dict = PyDict::new(py);
    dict.set_item("groups", PyList::new(py, groups)?)?;
    dict.set_item("targets", PyList::new(py, targets)?)?;
    let keys = status.keys.iter().map(|key| key_to_dict(py, key)).collect::<PyResult<Vec<_>>>()?;
    dict.set_item("keys", PyList::new(py, keys)?)?;
    let limits =
        status.limits.iter().map(|limit| limits::limit_to_dict(py, limit)).collect::<PyResult<Vec<_>>>()?;
    dict.set_item("limits", PyList::new(py, limits)?)?;
    let budgets =
        status.budgets.iter().map(|one| limits::budget_to_dict(py, one)).collect::<PyResult<Vec<_>>>()?;
    dict.set_item("budgets", PyList::new(py, budgets)?)?;
    Ok(dict)
}

fn key_to_dict<'py>(py: Python<'py>, key: &KeyStatus) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("provider", &key.provider)?;
    dict.set_item("key", &key.key)?;
    dict.set_item("weight", key.weight)?;
    dict.set_item("state", key.state)?;
    dict.set_item("usable_in", key.usable_in.map(|time| time.as_secs_f64()))?;
    dict.set_item("models", &key.models)?;
    Ok(dict)
}

fn group_to_dict<'py>(py: Python<'py>, group: &GroupStatus) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", &group.name)?;
    dict.set_item("strategy", &group.strategy)?;
    dict.set_item("targets", &group.targets)?;
    Ok(dict)
}

fn target_to_dict<'py>(py: Python<'py>, target: &TargetStatus) -> PyResult<Bound<'py, PyDict>> {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    let dict = PyDict::new(py);
    dict.set_item("name", &target.name)?;
    dict.set_item("provider", &target.provider)?;
    dict.set_item("model", &target.model)?;
    dict.set_item("breaker", target.breaker)?;
    dict.set_item("reopens_in", seconds(target.reopens_in))?;
    dict.set_item("failures", target.failures)?;
    dict.set_item("times_opened", target.times_opened)?;
    dict.set_item("in_flight", target.in_flight)?;
    dict.set_item("first_token", seconds(target.first_token))?;
    dict.set_item("per_token", seconds(target.per_token))?;
    dict.set_item("requests", target.requests)?;
    dict.set_item("last_failure", target.last_failure.as_deref())?;
    Ok(dict)
}
