//! Usage of one reply: the Python class.

use crate::from_python::{self, Path};
use crate::to_python::{Reduced, object_to_python};
use ferrule_wire::{
    json::{Fields, ObjectWriter},
    model,
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyType},
};

/// Tokens used; `None` if the provider did not say.
#[pyclass(frozen, eq, module = "ferrule._native")]
#[derive(PartialEq)]
pub(crate) struct Usage(pub(crate) model::Usage);

impl From<model::Usage> for Usage {
    fn from(usage: model::Usage) -> Self {
        Self(usage)
    }
}

macro_rules! usage_figures {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        #[pymethods]
        impl Usage {
            $($(#[$doc])* #[getter] fn $field(&self) -> Option<u64> { self.0.$field })*

            /// Input and output together; `None` if either is unknown.
            #[getter]
            fn total_tokens(&self) -> Option<u64> {
                self.0.input_tokens?.checked_add(self.0.output_tokens?)
            }

            /// All figures as a dictionary, provider-specific ones under `extra`.
            fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                object_to_python(py, |object| self.write_fields(object))
            }

            /// The pairs of `to_dict`, so that `dict(usage)` works.
            fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                crate::forms::pairs(&self.to_dict(py)?)
            }

            fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (Bound<'py, PyAny>,)> {
                Ok((py.get_type::<Self>().getattr("from_dict")?, (self.to_dict(py)?,)))
            }

            /// The usage of what `to_dict` returned.
            #[classmethod]
            fn from_dict(_class: &Bound<'_, PyType>, fields: &Bound<'_, PyDict>) -> PyResult<Self> {
                let json = from_python::json(fields, Path::Root("usage"))?;
                Ok(Self::read(json.value().object().unwrap_or_default()))
            }

            /// The sum of the usages of several replies; a figure that one of them lacks is unknown.
            #[staticmethod]
            fn _sum(usages: Vec<PyRef<'_, Self>>) -> Self {
                Self(model::Usage::sum(usages.iter().map(|usage| &usage.0)))
            }

            fn __repr__(&self) -> String {
                let mut known: Vec<String> = Vec::new();
                $(if let Some(figure) = self.0.$field { known.push(format!("{}={figure}", stringify!($field))); })*
                format!("Usage({})", known.join(", "))
            }
        }

        impl Usage {
            pub(crate) fn write_fields(&self, object: &mut ObjectWriter<'_>) {
                $(object.nullable(stringify!($field), self.0.$field);)*
                if !self.0.extra.is_empty() {
                    object.with("extra", |out| ObjectWriter::begin_with(out, &self.0.extra).finish());
                }
            }

            pub(crate) fn read(mut fields: Fields<'_>) -> Self {
                let extra = fields.take_object("extra").unwrap_or_default().rest();
                Self(model::Usage { $($field: fields.take_u64(stringify!($field)),)* extra })
            }
        }
    };
}
usage_figures! {
    /// The whole prompt, cache reads and writes included.
    input_tokens,
    /// The whole answer, reasoning included.
    output_tokens,
    /// Of the prompt, read from a cache.
    cache_read_tokens,
    /// Of the prompt, written to a cache.
    cache_write_tokens,
    /// Of the prompt, written to a cache for five minutes.
    cache_write_5m_tokens,
    /// Of the prompt, written to a cache for thirty minutes.
    cache_write_30m_tokens,
    /// Of the prompt, written to a cache for one hour.
    cache_write_1h_tokens,
    /// Of the prompt, written to a cache for twelve hours.
    cache_write_12h_tokens,
    /// Of the answer, reasoning.
    reasoning_tokens,
    /// Of the prompt, audio.
    input_audio_tokens,
    /// Of the answer, audio.
    output_audio_tokens,
}
