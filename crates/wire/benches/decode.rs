//! Benchmark of the decoders: the same four bodies in every dialect.
//!
//! On the fast path the chunks of a stream differ in text and padding only; on the slow path each text has an escape,
//! so that each chunk is read in full. A stream's throughput is in bytes of what the model said, since a dialect is no
//! better for sending more than that; a plain answer's is in bytes of the body, which is nearly all text.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::{all, find};
use ferrule_wire::framing::{HeaderValue, StreamLimits, write_frame};
use ferrule_wire::model::StreamEvent;
use std::hint::black_box;

/// Text deltas of one stream.
const DELTAS: usize = 1000;
/// What one read of a socket gives at most.
const READ: usize = 16 << 10;

/// A stream as OpenAI sends it, with its random padding.
fn openai_chat_stream(text: &str) -> String {
    let chunk = |delta: &str, finish: &str, padding: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz123\",\"object\":\"chat.completion.chunk\",\
             \"created\":1767225600,\"model\":\"gpt-5-mini-2025-08-07\",\"service_tier\":\"default\",\
             \"system_fingerprint\":null,\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\
             \"finish_reason\":{finish}}}],\"usage\":null,\"obfuscation\":\"{padding}\"}}\n\n"
        )
    };
    let mut body = chunk(r#"{"role":"assistant","content":"","refusal":null}"#, "null", "");
    for number in 0..DELTAS {
        let padding = "aB3dEf9h".get(..number % 8).unwrap_or_default();
        body += &chunk(&format!(r#"{{"content":"{text}"}}"#), "null", padding);
    }
    body + &chunk("{}", "\"stop\"", "") + "data: [DONE]\n\n"
}

fn openai_chat_plain(text: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz123","object":"chat.completion","created":1767225600,"model":"gpt-5-mini-2025-08-07","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":9,"completion_tokens":400,"total_tokens":409,"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0}}}},"service_tier":"default"}}"#
    )
}

/// A stream as Anthropic sends it, with its varying spaces before the last brace.
fn anthropic_stream(text: &str) -> String {
    let mut body = String::from(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n\
         event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    );
    for number in 0..DELTAS {
        let spaces = " ".repeat(number % 12);
        body += &format!(
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}{spaces}}}\n\n"
        );
    }
    body + "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
            event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":1000}}\n\n\
            event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
}

fn anthropic_plain(text: &str) -> String {
    format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{{"type":"text","text":"{text}"}},{{"type":"tool_use","id":"toolu_1","name":"f","input":{{"x":1}}}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":12}}}}"#
    )
}

/// A stream of Responses, with its numbers and its random padding.
fn openai_responses_stream(text: &str) -> String {
    let item = "msg_0123456789abcdef0123456789abcdef0123456789abcdef01";
    let mut number = 0;
    let mut frame = |name: &str, rest: &str| {
        number += 1;
        format!("event: {name}\ndata: {{\"type\":\"{name}\",\"sequence_number\":{number},{rest}}}\n\n")
    };
    let head = r#""id":"resp_1","object":"response","created_at":1767225600,"model":"gpt-5-mini""#;
    let mut body =
        frame("response.created", &format!(r#""response":{{{head},"status":"in_progress","output":[]}}"#));
    body += &frame(
        "response.output_item.added",
        &format!(
            r#""output_index":0,"item":{{"id":"{item}","type":"message","status":"in_progress","content":[],"role":"assistant"}}"#
        ),
    );
    for number in 0..DELTAS {
        let padding = "aB3dEf9h".get(..number % 8).unwrap_or_default();
        body += &frame(
            "response.output_text.delta",
            &format!(
                r#""item_id":"{item}","output_index":0,"content_index":0,"delta":"{text}","logprobs":[],"obfuscation":"{padding}""#
            ),
        );
    }
    let whole = text.repeat(DELTAS);
    let item = format!(
        r#"{{"id":"{item}","type":"message","status":"completed","content":[{{"type":"output_text","annotations":[],"logprobs":[],"text":"{whole}"}}],"role":"assistant"}}"#
    );
    body += &frame("response.output_item.done", &format!(r#""output_index":0,"item":{item}"#));
    body + &frame(
        "response.completed",
        &format!(r#""response":{{{head},"status":"completed","output":[{item}],"usage":null}}"#),
    )
}

fn openai_responses_plain(text: &str) -> String {
    format!(
        r#"{{"id":"resp_1","object":"response","created_at":1767225600,"status":"completed","error":null,"incomplete_details":null,"instructions":null,"model":"gpt-5-mini","output":[{{"id":"rs_1","type":"reasoning","summary":[]}},{{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{{"type":"output_text","text":"{text}","annotations":[],"logprobs":[]}}]}}],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"usage":{{"input_tokens":9,"input_tokens_details":{{"cached_tokens":0}},"output_tokens":400,"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":409}},"metadata":{{}}}}"#
    )
}

fn openai_completions_stream(text: &str) -> String {
    let chunk = |text: &str, finish: &str| {
        format!(
            "data: {{\"id\":\"cmpl-AbCdEfGhIjKlMnOpQrStUvWxYz123\",\"object\":\"text_completion\",\
             \"created\":1767225600,\"choices\":[{{\"text\":\"{text}\",\"index\":0,\"logprobs\":null,\
             \"finish_reason\":{finish}}}],\"model\":\"gpt-3.5-turbo-instruct\"}}\n\n"
        )
    };
    chunk(text, "null").repeat(DELTAS) + &chunk("", "\"stop\"") + "data: [DONE]\n\n"
}

fn openai_completions_plain(text: &str) -> String {
    format!(
        r#"{{"id":"cmpl-1","object":"text_completion","created":1767225600,"model":"gpt-3.5-turbo-instruct","choices":[{{"text":"{text}","index":0,"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":9,"completion_tokens":400,"total_tokens":409}}}}"#
    )
}

/// A stream as Bedrock sends it, with its random padding.
fn bedrock_stream(text: &str) -> Vec<u8> {
    let mut body = Vec::new();
    let mut frame = |name: &str, payload: &str| {
        let headers =
            [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
        let headers = headers.map(|(name, value)| (name, HeaderValue::Text(value)));
        write_frame(headers, payload.as_bytes(), &mut body);
    };
    frame("messageStart", r#"{"p":"abcdefgh","role":"assistant"}"#);
    for number in 0..DELTAS {
        let padding = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ".get(..number % 36).unwrap_or_default();
        frame(
            "contentBlockDelta",
            &format!(r#"{{"contentBlockIndex":0,"delta":{{"text":"{text}"}},"p":"{padding}"}}"#),
        );
    }
    frame("contentBlockStop", r#"{"contentBlockIndex":0,"p":"abcd"}"#);
    frame("messageStop", r#"{"p":"abcdefghijkl","stopReason":"end_turn"}"#);
    frame(
        "metadata",
        r#"{"metrics":{"latencyMs":812},"p":"abcdef","usage":{"inputTokens":10,"outputTokens":1000,"totalTokens":1010}}"#,
    );
    body
}

fn bedrock_plain(text: &str) -> String {
    format!(
        r#"{{"metrics":{{"latencyMs":812}},"output":{{"message":{{"content":[{{"text":"{text}"}},{{"toolUse":{{"input":{{"x":1}},"name":"f","toolUseId":"tooluse_1"}}}}],"role":"assistant"}}}},"stopReason":"tool_use","usage":{{"inputTokens":10,"outputTokens":12,"totalTokens":26,"cacheReadInputTokens":4,"cacheWriteInputTokens":0}}}}"#
    )
}

/// A stream as Cohere sends it.
fn cohere_stream(text: &str) -> String {
    let mut body = String::from(
        "event: message-start\ndata: {\"id\":\"m1\",\"type\":\"message-start\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}\n\n\
         event: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n",
    );
    for _ in 0..DELTAS {
        body += &format!(
            "event: content-delta\ndata: {{\"type\":\"content-delta\",\"index\":0,\"delta\":{{\"message\":{{\"content\":{{\"text\":\"{text}\"}}}}}}}}\n\n"
        );
    }
    body + "event: content-end\ndata: {\"type\":\"content-end\",\"index\":0}\n\n\
            event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":{\"billed_units\":{\"input_tokens\":4,\"output_tokens\":9},\"tokens\":{\"input_tokens\":70,\"output_tokens\":1000}}}}\n\n"
}

fn cohere_plain(text: &str) -> String {
    format!(
        r#"{{"id":"m1","finish_reason":"COMPLETE","message":{{"role":"assistant","content":[{{"type":"text","text":"{text}"}}]}},"usage":{{"billed_units":{{"input_tokens":4,"output_tokens":9}},"tokens":{{"input_tokens":70,"output_tokens":1000}}}}}}"#
    )
}

/// A stream as Ollama sends it, its time different in each line.
fn ollama_stream(text: &str) -> String {
    let mut body = String::new();
    for number in 0..DELTAS {
        body += &format!(
            "{{\"model\":\"llama3.2\",\"created_at\":\"2026-01-01T00:00:01.{number:09}Z\",\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\"}},\"done\":false}}\n"
        );
    }
    body + "{\"model\":\"llama3.2\",\"created_at\":\"2026-01-01T00:00:02Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"total_duration\":100,\"prompt_eval_count\":7,\"eval_count\":1000}\n"
}

fn ollama_plain(text: &str) -> String {
    format!(
        r#"{{"model":"llama3.2","created_at":"2026-01-01T00:00:02.5Z","message":{{"role":"assistant","content":"{text}"}},"done":true,"done_reason":"stop","total_duration":100,"load_duration":10,"prompt_eval_count":7,"prompt_eval_duration":20,"eval_count":1000,"eval_duration":30}}"#
    )
}

/// A stream as Google sends it, with the usage so far in each frame.
fn gemini_stream(text: &str) -> String {
    let frame = |text: &str, finish: &str, tokens: usize| {
        format!(
            "data: {{\"candidates\": [{{\"content\": {{\"parts\": [{{\"text\": \"{text}\"}}],\"role\": \"model\"}}{finish},\"index\": 0}}],\
             \"usageMetadata\": {{\"promptTokenCount\": 9,\"candidatesTokenCount\": {tokens},\"totalTokenCount\": {},\
             \"promptTokensDetails\": [{{\"modality\": \"TEXT\",\"tokenCount\": 9}}]}},\
             \"modelVersion\": \"gemini-2.5-flash\",\"responseId\": \"AbCdEfGhIjKlMnOpQrStUv\"}}\r\n\r\n",
            tokens + 9
        )
    };
    let body: String = (1..=DELTAS).map(|number| frame(text, "", number)).collect();
    body + &frame("", ",\"finishReason\": \"STOP\"", DELTAS)
}

fn gemini_plain(text: &str) -> String {
    format!(
        r#"{{"candidates": [{{"content": {{"parts": [{{"text": "{text}"}},{{"functionCall": {{"name": "f","args": {{"x": 1}}}}}}],"role": "model"}},"finishReason": "STOP","index": 0}}],"usageMetadata": {{"promptTokenCount": 9,"candidatesTokenCount": 400,"totalTokenCount": 409,"promptTokensDetails": [{{"modality": "TEXT","tokenCount": 9}}]}},"modelVersion": "gemini-2.5-flash","responseId": "AbCdEfGhIjKlMnOpQrStUv"}}"#
    )
}

/// A prediction as Replicate streams it: text in events of its own, between the prediction at its start and at its end.
fn replicate_stream(text: &str) -> String {
    let prediction = |status: &str| {
        format!(
            "event: prediction\ndata: {{\"id\":\"p1\",\"model\":\"meta/llama\",\"status\":\"{status}\",\"output\":null,\"error\":null,\"created_at\":\"2026-01-01T00:00:00Z\"}}\n\n"
        )
    };
    let mut body = prediction("starting");
    // What is an escape in JSON is a line more here.
    let lines = text.replace("\\n", "\ndata: ");
    for number in 0..DELTAS {
        body += &format!("event: output\nid: {number}:0\ndata: {lines}\n\n");
    }
    body + "event: done\nid: 1:0\ndata: {}\n\n" + &prediction("succeeded")
}

fn replicate_plain(text: &str) -> String {
    format!(
        r#"{{"id":"p1","model":"meta/llama","status":"succeeded","output":["{text}"],"error":null,"metrics":{{"predict_time":0.5,"input_token_count":7,"output_token_count":400}},"created_at":"2026-01-01T00:00:00Z"}}"#
    )
}

/// What Cursor's program writes, with its time in each line.
fn cursor_cli_stream(text: &str) -> String {
    let mut body = String::from(
        "{\"type\":\"system\",\"subtype\":\"init\",\"apiKeySource\":\"env\",\"session_id\":\"s\",\"model\":\"M\"}\n",
    );
    for number in 0..DELTAS {
        body += &format!(
            "{{\"type\":\"assistant\",\"message\":{{\"role\":\"assistant\",\"content\":[{{\"type\":\"text\",\"text\":\"{text}\"}}]}},\"session_id\":\"s\",\"timestamp_ms\":{number}}}\n"
        );
    }
    body + &cursor_cli_plain(&text.repeat(DELTAS))
}

fn cursor_cli_plain(text: &str) -> String {
    format!(
        "{{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"duration_ms\":5,\"result\":\"{text}\",\"session_id\":\"s\"}}\n"
    )
}

/// A stream of IBM's: OpenAI's chunks, each with its own time.
fn watsonx_stream(text: &str) -> String {
    let chunk = |number: usize, delta: &str, finish: &str| {
        format!(
            "id: {number}\nevent: message\ndata: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\
             \"model_id\":\"ibm/granite-3-8b-instruct\",\"model\":\"ibm/granite-3-8b-instruct\",\"choices\":[{{\"index\":0,\
             \"finish_reason\":{finish},\"delta\":{delta}}}],\"created\":1767225600,\
             \"created_at\":\"2026-01-01T00:00:{:02}.{:03}Z\",\"model_version\":\"1.1.0\"}}\n\n",
            number / 1000,
            number % 1000
        )
    };
    let mut body = chunk(0, r#"{"role":"assistant","content":""}"#, "null");
    for number in 1..=DELTAS {
        body += &chunk(number, &format!(r#"{{"content":"{text}"}}"#), "null");
    }
    body + &chunk(DELTAS + 1, "{}", "\"stop\"")
}

fn watsonx_plain(text: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion","model_id":"ibm/granite-3-8b-instruct","model":"ibm/granite-3-8b-instruct","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"created":1767225600,"created_at":"2026-01-01T00:00:00.000Z","usage":{{"prompt_tokens":9,"completion_tokens":400,"total_tokens":409}},"model_version":"1.1.0"}}"#
    )
}

fn ruvllm_plain(text: &str) -> String {
    format!(
        r#"{{"text":"{text}","model_used":"M700","context_size":512,"confidence":0.85,"latency_ms":12.5}}"#
    )
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

fn streams<B: AsRef<[u8]>>(criterion: &mut Criterion, name: &str, stream: fn(&str) -> B) {
    let dialect = find(name).unwrap();
    let mut group = criterion.benchmark_group(name);
    let mut events = Vec::with_capacity(2 * DELTAS);
    for (path, text) in [("stream, fast path", " token"), ("stream, slow path", "\\ntoken")] {
        let body = stream(text);
        // An escape is one byte of text.
        group.throughput(Throughput::Bytes((DELTAS * " token".len()) as u64));
        group.bench_function(path, |bencher| {
            bencher.iter(|| decode(dialect, black_box(body.as_ref()), &mut events));
        });
    }
    group.finish();
}

fn plain_answers(criterion: &mut Criterion, name: &str, plain: fn(&str) -> String) {
    let dialect = find(name).unwrap();
    let mut group = criterion.benchmark_group(name);
    let sentence = "Blue light scatters more than red, as \\\"Rayleigh\\\" says.\\n";
    for (size, repeats) in [("plain answer, 2 KB", 27), ("plain answer, 100 KB", 1680)] {
        let body = plain(&sentence.repeat(repeats));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(size, |bencher| {
            bencher.iter(|| dialect.decode_response(black_box(body.as_bytes())).unwrap());
        });
    }
    group.finish();
}

/// Dialects whose answers another's decoder reads.
const SHARED: [&str; 2] = ["anthropic-vertex", "vertex"];

fn dialects(criterion: &mut Criterion) {
    let mut benched = Vec::from(SHARED);
    macro_rules! bench {
        ($($name:literal: $stream:ident, $plain:ident;)*) => {$(
            streams(criterion, $name, $stream);
            plain_answers(criterion, $name, $plain);
            benched.push($name);
        )*};
    }
    bench! {
        "openai-chat": openai_chat_stream, openai_chat_plain;
        "anthropic": anthropic_stream, anthropic_plain;
        "openai-responses": openai_responses_stream, openai_responses_plain;
        "openai-completions": openai_completions_stream, openai_completions_plain;
        "bedrock": bedrock_stream, bedrock_plain;
        "cohere": cohere_stream, cohere_plain;
        "ollama": ollama_stream, ollama_plain;
        "gemini": gemini_stream, gemini_plain;
        "replicate": replicate_stream, replicate_plain;
        "cursor-cli": cursor_cli_stream, cursor_cli_plain;
        "watsonx": watsonx_stream, watsonx_plain;
    }
    // It does not stream.
    plain_answers(criterion, "ruvllm", ruvllm_plain);
    benched.push("ruvllm");
    assert!(all().all(|dialect| benched.contains(&dialect.name())), "a dialect without a bench");
}

criterion_group!(benches, dialects);
criterion_main!(benches);
