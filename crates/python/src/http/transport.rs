//! HTTP transport, which holds connections and sends requests over them: the Python class.

use super::{
    exchange::HttpExchange,
    failure, headers,
    line::{Line, Upload},
    settings,
};
use crate::{bridge::LoopBridge, runtime, to_python::not_pickled};
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use ferrule_client::process;
use ferrule_engine::http_client::{HttpClient, HttpContent, HttpRequest, HttpSettings};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyTuple},
};
use std::sync::Arc;

/// Connections to any HTTP server, with their settings.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct HttpTransport {
    settings: HttpSettings,
    /// The client of this process; absent before the first request and after `close`.
    current: ArcSwapOption<OfProcess>,
}

struct OfProcess {
    process: u32,
    client: Arc<HttpClient>,
}

impl HttpTransport {
    /// This process's client. A forked child gets its own and must not use the parent's connections.
    pub(crate) fn client(&self) -> PyResult<Arc<HttpClient>> {
        let process = process::current();
        if let Some(current) = self.current.load().as_ref()
            && current.process == process
        {
            return Ok(Arc::clone(&current.client));
        }
        let client = HttpClient::new(self.settings.clone()).map_err(PyValueError::new_err)?;
        let made = Arc::new(OfProcess { process, client: Arc::new(client) });
        // Two threads may race here: both use the first one's.
        let before = self.current.rcu(|current| match current {
            Some(current) if current.process == process => Arc::clone(current),
            _ => Arc::clone(&made),
        });
        match before {
            Some(before) if before.process == process => Ok(Arc::clone(&before.client)),
            Some(of_parent) => {
                // Closing its connections here would write to the parent's sockets.
                std::mem::forget(of_parent);
                Ok(Arc::clone(&made.client))
            }
            None => Ok(Arc::clone(&made.client)),
        }
    }
}

#[pymethods]
impl HttpTransport {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("a transport, which belongs to one process: make one in each")
    }

    /// A transport with these settings. Does not connect yet.
    #[new]
    #[pyo3(signature = (**settings))]
    fn new(py: Python<'_>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let transport = Self { settings: settings::read(settings)?, current: ArcSwapOption::empty() };
        // Raises if the settings are invalid.
        transport.client()?;
        crate::logging::start(py)?;
        Ok(transport)
    }

    /// Starts a request.
    #[pyo3(signature = (method, url, headers, body, *, extra = None, timeout = None, whole = false, bridge = None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "a request has that many parts, and one crossing carries them"
    )]
    fn send(
        &self,
        method: &str,
        url: &str,
        headers: &Bound<'_, PyAny>,
        body: Option<&[u8]>,
        extra: Option<&Bound<'_, PyAny>>,
        timeout: Option<&Bound<'_, PyTuple>>,
        whole: bool,
        bridge: Option<&LoopBridge>,
    ) -> PyResult<HttpExchange> {
        let client = self.client()?;
        let line = Line::new(body.is_none(), bridge.map(|bridge| Arc::clone(bridge.wakeups())));
        let request = HttpRequest {
            method: method
                .parse()
                .map_err(|_| failure::named("LocalProtocolError", "Illegal method characters".to_owned()))?,
            uri: HttpRequest::address(url).map_err(|why| failure::named("UnsupportedProtocol", why))?,
            headers: headers::read(headers, extra)?,
            content: match body {
                Some(body) => HttpContent::Whole(Bytes::copy_from_slice(body)),
                None => HttpContent::Source(Arc::new(Upload(Arc::clone(&line)))),
            },
            timeouts: settings::timeouts(timeout)?,
        };
        let run = Arc::clone(&line).run(client, request, whole);
        Ok(HttpExchange::new(line, runtime::runtime()?.spawn(run).abort_handle()))
    }

    /// Closes idle connections; requests in flight keep theirs until they end. A later request opens new ones.
    fn close(&self) {
        let closed = self.current.swap(None);
        if let Some(closed) = closed
            && closed.process != process::current()
        {
            std::mem::forget(closed);
        }
    }
}

impl Drop for HttpTransport {
    fn drop(&mut self) {
        self.close();
    }
}
