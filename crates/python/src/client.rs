//! The engine as Python holds it.

use crate::{
    account::{Account, Entry},
    bridge::LoopBridge,
    delivery::Delivery,
    flight::Flight,
    request,
    runtime::process,
    settings::Settings,
};
use arc_swap::ArcSwap;
use ferrule_catalog::{Catalog, Labels};
use ferrule_engine::{Context, Engine, Route};
use pyo3::{
    exceptions::PyRuntimeError,
    prelude::*,
    types::{PyDict, PyList},
};
use std::sync::Arc;

/// One client's engine: its providers, settings and connections.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct NativeClient {
    state: ArcSwap<State>,
    account: Account,
}

/// What a client is at a time. Settings and engine change together, and calls in flight keep what they began with.
struct State {
    process: u32,
    settings: Settings,
    /// `None` after `close`.
    engine: Option<Arc<Engine>>,
}

impl State {
    /// `before` is what the client was until now, in this process.
    fn new(py: Python<'_>, settings: Settings, before: Option<&Engine>) -> PyResult<Self> {
        let engine = settings.engine(before).map_err(|message| config_error(py, message))?;
        Ok(Self { process: process(), settings, engine: Some(Arc::new(engine)) })
    }
}

/// A call whose model's name was resolved: who may be asked, by which engine.
pub(crate) struct ResolvedCall {
    pub(crate) engine: Arc<Engine>,
    pub(crate) route: Route,
    pub(crate) drop_params: bool,
    /// Whose prices count; those built in where `None`.
    pub(crate) catalog: Option<Arc<Catalog>>,
}

fn config_error(py: Python<'_>, message: String) -> PyErr {
    match py.import("ferrule.errors").and_then(|errors| errors.getattr("ConfigError")?.call1((message,))) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

fn closed() -> PyErr {
    PyRuntimeError::new_err("this client is closed")
}

impl NativeClient {
    /// This process's state and engine. A forked child gets its own: the parent's connections are the parent's.
    fn current(&self, py: Python<'_>) -> PyResult<(Arc<State>, Arc<Engine>)> {
        loop {
            let state = self.state.load_full();
            let engine = state.engine.clone().ok_or_else(closed)?;
            if state.process == process() {
                return Ok((state, engine));
            }
            let started = State::new(py, state.settings.clone(), None)?;
            self.replace(&state, started);
        }
    }

    /// This process's engine.
    pub(crate) fn engine(&self, py: Python<'_>) -> PyResult<Arc<Engine>> {
        self.current(py).map(|(_, engine)| engine)
    }

    /// Whether a call that says nothing of it leaves out what its provider cannot carry.
    pub(crate) fn drop_params(&self, py: Python<'_>) -> PyResult<bool> {
        self.current(py).map(|(state, _)| state.settings.drop_params)
    }

    /// Opens the entry of a call.
    pub(crate) fn open(
        &self,
        catalog: Option<Arc<Catalog>>,
        route: &Route,
        metadata: Vec<(String, String)>,
    ) -> Entry {
        let first = route.first().cloned().unwrap_or_default();
        let labels = Labels { alias: route.alias.clone(), metadata };
        self.account.open(catalog, &first.provider, &first.model, labels)
    }

    /// Puts `next` in the place of `expected`, unless something else has come there meanwhile; says whether it did.
    fn replace(&self, expected: &Arc<State>, next: State) -> bool {
        let before = arc_swap::Guard::into_inner(self.state.compare_and_swap(expected, Arc::new(next)));
        let replaced = Arc::ptr_eq(&before, expected);
        if replaced && before.process != process() {
            // The parent's engine is left alone for good: ending its connections here would speak on the parent's
            // sockets.
            std::mem::forget(before);
        }
        replaced
    }

    /// Who may be asked for `model`.
    pub(crate) fn resolve_call(&self, py: Python<'_>, model: &Bound<'_, PyAny>) -> PyResult<ResolvedCall> {
        let model = request::model(model).map_err(|message| config_error(py, message))?;
        let (state, engine) = self.current(py)?;
        let route = engine.resolve(model.as_deref()).map_err(|message| config_error(py, message))?;
        let Settings { drop_params, catalog, .. } = &state.settings;
        Ok(ResolvedCall { engine, route, drop_params: *drop_params, catalog: catalog.clone() })
    }
}

/// The provider that is asked first.
pub(crate) fn provider_of(route: &Route) -> String {
    route.first().map(|first| first.provider.clone()).unwrap_or_default()
}

/// The caller's loop, for a provider that is a function.
fn context(bridge: Option<&LoopBridge>) -> Option<Context> {
    bridge.map(|bridge| -> Context { bridge.wakeups().clone() })
}

#[pymethods]
impl NativeClient {
    /// `settings` are those of `ferrule.configuration`; `fetch` gives a provider's with its secrets.
    #[new]
    fn new(py: Python<'_>, settings: &Bound<'_, PyDict>, fetch: &Bound<'_, PyAny>) -> PyResult<Self> {
        let state = State::new(py, Settings::read(settings, Some(fetch))?, None)?;
        crate::logging::start(py)?;
        Ok(Self { state: ArcSwap::from_pointee(state), account: Account::default() })
    }

    /// Goes on with other settings. Providers that stay the same keep their connections, calls in flight what they
    /// began with. Where the settings are not usable, the old ones stay.
    fn apply(&self, py: Python<'_>, settings: &Bound<'_, PyDict>, fetch: &Bound<'_, PyAny>) -> PyResult<()> {
        let settings = Settings::read(settings, Some(fetch))?;
        loop {
            let (state, engine) = self.current(py)?;
            let next = State::new(py, settings.clone(), Some(&engine))?;
            if self.replace(&state, next) {
                return Ok(());
            }
        }
    }

    /// The provider that is asked for `model`, and its own name of it.
    fn resolve(&self, py: Python<'_>, model: &Bound<'_, PyAny>) -> PyResult<(String, String)> {
        let model = request::model(model).map_err(|message| config_error(py, message))?;
        let (_, engine) = self.current(py)?;
        let route = engine.resolve(model.as_deref()).map_err(|message| config_error(py, message))?;
        let first = route.first().cloned().unwrap_or_default();
        Ok((first.provider, first.model))
    }

    /// The id of the provider with this id or alias.
    fn provider(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        let (_, engine) = self.current(py)?;
        engine.provider_id(name).map(str::to_owned).map_err(|message| config_error(py, message))
    }

    /// Starts a plain call.
    #[pyo3(signature = (model, messages, options, *, bridge = None, parse = None))]
    fn complete(
        &self,
        py: Python<'_>,
        model: &Bound<'_, PyAny>,
        messages: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
        bridge: Option<&LoopBridge>,
        parse: Option<Py<PyAny>>,
    ) -> PyResult<Flight> {
        let ResolvedCall { engine, route, drop_params, catalog } = self.resolve_call(py, model)?;
        let mut call = request::call(route.clone(), drop_params, messages, options)?;
        call.options.context = context(bridge);
        let entry = self.open(catalog, &route, call.request.metadata.clone());
        Flight::start_call(bridge, provider_of(&route), entry, parse, move |shared| {
            shared.settle(Box::pin(async move {
                engine.complete(call).await.map(|reply| Delivery::Reply(Box::new(reply)))
            }))
        })
    }

    /// Starts a streamed call.
    #[pyo3(signature = (model, messages, options, *, bridge = None, parse = None))]
    fn stream(
        &self,
        py: Python<'_>,
        model: &Bound<'_, PyAny>,
        messages: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
        bridge: Option<&LoopBridge>,
        parse: Option<Py<PyAny>>,
    ) -> PyResult<Flight> {
        let ResolvedCall { engine, route, drop_params, catalog } = self.resolve_call(py, model)?;
        let mut call = request::call(route.clone(), drop_params, messages, options)?;
        call.options.context = context(bridge);
        let entry = self.open(catalog, &route, call.request.metadata.clone());
        Flight::start_call(bridge, provider_of(&route), entry, parse, move |shared| {
            shared.pump(Box::pin(async move { engine.stream(call).await }))
        })
    }

    /// Starts to list the models of `provider`.
    #[pyo3(signature = (provider, *, timeouts = None, bridge = None))]
    fn models(
        &self,
        py: Python<'_>,
        provider: &str,
        timeouts: Option<&Bound<'_, PyAny>>,
        bridge: Option<&LoopBridge>,
    ) -> PyResult<Flight> {
        let timeouts = timeouts.map(request::timeouts).transpose()?.unwrap_or_default();
        let (_, engine) = self.current(py)?;
        let provider =
            engine.provider_id(provider).map(str::to_owned).map_err(|message| config_error(py, message))?;
        Flight::start(bridge, provider.clone(), None, move |shared| {
            shared.settle(Box::pin(async move {
                let models = engine.models(&provider, timeouts).await?;
                Ok(Delivery::Models(provider.into(), models))
            }))
        })
    }

    /// What the calls so far used and cost, in rows by provider, model, alias and metadata.
    fn usage_rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.account.rows(py)
    }

    /// Forgets what the calls so far used.
    fn clear_usage(&self, py: Python<'_>) {
        self.account.clear(py);
    }

    /// Closes idle connections; calls in flight keep theirs until they end.
    fn close(&self) {
        loop {
            let state = self.state.load_full();
            let closed = State { process: process(), settings: Settings::default(), engine: None };
            if self.replace(&state, closed) {
                return;
            }
        }
    }
}

impl Drop for NativeClient {
    fn drop(&mut self) {
        let current = self.state.load_full();
        if current.process != process() {
            std::mem::forget(current);
        }
    }
}
