//! Tests of the routing strategies: golden distributions, properties, and a simulation.

mod golden;
mod properties;
mod simulation;

use super::*;

fn group(count: u64) -> Vec<TargetSnapshot> {
    (0..count)
        .map(|identity| TargetSnapshot { identity: identity + 1, ..TargetSnapshot::default() })
        .collect()
}

pub(super) fn order(strategy: Strategy, targets: &[TargetSnapshot]) -> Vec<usize> {
    strategy
        .order(targets, None, &Rotation::default(), &mut fastrand::Rng::with_seed(7))
        .map(|choice| choice.target)
        .collect()
}

#[test]
fn every_strategy_orders_each_target_once_with_unavailable_ones_last() {
    let mut targets = group(5);
    targets[0].available = false;
    targets[1].weight = 0.0;
    for name in Strategy::names() {
        let order = order(Strategy::parse(name).unwrap(), &targets);
        assert_eq!(order[3..], [1, 0], "{name}");
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4], "{name}");
    }
}

#[test]
fn names_and_synonyms_are_understood_however_they_are_written() {
    let names: Vec<_> = Strategy::names().collect();
    assert_eq!(names.len(), 9);
    assert!(Strategy::parse("sticky").is_err(), "calls have no session to stay with");
    for name in names {
        assert_eq!(Strategy::parse(name).unwrap().name(), name);
    }
    for (given, name) in [
        // LiteLLM's seven.
        ("simple-shuffle", "weighted_random"),
        ("least-busy", "least_busy"),
        ("usage-based-routing", "usage_based"),
        ("usage-based-routing-v2", "usage_based"),
        ("latency-based-routing", "lowest_latency"),
        ("cost-based-routing", "lowest_cost"),
        ("lar1", "sequential"),
        // litellm-rs's seven, as in its configuration and its code.
        ("simple_shuffle", "weighted_random"),
        ("SimpleShuffle", "weighted_random"),
        ("LeastBusy", "least_busy"),
        ("usage_based", "usage_based"),
        ("UsageBased", "usage_based"),
        ("latency_based", "lowest_latency"),
        ("CostBased", "lowest_cost"),
        ("RateLimitAware", "rate_limit_aware"),
        ("round-robin", "round_robin"),
        ("RoundRobin", "round_robin"),
    ] {
        assert_eq!(Strategy::parse(given).unwrap().name(), name, "{given}");
    }
    for (_, name) in Strategy::synonyms() {
        assert!(Strategy::names().any(|ours| ours == name));
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest() {
    for (given, nearest) in
        [("lowest_latncy", "lowest_latency"), ("roundrobin", "round_robin"), ("Sequental", "sequential")]
    {
        let error = Strategy::parse(given).unwrap_err().to_string();
        assert!(
            error.contains(&format!("'{given}' is not a routing strategy; did you mean '{nearest}'?")),
            "{error}"
        );
    }
    for given in ["", "magic", &"x".repeat(10_000)] {
        let error = Strategy::parse(given).unwrap_err().to_string();
        assert!(!error.contains("did you mean") && error.contains("known: sequential,"), "{error}");
        assert!(error.len() < 400);
    }
}

#[test]
fn reasons_say_what_was_compared() {
    let mut targets = group(3);
    targets[0].latency = Some(Estimate { value: 100.0, confidence: 1.0 });
    targets[1].cost = Some(0.5);
    targets[2].in_flight = 3;
    targets[2].available = false;
    let reasons = |strategy: Strategy| -> Vec<String> {
        let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(1));
        let order = strategy.order(&targets, None, &rotation, &mut random);
        order.map(|choice| choice.reason.to_string()).collect()
    };
    assert_eq!(reasons(Strategy::Sequential)[0], "in the order of the list");
    assert_eq!(reasons(Strategy::Sequential)[2], "cannot take a call now");
    assert_eq!(reasons(Strategy::LowestLatency)[0], "expected latency 100.0 ms");
    assert_eq!(reasons(Strategy::LowestCost)[0], "expected cost 0.500000");
    assert_eq!(reasons(Strategy::LeastBusy)[0], "0 calls in flight for its weight");
    assert_eq!(reasons(Strategy::RateLimitAware)[0], "100.0 % of its rate limit left");
    assert_eq!(reasons(Strategy::RoundRobin)[1], "in turns");
    assert_eq!(reasons(Strategy::WeightedRandom)[0], "at random, by weight");
    let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(1));
    let mut by_session = Strategy::RoundRobin.order(&targets, Some(7), &rotation, &mut random);
    assert_eq!(by_session.next().unwrap().reason.to_string(), "by its session");
}
