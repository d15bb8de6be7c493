//! Benchmark of the circuit breaker: what admission and settling cost a call, uncontended.

use criterion::{Criterion, criterion_group, criterion_main};
use ferrule_wire::breaker::{Admission, Breaker, BreakerSettings, Outcome};
use std::hint::black_box;

fn breaker(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("breaker");
    let settings = BreakerSettings::default();
    let breaker = Breaker::new();
    group.bench_function("admit, closed", |bencher| {
        bencher.iter(|| black_box(&breaker).admit(black_box(1), black_box(&settings)));
    });
    group.bench_function("admit and settle a success", |bencher| {
        let mut now = 0;
        bencher.iter(|| {
            now += 1;
            if let Admission::Closed(permit) = black_box(&breaker).admit(now, black_box(&settings)) {
                breaker.settle(permit, Outcome::Success, now, &settings, 0.0);
            }
        });
    });
    breaker.force_open();
    group.bench_function("refuse, open", |bencher| {
        bencher.iter(|| black_box(&breaker).admit(black_box(1), black_box(&settings)));
    });
}

criterion_group!(benches, breaker);
criterion_main!(benches);
