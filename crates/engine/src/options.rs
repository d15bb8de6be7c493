//! Calls and their options: who is called with what, and how.

use crate::{backend::Context, resolve::Route};
use std::{fmt, path::PathBuf, time::Duration};

/// One call.
#[derive(Clone, Debug)]
pub struct Call<R> {
    /// Who is called.
    pub to: Recipient,
    /// What is asked. The engine sets its model: to the name that the provider has for it.
    pub request: R,
    /// How.
    pub options: CallOptions,
}

/// Who is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Whoever a model's name resolves to; the default model where absent.
    Model(Option<String>),
    /// The candidates of a name that was resolved before.
    Route(Route),
    /// The provider with this id, and no other.
    Provider(String),
}

impl<R> Call<R> {
    /// A call with the usual options.
    pub fn new(to: impl Into<Recipient>, request: R) -> Self {
        Self { to: to.into(), request, options: CallOptions::default() }
    }

    /// The same call with another request, made of this one.
    pub(crate) fn map<W>(self, make: impl FnOnce(R) -> W) -> Call<W> {
        Call { to: self.to, request: make(self.request), options: self.options }
    }
}

/// The name of a model.
impl From<&str> for Recipient {
    fn from(model: &str) -> Self {
        Self::Model(Some(model.to_owned()))
    }
}

impl From<Route> for Recipient {
    fn from(route: Route) -> Self {
        Self::Route(route)
    }
}

/// How a call is made.
#[derive(Clone, Default)]
pub struct CallOptions {
    /// Time limits; what is absent is the engine's.
    pub timeouts: Timeouts,
    /// How many times a failed attempt is repeated; the engine's number where absent.
    pub max_retries: Option<u32>,
    /// Leave out what the dialect cannot carry instead of refusing the call.
    pub drop_params: bool,
    /// Headers that are added to ours, and win over them.
    pub headers: Vec<(String, String)>,
    /// Parameters added to the URL.
    pub query: Vec<(String, String)>,
    /// Something of the caller's for a backend of its own; the engine only passes it on.
    pub context: Option<Context>,
}

/// Names of headers and parameters only: their values may be secrets.
impl fmt::Debug for CallOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        formatter
            .debug_struct("CallOptions")
            .field("timeouts", &self.timeouts)
            .field("max_retries", &self.max_retries)
            .field("drop_params", &self.drop_params)
            .field("headers", &names(&self.headers))
            .field("query", &names(&self.query))
            .finish()
    }
}

/// Time limits. Each has its own error, so that a log tells what was slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, name look-up and TLS included. Default 5 s.
    pub connect: Option<Duration>,
    /// From the request's last byte to the first byte of the answer's body. Default: as long as `total`.
    pub first_byte: Option<Duration>,
    /// Between two chunks of a body. Default 120 s.
    pub idle: Option<Duration>,
    /// The whole call, retries included. Default 600 s.
    pub total: Option<Duration>,
}

/// How connections are made.
#[derive(Clone, Debug, Default)]
pub struct TransportSettings {
    /// Certificates to trust in addition to the operating system's (PEM).
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and key, for servers that ask for one (PEM, both in one file).
    pub client_certificate: Option<PathBuf>,
}
