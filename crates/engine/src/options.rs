//! What a caller may ask beside the request itself.

use crate::Context;
use ferrule_wire::model::Request;
use std::{fmt, path::PathBuf, time::Duration};

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The provider's id, for instance `openai`.
    pub provider: String,
    /// What is asked; `request.model` is the provider's own name of the model.
    pub request: Request,
    /// How.
    pub options: CallOptions,
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
    /// Between two pieces of a body. Default 120 s.
    pub idle: Option<Duration>,
    /// The whole call, retries included. Default 600 s.
    pub total: Option<Duration>,
}

/// How connections are made.
#[derive(Clone, Debug, Default)]
pub struct TransportSettings {
    /// Certificates to trust beside the operating system's (PEM).
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and key, for servers that ask for one (PEM, both in one file).
    pub client_certificate: Option<PathBuf>,
}
