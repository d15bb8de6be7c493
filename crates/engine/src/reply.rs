//! Replies, and the attempts that led to them.

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

/// The answer to a plain call.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What the model said.
    pub response: Response,
    /// The body it came in.
    pub raw: Bytes,
    /// The provider that answered.
    pub provider: String,
    /// The provider's id of the request, from its headers.
    pub request_id: Option<String>,
    /// The headers that it came with.
    pub headers: ReplyHeaders,
    /// Every attempt, the successful one last.
    pub attempts: Vec<Attempt>,
    /// How long it took.
    pub stats: Stats,
    /// What was left out because the dialect cannot carry it.
    pub dropped: Vec<UnsupportedField>,
    /// What it used and cost.
    pub settlement: Arc<Settlement>,
}

/// How long a call took, counted from its start, retries included.
#[derive(Clone, Copy, Debug)]
pub struct Stats {
    /// When the call started.
    pub started: Instant,
    /// Until the first text, reasoning or tool call (streams) or the whole body (plain calls).
    pub time_to_first_token: Option<Duration>,
    /// Until the end; `None` while a stream is open.
    pub duration: Option<Duration>,
}

/// One attempt of a call.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The provider asked.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// What distinguishes the target from others of the same provider and model.
    pub variant: Option<String>,
    /// The key that was used, masked, where there are several.
    pub key: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What kind of failure that is; `None` for a success, and for what was skipped.
    pub reason: Option<Reason>,
    /// When it began.
    pub started: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// How long we waited before it.
    pub waited: Duration,
    /// What was done then; `None` where the call ended with it.
    pub next: Option<Next>,
}

/// What was done after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The request was sent again: the connection that it went out on was dead.
    Repeated,
    /// The same target was asked again after a delay.
    Retried,
    /// Credentials were renewed.
    Renewed,
    /// Another key was used.
    Key,
    /// Another target was asked.
    Moved(String),
    /// Another target was asked as well: the first of the two that answers counts.
    Hedged(String),
    /// The same target was asked for a whole answer: it did not continue one.
    Restarted,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With an answer.
    Success,
    /// The provider reported an error.
    Provider {
        /// Of this kind.
        kind: ErrorKind,
        /// With this status; `None` inside a stream.
        status: Option<u16>,
        /// In these words.
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
    /// There was none: the target was passed over, for this reason.
    Skipped(String),
    /// There was none: the attempt was given up, for this reason.
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
