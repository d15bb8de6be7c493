//! What a flight carries from the runtime to its reader.

use crate::operations::OperationAnswer;
use ferrule_engine::EventBatch;
use ferrule_wire::{model::StreamEvent, operation::ModelInfo};
use pyo3::prelude::*;
use std::{mem::size_of, sync::Arc};

/// What a flight delivers.
pub(crate) enum Delivery {
    Reply(Box<ferrule_engine::Reply>),
    Events(EventBatch),
    /// The models of a provider, and its id.
    Models(Arc<str>, Vec<ModelInfo>),
    /// The answer to a call beside chat.
    Operation(Box<OperationAnswer>),
    /// The one thing that is delivered by what is no call of a model.
    Whole(Value),
    /// One of several things, in order.
    Part(Value),
}

type Make = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Something that becomes a Python object where it is taken.
pub(crate) struct Value {
    pub(crate) make: Make,
    size: usize,
}

impl Value {
    /// What `make` makes.
    pub(crate) fn new(make: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static) -> Self {
        Self { make: Box::new(make), size: 0 }
    }

    /// About how many bytes it holds.
    pub(crate) fn with_size(self, size: usize) -> Self {
        Self { size, ..self }
    }
}

impl Delivery {
    /// About how much memory it holds.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Reply(reply) => reply.raw.len(),
            Self::Events(batch) => batch.events.iter().map(event_bytes).sum(),
            Self::Models(_, models) => models.len() * size_of::<ModelInfo>(),
            // It is alone in its queue.
            Self::Operation(_) => 0,
            Self::Whole(value) | Self::Part(value) => value.size,
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
