//! What is no chat: counts, raw requests, health.

use crate::support::{
    CANARY, bounded, call, engine,
    server::{Server, Step, answer, end, stream},
    settings,
};
use bytes::Bytes;
use ferrule_engine::{
    CallOptions, Engine, Failure, Outcome, ProviderSettings, RawCall, Timeouts, TransportSettings,
};
use http::Method;

fn real(settings: ProviderSettings) -> Engine {
    Engine::new(vec![settings], Timeouts::default(), 2, TransportSettings::default()).unwrap()
}

fn raw(path: &str) -> RawCall {
    RawCall {
        provider: "test".into(),
        model: "small".into(),
        method: Method::POST,
        path: path.into(),
        body: Bytes::from_static(b"a file"),
        content_type: Some("multipart/form-data; boundary=x".into()),
        operation: None,
        options: CallOptions { query: vec![("a".into(), "b".into())], ..CallOptions::default() },
    }
}

#[tokio::test]
async fn a_provider_that_counts_is_asked() {
    let server = Server::start(vec![answer(200, "", r#"{"input_tokens":7}"#)]).await;
    let mut settings = settings(server.address);
    settings.dialect = "anthropic".into();
    assert_eq!(bounded(real(settings).count_tokens(&call())).await.unwrap(), Some(7));
    let request = &server.requests()[0];
    assert_eq!(request.line, "POST /v1/v1/messages/count_tokens HTTP/1.1");
    assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
}

#[tokio::test]
async fn a_raw_request_goes_as_it_is_and_is_retried() {
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

#[tokio::test]
async fn an_operation_of_openai_is_refused_by_other_dialects() {
    let server = Server::start(vec![answer(200, "", "{}")]).await;
    let call = RawCall { operation: Some("images.generate".into()), ..raw("/images/generations") };
    let error = bounded(engine(settings(server.address)).raw(call)).await.unwrap_err();
    let Failure::Unsupported(field) = &error.failure else { panic!("{error}") };
    assert_eq!(field.field, "images.generate");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_raw_answer_is_bounded_and_its_breaking_off_is_an_error() {
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
async fn health_tells_a_wrong_key_from_a_provider_that_is_away() {
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
        assert!(health.reachable && health.latency.is_some());
        assert!(!format!("{health:?}").contains(CANARY));
        seen.push((health.authorised, health.problem.is_some()));
    }
    assert_eq!(seen, [(Some(true), false), (Some(false), true), (Some(true), true), (None, true)]);
    assert!(server.requests().iter().all(|request| request.line.starts_with("GET /v1/models")));

    let nobody = bounded(engine.health("nobody", Timeouts::default())).await;
    assert!(!nobody.reachable && nobody.problem.unwrap().contains("no provider `nobody`"));
    let mut away = settings(server.address);
    drop(server);
    away.base_url = "http://127.0.0.1:9".into();
    let away = bounded(crate::support::engine(away).health("test", Timeouts::default())).await;
    assert!(!away.reachable && away.authorised.is_none() && away.latency.is_none());
}
