//! Circuit breaker compared with a sequential model of it, which keeps all that it knows in plain fields.

use super::super::*;
use proptest::prelude::*;
use std::{vec, vec::Vec};

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Closed { row: u32 },
    Open { until: u64, opened_again: u32 },
    HalfOpen { probe: u64, gives_up: u64, opened_again: u32 },
    Forced,
    Excluded { until: u64, opened_again: u32 },
}

#[derive(Debug)]
struct Model {
    state: State,
    /// Changes whenever it opens or closes.
    era: u64,
    probes: u64,
    outcomes: Vec<(u64, bool)>,
    opened: u32,
}

/// What the model says of a permit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Given {
    Closed { era: u64 },
    Probe { era: u64, number: u64 },
    Exception { era: u64 },
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

impl Model {
    fn admit(&mut self, now: u64, settings: &BreakerSettings) -> Result<Given, Option<u64>> {
        let (until, opened_again) = match self.state {
            State::Closed { .. } => return Ok(Given::Closed { era: self.era }),
            State::Forced => return Err(None),
            State::Open { until, opened_again }
            | State::Excluded { until, opened_again }
            | State::HalfOpen { gives_up: until, opened_again, .. } => (until, opened_again),
        };
        if now < until {
            return Err(Some(until));
        }
        self.probes += 1;
        let gives_up = now + millis(settings.open_max);
        self.state = State::HalfOpen { probe: self.probes, gives_up, opened_again };
        Ok(Given::Probe { era: self.era, number: self.probes })
    }

    fn admit_anyway(&mut self, now: u64, settings: &BreakerSettings) -> Option<Given> {
        match self.admit(now, settings) {
            Ok(given) => Some(given),
            Err(None) => None,
            Err(Some(_)) => Some(Given::Exception { era: self.era }),
        }
    }

    /// Opens it for a time that counts from `since`.
    fn open(&mut self, since: u64, now: u64, opened_again: u32, settings: &BreakerSettings) -> Change {
        let time = settings.open * 2_u32.pow(opened_again.min(8));
        let until = (since + millis(time.min(settings.open_max))).max(now);
        self.change(State::Open { until, opened_again });
        self.opened += 1;
        Change::Opened { reopens_at: until }
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.era += 1;
        self.outcomes.clear();
    }

    fn counted(&self, now: u64, settings: &BreakerSettings) -> (u32, u32) {
        let width = (millis(settings.window) / 10).max(1);
        let counts = |at: &u64| at / width + 10 > now / width;
        let counted: Vec<_> = self.outcomes.iter().filter(|(at, _)| counts(at)).collect();
        (counted.len() as u32, counted.iter().filter(|(_, failed)| *failed).count() as u32)
    }

    fn settle(
        &mut self,
        given: Given,
        outcome: Outcome,
        now: u64,
        settings: &BreakerSettings,
    ) -> Option<Change> {
        match (self.state, given, outcome) {
            (State::Closed { .. }, Given::Closed { era }, Outcome::Success) if era == self.era => {
                self.outcomes.push((now, false));
                self.state = State::Closed { row: 0 };
                None
            }
            (State::Closed { row }, Given::Closed { era }, Outcome::Failure) if era == self.era => {
                self.outcomes.push((now, true));
                self.state = State::Closed { row: row + 1 };
                let (calls, failures) = self.counted(now, settings);
                let is_share = calls >= settings.minimum
                    && f64::from(failures) / f64::from(calls) >= settings.failure_rate;
                (row + 1 >= settings.failures || is_share).then(|| self.open(now, now, 0, settings))
            }
            (
                State::Open { .. } | State::HalfOpen { .. } | State::Excluded { .. },
                Given::Probe { era, .. } | Given::Exception { era },
                Outcome::Success,
            ) if era == self.era => {
                self.change(State::Closed { row: 0 });
                Some(Change::Closed)
            }
            (State::HalfOpen { probe, opened_again, gives_up }, Given::Probe { number, .. }, outcome)
                if probe == number =>
            {
                if outcome == Outcome::Failure {
                    let since = gives_up - millis(settings.open_max);
                    return Some(self.open(since, now, opened_again + 1, settings));
                }
                self.state = State::Open { until: now, opened_again };
                None
            }
            _ => None,
        }
    }

    fn exclude(&mut self, now: u64, time: Duration) {
        let end = now + millis(time);
        let opened_again = match self.state {
            State::Forced => return,
            State::Open { until, .. } | State::Excluded { until, .. } if until.max(now) >= end => return,
            State::Open { opened_again, .. }
            | State::Excluded { opened_again, .. }
            | State::HalfOpen { opened_again, .. } => opened_again,
            State::Closed { .. } => 0,
        };
        self.change(State::Excluded { until: end, opened_again });
        self.opened += 1;
    }

    fn check(&self, snapshot: &BreakerSnapshot, now: u64, settings: &BreakerSettings) {
        let (state, reopens_at, row) = match self.state {
            State::Closed { row } => (BreakerState::Closed, None, row),
            State::Forced => (BreakerState::ForcedOpen, None, 0),
            State::HalfOpen { gives_up, .. } => (BreakerState::HalfOpen, Some(gives_up), 0),
            State::Open { until, .. } | State::Excluded { until, .. } if until <= now => {
                (BreakerState::HalfOpen, Some(until), 0)
            }
            State::Open { until, .. } => (BreakerState::Open, Some(until), 0),
            State::Excluded { until, .. } => (BreakerState::Excluded, Some(until), 0),
        };
        let is_closed = state == BreakerState::Closed;
        let (calls, failures) = if is_closed { self.counted(now, settings) } else { (0, 0) };
        let expected = BreakerSnapshot {
            state,
            consecutive_failures: row,
            calls,
            failures,
            reopens_at: reopens_at.map(|at| at.max(now)),
            times_opened: self.opened,
        };
        assert_eq!(*snapshot, expected);
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Pass(u64),
    Admit,
    AdmitAnyway,
    Settle(prop::sample::Index, Outcome),
    Exclude(u64),
    ForceOpen,
    Reset,
}

fn steps() -> impl Strategy<Value = Step> {
    let outcomes = prop_oneof![
        3 => Just(Outcome::Failure),
        3 => Just(Outcome::Success),
        1 => Just(Outcome::Neutral),
    ];
    prop_oneof![
        20 => (0_u64..40).prop_map(Step::Pass),
        3 => (0_u64..900).prop_map(Step::Pass),
        40 => Just(Step::Admit),
        4 => Just(Step::AdmitAnyway),
        40 => (any::<prop::sample::Index>(), outcomes).prop_map(|(which, outcome)| Step::Settle(which, outcome)),
        1 => (0_u64..600).prop_map(Step::Exclude),
        1 => Just(Step::ForceOpen),
        2 => Just(Step::Reset),
    ]
}

proptest! {
    #[test]
    fn does_what_the_model_does(
        start in prop_oneof![Just(0), Just(u64::from(u32::MAX) - 500), any::<u32>().prop_map(u64::from)],
        failures in 1_u32..6,
        minimum in 1_u32..9,
        steps in prop::collection::vec(steps(), 1..200),
    ) {
        let settings = BreakerSettings {
            failures,
            failure_rate: 0.5,
            minimum,
            window: Duration::from_millis(600),
            open: Duration::from_millis(100),
            open_max: Duration::from_millis(250),
            slow: None,
        };
        let breaker = Breaker::new();
        let state = State::Closed { row: 0 };
        let mut model = Model { state, era: 0, probes: 0, outcomes: vec![], opened: 0 };
        let mut now = start;
        let mut out = Vec::new();
        for step in steps {
            match step {
                Step::Pass(time) => now += time,
                Step::Admit => match (breaker.admit(now, &settings), model.admit(now, &settings)) {
                    (Admission::Closed(permit), Ok(given @ Given::Closed { .. }))
                    | (Admission::Probe(permit), Ok(given @ Given::Probe { .. })) => out.push((permit, given)),
                    (Admission::Open { reopens_at }, Err(expected)) => prop_assert_eq!(reopens_at, expected),
                    (admission, expected) => prop_assert!(false, "{admission:?}, not {expected:?}"),
                },
                Step::AdmitAnyway => {
                    match (breaker.admit_anyway(now, &settings), model.admit_anyway(now, &settings)) {
                        (Some(permit), Some(given)) => {
                            prop_assert_eq!(permit.is_probe(), matches!(given, Given::Probe { .. }));
                            out.push((permit, given));
                        }
                        (permit, given) => prop_assert!(permit.is_none() && given.is_none()),
                    }
                }
                Step::Settle(which, outcome) => {
                    if !out.is_empty() {
                        let (permit, given) = out.swap_remove(which.index(out.len()));
                        let change = breaker.settle(permit, outcome, now, &settings, 0.0);
                        prop_assert_eq!(change, model.settle(given, outcome, now, &settings));
                    }
                }
                Step::Exclude(time) => {
                    breaker.exclude(now, Duration::from_millis(time));
                    model.exclude(now, Duration::from_millis(time));
                }
                Step::ForceOpen => {
                    breaker.force_open();
                    if model.state != State::Forced {
                        model.change(State::Forced);
                        model.opened += 1;
                    }
                }
                Step::Reset => {
                    breaker.reset();
                    model.change(State::Closed { row: 0 });
                }
            }
            model.check(&breaker.snapshot(now, &settings), now, &settings);
        }
    }
}
