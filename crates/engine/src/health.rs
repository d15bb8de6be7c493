//! Health of providers: requests the first page of their model list, which no provider charges for.

use crate::{error::CallError, failure::Failure, raw::RawReply};
use ferrule_wire::{dialect::Dialect, encode::EncodeOptions, model::ErrorKind, operation::ModelListRequest};
use std::time::{Duration, Instant};

/// The health of a provider.
#[derive(Clone, Debug)]
pub struct Health {
    /// The provider's id.
    pub provider: String,
    /// Whether anything answered; `None` if it was not contacted because its settings are incomplete.
    pub reachable: Option<bool>,
    /// Whether it accepts our key; `None` if unknown.
    pub authorised: Option<bool>,
    /// Time to the response, connecting included.
    pub latency: Option<Duration>,
    /// What is wrong, if anything.
    pub problem: Option<String>,
}

impl Health {
    /// Judges the outcome of a request that began at `started`.
    pub(crate) fn judge(provider: &str, started: Instant, outcome: Result<RawReply, CallError>) -> Self {
        let (reachable, authorised, problem) = match outcome {
            Ok(_) => (Some(true), Some(true), None),
            Err(CallError { failure, .. }) => {
                let problem = Some(failure.to_string());
                match failure {
                    Failure::Provider(error) => match error.kind {
                        ErrorKind::Authentication | ErrorKind::PermissionDenied => {
                            (Some(true), Some(false), problem)
                        }
                        // Rate-limited or out of quota: the key itself was accepted.
                        ErrorKind::RateLimited | ErrorKind::QuotaExceeded => {
                            (Some(true), Some(true), problem)
                        }
                        _ => (Some(true), None, problem),
                    },
                    Failure::Config(_) => (None, None, problem),
                    _ => (Some(false), None, problem),
                }
            }
        };
        let latency = (reachable == Some(true)).then(|| started.elapsed());
        Self { provider: provider.to_owned(), reachable, authorised, latency, problem }
    }
}

/// The path of the first page of a dialect's model list; empty if it has none.
pub(crate) fn listing_path(dialect: &'static dyn Dialect) -> String {
    let listing = dialect.operations().model_listing;
    let encoded =
        listing.map(|codec| codec.encode_request(&ModelListRequest::default(), EncodeOptions::REFUSE));
    encoded.and_then(Result::ok).map(|encoded| encoded.path).unwrap_or_default()
}
