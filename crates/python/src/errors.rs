//! Errors: the exceptions are Python's (`ferrule/errors.py`), so that they read well and pickle; here they are raised.

use crate::{attempt::Attempt, reply::Reply};
use ferrule_engine::{CallError, Failure, TimeoutKind};
use ferrule_wire::model::{ErrorKind, ProviderError};
use pyo3::{intern, prelude::*, types::PyDict};

const fn class_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => "AuthenticationError",
        ErrorKind::PermissionDenied => "PermissionDeniedError",
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::InvalidRequest => "InvalidRequestError",
        ErrorKind::ContextLength => "ContextLengthError",
        ErrorKind::ContentFiltered => "ContentFilteredError",
        ErrorKind::RateLimited => "RateLimitedError",
        ErrorKind::QuotaExceeded => "QuotaExceededError",
        ErrorKind::Overloaded => "OverloadedError",
        ErrorKind::Server | ErrorKind::Timeout => "ServerError",
        ErrorKind::Cancelled => "ProviderError",
        ErrorKind::StreamInterrupted => "StreamInterruptedError",
    }
}

/// The kind of error that an exception's class stands for; `None` where it is no provider's.
pub(crate) fn kind_of(class: &str) -> Option<ErrorKind> {
    Some(match class {
        "AuthenticationError" => ErrorKind::Authentication,
        "PermissionDeniedError" => ErrorKind::PermissionDenied,
        "NotFoundError" => ErrorKind::NotFound,
        "InvalidRequestError" => ErrorKind::InvalidRequest,
        "ContextLengthError" => ErrorKind::ContextLength,
        "ContentFilteredError" => ErrorKind::ContentFiltered,
        "RateLimitedError" => ErrorKind::RateLimited,
        "QuotaExceededError" => ErrorKind::QuotaExceeded,
        "OverloadedError" => ErrorKind::Overloaded,
        "ServerError" | "ProviderError" => ErrorKind::Server,
        _ => return None,
    })
}

/// The exception for `error`; `received` is what came before it, where a stream broke off.
pub(crate) fn raise(py: Python<'_>, error: CallError, received: Option<Reply>) -> PyErr {
    match build(py, error, received) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

fn build(py: Python<'_>, error: CallError, received: Option<Reply>) -> PyResult<Bound<'_, PyAny>> {
    let text = error.to_string();
    let CallError { failure, provider, model, attempts } = error;
    let fields = PyDict::new(py);
    fields.set_item(intern!(py, "provider"), provider)?;
    fields.set_item(intern!(py, "model"), model)?;
    let attempts =
        attempts.into_iter().map(|attempt| Py::new(py, Attempt(attempt))).collect::<PyResult<Vec<_>>>()?;
    fields.set_item(intern!(py, "attempts"), attempts)?;
    if let Some(received) = received {
        fields.set_item(intern!(py, "response"), Py::new(py, received)?)?;
    }
    let class = match failure {
        Failure::Provider(error) => {
            let class = class_of(error.kind);
            // An error under status 200 that fits no class breaks the stream off; its words are in the text.
            if error.kind != ErrorKind::StreamInterrupted {
                set_provider_fields(&fields, *error)?;
            }
            class
        }
        Failure::Connect(_) => "ConnectError",
        Failure::Timeout(TimeoutKind::Connect) => "ConnectTimeoutError",
        Failure::Timeout(TimeoutKind::FirstByte) => "FirstByteTimeoutError",
        Failure::Timeout(TimeoutKind::Idle) => "IdleTimeoutError",
        Failure::Timeout(TimeoutKind::Total) => "TotalTimeoutError",
        Failure::Interrupted(_) => "StreamInterruptedError",
        Failure::Unreadable(_) => "ServerError",
        Failure::Unsupported(unsupported) => {
            fields.set_item(intern!(py, "field"), unsupported.field)?;
            "UnsupportedError"
        }
        Failure::Config(_) => "ConfigError",
    };
    py.import(intern!(py, "ferrule.errors"))?.getattr(class)?.call((text,), Some(&fields))
}

fn set_provider_fields(fields: &Bound<'_, PyDict>, error: ProviderError) -> PyResult<()> {
    let py = fields.py();
    let ProviderError { status, code, error_type, param, request_id, retry_after, body, .. } = error;
    fields.set_item(intern!(py, "status"), status)?;
    fields.set_item(intern!(py, "code"), code)?;
    fields.set_item(intern!(py, "error_type"), error_type)?;
    fields.set_item(intern!(py, "param"), param)?;
    fields.set_item(intern!(py, "request_id"), request_id)?;
    fields.set_item(intern!(py, "retry_after"), retry_after.map(|after| after.delay.as_secs_f64()))?;
    fields.set_item(intern!(py, "body"), body)
}
