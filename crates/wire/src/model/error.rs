//! Provider errors.

use alloc::{string::String, vec::Vec};
use core::{fmt, time::Duration};

/// What went wrong, in the words of `docs/errors.md`; each kind is one Python exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The key is missing, wrong or expired.
    Authentication,
    /// The key may not do this.
    PermissionDenied,
    /// No such model, deployment or address.
    NotFound,
    /// The request itself is wrong.
    InvalidRequest,
    /// The prompt is longer than the model can read.
    ContextLength,
    /// A safety filter refused.
    ContentFiltered,
    /// Too many requests or tokens for now.
    RateLimited,
    /// Nothing left to spend.
    QuotaExceeded,
    /// The provider is too busy.
    Overloaded,
    /// The provider gave up waiting for itself.
    Timeout,
    /// The provider failed.
    Server,
    /// The stream ended before its end.
    StreamInterrupted,
    /// The provider says that the caller went away.
    Cancelled,
}

impl ErrorKind {
    /// Whether the same request may succeed when sent again, where the provider says nothing else.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::Overloaded | Self::Timeout | Self::Server | Self::StreamInterrupted
        )
    }
}

/// Where a retry delay was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelaySource {
    /// The `retry-after-ms` header.
    RetryAfterMilliseconds,
    /// The `retry-after` header, in seconds or as a date.
    RetryAfter,
    /// `google.rpc.RetryInfo` in the body.
    RetryInfo,
    /// A header that says when a limit is renewed.
    RateLimitReset,
    /// The text of the message, or a field of the body.
    Body,
}

/// How long the provider asks us to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// That long.
    pub delay: Duration,
    /// Where it said so.
    pub source: DelaySource,
}

/// A provider's error answer, or an error inside a stream.
///
/// `body` is bounded and has no credentials in it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Whether sending the same request again may help, `x-should-retry` considered.
    pub retryable: bool,
    /// The HTTP status; `None` inside a stream.
    pub status: Option<u16>,
    /// The provider's code, as text whatever its type.
    pub code: Option<String>,
    /// The provider's type of error.
    pub error_type: Option<String>,
    /// The parameter at fault.
    pub param: Option<String>,
    /// What the provider says about it.
    pub message: String,
    /// What the client knows of it besides, to show after the message: the address, or where the key came from.
    pub note: String,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How long to wait before sending it again.
    pub retry_after: Option<RetryAfter>,
    /// The beginning of the body, credentials masked.
    pub body: String,
}

impl ProviderError {
    /// An error of `kind` that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            retryable: kind.is_retryable(),
            status: None,
            code: None,
            error_type: None,
            param: None,
            message: message.into(),
            note: String::new(),
            request_id: None,
            retry_after: None,
            body: String::new(),
        }
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut notes: Vec<String> = Vec::new();
        if let Some(status) = self.status {
            notes.push(alloc::format!("status {status}"));
        }
        if let Some(code) = &self.code {
            notes.push(alloc::format!("code {code}"));
        }
        formatter.write_str(&self.message)?;
        formatter.write_str(&self.note)?;
        if !notes.is_empty() {
            write!(formatter, " ({})", notes.join(", "))?;
        }
        Ok(())
    }
}

impl core::error::Error for ProviderError {}
