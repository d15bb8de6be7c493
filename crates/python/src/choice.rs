//! Choices of a reply: the Python class.

use crate::{
    attempt::hash_of,
    forms,
    message::Message,
    to_python::{Reduced, fields_to_python, json_to_python, object_to_python},
};
use ferrule_wire::{
    json::{Extra, Json, ObjectWriter, Value},
    model,
};
use pyo3::{exceptions::PyValueError, prelude::*, types::PyType};

/// One of several alternative replies.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct Choice(pub(crate) model::Choice);

#[pymethods]
impl Choice {
    /// Its number, from 0.
    #[getter]
    fn index(&self) -> u32 {
        self.0.index
    }

    /// The message.
    #[getter]
    fn message(&self) -> Message {
        Message(self.0.message.clone())
    }

    /// Why it ended; `None` if the provider did not say.
    #[getter]
    fn finish_reason(&self) -> Option<&str> {
        self.0.finish_reason.as_ref().map(model::FinishReason::as_str)
    }

    /// The stop sequence that ended it.
    #[getter]
    fn stop_sequence(&self) -> Option<&str> {
        self.0.stop_sequence.as_deref()
    }

    /// Log probabilities, as the provider reports them; `None` unless requested.
    #[getter]
    fn logprobs<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.logprobs.as_ref().map(|logprobs| json_to_python(py, logprobs.text())).transpose()
    }

    /// What else the provider says about this choice: filter results, grounding, its own finish reason, ...
    #[getter]
    fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        fields_to_python(py, &self.0.extra)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        forms::pairs(&object_to_python(py, |object| self.write_fields(object))?)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self.json() == other.get().json())
    }

    fn __hash__(&self) -> u64 {
        hash_of(self.finish_reason().unwrap_or_default())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (String,)> {
        let json = self.json();
        // As for a reply: what could not be unpickled is not pickled.
        read_choice(json.value())?;
        Ok((py.get_type::<Self>().getattr("_from_json")?, (json.text().to_owned(),)))
    }

    /// For unpickling.
    #[classmethod]
    fn _from_json(_class: &Bound<'_, PyType>, text: &str) -> PyResult<Self> {
        let json = Json::parse(text).map_err(|error| PyValueError::new_err(format!("choice: {error}")))?;
        read_choice(json.value()).map(Self)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let content = forms::short_content(py, &self.0.message)?;
        let reason = self.finish_reason().map_or_else(|| "None".into(), |reason| format!("'{reason}'"));
        Ok(format!("Choice(index={}, content={content}, finish_reason={reason})", self.0.index))
    }
}

impl Choice {
    /// All fields, for comparison and pickling.
    fn json(&self) -> Json {
        Json::object(&Extra::new(), |object| self.write_fields(object))
    }

    pub(crate) fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        object.field("index", self.0.index).field("message", Message(self.0.message.clone()).json());
        object
            .nullable("finish_reason", self.finish_reason())
            .nullable("stop_sequence", self.stop_sequence());
        object.nullable("logprobs", self.0.logprobs.as_ref());
        if !self.0.extra.is_empty() {
            object.with("extra", |out| ObjectWriter::begin_with(out, &self.0.extra).finish());
        }
    }
}

/// Reads a choice written by `write_fields`.
pub(crate) fn read_choice(value: Value<'_>) -> PyResult<model::Choice> {
    let mut fields = value.object().unwrap_or_default();
    let mut messages = match fields.take_json("message") {
        Some(message) => crate::message::decode(&message, "message")?,
        None => Vec::new(),
    };
    Ok(model::Choice {
        index: fields.take_u32("index").unwrap_or_default(),
        message: messages.pop().unwrap_or_else(|| model::Message::new(model::Role::Assistant, Vec::new())),
        finish_reason: fields
            .take_string("finish_reason")
            .map(|reason| model::FinishReason::from(reason.as_str())),
        stop_sequence: fields.take_string("stop_sequence"),
        logprobs: fields.take_json("logprobs"),
        extra: fields.take_object("extra").unwrap_or_default().rest(),
    })
}
