//! Errors of calls.

use crate::{failure::Failure, reply::Attempt};
use ferrule_catalog::Settlement;
use std::{fmt, sync::Arc};

/// Why a call gave no answer. No secret and no URL query is in it.
#[derive(Clone, Debug)]
pub struct CallError {
    /// What went wrong last.
    pub failure: Failure,
    /// The provider asked; empty where the model's name led to none.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// Every attempt, the last one last.
    pub attempts: Vec<Attempt>,
    /// What attempts used that gave nothing of an answer, as far as their providers reported it.
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
