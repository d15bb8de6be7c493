//! Raw requests and replies.

use crate::{
    attempt::Attempt, bridge::LoopBridge, client::NativeClient, cost::Cost, delivery::Value, flight::Flight,
};
use bytes::Bytes;
use ferrule_engine::{Call, RawReply, RawRequest, Recipient};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyDict},
};
use std::sync::Arc;

/// Starts to send a request as it is. Delivers lists: of the answer's head, a dict, first, then of pieces of its body.
#[pyfunction]
#[pyo3(signature = (client, provider, method, path, body, *, content_type = None, bridge = None))]
#[expect(clippy::too_many_arguments, reason = "one crossing for the whole request")]
pub(crate) fn raw(
    py: Python<'_>,
    client: &NativeClient,
    provider: String,
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
    let call = Call::new(Recipient::Provider(provider.clone()), request);
    let engine = client.engine(py)?;
    Flight::start(bridge, provider, None, move |shared| {
        shared.pump_raw(Box::pin(async move { engine.raw(call).await }))
    })
}

/// The head of a raw answer, for Python.
pub(crate) fn raw_head(reply: &RawReply) -> Value {
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

/// A piece of a raw answer, for Python.
pub(crate) fn raw_piece(bytes: Bytes) -> Value {
    let size = bytes.len();
    Value::new(move |py| Ok(PyBytes::new(py, &bytes).into_any().unbind())).with_size(size)
}
