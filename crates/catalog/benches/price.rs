//! Catalog look-up and pricing of a response, as for every call with a cost. Target: at most 1 us.

use criterion::{Criterion, criterion_group, criterion_main};
use ferrule_catalog::{Catalog, Quantities};
use ferrule_wire::model::Usage;
use std::hint::black_box;

/// 2026-11-25.
const AT: i64 = 1_795_600_000;

fn price(criterion: &mut Criterion) {
    let catalog = Catalog::builtin();
    let usage = Usage {
        input_tokens: Some(12_000),
        output_tokens: Some(800),
        cache_read_tokens: Some(8_000),
        cache_write_tokens: Some(2_000),
        reasoning_tokens: Some(300),
        ..Usage::default()
    };
    let mut group = criterion.benchmark_group("price");
    for (provider, model) in [
        ("openai", "gpt-4o-mini"),
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("gemini", "gemini-2.5-pro"),
        ("openrouter", "anthropic/claude-sonnet-4.5"),
    ] {
        group.bench_function(format!("{provider}/{model}"), |bencher| {
            bencher.iter(|| {
                let found = catalog.find(black_box(provider), black_box(model))?;
                found.price(&Quantities::from(black_box(&usage)), AT, &[])
            });
        });
    }
    group.bench_function("batch", |bencher| {
        bencher.iter(|| {
            let found = catalog.find("openai", "gpt-4o-mini")?;
            found.price(&Quantities::from(black_box(&usage)), AT, &[("processing", "batch")])
        });
    });
    group.finish();
}

criterion_group!(benches, price);
criterion_main!(benches);
