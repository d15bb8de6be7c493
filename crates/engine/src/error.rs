//! Errors of calls.

use crate::{failure::Failure, reply::Attempt};
use ferrule_catalog::Settlement;
use std::{fmt, sync::Arc};

/// Why a call failed. Contains no secret and no URL query.
#[derive(Clone, Debug)]
pub struct CallError {
    /// The last failure.
    pub failure: Failure,
    /// The last attempt's provider; empty if the model's name did not resolve.
    pub provider: String,
    /// The requested model.
    pub model: String,
    /// Every attempt, the last one last.
    pub attempts: Vec<Attempt>,
    /// Usage of attempts that contributed nothing to an answer, as far as their providers reported it.
    pub unanswered: Vec<Arc<Settlement>>,
}

impl CallError {
    /// A call that was never sent: it has no attempts.
    pub fn unsent(failure: Failure, provider: &str, model: &str) -> Self {
        Self {
            failure,
            provider: provider.to_owned(),
            model: model.to_owned(),
            attempts: Vec::new(),
            unanswered: Vec::new(),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.provider.as_str(), self.model.as_str()) {
            ("", _) => write!(formatter, "{}", self.failure),
            (provider, "") => write!(formatter, "{provider}: {}", self.failure),
            (provider, model) => write!(formatter, "{provider}/{model}: {}", self.failure),
        }
    }
}

impl std::error::Error for CallError {}
