//! How fast answers of the OpenAI chat dialect become events.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ferrule_wire::dialect::{StreamLimits, find};
use std::fmt::Write as _;
use std::hint::black_box;

const CHUNKS: usize = 1000;
/// What one read of a socket gives at most.
const READ: usize = 16 << 10;

/// Chunks as OpenAI sends them, `obfuscation` included; with `same`, they differ in their text and padding only.
fn stream(same: bool) -> String {
    let mut body = String::new();
    for number in 0..CHUNKS {
        let created = if same { 0 } else { number };
        let padding = "aB3dEf9h".get(..number % 8).unwrap_or_default();
        let _ = write!(
            body,
            "data: {{\"id\":\"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz123\",\"object\":\"chat.completion.chunk\",\
             \"created\":{created},\"model\":\"gpt-5-mini-2025-08-07\",\"service_tier\":\"default\",\
             \"system_fingerprint\":null,\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" token{number}\"}},\
             \"logprobs\":null,\"finish_reason\":null}}],\"usage\":null,\"obfuscation\":\"{padding}\"}}\n\n"
        );
    }
    body.push_str(
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    );
    body
}

fn plain() -> String {
    let text = "The sky is blue because of \\\"Rayleigh scattering\\\".\\n".repeat(200);
    format!(
        "{{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\
         \"message\":{{\"role\":\"assistant\",\"content\":\"{text}\",\"refusal\":null,\"annotations\":[]}},\
         \"logprobs\":null,\"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":9,\"completion_tokens\":4,\
         \"total_tokens\":13,\"prompt_tokens_details\":{{\"cached_tokens\":0}}}}}}"
    )
}

fn decode(criterion: &mut Criterion) {
    let Some(dialect) = find("openai-chat") else { return };
    let mut group = criterion.benchmark_group("openai-chat");
    for (name, same) in [("stream of like chunks", true), ("stream of unlike chunks", false)] {
        let body = stream(same);
        let mut events = Vec::with_capacity(CHUNKS + 8);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                events.clear();
                let mut decoder = dialect.stream_decoder(StreamLimits::default());
                for piece in black_box(body.as_bytes()).chunks(READ) {
                    assert!(decoder.push(piece, &mut events).is_ok());
                }
                assert!(decoder.finish(&mut events).is_ok() && events.len() == CHUNKS + 2);
            });
        });
    }
    let body = plain();
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("plain answer", |bencher| {
        bencher.iter(|| assert!(dialect.decode_response(black_box(body.as_bytes())).is_ok()));
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
