//! What the answer of every operation other than chat has.

use crate::{
    attempt::{Attempt, Stats},
    cost::Cost,
    delivery::Delivery,
    usage::Usage,
};
use ferrule_catalog::Settlement;
use ferrule_engine::{self as engine, OperationReply};
use ferrule_wire::{encode::UnsupportedField, json::Extra, model};
use pyo3::{prelude::*, types::PyDict};
use std::sync::Arc;

/// Puts into the dictionary what only one operation's answer has.
type Add = Box<dyn FnOnce(&Bound<'_, PyDict>) -> PyResult<()> + Send>;

/// The answer of an operation.
pub(crate) struct OperationAnswer {
    /// What it used and cost.
    pub(crate) settlement: Arc<Settlement>,
    /// What was left out of the request.
    pub(crate) dropped: Vec<UnsupportedField>,
    provider: String,
    model: String,
    usage: Option<model::Usage>,
    request_id: Option<String>,
    attempts: Vec<engine::Attempt>,
    stats: engine::Stats,
    extra: Extra,
    add: Add,
}

/// What is in the response of an operation.
pub(super) struct Fields {
    /// The model that answered; empty where the provider does not say.
    pub(super) model: String,
    pub(super) usage: Option<model::Usage>,
    pub(super) extra: Extra,
    pub(super) add: Add,
}

impl OperationAnswer {
    /// What is delivered of `reply`, given what `fields` makes of its own part.
    pub(super) fn deliver<A>(reply: OperationReply<A>, fields: impl FnOnce(A) -> Fields) -> Delivery {
        let OperationReply {
            response,
            provider,
            model,
            request_id,
            attempts,
            stats,
            dropped,
            settlement,
            ..
        } = reply;
        let Fields { model: answered_by, usage, extra, add } = fields(response);
        let model = if answered_by.is_empty() { model } else { answered_by };
        Delivery::Operation(Box::new(Self {
            settlement,
            dropped,
            provider,
            model,
            usage,
            request_id,
            attempts,
            stats,
            extra,
            add,
        }))
    }

    pub(crate) fn into_dict(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let fields = PyDict::new(py);
        fields.set_item("provider", self.provider)?;
        fields.set_item("model", self.model)?;
        fields.set_item("cost", self.settlement.cost().cloned().map(Cost))?;
        fields.set_item("request_id", self.request_id)?;
        fields.set_item("usage", self.usage.map(Usage))?;
        fields.set_item("attempts", self.attempts.into_iter().map(Attempt).collect::<Vec<_>>())?;
        fields.set_item("stats", Stats(self.stats))?;
        let extra = crate::to_python::object_to_python(py, |object| {
            for (name, value) in self.extra.iter() {
                object.field(name, value);
            }
        })?;
        fields.set_item("extra", extra)?;
        (self.add)(&fields)?;
        Ok(fields.into_any().unbind())
    }
}
