//! Whether a failed attempt is repeated, and after how long.

use crate::{Failure, TimeoutKind};
use ferrule_wire::model::ErrorKind;
use std::time::Duration;

/// An attempt that failed.
#[derive(Debug)]
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

const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(8);
const LONGEST_DELAY_OVERLOADED: Duration = Duration::from_secs(30);
/// A provider that asks for more than this is reported rather than waited for.
const LONGEST_ASKED: Duration = Duration::from_secs(120);
const JITTER: f64 = 0.25;

/// How long to wait before the next attempt; `None`: give up. `attempts` were made, `remaining` is left of the call's
/// time.
pub(crate) fn delay(
    failed: &Failed,
    attempts: u32,
    max_retries: u32,
    remaining: Duration,
) -> Option<Duration> {
    if attempts > max_retries || failed.again == Again::Never {
        return None;
    }
    let (asked, longest) = match &failed.failure {
        Failure::Provider(error) => (
            error.retry_after.map(|asked| asked.delay).filter(|delay| !delay.is_zero()),
            if error.kind == ErrorKind::Overloaded { LONGEST_DELAY_OVERLOADED } else { LONGEST_DELAY },
        ),
        _ => (None, LONGEST_DELAY),
    };
    let delay = match asked {
        Some(asked) if asked > LONGEST_ASKED => return None,
        Some(asked) => asked,
        None if failed.again == Again::AtOnce && attempts == 1 => Duration::ZERO,
        None => {
            let doubled = FIRST_DELAY.saturating_mul(1 << attempts.saturating_sub(1).min(16));
            // Callers that failed together should not come back together.
            doubled.min(longest).mul_f64(1.0 - JITTER * fastrand::f64())
        }
    };
    (delay < remaining).then_some(delay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrule_wire::model::{DelaySource, ProviderError, RetryAfter};

    const HOUR: Duration = Duration::from_secs(3600);

    fn provider(kind: ErrorKind, asked: Option<Duration>) -> Failed {
        let mut error = ProviderError::new(kind, "no");
        error.retry_after = asked.map(|delay| RetryAfter { delay, source: DelaySource::RetryAfter });
        Failure::Provider(Box::new(error)).into()
    }

    #[test]
    fn doubles_up_to_its_cap_with_jitter() {
        for (kind, caps) in [(ErrorKind::Server, [0.5, 1.0, 8.0]), (ErrorKind::Overloaded, [0.5, 1.0, 30.0])]
        {
            for (attempts, full) in [1, 2, 30].into_iter().zip(caps) {
                for _ in 0..50 {
                    let waited = delay(&provider(kind, None), attempts, 99, HOUR).unwrap().as_secs_f64();
                    assert!(waited <= full && waited >= full * 0.75, "{waited} {full}");
                }
            }
        }
    }

    #[test]
    fn asks_the_provider_first_up_to_two_minutes_and_the_deadline() {
        let asked = |seconds| provider(ErrorKind::RateLimited, Some(Duration::from_secs(seconds)));
        assert_eq!(delay(&asked(120), 1, 2, HOUR), Some(Duration::from_secs(120)));
        assert_eq!(delay(&asked(121), 1, 2, HOUR), None);
        assert_eq!(delay(&asked(20), 1, 2, Duration::from_secs(20)), None);
        assert_eq!(delay(&asked(20), 1, 2, Duration::from_secs(21)), Some(Duration::from_secs(20)));
        assert!(delay(&asked(0), 1, 2, HOUR).unwrap() >= Duration::from_millis(375));
    }

    #[test]
    fn a_provider_is_left_when_it_cannot_be_reached() {
        let refused: Failed = Failure::Connect(String::new()).into();
        assert!(refused.is_unreached(1, 2) && refused.is_unreached(1, 0));
        assert!(Failed::from(Failure::Timeout(TimeoutKind::Connect)).is_unreached(1, 2));
        let stale = Failed::new(Failure::Connect(String::new()), Again::AtOnce);
        assert!(!stale.is_unreached(1, 2) && stale.is_unreached(2, 2) && stale.is_unreached(1, 0));
        for answered in [
            provider(ErrorKind::Server, None),
            Failure::Timeout(TimeoutKind::FirstByte).into(),
            Failure::Interrupted(String::new()).into(),
        ] {
            assert!(!answered.is_unreached(3, 2));
        }
    }

    #[test]
    fn knows_what_cannot_be_helped() {
        assert_eq!(delay(&provider(ErrorKind::Authentication, None), 1, 2, HOUR), None);
        assert_eq!(delay(&Failure::Timeout(TimeoutKind::Total).into(), 1, 2, HOUR), None);
        assert_eq!(delay(&Failure::Unreadable(String::new()).into(), 1, 2, HOUR), None);
        assert_eq!(delay(&Failed::new(Failure::Connect(String::new()), Again::Never), 1, 2, HOUR), None);
        assert!(delay(&Failure::Timeout(TimeoutKind::Connect).into(), 1, 2, HOUR).is_some());
        assert!(delay(&Failure::Timeout(TimeoutKind::FirstByte).into(), 2, 2, HOUR).is_some());
        assert_eq!(delay(&Failure::Timeout(TimeoutKind::FirstByte).into(), 3, 2, HOUR), None);
        let stale = Failed::new(Failure::Connect(String::new()), Again::AtOnce);
        assert_eq!(delay(&stale, 1, 2, HOUR), Some(Duration::ZERO));
        assert!(delay(&stale, 2, 2, HOUR).unwrap() > Duration::ZERO);
    }
}
