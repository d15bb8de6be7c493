//! Queries to providers other than model calls: token counts, health.

use super::{embedding, start::resolve_call};
use crate::{
    bridge::LoopBridge,
    caller::Caller,
    delivery::Value,
    errors::raise_client,
    flight::Flight,
    produce::{self, Opening, Outcome},
    request, routing,
};
use ferrule_client::Entry;
use ferrule_engine::{Demands, Health};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyTuple},
};

/// Starts a token count. The argument is the messages.
pub(super) fn count_tokens(
    client: &Caller,
    model: &Bound<'_, PyAny>,
    input: &Bound<'_, PyTuple>,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let (messages,): (Bound<'_, PyAny>,) = input.extract()?;
    let call = resolve_call(client, model)?;
    let (request, mut options) = request::chat(call.drop_params(), &messages, options)?;
    routing::settle(model.py(), &call, &Demands::chat(&request, false), &mut options)?;
    let observed = client.observe(model.py(), bridge, &call, &mut options)?;
    let provider = call.provider().to_owned();
    let counted = async move {
        let tokens = call.count_tokens(request, options).await?;
        Ok(Value::new(move |py| Ok((tokens,).into_pyobject(py)?.into_any().unbind())).into())
    };
    Ok(start(bridge, provider, Box::pin(counted))?.observed(observed))
}

/// The targets that a call would try, in order, and why.
pub(crate) fn route<'py>(
    client: &Caller,
    model: &Bound<'py, PyAny>,
    prompt: &Bound<'py, PyAny>,
    options: &Bound<'py, PyDict>,
    kind: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let py = model.py();
    let call = resolve_call(client, model)?;
    if kind == "embed" {
        let texts = if prompt.is_none() { Vec::new() } else { embedding::inputs(prompt)? };
        let mut options = request::operation(options, call.drop_params(), &mut |_, _| Ok(true))?.options;
        return routing::preview(py, &call, &Demands::texts(&texts), &mut options);
    }
    let none = PyList::empty(py);
    let messages = if prompt.is_none() { none.as_any() } else { prompt };
    let (request, mut options) = request::chat(call.drop_params(), messages, options)?;
    routing::preview(py, &call, &Demands::chat(&request, kind == "stream"), &mut options)
}

pub(crate) fn health(
    py: Python<'_>,
    client: &Caller,
    providers: Vec<String>,
    timeouts: Option<&Bound<'_, PyAny>>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let timeouts = timeouts.map(request::timeouts).transpose()?.unwrap_or_default();
    let asked = client.health(providers, timeouts).map_err(|error| raise_client(py, error))?;
    let found = async move {
        let found = asked.await;
        let list = move |py: Python<'_>| {
            let list = found.into_iter().map(|health| health_dict(py, health));
            let list = list.collect::<PyResult<Vec<_>>>()?;
            Ok(list.into_pyobject(py)?.unbind())
        };
        Ok(Value::new(list).into())
    };
    start(bridge, String::new(), Box::pin(found))
}

fn health_dict(py: Python<'_>, health: Health) -> PyResult<Bound<'_, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("provider", health.provider)?;
    fields.set_item("reachable", health.reachable)?;
    fields.set_item("authorised", health.authorised)?;
    fields.set_item("latency", health.latency.map(|latency| latency.as_secs_f64()))?;
    fields.set_item("problem", health.problem)?;
    Ok(fields)
}

fn start(bridge: Option<&LoopBridge>, provider: String, outcome: Opening<Outcome>) -> PyResult<Flight> {
    Flight::start(bridge, provider, Entry::none(), None, move |channel| produce::settle(channel, outcome))
}
