//! Conformance of stores, compared with a model that records every event and adds them up each time, and by example.
//! The including file provides `store` and the number of model runs (`CASES`).

use ferrule_admission::{
    Admission, Begun, BudgetFigures, Claim, Clock, Demand, Key, LimitFigures, ManualClock, Outcome, Verdict,
    Window,
};
use proptest::prelude::*;
use std::sync::Arc;

use crate::{CASES, store};

fn admission(clock: &Arc<ManualClock>, most_waiting: usize) -> Arc<Admission> {
    Admission::new(store(clock), clock.clone(), most_waiting)
}

const MINUTE: u64 = 60_000;
/// How long a window keeps events beyond its length: a slot, and the margin.
const KEPT: u64 = 61 + 100;

fn key(rule: &str, value: &str) -> Key {
    Key { rule: rule.into(), value: value.into() }
}

#[derive(Clone, Debug)]
enum Step {
    Begin { tokens: u64, cost: u128 },
    Send(usize),
    Settle(usize, Option<u64>),
    Drop(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u64..60, 0_u128..40).prop_map(|(tokens, cost)| Step::Begin { tokens, cost }),
        3 => any::<prop::sample::Index>().prop_map(|index| Step::Send(index.index(64))),
        3 => (any::<prop::sample::Index>(), prop::option::of(0_u64..30))
            .prop_map(|(index, used)| Step::Settle(index.index(64), used)),
        2 => any::<prop::sample::Index>().prop_map(|index| Step::Drop(index.index(64))),
        2 => (0_u64..40_000).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..200)
}

/// One attempt as recorded by the model.
#[derive(Debug)]
struct Known {
    tokens: u64,
    cost: u128,
    sent: Option<u64>,
    /// When it was settled, the tokens and the money, and whether they are an estimate.
    settled: Option<(u64, u64, u128, bool)>,
    is_over: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn nothing_is_exceeded_forgotten_or_counted_twice(steps in steps()) {
        let clock = Arc::new(ManualClock::at(1_800_000_000));
        let admission = admission(&clock, 100);
        let limit = LimitFigures {
            requests: [None, Some(6), None], tokens: [None, Some(120), None], concurrency: Some(4),
        };
        let budget = BudgetFigures { amount: 300, window: Arc::new(Window::Total), is_hard: true };
        let mut leases = Vec::new();
        let mut known: Vec<Known> = Vec::new();
        for step in steps {
            let now = clock.now().steady;
            match step {
                Step::Begin { tokens, cost } => {
                    let claims = vec![
                        Claim { key: key("limit", ""), wait: None, demand: Demand::Limit { limit, tokens, is_open: false } },
                        Claim { key: key("budget", ""), wait: None, demand: Demand::Budget { budget: budget.clone(), amount: cost } },
                    ];
                    let under_way = known.iter().filter(|one| !one.is_over).count();
                    let since = |at: u64, kept: u64| now < at + MINUTE + kept;
                    let requests = |kept: u64| known.iter().filter(|one| match (one.sent, one.settled) {
                        (Some(at), _) => since(at, kept),
                        (None, None) => true,
                        (None, Some(_)) => false,
                    }).count() as u64;
                    let all_tokens = |kept: u64| known.iter().map(|one| match one.settled {
                        Some((at, used, ..)) => if since(at, kept) { used } else { 0 },
                        None => one.tokens,
                    }).sum::<u64>();
                    let money: u128 = known.iter().map(|one| one.settled.map_or(one.cost, |settled| settled.2)).sum();
                    let fits = |kept: u64| under_way < 4
                        && requests(kept) < 6
                        && (tokens == 0 || all_tokens(kept) + tokens <= 120)
                        && (cost == 0 || money + cost <= 300);
                    match admission.begin(claims, false) {
                        Begun::Admitted(lease) => {
                            prop_assert!(fits(0), "admitted what does not fit");
                            leases.push(Some(lease));
                            known.push(Known { tokens, cost, sent: None, settled: None, is_over: false });
                        }
                        Begun::Refused(_) => prop_assert!(!fits(KEPT), "refused what fits"),
                        Begun::Waiting(_) => panic!("nobody may wait"),
                    }
                }
                Step::Send(index) => {
                    if let Some(Some(lease)) = leases.get(index) && known[index].settled.is_none() {
                        lease.sent();
                        known[index].sent.get_or_insert(now);
                    }
                }
                Step::Settle(index, used) => {
                    if let Some(Some(lease)) = leases.get(index) {
                        let one = &mut known[index];
                        let tokens = used.map(|used| used.min(one.tokens));
                        let cost = used.map(|used| u128::from(used).min(one.cost));
                        // The second time must do nothing.
                        for _ in 0..2 {
                            lease.settle(Outcome::Used { tokens, cost, is_estimate: false });
                        }
                        if one.settled.is_none() {
                            one.sent.get_or_insert(now);
                            let (tokens, money) = (tokens.unwrap_or(one.tokens), cost.unwrap_or(one.cost));
                            one.settled = Some((now, tokens, money, cost.is_none()));
                        }
                    }
                }
                Step::Drop(index) => {
                    if let Some(lease) = leases.get_mut(index).filter(|lease| lease.is_some()) {
                        *lease = None;
                        let one = &mut known[index];
                        one.is_over = true;
                        let whole = one.sent.map_or((now, 0, 0, false), |_| (now, one.tokens, one.cost, true));
                        one.settled.get_or_insert(whole);
                    }
                }
                Step::Pass(time) => clock.advance(time),
            }
            let found = admission.snapshot();
            let Some((_, budget)) = found.budgets.first() else { continue };
            let booked = |estimates: bool| -> u128 {
                known.iter().filter_map(|one| one.settled).filter(|one| one.3 == estimates).map(|one| one.2).sum()
            };
            let reserved: u128 = known.iter().filter(|one| one.settled.is_none()).map(|one| one.cost).sum();
            prop_assert_eq!((budget.reported, budget.estimated, budget.reserved), (booked(false), booked(true), reserved));
            prop_assert!(budget.taken() <= 300);
            let (_, limit) = &found.limits[0];
            prop_assert_eq!(limit.in_flight as usize, known.iter().filter(|one| !one.is_over).count());
        }
    }
}

fn limited(figures: LimitFigures, wait: Option<u64>) -> Vec<Claim> {
    limited_in("limit", figures, wait)
}

fn limited_in(value: &str, limit: LimitFigures, wait: Option<u64>) -> Vec<Claim> {
    vec![Claim {
        key: key("limits", value),
        wait,
        demand: Demand::Limit { limit, tokens: 0, is_open: false },
    }]
}

#[test]
fn no_rolling_minute_has_more_than_the_limit() {
    let clock = Arc::new(ManualClock::at(0));
    let admission = admission(&clock, 100);
    let figures = LimitFigures { requests: [None, Some(10), None], ..LimitFigures::default() };
    let mut sent = Vec::new();
    // As many as possible, tried every 37 ms for five minutes; each is sent a moment after its admission.
    for _ in 0..8_000 {
        clock.advance(37);
        if let Begun::Admitted(lease) = admission.begin(limited(figures, None), false) {
            clock.advance(11);
            lease.sent();
            sent.push(clock.now().steady);
        }
    }
    for (first, at) in sent.iter().enumerate() {
        let within = sent.iter().skip(first).take_while(|other| **other < at + MINUTE).count();
        assert!(within <= 10, "{within} in the minute from {at}");
    }
    // The limit is reached, or nearly.
    assert!(sent.len() >= 48, "{}", sent.len());
}

#[test]
fn pending_requests_never_expire() {
    let clock = Arc::new(ManualClock::at(0));
    let admission = admission(&clock, 100);
    let figures = LimitFigures { requests: [Some(1), None, None], ..LimitFigures::default() };
    let Begun::Admitted(slow) = admission.begin(limited(figures, None), false) else { panic!() };
    clock.advance(5_000);
    assert!(matches!(admission.begin(limited(figures, None), false), Begun::Refused(_)));
    slow.sent();
    clock.advance(900);
    assert!(matches!(admission.begin(limited(figures, None), false), Begun::Refused(_)));
    clock.advance(200);
    assert!(matches!(admission.begin(limited(figures, None), false), Begun::Admitted(_)));
}

#[test]
fn refused_calls_do_not_count() {
    let clock = Arc::new(ManualClock::at(0));
    let admission = admission(&clock, 100);
    let figures = LimitFigures { requests: [None, Some(1), None], ..LimitFigures::default() };
    let Begun::Admitted(lease) = admission.begin(limited(figures, None), false) else { panic!() };
    lease.sent();
    for _ in 0..100 {
        let Begun::Refused(refused) = admission.begin(limited(figures, None), false) else { panic!() };
        let retry = refused.retry_after.unwrap();
        assert!((60_000..60_200).contains(&retry), "{retry}");
    }
    clock.advance(60_200);
    assert!(matches!(admission.begin(limited(figures, None), false), Begun::Admitted(_)));
}

#[test]
fn waiters_are_served_in_order_and_do_not_block_others() {
    let clock = Arc::new(ManualClock::at(0));
    let admission = admission(&clock, 3);
    let one = LimitFigures { concurrency: Some(1), ..LimitFigures::default() };
    let Begun::Admitted(first) = admission.begin(limited_in("a", one, Some(1_000)), true) else { panic!() };
    let mut waiting: Vec<_> = (0..3)
        .map(|place| match admission.begin(limited_in("a", one, Some(1_000)), true) {
            Begun::Waiting(ticket) => {
                assert_eq!(ticket.before(), place);
                ticket
            }
            other => panic!("{other:?}"),
        })
        .collect();
    // The queue is bounded; another value has a separate counter.
    assert!(
        matches!(admission.begin(limited_in("a", one, Some(1_000)), true), Begun::Refused(refused) if refused.is_queue_full)
    );
    assert!(matches!(admission.begin(limited_in("b", one, Some(1_000)), true), Begun::Admitted(_)));
    assert_eq!(admission.waiting()[&key("limits", "a")], 3);
    assert!(waiting.iter_mut().all(|ticket| matches!(ticket.check(), Verdict::Wait(_))));
    drop(first);
    assert!(matches!(waiting[1].check(), Verdict::Wait(_)));
    let Verdict::Admitted(second) = waiting[0].check() else { panic!() };
    // A waiter that leaves is skipped; one that leaves after its admission passes its permits on.
    drop(waiting.remove(1));
    drop(second);
    drop(waiting.remove(0));
    let Verdict::Admitted(_last) = waiting[0].check() else { panic!() };
    assert!(admission.waiting().is_empty());
}

#[test]
fn a_waiter_at_its_own_limit_does_not_hold_shared_capacity() {
    let clock = Arc::new(ManualClock::at(0));
    let admission = admission(&clock, 10);
    let claims = |team: &str| {
        let all = LimitFigures { concurrency: Some(3), ..LimitFigures::default() };
        let own = LimitFigures { concurrency: Some(1), ..LimitFigures::default() };
        [limited_in("all", all, Some(1_000)), limited_in(team, own, Some(1_000))].concat()
    };
    let Begun::Admitted(a) = admission.begin(claims("a"), true) else { panic!() };
    let Begun::Waiting(mut second_a) = admission.begin(claims("a"), true) else { panic!() };
    let Begun::Admitted(_b) = admission.begin(claims("b"), true) else { panic!() };
    let Begun::Admitted(_c) = admission.begin(claims("c"), true) else { panic!() };
    // Now all are full: a new call queues behind those that came before.
    let Begun::Waiting(mut d) = admission.begin(claims("d"), true) else { panic!() };
    drop(a);
    assert!(matches!(d.check(), Verdict::Wait(_)));
    assert!(matches!(second_a.check(), Verdict::Admitted(_)));
}

#[test]
fn waiting_ends_when_it_cannot_help() {
    let clock = Arc::new(ManualClock::at(0));
    let admission = admission(&clock, 10);
    let figures = LimitFigures { requests: [None, Some(1), None], ..LimitFigures::default() };
    let Begun::Admitted(lease) = admission.begin(limited(figures, Some(1_000)), true) else { panic!() };
    // It may still turn out to be unsent.
    let Begun::Waiting(mut ticket) = admission.begin(limited(figures, Some(1_000)), true) else { panic!() };
    assert!(matches!(ticket.check(), Verdict::Wait(_)));
    lease.sent();
    assert!(matches!(ticket.check(), Verdict::Refused(refused) if refused.retry_after.unwrap() > 59_000));
    assert!(matches!(admission.begin(limited(figures, Some(1_000)), true), Begun::Refused(_)));
    let Begun::Waiting(mut patient) = admission.begin(limited(figures, Some(90_000)), true) else { panic!() };
    let Verdict::Wait(until) = patient.check() else { panic!() };
    clock.advance(until - clock.now().steady);
    assert!(matches!(patient.check(), Verdict::Admitted(_)));
}

#[test]
fn budgets_reset_with_their_period() {
    // 2026-11-30T22:59:00Z, a minute before December in Oslo.
    let clock = Arc::new(ManualClock::at(1_796_079_540));
    let admission = admission(&clock, 10);
    let window = Arc::new(Window::read("month", Some("Europe/Oslo")).unwrap());
    let figures = BudgetFigures { amount: 100, window, is_hard: true };
    let claim = |amount| {
        let demand = Demand::Budget { budget: figures.clone(), amount };
        vec![Claim { key: key("budget", "x"), wait: None, demand }]
    };
    let Begun::Admitted(old) = admission.begin(claim(70), false) else { panic!() };
    old.sent();
    let Begun::Refused(refused) = admission.begin(claim(31), false) else { panic!() };
    assert_eq!((refused.shortage.used, refused.retry_after), (70, Some(60_000)));
    clock.advance(60_000);
    // What began in November counts in November.
    let Begun::Admitted(new) = admission.begin(claim(100), false) else { panic!() };
    old.settle(Outcome::Used { tokens: None, cost: Some(60), is_estimate: false });
    let found = admission.budget(&key("budget", "x"), &figures);
    assert_eq!((found.reported, found.reserved), (0, 100));
    let crossings = new.settle(Outcome::Used { tokens: None, cost: Some(81), is_estimate: false });
    assert_eq!(crossings.iter().map(|one| one.percent).collect::<Vec<_>>(), [80]);
    // A budget can be topped up, and its spending reset.
    assert!(matches!(admission.begin(claim(20), false), Begun::Refused(_)));
    let adjust = |adjustment| admission.adjust(&key("budget", "x"), &figures, adjustment).unwrap();
    assert_eq!(adjust(ferrule_admission::Adjustment::TopUp(50)).whole(), 150);
    assert!(matches!(admission.begin(claim(69), false), Begun::Admitted(_)));
    assert_eq!(adjust(ferrule_admission::Adjustment::Reset).reported, 0);
    clock.advance(31 * 86_400_000);
    assert_eq!(admission.budget(&key("budget", "x"), &figures).whole(), 100);
}

#[test]
fn spending_expires_from_a_rolling_budget() {
    let clock = Arc::new(ManualClock::at(0));
    let admission = admission(&clock, 10);
    let figures = BudgetFigures { amount: 100, window: Arc::new(Window::Rolling(3_600_000)), is_hard: true };
    let claim = |amount| {
        let demand = Demand::Budget { budget: figures.clone(), amount };
        vec![Claim { key: key("budget", "x"), wait: None, demand }]
    };
    let Begun::Admitted(lease) = admission.begin(claim(80), false) else { panic!() };
    lease.sent();
    drop(lease);
    let Begun::Refused(refused) = admission.begin(claim(21), false) else { panic!() };
    let retry = refused.retry_after.unwrap();
    clock.advance(retry - 1);
    assert!(matches!(admission.begin(claim(21), false), Begun::Refused(_)));
    clock.advance(1);
    assert!(matches!(admission.begin(claim(100), false), Begun::Admitted(_)));
}
