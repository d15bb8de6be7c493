//! Breaker outcomes: what an error of a provider says about the provider's health.

use crate::model::ErrorKind;

/// What became of a call, as far as the breaker is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The target answered.
    Success,
    /// The target failed: a timeout, a reset, a server error, overload.
    Failure,
    /// It says nothing about the target: the call was cancelled, the request was wrong, the key was refused or its
    /// limit was reached. A probe is given back, and the next call becomes the probe.
    Neutral,
}

/// What an error that a provider reported says about the target.
///
/// Failures of a connection and the caller's own time limits are not errors of a provider. Code that maps those counts
/// resets, refused connections, and timeouts before the answer as [`Outcome::Failure`].
pub const fn outcome_of_error(kind: ErrorKind) -> Outcome {
    match kind {
        ErrorKind::Overloaded | ErrorKind::Timeout | ErrorKind::Server | ErrorKind::StreamInterrupted => {
            Outcome::Failure
        }
        ErrorKind::Authentication
        | ErrorKind::PermissionDenied
        | ErrorKind::NotFound
        | ErrorKind::InvalidRequest
        | ErrorKind::ContextLength
        | ErrorKind::ContentFiltered
        | ErrorKind::RateLimited
        | ErrorKind::QuotaExceeded
        | ErrorKind::Cancelled => Outcome::Neutral,
    }
}
