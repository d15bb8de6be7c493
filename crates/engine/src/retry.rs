//! Failed attempts, and whether a retry may help.

use crate::failure::{Expired, Failure, TimeoutKind};

/// An attempt that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) again: Again,
    /// Whether the server may have been processing the request when it failed.
    pub(crate) began: bool,
}

/// Whether a retry may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// No.
    Never,
    /// Yes, after a while.
    Later,
    /// Yes, immediately: a kept-alive connection was dead, or the server says that it did not process the request. Once
    /// per call this does not count as a retry.
    AtOnce,
}

impl Failed {
    pub(crate) fn new(failure: Failure, again: Again) -> Self {
        Self { failure, again, began: false }
    }

    /// Whether the provider denies access to what was requested: another key may have it.
    pub(crate) fn is_refused_access(&self) -> bool {
        matches!(&self.failure, Failure::Provider(error) if matches!(error.status, Some(401..=403)))
    }

    /// Whether the provider may have refused the credentials.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(&self.failure, Failure::Provider(error) if matches!(error.status, Some(400 | 401 | 403)))
    }
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        let again = match &failure {
            Failure::Provider(error) if error.retryable => Again::Later,
            Failure::Connect(_)
            | Failure::Interrupted(_)
            | Failure::Timeout(Expired {
                kind:
                    TimeoutKind::Connect | TimeoutKind::FirstByte | TimeoutKind::FirstToken | TimeoutKind::Idle,
                ..
            }) => Again::Later,
            Failure::Provider(_)
            | Failure::Timeout(Expired { kind: TimeoutKind::Total, .. })
            | Failure::Unreadable(_)
            | Failure::Unsupported(_)
            | Failure::Config(_)
            | Failure::Limited(_)
            | Failure::Budget(_) => Again::Never,
        };
        Self { failure, again, began: false }
    }
}
