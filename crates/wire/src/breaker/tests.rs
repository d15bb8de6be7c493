use super::*;

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
