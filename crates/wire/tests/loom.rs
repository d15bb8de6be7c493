//! Circuit breaker under every interleaving: one probe at a time, one opening, and no answer from before that closes it.
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p ferrule-wire --test loom --target-dir target/loom`.
#![cfg(loom)]

use ferrule_wire::breaker::{Admission, Breaker, BreakerSettings, BreakerState, Change, Outcome, Permit};
use loom::{sync::Arc, thread};

fn settings() -> BreakerSettings {
    BreakerSettings { failures: 2, ..BreakerSettings::default() }
}

fn closed(breaker: &Breaker, now: u64) -> Permit {
    match breaker.admit(now, &settings()) {
        Admission::Closed(permit) => permit,
        other => panic!("not closed: {other:?}"),
    }
}

fn settle(breaker: &Breaker, permit: Permit, outcome: Outcome, now: u64) -> Option<Change> {
    breaker.settle(permit, outcome, now, &settings(), 0.0)
}

/// A breaker that opened at 0, and an answer to a call that began before.
fn opened() -> (Arc<Breaker>, Permit) {
    let breaker = Breaker::new();
    let early = closed(&breaker, 0);
    for _ in 0..2 {
        let permit = closed(&breaker, 0);
        settle(&breaker, permit, Outcome::Failure, 0);
    }
    assert_eq!(breaker.snapshot(0, &settings()).state, BreakerState::Open);
    (Arc::new(breaker), early)
}

fn probe(breaker: &Breaker, now: u64) -> Option<Permit> {
    match breaker.admit(now, &settings()) {
        Admission::Probe(permit) => Some(permit),
        Admission::Open { .. } => None,
        Admission::Closed(_) => panic!("nobody closed it"),
    }
}

#[test]
fn of_callers_that_come_together_one_is_the_probe() {
    loom::model(|| {
        let (breaker, _) = opened();
        let others: Vec<_> = (0..2)
            .map(|_| {
                let breaker = breaker.clone();
                thread::spawn(move || probe(&breaker, 10_000).is_some())
            })
            .collect();
        let mut probes = usize::from(probe(&breaker, 10_000).is_some());
        for other in others {
            probes += usize::from(other.join().unwrap());
        }
        assert_eq!(probes, 1);
    });
}

#[test]
fn failures_that_come_together_open_it_once() {
    loom::model(|| {
        let breaker = Arc::new(Breaker::new());
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (breaker, permit) = (breaker.clone(), closed(&breaker, 0));
                thread::spawn(move || settle(&breaker, permit, Outcome::Failure, 0).is_some())
            })
            .collect();
        let opened: usize = threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum();
        assert_eq!(opened, 1);
        let snapshot = breaker.snapshot(0, &settings());
        assert_eq!((snapshot.state, snapshot.times_opened), (BreakerState::Open, 1));
    });
}

#[test]
fn no_outcome_of_a_closed_breaker_is_lost() {
    loom::model(|| {
        let breaker = Arc::new(Breaker::new());
        let failure = closed(&breaker, 0);
        let success = closed(&breaker, 0);
        let other = {
            let breaker = breaker.clone();
            thread::spawn(move || settle(&breaker, failure, Outcome::Failure, 0))
        };
        assert_eq!(settle(&breaker, success, Outcome::Success, 0), None);
        assert_eq!(other.join().unwrap(), None);
        let snapshot = breaker.snapshot(0, &settings());
        assert_eq!((snapshot.calls, snapshot.failures), (2, 1));
        assert!(snapshot.consecutive_failures <= 1);
    });
}

#[test]
fn a_probe_that_is_given_back_goes_to_one_other() {
    loom::model(|| {
        let (breaker, _) = opened();
        let cancelled = probe(&breaker, 10_000).unwrap();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let breaker = breaker.clone();
                thread::spawn(move || probe(&breaker, 10_001).is_some())
            })
            .collect();
        assert_eq!(settle(&breaker, cancelled, Outcome::Neutral, 10_001), None);
        let early: usize = threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum();
        assert!(early <= 1);
        assert_eq!(early + usize::from(probe(&breaker, 10_001).is_some()), 1, "it is there, once");
    });
}

#[test]
fn an_early_answer_and_a_failed_probe_leave_it_open() {
    loom::model(|| {
        let (breaker, early) = opened();
        let probe = probe(&breaker, 10_000).unwrap();
        let other = {
            let breaker = breaker.clone();
            thread::spawn(move || settle(&breaker, early, Outcome::Success, 10_001))
        };
        let change = settle(&breaker, probe, Outcome::Failure, 10_001);
        assert_eq!(change, Some(Change::Opened { reopens_at: 30_000 }));
        assert_eq!(other.join().unwrap(), None);
        assert_eq!(breaker.snapshot(10_002, &settings()).state, BreakerState::Open);
    });
}

#[test]
fn an_exception_and_the_probe_close_it_once() {
    loom::model(|| {
        let (breaker, _) = opened();
        let exception = breaker.admit_anyway(1, &settings()).unwrap();
        let probe = probe(&breaker, 10_000).unwrap();
        let other = {
            let breaker = breaker.clone();
            thread::spawn(move || settle(&breaker, exception, Outcome::Success, 10_001).is_some())
        };
        let by_probe = settle(&breaker, probe, Outcome::Success, 10_001).is_some();
        assert!(by_probe ^ other.join().unwrap());
        assert_eq!(breaker.snapshot(10_002, &settings()).state, BreakerState::Closed);
    });
}

#[test]
fn the_operator_wins_over_outcomes_under_way() {
    loom::model(|| {
        let (breaker, _) = opened();
        let probe = probe(&breaker, 10_000).unwrap();
        let other = {
            let breaker = breaker.clone();
            thread::spawn(move || settle(&breaker, probe, Outcome::Success, 10_001))
        };
        breaker.force_open();
        other.join().unwrap();
        assert_eq!(breaker.snapshot(10_002, &settings()).state, BreakerState::ForcedOpen);
    });
}
