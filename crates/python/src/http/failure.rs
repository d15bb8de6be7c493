//! Exception of a request with an incomplete response, or none.

use ferrule_engine::http_client::HttpFailure;
use pyo3::{create_exception, exceptions::PyException, prelude::*};

create_exception!(
    ferrule._native,
    HttpTransportError,
    PyException,
    "A request that got no response, or not all of it. Its arguments are the name of httpx's exception and the message."
);

/// The exception for `failure`.
pub(super) fn raise(failure: &HttpFailure) -> PyErr {
    named(failure.kind.name(), failure.message.clone())
}

/// The exception that corresponds to `httpx`'s of this name.
pub(super) fn named(name: &'static str, message: String) -> PyErr {
    HttpTransportError::new_err((name, message))
}
