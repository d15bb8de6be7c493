//! Limits and budgets of a client, read from the dicts of `python/ferrule/configuration/limits.py`, and their status.

use crate::{cost::decimal, errors::raise_client};
use ferrule_admission::{LimitFigures, Per, Window};
use ferrule_catalog::Amount;
use ferrule_client::{Client, Settings};
use ferrule_engine::{
    BudgetChange, BudgetMode, BudgetSettings, BudgetStatus, LimitSettings, LimitStatus, Missing, RuleScope,
    Scope,
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyList},
};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Adds the limits and budgets in `fields`.
pub(crate) fn add(settings: &mut Settings, fields: &Bound<'_, PyDict>) -> PyResult<()> {
    for limit in fields.as_any().get_item("limits")?.cast::<PyList>()?.iter() {
        settings.limits.push(read_limit(&limit)?);
    }
    for budget in fields.as_any().get_item("budgets")?.cast::<PyList>()?.iter() {
        settings.budgets.push(read_budget(&budget)?);
    }
    Ok(())
}

fn scope(fields: &Bound<'_, PyAny>) -> PyResult<RuleScope> {
    let scope: String = fields.get_item("scope")?.extract()?;
    let missing: String = fields.get_item("missing")?.extract()?;
    Ok(RuleScope {
        scope: scope.parse::<Scope>().map_err(PyValueError::new_err)?,
        matched: fields.get_item("match")?.extract()?,
        missing: match missing.as_str() {
            "refuse" => Missing::Refuse,
            "ignore" => Missing::Ignore,
            _ => Missing::Shared,
        },
    })
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX)
}

fn read_limit(fields: &Bound<'_, PyAny>) -> PyResult<LimitSettings> {
    let get = |name: &str| fields.get_item(name);
    Ok(LimitSettings {
        name: get("name")?.extract()?,
        scope: scope(fields)?,
        figures: LimitFigures {
            requests: get("requests")?.extract()?,
            tokens: get("tokens")?.extract()?,
            concurrency: get("concurrency")?.extract()?,
        },
        max_wait: get("max_wait")?.extract::<Option<f64>>()?.map(seconds),
        reserve_output: get("reserve_output")?.extract()?,
    })
}

fn money(text: &str) -> PyResult<Amount> {
    text.parse::<Amount>().map_err(|error| PyValueError::new_err(error.to_string()))
}

fn read_budget(fields: &Bound<'_, PyAny>) -> PyResult<BudgetSettings> {
    let get = |name: &str| fields.get_item(name);
    let (window, zone): (String, Option<String>) = (get("window")?.extract()?, get("time_zone")?.extract()?);
    let window = Window::read(&window, zone.as_deref()).map_err(PyValueError::new_err)?;
    let values: HashMap<String, String> = get("values")?.extract()?;
    let mode: String = get("mode")?.extract()?;
    let mode = match mode.as_str() {
        "soft" => BudgetMode::Soft,
        "degrade" => BudgetMode::Degrade { to: get("degrade_to")?.extract()?, at: get("at")?.extract()? },
        _ => BudgetMode::Hard,
    };
    Ok(BudgetSettings {
        name: get("name")?.extract()?,
        scope: scope(fields)?,
        amount: money(&get("amount")?.extract::<String>()?)?,
        values: values
            .into_iter()
            .map(|(value, most)| Ok((value, money(&most)?)))
            .collect::<PyResult<_>>()?,
        window: Arc::new(window),
        mode,
        allow_unknown_cost: get("allow_unknown_cost")?.extract()?,
        max_wait: seconds(get("max_wait")?.extract()?),
        reserve_output: get("reserve_output")?.extract()?,
    })
}

/// The problem with the scope of a limit or a budget, if there is one.
#[pyfunction]
pub(crate) fn check_scope(scope: &str) -> Option<String> {
    scope.parse::<Scope>().err()
}

/// The problem with the window of a budget or its time zone, if there is one.
#[pyfunction]
#[pyo3(signature = (window, time_zone = None))]
pub(crate) fn check_window(window: &str, time_zone: Option<&str>) -> Option<String> {
    Window::read(window, time_zone).err()
}

/// Changes a budget manually: tops it up by `amount` dollars, or resets it if `None`.
pub(crate) fn change<'py>(
    py: Python<'py>,
    client: &Client,
    name: &str,
    value: Option<&str>,
    amount: Option<&str>,
) -> PyResult<Bound<'py, PyDict>> {
    let change = match amount {
        Some(amount) => BudgetChange::TopUp(money(amount)?),
        None => BudgetChange::Reset,
    };
    let changed = client.change_budget(name, value, change);
    budget_to_dict(py, &changed.map_err(|error| raise_client(py, error))?)
}

pub(crate) fn limit_to_dict<'py>(py: Python<'py>, limit: &LimitStatus) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", &limit.name)?;
    dict.set_item("scope", &limit.scope)?;
    dict.set_item("value", &limit.value)?;
    for (place, per) in Per::ALL.into_iter().enumerate() {
        for (what, most, used) in
            [("requests", limit.limit.requests, limit.requests), ("tokens", limit.limit.tokens, limit.tokens)]
        {
            let of = |all: [Option<u64>; 3]| all.get(place).copied().flatten();
            dict.set_item(format!("{what}_per_{}", per.name()), of(most))?;
            dict.set_item(format!("{what}_this_{}", per.name()), of(used))?;
        }
    }
    dict.set_item("concurrency", limit.limit.concurrency)?;
    dict.set_item("in_flight", limit.in_flight)?;
    dict.set_item("waiting", limit.waiting)?;
    Ok(dict)
}

pub(crate) fn budget_to_dict<'py>(py: Python<'py>, budget: &BudgetStatus) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", &budget.name)?;
    dict.set_item("scope", &budget.scope)?;
    dict.set_item("value", &budget.value)?;
    dict.set_item("mode", budget.mode)?;
    dict.set_item("window", &budget.window)?;
    for (name, amount) in [
        ("amount", budget.amount),
        ("topped_up", budget.topped_up),
        ("reported", budget.reported),
        ("estimated", budget.estimated),
        ("reserved", budget.reserved),
    ] {
        dict.set_item(name, decimal(py, &amount)?)?;
    }
    dict.set_item("ends_at", budget.ends_at)?;
    dict.set_item("waiting", budget.waiting)?;
    Ok(dict)
}
