//! Groups, retries and circuit breakers of a client, as `python/ferrule/configuration` gives them.

use crate::{catalog, request};
use ferrule_catalog::Catalog;
use ferrule_engine::{
    AllOpen, BreakerOptions, FailoverOn, GroupRules, GroupSettings, GroupTarget, OptionDefaults,
    RetryOptions, TargetSettings, strategy::Strategy,
};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyDict, PyList, PyString},
};
use std::{sync::Arc, time::Duration};

/// The group in `fields`; `base` has the prices that hold where a target has none of its own.
pub(crate) fn group(fields: &Bound<'_, PyDict>, base: Option<&Arc<Catalog>>) -> PyResult<GroupSettings> {
    let get = |name: &str| fields.as_any().get_item(name);
    let mut targets = Vec::new();
    for (place, fields) in get("targets")?.cast::<PyList>()?.iter().enumerate() {
        let read = target(fields.cast()?, base);
        targets.push(read.map_err(|error| within(fields.py(), &format!("targets[{place}]"), &error))?);
    }
    let failover_on: Option<Vec<String>> = get("failover_on")?.extract()?;
    let failover_on = failover_on.map(|names| FailoverOn::named(names.iter().map(String::as_str)));
    Ok(GroupSettings {
        name: get("name")?.extract()?,
        targets,
        rules: GroupRules {
            strategy: strategy(&get("strategy")?)?,
            failover_on: failover_on
                .transpose()
                .map_err(|why| PyValueError::new_err(format!("failover_on: {why}")))?,
            retry: retry(&get("retry")?)?,
            breaker: breaker(&get("breaker")?)?,
        },
        context_fallback: get("context_fallback")?.extract()?,
        content_filter_fallback: get("content_filter_fallback")?.extract()?,
    })
}

fn strategy(name: &Bound<'_, PyAny>) -> PyResult<Strategy> {
    if name.is_none() {
        return Ok(Strategy::default());
    }
    let parsed = Strategy::parse(&text(name, "strategy")?);
    parsed.map_err(|why| PyValueError::new_err(format!("strategy: {why}")))
}

fn target(fields: &Bound<'_, PyDict>, base: Option<&Arc<Catalog>>) -> PyResult<GroupTarget> {
    let get = |name: &str| fields.as_any().get_item(name);
    let model: String = get("model")?.extract()?;
    let options = get("options")?;
    let options = if options.is_none() { None } else { Some(Arc::new(defaults(options.cast()?)?)) };
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
            concurrency: get("concurrency")?.extract()?,
            options,
            provider: get("provider")?.extract()?,
            same_as: get("same_as")?.extract()?,
            catalog,
        },
        model,
    })
}

fn defaults(options: &Bound<'_, PyDict>) -> PyResult<OptionDefaults> {
    let none = PyList::empty(options.py());
    let read = request::chat(false, none.as_any(), options);
    let (request, call) = read.map_err(|error| within(options.py(), "options", &error))?;
    Ok(OptionDefaults { request, call })
}

fn within(py: Python<'_>, place: &str, error: &PyErr) -> PyErr {
    PyValueError::new_err(format!("{place}: {}", error.value(py)))
}

/// Retries: the name of a preset, or a mapping. `None` says nothing.
pub(crate) fn retry(given: &Bound<'_, PyAny>) -> PyResult<RetryOptions> {
    if given.is_none() {
        return Ok(RetryOptions::default());
    }
    if let Ok(name) = given.cast::<PyString>() {
        return preset(name.to_str()?);
    }
    let mut options = RetryOptions::default();
    let mut base = RetryOptions::default();
    for (name, value) in mapping(given, "retry")?.iter() {
        if value.is_none() {
            continue;
        }
        let name: String = name.extract()?;
        let path = format!("retry.{name}");
        match name.as_str() {
            "preset" => base = preset(&text(&value, &path)?)?,
            "max_retries" => options.max_retries = Some(whole(&value, &path)?),
            "backoff" => options.backoff = Some(seconds(&value, &path)?),
            "backoff_max" => options.backoff_max = Some(seconds(&value, &path)?),
            "budget" => options.budget = Some(share(&value, &path)?),
            _ => return Err(PyTypeError::new_err(format!("unknown field `{path}`"))),
        }
    }
    Ok(options.or(base))
}

fn preset(name: &str) -> PyResult<RetryOptions> {
    RetryOptions::preset(name).ok_or_else(|| {
        let known = RetryOptions::PRESETS.join(", ");
        PyValueError::new_err(format!("retry: {name:?} is not a preset; there are {known}"))
    })
}

/// Circuit breakers: a mapping. `None` says nothing.
pub(crate) fn breaker(given: &Bound<'_, PyAny>) -> PyResult<BreakerOptions> {
    let mut options = BreakerOptions::default();
    if given.is_none() {
        return Ok(options);
    }
    for (name, value) in mapping(given, "breaker")?.iter() {
        if value.is_none() {
            continue;
        }
        let name: String = name.extract()?;
        let path = format!("breaker.{name}");
        match name.as_str() {
            "failures" => options.failures = Some(whole(&value, &path)?),
            "failure_rate" => options.failure_rate = Some(share(&value, &path)?),
            "minimum" => options.minimum = Some(whole(&value, &path)?),
            "window" => options.window = Some(seconds(&value, &path)?),
            "open" => options.open = Some(seconds(&value, &path)?),
            "open_max" => options.open_max = Some(seconds(&value, &path)?),
            "slow" => options.slow = Some(seconds(&value, &path)?),
            "all_open" => {
                options.all_open = Some(match text(&value, &path)?.as_str() {
                    "fail" => AllOpen::Fail,
                    "ask" => AllOpen::Ask,
                    _ => return Err(PyValueError::new_err(format!("{path}: expected \"fail\" or \"ask\""))),
                });
            }
            _ => return Err(PyTypeError::new_err(format!("unknown field `{path}`"))),
        }
    }
    Ok(options)
}

fn mapping<'a, 'py>(given: &'a Bound<'py, PyAny>, name: &str) -> PyResult<&'a Bound<'py, PyDict>> {
    given.cast().map_err(|_| PyTypeError::new_err(format!("{name}: expected a dict or the name of a preset")))
}

fn text(value: &Bound<'_, PyAny>, path: &str) -> PyResult<String> {
    value.extract().map_err(|_| PyTypeError::new_err(format!("{path}: expected a string")))
}

fn whole(value: &Bound<'_, PyAny>, path: &str) -> PyResult<u32> {
    value.extract().map_err(|_| PyTypeError::new_err(format!("{path}: expected a whole number, 0 or more")))
}

fn seconds(value: &Bound<'_, PyAny>, path: &str) -> PyResult<Duration> {
    let wrong = || PyTypeError::new_err(format!("{path}: expected a number of seconds, 0 or more"));
    let seconds: f64 = value.extract().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

fn share(value: &Bound<'_, PyAny>, path: &str) -> PyResult<f64> {
    let wrong = || PyTypeError::new_err(format!("{path}: expected a number from 0 to 1"));
    let share: f64 = value.extract().map_err(|_| wrong())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(wrong()) }
}
