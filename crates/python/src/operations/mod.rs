//! What clients do beside chat, as functions over a client: each is one crossing, and delivers one dictionary that
//! `python/ferrule/operations.py` makes an object of; `raw` delivers the answer's head and then its bytes.

use crate::{
    account::Entry,
    attempt::{Attempt, Stats},
    bridge::LoopBridge,
    client::NativeClient,
    cost::Pricing,
    delivery::{Delivery, Value},
    flight::{Flight, Opening},
    request,
    usage::Usage,
};
use bytes::Bytes;
use ferrule_catalog::Answer;
use ferrule_engine::{
    self as engine, EmbedCall, EmbedReply, Health, RawCall, RerankCall, RerankReply, Route,
};
use ferrule_wire::{
    json::Extra,
    model,
    operation::{EmbeddingRequest, InputType, RerankRequest},
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyDict},
};

/// Starts to embed `inputs`. Delivers a dict with `data` (little-endian 32-bit floats, vector after vector), `count`,
/// `dimensions`, and what every answer has.
#[pyfunction]
#[pyo3(signature = (client, provider, model, inputs, options, *, dimensions = None, input_type = None, user = None,
    batch_size = None, asked = None, bridge = None))]
#[expect(clippy::too_many_arguments, reason = "one crossing for the whole call")]
pub(crate) fn embed(
    py: Python<'_>,
    client: &NativeClient,
    provider: String,
    model: String,
    inputs: Vec<String>,
    options: &Bound<'_, PyDict>,
    dimensions: Option<u64>,
    input_type: Option<&str>,
    user: Option<String>,
    batch_size: Option<usize>,
    asked: Option<String>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let (options, extra) = request::options(options)?;
    let request = EmbeddingRequest {
        model,
        inputs,
        dimensions,
        input_type: input_type.map(InputType::from),
        user,
        extra,
    };
    let (engine, entry) = client.open(py, &provider, &request.model, asked)?;
    let pricing = Pricing::of(&entry);
    let call = EmbedCall { provider: provider.clone(), request, batch_size, options };
    let embedded = async move { engine.embed(call).await.map(|reply| embedded(reply, pricing)) };
    start_call(bridge, provider, entry, Box::pin(embedded))
}

fn embedded(reply: EmbedReply, pricing: Pricing) -> Delivery {
    let dropped = reply.dropped;
    let response = reply.response;
    let common = Common {
        provider: reply.provider,
        model: reply.model,
        answered_by: response.model,
        request_id: reply.request_id,
        usage: response.usage,
        attempts: reply.attempts,
        stats: reply.stats,
        extra: response.extra,
        pricing,
    };
    let vectors = response.vectors;
    let answer = common.answer();
    let value = Value::new(dropped, move |py| {
        let fields = common.into_dict(py)?;
        let values = vectors.values();
        // Written where Python will have them, so that numpy reads them there.
        let data = PyBytes::new_with(py, size_of_val(values), |data| {
            for (bytes, number) in data.chunks_exact_mut(4).zip(values) {
                bytes.copy_from_slice(&number.to_le_bytes());
            }
            Ok(())
        })?;
        fields.set_item("data", data)?;
        fields.set_item("count", vectors.len())?;
        fields.set_item("dimensions", vectors.dimensions())?;
        Ok(fields.into_any().unbind())
    });
    Delivery::Whole(value.with_answer(answer))
}

/// Starts to put `documents` in order. Delivers a dict with `results` (pairs of place and score), and what every
/// answer has.
#[pyfunction]
#[pyo3(signature = (client, provider, model, query, documents, options, *, top_n = None, asked = None, bridge = None))]
#[expect(clippy::too_many_arguments, reason = "one crossing for the whole call")]
pub(crate) fn rerank(
    py: Python<'_>,
    client: &NativeClient,
    provider: String,
    model: String,
    query: String,
    documents: Vec<String>,
    options: &Bound<'_, PyDict>,
    top_n: Option<u64>,
    asked: Option<String>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let (options, extra) = request::options(options)?;
    let request = RerankRequest { model, query, documents, top_n, extra };
    let (engine, entry) = client.open(py, &provider, &request.model, asked)?;
    let pricing = Pricing::of(&entry);
    let call = RerankCall { provider: provider.clone(), request, options };
    let reranked = async move { engine.rerank(call).await.map(|reply| reranked(reply, pricing)) };
    start_call(bridge, provider, entry, Box::pin(reranked))
}

fn reranked(reply: RerankReply, pricing: Pricing) -> Delivery {
    let response = reply.response;
    let common = Common {
        provider: reply.provider,
        answered_by: reply.model.clone(),
        model: reply.model,
        request_id: reply.request_id,
        usage: response.usage,
        attempts: reply.attempts,
        stats: reply.stats,
        extra: response.extra,
        pricing,
    };
    let results: Vec<(usize, f64)> =
        response.results.iter().map(|result| (result.index, result.score)).collect();
    let (id, search_units) = (response.id, response.search_units);
    let answer = common.answer();
    let value = Value::new(reply.dropped, move |py| {
        let fields = common.into_dict(py)?;
        fields.set_item("id", id)?;
        fields.set_item("results", results)?;
        fields.set_item("search_units", search_units)?;
        Ok(fields.into_any().unbind())
    });
    Delivery::Whole(value.with_answer(answer))
}

/// Starts to ask the provider how many tokens a prompt has. Delivers a tuple with the number, or with `None` where the
/// provider cannot be asked.
#[pyfunction]
#[pyo3(signature = (client, provider, model, messages, options, *, bridge = None))]
pub(crate) fn count_tokens(
    py: Python<'_>,
    client: &NativeClient,
    provider: String,
    model: String,
    messages: &Bound<'_, PyAny>,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let route = Route { provider: provider.clone(), model };
    let call = request::call(route, false, messages, options)?;
    let engine = client.engine_for(py, &provider)?;
    let counted = async move {
        let tokens = engine.count_tokens(&call).await?;
        Ok(Delivery::Whole(Value::new(Vec::new(), move |py| {
            Ok((tokens,).into_pyobject(py)?.into_any().unbind())
        })))
    };
    start(bridge, provider, Box::pin(counted))
}

/// Starts to ask all of `providers` at once how they are. Delivers a list of dicts, in their order.
#[pyfunction]
#[pyo3(signature = (client, providers, *, timeouts = None, bridge = None))]
pub(crate) fn health(
    py: Python<'_>,
    client: &NativeClient,
    providers: Vec<String>,
    timeouts: Option<&Bound<'_, PyAny>>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let timeouts = timeouts.map(request::timeouts).transpose()?.unwrap_or_default();
    for provider in &providers {
        // Without its secrets a provider is asked as well: that it refuses us is an answer.
        drop(client.engine_for(py, provider));
    }
    let engine = client.engine(py)?;
    let asked = async move {
        let mut tasks = tokio::task::JoinSet::new();
        for (position, provider) in providers.into_iter().enumerate() {
            let engine = engine.clone();
            tasks.spawn(async move { (position, engine.health(&provider, timeouts).await) });
        }
        let mut found: Vec<(usize, Health)> = Vec::with_capacity(tasks.len());
        while let Some(health) = tasks.join_next().await {
            found.extend(health);
        }
        found.sort_by_key(|(position, _)| *position);
        Ok(Delivery::Whole(Value::new(Vec::new(), move |py| {
            let list = found.into_iter().map(|(_, health)| health_dict(py, health));
            let list = list.collect::<PyResult<Vec<_>>>()?;
            Ok(list.into_pyobject(py)?.unbind())
        })))
    };
    start(bridge, String::new(), Box::pin(asked))
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

/// Starts to send a request as it is. Delivers lists: of the answer's head, a dict, first, then of pieces of its body.
#[pyfunction]
#[pyo3(signature = (client, provider, model, method, path, body, options, *, content_type = None,
    operation = None, bridge = None))]
#[expect(clippy::too_many_arguments, reason = "one crossing for the whole call")]
pub(crate) fn raw(
    py: Python<'_>,
    client: &NativeClient,
    provider: String,
    model: String,
    method: &str,
    path: String,
    body: Vec<u8>,
    options: &Bound<'_, PyDict>,
    content_type: Option<String>,
    operation: Option<String>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let (options, extra) = request::options(options)?;
    if !extra.is_empty() {
        return Err(PyValueError::new_err("extra_body: put the fields into the request itself"));
    }
    let method =
        method.parse().map_err(|_| PyValueError::new_err(format!("method: {method:?} is no HTTP method")))?;
    let call = RawCall {
        provider: provider.clone(),
        model,
        method,
        path,
        body: body.into(),
        content_type,
        operation,
        options,
    };
    let engine = client.engine_for(py, &provider)?;
    Flight::start(bridge, provider, None, move |shared| {
        shared.pump_raw(Box::pin(async move { engine.raw(call).await }))
    })
}

/// The head of a raw answer, for Python.
pub(crate) fn raw_head(reply: &engine::RawReply) -> Value {
    let (media_type, headers) = (reply.media_type.clone(), reply.headers.clone());
    let (provider, request_id) = (reply.provider.clone(), reply.request_id.clone());
    let attempts = reply.attempts.clone();
    Value::new(Vec::new(), move |py| {
        let fields = PyDict::new(py);
        fields.set_item("media_type", media_type)?;
        fields.set_item("headers", headers)?;
        fields.set_item("provider", provider)?;
        fields.set_item("request_id", request_id)?;
        fields.set_item("attempts", attempts.into_iter().map(Attempt).collect::<Vec<_>>())?;
        Ok(fields.into_any().unbind())
    })
}

/// A piece of a raw answer, for Python.
pub(crate) fn raw_piece(bytes: Bytes) -> Value {
    let size = bytes.len();
    Value::new(Vec::new(), move |py| Ok(PyBytes::new(py, &bytes).into_any().unbind())).with_size(size)
}

fn start(bridge: Option<&LoopBridge>, provider: String, outcome: Opening<Delivery>) -> PyResult<Flight> {
    start_call(bridge, provider, Entry::none(), outcome)
}

fn start_call(
    bridge: Option<&LoopBridge>,
    provider: String,
    entry: Entry,
    outcome: Opening<Delivery>,
) -> PyResult<Flight> {
    Flight::start_call(bridge, provider, entry, None, move |shared| shared.settle(outcome))
}

/// What every answer has.
struct Common {
    provider: String,
    model: String,
    answered_by: String,
    request_id: Option<String>,
    usage: Option<model::Usage>,
    attempts: Vec<engine::Attempt>,
    stats: engine::Stats,
    extra: Extra,
    pricing: Pricing,
}

impl Common {
    /// What its cost is found by, but for the time.
    fn answer(&self) -> Answer {
        let (provider, asked) = (self.provider.clone(), self.model.clone());
        let mut answer = Answer { provider, asked, ..Answer::default() };
        answer.fill(&self.answered_by, self.usage.as_ref(), &self.extra);
        answer
    }

    fn into_dict(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let fields = PyDict::new(py);
        fields.set_item("cost", self.pricing.cost(|at| Answer { at, ..self.answer() }))?;
        fields.set_item("provider", self.provider)?;
        let model = if self.answered_by.is_empty() { self.model } else { self.answered_by };
        fields.set_item("model", model)?;
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
        Ok(fields)
    }
}
