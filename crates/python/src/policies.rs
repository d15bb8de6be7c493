//! Retry and circuit breaker options of configurations and calls.

use crate::arguments;
use ferrule_engine::{AllOpen, BreakerOptions, RetryOptions};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyDict, PyString},
};
use std::time::Duration;

/// Retry options: the name of a preset, or a mapping. `None` sets nothing.
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

/// Breaker options: a mapping. `None` sets nothing.
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
            "check" => options.check = Some(seconds(&value, &path)?),
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

pub(crate) fn text(value: &Bound<'_, PyAny>, path: &str) -> PyResult<String> {
    value.extract().map_err(|_| PyTypeError::new_err(format!("{path}: expected a string")))
}

fn whole(value: &Bound<'_, PyAny>, path: &str) -> PyResult<u32> {
    let count = arguments::count(value, path)?;
    u32::try_from(count).map_err(|_| arguments::wrong(value, path, "a whole number, 0 or more"))
}

fn seconds(value: &Bound<'_, PyAny>, path: &str) -> PyResult<Duration> {
    let seconds = arguments::number(value, path).ok();
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| arguments::wrong(value, path, "a number of seconds, 0 or more"))
}

pub(crate) fn share(value: &Bound<'_, PyAny>, path: &str) -> PyResult<f64> {
    let share = arguments::number(value, path).ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| arguments::wrong(value, path, "a number from 0 to 1"))
}
