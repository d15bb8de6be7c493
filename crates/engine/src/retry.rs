//! Failed attempts, and whether another one may help.

use crate::failure::{Failure, TimeoutKind};

/// An attempt that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) again: Again,
}

/// Whether another attempt may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// No.
    Never,
    /// Yes, after a while.
    Later,
    /// Yes, and there is nothing to wait for: a kept connection had been closed by the other side.
    AtOnce,
}

impl Failed {
    pub(crate) fn new(failure: Failure, again: Again) -> Self {
        Self { failure, again }
    }

    /// Whether the provider cannot be reached, after `made` attempts: a kept connection that had been closed says
    /// nothing yet, where it may be tried again.
    pub(crate) fn is_unreached(&self, made: u32, max_retries: u32) -> bool {
        match self.failure {
            Failure::Connect(_) => self.again != Again::AtOnce || made > max_retries.min(1),
            Failure::Timeout(kind) => kind == TimeoutKind::Connect,
            _ => false,
        }
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
            Failure::Connect(_) | Failure::Interrupted(_) => Again::Later,
            Failure::Timeout(TimeoutKind::Connect | TimeoutKind::FirstByte | TimeoutKind::Idle) => {
                Again::Later
            }
            Failure::Provider(_)
            | Failure::Timeout(TimeoutKind::Total)
            | Failure::Unreadable(_)
            | Failure::Unsupported(_)
            | Failure::Config(_) => Again::Never,
        };
        Self { failure, again }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrule_wire::model::{ErrorKind, ProviderError};

    #[test]
    fn a_provider_is_left_when_it_cannot_be_reached() {
        let refused: Failed = Failure::Connect(String::new()).into();
        assert!(refused.is_unreached(1, 2) && refused.is_unreached(1, 0));
        assert!(Failed::from(Failure::Timeout(TimeoutKind::Connect)).is_unreached(1, 2));
        let stale = Failed::new(Failure::Connect(String::new()), Again::AtOnce);
        assert!(!stale.is_unreached(1, 2) && stale.is_unreached(2, 2) && stale.is_unreached(1, 0));
        for answered in [
            Failed::from(Failure::Provider(Box::new(ProviderError::new(ErrorKind::Server, "no")))),
            Failure::Timeout(TimeoutKind::FirstByte).into(),
            Failure::Interrupted(String::new()).into(),
        ] {
            assert!(!answered.is_unreached(3, 2));
        }
    }
}
