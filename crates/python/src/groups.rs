//! Groups of a client, read from the dicts of `python/ferrule/configuration`.

use crate::{
    catalog, operations,
    policies::{self, breaker, retry},
    routing::{self, Ordering},
};
use ferrule_catalog::Catalog;
use ferrule_engine::{GroupRules, GroupSettings, GroupTarget, TargetSettings, strategy::Strategy};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyList},
};
use std::sync::Arc;

/// Reads the group in `fields`; `base` has the prices for targets without their own.
pub(crate) fn group(fields: &Bound<'_, PyDict>, base: Option<&Arc<Catalog>>) -> PyResult<GroupSettings> {
    let get = |name: &str| fields.as_any().get_item(name);
    let mut targets = Vec::new();
    for (place, fields) in get("targets")?.cast::<PyList>()?.iter().enumerate() {
        let read = target(fields.cast()?, base);
        targets.push(read.map_err(|error| within(fields.py(), &format!("targets[{place}]"), &error))?);
    }
    let given = |name: &str| get(name).map(|value| Some(value).filter(|value| !value.is_none()));
    let (strategy, own) = match given("strategy")? {
        None => Default::default(),
        Some(value) => match routing::strategy(&value, "strategy")? {
            Ordering::Known(strategy) => (strategy, None),
            Ordering::Own(own) => (Strategy::default(), Some(own)),
        },
    };
    Ok(GroupSettings {
        name: get("name")?.extract()?,
        targets,
        rules: GroupRules {
            strategy,
            own,
            sticky: given("sticky")?.is_some_and(|value| value.is_truthy().unwrap_or(false)),
            hedge: given("hedge")?.map(|value| routing::hedge(&value, "hedge")).transpose()?,
            hedge_share: given("hedge_share")?
                .map(|value| policies::share(&value, "hedge_share"))
                .transpose()?,
            continue_streams: get("continue_streams")?.extract()?,
            first_token: given("first_token")?
                .map(|value| routing::seconds(&value, "first_token", "a positive number of seconds"))
                .transpose()?,
            failover_on: given("failover_on")?
                .map(|value| routing::failover_on(&value, "failover_on"))
                .transpose()?,
            retry: retry(&get("retry")?)?,
            breaker: breaker(&get("breaker")?)?,
        },
        context_fallback: get("context_fallback")?.extract()?,
        content_filter_fallback: get("content_filter_fallback")?.extract()?,
    })
}

fn target(fields: &Bound<'_, PyDict>, base: Option<&Arc<Catalog>>) -> PyResult<GroupTarget> {
    let get = |name: &str| fields.as_any().get_item(name);
    let model: String = get("model")?.extract()?;
    let options = get("options")?;
    let options = if options.is_none() {
        None
    } else {
        {
            let read = operations::defaults(options.cast()?);
            Some(Arc::new(read.map_err(|error| within(fields.py(), "options", &error))?))
        }
    };
    let prices = get("prices")?;
    let catalog = if prices.is_none() {
        None
    } else {
        let entry = PyDict::new(fields.py());
        entry.set_item("prices", prices)?;
        let entries = PyDict::new(fields.py());
        entries.set_item(&model, entry)?;
        Some(Arc::new(base.unwrap_or_else(|| Catalog::builtin()).with(catalog::entries(&entries)?)))
    };
    Ok(GroupTarget {
        settings: TargetSettings {
            weight: get("weight")?.extract()?,
            tags: get("tags")?.extract()?,
            concurrency: get("concurrency")?.extract()?,
            options,
            provider: get("provider")?.extract()?,
            same_as: get("same_as")?.extract()?,
            catalog,
        },
        model,
    })
}

fn within(py: Python<'_>, place: &str, error: &PyErr) -> PyErr {
    PyValueError::new_err(format!("{place}: {}", error.value(py)))
}
