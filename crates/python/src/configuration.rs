//! Configuration files for Python: their values as Python objects, and the position of every key.

use ferrule_config::{Format, Table, Value};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyList, PyTuple},
};

/// The values of a file's text, and the line and column of every key and list item by its path.
///
/// Raises `ValueError` with what is wrong, line and column.
#[pyfunction]
pub(crate) fn parse_configuration<'py>(
    py: Python<'py>,
    text: &str,
    ending: &str,
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyDict>)> {
    let format = Format::of_ending(ending)
        .ok_or_else(|| PyValueError::new_err(("expected .toml, .json, .yaml or .yml", 1, 1)))?;
    let table = ferrule_config::parse(text, format)
        .map_err(|error| PyValueError::new_err((error.message, error.place.line, error.place.column)))?;
    let mut writer = Writer { places: PyDict::new(py), path: Vec::new() };
    Ok((writer.table(py, &table)?, writer.places))
}

struct Writer<'py> {
    places: Bound<'py, PyDict>,
    path: Vec<Bound<'py, PyAny>>,
}

impl<'py> Writer<'py> {
    fn table(&mut self, py: Python<'py>, table: &Table) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        for entry in table.entries() {
            let name = entry.name.as_str().into_pyobject(py)?.into_any();
            let value = self.at(py, name, entry.place, &entry.value)?;
            fields.set_item(&entry.name, value)?;
        }
        Ok(fields)
    }

    fn at(
        &mut self,
        py: Python<'py>,
        step: Bound<'py, PyAny>,
        place: ferrule_config::Place,
        value: &Value,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.path.push(step);
        self.places.set_item(PyTuple::new(py, &self.path)?, (place.line, place.column))?;
        let value = self.value(py, value)?;
        self.path.pop();
        Ok(value)
    }

    /// Recursion is limited by `ferrule_config::MAX_NESTING`.
    fn value(&mut self, py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
        Ok(match value {
            Value::Null => py.None().into_bound(py),
            Value::Boolean(truth) => truth.into_pyobject(py)?.to_owned().into_any(),
            Value::Integer(number) => number.into_pyobject(py)?.into_any(),
            Value::Float(number) => number.into_pyobject(py)?.into_any(),
            Value::Text(text) => text.into_pyobject(py)?.into_any(),
            Value::List(items) => {
                let list = PyList::empty(py);
                for (position, item) in items.iter().enumerate() {
                    let step = position.into_pyobject(py)?.into_any();
                    list.append(self.at(py, step, item.place, &item.value)?)?;
                }
                list.into_any()
            }
            Value::Table(table) => self.table(py, table)?.into_any(),
        })
    }
}
