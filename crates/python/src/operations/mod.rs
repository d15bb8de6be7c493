//! Operations other than chat, each crossing into Rust once. Most deliver one dictionary (`answer`), from which
//! `python/ferrule/operations/` makes an object; audio and provider-specific responses are delivered raw (`raw`).

mod answer;
mod defaults;
mod embedding;
mod media;
mod queries;
mod raw;
mod reranking;
mod start;

pub(crate) use answer::facts;
pub(crate) use defaults::defaults;
pub(crate) use queries::{health, route};
pub(crate) use raw::raw;
pub(crate) use start::resolve_call;

use crate::{bridge::LoopBridge, caller::Caller, flight::Flight};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyTuple},
};

/// Starts an operation: the client, the model, the arguments between the model and the options, the options, the loop.
type Operation = fn(
    &Caller,
    &Bound<'_, PyAny>,
    &Bound<'_, PyTuple>,
    &Bound<'_, PyDict>,
    Option<&LoopBridge>,
) -> PyResult<Flight>;

/// Starts the operation of the client's method `name`.
pub(crate) fn operate(
    name: &str,
    client: &Caller,
    model: &Bound<'_, PyAny>,
    input: &Bound<'_, PyTuple>,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let operation: Operation = match name {
        "embed" => embedding::embed,
        "rerank" => reranking::rerank,
        "images" => media::images,
        "speech" => media::speech,
        "transcribe" => media::transcribe,
        "count_tokens" => queries::count_tokens,
        _ => return Err(PyValueError::new_err(format!("there is no operation {name:?}"))),
    };
    operation(client, model, input, options, bridge)
}
