//! Keys: distribution by weight, handling of refused and rate-limited keys, and what survives a reload.

use super::{HeaderOfKeys, KeyRing, KeySettings, KeyStates};
use crate::{
    credentials::Authentication, failover::Reason, failure::Failure, options::TransportSettings,
    secrets::Secrets, tls::Tls,
};
use ferrule_wire::{
    breaker::BreakerSettings,
    dialect::KeyHeader,
    model::{DelaySource, ErrorKind, ProviderError, RetryAfter},
    rate_limits::{RateLimit, RateLimits},
};
use std::{sync::Arc, time::Duration};

const FIRST: &str = "sk-first-0123456789";
const SECOND: &str = "sk-second-012345678";
const BREAKER: fn() -> BreakerSettings = BreakerSettings::default;

fn ring_of(
    authentication: Authentication,
    keys: &[(&str, f64)],
    states: &KeyStates,
) -> Result<Arc<KeyRing>, String> {
    let keys: Vec<KeySettings> = keys.iter().map(|(key, weight)| KeySettings::new(*key, *weight)).collect();
    let how = HeaderOfKeys {
        authentication,
        key_header: KeyHeader::Bearer,
        base: "https://api.example.com/v1".parse().unwrap(),
        tls: Arc::new(Tls::read(&TransportSettings::default()).unwrap()),
    };
    KeyRing::new(&"main".into(), &keys, how, states, &mut Secrets::default())
}

fn ring(keys: &[(&str, f64)], states: &KeyStates) -> Arc<KeyRing> {
    ring_of(Authentication::Key, keys, states).unwrap()
}

fn failure(kind: ErrorKind, retry_after: Option<u64>) -> Failure {
    let mut error = ProviderError::new(kind, "no");
    error.retry_after = retry_after
        .map(|seconds| RetryAfter { delay: Duration::from_secs(seconds), source: DelaySource::RetryAfter });
    Failure::Provider(Box::new(error))
}

/// Takes a key and lets it fail this way; returns its index.
fn fail(ring: &Arc<KeyRing>, model: &str, kind: ErrorKind, retry_after: Option<u64>) -> usize {
    let mut key = ring.take(model, &[], &BREAKER(), false).unwrap();
    let failure = failure(kind, retry_after);
    key.fail(Reason::from_failure(&failure), &failure);
    key.index()
}

fn succeed(ring: &Arc<KeyRing>, model: &str) -> usize {
    let mut key = ring.take(model, &[], &BREAKER(), false).unwrap();
    key.succeed(Duration::from_millis(1));
    key.index()
}

#[tokio::test]
async fn keys_are_taken_in_turns_by_weight() {
    let states = KeyStates::default();
    let ring = ring(&[(FIRST, 3.0), (SECOND, 1.0), ("sk-third-0123456789", 1.0)], &states);
    let taken: Vec<usize> = (0..50).map(|_| succeed(&ring, "m")).collect();
    for (key, share) in [(0, 30), (1, 10), (2, 10)] {
        assert_eq!(taken.iter().filter(|one| **one == key).count(), share);
    }
    assert!(taken.windows(4).all(|four| four.iter().any(|one| *one != 0)), "{taken:?}");
}

#[tokio::test]
async fn tried_keys_are_not_taken_again() {
    let states = KeyStates::default();
    let ring = ring(&[(FIRST, 1.0), (SECOND, 1.0)], &states);
    assert_eq!(ring.take("m", &[0], &BREAKER(), false).unwrap().index(), 1);
    assert!(ring.has_another("m", &[0], &BREAKER()) && !ring.has_another("m", &[0, 1], &BREAKER()));
    assert!(ring.take("m", &[0, 1], &BREAKER(), false).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_rate_limited_key_is_suspended_at_its_model_for_the_given_time() {
    let states = KeyStates::default();
    let ring = ring(&[(FIRST, 1.0), (SECOND, 1.0)], &states);
    assert_eq!(fail(&ring, "a", ErrorKind::RateLimited, Some(20)), 0);
    for _ in 0..4 {
        assert_eq!(succeed(&ring, "a"), 1);
    }
    let elsewhere: Vec<usize> = (0..4).map(|_| succeed(&ring, "b")).collect();
    assert!(elsewhere.contains(&0), "{elsewhere:?}");
    tokio::time::advance(Duration::from_millis(20_001)).await;
    let again: Vec<usize> = (0..2).map(|_| succeed(&ring, "a")).collect();
    assert!(again.contains(&0), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_given_time_suspensions_grow() {
    let states = KeyStates::default();
    let ring = ring(&[(FIRST, 1.0)], &states);
    let mut rests = Vec::new();
    for _ in 0..6 {
        fail(&ring, "m", ErrorKind::RateLimited, None);
        let rest = ring.exhausted("m").unwrap().usable_in();
        rests.push(rest.as_secs());
        tokio::time::advance(rest + Duration::from_millis(1)).await;
    }
    assert_eq!(rests, [5, 10, 20, 40, 60, 60]);
    succeed(&ring, "m");
    fail(&ring, "m", ErrorKind::RateLimited, None);
    assert_eq!(ring.exhausted("m").unwrap().usable_in().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_tried_again_by_one_call_after_a_growing_pause() {
    let states = KeyStates::default();
    let ring = ring(&[(FIRST, 1.0)], &states);
    let mut pauses = Vec::new();
    for _ in 0..7 {
        fail(&ring, "m", ErrorKind::Authentication, None);
        assert!(
            ring.take("m", &[], &BREAKER(), false).is_err()
                && ring.take("other", &[], &BREAKER(), false).is_err()
        );
        let pause = ring.exhausted("m").unwrap().usable_in();
        pauses.push(pause.as_secs_f64());
        tokio::time::advance(pause + Duration::from_millis(1)).await;
    }
    for (pause, full) in pauses.iter().zip([30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0]) {
        assert!(*pause <= full && *pause >= full * 0.79, "{pauses:?}");
    }
    let mut probe = ring.take("m", &[], &BREAKER(), false).unwrap();
    assert!(ring.take("m", &[], &BREAKER(), false).is_err(), "one at a time");
    probe.succeed(Duration::from_millis(1));
    assert_eq!(succeed(&ring, "m"), 0);
    assert_eq!(ring.exhausted("m"), None);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_returns_its_permit() {
    let states = KeyStates::default();
    let ring = ring(&[(FIRST, 1.0)], &states);
    fail(&ring, "m", ErrorKind::QuotaExceeded, None);
    tokio::time::advance(Duration::from_secs(31)).await;
    drop(ring.take("m", &[], &BREAKER(), false).unwrap());
    assert_eq!(succeed(&ring, "m"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_error_counts_the_keys_and_shows_none() {
    let states = KeyStates::default();
    let ring = ring(&[(FIRST, 1.0), (SECOND, 1.0)], &states);
    fail(&ring, "m", ErrorKind::RateLimited, Some(12));
    fail(&ring, "m", ErrorKind::Authentication, None);
    let no_key = ring.take("m", &[], &BREAKER(), false).unwrap_err();
    assert_eq!(
        no_key.to_string(),
        "all 2 keys of provider `main` are out of use: 1 refused, 1 rate limited (the next one is tried again in 12 s)"
    );
    let Failure::Provider(error) = no_key.failure() else { panic!() };
    assert_eq!((error.kind, error.retryable), (ErrorKind::RateLimited, true));
    assert_eq!(error.retry_after.unwrap().delay, Duration::from_secs(12));
    // A provider addressed by name is called all the same.
    assert_eq!(ring.take("m", &[], &BREAKER(), true).unwrap().index(), 0);
    tokio::time::advance(Duration::from_secs(13)).await;
    fail(&ring, "m", ErrorKind::Authentication, None);
    let no_key = ring.take("m", &[], &BREAKER(), false).unwrap_err();
    assert!(
        no_key.to_string().starts_with("all 2 keys of provider `main` are refused (the next one"),
        "{no_key}"
    );
    let Failure::Provider(error) = no_key.failure() else { panic!() };
    assert_eq!((error.kind, error.retryable), (ErrorKind::Authentication, false));
}

#[tokio::test]
async fn the_state_of_a_key_survives_reloads() {
    let states = KeyStates::default();
    let before = ring(&[(FIRST, 1.0), (SECOND, 1.0)], &states);
    assert_eq!(fail(&before, "m", ErrorKind::Authentication, None), 0);
    let after = ring(&[("sk-other-0123456789", 1.0), (SECOND, 5.0), (&format!(" {FIRST}\n"), 1.0)], &states);
    let standing: Vec<&str> = after.status("main").iter().map(|key| key.state).collect();
    assert_eq!(standing, ["usable", "usable", "refused"]);
    let shown = format!("{after:?} {:?} {:?}", after.status("main"), KeySettings::new(FIRST, 1.0));
    assert!(!shown.contains(FIRST) && !shown.contains("first"), "{shown}");
}

#[tokio::test]
async fn the_same_key_twice_is_one_key() {
    let states = KeyStates::default();
    let ring = ring(&[(FIRST, 1.0), (SECOND, 1.0), (FIRST, 2.0)], &states);
    let weights: Vec<f64> = ring.status("main").iter().map(|key| key.weight).collect();
    assert_eq!(weights, [3.0, 1.0]);
}

#[tokio::test]
async fn keys_that_are_not_sent_are_refused() {
    let states = KeyStates::default();
    let wrong = |authentication, keys: &[(&str, f64)]| ring_of(authentication, keys, &states).unwrap_err();
    assert!(wrong(Authentication::None, &[(FIRST, 1.0)]).starts_with("api_keys cannot be used"));
    assert!(wrong(Authentication::Watsonx(Default::default()), &[(FIRST, 1.0)]).contains("by a token"));
    assert_eq!(wrong(Authentication::Key, &[(FIRST, 1.0), (" ", 1.0)]), "api_keys[1] is empty");
    for cloud in [Authentication::Entra(Default::default()), Authentication::Google(Default::default())] {
        assert!(ring_of(cloud, &[(FIRST, 1.0)], &states).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn the_limits_of_all_keys_are_summed_up() {
    let states = KeyStates::default();
    let ring = ring(&[(FIRST, 1.0), (SECOND, 1.0)], &states);
    let of = |remaining, seconds| RateLimits {
        requests: RateLimit {
            limit: Some(100),
            remaining: Some(remaining),
            resets_in: Some(Duration::from_secs(seconds)),
            window: None,
        },
        ..RateLimits::default()
    };
    assert_eq!(ring.report("m", 0, &of(10, 20)).requests.remaining, Some(10));
    let both = ring.report("m", 1, &of(80, 60)).requests;
    assert_eq!((both.limit, both.remaining), (Some(200), Some(90)));
    tokio::time::advance(Duration::from_secs(21)).await;
    let later = ring.report("m", 1, &of(70, 39)).requests;
    assert_eq!((later.limit, later.remaining), (Some(200), Some(170)), "the first has all of its own again");
    assert_eq!(ring.report("other", 0, &of(1, 1)).requests.limit, Some(100));
}
