//! Raw requests and replies.

use crate::{
    attempt::Attempt, bridge::LoopBridge, caller::Caller, cost::Cost, delivery::Value, errors::raise_client,
    flight::Flight, produce,
};
use ferrule_client::Entry;
use ferrule_engine::{RawReply, RawRequest};
use pyo3::{exceptions::PyValueError, prelude::*, types::PyDict};
use std::sync::Arc;

#[expect(clippy::too_many_arguments, reason = "one crossing for the whole request")]
pub(crate) fn raw(
    py: Python<'_>,
    client: &Caller,
    provider: &str,
    method: &str,
    path: String,
    body: Vec<u8>,
    content_type: Option<String>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let method = method
        .parse()
        .map_err(|_| PyValueError::new_err(format!("method: {method:?} is not a valid HTTP method")))?;
    let request = RawRequest { method, path, body: body.into(), content_type };
    let (observed, observer) = client.observe_raw(py, bridge)?;
    let replied = client.raw(provider, request, observer).map_err(|error| raise_client(py, error))?;
    let provider = client.provider_id(provider).unwrap_or_else(|_| provider.to_owned());
    let flight = Flight::start(bridge, provider, Entry::none(), None, move |channel| {
        produce::pump_raw(channel, Box::pin(replied), head)
    })?;
    Ok(flight.observed(observed))
}

/// The head of a raw reply, a dict.
pub(super) fn head(reply: &RawReply) -> Value {
    let (provider, model) = (reply.provider.clone(), reply.model.clone());
    let (media_type, headers) = (reply.media_type.clone(), reply.headers.clone());
    let (request_id, attempts) = (reply.request_id.clone(), reply.attempts.clone());
    let settlement = Arc::clone(&reply.settlement);
    Value::new(move |py| {
        let fields = PyDict::new(py);
        fields.set_item("media_type", media_type)?;
        fields.set_item("headers", headers)?;
        fields.set_item("provider", provider)?;
        fields.set_item("model", model)?;
        fields.set_item("cost", settlement.cost().cloned().map(Cost))?;
        fields.set_item("request_id", request_id)?;
        fields.set_item("attempts", attempts.into_iter().map(Attempt).collect::<Vec<_>>())?;
        Ok(fields.into_any().unbind())
    })
}
