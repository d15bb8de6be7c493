//! Concurrency of admission with many threads: nothing is exceeded while they run, and nothing is left when they are
//! done.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use ferrule_admission::{
    Admission, Begun, BudgetFigures, Claim, Demand, Key, LimitFigures, ManualClock, Memory, Outcome, Verdict,
    Window,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    task::{Context, Wake, Waker},
    thread,
    time::Duration,
};

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn eight_threads_share_one_budget() {
    const THREADS: u64 = 8;
    const CALLS: u64 = 400;
    let admission = Admission::new(Box::<Memory>::default(), Arc::new(ManualClock::at(0)), 1_000);
    let limit = LimitFigures { concurrency: Some(3), ..LimitFigures::default() };
    // Half of all calls cost 2 and are reported, the others are estimated at 3: the budget covers about half of them.
    let budget = BudgetFigures { amount: 4_000, window: Arc::new(Window::Total), is_hard: true };
    let (under_way, most) = (AtomicI64::new(0), AtomicI64::new(0));
    let (spent, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (admission, budget) = (Arc::clone(&admission), budget.clone());
            let (under_way, most, spent, refused) = (&under_way, &most, &spent, &refused);
            scope.spawn(move || {
                let waker = Waker::from(Arc::new(Unpark(thread::current())));
                for call in 0..CALLS {
                    let key = |rule: &str| Key { rule: rule.into(), value: "x".into() };
                    let claims = vec![
                        Claim {
                            key: key("limit"),
                            wait: Some(60_000),
                            demand: Demand::Limit { limit, tokens: 0, is_open: false },
                        },
                        Claim {
                            key: key("budget"),
                            wait: Some(60_000),
                            demand: Demand::Budget { budget: budget.clone(), amount: 3 },
                        },
                    ];
                    let lease = match admission.begin(claims, true) {
                        Begun::Admitted(lease) => Some(lease),
                        Begun::Refused(_) => None,
                        Begun::Waiting(ticket) if (call + thread) % 17 == 0 => {
                            // Left, admitted or not.
                            drop(ticket);
                            continue;
                        }
                        Begun::Waiting(mut ticket) => loop {
                            match ticket.check() {
                                Verdict::Admitted(lease) => break Some(lease),
                                Verdict::Refused(_) => break None,
                                Verdict::Wait(_) => {
                                    if ticket.poll_change(&mut Context::from_waker(&waker)).is_pending() {
                                        // Only the other threads make progress possible: a missed wake-up would be a
                                        // bug.
                                        thread::park_timeout(Duration::from_secs(20));
                                    }
                                }
                            }
                        },
                    };
                    let Some(lease) = lease else {
                        refused.fetch_add(1, Ordering::SeqCst);
                        continue;
                    };
                    let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    lease.sent();
                    thread::yield_now();
                    if call % 2 == 0 {
                        lease.settle(Outcome::Used { tokens: None, cost: Some(2), is_estimate: false });
                        spent.fetch_add(2, Ordering::SeqCst);
                    } else {
                        spent.fetch_add(3, Ordering::SeqCst);
                    }
                    under_way.fetch_sub(1, Ordering::SeqCst);
                    drop(lease);
                }
            });
        }
    });
    assert!(most.load(Ordering::SeqCst) <= 3);
    let found = admission.snapshot();
    let (_, budget) = found.budgets.first().unwrap();
    assert_eq!(budget.reserved, 0);
    assert_eq!(budget.taken(), u128::from(spent.load(Ordering::SeqCst)));
    assert!(budget.taken() <= 4_000);
    // No call was refused that would have fitted.
    assert!(refused.load(Ordering::SeqCst) > 0);
    assert!(budget.taken() > 4_000 - 3, "{}", budget.taken());
    assert!(admission.waiting().is_empty());
    assert_eq!(found.limits.first().unwrap().1.in_flight, 0);
}
