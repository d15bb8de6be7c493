//! Options of calls: time limits, retries, routing, labels, observers.

use crate::{
    backend::Context,
    observe::Observer,
    policy_options::RetryOptions,
    routing_options::{self, RoutingOptions},
};
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// The options of a call.
#[derive(Clone, Default)]
pub struct CallOptions {
    /// Time limits; absent ones default to the engine's.
    pub timeouts: Timeouts,
    /// How many times a failed attempt is retried; default: the engine's number.
    pub max_retries: Option<u32>,
    /// Drop what the dialect cannot carry instead of refusing the call.
    pub drop_params: bool,
    /// Additional headers, which take precedence over ours.
    pub headers: Vec<(String, String)>,
    /// Additional query parameters.
    pub query: Vec<(String, String)>,
    /// Retry options, which take precedence over the configuration.
    pub retry: RetryOptions,
    /// Routing options, if there are several candidates.
    pub routing: Option<Arc<RoutingOptions>>,
    /// Labels of the call for usage records; never sent.
    pub metadata: Vec<(String, String)>,
    /// The wire format in which the caller wrote the request, if any: fields that only that format's own servers use
    /// are dropped for others ([`crate::written_in`]).
    pub written_in: Option<&'static str>,
    /// A caller's value for a custom backend; the engine just passes it on.
    pub context: Option<Context>,
    /// The observer of the call.
    pub observer: Option<Arc<dyn Observer>>,
}

impl CallOptions {
    /// The routing options.
    pub(crate) fn routing(&self) -> &RoutingOptions {
        self.routing.as_deref().unwrap_or(&routing_options::NOTHING)
    }

    /// Fills in unset options from `defaults`.
    pub(crate) fn fill_in(&mut self, defaults: &Self) {
        let Self {
            timeouts,
            max_retries,
            drop_params,
            headers,
            query,
            retry,
            metadata,
            // Routing happens before the call has a target.
            routing: _,
            written_in: _,
            context: _,
            observer: _,
        } = defaults;
        // A label of the call takes precedence over the target's of the same name.
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

/// Shows only the names of headers and parameters: values may be secrets.
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

/// Time limits. Each has a separate error, so that a log shows what was slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, name look-up and TLS included. Default 5 s.
    pub connect: Option<Duration>,
    /// From the request's last byte to the first byte of the response body. Default: as long as `total`.
    pub first_byte: Option<Duration>,
    /// Between two chunks of a body. Default 120 s.
    pub idle: Option<Duration>,
    /// The whole call, retries included. Default 600 s.
    pub total: Option<Duration>,
}

impl Timeouts {
    /// These limits, with `others` for those that are unset.
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

/// Connection settings.
#[derive(Clone, Debug, Default)]
pub struct TransportSettings {
    /// Certificates to trust in addition to the operating system's (PEM).
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and key, for servers that require one (PEM, both in one file).
    pub client_certificate: Option<PathBuf>,
}
