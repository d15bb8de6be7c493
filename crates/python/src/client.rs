//! Client: the Python class, each of whose methods crosses into Rust once.

use crate::{
    bridge::LoopBridge,
    caller::{Caller, context},
    delivery::Value,
    errors::raise_client,
    flight::Flight,
    ledger, limits, model_info, operations,
    produce::{self, Outcome},
    reply::Reply,
    request, routing, settings, status,
    to_python::not_pickled,
    wire_call,
};
use ferrule_client::{Client, Entry, ResolvedCall};
use ferrule_engine::{Demands, EventKind};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyTuple},
};

/// A client: its providers, settings and connections.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct NativeClient(Caller);

#[pymethods]
impl NativeClient {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("a client, which belongs to one process: make one in each")
    }

    /// `settings` are those of `ferrule.configuration`; `fetch` returns a provider's settings with its secrets.
    #[new]
    fn new(py: Python<'_>, settings: &Bound<'_, PyDict>, fetch: &Bound<'_, PyAny>) -> PyResult<Self> {
        let settings = settings::read(settings, Some(fetch))?;
        let client = Client::new(settings).map_err(|error| raise_client(py, error))?;
        crate::logging::start(py)?;
        Ok(Self(Caller::new(client)))
    }

    /// Replaces the settings. Unchanged providers keep their connections, and calls in flight keep the engine they
    /// began with. If the settings are not usable, the old ones stay.
    fn apply(&self, py: Python<'_>, settings: &Bound<'_, PyDict>, fetch: &Bound<'_, PyAny>) -> PyResult<()> {
        let settings = settings::read(settings, Some(fetch))?;
        self.0.apply(&settings).map_err(|error| raise_client(py, error))
    }

    /// The provider that is called for `model`, and its own name for the model.
    fn resolve(&self, model: &Bound<'_, PyAny>) -> PyResult<(String, String)> {
        let call = operations::resolve_call(&self.0, model)?;
        let first = call.route().first().cloned().unwrap_or_default();
        Ok((first.provider, first.model))
    }

    /// The id of the provider with this id or alias.
    fn provider(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        self.0.provider_id(name).map_err(|error| raise_client(py, error))
    }

    /// Starts a call that is not streamed. Delivers a reply.
    #[pyo3(signature = (model, messages, options, *, bridge = None, parse = None))]
    fn complete(
        &self,
        model: &Bound<'_, PyAny>,
        messages: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
        bridge: Option<&LoopBridge>,
        parse: Option<Py<PyAny>>,
    ) -> PyResult<Flight> {
        let mut call = operations::resolve_call(&self.0, model)?;
        let (request, mut options) = request::chat(call.drop_params(), messages, options)?;
        options.context = context(bridge);
        routing::settle(model.py(), &call, &Demands::chat(&request, false), &mut options)?;
        let observed = self.0.observe(model.py(), bridge, &call, &mut options)?;
        let (provider, entry) = (call.provider().to_owned(), call.open_entry(options.metadata.clone()));
        let replied = async move {
            let mut reply = call.complete(request, options).await?;
            let dropped = std::mem::take(&mut reply.dropped);
            let size = reply.raw.len();
            let value = Value::parsed(|py, parse| Ok(Py::new(py, Reply::new(reply, parse))?.into_any()));
            Ok(Outcome { value: value.with_size(size), dropped })
        };
        let flight = Flight::start(bridge, provider, entry, parse, move |channel| {
            produce::settle(channel, Box::pin(replied))
        })?;
        Ok(flight.observed(observed))
    }

    /// Starts a streamed call. Delivers lists of events.
    #[pyo3(signature = (model, messages, options, *, bridge = None, parse = None))]
    fn stream(
        &self,
        model: &Bound<'_, PyAny>,
        messages: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
        bridge: Option<&LoopBridge>,
        parse: Option<Py<PyAny>>,
    ) -> PyResult<Flight> {
        let mut call: ResolvedCall = operations::resolve_call(&self.0, model)?;
        let (request, mut options) = request::chat(call.drop_params(), messages, options)?;
        options.context = context(bridge);
        routing::settle(model.py(), &call, &Demands::chat(&request, true), &mut options)?;
        let observed = self.0.observe(model.py(), bridge, &call, &mut options)?;
        let (provider, entry) = (call.provider().to_owned(), call.open_entry(options.metadata.clone()));
        let flight = Flight::start(bridge, provider, entry, parse, move |channel| {
            produce::pump(channel, Box::pin(call.stream(request, options)))
        })?;
        Ok(flight.observed(observed))
    }

    /// The targets that a call would try, in order, and why, without a request: a dict of `strategy`, `targets` and
    /// `passed_over`. `kind` is `complete`, `stream` or `embed`, and `prompt` its argument, or `None`.
    fn route<'py>(
        &self,
        model: &Bound<'py, PyAny>,
        prompt: &Bound<'py, PyAny>,
        options: &Bound<'py, PyDict>,
        kind: &str,
    ) -> PyResult<Bound<'py, PyDict>> {
        operations::route(&self.0, model, prompt, options, kind)
    }

    /// Starts the operation of the client's method `operation`: `embed`, `rerank`, `images`, `speech`, `transcribe` or
    /// `count_tokens`. `arguments` are those between the model and the options.
    #[pyo3(signature = (operation, model, arguments, options, *, bridge = None))]
    fn operate(
        &self,
        operation: &str,
        model: &Bound<'_, PyAny>,
        arguments: &Bound<'_, PyTuple>,
        options: &Bound<'_, PyDict>,
        bridge: Option<&LoopBridge>,
    ) -> PyResult<Flight> {
        operations::operate(operation, &self.0, model, arguments, options, bridge)
    }

    /// Starts listing the models of `provider`.
    #[pyo3(signature = (provider, *, timeouts = None, bridge = None))]
    fn models(
        &self,
        py: Python<'_>,
        provider: &str,
        timeouts: Option<&Bound<'_, PyAny>>,
        bridge: Option<&LoopBridge>,
    ) -> PyResult<Flight> {
        let timeouts = timeouts.map(request::timeouts).transpose()?.unwrap_or_default();
        let provider = self.provider(py, provider)?;
        let models = self.0.models(&provider, timeouts).map_err(|error| raise_client(py, error))?;
        let id = provider.clone();
        let listed = async move {
            let models = models.await?;
            let list =
                move |py: Python<'_>| Ok(model_info::model_list(py, &id.into(), models)?.unbind().into_any());
            Ok(Value::new(list).into())
        };
        Flight::start(bridge, provider, Entry::none(), None, move |channel| {
            produce::settle(channel, Box::pin(listed))
        })
    }

    /// Starts checking the health of all `providers` at once. Delivers a list of dicts, in their order.
    #[pyo3(signature = (providers, *, timeouts = None, bridge = None))]
    fn health(
        &self,
        py: Python<'_>,
        providers: Vec<String>,
        timeouts: Option<&Bound<'_, PyAny>>,
        bridge: Option<&LoopBridge>,
    ) -> PyResult<Flight> {
        operations::health(py, &self.0, providers, timeouts, bridge)
    }

    /// Starts a request that is sent unchanged. Delivers lists: first with the head of the reply, a dict, then with
    /// chunks of its body.
    #[pyo3(signature = (provider, method, path, body, *, content_type = None, bridge = None))]
    #[expect(clippy::too_many_arguments, reason = "one crossing for the whole request")]
    fn raw(
        &self,
        py: Python<'_>,
        provider: &str,
        method: &str,
        path: String,
        body: Vec<u8>,
        content_type: Option<String>,
        bridge: Option<&LoopBridge>,
    ) -> PyResult<Flight> {
        operations::raw(py, &self.0, provider, method, path, body, content_type, bridge)
    }

    /// Starts the call in `body`, which is in `wire_format`, at the address that ends with `path`. A call that is not
    /// streamed delivers a tuple: the response's body in that format, and the reply it was made from; a stream delivers
    /// lists of chunks of its body.
    #[pyo3(signature = (wire_format, path, body, options, *, bridge = None))]
    fn wire_call(
        &self,
        py: Python<'_>,
        wire_format: &str,
        path: &str,
        body: &[u8],
        options: &Bound<'_, PyDict>,
        bridge: Option<&LoopBridge>,
    ) -> PyResult<Flight> {
        wire_call::start(py, &self.0, wire_format, path, body, options, bridge)
    }

    /// The usage and cost of the calls so far, in rows by provider, model, alias and metadata.
    fn usage_rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        ledger::rows(py, py.detach(|| self.0.usage()))
    }

    /// Clears the usage so far.
    fn clear_usage(&self, py: Python<'_>) {
        py.detach(|| self.0.clear_usage());
    }

    /// The current status: a dict of `groups`, `targets`, `keys`, `limits` and `budgets`.
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let status = py.detach(|| self.0.status()).map_err(|error| raise_client(py, error))?;
        status::dict(py, &status)
    }

    /// Tops a budget up by `amount` dollars, for one `value` of its scope, or resets it if `amount` is `None`. Returns
    /// its new status.
    #[pyo3(signature = (name, value, amount))]
    fn change_budget<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        value: Option<&str>,
        amount: Option<&str>,
    ) -> PyResult<Bound<'py, PyDict>> {
        limits::change(py, &self.0, name, value, amount)
    }

    /// Opens the circuit breakers of a target, or of all targets of a group, or closes them.
    fn set_breaker(&self, py: Python<'_>, name: &str, is_open: bool) -> PyResult<()> {
        let observer = self.0.observers.off_call();
        let set = self.0.set_breaker(name, is_open, observer.as_ref());
        set.map_err(|error| raise_client(py, error))?;
        self.0.observers.deliver_left(py)
    }

    /// Sends events of the kinds whose bits are in `wanted` to the object that `target`, a weak reference, refers to.
    fn observe(&self, target: Py<PyAny>, wanted: u32) {
        self.0.observers.set(target, wanted);
    }

    /// The kinds of events that can be observed; the index of each is its bit.
    #[staticmethod]
    fn event_kinds() -> Vec<&'static str> {
        EventKind::ALL.iter().map(|kind| kind.name()).collect()
    }

    /// Delivers events that no reader takes. With `wait`, waits a moment for those of calls that were just abandoned.
    /// Returns whether there are more, from such calls or for event loops.
    #[pyo3(signature = (*, wait = false))]
    fn flush_events(&self, py: Python<'_>, wait: bool) -> PyResult<bool> {
        if wait {
            self.0.observers.wait_for_last_words(py);
        }
        self.0.observers.deliver_left(py)?;
        Ok(self.0.observers.are_some_left())
    }

    /// Closes idle connections; calls in flight keep theirs until they end.
    fn close(&self) {
        self.0.close();
    }
}
