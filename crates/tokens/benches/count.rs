//! Throughput of token counting, and the one-time cost of the first count.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ferrule_tokens::Vocabulary;
use std::hint::black_box;

fn count(criterion: &mut Criterion) {
    let text =
        "The quick brown fox jumps over the lazy dog, 12345 times; it's naïve: “you” 你好.\n".repeat(200);
    let mut group = criterion.benchmark_group("count");
    group.throughput(Throughput::Bytes(text.len() as u64));
    for vocabulary in [Vocabulary::cl100k(), Vocabulary::o200k()] {
        group
            .bench_function(vocabulary.name(), |bencher| bencher.iter(|| vocabulary.count(black_box(&text))));
    }
    group.finish();
}

criterion_group!(benches, count);
criterion_main!(benches);
