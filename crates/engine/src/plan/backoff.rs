//! Backoff: the delay before a failed candidate is retried.

use crate::{failure::Failure, policy_options::RetryPolicy, retry::Failed};
use ferrule_wire::model::ErrorKind;
use std::time::Duration;

const MAX_DELAY: Duration = Duration::from_secs(8);
const MAX_DELAY_OVERLOADED: Duration = Duration::from_secs(30);
/// If a provider asks for a longer delay than this, the failure is reported instead of waiting.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);
const JITTER: f64 = 0.25;

/// The delay after the last of `attempts`, which ended with `failed`; `None` if the provider asks for more than
/// `MAX_RETRY_AFTER`.
pub(super) fn delay(failed: &Failed, attempts: u32, policy: &RetryPolicy) -> Option<Duration> {
    let (asked, longest) = match &failed.failure {
        Failure::Provider(error) => (
            error.retry_after.map(|asked| asked.delay).filter(|delay| !delay.is_zero()),
            if error.kind == ErrorKind::Overloaded { MAX_DELAY_OVERLOADED } else { MAX_DELAY },
        ),
        _ => (None, MAX_DELAY),
    };
    if let Some(asked) = asked {
        return (asked <= MAX_RETRY_AFTER).then_some(asked);
    }
    let doubled = policy.backoff.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    // Jitter: callers that failed together should not retry together.
    Some(doubled.min(policy.backoff_max.unwrap_or(longest)).mul_f64(1.0 - JITTER * fastrand::f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy_options::RetryOptions;
    use ferrule_wire::model::{DelaySource, ProviderError, RetryAfter};

    fn provider(kind: ErrorKind, asked: Option<u64>) -> Failed {
        let mut error = ProviderError::new(kind, "no");
        error.retry_after = asked
            .map(|asked| RetryAfter { delay: Duration::from_secs(asked), source: DelaySource::RetryAfter });
        Failure::Provider(Box::new(error)).into()
    }

    #[test]
    fn doubles_up_to_its_cap_with_jitter() {
        let policy = RetryOptions::default().policy();
        for (kind, caps) in [(ErrorKind::Server, [0.5, 1.0, 8.0]), (ErrorKind::Overloaded, [0.5, 1.0, 30.0])]
        {
            for (attempts, full) in [1, 2, 30].into_iter().zip(caps) {
                for _ in 0..50 {
                    let waited = delay(&provider(kind, None), attempts, &policy).unwrap().as_secs_f64();
                    assert!(waited <= full && waited >= full * 0.75, "{waited} {full}");
                }
            }
        }
        let own = RetryOptions { backoff_max: Some(Duration::from_secs(1)), ..RetryOptions::default() };
        assert!(
            delay(&provider(ErrorKind::Overloaded, None), 9, &own.policy()).unwrap()
                <= Duration::from_secs(1)
        );
    }

    #[test]
    fn asks_the_provider_first_up_to_two_minutes() {
        let policy = RetryOptions::default().policy();
        let asked = |seconds| delay(&provider(ErrorKind::RateLimited, Some(seconds)), 1, &policy);
        assert_eq!(asked(120), Some(Duration::from_secs(120)));
        assert_eq!(asked(121), None);
        assert!(asked(0).unwrap() >= Duration::from_millis(375));
    }
}
