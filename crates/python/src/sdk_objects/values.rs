//! Plain Python values, as `json.loads` makes them.

use super::{
    plan::Word,
    registry::Registry,
    tape::{Place, Span, Tape, Text, Value},
};
use pyo3::{
    IntoPyObjectExt,
    prelude::*,
    types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString},
};
use std::cell::Cell;

/// The building of one object from parsed text.
pub(super) struct Building<'a, 'py> {
    pub(super) py: Python<'py>,
    pub(super) tape: &'a Tape<'a>,
    pub(super) registry: &'a Registry,
    /// If a list of numbers is declared, a string is base64 of little-endian 32-bit floats.
    pub(super) reads_base64: bool,
    /// The number of fields built by the SDK's own code.
    pub(super) fallbacks: &'a Cell<u64>,
}

impl<'py> Building<'_, 'py> {
    /// The value at `place`, whatever it is.
    pub(super) fn anything(&self, place: Place) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        Ok(match self.tape.at(place) {
            Value::Null => py.None().into_bound(py),
            Value::Boolean(value) => PyBool::new(py, value).to_owned().into_any(),
            Value::Integer(value) => value.into_bound_py_any(py)?,
            Value::Large(span) => self.large(span)?,
            Value::Float(value) => PyFloat::new(py, value).into_any(),
            Value::Text(text) => self.text(text).into_any(),
            Value::Array(extent) => {
                let mut items = Vec::with_capacity(extent.count as usize);
                for item in self.tape.items(place, extent) {
                    items.push(self.anything(item)?);
                }
                PyList::new(py, items)?.into_any()
            }
            Value::Object(extent) => {
                let object = PyDict::new(py);
                for (key, value) in self.tape.members(place, extent) {
                    object.set_item(self.text(key), self.anything(value)?)?;
                }
                object.into_any()
            }
        })
    }

    pub(super) fn text(&self, text: Text) -> Bound<'py, PyString> {
        PyString::new(self.py, self.tape.text(text, &mut String::new()))
    }

    /// The interned object if the text is one of `words`.
    pub(super) fn word(&self, text: Text, words: &[Word]) -> Option<Bound<'py, PyAny>> {
        let mut scratch = String::new();
        let text = self.tape.text(text, &mut scratch);
        let word = words.iter().find(|word| &*word.text == text)?;
        Some(word.object.bind(self.py).clone().into_any())
    }

    fn large(&self, span: Span) -> PyResult<Bound<'py, PyAny>> {
        self.py.get_type::<PyInt>().call1((self.tape.span(span),))
    }
}
