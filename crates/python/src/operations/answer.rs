//! What every answer beside chat has.

use crate::{
    attempt::{Attempt, Stats},
    cost::Pricing,
    delivery::Delivery,
    usage::Usage,
};
use ferrule_catalog::Answer;
use ferrule_engine::{self as engine, OperationReply};
use ferrule_wire::{encode::UnsupportedField, json::Extra, model};
use pyo3::{prelude::*, types::PyDict};

/// Puts into the dictionary what only one operation's answer has.
type Add = Box<dyn FnOnce(&Bound<'_, PyDict>) -> PyResult<()> + Send>;

/// The answer to a call beside chat.
pub(crate) struct OperationAnswer {
    /// What its cost is found by, but for the time; it counts in the usage as well.
    pub(crate) answer: Answer,
    /// What was left out of the request.
    pub(crate) dropped: Vec<UnsupportedField>,
    usage: Option<model::Usage>,
    request_id: Option<String>,
    attempts: Vec<engine::Attempt>,
    stats: engine::Stats,
    extra: Extra,
    add: Add,
}

/// What an operation's own answer says.
pub(super) struct Told {
    /// The model that answered; empty where the provider does not say.
    pub(super) model: String,
    pub(super) usage: Option<model::Usage>,
    /// What was counted beside the usage, by the names of units.
    pub(super) measured: Vec<(&'static str, u64)>,
    pub(super) extra: Extra,
    pub(super) add: Add,
}

impl OperationAnswer {
    /// What is delivered of `reply`, given what `tell` makes of its own part.
    pub(super) fn deliver<A>(reply: OperationReply<A>, tell: impl FnOnce(A) -> Told) -> Delivery {
        let OperationReply { response, provider, model, request_id, attempts, stats, dropped, costs } = reply;
        let Told { model: answered_by, usage, measured, extra, add } = tell(response);
        let mut answer = Answer { provider, asked: model, measured, ..Answer::default() };
        answer.fill(&answered_by, usage.as_ref(), &extra);
        answer.report(&costs);
        Delivery::Operation(Box::new(Self {
            answer,
            dropped,
            usage,
            request_id,
            attempts,
            stats,
            extra,
            add,
        }))
    }

    pub(crate) fn into_dict(self, py: Python<'_>, pricing: &Pricing) -> PyResult<Py<PyAny>> {
        let fields = PyDict::new(py);
        let answer = self.answer;
        fields.set_item("provider", &answer.provider)?;
        fields.set_item("model", if answer.model.is_empty() { &answer.asked } else { &answer.model })?;
        fields.set_item("cost", pricing.cost(|at| Answer { at, ..answer }))?;
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
