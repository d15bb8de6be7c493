//! Deliveries of a call from the runtime to its reader.

use ferrule_engine::EventBatch;
use ferrule_wire::model::StreamEvent;
use pyo3::prelude::*;
use std::mem::size_of;

/// What a call delivers.
pub(crate) enum Delivery {
    /// The events of a stream.
    Events(EventBatch),
    /// The single result of a call that is not streamed.
    One(Value),
    /// One of several results, in order.
    Part(Value),
}

/// Makes a Python object. `parse` makes a reply's `parsed` from its text.
type Make = Box<dyn FnOnce(Python<'_>, Option<Py<PyAny>>) -> PyResult<Py<PyAny>> + Send>;

/// A value that becomes a Python object when it is taken.
pub(crate) struct Value {
    make: Make,
    size: usize,
}

impl Value {
    /// A value made by `make`.
    pub(crate) fn new(make: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static) -> Self {
        Self::parsed(move |py, _| make(py))
    }

    /// A value made by `make`, which is given the parser of a reply's text.
    pub(crate) fn parsed(
        make: impl FnOnce(Python<'_>, Option<Py<PyAny>>) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Self {
        Self { make: Box::new(make), size: 0 }
    }

    /// Sets its approximate size in bytes.
    pub(crate) fn with_size(self, size: usize) -> Self {
        Self { size, ..self }
    }

    pub(crate) fn into_object(self, py: Python<'_>, parse: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        (self.make)(py, parse)
    }
}

impl Delivery {
    /// Its approximate size in memory.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Events(batch) => batch.events.iter().map(event_bytes).sum(),
            Self::One(value) | Self::Part(value) => value.size,
        }
    }
}

fn event_bytes(event: &StreamEvent) -> usize {
    let text = match event {
        StreamEvent::TextDelta { text, .. }
        | StreamEvent::ReasoningDelta { text, .. }
        | StreamEvent::RefusalDelta { text, .. }
        | StreamEvent::ToolCallDelta { arguments: text, .. } => text.len(),
        StreamEvent::ReasoningSignature { signature, .. } => signature.len(),
        StreamEvent::Unknown { data, .. } | StreamEvent::Logprobs { logprobs: data, .. } => data.text().len(),
        _ => 0,
    };
    size_of::<StreamEvent>() + text
}
