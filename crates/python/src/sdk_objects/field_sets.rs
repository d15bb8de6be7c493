//! Sets of field names, copied from cached ones: the same combinations of fields recur.

use super::slots;
use pyo3::{
    prelude::*,
    types::{PySet, PyString},
};
use std::sync::{Mutex, PoisonError};

/// The maximum number of cached sets per model; others are made each time.
const KEPT: usize = 64;

/// Sets by their fields, one bit per field.
#[derive(Default)]
pub(super) struct FieldSets {
    known: Mutex<Vec<(u128, Py<PySet>)>>,
}

impl FieldSets {
    /// A separate set for an object: setting an attribute changes it.
    pub(super) fn copy<'py, 'a>(
        &self,
        py: Python<'py>,
        mask: u128,
        names: impl Iterator<Item = &'a Py<PyString>>,
    ) -> PyResult<Bound<'py, PySet>> {
        if let Some(template) = self.find(py, mask) {
            return slots::copy_of(template.bind(py));
        }
        let set = PySet::empty(py)?;
        for (index, name) in names.enumerate() {
            if mask & (1 << index) != 0 {
                set.add(name)?;
            }
        }
        let template = slots::copy_of(&set)?.unbind();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < KEPT {
            known.push((mask, template));
        }
        Ok(set)
    }

    /// No Python code runs while the lock is held: another thread waiting for it may hold the interpreter's.
    fn find(&self, py: Python<'_>, mask: u128) -> Option<Py<PySet>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(known, _)| *known == mask).map(|(_, set)| set.clone_ref(py))
    }
}
