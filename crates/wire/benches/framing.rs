//! Benchmark of the framing: how fast the bytes of an event stream become frames.

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use ferrule_wire::framing::{Frame, SseReader, StreamLimits};
use std::hint::black_box;

/// What one read of a socket gives at most.
const READ: usize = 16 << 10;

fn read(body: &[u8], read_size: usize) -> usize {
    let mut reader = SseReader::new(StreamLimits::default());
    let mut bytes = 0;
    let mut count = |frame: Frame<'_>| {
        if let Frame::Event { data, .. } = frame {
            bytes += black_box(data).len();
        }
        Ok(())
    };
    for chunk in body.chunks(read_size) {
        assert!(reader.push(chunk, &mut count).is_ok());
    }
    assert!(reader.finish(&mut count).is_ok());
    bytes
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, body: &str, read_size: usize) {
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function(name, |bencher| bencher.iter(|| read(black_box(body.as_bytes()), read_size)));
}

/// 300 bytes, as a chunk of `openai-chat` has them.
fn chunk(content: &str) -> String {
    let mut json = format!(
        r#"{{"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz123","object":"chat.completion.chunk","created":1767225600,"model":"gpt-5-mini-2025-08-07","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[{{"index":0,"delta":{{"content":"{content}"}},"logprobs":null,"finish_reason":null}}],"obfuscation":""#
    );
    while json.len() < 290 {
        json.push('x');
    }
    json.push_str("\"}");
    json
}

fn framing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sse");
    let plain = format!("data: {}\n\n", chunk("token")).repeat(1000);
    bench(&mut group, "300-byte events, 16 KiB reads", &plain, READ);
    bench(&mut group, "300-byte events, one read each", &plain, plain.len() / 1000);
    bench(&mut group, "300-byte events, 100-byte reads", &plain, 100);
    bench(&mut group, "300-byte events, CRLF", &plain.replace('\n', "\r\n"), READ);
    bench(
        &mut group,
        "300-byte events, not ASCII",
        &format!("data: {}\n\n", chunk("\u{20ac}")).repeat(1000),
        READ,
    );
    let named = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n";
    bench(&mut group, "130-byte named events", &named.repeat(1000), READ);
    bench(&mut group, "5 MB line", &format!("data: {}\n\n", "x".repeat(5_000_000)), READ);
    group.finish();
}

criterion_group!(benches, framing);
criterion_main!(benches);
