//! The engine as Python holds it.

use crate::{
    account::{Account, Entry},
    bridge::LoopBridge,
    delivery::Delivery,
    flight::Flight,
    request,
    runtime::process,
};
use arc_swap::ArcSwap;
use ferrule_catalog::Labels;
use ferrule_engine::{Call, Engine, ProviderSettings, Secret, Timeouts, TransportSettings};
use pyo3::{
    exceptions::PyRuntimeError,
    prelude::*,
    types::{PyDict, PyList},
};
use std::path::PathBuf;
use std::sync::Arc;

/// One client's engine: its providers, settings and connections.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct NativeClient {
    settings: Settings,
    account: Account,
    /// `None` after `close`.
    engine: ArcSwap<OfProcess>,
}

struct OfProcess {
    process: u32,
    engine: Option<Arc<Engine>>,
}

struct Settings {
    providers: Vec<ProviderSettings>,
    timeouts: Timeouts,
    max_retries: u32,
    transport: TransportSettings,
}

impl Settings {
    fn start(&self) -> Result<OfProcess, String> {
        let Self { providers, timeouts, max_retries, transport } = self;
        let engine = Engine::new(providers.clone(), *timeouts, *max_retries, transport.clone())?;
        Ok(OfProcess { process: process(), engine: Some(Arc::new(engine)) })
    }
}

fn config_error(py: Python<'_>, message: String) -> PyErr {
    match py.import("ferrule.errors").and_then(|errors| errors.getattr("ConfigError")?.call1((message,))) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

impl NativeClient {
    /// This process's engine. A forked child gets its own: the parent's connections are the parent's.
    pub(crate) fn engine(&self, py: Python<'_>) -> PyResult<Arc<Engine>> {
        let current = self.engine.load();
        let closed = || PyRuntimeError::new_err("this client is closed");
        if current.process == process() {
            return current.engine.clone().ok_or_else(closed);
        }
        if current.engine.is_none() {
            return Err(closed());
        }
        let started = self.settings.start().map_err(|message| config_error(py, message))?;
        // The parent's engine is left alone for good: ending its connections here would speak on the parent's sockets.
        std::mem::forget(self.engine.swap(Arc::new(started)));
        self.engine.load().engine.clone().ok_or_else(closed)
    }
}

impl NativeClient {
    fn entry(&self, call: &Call) -> Entry {
        let labels = Labels { alias: None, metadata: call.request.metadata.clone() };
        self.account.open(&call.provider, &call.request.model, labels)
    }
}

#[pymethods]
impl NativeClient {
    /// `providers` are dicts with `id`, `dialect`, `base_url`, `api_key`, `key_variables` and `headers`; `models` are a
    /// user's own entries of the catalog, by `provider/model`.
    #[new]
    #[pyo3(signature = (providers, *, timeouts, max_retries, ca_file = None, client_certificate = None, models = None))]
    fn new(
        py: Python<'_>,
        providers: &Bound<'_, PyList>,
        timeouts: &Bound<'_, PyAny>,
        max_retries: u32,
        ca_file: Option<PathBuf>,
        client_certificate: Option<PathBuf>,
        models: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let providers =
            providers.iter().map(|fields| provider(fields.cast()?)).collect::<PyResult<Vec<_>>>()?;
        let timeouts = if timeouts.is_none() { Timeouts::default() } else { request::timeouts(timeouts)? };
        let transport = TransportSettings { ca_file, client_certificate };
        let settings = Settings { providers, timeouts, max_retries, transport };
        let engine = settings.start().map_err(|message| config_error(py, message))?;
        let account = Account::new(crate::catalog::with_entries(models)?);
        crate::logging::start(py)?;
        Ok(Self { settings, account, engine: ArcSwap::from_pointee(engine) })
    }

    /// Starts a plain call.
    #[pyo3(signature = (provider, model, messages, options, *, bridge = None, parse = None))]
    #[expect(clippy::too_many_arguments, reason = "one crossing for the whole call")]
    fn complete(
        &self,
        py: Python<'_>,
        provider: String,
        model: String,
        messages: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
        bridge: Option<&LoopBridge>,
        parse: Option<Py<PyAny>>,
    ) -> PyResult<Flight> {
        let call = request::call(provider, model, messages, options)?;
        let engine = self.engine(py)?;
        let entry = self.entry(&call);
        Flight::start_call(bridge, call.provider.clone(), entry, parse, move |shared| {
            shared.settle(Box::pin(async move {
                engine.complete(call).await.map(|reply| Delivery::Reply(Box::new(reply)))
            }))
        })
    }

    /// Starts a streamed call.
    #[pyo3(signature = (provider, model, messages, options, *, bridge = None, parse = None))]
    #[expect(clippy::too_many_arguments, reason = "one crossing for the whole call")]
    fn stream(
        &self,
        py: Python<'_>,
        provider: String,
        model: String,
        messages: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
        bridge: Option<&LoopBridge>,
        parse: Option<Py<PyAny>>,
    ) -> PyResult<Flight> {
        let mut call = request::call(provider, model, messages, options)?;
        call.request.stream = true;
        let engine = self.engine(py)?;
        let entry = self.entry(&call);
        Flight::start_call(bridge, call.provider.clone(), entry, parse, move |shared| {
            shared.pump(Box::pin(async move { engine.stream(call).await }))
        })
    }

    /// Starts to list the models of `provider`.
    #[pyo3(signature = (provider, *, timeouts = None, bridge = None))]
    fn models(
        &self,
        py: Python<'_>,
        provider: String,
        timeouts: Option<&Bound<'_, PyAny>>,
        bridge: Option<&LoopBridge>,
    ) -> PyResult<Flight> {
        let timeouts = timeouts.map(request::timeouts).transpose()?.unwrap_or_default();
        let engine = self.engine(py)?;
        Flight::start(bridge, provider.clone(), None, move |shared| {
            shared.settle(Box::pin(
                async move { engine.models(&provider, timeouts).await.map(Delivery::Models) },
            ))
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
        let closed = Arc::new(OfProcess { process: process(), engine: None });
        let old = self.engine.swap(closed);
        if old.process != process() {
            std::mem::forget(old);
        }
    }
}

impl Drop for NativeClient {
    fn drop(&mut self) {
        let current = self.engine.load_full();
        if current.process != process() {
            std::mem::forget(current);
        }
    }
}

fn provider(fields: &Bound<'_, PyDict>) -> PyResult<ProviderSettings> {
    let get = |name: &str| fields.as_any().get_item(name);
    let headers: Bound<'_, PyDict> = get("headers")?.extract()?;
    let settings = ProviderSettings::new(
        get("id")?.extract::<String>()?,
        get("dialect")?.extract::<String>()?,
        get("base_url")?.extract::<String>()?,
    );
    Ok(ProviderSettings {
        api_key: get("api_key")?.extract::<Option<String>>()?.map(Secret::from),
        key_variables: get("key_variables")?.extract()?,
        headers: headers
            .iter()
            .map(|(name, value)| Ok((name.extract()?, value.extract()?)))
            .collect::<PyResult<_>>()?,
        ..settings
    })
}
