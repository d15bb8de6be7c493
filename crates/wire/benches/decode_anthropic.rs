//! How fast bytes of Anthropic's answers become events and answers.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ferrule_wire::dialect::{Dialect, StreamLimits, find};
use ferrule_wire::model::StreamEvent;
use std::hint::black_box;

/// Text deltas of one stream.
const DELTAS: usize = 1000;
/// What one read of a socket gives at most.
const READ: usize = 16 << 10;

/// A stream as the API sends it, its text deltas written by `delta`.
fn stream(delta: impl Fn(usize) -> String) -> String {
    let mut body = String::from(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n\
         event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    );
    for number in 0..DELTAS {
        body += &format!("event: content_block_delta\ndata: {}\n\n", delta(number));
    }
    body += "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
             event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":1000}}\n\n\
             event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    body
}

fn decode(dialect: &dyn Dialect, body: &[u8], events: &mut Vec<StreamEvent>) {
    let mut decoder = dialect.stream_decoder(StreamLimits::default());
    events.clear();
    for piece in body.chunks(READ) {
        decoder.push(piece, events).unwrap();
    }
    decoder.finish(events).unwrap();
    assert!(events.len() > DELTAS);
}

fn anthropic(criterion: &mut Criterion) {
    let dialect = find("anthropic").unwrap();
    let mut group = criterion.benchmark_group("anthropic");
    let delta = |text: &str, rest: &str| {
        format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}{rest}}}"#
        )
    };
    let fast = stream(|number| delta(" token", &" ".repeat(number % 12)));
    // An escape in each text, so that each frame is read in full.
    let slow = stream(|number| delta("\\ntoken", &" ".repeat(number % 12)));
    group.throughput(Throughput::Elements(DELTAS as u64));
    for (name, body) in [("stream, fast path", &fast), ("stream, slow path", &slow)] {
        let mut events = Vec::with_capacity(2 * DELTAS);
        group.bench_function(name, |bencher| {
            bencher.iter(|| decode(dialect, black_box(body.as_bytes()), &mut events));
        });
    }
    let plain = format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{{"type":"text","text":"{}"}},{{"type":"tool_use","id":"toolu_1","name":"f","input":{{"x":1}}}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":12}}}}"#,
        "Blue light scatters. ".repeat(100)
    );
    group.throughput(Throughput::Bytes(plain.len() as u64));
    group.bench_function("plain answer, 2 KB", |bencher| {
        bencher.iter(|| dialect.decode_response(black_box(plain.as_bytes())).unwrap());
    });
    group.finish();
}

criterion_group!(benches, anthropic);
criterion_main!(benches);
