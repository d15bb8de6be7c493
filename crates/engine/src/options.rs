//! Options of calls: time limits, retries, routing, labels, observers.

use crate::{
    backend::Context,
    observe::Observer,
    policy_options::RetryOptions,
    routing_options::{self, RoutingOptions},
};
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

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
    /// How failed attempts are repeated, over what is configured.
    pub retry: RetryOptions,
    /// How the call is routed where several targets may be asked.
    pub routing: Option<Arc<RoutingOptions>>,
    /// Labels of the call in the usage; never sent.
    pub metadata: Vec<(String, String)>,
    /// The wire format that the caller wrote the request in, where it was written in one: what only that format's own
    /// servers keep is left out for others ([`crate::written_in`]).
    pub written_in: Option<&'static str>,
    /// Something of the caller's for a backend of its own; the engine only passes it on.
    pub context: Option<Context>,
    /// The observer of the call.
    pub observer: Option<Arc<dyn Observer>>,
}

impl CallOptions {
    /// How the call is routed.
    pub(crate) fn routing(&self) -> &RoutingOptions {
        self.routing.as_deref().unwrap_or(&routing_options::NOTHING)
    }

    /// Takes over from `defaults` what these options say nothing of.
    pub(crate) fn fill_in(&mut self, defaults: &Self) {
        let Self {
            timeouts,
            max_retries,
            drop_params,
            headers,
            query,
            retry,
            metadata,
            // A call is routed before it has a target.
            routing: _,
            written_in: _,
            context: _,
            observer: _,
        } = defaults;
        // A label of the call's own wins over the target's of the same name.
        for (name, value) in metadata {
            if !self.metadata.iter().any(|(own, _)| own == name) {
                self.metadata.push((name.clone(), value.clone()));
            }
        }
        self.timeouts = self.timeouts.or(*timeouts);
        self.max_retries = self.max_retries.or(*max_retries);
        self.drop_params |= drop_params;
        self.retry = self.retry.or(*retry);
        for (own, others) in [(&mut self.headers, headers), (&mut self.query, query)] {
            let is_new = |name: &str| !own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
            let added: Vec<_> = others.iter().filter(|(name, _)| is_new(name)).cloned().collect();
            own.extend(added);
        }
    }
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
            .field("written_in", &self.written_in)
            .field("headers", &names(&self.headers))
            .field("query", &names(&self.query))
            .field("retry", &self.retry)
            .field("routing", &self.routing)
            .finish()
    }
}

/// Time limits. Each has its own error, so that a log shows what was slow.
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

impl Timeouts {
    /// These limits, and `others` where these say nothing.
    #[must_use]
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            connect: self.connect.or(others.connect),
            first_byte: self.first_byte.or(others.first_byte),
            idle: self.idle.or(others.idle),
            total: self.total.or(others.total),
        }
    }
}

/// How connections are made.
#[derive(Clone, Debug, Default)]
pub struct TransportSettings {
    /// Certificates to trust in addition to the operating system's (PEM).
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and key, for servers that ask for one (PEM, both in one file).
    pub client_certificate: Option<PathBuf>,
}
