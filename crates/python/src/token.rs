//! Tokens from a Python function (`Client.token_provider`): called about once an hour, on a separate thread, as the
//! runtime's thread never attaches to the interpreter.

use ferrule_engine::{CredentialsError, Secret, Token, TokenFuture, TokenSource};
use pyo3::prelude::*;
use std::{fmt, sync::Arc, thread, time::Duration};
use tokio::sync::oneshot;

/// A function that returns tokens.
pub(crate) struct FunctionTokens {
    /// Returns the token and its lifetime in seconds, `None` if not known (`python/ferrule/functions.py`,
    /// `token_reader`).
    read: Arc<Py<PyAny>>,
}

impl FunctionTokens {
    pub(crate) fn new(read: Py<PyAny>) -> Self {
        Self { read: Arc::new(read) }
    }
}

impl fmt::Debug for FunctionTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FunctionTokens")
    }
}

impl TokenSource for FunctionTokens {
    fn token(&self) -> TokenFuture<'_> {
        let read = Arc::clone(&self.read);
        Box::pin(async move {
            let (sender, receiver) = oneshot::channel();
            let asked = thread::Builder::new().name("ferrule-token".to_owned()).spawn(move || {
                // The caller may be gone.
                let _ = sender.send(Python::attach(|py| fetch_token(py, &read)));
            });
            asked.map_err(|error| {
                CredentialsError::unreachable(format!("no thread to ask for a token: {error}"))
            })?;
            receiver.await.unwrap_or_else(|_| {
                Err(CredentialsError::unreachable("the token provider gave no token: its thread ended"))
            })
        })
    }
}

/// The error's text has just the exception's name: its message may contain the token.
fn fetch_token(py: Python<'_>, read: &Py<PyAny>) -> Result<Token, CredentialsError> {
    let said = |error: PyErr| {
        let name = error.get_type(py).name().map_or_else(|_| "an error".to_owned(), |name| name.to_string());
        CredentialsError::refused(format!("the token provider raised {name}"))
    };
    let (token, seconds): (String, Option<f64>) = read.call0(py).map_err(said)?.extract(py).map_err(said)?;
    let lifetime =
        seconds.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX));
    Ok(Token { secret: Secret::from(token), lifetime })
}
