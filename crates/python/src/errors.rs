//! Exceptions: their classes are defined in Python (`ferrule/errors.py`), so that they read well and pickle; they are
//! raised here.

use crate::{attempt::Attempt, cost::decimal, reply::Reply};
use ferrule_client::ClientError;
use ferrule_engine::{BudgetExceeded, CallError, Failure, LimitReached, TimeoutKind, Unreadable};
use ferrule_wire::model::{ErrorKind, ProviderError};
use pyo3::{exceptions::PyRuntimeError, intern, prelude::*, types::PyDict};

/// The class for each kind of a provider's error. The first row of a kind is the class raised for it; the first row of
/// a class is the kind it stands for when a user's provider raises it.
const PROVIDER_ERRORS: &[(ErrorKind, &str)] = &[
    (ErrorKind::Authentication, "AuthenticationError"),
    (ErrorKind::PermissionDenied, "PermissionDeniedError"),
    (ErrorKind::NotFound, "NotFoundError"),
    (ErrorKind::InvalidRequest, "InvalidRequestError"),
    (ErrorKind::ContextLength, "ContextLengthError"),
    (ErrorKind::ContentFiltered, "ContentFilteredError"),
    (ErrorKind::RateLimited, "RateLimitedError"),
    (ErrorKind::QuotaExceeded, "QuotaExceededError"),
    (ErrorKind::Overloaded, "OverloadedError"),
    (ErrorKind::Server, "ServerError"),
    (ErrorKind::Server, "ResponseDecodeError"),
    (ErrorKind::Server, "ProviderError"),
    (ErrorKind::Timeout, "ServerError"),
    (ErrorKind::Cancelled, "ProviderError"),
    (ErrorKind::StreamInterrupted, "StreamInterruptedError"),
];

fn class_of(kind: ErrorKind) -> &'static str {
    PROVIDER_ERRORS.iter().find(|row| row.0 == kind).map_or("ProviderError", |row| row.1)
}

/// The class to raise for `failure`.
pub(crate) fn class_of_failure(failure: &Failure) -> &'static str {
    match failure {
        Failure::Provider(error) => class_of(error.kind),
        Failure::Connect(_) => "ConnectError",
        Failure::Timeout(expired) => match expired.kind {
            TimeoutKind::Connect => "ConnectTimeoutError",
            TimeoutKind::FirstByte | TimeoutKind::FirstToken => "FirstByteTimeoutError",
            TimeoutKind::Idle => "IdleTimeoutError",
            TimeoutKind::Total => "TotalTimeoutError",
        },
        Failure::Interrupted(_) => "StreamInterruptedError",
        Failure::Unreadable(_) => "ResponseDecodeError",
        Failure::Unsupported(_) => "UnsupportedError",
        Failure::Config(_) => "ConfigError",
        Failure::Limited(_) => "RateLimitedError",
        Failure::Budget(_) => "BudgetExceededError",
    }
}

/// The kind of error that an exception class stands for; `None` if it is not a provider's error.
pub(crate) fn kind_of(class: &str) -> Option<ErrorKind> {
    PROVIDER_ERRORS.iter().find(|row| row.1 == class).map(|row| row.0)
}

/// The exception for an error of a client before a call is sent.
pub(crate) fn raise_client(py: Python<'_>, error: ClientError) -> PyErr {
    let message = match error {
        ClientError::Closed => return PyRuntimeError::new_err(error.to_string()),
        ClientError::Config(message) => message,
    };
    match py.import("ferrule.errors").and_then(|errors| errors.getattr("ConfigError")?.call1((message,))) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// The exception for `error`; `received` is what arrived before a stream broke off.
pub(crate) fn raise(py: Python<'_>, error: CallError, received: Option<Reply>) -> PyErr {
    match build(py, error, received) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

fn build(py: Python<'_>, error: CallError, received: Option<Reply>) -> PyResult<Bound<'_, PyAny>> {
    let text = error.to_string();
    let CallError { failure, provider, model, attempts, .. } = error;
    let fields = PyDict::new(py);
    fields.set_item(intern!(py, "provider"), provider)?;
    fields.set_item(intern!(py, "model"), model)?;
    let attempts =
        attempts.into_iter().map(|attempt| Py::new(py, Attempt(attempt))).collect::<PyResult<Vec<_>>>()?;
    fields.set_item(intern!(py, "attempts"), attempts)?;
    let has_begun = received.is_some();
    if let Some(received) = received {
        fields.set_item(intern!(py, "partial_reply"), Py::new(py, received)?)?;
    }
    let class = match &failure {
        Failure::Timeout(expired) if has_begun && expired.kind == TimeoutKind::Idle => "StreamStalledError",
        // What was delivered is valid; the stream broke off after it.
        Failure::Unreadable(_) if has_begun => "StreamInterruptedError",
        failure => class_of_failure(failure),
    };
    match failure {
        // An error under status 200 that fits no class interrupts the stream; its message is in the text.
        Failure::Provider(error) if error.kind != ErrorKind::StreamInterrupted => {
            set_provider_fields(&fields, *error)?;
        }
        Failure::Unreadable(answer) if !has_begun => {
            let Unreadable { status, request_id, body, .. } = *answer;
            fields.set_item(intern!(py, "status"), status)?;
            fields.set_item(intern!(py, "request_id"), request_id)?;
            fields.set_item(intern!(py, "body"), (!body.is_empty()).then_some(body))?;
        }
        Failure::Limited(reached) => {
            let LimitReached { limit, scope, value, retry_after, .. } = *reached;
            fields.set_item("retry_after", retry_after.map(|after| after.as_secs_f64()))?;
            // A provider's own limits have no name of ours.
            fields.set_item("limit", (!limit.is_empty()).then_some(limit))?;
            fields.set_item("scope", scope)?;
            fields.set_item("scope_value", value)?;
        }
        Failure::Budget(exceeded) => {
            let BudgetExceeded {
                budget, scope, value, amount, spent, reserved, estimate, retry_after, ..
            } = *exceeded;
            fields.set_item("budget", budget)?;
            fields.set_item("scope", scope)?;
            fields.set_item("scope_value", value)?;
            fields.set_item("amount", decimal(py, &amount)?)?;
            fields.set_item("spent", decimal(py, &spent)?)?;
            fields.set_item("reserved", decimal(py, &reserved)?)?;
            fields.set_item("estimate", estimate.map(|estimate| decimal(py, &estimate)).transpose()?)?;
            fields.set_item("retry_after", retry_after.map(|after| after.as_secs_f64()))?;
        }
        Failure::Unsupported(unsupported) => {
            fields.set_item(intern!(py, "field"), unsupported.field)?;
        }
        _ => {}
    }
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
