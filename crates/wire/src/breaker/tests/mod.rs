//! Tests of the circuit breaker.

#![expect(clippy::panic, reason = "the support code of tests")]

mod model;

use super::*;
use crate::model::ErrorKind;

fn settings() -> BreakerSettings {
    BreakerSettings::default()
}

fn closed(breaker: &Breaker, now: u64) -> Permit {
    match breaker.admit(now, &settings()) {
        Admission::Closed(permit) => permit,
        other => panic!("not closed: {other:?}"),
    }
}

fn probe(breaker: &Breaker, now: u64) -> Permit {
    match breaker.admit(now, &settings()) {
        Admission::Probe(permit) => permit,
        other => panic!("no probe: {other:?}"),
    }
}

fn reopens_at(breaker: &Breaker, now: u64) -> Option<u64> {
    match breaker.admit(now, &settings()) {
        Admission::Open { reopens_at } => reopens_at,
        other => panic!("not open: {other:?}"),
    }
}

fn settle(breaker: &Breaker, permit: Permit, outcome: Outcome, now: u64) -> Option<Change> {
    breaker.settle(permit, outcome, now, &settings(), 0.0)
}

/// A breaker that opened at `now`.
fn opened(now: u64) -> Breaker {
    let breaker = Breaker::new();
    for failure in 0..5 {
        let permit = closed(&breaker, now);
        let change = settle(&breaker, permit, Outcome::Failure, now);
        assert_eq!(change, (failure == 4).then_some(Change::Opened { reopens_at: now + 10_000 }));
    }
    breaker
}

#[test]
fn five_failures_in_a_row_open_it_and_one_probe_closes_it() {
    let breaker = opened(1000);
    assert_eq!(reopens_at(&breaker, 1001), Some(11_000));
    assert_eq!(reopens_at(&breaker, 10_999), Some(11_000));
    let permit = probe(&breaker, 11_000);
    assert_eq!(reopens_at(&breaker, 11_001), Some(36_000), "one probe at a time");
    assert_eq!(settle(&breaker, permit, Outcome::Success, 11_500), Some(Change::Closed));
    let permit = closed(&breaker, 11_501);
    assert_eq!(settle(&breaker, permit, Outcome::Success, 11_600), None);
}

#[test]
fn a_success_between_failures_starts_the_row_again() {
    let breaker = Breaker::new();
    for round in 0..4 {
        for _ in 0..4 {
            let permit = closed(&breaker, round);
            assert_eq!(settle(&breaker, permit, Outcome::Failure, round), None);
        }
        for _ in 0..7 {
            let permit = closed(&breaker, round);
            assert_eq!(settle(&breaker, permit, Outcome::Success, round), None);
        }
    }
}

#[test]
fn the_time_open_doubles_up_to_its_longest_and_jitter_shortens_it() {
    let breaker = opened(0);
    let mut now = 10_000;
    for expected in [20_000, 25_000, 25_000] {
        let permit = probe(&breaker, now);
        let change = settle(&breaker, permit, Outcome::Failure, now);
        now += expected;
        assert_eq!(change, Some(Change::Opened { reopens_at: now }));
    }
    for (jitter, expected) in
        [(0.0, 25_000), (0.5, 22_500), (1.0, 20_000), (f64::NAN, 25_000), (-1.0, 25_000)]
    {
        assert_eq!(settings().open_for(9, jitter).as_millis(), expected);
    }
}

#[test]
fn an_answer_that_began_before_it_opened_does_not_close_it() {
    let breaker = Breaker::new();
    let (early, late) = (closed(&breaker, 0), closed(&breaker, 0));
    for _ in 0..5 {
        let permit = closed(&breaker, 1);
        settle(&breaker, permit, Outcome::Failure, 1);
    }
    assert_eq!(settle(&breaker, early, Outcome::Success, 2), None);
    assert_eq!(reopens_at(&breaker, 3), Some(10_001));
    let permit = probe(&breaker, 10_001);
    assert_eq!(settle(&breaker, late, Outcome::Success, 10_002), None);
    assert_eq!(reopens_at(&breaker, 10_003), Some(35_001));
    assert_eq!(settle(&breaker, permit, Outcome::Success, 10_004), Some(Change::Closed));
}

#[test]
fn half_of_twenty_in_a_minute_open_it() {
    let breaker = Breaker::new();
    let count = |outcome, now| {
        let permit = closed(&breaker, now);
        settle(&breaker, permit, outcome, now)
    };
    // Alternating, so that no row of failures opens it; what is older than a minute does not count.
    for call in 0..9 {
        assert_eq!(count(Outcome::Failure, call), None);
        assert_eq!(count(Outcome::Success, call), None);
    }
    for call in 0..9 {
        assert_eq!(count(Outcome::Success, 60_000 + call), None);
        assert_eq!(count(Outcome::Failure, 60_000 + call), None);
    }
    assert_eq!(count(Outcome::Success, 60_100), None);
    assert_eq!(count(Outcome::Failure, 60_100), Some(Change::Opened { reopens_at: 70_100 }));
}

#[test]
fn neutral_outcomes_neither_count_nor_end_a_row() {
    let breaker = Breaker::new();
    for failure in 0..5 {
        for _ in 0..30 {
            let permit = closed(&breaker, failure);
            assert_eq!(settle(&breaker, permit, Outcome::Neutral, failure), None);
        }
        let permit = closed(&breaker, failure);
        let change = settle(&breaker, permit, Outcome::Failure, failure);
        assert_eq!(change.is_some(), failure == 4);
    }
}

#[test]
fn a_cancelled_probe_gives_its_permit_back() {
    let breaker = opened(0);
    for now in 10_000..10_020 {
        let permit = probe(&breaker, now);
        assert!(permit.is_probe());
        assert_eq!(settle(&breaker, permit, Outcome::Neutral, now), None);
    }
    let permit = probe(&breaker, 10_020);
    let change = settle(&breaker, permit, Outcome::Failure, 10_020);
    assert_eq!(
        change,
        Some(Change::Opened { reopens_at: 30_020 }),
        "it grew once, for the probe that failed"
    );
}

#[test]
fn a_lost_probe_is_given_up_and_its_late_success_still_tells() {
    let breaker = opened(0);
    let lost = probe(&breaker, 10_000);
    assert_eq!(reopens_at(&breaker, 34_999), Some(35_000));
    let next = probe(&breaker, 35_000);
    assert_eq!(settle(&breaker, lost, Outcome::Failure, 35_001), None, "it is not the probe any more");
    assert_eq!(reopens_at(&breaker, 35_002), Some(60_000));
    assert_eq!(settle(&breaker, next, Outcome::Success, 35_003), Some(Change::Closed));

    let breaker = opened(0);
    let late = probe(&breaker, 10_000);
    let next = probe(&breaker, 35_000);
    assert_eq!(
        settle(&breaker, late, Outcome::Success, 40_000),
        Some(Change::Closed),
        "it began after the opening"
    );
    assert_eq!(settle(&breaker, next, Outcome::Failure, 40_001), None);
    drop(closed(&breaker, 40_002));
}

#[test]
fn a_target_is_back_within_thirty_seconds_of_its_recovery() {
    // It is down from 0 on; calls come every 100 ms and fail at once, or hang.
    for hangs in [0, 20_000_u64, 100_000] {
        for recovery in (5_000..180_000).step_by(7_777) {
            let breaker = opened(0);
            let mut out: Option<(u64, Permit)> = None;
            let mut back = None;
            for now in (0..recovery + 60_000).step_by(100) {
                if let Some((since, permit)) = out.take() {
                    if since >= recovery {
                        settle(&breaker, permit, Outcome::Success, now);
                    } else if now >= since + hangs {
                        settle(&breaker, permit, Outcome::Failure, now);
                    } else {
                        out = Some((since, permit));
                    }
                }
                match breaker.admit(now, &settings()) {
                    Admission::Closed(_) => {
                        back = Some(now);
                        break;
                    }
                    Admission::Probe(permit) => out = Some((now, permit)),
                    Admission::Open { .. } => {}
                }
            }
            let back = back.expect("it comes back");
            assert!(back <= recovery + 30_000, "hangs {hangs}: down until {recovery}, back at {back}");
        }
    }
}

#[test]
fn the_operator_opens_and_resets_it() {
    let breaker = Breaker::new();
    let before = closed(&breaker, 0);
    breaker.force_open();
    breaker.force_open();
    assert_eq!(reopens_at(&breaker, u64::MAX), None);
    assert_eq!(breaker.admit_anyway(5, &settings()), None);
    assert_eq!(settle(&breaker, before, Outcome::Success, 1), None);
    breaker.exclude(0, Duration::from_secs(1));
    let snapshot = breaker.snapshot(1, &settings());
    assert_eq!((snapshot.state, snapshot.reopens_at), (BreakerState::ForcedOpen, None));
    assert_eq!(snapshot.times_opened, 1);
    breaker.reset();
    drop(closed(&breaker, 6));
    assert_eq!(breaker.snapshot(6, &settings()).state, BreakerState::Closed);
}

#[test]
fn an_excluded_target_is_out_for_that_time_and_then_probed() {
    let breaker = Breaker::new();
    let five_minutes = Duration::from_secs(300);
    breaker.exclude(0, five_minutes);
    breaker.exclude(10, Duration::from_secs(1));
    assert_eq!(breaker.snapshot(20, &settings()).state, BreakerState::Excluded);
    assert_eq!(reopens_at(&breaker, 299_999), Some(300_000));
    let permit = probe(&breaker, 300_000);
    assert_eq!(settle(&breaker, permit, Outcome::Neutral, 300_001), None);
    breaker.exclude(300_001, five_minutes);
    assert_eq!(reopens_at(&breaker, 300_002), Some(600_001));
    breaker.exclude(300_003, Duration::MAX);
    assert_eq!(reopens_at(&breaker, 300_004), Some(300_003 + 24 * 3600 * 1000));
}

#[test]
fn with_nobody_else_to_ask_an_open_breaker_makes_exceptions() {
    let breaker = opened(0);
    let one = breaker.admit_anyway(1, &settings()).unwrap();
    let other = breaker.admit_anyway(1, &settings()).unwrap();
    assert!(!one.is_probe());
    assert_eq!(settle(&breaker, one, Outcome::Failure, 2), None);
    assert_eq!(reopens_at(&breaker, 3), Some(10_000), "a failure adds nothing");
    let due = breaker.admit_anyway(10_000, &settings()).unwrap();
    assert!(due.is_probe());
    assert_eq!(settle(&breaker, other, Outcome::Success, 10_001), Some(Change::Closed));
    assert_eq!(settle(&breaker, due, Outcome::Failure, 10_002), None);
}

#[test]
fn what_was_found_well_is_probed_at_once_unless_the_operator_or_a_missing_model_keeps_it_out() {
    let breaker = opened(0);
    assert!(breaker.expect_back(2_000));
    assert!(!breaker.expect_back(2_000), "it is due already");
    let permit = probe(&breaker, 2_000);
    assert_eq!(reopens_at(&breaker, 2_001), Some(27_000), "one probe at a time, as ever");
    assert_eq!(settle(&breaker, permit, Outcome::Success, 2_002), Some(Change::Closed));
    assert!(!breaker.expect_back(2_003));
    breaker.force_open();
    assert!(!breaker.expect_back(2_004));
    let excluded = Breaker::new();
    assert!(excluded.exclude(0, Duration::from_secs(300)));
    assert!(!excluded.expect_back(1));
}

#[test]
fn a_clock_that_jumps_does_no_lasting_harm() {
    let hour = 3_600_000;
    let breaker = opened(hour);
    assert_eq!(reopens_at(&breaker, 0), Some(25_000), "back: it is out for its longest time at most");
    drop(probe(&breaker, 25_000));
    let breaker = opened(0);
    drop(probe(&breaker, 1000 * 24 * hour));
    // The time is kept in 32 bits, which wrap around after 49 days.
    for now in [u64::from(u32::MAX) - 3, u64::from(u32::MAX) * 7 + 5, u64::MAX - 100_000] {
        let breaker = opened(now);
        assert_eq!(reopens_at(&breaker, now + 9_999), Some(now + 10_000));
        drop(probe(&breaker, now + 10_000));
    }
}

#[test]
fn slow_successes_count_where_asked() {
    let second = Duration::from_secs(1);
    assert_eq!(settings().success_after(second * 1000), Outcome::Success);
    let slow = BreakerSettings { slow: Some(second), ..settings() };
    assert_eq!(slow.success_after(second), Outcome::Success);
    assert_eq!(slow.success_after(second + Duration::from_millis(1)), Outcome::Failure);
}

#[test]
fn settings_of_zero_never_open_it() {
    let never = BreakerSettings::never();
    let breaker = Breaker::new();
    for now in 0..1000 {
        let Admission::Closed(permit) = breaker.admit(now, &never) else { panic!("open") };
        assert_eq!(breaker.settle(permit, Outcome::Failure, now, &never, 0.0), None);
    }
}

#[test]
fn the_share_in_a_snapshot_stays_right_when_buckets_are_full() {
    let never = BreakerSettings::never();
    let breaker = Breaker::new();
    for call in 0..100_000_u32 {
        let Admission::Closed(permit) = breaker.admit(0, &never) else { panic!("open") };
        let outcome = if call % 4 == 0 { Outcome::Failure } else { Outcome::Success };
        breaker.settle(permit, outcome, 0, &never, 0.0);
    }
    let rate = breaker.snapshot(0, &never).failure_rate().unwrap();
    assert!((rate - 0.25).abs() < 0.01, "{rate}");
    assert_eq!(Breaker::new().snapshot(0, &never).failure_rate(), None);
}

#[test]
fn only_what_says_that_the_target_is_unwell_counts() {
    // The lines name every kind once, so that a new one has to be put here as well.
    let kinds = [
        (ErrorKind::Authentication, Outcome::Neutral),
        (ErrorKind::PermissionDenied, Outcome::Neutral),
        (ErrorKind::NotFound, Outcome::Neutral),
        (ErrorKind::InvalidRequest, Outcome::Neutral),
        (ErrorKind::ContextLength, Outcome::Neutral),
        (ErrorKind::ContentFiltered, Outcome::Neutral),
        (ErrorKind::RateLimited, Outcome::Neutral),
        (ErrorKind::QuotaExceeded, Outcome::Neutral),
        (ErrorKind::Overloaded, Outcome::Failure),
        (ErrorKind::Timeout, Outcome::Failure),
        (ErrorKind::Server, Outcome::Failure),
        (ErrorKind::StreamInterrupted, Outcome::Failure),
        (ErrorKind::Cancelled, Outcome::Neutral),
    ];
    for (index, (kind, outcome)) in kinds.into_iter().enumerate() {
        assert_eq!(outcome_of_error(kind), outcome, "{kind:?}");
        assert_eq!(kind as usize, index, "a kind is missing before {kind:?}");
    }
}
