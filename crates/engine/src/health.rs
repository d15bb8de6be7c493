//! Whether providers can be used: asked for the first page of their models, which no provider charges for.

use crate::{CallError, CallOptions, Engine, Failure, RawCall, Timeouts};
use bytes::Bytes;
use ferrule_wire::model::ErrorKind;
use http::Method;
use std::time::Duration;
use tokio::time::Instant;

/// How a provider is.
#[derive(Clone, Debug)]
pub struct Health {
    /// The provider's id.
    pub provider: String,
    /// Whether anything answered.
    pub reachable: bool,
    /// Whether it takes our key; `None` where that could not be told.
    pub authorised: Option<bool>,
    /// How long it took to answer, connecting included.
    pub latency: Option<Duration>,
    /// What is wrong, where something is.
    pub problem: Option<String>,
}

impl Engine {
    /// How `provider` is. Sends one request, and never fails: what goes wrong is what is asked for.
    pub async fn health(&self, provider: &str, timeouts: Timeouts) -> Health {
        let started = Instant::now();
        let mut health = Health {
            provider: provider.to_owned(),
            reachable: false,
            authorised: None,
            latency: None,
            problem: None,
        };
        let outcome = match self.provider(provider) {
            Ok(row) => {
                self.raw(listing(provider, row.dialect.model_listing().path(), timeouts)).await.map(drop)
            }
            Err(failure) => Err(crate::engine::failed(failure, provider, "")),
        };
        match outcome {
            Ok(()) => {
                health.reachable = true;
                health.authorised = Some(true);
            }
            Err(CallError { failure, .. }) => {
                if let Failure::Provider(error) = &failure {
                    health.reachable = true;
                    health.authorised = match error.kind {
                        ErrorKind::Authentication | ErrorKind::PermissionDenied => Some(false),
                        // Whoever is told to wait or to pay is known.
                        ErrorKind::RateLimited | ErrorKind::QuotaExceeded => Some(true),
                        _ => None,
                    };
                }
                health.problem = Some(failure.to_string());
            }
        }
        health.latency = health.reachable.then(|| started.elapsed());
        health
    }
}

fn listing(provider: &str, path: &str, timeouts: Timeouts) -> RawCall {
    RawCall {
        provider: provider.to_owned(),
        model: String::new(),
        method: Method::GET,
        path: path.to_owned(),
        body: Bytes::new(),
        content_type: None,
        options: CallOptions { timeouts, max_retries: Some(0), ..CallOptions::default() },
    }
}
