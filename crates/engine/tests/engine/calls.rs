//! Calls and streams without faults, and the retries after faults.

use crate::support::{
    CANARY, bounded, call, drain, engine,
    server::{Server, Step, answer, chunk, end, stream, write},
    settings, text_of, texts_of,
};
use ferrule_engine::{Failure, Outcome, Timeouts};
use ferrule_wire::model::{ErrorKind, StreamEvent};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

#[tokio::test]
async fn a_plain_call_is_answered() {
    let server = Server::start(vec![answer(200, "x-request-id: r1\r\n", "hi")]).await;
    let reply = bounded(engine(settings(server.address)).complete(call())).await.unwrap();
    assert_eq!(text_of(&reply.response), "hi");
    assert_eq!(&reply.raw[..], b"hi");
    assert_eq!((reply.provider.as_str(), reply.request_id.as_deref()), ("test", Some("r1")));
    assert_eq!(reply.attempts.len(), 1);
    assert_eq!(reply.attempts[0].outcome, Outcome::Success);
    assert!(reply.stats.duration.is_some() && reply.stats.duration == reply.stats.time_to_first_token);

    let request = &server.requests()[0];
    assert_eq!(request.line, "POST /v1/say HTTP/1.1");
    assert_eq!(request.body, "small plain");
    assert_eq!(request.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("x-tiny"), Some("1"));
    assert!(request.header("user-agent").unwrap().starts_with("ferrule/"));
    let accepted = request.header("accept-encoding").unwrap();
    assert!(accepted.contains("gzip") && accepted.contains("br"), "{accepted}");
}

#[tokio::test]
async fn a_stream_is_delivered_chunk_by_chunk() {
    let gate = Arc::new(Semaphore::new(0));
    let mut script = stream(&["start\nusage\n", "text a\ntext b\n"]);
    script.push(Step::Await(Arc::clone(&gate)));
    script.extend([chunk(": still there\n"), chunk("text c\n"), chunk("usage\ndone\n"), end()]);
    let server = Server::start(vec![script]).await;
    let mut opened = bounded(engine(settings(server.address)).stream(call())).await.unwrap();
    assert_eq!((opened.provider(), opened.request_id()), ("test", Some("r1")));
    assert_eq!(opened.stats().duration, None, "it is open");
    gate.add_permits(1);
    let (events, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none());
    assert!(matches!(events[0], StreamEvent::Start(_)));
    assert_eq!(texts_of(&events), "abc");
    assert_eq!(events.len(), 6);
    let stats = opened.stats();
    assert!(stats.time_to_first_token.unwrap() <= stats.duration.unwrap());
    assert_eq!(opened.attempts()[0].outcome, Outcome::Success);
    let request = &server.requests()[0];
    assert_eq!(request.body, "small stream");
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_eq!(request.header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn transient_failures_are_retried_and_recorded() {
    let server = Server::start(vec![
        answer(429, "retry-after-ms: 20\r\n", "slow down"),
        answer(500, "retry-after-ms: 10\r\n", "oops"),
        answer(200, "", "hi"),
    ])
    .await;
    let reply = bounded(engine(settings(server.address)).complete(call())).await.unwrap();
    let kinds: Vec<&Outcome> = reply.attempts.iter().map(|attempt| &attempt.outcome).collect();
    let failed = |kind, status, message: &str| Outcome::Provider {
        kind,
        status: Some(status),
        message: message.into(),
    };
    assert_eq!(*kinds[0], failed(ErrorKind::RateLimited, 429, "slow down"));
    assert_eq!(*kinds[1], failed(ErrorKind::Server, 500, "oops"));
    assert_eq!(*kinds[2], Outcome::Success);
    let waited: Vec<u128> = reply.attempts.iter().map(|attempt| attempt.waited.as_millis()).collect();
    assert_eq!(waited, [0, 20, 10]);
}

#[tokio::test]
async fn retries_end_with_the_last_failure() {
    let server = Server::start(vec![answer(529, "retry-after-ms: 1\r\nx-request-id: r9\r\n", "busy")]).await;
    let engine = engine(settings(server.address));
    let error = bounded(engine.complete(call())).await.unwrap_err();
    assert_eq!(error.attempts.len(), 3);
    let Failure::Provider(provider) = error.failure else { panic!() };
    assert_eq!((provider.kind, provider.request_id.as_deref()), (ErrorKind::Overloaded, Some("r9")));
    let mut once = call();
    once.options.max_retries = Some(0);
    assert_eq!(bounded(engine.stream(once)).await.unwrap_err().attempts.len(), 1);
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn permanent_failures_are_not_retried() {
    for (status, body) in [(400, "wrong"), (401, "who"), (200, "<html>")] {
        let server = Server::start(vec![answer(status, "", body)]).await;
        let error = bounded(engine(settings(server.address)).complete(call())).await.unwrap_err();
        assert_eq!(error.attempts.len(), 1, "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_delay_beyond_the_maximum_or_deadline_is_reported_at_once() {
    for (header, total) in [("retry-after-ms: 120001\r\n", 600), ("retry-after-ms: 3000\r\n", 2)] {
        let server = Server::start(vec![answer(429, header, "later")]).await;
        let mut call = call();
        call.options.timeouts = Timeouts { total: Some(Duration::from_secs(total)), ..Timeouts::default() };
        let error = bounded(engine(settings(server.address)).complete(call)).await.unwrap_err();
        assert_eq!(error.attempts.len(), 1);
        let Failure::Provider(error) = error.failure else { panic!("{error}") };
        assert!(error.retry_after.is_some());
    }
}

#[tokio::test]
async fn a_stream_is_retried_until_something_is_delivered() {
    let mut good = stream(&["start\n", "text hi\n", "done\n"]);
    good.push(end());
    let error_behind_start = stream(&["start\nusage\n", "error busy\n"]);
    let mut only_begun = stream(&["start\n"]);
    only_begun.push(Step::Close);
    let server = Server::start(vec![error_behind_start, only_begun, good]).await;
    let mut opened = bounded(engine(settings(server.address)).stream(call())).await.unwrap();
    let (events, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none());
    assert_eq!(events.len(), 2, "what was held back of the failed attempts is gone: {events:?}");
    let outcomes: Vec<&Outcome> = opened.attempts().iter().map(|attempt| &attempt.outcome).collect();
    assert!(matches!(outcomes[0], Outcome::Provider { kind: ErrorKind::Overloaded, status: None, .. }));
    assert!(matches!(outcomes[1], Outcome::Interrupted(_)));
    assert_eq!(*outcomes[2], Outcome::Success);
}

#[tokio::test]
async fn a_stream_is_not_retried_after_something_was_delivered() {
    let mut cut = stream(&["start\n", "text a\n"]);
    cut.push(Step::Close);
    let mut early = stream(&["text a\n"]);
    early.push(end());
    for (script, words) in [
        (cut, "the connection broke in the middle"),
        (early, "before its terminal event"),
        (stream(&["text a\n", "error busy\n"]), "busy"),
        (stream(&["text a\nerror busy\n"]), "busy"),
        (stream(&["text a\n", "nonsense\n"]), "nonsense"),
    ] {
        let server = Server::start(vec![script]).await;
        let mut opened = bounded(engine(settings(server.address)).stream(call())).await.unwrap();
        let (events, error) = bounded(drain(&mut opened)).await;
        assert_eq!(texts_of(&events), "a");
        let error = error.unwrap();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.attempts.len(), 1);
        assert_eq!(error.attempts[0].outcome, Outcome::from(&error.failure));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_truncated_response_is_retried() {
    let broken = vec![write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"), Step::Close];
    let server = Server::start(vec![broken, answer(200, "", "whole")]).await;
    let reply = bounded(engine(settings(server.address)).complete(call())).await.unwrap();
    assert_eq!(text_of(&reply.response), "whole");
    assert!(matches!(reply.attempts[0].outcome, Outcome::Interrupted(_)));
}

#[tokio::test]
async fn a_refused_connection_is_retried_and_reported() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut call = call();
    call.options.max_retries = Some(1);
    let error = bounded(engine(settings(address)).complete(call)).await.unwrap_err();
    let Failure::Connect(what) = &error.failure else { panic!("{error}") };
    assert!(what.contains(&address.to_string()) && what.contains("refused"), "{what}");
    assert_eq!(error.attempts.len(), 2);
    assert!(error.attempts[1].waited >= Duration::from_millis(375));
}

#[tokio::test]
async fn a_plain_answer_to_a_streamed_call_becomes_a_stream() {
    let server = Server::start(vec![answer(200, "content-type: application/json\r\n", "hi")]).await;
    let mut opened = bounded(engine(settings(server.address)).stream(call())).await.unwrap();
    let (events, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none());
    assert_eq!(texts_of(&events), "hi");

    let server = Server::start(vec![answer(200, "content-type: text/html\r\n", "<html>")]).await;
    let error = bounded(engine(settings(server.address)).stream(call())).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unreadable(_)), "{error}");
    assert!(error.to_string().contains("text/html"), "{error}");
}

#[tokio::test]
async fn what_the_dialect_cannot_carry_is_refused_or_dropped() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let engine = engine(settings(server.address));
    let mut call = call();
    call.request.seed = Some(1);
    let error = bounded(engine.complete(call.clone())).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unsupported(field) if field.field == "seed"));
    assert!(server.requests().is_empty());
    call.options.drop_params = true;
    let reply = bounded(engine.complete(call)).await.unwrap();
    assert_eq!(reply.dropped[0].field, "seed");
}

#[tokio::test]
async fn headers_and_query_of_the_call_take_precedence() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let mut settings = settings(server.address);
    settings.base_url.push_str("/?version=2");
    settings.headers = vec![("X-Tiny".into(), "settings".into()), ("x-team".into(), "blue".into())];
    let engine = engine(settings);
    bounded(engine.complete(call())).await.unwrap();
    let mut own = call();
    own.options.headers =
        vec![("x-tiny".into(), "call".into()), ("Authorization".into(), "Basic abc".into())];
    own.options.query = vec![("a b".into(), "c&d".into())];
    bounded(engine.complete(own)).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].line, "POST /v1/say?version=2 HTTP/1.1");
    assert_eq!(requests[0].header("x-tiny"), Some("settings"));
    assert_eq!(requests[0].header("x-team"), Some("blue"));
    assert_eq!(requests[1].line, "POST /v1/say?version=2&a+b=c%26d HTTP/1.1");
    assert_eq!(requests[1].header("x-tiny"), Some("call"));
    assert_eq!(requests[1].header("authorization"), Some("Basic abc"));
}
