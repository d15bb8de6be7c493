//! Reply of an operation other than chat, as a dictionary: the common fields.

use crate::{
    attempt::{Attempt, Stats},
    cost::Cost,
    delivery::Value,
    produce::Outcome,
    usage::Usage,
};
use ferrule_engine::OperationReply;
use ferrule_wire::{json::Extra, model};
use pyo3::{prelude::*, types::PyDict};

/// Adds the fields of one operation's response to the dictionary.
type Add = Box<dyn FnOnce(&Bound<'_, PyDict>) -> PyResult<()> + Send>;

/// The fields of an operation's response.
pub(super) struct Fields {
    /// The model that answered; empty if the provider does not say.
    pub(super) model: String,
    pub(super) usage: Option<model::Usage>,
    pub(super) extra: Extra,
    pub(super) add: Add,
}

/// The outcome for `reply`, a dict, with the response converted by `fields`.
pub(super) fn outcome<A: Send + 'static>(mut reply: OperationReply<A>, fields: fn(A) -> Fields) -> Outcome {
    let dropped = std::mem::take(&mut reply.dropped);
    Outcome { value: Value::new(move |py| to_dict(py, reply, fields)), dropped }
}

/// The common fields of every operation's reply, a dict, without the response.
pub(crate) fn facts<A>(py: Python<'_>, reply: OperationReply<A>) -> PyResult<Py<PyAny>> {
    to_dict(py, reply, |_| Fields {
        model: String::new(),
        usage: None,
        extra: Extra::new(),
        add: Box::new(|_| Ok(())),
    })
}

fn to_dict<A>(py: Python<'_>, reply: OperationReply<A>, fields: fn(A) -> Fields) -> PyResult<Py<PyAny>> {
    let OperationReply { response, provider, model, request_id, attempts, stats, settlement, .. } = reply;
    let Fields { model: answered_by, usage, extra, add } = fields(response);
    let dict = PyDict::new(py);
    dict.set_item("provider", provider)?;
    dict.set_item("model", if answered_by.is_empty() { model } else { answered_by })?;
    dict.set_item("cost", settlement.cost().cloned().map(Cost))?;
    dict.set_item("request_id", request_id)?;
    dict.set_item("usage", usage.map(Usage))?;
    dict.set_item("attempts", attempts.into_iter().map(Attempt).collect::<Vec<_>>())?;
    dict.set_item("stats", Stats(stats))?;
    let extra = crate::to_python::object_to_python(py, |object| {
        for (name, value) in extra.iter() {
            object.field(name, value);
        }
    })?;
    dict.set_item("extra", extra)?;
    add(&dict)?;
    Ok(dict.into_any().unbind())
}
