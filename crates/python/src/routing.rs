//! Routing options of a call: a `ferrule.Routing`, or a mapping with the same keys.

use crate::{policies, request};
use ferrule_engine::{FailoverOn, Hedge, OwnStrategy, RoutingOptions, strategy::Strategy};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBool, PyDict, PyString},
};
use std::{sync::Arc, time::Duration};

/// The fields of `ferrule.Routing`.
const FIELDS: [&str; 11] = [
    "strategy",
    "only",
    "exclude",
    "tags",
    "session",
    "max_targets",
    "hedge",
    "continue_streams",
    "first_token",
    "failover_on",
    "dry_run",
];

/// How a call is routed.
pub(crate) fn read(given: &Bound<'_, PyAny>) -> PyResult<Arc<RoutingOptions>> {
    let mut options = RoutingOptions::default();
    if let Ok(fields) = given.cast::<PyDict>() {
        for (name, value) in fields.iter() {
            let name = request::text(&name, "a key of routing")?;
            set(&mut options, &name, &value)?;
        }
        return Ok(Arc::new(options));
    }
    for name in FIELDS {
        let Ok(value) = given.getattr(name) else {
            return Err(request::wrong(given, "routing", "a ferrule.Routing or a dict of its fields"));
        };
        set(&mut options, name, &value)?;
    }
    Ok(Arc::new(options))
}

/// Checks a `ferrule.Routing`, or a mapping with the same keys.
#[pyfunction]
pub(crate) fn check_routing(routing: &Bound<'_, PyAny>) -> PyResult<()> {
    read(routing).map(drop)
}

fn set(options: &mut RoutingOptions, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if value.is_none() {
        return Ok(());
    }
    let path = format!("routing.{name}");
    match name {
        "strategy" => match strategy(value, &path)? {
            Ordering::Known(strategy) => options.strategy = Some(strategy),
            Ordering::Own(own) => options.own = Some(own),
        },
        "only" => options.only = names(value, &path)?,
        "exclude" => options.exclude = names(value, &path)?,
        "tags" => options.tags = names(value, &path)?,
        "session" => {
            let session = request::text(value, &path)?;
            if session.is_empty() {
                return Err(PyValueError::new_err(format!(
                    "{path}: expected a name of the conversation, not ''"
                )));
            }
            options.session = Some(session);
        }
        "max_targets" => {
            let most = request::count(value, &path).ok().and_then(|most| u32::try_from(most).ok());
            let most = most.filter(|most| *most > 0);
            options.max_targets =
                Some(most.ok_or_else(|| request::wrong(value, &path, "a whole number, 1 or more"))?);
        }
        "hedge" => options.hedge = Some(hedge(value, &path)?),
        "continue_streams" => options.continue_streams = Some(request::boolean(value, &path)?),
        "first_token" => options.first_token = Some(seconds(value, &path, "a positive number of seconds")?),
        "failover_on" => options.failover_on = Some(failover_on(value, &path)?),
        // The method that is called reads it.
        "dry_run" => drop(request::boolean(value, &path)?),
        _ => {
            return Err(PyTypeError::new_err(format!(
                "unknown field `{path}`; there are {}",
                FIELDS.join(", ")
            )));
        }
    }
    Ok(())
}

/// A strategy that we know, or the user's own.
pub(crate) enum Ordering {
    Known(Strategy),
    Own(OwnStrategy),
}

/// The name of a strategy, or a function that orders targets.
pub(crate) fn strategy(value: &Bound<'_, PyAny>, path: &str) -> PyResult<Ordering> {
    if let Ok(name) = value.cast::<PyString>() {
        let parsed = Strategy::parse(name.to_str()?);
        return parsed
            .map(Ordering::Known)
            .map_err(|why| PyValueError::new_err(format!("{path}: {why}; or give a function of your own")));
    }
    if value.is_callable() {
        return Ok(Ordering::Own(OwnStrategy(Arc::new(value.clone().unbind()))));
    }
    Err(request::wrong(value, path, "the name of a strategy, or a function"))
}

/// `True` for the usual time, `False` for never, or after how many seconds.
pub(crate) fn hedge(value: &Bound<'_, PyAny>, path: &str) -> PyResult<Hedge> {
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(if truth.is_true() { Hedge::AfterP95 } else { Hedge::Off });
    }
    seconds(value, path, "True, False or a positive number of seconds").map(Hedge::After)
}

/// The names of failures.
pub(crate) fn failover_on(value: &Bound<'_, PyAny>, path: &str) -> PyResult<FailoverOn> {
    let names = request::strings(value, path)?;
    FailoverOn::named(names.iter().map(String::as_str))
        .map_err(|why| PyValueError::new_err(format!("{path}: {why}")))
}

pub(crate) fn seconds(value: &Bound<'_, PyAny>, path: &str, expected: &str) -> PyResult<Duration> {
    let number = request::number(value, path).ok();
    number
        .and_then(|number| Duration::try_from_secs_f64(number).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| request::wrong(value, path, expected))
}

/// Names, or one of them.
fn names(value: &Bound<'_, PyAny>, path: &str) -> PyResult<Vec<String>> {
    if let Ok(only) = value.cast::<PyString>() {
        return Ok(vec![policies::text(only, path)?]);
    }
    request::strings(value, path)
}
