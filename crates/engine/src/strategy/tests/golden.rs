//! Golden distributions: how often each strategy puts each target first, for a fixed snapshot.

use super::*;

const CALLS: usize = 12_000;

/// The share of calls that each target gets.
fn shares(strategy: Strategy, targets: &[TargetSnapshot]) -> Vec<f64> {
    let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(11));
    let mut counts = vec![0; targets.len()];
    for _ in 0..CALLS {
        counts[strategy.order(targets, None, &rotation, &mut random).next().unwrap().target] += 1;
    }
    counts.into_iter().map(|count| f64::from(count) / CALLS as f64).collect()
}

fn assert_shares(strategy: Strategy, targets: &[TargetSnapshot], expected: &[f64], within: f64) {
    let shares = shares(strategy, targets);
    let is_near = shares.iter().zip(expected).all(|(share, expected)| (share - expected).abs() <= within);
    assert!(is_near, "{strategy:?}: {shares:?}, not {expected:?}");
}

fn with(figures: &[Option<f64>], set: impl Fn(&mut TargetSnapshot, Option<f64>)) -> Vec<TargetSnapshot> {
    let mut targets = group(figures.len() as u64);
    for (target, figure) in targets.iter_mut().zip(figures) {
        set(target, *figure);
    }
    targets
}

fn latencies(figures: &[Option<f64>]) -> Vec<TargetSnapshot> {
    with(figures, |target, figure| {
        target.latency = figure.map(|value| Estimate { value, confidence: 1.0 });
    })
}

#[test]
fn sequential_picks_the_first() {
    assert_shares(Strategy::Sequential, &group(3), &[1.0, 0.0, 0.0], 0.0);
    assert_eq!(order(Strategy::Sequential, &group(12)), (0..12).collect::<Vec<_>>());
}

#[test]
fn round_robin_picks_all_equally_often() {
    assert_shares(Strategy::RoundRobin, &group(3), &[1.0 / 3.0; 3], 0.0);
    assert_shares(Strategy::RoundRobin, &group(8), &[0.125; 8], 0.0);
}

#[test]
fn weighted_round_robin_keeps_to_the_weights_and_spreads_the_turns() {
    let mut targets = group(3);
    targets[0].weight = 4.0;
    assert_shares(Strategy::WeightedRoundRobin, &targets, &[4.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0], 0.0);
    let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(5));
    let mut turn =
        || Strategy::WeightedRoundRobin.order(&targets, None, &rotation, &mut random).next().unwrap().target;
    let turns: Vec<_> = (0..60).map(|_| turn()).collect();
    for six in turns.chunks(6) {
        assert_eq!(six.iter().filter(|target| **target == 0).count(), 4, "{turns:?}");
    }
    let row = turns.split(|target| *target != 0).map(<[_]>::len).max().unwrap();
    assert!(row <= 4, "{turns:?}");
    targets[1].weight = 0.5;
    targets[2].weight = 1.5;
    assert_shares(Strategy::WeightedRoundRobin, &targets, &[4.0 / 6.0, 0.5 / 6.0, 1.5 / 6.0], 0.001);
}

#[test]
fn weighted_round_robin_picks_the_most_credit() {
    let mut targets = group(3);
    for (target, weight) in targets.iter_mut().zip([5.0, 3.0, 1.0]) {
        target.weight = weight;
    }
    let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(2));
    let mut turn = || {
        let order = Strategy::WeightedRoundRobin.order(&targets, None, &rotation, &mut random);
        order.map(|choice| choice.target).collect::<Vec<_>>()
    };
    // The credits are 5, 3, 1, then after the first turn 1, 6, 2.
    assert_eq!(turn(), [0, 1, 2]);
    assert_eq!(turn(), [1, 2, 0]);
}

#[test]
fn weighted_round_robin_starves_no_target() {
    for weights in [[f64::MAX; 3], [f64::MAX, f64::MAX, 1e300], [f64::MIN_POSITIVE; 3], [0.1, 0.2, 0.3]] {
        let mut targets = group(3);
        for (target, weight) in targets.iter_mut().zip(weights) {
            target.weight = weight;
        }
        let shares = shares(Strategy::WeightedRoundRobin, &targets);
        let (first, second) = (shares[0], shares[1]);
        assert!(first > 0.16 && second > 0.3, "{weights:?}: {shares:?}");
    }
}

#[test]
fn weighted_random_keeps_to_the_weights() {
    let mut targets = group(4);
    for (target, weight) in targets.iter_mut().zip([1.0, 2.0, 3.0, 4.0]) {
        target.weight = weight;
    }
    assert_shares(Strategy::WeightedRandom, &targets, &[0.1, 0.2, 0.3, 0.4], 0.015);
    assert_shares(Strategy::WeightedRandom, &group(5), &[0.2; 5], 0.015);
    // The second target is drawn in proportion to the weights of the rest.
    let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(3));
    let mut second = [0; 4];
    for _ in 0..CALLS {
        let order: Vec<_> = Strategy::WeightedRandom.order(&targets, None, &rotation, &mut random).collect();
        if order[0].target == 3 {
            second[order[1].target] += 1;
        }
    }
    let total = f64::from(second.iter().sum::<i32>());
    for (count, expected) in second.into_iter().zip([1.0 / 6.0, 2.0 / 6.0, 3.0 / 6.0]) {
        assert!((f64::from(count) / total - expected).abs() < 0.03, "{second:?}");
    }
}

#[test]
fn least_busy_picks_the_fewest_calls_per_weight() {
    let calls = |figures: &[u32]| {
        let mut targets = group(figures.len() as u64);
        for (target, calls) in targets.iter_mut().zip(figures) {
            target.in_flight = *calls;
        }
        targets
    };
    assert_shares(Strategy::LeastBusy, &calls(&[3, 1, 5, 1]), &[0.0, 0.5, 0.0, 0.5], 0.015);
    assert_eq!(order(Strategy::LeastBusy, &calls(&[3, 1, 5, 2])), [1, 3, 0, 2]);
    let mut weighted = calls(&[2, 4]);
    weighted[1].weight = 4.0;
    assert_shares(Strategy::LeastBusy, &weighted, &[0.0, 1.0], 0.0);
}

#[test]
fn lowest_latency_picks_the_faster_of_two() {
    let third = 1.0 / 3.0;
    let fast = |figures: &[Option<f64>], expected: &[f64]| {
        assert_shares(Strategy::LowestLatency, &latencies(figures), expected, 0.015);
    };
    fast(&[Some(400.0), Some(100.0), Some(200.0)], &[0.0, 2.0 * third, third]);
    fast(&[Some(100.0), Some(3000.0)], &[1.0, 0.0]);
    // Nearly equal counts as equal.
    fast(&[Some(100.0), Some(103.0), Some(98.0)], &[third; 3]);
    // One or all are unknown: they are neither flooded nor left out.
    fast(&[None, None, None], &[third; 3]);
    fast(&[Some(100.0), Some(100.0), None], &[third; 3]);
    fast(&[Some(100.0), None], &[0.5; 2]);
    assert_eq!(order(Strategy::LowestLatency, &latencies(&[Some(9.0), Some(1.0), Some(5.0)]))[2], 0);
}

#[test]
fn lowest_latency_considers_load_and_forgets_old_samples() {
    let mut targets = latencies(&[Some(100.0), Some(100.0)]);
    targets[0].in_flight = 5;
    assert_shares(Strategy::LowestLatency, &targets, &[0.0, 1.0], 0.0);
    // Ten times the latency is still slower than a loaded one.
    targets[1].latency = Some(Estimate { value: 1000.0, confidence: 1.0 });
    assert_shares(Strategy::LowestLatency, &targets, &[1.0, 0.0], 0.0);
    // Too old to mean anything: tried again, but by one call at a time.
    targets[0].in_flight = 0;
    targets[1].latency = Some(Estimate { value: 1000.0, confidence: 0.01 });
    assert_shares(Strategy::LowestLatency, &targets, &[0.5, 0.5], 0.015);
    targets[1].in_flight = 1;
    assert_shares(Strategy::LowestLatency, &targets, &[1.0, 0.0], 0.0);
}

#[test]
fn lowest_cost_picks_the_cheapest_and_assumes_the_mean_if_unknown() {
    let costs = |figures: &[Option<f64>]| with(figures, |target, cost| target.cost = cost);
    assert_shares(Strategy::LowestCost, &costs(&[Some(3e-6), Some(1e-6), Some(2e-6)]), &[0.0, 1.0, 0.0], 0.0);
    assert_shares(Strategy::LowestCost, &costs(&[Some(0.0), Some(0.0), Some(1.0)]), &[0.5, 0.5, 0.0], 0.015);
    assert_eq!(order(Strategy::LowestCost, &costs(&[Some(3e-6), None, Some(1e-6)])), [2, 1, 0]);
    assert_shares(Strategy::LowestCost, &costs(&[None, None]), &[0.5, 0.5], 0.015);
}

#[test]
fn usage_based_picks_the_less_used_of_two() {
    let third = 1.0 / 3.0;
    let used = |figures: &[(f64, Option<f64>)]| {
        let mut targets = group(figures.len() as u64);
        for (target, (tokens, token_limit)) in targets.iter_mut().zip(figures) {
            target.usage = Usage { tokens: *tokens, token_limit: *token_limit, ..Usage::default() };
        }
        targets
    };
    let expect = |figures: &[(f64, Option<f64>)], expected: &[f64]| {
        assert_shares(Strategy::UsageBased, &used(figures), expected, 0.015);
    };
    expect(&[(900.0, None), (100.0, None), (500.0, None)], &[0.0, 2.0 * third, third]);
    // A smaller share of a large limit is used.
    expect(&[(900.0, Some(10_000.0)), (500.0, Some(1000.0))], &[1.0, 0.0]);
    // An unknown limit is neither infinite nor zero.
    expect(&[(900.0, None), (500.0, Some(1000.0))], &[0.0, 1.0]);
    expect(&[(500.0, None), (500.0, Some(1000.0))], &[0.5, 0.5]);
    // A limit of 0 allows nothing.
    expect(&[(0.0, Some(0.0)), (500.0, Some(1000.0))], &[0.0, 1.0]);
    expect(&[(0.0, None); 3], &[third; 3]);
    let mut requests = group(2);
    requests[0].usage.requests = 5.0;
    assert_shares(Strategy::UsageBased, &requests, &[0.0, 1.0], 0.0);
}

#[test]
fn rate_limit_aware_picks_the_largest_remaining_share() {
    let left = |figures: &[Option<f64>]| with(figures, |target, left| target.remaining = left);
    assert_shares(Strategy::RateLimitAware, &left(&[Some(0.2), Some(0.9), Some(0.5)]), &[0.0, 1.0, 0.0], 0.0);
    assert_eq!(order(Strategy::RateLimitAware, &left(&[Some(0.2), None, Some(0.9)])), [2, 1, 0]);
    assert_shares(Strategy::RateLimitAware, &left(&[None, None]), &[0.5, 0.5], 0.015);
}

#[test]
fn sessions_are_spread_by_weight_and_stay() {
    let mut targets = group(3);
    targets[2].weight = 2.0;
    let target_of = |targets: &[TargetSnapshot], session: usize, seed| {
        let session = session_hash(&format!("conversation {session}"));
        let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(seed));
        let order = Strategy::LeastBusy.order(targets, Some(session), &rotation, &mut random);
        order.map(|choice| (targets[choice.target].identity, choice.reason)).collect::<Vec<_>>()
    };
    let mut counts = [0; 4];
    let mut moved = 0;
    let mut fewer = targets.clone();
    fewer.remove(0);
    fewer.reverse();
    for session in 0..CALLS {
        let before = target_of(&targets, session, 1);
        assert_eq!(before, target_of(&targets, session, 2));
        assert_eq!(before[0].1, Reason::Session);
        counts[before[0].0 as usize] += 1;
        let after = target_of(&fewer, session, 3);
        if before[0].0 == 1 {
            moved += 1;
            assert_eq!(after[0].0, before[1].0, "to where it would have gone next");
        } else {
            assert_eq!(after[0].0, before[0].0, "nobody else moves");
        }
    }
    assert_eq!(moved, counts[1]);
    for (count, share) in counts[1..].iter().zip([0.25, 0.25, 0.5]) {
        assert!((f64::from(*count) / CALLS as f64 - share).abs() < 0.015, "{counts:?}");
    }
    // Sessions do not override priorities.
    let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(1));
    let order = Strategy::Sequential.order(&targets, Some(1), &rotation, &mut random);
    assert_eq!(order.map(|choice| choice.target).collect::<Vec<_>>(), [0, 1, 2]);
}
