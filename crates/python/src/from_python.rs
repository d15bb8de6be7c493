//! Conversion of Python objects to JSON text.

use ferrule_wire::json::{Json, MAX_NESTING, write_string};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple},
};
use std::fmt;

/// The path of a value in the caller's arguments, formatted only for an error.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    /// A whole argument.
    Root(&'a str),
    /// Under a key.
    Key(&'a Path<'a>, &'a str),
    /// At an index in a list.
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => formatter.write_str(name),
            Self::Key(parent, key) => write!(formatter, "{parent}.{key}"),
            Self::Item(parent, position) => write!(formatter, "{parent}[{position}]"),
        }
    }
}

/// The JSON text of `value`, which `path` names in errors: dicts with string keys, lists, tuples, strings, numbers,
/// booleans, `None`, objects with a `model_dump()`, and numbers of other types, such as numpy's.
pub(crate) fn json(value: &Bound<'_, PyAny>, path: Path<'_>) -> PyResult<Json> {
    let mut out = Vec::new();
    write(value, path, &mut out, 0)?;
    String::from_utf8(out).map_err(|_| PyValueError::new_err(format!("{path}: not valid text"))).and_then(
        |text| Json::from_string(text).map_err(|error| PyValueError::new_err(format!("{path}: {error}"))),
    )
}

fn write(value: &Bound<'_, PyAny>, path: Path<'_>, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    if depth >= MAX_NESTING {
        return Err(PyValueError::new_err(format!("{path}: nested deeper than {MAX_NESTING} levels")));
    }
    if let Ok(text) = value.cast::<PyString>() {
        write_string(whole_text(text, path)?, out);
    } else if value.is_none() {
        out.extend_from_slice(b"null");
    } else if let Ok(truth) = value.cast::<PyBool>() {
        out.extend_from_slice(if truth.is_true() { b"true" } else { b"false" });
    } else if value.is_instance_of::<PyInt>() {
        // By Python's own text, so that no precision is lost; `int.__str__` also for subclasses.
        let plain = value.py().get_type::<PyInt>().call_method1("__repr__", (value,))?;
        out.extend_from_slice(plain.cast::<PyString>()?.to_str()?.as_bytes());
    } else if let Ok(number) = value.cast::<PyFloat>() {
        if !number.value().is_finite() {
            return Err(PyValueError::new_err(format!("{path}: {} has no JSON form", number.value())));
        }
        let plain = value.py().get_type::<PyFloat>().call_method1("__repr__", (value,))?;
        out.extend_from_slice(plain.cast::<PyString>()?.to_str()?.as_bytes());
    } else if let Ok(fields) = value.cast::<PyDict>() {
        out.push(b'{');
        for (position, (key, item)) in fields.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            let key = key.cast::<PyString>().map_err(|_| {
                PyTypeError::new_err(format!("{path}: keys must be strings, not {}", type_name(&key)))
            })?;
            let key = whole_text(key, path)?;
            write_string(key, out);
            out.push(b':');
            write(&item, Path::Key(&path, key), out, depth + 1)?;
        }
        out.push(b'}');
    } else if let Ok(items) = value.cast::<PyList>() {
        write_items(items.iter(), path, out, depth)?;
    } else if let Ok(items) = value.cast::<PyTuple>() {
        write_items(items.iter(), path, out, depth)?;
    } else if value.hasattr("model_dump")? {
        write(&value.call_method0("model_dump")?, path, out, depth + 1)?;
    } else if is_encoded_bytes(value, path) {
        // As in google-genai's `Content`.
        let text =
            value.py().import("base64")?.call_method1("b64encode", (value,))?.call_method0("decode")?;
        write(&text, path, out, depth + 1)?;
    } else if let Some(part) = content_part(value, path)? {
        write(&part, path, out, depth + 1)?;
    } else if let Some(plain) = plain_scalar(value)? {
        write(&plain, path, out, depth + 1)?;
    } else {
        let advice = if value.is_instance_of::<PyBytes>() {
            "; encode them as base64 text, or give them as a part of a message's content"
        } else {
            ""
        };
        return Err(PyTypeError::new_err(format!("{path}: {} has no JSON form{advice}", type_name(value))));
    }
    Ok(())
}

/// Whether `value` is the bytes of a Gemini part's data or signature, which JSON represents in base64.
fn is_encoded_bytes(value: &Bound<'_, PyAny>, path: Path<'_>) -> bool {
    let is_place = match path {
        Path::Key(Path::Key(_, "inline_data" | "inlineData"), "data") => true,
        Path::Key(_, name) => matches!(name, "thought_signature" | "thoughtSignature"),
        _ => false,
    };
    is_place && value.is_instance_of::<PyBytes>()
}

/// The content part of a file, bytes or an image in place of a message part: made by `ferrule.content`.
fn content_part<'py>(value: &Bound<'py, PyAny>, path: Path<'_>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let is_listed = match path {
        Path::Item(Path::Key(_, "content"), _) => true,
        Path::Key(_, "content") => false,
        _ => return Ok(None),
    };
    let part = value.py().import("ferrule.content")?.call_method1("part", (value, path.to_string()))?;
    if part.is_none() {
        return Ok(None);
    }
    if is_listed { Ok(Some(part)) } else { Ok(Some(PyList::new(value.py(), [part])?.into_any())) }
}

/// The text of a string. Python strings may contain lone surrogates: from a text that was cut in two, or from a file
/// name that is not UTF-8. No provider accepts them.
pub(crate) fn whole_text<'a>(string: &'a Bound<'_, PyString>, path: Path<'_>) -> PyResult<&'a str> {
    string.to_str().map_err(|error| match error.value(string.py()).getattr("start") {
        Ok(position) => PyValueError::new_err(format!(
            "{path}: half of a character at position {position}: surrogates have no place in a text; \
             `text.encode(errors=\"replace\").decode()` replaces them"
        )),
        Err(_) => error,
    })
}

/// The integer, number or boolean represented by an object of another type: numpy's, `Decimal`, `Fraction`. Arrays do
/// not count, although one with a single item can be read as a number.
pub(crate) fn plain_scalar<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let kind = value.get_type();
    let is_array = value.is_instance_of::<PyString>() || value.len().is_ok();
    if is_array {
        return Ok(None);
    }
    if kind.hasattr("__index__")?
        && let Ok(number) = value.call_method0("__index__")
        && number.is_instance_of::<PyInt>()
    {
        return Ok(Some(number));
    }
    if is_numpy_truth(value) {
        return Ok(Some(PyBool::new(value.py(), value.is_truthy()?).to_owned().into_any()));
    }
    if kind.hasattr("__float__")?
        && let Ok(number) = value.extract::<f64>()
    {
        return Ok(Some(PyFloat::new(value.py(), number).into_any()));
    }
    Ok(None)
}

/// Whether it is a numpy boolean, which is neither a `bool` nor a number.
pub(crate) fn is_numpy_truth(value: &Bound<'_, PyAny>) -> bool {
    let kind = value.get_type();
    let is_named = kind.name().is_ok_and(|name| name == "bool" || name == "bool_");
    is_named && kind.module().is_ok_and(|module| module == "numpy")
}

fn write_items<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    path: Path<'_>,
    out: &mut Vec<u8>,
    depth: usize,
) -> PyResult<()> {
    out.push(b'[');
    for (position, item) in items.enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write(&item, Path::Item(&path, position), out, depth + 1)?;
    }
    out.push(b']');
    Ok(())
}

/// The name of the value's type, for errors.
pub(crate) fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "object".into(), |name| name.to_string())
}
