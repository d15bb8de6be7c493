//! How long each parser takes for the task.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ferrule_json_parsers::{PARSERS, bodies};
use std::hint::black_box;

fn parsers(criterion: &mut Criterion) {
    for (body_name, body) in bodies() {
        let mut group = criterion.benchmark_group(body_name);
        group.throughput(Throughput::Bytes(body.len() as u64));
        for (name, parse) in PARSERS {
            assert!(parse(body.as_bytes()) == PARSERS[0].1(body.as_bytes()), "{name} reads something else");
            group.bench_function(name, |bencher| bencher.iter(|| parse(black_box(body.as_bytes()))));
        }
        group.finish();
    }
}

criterion_group!(benches, parsers);
criterion_main!(benches);
