//! Failover reasons: the kind of failure that ended an attempt, and the kinds that lead to another target.

use crate::{
    failure::{Expired, Failure, TimeoutKind},
    retry::Failed,
};
use ferrule_wire::model::{ErrorKind, ProviderError};

macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident = $name:literal,)*) => {
        /// The kind of a failure, as far as it decides which target is tried next.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Reason { $($(#[$doc])* $reason,)* }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$reason,)*];

            /// Its name in `failover_on` and in lists of attempts.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$reason => $name,)* }
            }
        }
    };
}

reasons! {
    /// No connection, or it broke before an answer.
    Connect = "connect",
    /// The target was silent for too long, or reported a timeout itself.
    Timeout = "timeout",
    /// The target failed.
    Server = "server_error",
    /// The target is too busy.
    Overloaded = "overloaded",
    /// Too many requests or tokens for now.
    RateLimited = "rate_limited",
    /// The quota is used up.
    Quota = "quota_exceeded",
    /// The key is refused, or cannot be obtained.
    Key = "authentication",
    /// The answer broke off.
    Interrupted = "interrupted",
    /// The answer cannot be read.
    Unreadable = "unreadable",
    /// The model is unknown, retired or forbidden there.
    Model = "model_unavailable",
    /// The prompt is too long for the model.
    ContextLength = "context_length",
    /// A content filter refused.
    ContentFilter = "content_filter",
    /// The request is invalid, as it would be at every target.
    InvalidRequest = "invalid_request",
    /// The call's own time is up, or its caller is gone.
    Ended = "ended",
}

impl Reason {
    /// Why the attempt failed.
    pub(crate) fn from_attempt(failed: &Failed) -> Self {
        Self::from_failure(&failed.failure)
    }

    /// Why an attempt with this failure failed.
    pub fn from_failure(failure: &Failure) -> Self {
        match failure {
            Failure::Provider(error) => Self::from_provider_error(error),
            Failure::Connect(_) => Self::Connect,
            Failure::Timeout(Expired { kind: TimeoutKind::Total, .. }) => Self::Ended,
            Failure::Timeout(_) => Self::Timeout,
            Failure::Interrupted(_) => Self::Interrupted,
            Failure::Unreadable(_) => Self::Unreadable,
            Failure::Unsupported(_) => Self::InvalidRequest,
            // The only such failure found by an attempt: credentials that cannot be obtained.
            Failure::Config(_) => Self::Key,
            // These end a call before an attempt.
            Failure::Limited(_) => Self::RateLimited,
            Failure::Budget(_) => Self::Quota,
        }
    }

    fn from_provider_error(error: &ProviderError) -> Self {
        match error.kind {
            ErrorKind::PermissionDenied if mentions_the_model(error) => Self::Model,
            ErrorKind::Authentication | ErrorKind::PermissionDenied => Self::Key,
            ErrorKind::NotFound if mentions_something_else(error) => Self::InvalidRequest,
            ErrorKind::NotFound => Self::Model,
            ErrorKind::InvalidRequest if matches!(error.status, Some(404 | 410)) => Self::Model,
            ErrorKind::InvalidRequest => Self::InvalidRequest,
            ErrorKind::ContextLength => Self::ContextLength,
            ErrorKind::ContentFiltered => Self::ContentFilter,
            ErrorKind::RateLimited => Self::RateLimited,
            ErrorKind::QuotaExceeded => Self::Quota,
            ErrorKind::Overloaded => Self::Overloaded,
            ErrorKind::Timeout => Self::Timeout,
            ErrorKind::Server => Self::Server,
            ErrorKind::StreamInterrupted => Self::Interrupted,
            ErrorKind::Cancelled => Self::Ended,
        }
    }

    /// Whether the key is to blame rather than the target, so that another key is tried first.
    pub(crate) fn is_of_the_key(self) -> bool {
        matches!(self, Self::Key | Self::Quota | Self::RateLimited)
    }

    /// Whether it means that the target itself is unhealthy, which its circuit breaker counts.
    pub(crate) fn is_of_health(self) -> bool {
        matches!(
            self,
            Self::Connect
                | Self::Timeout
                | Self::Server
                | Self::Overloaded
                | Self::Interrupted
                | Self::Unreadable
        )
    }
}

/// A missing permission for one model does not make the key invalid.
fn mentions_the_model(error: &ProviderError) -> bool {
    let said = |text: &str| text.to_ascii_lowercase().contains("model");
    error.code.as_deref().is_some_and(said)
        || error.param.as_deref().is_some_and(said)
        || said(&error.message)
}

/// A missing object that a request refers to, such as a file, is not a failure of the target.
fn mentions_something_else(error: &ProviderError) -> bool {
    const OTHERS: [&str; 7] = [
        "file",
        "response",
        "conversation",
        "container",
        "vector store",
        "cachedcontent",
        "previous_response",
    ];
    let message = error.message.to_ascii_lowercase();
    !mentions_the_model(error) && OTHERS.iter().any(|other| message.contains(other))
}

/// The reasons for which another target is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailoverOn(u32);

impl Default for FailoverOn {
    /// All that another target may avoid. A content filter is not routed around unless a group says so.
    fn default() -> Self {
        let not = [Reason::ContentFilter, Reason::InvalidRequest, Reason::Ended];
        Reason::ALL.iter().copied().filter(|reason| !not.contains(reason)).collect()
    }
}

impl FailoverOn {
    /// Whether another target is tried for this reason.
    pub const fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u8) != 0
    }

    /// The reasons with these names; the error names the first unknown one.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let known = || Reason::ALL.iter().copied().filter(|reason| *reason != Reason::Ended);
        let find = |name: &str| {
            known().find(|reason| reason.name() == name).ok_or_else(|| {
                let names: Vec<&str> = known().map(Reason::name).collect();
                format!("there is no reason {name:?}; there are {}", names.join(", "))
            })
        };
        names.into_iter().map(find).collect()
    }
}

impl FromIterator<Reason> for FailoverOn {
    fn from_iter<T: IntoIterator<Item = Reason>>(reasons: T) -> Self {
        Self(reasons.into_iter().fold(0, |set, reason| set | 1 << reason as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(kind: ErrorKind, message: &str) -> Reason {
        Reason::from_failure(&Failure::Provider(Box::new(ProviderError::new(kind, message))))
    }

    #[test]
    fn a_forbidden_model_does_not_invalidate_the_key() {
        assert_eq!(provider(ErrorKind::PermissionDenied, "no access to model gpt-9"), Reason::Model);
        assert_eq!(provider(ErrorKind::PermissionDenied, "country not supported"), Reason::Key);
        assert_eq!(provider(ErrorKind::NotFound, "gone"), Reason::Model);
        assert_eq!(provider(ErrorKind::NotFound, "No such file: file-1"), Reason::InvalidRequest);
        assert_eq!(provider(ErrorKind::NotFound, "No file of a model called x"), Reason::Model);
        assert_eq!(provider(ErrorKind::InvalidRequest, "wrong model parameters"), Reason::InvalidRequest);
    }

    #[test]
    fn a_filter_and_a_wrong_request_stop_unless_named() {
        let usual = FailoverOn::default();
        for reason in [Reason::ContentFilter, Reason::InvalidRequest, Reason::Ended] {
            assert!(!usual.contains(reason));
        }
        for reason in [Reason::Connect, Reason::Key, Reason::Unreadable, Reason::ContextLength] {
            assert!(usual.contains(reason));
        }
        let named = FailoverOn::named(["timeout", "content_filter"]).unwrap();
        assert!(named.contains(Reason::ContentFilter) && !named.contains(Reason::Server));
        assert!(FailoverOn::named(["tiemout"]).unwrap_err().contains("timeout, server_error"));
        assert!(FailoverOn::named(["ended"]).is_err());
    }
}
