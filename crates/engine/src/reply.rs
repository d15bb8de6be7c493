//! Replies, and the attempts that produced them.

use crate::{
    failover::Reason,
    failure::{Expired, Failure},
    reply_headers::ReplyHeaders,
};
use bytes::Bytes;
use ferrule_catalog::Settlement;
use ferrule_wire::{
    encode::UnsupportedField,
    model::{ErrorKind, Response},
};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// The reply to a call that is not streamed.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The model's response.
    pub response: Response,
    /// The body of the HTTP response.
    pub raw: Bytes,
    /// The provider that answered.
    pub provider: String,
    /// The provider's id of the request, from its headers.
    pub request_id: Option<String>,
    /// The response's headers.
    pub headers: ReplyHeaders,
    /// Every attempt, the successful one last.
    pub attempts: Vec<Attempt>,
    /// How long the call took.
    pub stats: Stats,
    /// The fields that were dropped because the dialect cannot carry them.
    pub dropped: Vec<UnsupportedField>,
    /// Its usage and cost.
    pub settlement: Arc<Settlement>,
}

/// Durations of a call from its start, retries included.
#[derive(Clone, Copy, Debug)]
pub struct Stats {
    /// When the call started.
    pub started: Instant,
    /// Until the first text, reasoning or tool call (streams) or the whole body (otherwise).
    pub time_to_first_token: Option<Duration>,
    /// Until the end; `None` while a stream is open.
    pub duration: Option<Duration>,
}

/// One attempt of a call.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The provider of the target.
    pub provider: String,
    /// The requested model.
    pub model: String,
    /// What distinguishes the target from others with the same provider and model.
    pub variant: Option<String>,
    /// The key that was used, masked, if the provider has several.
    pub key: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The kind of failure; `None` for a success or a skipped target.
    pub reason: Option<Reason>,
    /// When it began.
    pub started: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// The delay before it.
    pub waited: Duration,
    /// What followed; `None` if the call ended with it.
    pub next: Option<Next>,
}

/// What followed an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The request was sent again: its connection was dead.
    Repeated,
    /// The same target was retried after a delay.
    Retried,
    /// Credentials were renewed.
    Renewed,
    /// Another key was used.
    Key,
    /// Another target was tried.
    Moved(String),
    /// Another target was tried concurrently: the first of the two to answer counts.
    Hedged(String),
    /// The same target was asked for a whole answer because it did not continue the partial one.
    Restarted,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With an answer.
    Success,
    /// The provider reported an error.
    Provider {
        /// The kind of error.
        kind: ErrorKind,
        /// The status; `None` inside a stream.
        status: Option<u16>,
        /// The provider's message.
        message: String,
    },
    /// No connection.
    Connect(String),
    /// A time limit passed.
    Timeout(Expired),
    /// The answer could not be read.
    Unreadable(String),
    /// The answer broke off before its end.
    Interrupted(String),
    /// No attempt: the target was skipped for this reason.
    Skipped(String),
    /// The attempt was cancelled for this reason.
    Cancelled(String),
}

impl From<&Failure> for Outcome {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Provider(error) => {
                Self::Provider { kind: error.kind, status: error.status, message: error.message.clone() }
            }
            Failure::Connect(what) | Failure::Config(what) => Self::Connect(what.clone()),
            Failure::Timeout(expired) => Self::Timeout(*expired),
            Failure::Interrupted(what) => Self::Interrupted(what.clone()),
            Failure::Unreadable(answer) => Self::Unreadable(answer.message.clone()),
            Failure::Unsupported(field) => Self::Unreadable(field.to_string()),
            Failure::Limited(_) | Failure::Budget(_) => Self::Skipped(failure.to_string()),
        }
    }
}
