//! Call plan: what follows a failed attempt. Pure: no clock, no I/O; `call.rs` executes it.
//!
//! A provider that cannot be reached is left at once for the next candidate, where there is one; other failures that
//! another attempt may help are retried after a delay, with the same candidate. Groups of candidates, circuit breakers
//! and retry budgets have their place here.

use crate::{
    failure::Failure,
    reply::{Attempt, Outcome},
    retry::{Again, Failed},
};
use ferrule_wire::model::ErrorKind;
use std::time::Duration;

const FIRST_DELAY: Duration = Duration::from_millis(500);
const MAX_DELAY: Duration = Duration::from_secs(8);
const MAX_DELAY_OVERLOADED: Duration = Duration::from_secs(30);
/// A provider that asks for more than this is reported rather than waited for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);
const JITTER: f64 = 0.25;

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask the same candidate again after this delay.
    Retry(Duration),
    /// Renew the candidate's credentials and ask it again at once.
    RenewCredentials,
    /// Ask the next candidate at once.
    NextCandidate,
    /// Report the failure.
    GiveUp,
}

/// How far a call got.
#[derive(Debug)]
pub(crate) struct Plan {
    max_retries: u32,
    /// Candidates that were not asked yet.
    left: usize,
    /// All attempts, of all candidates.
    attempts: Vec<Attempt>,
    /// The delay before the attempt that comes next.
    waited: Duration,
    /// Attempts of this candidate, without those that only its credentials were renewed for.
    made: u32,
    /// Whether this candidate's credentials were to be renewed already.
    renewed: bool,
    /// Whether an attempt that could not count was repeated already.
    repeated: bool,
}

impl Plan {
    /// The plan of a call that is about to ask the first of so many candidates.
    pub(crate) fn first(candidates: usize, max_retries: u32) -> Self {
        let left = candidates.saturating_sub(1);
        Self {
            max_retries,
            left,
            attempts: Vec::new(),
            waited: Duration::ZERO,
            made: 0,
            renewed: false,
            repeated: false,
        }
    }

    /// Records an attempt that ended.
    pub(crate) fn record(&mut self, provider: &str, model: &str, outcome: Outcome, duration: Duration) {
        let (provider, model) = (provider.to_owned(), model.to_owned());
        self.attempts.push(Attempt { provider, model, outcome, duration, waited: self.waited });
    }

    /// How many attempts there were.
    pub(crate) fn attempts(&self) -> usize {
        self.attempts.len()
    }

    pub(crate) fn into_attempts(self) -> Vec<Attempt> {
        self.attempts
    }

    /// What to do after an attempt that ended with `failed`, when `remaining` is left of the call's time. `has_grant`
    /// says whether it was authorised with something that may be renewed.
    pub(crate) fn after(&mut self, failed: &Failed, has_grant: bool, remaining: Duration) -> Step {
        if failed.again == Again::AtOnce && !self.repeated && !remaining.is_zero() {
            self.repeated = true;
            self.waited = Duration::ZERO;
            return Step::Retry(Duration::ZERO);
        }
        self.made = self.made.saturating_add(1);
        if has_grant && !self.renewed && failed.is_refusal() && !remaining.is_zero() {
            self.renewed = true;
            return Step::RenewCredentials;
        }
        self.instead(failed, remaining)
    }

    /// What to do where what was to be done cannot be: the credentials stay the same, or the next candidate cannot be
    /// asked.
    pub(crate) fn instead(&mut self, failed: &Failed, remaining: Duration) -> Step {
        if self.left > 0 && failed.is_unreached() && !remaining.is_zero() {
            self.left -= 1;
            return Step::NextCandidate;
        }
        match delay(failed, self.made, self.max_retries, remaining) {
            Some(delay) => {
                self.waited = delay;
                Step::Retry(delay)
            }
            None => Step::GiveUp,
        }
    }

    /// The credentials were renewed: the attempt before does not count.
    pub(crate) fn renewed(&mut self) {
        self.made = self.made.saturating_sub(1);
        self.waited = Duration::ZERO;
    }

    /// The next candidate is about to be asked. It has retries of its own.
    pub(crate) fn moved(&mut self) {
        (self.made, self.renewed, self.repeated, self.waited) = (0, false, false, Duration::ZERO);
    }
}

/// How long to wait before the next attempt; `None`: give up. `attempts` were made, `remaining` is left of the call's
/// time.
fn delay(failed: &Failed, attempts: u32, max_retries: u32, remaining: Duration) -> Option<Duration> {
    if attempts > max_retries || failed.again == Again::Never {
        return None;
    }
    let (asked, longest) = match &failed.failure {
        Failure::Provider(error) => (
            error.retry_after.map(|asked| asked.delay).filter(|delay| !delay.is_zero()),
            if error.kind == ErrorKind::Overloaded { MAX_DELAY_OVERLOADED } else { MAX_DELAY },
        ),
        _ => (None, MAX_DELAY),
    };
    let delay = match asked {
        Some(asked) if asked > MAX_RETRY_AFTER => return None,
        Some(asked) => asked,
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
    use crate::{failure::TimeoutKind, retry::Failed};
    use ferrule_wire::model::{DelaySource, ProviderError, RetryAfter};
    use proptest::prelude::*;

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
    fn knows_what_cannot_be_helped() {
        assert_eq!(delay(&provider(ErrorKind::Authentication, None), 1, 2, HOUR), None);
        assert_eq!(delay(&Failure::Timeout(TimeoutKind::Total).into(), 1, 2, HOUR), None);
        assert_eq!(delay(&Failure::unreadable("").into(), 1, 2, HOUR), None);
        assert_eq!(delay(&Failed::new(Failure::Connect(String::new()), Again::Never), 1, 2, HOUR), None);
        assert!(delay(&Failure::Timeout(TimeoutKind::Connect).into(), 1, 2, HOUR).is_some());
        assert!(delay(&Failure::Timeout(TimeoutKind::FirstByte).into(), 2, 2, HOUR).is_some());
        assert_eq!(delay(&Failure::Timeout(TimeoutKind::FirstByte).into(), 3, 2, HOUR), None);
    }

    #[test]
    fn what_was_not_processed_is_repeated_once_and_not_counted() {
        let stale = Failed::new(Failure::Connect(String::new()), Again::AtOnce);
        let mut plan = Plan::first(1, 0);
        assert_eq!(plan.after(&stale, false, HOUR), Step::Retry(Duration::ZERO));
        assert_eq!(plan.after(&stale, false, HOUR), Step::GiveUp);
        let mut plan = Plan::first(2, 1);
        assert_eq!(
            plan.after(&stale, false, HOUR),
            Step::Retry(Duration::ZERO),
            "before anybody else is asked"
        );
        assert_eq!(plan.after(&stale, false, HOUR), Step::NextCandidate);
        plan.moved();
        assert_eq!(plan.after(&stale, false, HOUR), Step::Retry(Duration::ZERO));
        assert!(matches!(plan.after(&stale, false, HOUR), Step::Retry(delay) if !delay.is_zero()));
        assert_eq!(Plan::first(1, 2).after(&stale, false, Duration::ZERO), Step::GiveUp);
    }

    #[test]
    fn a_provider_that_cannot_be_reached_is_left_for_the_next_candidate() {
        let refused: Failed = Failure::Connect(String::new()).into();
        let mut plan = Plan::first(2, 2);
        assert_eq!(plan.after(&refused, false, HOUR), Step::NextCandidate);
        plan.moved();
        assert!(matches!(plan.after(&refused, false, HOUR), Step::Retry(_)), "there is nobody else");

        // A candidate that cannot be asked: the first one's retries go on.
        let mut plan = Plan::first(2, 1);
        assert_eq!(plan.after(&refused, false, HOUR), Step::NextCandidate);
        assert!(matches!(plan.instead(&refused, HOUR), Step::Retry(_)));
        assert_eq!(plan.after(&refused, false, HOUR), Step::GiveUp);
        assert_eq!(Plan::first(2, 1).after(&refused, false, Duration::ZERO), Step::GiveUp);
    }

    #[test]
    fn credentials_are_renewed_once_and_for_refusals_only() {
        let mut error = ProviderError::new(ErrorKind::Authentication, "no");
        error.status = Some(401);
        let refused: Failed = Failure::Provider(Box::new(error)).into();
        let mut plan = Plan::first(1, 2);
        assert_eq!(plan.after(&refused, true, HOUR), Step::RenewCredentials);
        plan.renewed();
        assert_eq!(plan.after(&refused, true, HOUR), Step::GiveUp);
        assert_eq!(Plan::first(1, 2).after(&refused, false, HOUR), Step::GiveUp);
        let mut plan = Plan::first(1, 2);
        assert_eq!(plan.after(&refused, true, HOUR), Step::RenewCredentials);
        assert_eq!(plan.instead(&refused, HOUR), Step::GiveUp, "where they cannot be renewed");
        let busy = provider(ErrorKind::Server, None);
        assert!(matches!(Plan::first(1, 2).after(&busy, true, HOUR), Step::Retry(_)));
    }

    /// One attempt, of seconds `lasting`, that failed in some way.
    fn failures() -> impl Strategy<Value = (Failed, u64)> {
        let asked = proptest::option::of(0_u64..200);
        let kinds = prop_oneof![
            Just(ErrorKind::Server),
            Just(ErrorKind::Overloaded),
            Just(ErrorKind::RateLimited),
            Just(ErrorKind::Authentication),
        ];
        let reported = (kinds, asked, proptest::option::of(prop_oneof![Just(401_u16), Just(500)])).prop_map(
            |(kind, asked, status)| {
                let Failed { mut failure, again, began } = provider(kind, asked.map(Duration::from_secs));
                if let Failure::Provider(error) = &mut failure {
                    error.status = status;
                }
                Failed { failure, again, began }
            },
        );
        let failed = prop_oneof![
            reported,
            Just(Failure::Connect(String::new()).into()),
            Just(Failed::new(Failure::Connect(String::new()), Again::AtOnce)),
            Just(Failed::new(Failure::Connect(String::new()), Again::Never)),
            Just(Failure::Timeout(TimeoutKind::Connect).into()),
            Just(Failure::Timeout(TimeoutKind::FirstByte).into()),
            Just(Failure::Interrupted(String::new()).into()),
            Just(Failure::unreadable("").into()),
        ];
        (failed, 0_u64..30)
    }

    proptest! {
        /// Whatever fails, and however often: the call ends, within its time and its attempts.
        #[test]
        fn every_call_ends_within_its_bounds(
            candidates in 1_usize..5,
            max_retries in 0_u32..5,
            time in 0_u64..300,
            failures in proptest::collection::vec((failures(), any::<bool>(), any::<bool>()), 64),
        ) {
            let mut plan = Plan::first(candidates, max_retries);
            let mut remaining = Duration::from_secs(time);
            let (mut asked, mut of_this, mut renewals, mut moves) = (0, 0, 0, 0);
            let mut repeats = 0;
            let mut ended = false;
            for ((failed, lasting), can_be_done, has_grant) in failures {
                (asked, of_this) = (asked + 1, of_this + 1);
                plan.record("p", "m", Outcome::from(&failed.failure), Duration::from_secs(lasting));
                remaining = remaining.saturating_sub(Duration::from_secs(lasting));
                let mut next = plan.after(&failed, has_grant, remaining);
                loop {
                    match &next {
                        Step::RenewCredentials if can_be_done => {
                            prop_assert!(has_grant && failed.is_refusal());
                            renewals += 1;
                            plan.renewed();
                            break;
                        }
                        Step::NextCandidate if can_be_done => {
                            (moves, of_this, renewals, repeats) = (moves + 1, 0, 0, 0);
                            plan.moved();
                            break;
                        }
                        Step::Retry(delay) => {
                            if delay.is_zero() {
                                prop_assert!(failed.again == Again::AtOnce);
                                repeats += 1;
                            }
                            prop_assert!(*delay < remaining, "never past the deadline");
                            prop_assert!(failed.again != Again::Never);
                            if let Failure::Provider(error) = &failed.failure
                                && let Some(after) = error.retry_after.filter(|after| !after.delay.is_zero())
                            {
                                prop_assert!(*delay == after.delay && *delay <= MAX_RETRY_AFTER);
                            }
                            prop_assert_eq!(plan.waited, *delay);
                            remaining -= *delay;
                            break;
                        }
                        Step::GiveUp => {
                            ended = true;
                            break;
                        }
                        Step::RenewCredentials | Step::NextCandidate => {}
                    }
                    next = plan.instead(&failed, remaining);
                }
                prop_assert!(renewals <= 1 && repeats <= 1 && moves < candidates);
                prop_assert!(of_this <= max_retries + 1 + renewals + repeats, "attempts of one candidate");
                if ended {
                    break;
                }
            }
            prop_assert!(ended, "every call ends");
            prop_assert_eq!(plan.into_attempts().len(), asked);
        }
    }
}
