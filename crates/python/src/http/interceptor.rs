//! Interceptor of HTTP requests for tests: the Python class (`python/ferrule/intercepting.py`).

use crate::{channel::lock, to_python::not_pickled};
use bytes::Bytes;
use ferrule_engine::intercept::{self, Given, Interceptor, Match, MockBody, MockResponse, Seen};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyDict, PyList},
};
use std::sync::{Arc, Mutex};

/// Answers HTTP requests of this process in place of servers, and records them.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct HttpInterceptor {
    interceptor: Arc<Interceptor>,
    /// The previous interceptor, while this one is installed.
    before: Mutex<Option<Option<Arc<Interceptor>>>>,
}

#[pymethods]
impl HttpInterceptor {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("an interceptor, which belongs to one process")
    }

    /// `passes` says whether requests without a mock response go to their servers, `records` whether those responses
    /// are recorded.
    #[new]
    #[pyo3(signature = (*, passes, records))]
    fn new(passes: bool, records: bool) -> Self {
        Self { interceptor: Arc::new(Interceptor::new(passes, records)), before: Mutex::default() }
    }

    /// Adds a mock response. Returns its number.
    #[pyo3(signature = (method, url, match_body, status, reason, headers, body, times))]
    #[expect(clippy::too_many_arguments, reason = "an answer has that many parts")]
    fn answer(
        &self,
        method: Option<String>,
        url: Option<String>,
        match_body: Option<Vec<u8>>,
        status: u16,
        reason: Option<Vec<u8>>,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        body: Vec<Vec<u8>>,
        times: Option<usize>,
    ) -> PyResult<usize> {
        if !(200..=999).contains(&status) {
            return Err(PyValueError::new_err("status has to be from 200 to 999"));
        }
        let body = body.into_iter().map(Bytes::from).collect();
        Ok(self.interceptor.add(MockResponse {
            matches: Match { method, url, body: match_body },
            body: MockBody::Given(Given { status, reason, headers, body }),
            left: times,
        }))
    }

    /// Adds a connection failure. Returns its number.
    fn fail(
        &self,
        method: Option<String>,
        url: Option<String>,
        match_body: Option<Vec<u8>>,
        message: String,
        times: Option<usize>,
    ) -> usize {
        self.interceptor.add(MockResponse {
            matches: Match { method, url, body: match_body },
            body: MockBody::Failure(message),
            left: times,
        })
    }

    /// How many times the mock response with this number may still be used; `None` for no limit.
    fn left(&self, answer: usize) -> Option<usize> {
        self.interceptor.left(answer)
    }

    /// All requests so far, as dicts.
    fn seen<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let seen = self.interceptor.seen();
        PyList::new(py, seen.iter().map(|seen| to_dict(py, seen)).collect::<PyResult<Vec<_>>>()?)
    }

    /// Installs it for all requests of this process.
    fn install(&self) -> PyResult<()> {
        let mut before = lock(&self.before);
        if before.is_some() {
            return Err(PyValueError::new_err("it is installed already"));
        }
        *before = Some(intercept::install(Some(Arc::clone(&self.interceptor))));
        Ok(())
    }

    /// Restores the previous interceptor.
    fn remove(&self) {
        let before = lock(&self.before).take();
        if let Some(before) = before {
            drop(intercept::install(before));
        }
    }
}

fn to_dict<'py>(py: Python<'py>, seen: &Seen) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("method", &seen.method)?;
    dict.set_item("url", &seen.uri)?;
    dict.set_item("headers", pairs(py, &seen.headers)?)?;
    dict.set_item("body", PyBytes::new(py, &seen.body))?;
    dict.set_item("answered_by", seen.answered_by)?;
    let given = seen.given.as_ref().map(|given| -> PyResult<_> {
        let dict = PyDict::new(py);
        dict.set_item("status", given.status)?;
        dict.set_item("reason", given.reason.as_ref().map(|reason| PyBytes::new(py, reason)))?;
        dict.set_item("headers", pairs(py, &given.headers)?)?;
        dict.set_item("body", PyBytes::new(py, &given.body.concat()))?;
        Ok(dict)
    });
    dict.set_item("response", given.transpose()?)?;
    Ok(dict)
}

fn pairs<'py>(py: Python<'py>, headers: &[(Vec<u8>, Vec<u8>)]) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, headers.iter().map(|(name, value)| (PyBytes::new(py, name), PyBytes::new(py, value))))
}
