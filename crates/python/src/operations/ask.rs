//! Questions to providers that are not calls of a model: token counts, and health.

use crate::{
    bridge::LoopBridge,
    client::NativeClient,
    delivery::{Delivery, Value},
    flight::{Flight, Opening},
    request,
};
use ferrule_engine::Health;
use pyo3::{exceptions::PyValueError, prelude::*, types::PyDict};

/// Starts to ask the provider how many tokens a prompt has. Delivers a tuple with the number, or with `None` where the
/// provider cannot be asked.
#[pyfunction]
#[pyo3(signature = (client, provider, model, messages, options, *, bridge = None))]
pub(crate) fn count_tokens(
    py: Python<'_>,
    client: &NativeClient,
    provider: String,
    model: &str,
    messages: &Bound<'_, PyAny>,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let engine = client.engine(py)?;
    let route = engine.resolve(Some(&format!("{provider}/{model}"))).map_err(PyValueError::new_err)?;
    let call = request::call(route, client.drop_params(py)?, messages, options)?;
    let counted = async move {
        let tokens = engine.count_tokens(call).await?.map(|reply| reply.response);
        Ok(Delivery::Whole(Value::new(move |py| Ok((tokens,).into_pyobject(py)?.into_any().unbind()))))
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
        Ok(Delivery::Whole(Value::new(move |py| {
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

fn start(bridge: Option<&LoopBridge>, provider: String, outcome: Opening<Delivery>) -> PyResult<Flight> {
    Flight::start(bridge, provider, None, move |shared| shared.settle(outcome))
}
