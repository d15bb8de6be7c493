//! Model objects under construction: their fields and extra attributes.

use super::{plan::Plan, tape::Text, values::Building};
use pyo3::{prelude::*, types::PyDict};

/// An unfinished object.
pub(super) struct Draft<'a, 'py> {
    plan: &'a Plan,
    attributes: Bound<'py, PyDict>,
    extra: Bound<'py, PyDict>,
    /// One bit per field that is present.
    pub(super) present: u128,
}

impl<'a, 'py> Draft<'a, 'py> {
    pub(super) fn new(py: Python<'py>, plan: &'a Plan) -> PyResult<Self> {
        let attributes = plan.template.bind(py).copy()?;
        Ok(Self { plan, attributes, extra: PyDict::new(py), present: 0 })
    }

    /// Sets the field at `index`; the last value counts, as in Python's dictionaries.
    pub(super) fn set(&mut self, index: usize, value: &Bound<'py, PyAny>) -> PyResult<()> {
        if let Some(field) = self.plan.fields.get(index) {
            self.attributes.set_item(&field.name, value)?;
            self.present |= 1 << index;
        }
        Ok(())
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.present & (1 << index) != 0
    }

    /// Adds an extra field.
    pub(super) fn add(
        &self,
        building: &Building<'_, 'py>,
        key: Text,
        value: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        self.extra.set_item(building.text(key), value)
    }

    /// Finishes the object; if `counts_extra`, extra fields count as fields that were set.
    pub(super) fn finish(self, py: Python<'py>, counts_extra: bool) -> PyResult<Bound<'py, PyAny>> {
        let names = self.plan.fields.iter().map(|field| &field.name);
        let fields_set = self.plan.field_sets.copy(py, self.present, names)?;
        if counts_extra && !self.extra.is_empty() {
            for name in self.extra.keys() {
                fields_set.add(name)?;
            }
        }
        self.plan.slots.object(py, &self.attributes, &fields_set, &self.extra)
    }
}
