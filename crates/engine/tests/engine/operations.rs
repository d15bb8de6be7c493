//! Operations other than chat: embeddings, images, audio, counts, raw requests, health.

use crate::support::{
    CANARY, bounded, call, engine,
    server::{Server, Step, answer, end, stream},
    settings,
};
use bytes::Bytes;
use ferrule_engine::{
    Call, CallOptions, Engine, Failure, Outcome, ProviderSettings, RawRequest, Recipient, Timeouts,
    TransportSettings,
};
use ferrule_wire::{
    operation::{EmbeddingRequest, ImageRequest, OperationKind, SpeechRequest, TranscriptionRequest},
    quirks::{Feature, Quirks},
};
use http::Method;

fn real(settings: ProviderSettings) -> Engine {
    Engine::new(vec![settings], Timeouts::default(), 2, TransportSettings::default()).unwrap()
}

fn raw(path: &str) -> Call<RawRequest> {
    let request = RawRequest {
        method: Method::POST,
        path: path.into(),
        body: Bytes::from_static(b"a file"),
        content_type: Some("multipart/form-data; boundary=x".into()),
    };
    let options = CallOptions { query: vec![("a".into(), "b".into())], ..CallOptions::default() };
    Call { to: Recipient::Provider("test".into()), request, options }
}

#[tokio::test]
async fn a_provider_with_a_count_endpoint_is_used() {
    let server = Server::start(vec![answer(200, "", r#"{"input_tokens":7}"#)]).await;
    let mut settings = settings(server.address);
    settings.dialect = "anthropic".into();
    assert_eq!(bounded(Box::pin(real(settings).count_tokens(call()))).await.unwrap().unwrap().response, 7);
    let request = &server.requests()[0];
    assert_eq!(request.line, "POST /v1/messages/count_tokens HTTP/1.1");
    assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
}

#[tokio::test]
async fn a_raw_request_is_sent_unchanged_and_retried() {
    let mut whole = stream(&["one", "two"]);
    whole.push(end());
    let server = Server::start(vec![answer(503, "retry-after-ms: 1\r\n", "busy"), whole]).await;
    let mut reply = bounded(engine(settings(server.address)).raw(raw("/files"))).await.unwrap();
    assert_eq!(reply.attempts.len(), 2);
    assert_eq!(reply.request_id.as_deref(), Some("r1"));
    assert_eq!(&bounded(reply.body(100)).await.unwrap()[..], b"onetwo");
    assert_eq!(bounded(reply.chunk()).await.unwrap(), None);
    let request = &server.requests()[1];
    assert_eq!(request.line, "POST /v1/files?a=b HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("multipart/form-data; boundary=x"));
    assert_eq!(request.body, "a file");
}

fn pictures(options: CallOptions) -> Call<ImageRequest> {
    let request = ImageRequest {
        model: "small".into(),
        prompt: "a ferrule".into(),
        size: Some("256x256".into()),
        ..ImageRequest::default()
    };
    Call { to: "test/small".into(), request, options }
}

/// A provider with these `quirks`.
fn differing(server: &Server, dialect: &str, quirks: Quirks) -> Engine {
    let settings = settings(server.address);
    real(ProviderSettings { dialect: dialect.into(), quirks, ..settings })
}

#[tokio::test]
async fn images_are_requested_and_their_usage_reported() {
    let body = r#"{"data":[{"b64_json":"iVBORw=="}],"usage":{"input_tokens":3,"output_tokens":4}}"#;
    let server = Server::start(vec![answer(200, "", body)]).await;
    let engine = differing(&server, "openai-chat", Quirks::NONE);
    let reply = bounded(engine.operate(pictures(CallOptions::default()))).await.unwrap();
    assert_eq!(reply.response.images[0].data.as_deref(), Some(&b"\x89PNG"[..]));
    assert_eq!(reply.response.usage.unwrap().output_tokens, Some(4));
    assert_eq!((reply.provider.as_str(), reply.model.as_str()), ("test", "small"));
    assert_eq!(server.requests()[0].line, "POST /v1/images/generations HTTP/1.1");
}

#[tokio::test]
async fn a_missing_operation_is_refused_by_name() {
    let server = Server::start(vec![answer(200, "", "{}")]).await;
    let without = |operation| {
        let operations: Vec<_> = OperationKind::ALL.into_iter().filter(|one| *one != operation).collect();
        Quirks { operations: operations.into(), ..Quirks::NONE }
    };
    let dropping = CallOptions { drop_params: true, ..CallOptions::default() };
    for (dialect, quirks) in [("anthropic", Quirks::NONE), ("openai-chat", without(OperationKind::Images))] {
        let engine = differing(&server, dialect, quirks);
        let error = bounded(engine.operate(pictures(dropping.clone()))).await.unwrap_err();
        let Failure::Unsupported(field) = &error.failure else { panic!("{error}") };
        assert_eq!((field.field.as_str(), error.provider.as_str()), ("images.generate", "test"));
        assert!(field.reason.contains("test has no such operation"), "{field}");
    }
    let engine = differing(&server, "openai-chat", without(OperationKind::Embeddings));
    let request = EmbeddingRequest { inputs: vec!["x".into()], ..EmbeddingRequest::default() };
    let call = Call { to: "test/small".into(), request, options: dropping };
    let error = bounded(engine.embed(call, None)).await.unwrap_err();
    assert!(matches!(&error.failure, Failure::Unsupported(field) if field.field == "embed"), "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn an_unsupported_field_is_dropped_if_requested() {
    let server = Server::start(vec![answer(200, "", r#"{"data":[]}"#)]).await;
    let quirks = Quirks { unsupported: vec![Feature::ImageSize].into(), ..Quirks::NONE };
    let engine = differing(&server, "openai-chat", quirks);
    let error = bounded(engine.operate(pictures(CallOptions::default()))).await.unwrap_err();
    assert!(matches!(&error.failure, Failure::Unsupported(field) if field.field == "size"), "{error}");
    let dropping = CallOptions { drop_params: true, ..CallOptions::default() };
    let reply = bounded(engine.operate(pictures(dropping))).await.unwrap();
    assert_eq!(reply.dropped[0].field, "size");
    assert!(!server.requests()[0].body.contains("256x256"));
}

#[tokio::test]
async fn a_recording_is_sent_as_a_form_with_a_random_boundary() {
    let plain = answer(200, "content-type: text/plain; charset=utf-8\r\n", "Hello.");
    let server = Server::start(vec![plain.clone(), plain]).await;
    let engine = differing(&server, "openai-chat", Quirks::NONE);
    for _ in 0..2 {
        let request = TranscriptionRequest { file: b"RIFF".to_vec(), ..TranscriptionRequest::default() };
        let call = Call { to: "test/small".into(), request, options: CallOptions::default() };
        assert_eq!(bounded(engine.operate(call)).await.unwrap().response.text, "Hello.");
    }
    let boundary = |position: usize| {
        let kind = server.requests()[position].header("content-type").unwrap().to_owned();
        kind.strip_prefix("multipart/form-data; boundary=").unwrap().to_owned()
    };
    assert_ne!(boundary(0), boundary(1));
    assert!(server.requests()[0].body.ends_with(&format!("RIFF\r\n--{}--\r\n", boundary(0))));
}

#[tokio::test]
async fn the_cost_of_a_call_covers_all_its_requests_or_none() {
    // A proxy's header takes precedence over the usage.
    let usage = r#""usage":{"prompt_tokens":2,"total_tokens":2,"cost":0.1,"cost_details":{"a":1}}"#;
    let vector = |usage: &str| format!(r#"{{"data":[{{"index":0,"embedding":[1]}}]{usage}}}"#);
    let told = vector(&format!(",{usage}"));
    let header = "x-litellm-response-cost: 0.25\r\n";
    let server = Server::start(vec![
        answer(200, header, &told),
        answer(200, "", &told),
        answer(200, "", &told),
        answer(200, "", &vector("")),
    ])
    .await;
    let engine = differing(&server, "openai-chat", Quirks::NONE);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let inputs = vec!["x".into(), "y".into()];
        let request = EmbeddingRequest { inputs, ..EmbeddingRequest::default() };
        let call = Call { to: "test/small".into(), request, options: CallOptions::default() };
        seen.push(bounded(engine.embed(call, Some(1))).await.unwrap());
    }
    let [both, one] = seen.as_slice() else { panic!() };
    let mut costs: Vec<&str> = both.reported_costs.iter().map(|cost| cost.text()).collect();
    costs.sort_unstable();
    assert_eq!(costs, ["0.1", "0.25"]);
    let cost = both.settlement.cost().unwrap();
    assert_eq!((cost.total.to_string().as_str(), cost.reported), ("0.35", true));
    let used = both.response.usage.as_ref().unwrap();
    // The cost of the first request alone is not the cost of both.
    assert_eq!((used.input_tokens, used.extra.is_empty()), (Some(4), true));
    assert_eq!((one.reported_costs.len(), one.response.usage.is_none()), (0, true));
}

#[tokio::test]
async fn speech_arrives_chunk_by_chunk() {
    let mut whole = stream(&["one", "two"]);
    whole.push(end());
    let server = Server::start(vec![whole]).await;
    let engine = differing(&server, "openai-chat", Quirks::NONE);
    let request = SpeechRequest {
        model: "tts".into(),
        text: "Hello.".into(),
        voice: "alloy".into(),
        ..SpeechRequest::default()
    };
    let call = Call { to: "test/tts".into(), request, options: CallOptions::default() };
    let mut reply = bounded(engine.speech(call)).await.unwrap();
    assert_eq!((reply.model.as_str(), reply.dropped().len()), ("tts", 0));
    assert_eq!(&bounded(reply.body(100)).await.unwrap()[..], b"onetwo");
    assert_eq!(server.requests()[0].line, "POST /v1/audio/speech HTTP/1.1");
}

#[tokio::test]
async fn a_raw_reply_is_bounded_and_an_interruption_is_an_error() {
    let mut cut = stream(&["one"]);
    cut.push(Step::Close);
    let server = Server::start(vec![stream(&["one", "two"]), cut]).await;
    let engine = engine(settings(server.address));
    let mut reply = bounded(engine.raw(raw("/files"))).await.unwrap();
    let error = bounded(reply.body(4)).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unreadable(_)), "{error}");
    let mut reply = bounded(engine.raw(raw("/files"))).await.unwrap();
    let error = bounded(reply.body(100)).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Interrupted(_)), "{error}");
    assert_eq!(error.attempts[0].outcome, Outcome::Success);
}

#[tokio::test]
async fn health_distinguishes_a_wrong_key_from_an_unreachable_provider() {
    let server = Server::start(vec![
        answer(200, "", r#"{"data":[]}"#),
        answer(401, "", "no"),
        answer(429, "", "slow down"),
        answer(500, "", "oh"),
    ])
    .await;
    let engine = engine(settings(server.address));
    let mut seen = Vec::new();
    for _ in 0..4 {
        let health = bounded(engine.health("test", Timeouts::default())).await;
        assert!(health.reachable == Some(true) && health.latency.is_some());
        assert!(!format!("{health:?}").contains(CANARY));
        seen.push((health.authorised, health.problem.is_some()));
    }
    assert_eq!(seen, [(Some(true), false), (Some(false), true), (Some(true), true), (None, true)]);
    assert!(server.requests().iter().all(|request| request.line.starts_with("GET /v1/models")));

    let nobody = bounded(engine.health("nobody", Timeouts::default())).await;
    assert!(nobody.reachable.is_none() && nobody.problem.unwrap().contains("no provider `nobody`"));
    let mut away = settings(server.address);
    drop(server);
    away.base_url = "http://127.0.0.1:9".into();
    let away = bounded(crate::support::engine(away).health("test", Timeouts::default())).await;
    assert!(away.reachable == Some(false) && away.authorised.is_none() && away.latency.is_none());
}
