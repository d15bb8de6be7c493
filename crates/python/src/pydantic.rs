//! Pydantic attributes of the classes that programs use in pydantic models.

use crate::{
    citation::Citation,
    cost::Cost,
    message::{Message, ToolCall},
    reply::Reply,
    usage::Usage,
};
use pyo3::{prelude::*, types::PyType};

/// Adds the attributes to each class. They are looked up by name, so classes need no other code for them.
pub(crate) fn add_attributes(py: Python<'_>) -> PyResult<()> {
    let builtins = py.import("builtins")?;
    let core_schema = builtins.getattr("classmethod")?.call1((wrap_pyfunction!(core_schema, py)?,))?;
    let serializer = builtins.getattr("property")?.call1((wrap_pyfunction!(serializer, py)?,))?;
    for class in [
        py.get_type::<Citation>(),
        py.get_type::<Cost>(),
        py.get_type::<Message>(),
        py.get_type::<Reply>(),
        py.get_type::<ToolCall>(),
        py.get_type::<Usage>(),
    ] {
        class.setattr("__get_pydantic_core_schema__", &core_schema)?;
        class.setattr("__pydantic_serializer__", &serializer)?;
    }
    Ok(())
}

/// The schema of a class for pydantic.
#[pyfunction]
fn core_schema<'py>(
    class: &Bound<'py, PyType>,
    _source: &Bound<'py, PyAny>,
    _handler: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    class.py().import("ferrule.conversations")?.call_method1("core_schema", (class,))
}

/// The serializer that pydantic uses for an instance if the type is `Any`.
#[pyfunction]
fn serializer<'py>(instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    instance.py().import("ferrule.conversations")?.call_method1("serializer", (instance.get_type(),))
}
