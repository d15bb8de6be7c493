//! Benchmark of the strategies: the cost per call of ordering 100 targets, and of reading the statistics of three.

use criterion::{Criterion, criterion_group, criterion_main};
use ferrule_engine::strategy::{Estimate, Rotation, Statistics, Strategy, TargetSnapshot, Usage};
use std::{hint::black_box, time::Duration};

fn targets(count: u64) -> Vec<TargetSnapshot> {
    (0..count)
        .map(|index| TargetSnapshot {
            identity: index.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            weight: 1.0 + (index % 3) as f64,
            in_flight: (index * 7 % 11) as u32,
            latency: (index % 10 != 0)
                .then_some(Estimate { value: 100.0 + (index * 37 % 90) as f64, confidence: 0.9 }),
            cost: Some(0.001 * (index * 13 % 29) as f64),
            usage: Usage { tokens: (index * 53 % 97) as f64, token_limit: Some(1000.0), ..Usage::default() },
            remaining: Some((index * 17 % 101) as f64 / 101.0),
            ..TargetSnapshot::default()
        })
        .collect()
}

fn strategies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("first of 100 targets");
    let targets = targets(100);
    let (rotation, mut random) = (Rotation::default(), fastrand::Rng::with_seed(1));
    for name in Strategy::names() {
        let Ok(strategy) = Strategy::parse(name) else { continue };
        group.bench_function(name, |bencher| {
            bencher.iter(|| strategy.order(black_box(&targets), None, &rotation, &mut random).next());
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("statistics");
    let statistics = Statistics::default();
    for now in 0..100 {
        statistics.first_token(now, Duration::from_millis(100 + now));
    }
    group.bench_function("snapshot", |bencher| {
        bencher.iter(|| black_box(&statistics).snapshot(black_box(100)));
    });
    group.bench_function("p99", |bencher| {
        bencher.iter(|| black_box(&statistics).first_token_quantile(black_box(0.99), 20));
    });
}

criterion_group!(benches, strategies);
criterion_main!(benches);
