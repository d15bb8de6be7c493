//! Routing options of a call: a `ferrule.Routing`, or a mapping with the same keys.

use crate::{arguments, errors, from_python::type_name, policies};
use ferrule_client::ResolvedCall;
use ferrule_engine::{
    CallOptions, Demands, FailoverOn, Hedge, OwnStrategy, PassedOver, Preview, RoutingOptions, TargetView,
    strategy::Strategy,
};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBool, PyDict, PyList, PyString},
};
use std::{sync::Arc, time::Duration};

/// The fields of `ferrule.Routing`.
const FIELDS: [&str; 12] = [
    "strategy",
    "only",
    "exclude",
    "tags",
    "session",
    "max_targets",
    "hedge",
    "hedge_share",
    "continue_streams",
    "first_token",
    "failover_on",
    "dry_run",
];

/// Reads routing options.
pub(crate) fn read(given: &Bound<'_, PyAny>) -> PyResult<Arc<RoutingOptions>> {
    let mut options = RoutingOptions::default();
    if let Ok(fields) = given.cast::<PyDict>() {
        for (name, value) in fields.iter() {
            let name = arguments::text(&name, "a key of routing")?;
            set(&mut options, &name, &value)?;
        }
        return Ok(Arc::new(options));
    }
    for name in FIELDS {
        let Ok(value) = given.getattr(name) else {
            return Err(arguments::wrong(given, "routing", "a ferrule.Routing or a dict of its fields"));
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
            let session = arguments::text(value, &path)?;
            if session.is_empty() {
                return Err(PyValueError::new_err(format!(
                    "{path}: expected a name of the conversation, not ''"
                )));
            }
            options.session = Some(session);
        }
        "max_targets" => {
            let most = arguments::count(value, &path).ok().and_then(|most| u32::try_from(most).ok());
            let most = most.filter(|most| *most > 0);
            options.max_targets =
                Some(most.ok_or_else(|| arguments::wrong(value, &path, "a whole number, 1 or more"))?);
        }
        "hedge" => options.hedge = Some(hedge(value, &path)?),
        "hedge_share" => options.hedge_share = Some(policies::share(value, &path)?),
        "continue_streams" => options.continue_streams = Some(arguments::boolean(value, &path)?),
        "first_token" => options.first_token = Some(seconds(value, &path, "a positive number of seconds")?),
        "failover_on" => options.failover_on = Some(failover_on(value, &path)?),
        "dry_run" => options.dry_run = arguments::boolean(value, &path)?,
        _ => {
            return Err(PyTypeError::new_err(format!(
                "unknown field `{path}`; there are {}",
                FIELDS.join(", ")
            )));
        }
    }
    Ok(())
}

/// A built-in strategy, or a custom one.
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
        let name = value.getattr("__qualname__").and_then(|name| name.extract());
        let name = name.unwrap_or_else(|_| type_name(value));
        return Ok(Ordering::Own(OwnStrategy { name, value: Arc::new(value.clone().unbind()) }));
    }
    Err(arguments::wrong(value, path, "the name of a strategy, or a function"))
}

/// `True` for the default time, `False` for never, or a number of seconds.
pub(crate) fn hedge(value: &Bound<'_, PyAny>, path: &str) -> PyResult<Hedge> {
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(if truth.is_true() { Hedge::AfterP95 } else { Hedge::Off });
    }
    seconds(value, path, "True, False or a positive number of seconds").map(Hedge::After)
}

/// The names of failure kinds.
pub(crate) fn failover_on(value: &Bound<'_, PyAny>, path: &str) -> PyResult<FailoverOn> {
    let names = arguments::strings(value, path)?;
    FailoverOn::named(names.iter().map(String::as_str))
        .map_err(|why| PyValueError::new_err(format!("{path}: {why}")))
}

pub(crate) fn seconds(value: &Bound<'_, PyAny>, path: &str, expected: &str) -> PyResult<Duration> {
    let number = arguments::number(value, path).ok();
    number
        .and_then(|number| Duration::try_from_secs_f64(number).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| arguments::wrong(value, path, expected))
}

/// Names, or one of them.
fn names(value: &Bound<'_, PyAny>, path: &str) -> PyResult<Vec<String>> {
    if let Ok(only) = value.cast::<PyString>() {
        return Ok(vec![policies::text(only, path)?]);
    }
    arguments::strings(value, path)
}

/// Prepares a call for routing: a custom strategy is called now, in the caller's thread.
pub(crate) fn settle(
    py: Python<'_>,
    call: &ResolvedCall,
    demands: &Demands<'_>,
    options: &mut CallOptions,
) -> PyResult<()> {
    if options.routing.as_ref().is_some_and(|routing| routing.dry_run) {
        return Err(PyTypeError::new_err(
            "routing.dry_run: only `complete` and `embed` take it; ask `client.route(model)` instead",
        ));
    }
    order(py, call, demands, options)
}

/// Applies the custom strategy, if there is one.
fn order(
    py: Python<'_>,
    call: &ResolvedCall,
    demands: &Demands<'_>,
    options: &mut CallOptions,
) -> PyResult<()> {
    let Some(own) = call.own_strategy(options) else { return Ok(()) };
    let Some(function) = own.value.downcast_ref::<Py<PyAny>>() else { return Ok(()) };
    let seen = call.preview(demands, options).map_err(|error| errors::raise(py, error, None))?;
    let seen: Vec<TargetView> = seen.targets.into_iter().filter(|one| one.role == "target").collect();
    let views = PyList::empty(py);
    for one in &seen {
        views.append(view(py, one)?)?;
    }
    let chosen = py.import("ferrule.routing")?.getattr("choose")?.call1((function, views))?;
    let chosen: Vec<usize> = chosen.extract()?;
    let places = chosen.into_iter().filter_map(|index| Some(seen.get(index)?.place)).collect();
    let routing = options.routing.as_deref().cloned().unwrap_or_default();
    options.routing = Some(Arc::new(RoutingOptions { order: Some(places), ..routing }));
    Ok(())
}

/// The targets that a call would try: a dict of `strategy`, `targets` and `passed_over`.
pub(crate) fn preview<'py>(
    py: Python<'py>,
    call: &ResolvedCall,
    demands: &Demands<'_>,
    options: &mut CallOptions,
) -> PyResult<Bound<'py, PyDict>> {
    order(py, call, demands, options)?;
    let Preview { strategy, targets, passed_over } =
        call.preview(demands, options).map_err(|error| errors::raise(py, error, None))?;
    let (seen, left) = (PyList::empty(py), PyList::empty(py));
    for one in &targets {
        let fields = view(py, one)?;
        fields.set_item("role", one.role)?;
        fields.set_item("reason", &one.reason)?;
        seen.append(fields)?;
    }
    for one in passed_over {
        let fields = PyDict::new(py);
        fields.set_item("name", one.name())?;
        let PassedOver { provider, model, why, .. } = one;
        fields.set_item("provider", provider)?;
        fields.set_item("model", model)?;
        fields.set_item("reason", why)?;
        left.append(fields)?;
    }
    let fields = PyDict::new(py);
    fields.set_item("strategy", strategy)?;
    fields.set_item("targets", seen)?;
    fields.set_item("passed_over", left)?;
    Ok(fields)
}

fn view<'py>(py: Python<'py>, one: &TargetView) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("name", &one.name)?;
    fields.set_item("provider", &one.provider)?;
    fields.set_item("model", &one.model)?;
    fields.set_item("weight", one.weight)?;
    fields.set_item("tags", pyo3::types::PyTuple::new(py, &one.tags)?)?;
    fields.set_item("region", &one.region)?;
    fields.set_item("available", one.available)?;
    fields.set_item("in_flight", one.in_flight)?;
    fields.set_item("latency", one.latency.map(|milliseconds| milliseconds / 1000.0))?;
    fields.set_item("cost", one.cost)?;
    fields.set_item("requests", one.requests)?;
    fields.set_item("tokens", one.tokens)?;
    fields.set_item("remaining", one.remaining)?;
    Ok(fields)
}
