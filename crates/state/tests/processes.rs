//! Eight processes with one database and one budget, killed at random: the reported and estimated spending never
//! exceeds the budget, no limit is exceeded, and every settled call is in the ledger once.
//!
//! This file is also the worker: it starts itself again, with its task in the environment.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod support;

use ferrule_admission::{
    BudgetFigures, Claim, Clock, Demand, Key, LimitFigures, Now, Outcome, Store, Window,
};
use ferrule_state::{CallRecord, OnLoss, Question, Shared, Sqlite, journal, totals};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use support::Place;

const WHOLE: u128 = 40_000;
/// The maximum cost of a call, and its actual cost, both known to the test.
const MOST: u128 = 40;

fn key(rule: &str) -> Key {
    Key { rule: rule.into(), value: "x".into() }
}

fn claims() -> Vec<Claim> {
    let budget = BudgetFigures { amount: WHOLE, window: Arc::new(Window::Total), is_hard: true };
    let limit = LimitFigures {
        concurrency: Some(1_000),
        requests: [None, None, Some(100_000)],
        ..LimitFigures::default()
    };
    vec![
        Claim { key: key("budget"), wait: None, demand: Demand::Budget { budget, amount: MOST } },
        Claim { key: key("limit"), wait: None, demand: Demand::Limit { limit, tokens: 0, is_open: false } },
    ]
}

/// The system's clock, ahead by the time given in a file.
struct AheadClock {
    file: PathBuf,
    last: AtomicI64,
    start: Instant,
}

impl AheadClock {
    fn new(directory: &Path) -> Arc<Self> {
        Arc::new(Self { file: directory.join("ahead"), last: AtomicI64::new(0), start: Instant::now() })
    }
}

impl Clock for AheadClock {
    fn now(&self) -> Now {
        let ahead = std::fs::read_to_string(&self.file).ok().and_then(|text| text.parse::<i64>().ok());
        let ahead = ahead.unwrap_or_else(|| self.last.load(Ordering::SeqCst));
        self.last.store(ahead, Ordering::SeqCst);
        let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let steady = u64::try_from(self.start.elapsed().as_millis()).unwrap() + u64::try_from(ahead).unwrap();
        Now { steady, wall: i64::try_from(since_epoch.as_millis()).unwrap() + ahead }
    }
}

/// The simulator's own count: each call that "arrived" is a byte of a file, each that was "returned to its caller" a
/// line on standard output.
fn work(directory: &Path) {
    let database = directory.join("state.db");
    let backing = Box::new(Sqlite::open(&database).unwrap());
    let clock = AheadClock::new(directory);
    let store =
        Shared::new(backing, &journal::directory(&database), clock.clone(), OnLoss::Local, None).unwrap();
    let store = store.with_thread().unwrap();
    let mut refused = 0;
    for number in 0_u64.. {
        let now = clock.now();
        if store.reserve(number, &claims(), now).is_err() {
            refused += 1;
            if refused > 40 {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
            continue;
        }
        store.sent(number, now);
        println!("sent");
        let cost = u128::from(number % 7) + 20;
        store.settle(
            number,
            Outcome::Used { tokens: None, cost: Some(cost), is_estimate: false },
            clock.now(),
        );
        store.note(CallRecord {
            provider: "simulated".into(),
            end: "answered".into(),
            cost: Some(cost),
            ..CallRecord::default()
        });
        store.leave(number, clock.now());
        println!("settled {cost}");
        if number % 5 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn worker() {
    if let Some(directory) = std::env::var_os("FERRULE_STATE_WORKER") {
        work(Path::new(&directory));
    }
}

struct Worker {
    child: Child,
    output: std::thread::JoinHandle<(u64, u64, u128)>,
}

fn start(place: &Place) -> Worker {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker", "--nocapture"])
        .env("FERRULE_STATE_WORKER", &place.0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let output = std::thread::spawn(move || {
        let (mut sent, mut settled, mut cost) = (0, 0, 0);
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line == "sent" {
                sent += 1;
            } else if let Some(one) = line.strip_prefix("settled ") {
                settled += 1;
                cost += one.parse::<u128>().unwrap_or_default();
            }
        }
        (sent, settled, cost)
    });
    Worker { child, output }
}

#[test]
fn eight_processes_share_one_budget_whoever_is_killed() {
    let place = Place::new();
    std::fs::write(place.0.join("ahead"), "0").unwrap();
    let mut random = 12_345_u64;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random >> 33
    };
    let mut workers: Vec<Worker> = (0..8).map(|_| start(&place)).collect();
    let mut ended = Vec::new();
    // Twelve are killed in the middle of their work, and replaced.
    for _ in 0..12 {
        std::thread::sleep(Duration::from_millis(20 + next() % 60));
        let victim = usize::try_from(next()).unwrap() % workers.len();
        let fresh = start(&place);
        let mut killed = std::mem::replace(&mut workers[victim], fresh);
        killed.child.kill().unwrap();
        ended.push(killed);
    }
    // The dead members are detected while the others continue.
    std::fs::write(place.0.join("ahead.new"), "15000").unwrap();
    std::fs::rename(place.0.join("ahead.new"), place.0.join("ahead")).unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    for worker in &mut workers {
        while worker.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < patience, "the budget does not come to its end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    ended.append(&mut workers);
    let (mut sent, mut settled, mut cost, mut kills) = (0, 0, 0, 0);
    for Worker { mut child, output } in ended {
        let status = child.wait().unwrap();
        kills += u64::from(status.signal() == Some(9));
        let (more_sent, more_settled, more_cost) = output.join().unwrap();
        (sent, settled, cost) = (sent + more_sent, settled + more_settled, cost + more_cost);
    }
    assert!(kills >= 8, "{kills} were killed");
    // A later process checks everything.
    let clock = AheadClock::new(&place.0);
    let last = place.open(&clock);
    last.keep_up();
    last.snapshot(clock.now());
    let figures = BudgetFigures { amount: WHOLE, window: Arc::new(Window::Total), is_hard: true };
    let budget = last.budget(&key("budget"), &figures, clock.now());
    let ledger = totals(&place.database(), &Question::default()).unwrap();
    let ledger = ledger.into_iter().map(|(_, totals)| totals).next().unwrap();
    println!("{sent} sent, {settled} settled for {cost}; {budget:?}; {ledger:?}");
    assert!(budget.reported + budget.estimated <= WHOLE, "{budget:?}");
    assert_eq!(budget.reserved, 0);
    // What was returned to its caller is in the ledger and the budget; calls killed between the two may be there as
    // well.
    let killed_between = u128::from(kills);
    assert!(ledger.calls >= settled && u128::from(ledger.calls) <= u128::from(settled) + killed_between);
    let noted = ledger.cost.units();
    assert!(noted >= cost && noted <= cost + killed_between * MOST);
    assert!(budget.reported >= noted && budget.reported <= noted + killed_between * MOST);
    // Unsettled requests are within the estimate.
    assert!(budget.reported + budget.estimated >= cost + (u128::from(sent) - u128::from(settled)) * 20);
    // The budget was used up, except for one percent and the blocks of dead members.
    assert!(budget.reported + budget.estimated > WHOLE - WHOLE / 100 - MOST, "{budget:?}");
    check_ledger(&place, settled);
}

/// Asserts that no call is in the ledger twice.
fn check_ledger(place: &Place, settled: u64) {
    let mut ids: HashMap<String, u64> = HashMap::new();
    ferrule_state::each(&place.database(), &Question::default(), |call, _| {
        *ids.entry(call.id.clone()).or_default() += 1;
    })
    .unwrap();
    assert!(ids.values().all(|count| *count == 1));
    assert!(ids.len() as u64 >= settled);
}

/// A journal whose last line was cut off by a kill.
#[test]
fn a_torn_line_is_ignored_and_complete_ones_are_read() {
    let place = Place::new();
    let clock = AheadClock::new(&place.0);
    let store = place.open(&clock);
    for _ in 0..3 {
        store.note(CallRecord { end: "answered".into(), cost: Some(1), ..CallRecord::default() });
    }
    let directory = journal::directory(&place.database());
    let path = std::fs::read_dir(&directory).unwrap().next().unwrap().unwrap().path();
    let mut text = String::new();
    std::fs::File::open(&path).unwrap().read_to_string(&mut text).unwrap();
    let cut = text.len() - 5;
    std::fs::write(&path, &text[..cut]).unwrap();
    std::mem::forget(store);
    let found = totals(&place.database(), &Question::default()).unwrap();
    assert_eq!(found[0].1.calls, 2);
    // Read again, nothing is counted twice.
    assert_eq!(totals(&place.database(), &Question::default()).unwrap(), found);
}
