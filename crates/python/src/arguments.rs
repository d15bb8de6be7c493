//! Arguments from Python: converts option values, or raises an error that names the option and what it expects.

use crate::from_python::{self, type_name};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyBool, PyDict, PyList, PyString, PyTuple},
};

/// The error for a `name` that is not what is expected.
pub(crate) fn wrong(value: &Bound<'_, PyAny>, name: &str, expected: &str) -> PyErr {
    let shown = value.repr().map_or_else(|_| type_name(value), |repr| repr.to_string());
    let shown: String = shown.chars().take(80).collect();
    PyTypeError::new_err(format!("{name}: expected {expected}, not {shown} ({})", type_name(value)))
}

pub(crate) fn boolean(value: &Bound<'_, PyAny>, name: &str) -> PyResult<bool> {
    match value.cast::<PyBool>() {
        Ok(truth) => Ok(truth.is_true()),
        Err(_) if from_python::is_numpy_truth(value) => value.is_truthy(),
        Err(_) => Err(wrong(value, name, "True or False")),
    }
}

/// Whether it is a boolean, which does not count as a number.
pub(crate) fn is_truth(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyBool>() || from_python::is_numpy_truth(value)
}

pub(crate) fn number(value: &Bound<'_, PyAny>, name: &str) -> PyResult<f64> {
    let number = if is_truth(value) { None } else { value.extract::<f64>().ok() };
    number.filter(|number| number.is_finite()).ok_or_else(|| wrong(value, name, "a number"))
}

pub(crate) fn whole(value: &Bound<'_, PyAny>, name: &str) -> PyResult<i64> {
    let number = if is_truth(value) { None } else { value.extract().ok() };
    number.ok_or_else(|| wrong(value, name, "a whole number"))
}

pub(crate) fn count(value: &Bound<'_, PyAny>, name: &str) -> PyResult<u64> {
    // Anything with an `__index__` is an integer.
    let number = if is_truth(value) { None } else { value.extract().ok() };
    number.ok_or_else(|| wrong(value, name, "a whole number, 0 or more"))
}

pub(crate) fn text(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    value.extract().map_err(|_| wrong(value, name, "a string"))
}

pub(crate) fn items<'py>(
    value: &Bound<'py, PyAny>,
    name: &str,
) -> PyResult<impl Iterator<Item = PyResult<Bound<'py, PyAny>>> + use<'py>> {
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        value.try_iter()
    } else {
        Err(wrong(value, name, "a list"))
    }
}

pub(crate) fn texts(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<String>> {
    if let Ok(one) = value.extract::<String>() {
        return Ok(vec![one]);
    }
    items(value, name)?.map(|item| text(&item?, name)).collect()
}

pub(crate) fn pairs(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<(String, String)>> {
    let fields = value.cast::<PyDict>().map_err(|_| wrong(value, name, "a dict of strings"))?;
    fields
        .iter()
        .map(|(key, item)| {
            let key = text(&key, name)?;
            let item = text(&item, &format!("{name}[{key:?}]"))?;
            Ok((key, item))
        })
        .collect()
}

/// As [`pairs`], for values that may be secret: an error never shows one.
pub(crate) fn secret_pairs(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<(String, String)>> {
    let wrong = |value: &Bound<'_, PyAny>, name: &str, expected: &str| {
        PyTypeError::new_err(format!("{name}: expected {expected}, not {}", type_name(value)))
    };
    let fields = value.cast::<PyDict>().map_err(|_| wrong(value, name, "a dict of strings"))?;
    fields
        .iter()
        .map(|(key, item)| {
            let key: String = key.extract().map_err(|_| wrong(&key, name, "names that are strings"))?;
            let item = item.extract().map_err(|_| {
                // An invalid name may be a misplaced value.
                let shown: String = key.chars().take_while(|it| is_name(*it)).collect();
                wrong(&item, &format!("{name}[{shown:?}]"), "a string")
            })?;
            Ok((key, item))
        })
        .collect()
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '$')
}

/// The strings of a list or another iterable. A single string is a mistake.
pub(crate) fn strings(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<String>> {
    let iterator = if value.is_instance_of::<PyString>() { None } else { value.try_iter().ok() };
    let iterator = iterator.ok_or_else(|| wrong(value, name, "a list of strings"))?;
    iterator.enumerate().map(|(position, item)| text(&item?, &format!("{name}[{position}]"))).collect()
}
