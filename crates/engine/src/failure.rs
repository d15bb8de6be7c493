//! Failures of a call, or of one attempt.

use crate::{
    admission::{BudgetExceeded, LimitReached},
    unreadable::Unreadable,
};
use ferrule_wire::{encode::UnsupportedField, framing::StreamError, model::ProviderError};
use std::{fmt, time::Duration};

/// What went wrong.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The provider reported an error.
    Provider(Box<ProviderError>),
    /// No connection: name, address, TLS, or the connection broke before a response.
    Connect(String),
    /// A time limit passed.
    Timeout(Expired),
    /// The stream broke off after events had been delivered, or an answer ended early; the text says how.
    Interrupted(String),
    /// The response is not valid in the provider's dialect, or exceeds the bounds.
    Unreadable(Box<Unreadable>),
    /// The dialect cannot carry a field of the request.
    Unsupported(UnsupportedField),
    /// The settings are not usable: unknown provider, missing key, bad URL.
    Config(String),
    /// A limit set by the user keeps the call from being sent.
    Limited(Box<LimitReached>),
    /// A budget set by the user keeps the call from being sent.
    Budget(Box<BudgetExceeded>),
}

/// A time limit that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Which one.
    pub kind: TimeoutKind,
    /// How long it was.
    pub limit: Duration,
}

/// Which time limit passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutKind {
    /// To connect.
    Connect,
    /// For the first byte of the response.
    FirstByte,
    /// For the first token, while another target was left to try.
    FirstToken,
    /// Between two chunks of the response.
    Idle,
    /// For the whole call.
    Total,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider(error) => error.fmt(formatter),
            Self::Connect(what) | Self::Interrupted(what) | Self::Config(what) => formatter.write_str(what),
            Self::Unreadable(unreadable) => unreadable.fmt(formatter),
            Self::Timeout(expired) => expired.fmt(formatter),
            Self::Unsupported(field) => field.fmt(formatter),
            Self::Limited(reached) => reached.fmt(formatter),
            Self::Budget(exceeded) => exceeded.fmt(formatter),
        }
    }
}

impl Expired {
    /// Whether the target accepted the request and stayed silent.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self.kind, TimeoutKind::FirstByte | TimeoutKind::FirstToken)
    }
}

impl fmt::Display for Expired {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.limit.as_secs_f64();
        match self.kind {
            TimeoutKind::Connect => write!(formatter, "no connection within {seconds} s")?,
            TimeoutKind::FirstByte => write!(formatter, "no response within {seconds} s")?,
            TimeoutKind::FirstToken => write!(formatter, "no first token within {seconds} s")?,
            TimeoutKind::Idle => write!(formatter, "nothing more of the response for {seconds} s")?,
            TimeoutKind::Total => write!(formatter, "the call took longer than {seconds} s")?,
        }
        write!(formatter, " ({})", self.kind)
    }
}

impl fmt::Display for TimeoutKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connect => "the connect timeout",
            Self::FirstByte => "the first-byte timeout",
            Self::FirstToken => "another target could be asked",
            Self::Idle => "the idle timeout",
            Self::Total => "the total timeout",
        })
    }
}

impl Failure {
    /// A response that cannot be read, and why.
    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Self::Unreadable(Box::new(Unreadable { message: message.into(), ..Unreadable::default() }))
    }

    /// The failure with its request id, if it comes from a response and does not have one.
    pub(crate) fn with_request_id(mut self, request_id: impl FnOnce() -> Option<String>) -> Self {
        match &mut self {
            Self::Provider(error) => error.request_id = error.request_id.take().or_else(request_id),
            Self::Unreadable(answer) => answer.request_id = answer.request_id.take().or_else(request_id),
            _ => {}
        }
        self
    }

    /// The failure with the response's status, if that cannot be read.
    pub(crate) fn with_status(mut self, status: Option<u16>) -> Self {
        if let Self::Unreadable(answer) = &mut self {
            answer.status = answer.status.or(status);
        }
        self
    }

    /// The failure with the beginning of `body`, if that cannot be read.
    pub(crate) fn with_body(mut self, body: &[u8]) -> Self {
        if let Self::Unreadable(answer) = &mut self {
            answer.add_body(body);
        }
        self
    }
}

impl From<Expired> for Failure {
    fn from(expired: Expired) -> Self {
        Self::Timeout(expired)
    }
}

impl From<StreamError> for Failure {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Provider(error) => Self::Provider(error),
            StreamError::Interrupted => Self::Interrupted(error.to_string()),
            StreamError::Malformed(_) | StreamError::TooLarge(_) => Self::unreadable(error.to_string()),
        }
    }
}
