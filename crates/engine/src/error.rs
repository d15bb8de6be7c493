//! Why a call gave no answer.

use crate::Attempt;
use ferrule_wire::{encode::UnsupportedField, framing::StreamError, model::ProviderError};
use std::fmt;

/// Why a call gave no answer. No secret and no URL query is in it.
#[derive(Clone, Debug)]
pub struct CallError {
    /// What went wrong last.
    pub failure: Failure,
    /// The provider asked.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// Every attempt, the last one last.
    pub attempts: Vec<Attempt>,
}

/// What went wrong.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The provider reported an error.
    Provider(Box<ProviderError>),
    /// No connection: name, address, TLS, or the connection broke before an answer.
    Connect(String),
    /// A time limit passed.
    Timeout(TimeoutKind),
    /// The stream broke off after events had been delivered, or an answer ended early; the text says how.
    Interrupted(String),
    /// What came is not an answer in the provider's dialect, or larger than the limits.
    Unreadable(String),
    /// The dialect cannot carry a field of the request.
    Unsupported(UnsupportedField),
    /// The settings are not usable: unknown provider, missing key, bad URL.
    Config(String),
}

/// Which time limit passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutKind {
    /// To connect.
    Connect,
    /// For the first byte of the answer.
    FirstByte,
    /// Between two pieces of the answer.
    Idle,
    /// For the whole call.
    Total,
}

impl fmt::Display for CallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.model.as_str() {
            "" => write!(formatter, "{}: {}", self.provider, self.failure),
            model => write!(formatter, "{}/{model}: {}", self.provider, self.failure),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider(error) => error.fmt(formatter),
            Self::Connect(what) | Self::Interrupted(what) | Self::Unreadable(what) | Self::Config(what) => {
                formatter.write_str(what)
            }
            Self::Timeout(kind) => kind.fmt(formatter),
            Self::Unsupported(field) => field.fmt(formatter),
        }
    }
}

impl fmt::Display for TimeoutKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connect => "no connection within the connect timeout",
            Self::FirstByte => "no answer within the first-byte timeout",
            Self::Idle => "the answer stopped for longer than the idle timeout",
            Self::Total => "the call took longer than its total timeout",
        })
    }
}

impl From<StreamError> for Failure {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Provider(error) => Self::Provider(error),
            StreamError::Interrupted => Self::Interrupted(error.to_string()),
            StreamError::Malformed(_) | StreamError::TooLarge(_) => Self::Unreadable(error.to_string()),
        }
    }
}

impl std::error::Error for CallError {}
