//! The real dialects in the whole engine, with responses as their providers send them.

use crate::support::{
    CANARY, bounded, call, drain,
    server::{Server, Step, answer, answer_bytes, stream},
    settings, text_of, texts_of,
};
use ferrule_engine::{Engine, Failure, Outcome, Timeouts, TransportSettings};
use ferrule_wire::model::{ErrorKind, FinishReason, StreamEvent};

fn engine(server: &Server, dialect: &str) -> Engine {
    let mut settings = settings(server.address);
    settings.dialect = dialect.into();
    if dialect == "anthropic" {
        settings.base_url = settings.base_url.replace("/v1", "");
    }
    Engine::new(vec![settings], Timeouts::default(), 2, TransportSettings::default()).unwrap()
}

const OPENAI: &str = r#"{"id":"c1","object":"chat.completion","created":1,"model":"small","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;
const ANTHROPIC: &str = r#"{"id":"m1","type":"message","role":"assistant","model":"small","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#;

#[tokio::test]
async fn plain_calls() {
    for (dialect, body, line) in [
        ("openai-chat", OPENAI, "POST /v1/chat/completions HTTP/1.1"),
        ("anthropic", ANTHROPIC, "POST /v1/messages HTTP/1.1"),
    ] {
        let server = Server::start(vec![answer(200, "content-type: application/json\r\n", body)]).await;
        let mut call = call();
        call.request.max_tokens = Some(10);
        let reply = bounded(engine(&server, dialect).complete(call)).await.unwrap();
        assert_eq!(text_of(&reply.response), "hi");
        assert_eq!(reply.response.usage.unwrap().output_tokens, Some(1));
        assert_eq!(server.requests()[0].line, line);
    }
}

const OPENAI_STREAM: &str = "data: {\"id\":\"c1\",\"model\":\"small\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"h\"},\"finish_reason\":null}]}\n\ndata: {\"id\":\"c1\",\"model\":\"small\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"i\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";
const ANTHROPIC_STREAM: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"small\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":1}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// `docs/wire/lenient-answers.md`, section 4.
#[tokio::test]
async fn a_plain_call_that_is_answered_with_a_stream_is_joined() {
    for (dialect, body) in [("openai-chat", OPENAI_STREAM), ("anthropic", ANTHROPIC_STREAM)] {
        // Even if the content type is wrong.
        for head in ["content-type: text/event-stream\r\n", "content-type: application/json\r\n", ""] {
            let server = Server::start(vec![answer(200, head, body)]).await;
            let mut call = call();
            call.request.max_tokens = Some(10);
            let reply = bounded(engine(&server, dialect).complete(call)).await.unwrap();
            assert_eq!(text_of(&reply.response), "hi", "{dialect}");
            assert_eq!(reply.response.choices[0].finish_reason, Some(FinishReason::Stop));
            assert_eq!(reply.response.usage.unwrap().output_tokens, Some(1));
            assert_eq!(server.requests()[0].header("accept"), Some("application/json"));
        }
    }
    let error = "data: {\"error\":{\"message\":\"Slow down\",\"type\":\"rate_limit_error\"}}\n\n";
    let server = Server::start(vec![answer(200, "content-type: text/event-stream\r\n", error)]).await;
    let mut call = call();
    call.options.max_retries = Some(0);
    let error = bounded(engine(&server, "openai-chat").complete(call)).await.unwrap_err();
    let Failure::Provider(error) = error.failure else { panic!("{error:?}") };
    assert_eq!(error.kind, ErrorKind::RateLimited);
}

#[tokio::test]
async fn content_encodings_in_capitals_and_unasked_are_read() {
    use flate2::{Compression, write};
    use std::io::Write;
    let gzip = |text: &str| {
        let mut encoder = write::GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let deflate = |text: &str| {
        let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    for (encoding, plain, streamed) in [
        ("gzip", gzip(OPENAI), gzip(OPENAI_STREAM)),
        ("GZIP", gzip(OPENAI), gzip(OPENAI_STREAM)),
        ("deflate", deflate(OPENAI), deflate(OPENAI_STREAM)),
    ] {
        let head = |kind: &str| format!("content-type: {kind}\r\ncontent-encoding: {encoding}\r\n");
        let server = Server::start(vec![
            answer_bytes(200, &head("application/json"), &plain),
            answer_bytes(200, &head("text/event-stream"), &streamed),
        ])
        .await;
        let engine = engine(&server, "openai-chat");
        let reply = bounded(engine.complete(call())).await.unwrap();
        assert_eq!(text_of(&reply.response), "hi", "{encoding}");
        let mut opened = bounded(engine.stream(call())).await.unwrap();
        let (events, failure) = bounded(drain(&mut opened)).await;
        assert!(failure.is_none(), "{encoding}: {failure:?}");
        assert_eq!(texts_of(&events), "hi", "{encoding}");
    }
}

#[tokio::test]
async fn streams_and_an_overload_after_their_beginning() {
    let openai = [
        "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"small\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
        "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":503}}\n\n",
        "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"small\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    ];
    let anthropic = [
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"small\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n",
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":1}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ];
    for (dialect, [begin, error, rest]) in [("openai-chat", openai), ("anthropic", anthropic)] {
        let mut overloaded = stream(&[begin, error]);
        overloaded.push(Step::Close);
        let server = Server::start(vec![overloaded, stream(&[begin, rest])]).await;
        let mut call = call();
        call.request.max_tokens = Some(10);
        let mut opened = bounded(engine(&server, dialect).stream(call)).await.unwrap();
        let (events, failure) = bounded(drain(&mut opened)).await;
        assert!(failure.is_none(), "{failure:?}");
        assert_eq!(texts_of(&events), "hi");
        assert_eq!(opened.attempts().len(), 2, "{dialect}");
        assert!(matches!(opened.attempts()[0].outcome, Outcome::Provider { .. }));
    }
}

#[tokio::test]
async fn errors_are_classified_and_keys_masked() {
    let body = format!(
        r#"{{"error":{{"message":"Incorrect API key provided: {CANARY}","type":"invalid_request_error","code":"invalid_api_key"}}}}"#
    );
    let server = Server::start(vec![answer(401, "x-request-id: r1\r\n", &body)]).await;
    let error = bounded(engine(&server, "openai-chat").complete(call())).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(CANARY));
    let Failure::Provider(error) = error.failure else { panic!() };
    assert_eq!((error.kind, error.request_id.as_deref()), (ErrorKind::Authentication, Some("r1")));
}

#[tokio::test]
async fn quirks_apply_to_streams_and_other_calls() {
    let flags = ferrule_wire::quirks::Quirks {
        path: "/deployments/{model}{path}".into(),
        unsupported: vec![ferrule_wire::quirks::Feature::Seed].into(),
        reasoning_in: vec![ferrule_wire::quirks::ReasoningPlace::ThinkTags].into(),
        stream_without_finish_reason: true,
        ..Default::default()
    };
    let plain = OPENAI.replace("\"hi\"", "\"<think>hm</think>hi\"");
    let streamed = [
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"<think>hm</th\"}}]}\n\n",
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ink>hi\"}}]}\n\ndata: [DONE]\n\n",
    ];
    let json = "content-type: application/json\r\n";
    // In the last case the server answers a stream with a whole response.
    let server =
        Server::start(vec![answer(200, json, &plain), stream(&streamed), answer(200, json, &plain)]).await;
    let mut settings = settings(server.address);
    settings.dialect = "openai-chat".into();
    settings.quirks = flags;
    let engine = Engine::new(vec![settings], Timeouts::default(), 2, TransportSettings::default()).unwrap();

    let reply = bounded(engine.complete(call())).await.unwrap();
    assert_eq!(text_of(&reply.response), "hi");
    assert_eq!(server.requests()[0].line, "POST /v1/deployments/small/chat/completions HTTP/1.1");
    for _ in 0..2 {
        let mut opened = bounded(engine.stream(call())).await.unwrap();
        let (events, failure) = bounded(drain(&mut opened)).await;
        assert!(failure.is_none(), "{failure:?}");
        assert_eq!(texts_of(&events), "hi");
        assert!(
            events
                .iter()
                .any(|event| matches!(event, StreamEvent::ReasoningDelta { text, .. } if text == "hm"))
        );
        assert!(
            events
                .iter()
                .any(|event| matches!(event, StreamEvent::Finish { reason: FinishReason::Stop, .. }))
        );
    }

    let mut refused = call();
    refused.request.seed = Some(1);
    let error = bounded(engine.complete(refused)).await.unwrap_err();
    let Failure::Unsupported(field) = error.failure else { panic!() };
    assert_eq!(
        (field.field.as_str(), field.reason.as_str()),
        ("seed", "test cannot make sampling repeatable")
    );
    assert_eq!(server.requests().len(), 3);
}
