//! Several members of one database, with a manual clock: nothing is spent twice, nothing is lost when a member dies,
//! and held blocks are returned.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use ferrule_admission::{
    BudgetFigures, Claim, Clock, Demand, Key, LimitFigures, ManualClock, Outcome, Short, Store, Window,
};
use ferrule_state::{CallRecord, OnLoss, Question, Shared, journal, totals};
use std::sync::Arc;
use support::Place;

const SECOND: u64 = 1_000;

fn key(rule: &str) -> Key {
    Key { rule: rule.into(), value: "x".into() }
}

fn figures(amount: u128) -> BudgetFigures {
    BudgetFigures { amount, window: Arc::new(Window::Total), is_hard: true }
}

fn money(whole: u128, amount: u128) -> Claim {
    Claim { key: key("budget"), wait: None, demand: Demand::Budget { budget: figures(whole), amount } }
}

fn limited(limit: LimitFigures) -> Claim {
    Claim { key: key("limit"), wait: None, demand: Demand::Limit { limit, tokens: 0, is_open: false } }
}

fn used(cost: u128) -> Outcome {
    Outcome::Used { tokens: None, cost: Some(cost), is_estimate: false }
}

/// A call that was sent, with this cost.
fn spend(store: &Shared, clock: &ManualClock, call: u64, reserved: u128, cost: u128) {
    store.reserve(call, &[money(1_000, reserved)], clock.now()).unwrap();
    store.sent(call, clock.now());
    store.settle(call, used(cost), clock.now());
    store.leave(call, clock.now());
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(1_800_000_000))
}

#[test]
fn a_held_block_is_not_available_to_others() {
    let (place, clock) = (Place::new(), clock());
    let (one, other) = (place.open(&clock), place.open(&clock));
    one.reserve(1, &[money(1_000, 600)], clock.now()).unwrap();
    let shortage = other.reserve(1, &[money(1_000, 401)], clock.now()).unwrap_err();
    assert_eq!((shortage.what, shortage.limit, shortage.asked), (Short::Budget, 1_000, 401));
    assert!(!shortage.is_certain, "what the other one holds may come back");
    other.reserve(2, &[money(1_000, 395)], clock.now()).unwrap();
    // The unused part of a reservation is available to the others once the upkeep has run.
    one.sent(1, clock.now());
    one.settle(1, used(100), clock.now());
    one.keep_up();
    clock.advance(50);
    other.reserve(3, &[money(1_000, 490)], clock.now()).unwrap();
    let budget = other.budget(&key("budget"), &figures(1_000), clock.now());
    // The other member has returned its spare as well, because it was wanted.
    assert_eq!((budget.reported, budget.reserved), (100, 395 + 490));
}

#[test]
fn the_backing_is_queried_once_for_many_calls() {
    let (place, clock) = (Place::new(), clock());
    let store = place.open(&clock);
    let calls = 100_u64;
    for call in 0..calls {
        let claims =
            [Claim { demand: Demand::Budget { budget: figures(10_000_000), amount: 100 }, ..money(0, 0) }];
        store.reserve(call, &claims, clock.now()).unwrap();
        store.settle(call, used(90), clock.now());
        if call == 0 {
            // From here on the database cannot be written, which callers do not notice.
            let lock = rusqlite::Connection::open(place.database()).unwrap();
            lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
            std::mem::forget(lock);
        }
    }
    assert!(!store.is_away());
}

#[test]
fn a_dead_members_block_is_booked_as_an_estimate_and_its_settled_calls_exactly() {
    let (place, clock) = (Place::new(), clock());
    let (dies, lives) = (place.open(&clock), place.open(&clock));
    lives.keep_up();
    dies.keep_up();
    spend(&dies, &clock, 1, 300, 70);
    dies.note(CallRecord {
        provider: "openai".into(),
        end: "answered".into(),
        cost: Some(70),
        ..CallRecord::default()
    });
    dies.reserve(2, &[money(1_000, 200)], clock.now()).unwrap();
    dies.sent(2, clock.now());
    // Like a kill: no cleanup runs.
    std::mem::forget(dies);
    clock.advance(9 * SECOND);
    lives.keep_up();
    let budget = lives.budget(&key("budget"), &figures(1_000), clock.now());
    assert_eq!((budget.reported, budget.estimated), (0, 0));
    clock.advance(2 * SECOND);
    for _ in 0..3 {
        lives.keep_up();
        clock.advance(2 * SECOND);
    }
    lives.snapshot(clock.now());
    let budget = lives.budget(&key("budget"), &figures(1_000), clock.now());
    // 300 were taken with a spare of 2; 70 of them were spent.
    assert_eq!((budget.reported, budget.estimated, budget.reserved), (70, 232, 0));
    assert!(lives.reserve(1, &[money(1_000, 698)], clock.now()).is_ok());
    assert!(lives.reserve(2, &[money(1_000, 1)], clock.now()).is_err());
    let question = Question { by: vec!["provider".into()], ..Question::default() };
    let found = totals(&place.database(), &question).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].0[0].as_deref(), found[0].1.calls, found[0].1.cost.units()),
        (Some("openai"), 1, 70)
    );
}

#[test]
fn a_suspended_member_that_resumes_spends_nothing_twice() {
    let (place, clock) = (Place::new(), clock());
    let (stands, lives) = (place.open(&clock), place.open(&clock));
    stands.keep_up();
    stands.reserve(1, &[money(1_000, 400)], clock.now()).unwrap();
    stands.sent(1, clock.now());
    clock.advance(20 * SECOND);
    lives.keep_up();
    let budget = lives.budget(&key("budget"), &figures(1_000), clock.now());
    assert_eq!((budget.estimated, budget.reserved), (402, 0));
    stands.settle(1, used(150), clock.now());
    stands.keep_up();
    stands.settle_up();
    lives.snapshot(clock.now());
    let budget = lives.budget(&key("budget"), &figures(1_000), clock.now());
    assert_eq!((budget.reported, budget.estimated, budget.reserved), (150, 0, 0));
}

#[test]
fn a_leaving_member_returns_everything_and_leaves_no_file() {
    let (place, clock) = (Place::new(), clock());
    let (leaves, stays) = (place.open(&clock), place.open(&clock));
    spend(&leaves, &clock, 1, 500, 123);
    drop(leaves);
    stays.reserve(1, &[money(1_000, 877)], clock.now()).unwrap();
    let files = std::fs::read_dir(journal::directory(&place.database())).unwrap().count();
    assert_eq!(files, 1, "its own");
}

#[test]
fn a_dead_members_concurrency_is_released() {
    let (place, clock) = (Place::new(), clock());
    let (dies, lives) = (place.open(&clock), place.open(&clock));
    let two = LimitFigures { concurrency: Some(2), ..LimitFigures::default() };
    dies.reserve(1, &[limited(two)], clock.now()).unwrap();
    dies.reserve(2, &[limited(two)], clock.now()).unwrap();
    std::mem::forget(dies);
    let shortage = lives.reserve(1, &[limited(two)], clock.now()).unwrap_err();
    assert_eq!((shortage.what, shortage.used), (Short::Concurrency, 2));
    clock.advance(11 * SECOND);
    lives.keep_up();
    lives.reserve(2, &[limited(two)], clock.now()).unwrap();
}

#[test]
fn no_rolling_minute_of_all_members_exceeds_the_limit() {
    let (place, clock) = (Place::new(), clock());
    let members: Vec<Shared> = (0..3).map(|_| place.open(&clock)).collect();
    let limit = LimitFigures { requests: [None, Some(10), None], ..LimitFigures::default() };
    let mut sent = Vec::new();
    for step in 0..5_000_u64 {
        clock.advance(61);
        let member = &members[usize::try_from(step % 3).unwrap()];
        if step % 7 == 0 {
            member.keep_up();
        }
        if member.reserve(step, &[limited(limit)], clock.now()).is_ok() {
            clock.advance(13);
            member.sent(step, clock.now());
            member.settle(step, used(0), clock.now());
            member.leave(step, clock.now());
            sent.push(clock.now().wall);
        }
    }
    for (first, at) in sent.iter().enumerate() {
        let within = sent.iter().skip(first).take_while(|other| **other < at + 60_000).count();
        assert!(within <= 10, "{within} in the minute from {at}");
    }
    // The limit is reached, or nearly.
    assert!(sent.len() >= 45, "{}", sent.len());
}

#[test]
fn a_period_restarts_for_all_members() {
    let (place, clock) = (Place::new(), clock());
    let (one, other) = (place.open(&clock), place.open(&clock));
    let hour =
        BudgetFigures { amount: 100, window: Arc::new(Window::read("hour", None).unwrap()), is_hard: true };
    let claim = |amount| [Claim { demand: Demand::Budget { budget: hour.clone(), amount }, ..money(0, 0) }];
    one.reserve(1, &claim(60), clock.now()).unwrap();
    one.sent(1, clock.now());
    other.reserve(1, &claim(40), clock.now()).unwrap();
    assert!(other.reserve(2, &claim(1), clock.now()).is_err());
    clock.advance(3_600 * SECOND);
    other.reserve(3, &claim(100), clock.now()).unwrap();
    other.keep_up();
    // What began in the last hour counts in that hour.
    one.settle(1, used(60), clock.now());
    one.keep_up();
    let found = one.budget(&key("budget"), &hour, clock.now());
    assert_eq!((found.reported, found.reserved), (0, 100));
    assert!(one.reserve(2, &claim(1), clock.now()).is_err());
}

#[test]
fn the_loss_policy_applies_while_the_store_is_unavailable() {
    for on_loss in [OnLoss::Local, OnLoss::Open, OnLoss::Closed] {
        let (place, clock) = (Place::new(), clock());
        let (store, other) = (place.open_with(&clock, on_loss), place.open(&clock));
        let limit = LimitFigures { requests: [None, Some(10), None], ..LimitFigures::default() };
        for member in [&store, &other] {
            member.reserve(1, &[money(1_000, 100), limited(limit)], clock.now()).unwrap();
            member.sent(1, clock.now());
            member.settle(1, used(10), clock.now());
            member.leave(1, clock.now());
            member.keep_up();
        }
        store.reserve(2, &[money(1_000, 100)], clock.now()).unwrap();
        store.settle(2, used(10), clock.now());
        clock.advance(SECOND);
        store.keep_up();
        store.reserve(3, &[money(1_000, 200)], clock.now()).unwrap();
        let lock = rusqlite::Connection::open(place.database()).unwrap();
        lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
        store.settle(3, used(10), clock.now());
        // 190 of the block are left.
        clock.advance(SECOND);
        store.keep_up();
        assert!(store.is_away());
        let held = store.reserve(4, &[money(1_000, 150)], clock.now());
        let not_held = store.reserve(5, &[money(1_000, 500)], clock.now());
        let requests = (10..20)
            .filter(|call| {
                let is_admitted = store.reserve(*call, &[limited(limit)], clock.now()).is_ok();
                store.sent(*call, clock.now());
                is_admitted
            })
            .count();
        match on_loss {
            OnLoss::Local => {
                assert!(held.is_ok());
                assert_eq!(not_held.unwrap_err().what, Short::Store);
                // Two processes, 10 requests a minute, and one was made here.
                assert_eq!(requests, 4);
            }
            OnLoss::Open => assert!(held.is_ok() && not_held.is_ok() && requests >= 9),
            OnLoss::Closed => {
                assert_eq!(held.unwrap_err().what, Short::Store);
                assert_eq!((not_held.unwrap_err().what, requests), (Short::Store, 0));
            }
        }
        drop(lock);
        if on_loss == OnLoss::Open {
            store.sent(5, clock.now());
            store.settle(5, used(450), clock.now());
        }
        clock.advance(2 * SECOND);
        store.keep_up();
        assert!(!store.is_away());
        // What was spent in the meantime is booked.
        other.snapshot(clock.now());
        let reported = other.budget(&key("budget"), &figures(1_000), clock.now()).reported;
        assert_eq!(reported, if on_loss == OnLoss::Open { 490 } else { 40 });
    }
}

#[cfg(unix)]
#[test]
fn only_the_user_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (place, clock) = (Place::new(), clock());
    let store = place.open(&clock);
    spend(&store, &clock, 1, 10, 5);
    store.keep_up();
    let mode = |path: std::path::PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = journal::directory(&place.database());
    assert_eq!((mode(place.database()), mode(directory.clone())), (0o600, 0o700));
    for file in std::fs::read_dir(&place.0).unwrap().chain(std::fs::read_dir(&directory).unwrap()) {
        let file = file.unwrap().path();
        if file.is_file() {
            assert_eq!(mode(file.clone()), 0o600, "{}", file.display());
        }
    }
}
