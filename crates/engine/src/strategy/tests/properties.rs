//! Properties of orders, filters and statistics, whatever the figures.

use super::*;
use ferrule_wire::rate_limits::{RateLimit, RateLimits};
use proptest::prelude::{Just, Strategy as _, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use std::{sync::Arc, time::Duration};

fn any_figure() -> impl proptest::strategy::Strategy<Value = f64> {
    prop_oneof![0.0..1e6, Just(0.0), Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), any::<f64>()]
}

fn any_target() -> impl proptest::strategy::Strategy<Value = TargetSnapshot> {
    let figures =
        (prop::option::of(any_figure()), prop::option::of(any_figure()), prop::option::of(any_figure()));
    let usage = (any_figure(), any_figure(), prop::option::of(any_figure()));
    (any_figure(), any::<bool>(), any::<u32>(), figures, any_figure(), usage).prop_map(
        |(
            weight,
            available,
            in_flight,
            (latency, cost, remaining),
            confidence,
            (requests, tokens, limit),
        )| {
            TargetSnapshot {
                identity: 0,
                weight,
                available,
                in_flight,
                latency: latency.map(|value| Estimate { value, confidence }),
                cost,
                usage: Usage { requests, tokens, token_limit: limit, request_limit: limit },
                remaining,
            }
        },
    )
}

proptest! {
    #[test]
    fn an_order_is_a_permutation_with_unavailable_targets_last(
        mut targets in prop::collection::vec(any_target(), 0..12),
        seed: u64,
        session in prop::option::of(any::<u64>()),
    ) {
        for (identity, target) in targets.iter_mut().enumerate() {
            target.identity = identity as u64;
        }
        for name in Strategy::names() {
            let strategy = Strategy::parse(name).unwrap();
            let rotation = Rotation::default();
            for _ in 0..3 {
                let random = &mut fastrand::Rng::with_seed(seed);
                let order: Vec<_> = strategy.order(&targets, session, &rotation, random).collect();
                let mut sorted: Vec<_> = order.iter().map(|choice| choice.target).collect();
                sorted.sort_unstable();
                prop_assert!(sorted.into_iter().eq(0..targets.len()), "{}", name);
                let able: Vec<_> = order.iter().map(|choice| targets[choice.target].available).collect();
                prop_assert!(able.is_sorted_by(|one, other| one >= other), "{}: {:?}", name, order);
            }
        }
    }

    /// Whichever targets calls may use, no usable target waits longer than the turns of all others.
    #[test]
    fn turns_come_round(subsets in prop::collection::vec(1_u8..=255, 200), seed: u64) {
        let all = group(8);
        let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(seed));
        let mut waiting = [0; 8];
        for subset in subsets {
            let targets: Vec<_> =
                all.iter().filter(|target| subset & 1 << (target.identity - 1) != 0).copied().collect();
            let first = Strategy::RoundRobin.order(&targets, None, &rotation, &mut random).next().unwrap();
            let first = targets[first.target].identity;
            for target in &targets {
                let waited = &mut waiting[target.identity as usize - 1];
                *waited = if target.identity == first { 0 } else { *waited + 1 };
                prop_assert!(*waited <= 7, "{:?}", waiting);
            }
        }
    }

    /// Turns agree with a simple model of smooth weighted round-robin, whichever targets calls may use.
    #[test]
    fn weighted_turns_are_smooth(
        weights in prop::collection::vec(1_u8..20, 2..8),
        subsets in prop::collection::vec(1_u8..=255, 100),
        seed: u64,
    ) {
        let mut all = group(weights.len() as u64);
        for (target, weight) in all.iter_mut().zip(weights) {
            target.weight = f64::from(weight);
        }
        let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(seed));
        let mut owed = vec![0.0; all.len()];
        for subset in subsets {
            for (place, target) in all.iter_mut().enumerate() {
                target.available = subset & 1 << place != 0;
            }
            let first = Strategy::WeightedRoundRobin.order(&all, None, &rotation, &mut random).next().unwrap().target;
            if !all[first].available {
                continue;
            }
            let able = || all.iter().enumerate().filter(|(_, target)| target.available);
            let given: f64 = able().map(|(_, target)| target.weight).sum();
            able().for_each(|(place, target)| owed[place] += target.weight);
            let most = able().map(|(place, _)| owed[place]).fold(f64::MIN, f64::max);
            prop_assert_eq!(owed[first], most, "{:?}", owed);
            owed[first] -= given;
        }
    }

    #[test]
    fn a_quantile_is_among_samples(times in prop::collection::vec(1_u64..100_000_000, 20..60), share in 0.0..=1.0) {
        let statistics = Arc::new(Statistics::default());
        for micros in &times {
            statistics.first_token(0, Duration::from_micros(*micros));
        }
        prop_assert_eq!(statistics.first_token_quantile(share, 61), None);
        let found = statistics.first_token_quantile(share, 20).unwrap().as_micros() as f64;
        let mut sorted = times;
        sorted.sort_unstable();
        let at = ((share * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
        let exact = sorted[at - 1] as f64;
        // A bucket's width is a quarter of its lower bound.
        prop_assert!((found - exact).abs() <= exact * 0.25 + 64.0, "{found} {exact}");
    }

    #[test]
    fn leases_count_calls_in_flight(steps in prop::collection::vec(any::<bool>(), 0..100), concurrency in 0_u32..5) {
        let statistics = Arc::new(Statistics::default());
        let mut leases = Vec::new();
        for begin in steps {
            if begin {
                let lease = statistics.try_begin(concurrency);
                prop_assert_eq!(lease.is_some(), leases.len() < concurrency as usize);
                leases.extend(lease);
            } else {
                leases.pop();
            }
            prop_assert_eq!(statistics.in_flight() as usize, leases.len());
        }
        drop(leases);
        prop_assert_eq!(statistics.in_flight(), 0);
    }

    #[test]
    fn a_pattern_matches_its_source(parts in prop::collection::vec("[a-c/]{0,3}", 1..5), fill in "[a-c/]{0,4}") {
        let (pattern, text) = (parts.join("*"), parts.join(&fill));
        let (provider, model) = ("p", text.as_str());
        let facts = TargetFacts { provider, model, ..TargetFacts::default() };
        let filter = TargetFilter { only: vec![format!("p/{pattern}")], ..TargetFilter::default() };
        prop_assert_eq!(filter.exclusion(&facts), None);
    }
}

#[test]
fn filters_say_why() {
    let tags = ["batch".to_owned(), "eu".to_owned()];
    let target = TargetFacts {
        provider: "azure",
        variant: Some("my-eu"),
        model: "gpt-5-mini",
        tags: &tags,
        region: Some("westeurope"),
        lacks: Capabilities::IMAGES.union(Capabilities::AUDIO),
        context_window: Some(1000),
    };
    let why = |set: &dyn Fn(&mut TargetFilter)| {
        let mut filter = TargetFilter::default();
        set(&mut filter);
        filter.exclusion(&target).map(|why| why.to_string())
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(why(&|_| ()), None);
    for name in [
        "azure",
        "azure/gpt-5-mini",
        "azure/*",
        "az*/gpt*mini",
        "*",
        "*/gpt-5-mini",
        "my-eu",
        "azure@my-eu",
        "azure/gpt-5-mini@my-*",
    ] {
        assert_eq!(why(&|filter| filter.only = names(&["x", name])), None, "{name}");
        let excluded = why(&|filter| filter.exclude = names(&["x", name]));
        assert_eq!(excluded, Some(format!("is excluded by '{name}'")));
    }
    for name in [
        "azur",
        "azure/gpt-5",
        "azure/gpt-5-mini-*",
        "azure2*",
        "*x",
        "",
        "my",
        "azure@my",
        "openai@my-eu",
        "azure/gpt@my-eu",
    ] {
        let only = why(&|filter| filter.only = names(&[name]));
        assert_eq!(only.as_deref(), Some("is not listed in `only`"), "{name}");
        assert_eq!(why(&|filter| filter.exclude = names(&[name])), None);
    }
    assert_eq!(why(&|filter| filter.tags = names(&["eu", "batch"])), None);
    let tag = why(&|filter| filter.tags = names(&["eu", "fast"]));
    assert_eq!(tag.as_deref(), Some("does not have the tag 'fast'"));
    assert_eq!(why(&|filter| filter.tags = names(&["westeurope", "eu"])), None, "the region counts as a tag");
    assert_eq!(why(&|filter| filter.needs = Capabilities::TOOLS), None);
    let lacks = why(&|filter| filter.needs = Capabilities::TOOLS.union(Capabilities::IMAGES));
    assert_eq!(lacks.as_deref(), Some("its model does not support images"));
    assert_eq!(why(&|filter| filter.tokens = Some(1300)), None, "an estimate is not exact");
    let long = why(&|filter| filter.tokens = Some(1400));
    assert_eq!(long.as_deref(), Some("the prompt has about 1400 tokens, its context window 1000"));
    let unknown = TargetFacts::default();
    let long = TargetFilter { tokens: Some(u64::MAX), needs: Capabilities::TOOLS, ..TargetFilter::default() };
    assert_eq!(long.exclusion(&unknown), None, "what is not known is not lacking");
}

#[test]
fn averages_rise_at_once_and_are_forgotten_in_a_minute() {
    let statistics = Statistics::default();
    for now in 0..20 {
        statistics.first_token(now, Duration::from_millis(100));
    }
    statistics.first_token(20, Duration::from_millis(1100));
    let peak = statistics.snapshot(20).first_token.unwrap();
    assert!((peak.value - 500.0).abs() < 1.0 && peak.confidence == 1.0, "{peak:?}");
    let old = statistics.snapshot(45_020).first_token.unwrap();
    assert!((old.confidence - 0.25).abs() < 0.001 && old.value == peak.value);
    assert_eq!(statistics.snapshot(60_020).first_token, None);
    statistics.was_silent(60_030, true, Duration::from_secs(15));
    assert!((statistics.snapshot(60_030).first_token.unwrap().value - 15_000.0).abs() < 1.0);
    assert_eq!(statistics.first_token_quantile(0.99, 22), None, "silence is not among the times of answers");
}

#[test]
fn time_per_token_needs_unstreamed_calls_with_token_counts() {
    let statistics = Statistics::default();
    statistics.answered(0, Duration::from_secs(2), None);
    statistics.answered(0, Duration::from_secs(2), Some(0));
    assert_eq!(statistics.snapshot(0).per_token, None);
    statistics.answered(0, Duration::from_secs(2), Some(100));
    assert!((statistics.snapshot(0).per_token.unwrap().value - 20.0).abs() < 1e-9);
    statistics.was_silent(1, false, Duration::from_secs(9));
    assert!((statistics.snapshot(1).per_token.unwrap().value - 40.0).abs() < 1e-9);
    assert!(statistics.duration_quantile(0.5, 3).unwrap() >= Duration::from_millis(1600));
}

#[test]
fn usage_covers_one_minute() {
    let statistics = Statistics::default();
    statistics.sent(1000, 100);
    statistics.used(2000, 50);
    statistics.sent(30_000, 1);
    let used = |now| {
        let usage = statistics.snapshot(now).usage;
        (usage.requests, usage.tokens)
    };
    assert_eq!(used(30_000), (2.0, 151.0));
    assert_eq!(used(59_999), (2.0, 151.0));
    assert_eq!(used(60_000), (1.0, 1.0));
    assert_eq!(used(90_000), (0.0, 0.0));
    statistics.sent(95_000, 7);
    assert_eq!(used(95_000), (1.0, 7.0));
}

#[test]
fn remaining_limits_are_the_reported_ones_less_usage_since() {
    let statistics = Statistics::default();
    assert_eq!(statistics.snapshot(0).remaining, None);
    let of = |limit, remaining, seconds| RateLimit {
        limit: Some(limit),
        remaining: Some(remaining),
        resets_in: Some(Duration::from_secs(seconds)),
        window: None,
    };
    statistics.sent(0, 500);
    statistics.limits(0, &RateLimits { requests: of(100, 50, 10), tokens: of(1000, 800, 20) });
    let left = |now| statistics.snapshot(now).remaining.unwrap();
    assert!((left(0) - 0.5).abs() < 1e-9, "the tighter one");
    for _ in 0..20 {
        statistics.sent(0, 5);
    }
    assert!((left(0) - 0.3).abs() < 1e-9);
    statistics.used(0, 600);
    assert!((left(0) - 0.1).abs() < 1e-9, "now of tokens");
    assert!((left(5_000) - 0.15).abs() < 1e-9, "which are renewed in 20 s");
    statistics.limits(6000, &RateLimits { requests: of(100, 0, 10), tokens: RateLimit::default() });
    assert!(left(6000) < 1e-9);
    assert!(left(15_999) > 0.1, "renewed little by little");
    // Once the period of a report is over the limit is full again, less what we used since: 700 tokens.
    assert!((left(20_000) - 0.3).abs() < 1e-9);
    assert!((left(70_000) - 1.0).abs() < 1e-9);
}
