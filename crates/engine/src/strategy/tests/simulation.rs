//! Simulation of each strategy over a changing set of targets, in virtual time with a fixed seed: no target is flooded,
//! and none starves.

use super::*;
use ferrule_wire::rate_limits::{RateLimit, RateLimits};
use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc, time::Duration};

/// A target's actual behaviour, and the client's view of it.
struct Simulated {
    identity: u64,
    weight: f64,
    /// The periods, in seconds, in which it is in the group.
    there: Vec<(u64, u64)>,
    /// The period, in seconds, in which it is ten times as slow.
    slow: (u64, u64),
    /// Requests per minute that the provider allows, if it has a limit.
    limit: Option<u64>,
    /// The provider's own count of what is left, in thousandths.
    left: u64,
    left_at: u64,
    statistics: Arc<Statistics>,
}

impl Simulated {
    fn new(identity: u64, there: &[(u64, u64)]) -> Self {
        Self {
            identity,
            weight: 1.0,
            there: there.to_vec(),
            slow: (0, 0),
            limit: None,
            left: 0,
            left_at: 0,
            statistics: Arc::default(),
        }
    }

    fn is_there(&self, now: u64) -> bool {
        self.there.iter().any(|(from, to)| (from * 1000..to * 1000).contains(&now))
    }

    /// Takes one request from the limit, which replenishes evenly; `None` if it is used up.
    fn take(&mut self, now: u64) -> Option<RateLimit> {
        let Some(limit) = self.limit else { return Some(RateLimit::default()) };
        let renewed = (now - self.left_at) * limit / 60;
        self.left = (self.left + renewed).min(limit * 1000);
        self.left_at = now;
        self.left = self.left.checked_sub(1000)?;
        let resets_in = Duration::from_millis((limit * 1000 - self.left) * 60 / limit);
        Some(RateLimit {
            limit: Some(limit),
            remaining: Some(self.left / 1000),
            resets_in: Some(resets_in),
            window: None,
        })
    }
}

/// The events of a simulation.
#[derive(Default)]
struct Log {
    /// For each call: the time, the target's identity, and the number in flight there.
    calls: Vec<(u64, u64, u32)>,
    /// Calls that a limit refused although another target had something left.
    refused: usize,
}

const RATE: u64 = 100;

/// Calls arrive at random, a hundred a second, each about 300 ms long; some belong to one of 500 sessions.
fn simulate(strategy: Strategy, targets: &mut [Simulated], seconds: u64, sessions: bool) -> Log {
    let mut random = fastrand::Rng::with_seed(17);
    let (rotation, mut log) = (Rotation::default(), Log::default());
    // For each call in flight: its end, target, lease and duration.
    let mut ends: BinaryHeap<Reverse<(u64, usize, usize, u64)>> = BinaryHeap::new();
    let mut leases = Vec::new();
    let mut now = 0;
    loop {
        now += (-(1.0 - random.f64()).ln() * 1000.0 / RATE as f64).round() as u64;
        if now >= seconds * 1000 {
            return log;
        }
        while ends.peek().is_some_and(|Reverse((end, ..))| *end <= now) {
            let Reverse((end, index, lease, took)) = ends.pop().unwrap();
            let statistics = &targets[index].statistics;
            statistics.first_token(end, Duration::from_millis(took));
            statistics.used(end, 100);
            leases[lease] = None;
        }
        let there: Vec<_> = (0..targets.len()).filter(|index| targets[*index].is_there(now)).collect();
        let snapshots: Vec<_> = there
            .iter()
            .map(|index| {
                let known = targets[*index].statistics.snapshot(now);
                TargetSnapshot {
                    identity: targets[*index].identity,
                    weight: targets[*index].weight,
                    in_flight: known.in_flight,
                    latency: known.first_token,
                    usage: known.usage,
                    remaining: known.remaining,
                    ..TargetSnapshot::default()
                }
            })
            .collect();
        let session = sessions.then(|| session_hash(&random.u32(..500).to_string()));
        let first = strategy.order(&snapshots, session, &rotation, &mut random).next().unwrap();
        let has_left = there.iter().any(|index| {
            let target = &targets[*index];
            target.limit.is_none_or(|limit| target.left + (now - target.left_at) * limit / 60 >= 2000)
        });
        let index = there[first.target];
        let target = &mut targets[index];
        target.statistics.sent(now, 50);
        match target.take(now) {
            Some(requests) => {
                target.statistics.limits(now, &RateLimits { requests, ..RateLimits::default() });
            }
            None => log.refused += usize::from(has_left),
        }
        let is_slow = (target.slow.0 * 1000..target.slow.1 * 1000).contains(&now);
        let mean = if is_slow { 3000.0 } else { 300.0 };
        // From half to twice the mean, the middle being likelier.
        let took = (mean * 2_f64.powf(random.f64() + random.f64() - 1.0)) as u64;
        leases.push(Some(target.statistics.begin()));
        log.calls.push((now, target.identity, target.statistics.in_flight()));
        ends.push(Reverse((now + took, index, leases.len() - 1, took)));
    }
}

impl Log {
    /// The share of the calls that a target got between two times, in seconds.
    fn share(&self, identity: u64, from: u64, to: u64) -> f64 {
        let mut calls = (0, 0);
        for (at, target, _) in &self.calls {
            if (from * 1000..to * 1000).contains(at) {
                calls = (calls.0 + u32::from(*target == identity), calls.1 + 1);
            }
        }
        f64::from(calls.0) / f64::from(calls.1.max(1))
    }

    /// The maximum number of calls in flight at a target between two times.
    fn peak(&self, identity: u64, from: u64, to: u64) -> u32 {
        let at = |call: &&(u64, u64, u32)| call.1 == identity && (from * 1000..to * 1000).contains(&call.0);
        self.calls.iter().filter(at).map(|call| call.2).max().unwrap_or(0)
    }
}

/// One is new after 30 s, one is away between 60 and 90 s.
fn shifting() -> Vec<Simulated> {
    vec![
        Simulated::new(1, &[(0, 120)]),
        Simulated::new(2, &[(0, 60), (90, 120)]),
        Simulated::new(3, &[(0, 120)]),
        Simulated::new(4, &[(30, 120)]),
    ]
}

/// Asserts that all get their share in each phase, and none far more in any two seconds, or far more at once.
fn assert_even(what: &str, log: &Log, targets: &[Simulated], most: f64) {
    for (from, to) in [(0, 30), (30, 60), (60, 90), (90, 120)] {
        let there: Vec<_> = targets.iter().filter(|target| target.is_there(from * 1000)).collect();
        let weights: f64 = there.iter().map(|target| target.weight).sum();
        for target in there {
            let fair = target.weight / weights;
            let share = log.share(target.identity, from, to);
            assert!(
                share > fair * 0.4,
                "{what}: {} starves from {from} s on: {share} of {fair}",
                target.identity
            );
            for second in from..to - 1 {
                let share = log.share(target.identity, second, second + 2);
                assert!(
                    share < (fair * most).min(0.9),
                    "{what}: a herd at {} in second {second}: {share} of {fair}",
                    target.identity
                );
            }
            // On average 30 calls are in flight in total.
            let peak = f64::from(log.peak(target.identity, from, to));
            assert!(peak < 30.0 * fair * most * 1.6 + 6.0, "{what}: {peak} at once at {}", target.identity);
        }
    }
}

#[test]
fn balancing_strategies_neither_herd_nor_starve() {
    for (strategy, most) in [
        (Strategy::RoundRobin, 1.1),
        (Strategy::WeightedRoundRobin, 1.1),
        (Strategy::WeightedRandom, 1.5),
        (Strategy::LeastBusy, 1.7),
        (Strategy::LowestLatency, 2.6),
        (Strategy::LowestCost, 1.6),
        (Strategy::UsageBased, 2.6),
        (Strategy::RateLimitAware, 1.6),
    ] {
        let mut targets = shifting();
        let log = simulate(strategy, &mut targets, 120, false);
        assert_even(strategy.name(), &log, &targets, most);
    }
    let mut targets = shifting();
    let log = simulate(Strategy::WeightedRandom, &mut targets, 120, true);
    assert_even("with sessions", &log, &targets, 1.7);
}

#[test]
fn weights_are_kept_while_targets_come_and_go() {
    for (strategy, most) in [(Strategy::WeightedRoundRobin, 1.2), (Strategy::WeightedRandom, 2.0)] {
        let mut targets = shifting();
        for (target, weight) in targets.iter_mut().zip([4.0, 2.0, 1.0, 3.0]) {
            target.weight = weight;
        }
        let log = simulate(strategy, &mut targets, 120, false);
        assert_even(strategy.name(), &log, &targets, most);
        for (target, expected) in [(1, 0.4), (2, 0.2), (3, 0.1), (4, 0.3)] {
            let share = log.share(target, 90, 120);
            assert!((share - expected).abs() < 0.03, "{strategy:?} {target}: {share}");
        }
    }
}

#[test]
fn lowest_latency_leaves_a_slow_target_and_comes_back() {
    for others in [1, 2, 4] {
        let mut targets: Vec<_> =
            (1..=others + 1).map(|identity| Simulated::new(identity, &[(0, 300)])).collect();
        targets[0].slow = (30, 90);
        let log = simulate(Strategy::LowestLatency, &mut targets, 300, false);
        let fair = 1.0 / (others + 1) as f64;
        assert!(log.share(1, 0, 30) > fair * 0.5, "{others}: {}", log.share(1, 0, 30));
        // The first slow answers take 3 s to come.
        let slow = log.share(1, 35, 90);
        assert!(slow < 0.01, "{others}: {slow} went to the slow one");
        assert!(slow > 0.0, "{others}: it is tried again");
        let back = log.share(1, 180, 300);
        assert!(back > fair * 0.4, "{others}: {back} of {fair} once it is fast again");
        for second in 90..299 {
            let share = log.share(1, second, second + 1);
            assert!(share < 0.9, "{others}: a herd in second {second}: {share}");
        }
    }
}

#[test]
fn limits_are_used_evenly_and_not_beyond() {
    for strategy in [Strategy::RateLimitAware, Strategy::UsageBased] {
        let mut targets = shifting();
        for (target, limit) in targets.iter_mut().zip([6000, 3000, 3000, 3000]) {
            target.limit = Some(limit);
            target.left = limit * 1000;
        }
        let log = simulate(strategy, &mut targets, 120, false);
        let (large, small) = (log.share(1, 35, 60), log.share(3, 35, 60));
        assert!(large > small * 1.4, "{strategy:?}: of twice the limit more is used: {large} {small}");
        assert_eq!(log.refused, 0, "{strategy:?}");
        for target in 1..=4 {
            let share = log.share(target, 95, 120);
            assert!(share > 0.08, "{strategy:?}: {target} starves: {share}");
        }
    }
}

#[test]
fn sequential_keeps_to_the_list() {
    let mut targets = shifting();
    let log = simulate(Strategy::Sequential, &mut targets, 120, true);
    assert!((log.share(1, 0, 120) - 1.0).abs() < 1e-9);
}

#[test]
fn simultaneous_callers_do_not_all_pick_one_target() {
    // Nothing is known of any target, or everything of all but one.
    for known in [0, 3] {
        for name in Strategy::names().filter(|name| *name != "sequential") {
            let strategy = Strategy::parse(name).unwrap();
            let statistics: Vec<Arc<Statistics>> = (0..4).map(|_| Arc::default()).collect();
            for statistics in &statistics[..known] {
                statistics.first_token(0, Duration::from_millis(300));
            }
            let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(23));
            let mut leases = Vec::new();
            for _ in 0..200 {
                let mut targets = group(4);
                for (target, statistics) in targets.iter_mut().zip(&statistics) {
                    let known = statistics.snapshot(1);
                    (target.in_flight, target.latency) = (known.in_flight, known.first_token);
                    (target.usage, target.remaining) = (known.usage, known.remaining);
                }
                let first = strategy.order(&targets, None, &rotation, &mut random).next().unwrap().target;
                statistics[first].sent(1, 10);
                leases.push(statistics[first].begin());
            }
            for statistics in &statistics {
                let calls = statistics.in_flight();
                assert!(calls <= 85, "{name}, {known} known: {calls} of 200");
                assert!(calls >= if known == 3 { 2 } else { 25 }, "{name}, {known} known: {calls} of 200");
            }
        }
    }
}
