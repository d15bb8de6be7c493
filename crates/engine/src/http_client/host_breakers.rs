//! Circuit breakers of an HTTP client, one per server.

use super::failure::{HttpFailure, HttpFailureKind};
use crate::{policy_options::BreakerOptions, steady_clock};
use ferrule_wire::breaker::{Admission, Breaker, BreakerSettings, Outcome, Permit};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The breakers, if enabled.
#[derive(Debug)]
pub(super) struct HostBreakers {
    settings: Option<BreakerSettings>,
    of_servers: Mutex<HashMap<String, Arc<Breaker>>>,
}

impl HostBreakers {
    pub(super) fn new(options: Option<BreakerOptions>) -> Self {
        Self { settings: options.map(BreakerOptions::settings), of_servers: Mutex::default() }
    }

    /// Whether a request may go to `server`, and where to report its outcome.
    pub(super) fn admit(&self, server: &str) -> Result<Option<Admitted>, HttpFailure> {
        let Some(settings) = self.settings else { return Ok(None) };
        let breaker = {
            let mut of_servers = self.of_servers.lock().unwrap_or_else(PoisonError::into_inner);
            match of_servers.get(server) {
                Some(breaker) => Arc::clone(breaker),
                None => Arc::clone(of_servers.entry(server.to_owned()).or_default()),
            }
        };
        let now = steady_clock::now();
        match breaker.admit(now, &settings) {
            Admission::Closed(permit) | Admission::Probe(permit) => {
                Ok(Some(Admitted { breaker, settings, permit: Some(permit) }))
            }
            Admission::Open { reopens_at } => {
                let wait = reopens_at.unwrap_or(now).saturating_sub(now);
                let message = format!(
                    "the circuit breaker of {server} is open: it failed too often; it is asked again in {wait} ms"
                );
                Err(HttpFailure::new(HttpFailureKind::ConnectError, message))
            }
        }
    }
}

/// A request that was admitted. One that is dropped before its outcome says nothing about the server.
pub(super) struct Admitted {
    breaker: Arc<Breaker>,
    settings: BreakerSettings,
    permit: Option<Permit>,
}

impl Admitted {
    /// The outcome of the request: the status, or a failure.
    pub(super) fn settle(mut self, status: Result<u16, &HttpFailure>) {
        let outcome = match status {
            Ok(500..) => Outcome::Failure,
            Ok(_) => Outcome::Success,
            Err(failure) => match failure.kind {
                // These failures are our own.
                HttpFailureKind::PoolTimeout | HttpFailureKind::LocalProtocolError => Outcome::Neutral,
                _ => Outcome::Failure,
            },
        };
        self.report(outcome);
    }

    fn report(&mut self, outcome: Outcome) {
        if let Some(permit) = self.permit.take() {
            let now = steady_clock::now();
            // Nothing observes these breakers.
            let _ = self.breaker.settle(permit, outcome, now, &self.settings, fastrand::f64());
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.report(Outcome::Neutral);
    }
}
