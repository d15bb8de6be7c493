//! A provider that cannot be reached is left for its fallback, streams and plain calls alike.

use crate::support::{
    bounded, call,
    dialect::Tiny,
    drain,
    server::{Server, Step, answer, chunk, end, stream},
    settings, text_of, texts_of,
};
use ferrule_engine::{Engine, Failure, Outcome, ProviderSettings, Timeouts, TransportSettings};
use std::{net::SocketAddr, time::Duration};

async fn nobody() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// `test` at one address, which falls back on `other` at another.
fn pair(first: SocketAddr, other: SocketAddr) -> Vec<ProviderSettings> {
    let mut first = settings(first);
    first.fallback = Some("other".into());
    vec![first, ProviderSettings { id: "other".into(), ..settings(other) }]
}

fn engine(providers: Vec<ProviderSettings>) -> Result<Engine, String> {
    Engine::with_dialects(providers, Timeouts::default(), 2, TransportSettings::default(), Tiny::find)
}

#[tokio::test]
async fn the_fallback_answers_where_nobody_listens() {
    let mut steps = stream(&["start\n", "text hi\n", "done\n"]);
    steps.push(end());
    let other = Server::start(vec![answer(200, "", "hello"), steps]).await;
    let engine = engine(pair(nobody().await, other.address)).unwrap();

    let reply = bounded(engine.complete(call())).await.unwrap();
    assert_eq!((text_of(&reply.response).as_str(), reply.provider.as_str()), ("hello", "other"));
    let asked: Vec<_> = reply.attempts.iter().map(|attempt| attempt.provider.as_str()).collect();
    assert_eq!(asked, ["test", "other"], "at once, and both are listed");
    assert!(matches!(reply.attempts[0].outcome, Outcome::Connect(_)), "{:?}", reply.attempts);
    assert_eq!(reply.attempts[1].waited, Duration::ZERO);

    let mut opened = bounded(engine.stream(call())).await.unwrap();
    assert_eq!(opened.provider(), "other");
    let (events, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none());
    assert_eq!(texts_of(&events), "hi");
    assert_eq!(opened.attempts().len(), 2);

    let requests = other.requests();
    assert_eq!(requests[0].body, "small plain", "the same model is asked for");
    assert_eq!(requests[1].body, "small stream");
}

#[tokio::test]
async fn the_fallback_has_retries_of_its_own_and_its_failure_is_the_calls() {
    let other = Server::start(vec![
        answer(500, "retry-after-ms: 1\r\n", "busy"),
        answer(500, "retry-after-ms: 1\r\n", "busy"),
        answer(400, "", "no such model"),
    ])
    .await;
    let engine = engine(pair(nobody().await, other.address)).unwrap();
    let error = bounded(engine.complete(call())).await.unwrap_err();
    assert_eq!(error.provider, "other");
    assert!(error.to_string().contains("no such model"), "{error}");
    let asked: Vec<_> = error.attempts.iter().map(|attempt| attempt.provider.as_str()).collect();
    assert_eq!(asked, ["test", "other", "other", "other"]);
}

#[tokio::test]
async fn an_answer_whatever_it_says_is_no_reason_to_fall_back() {
    let other = Server::start(vec![answer(200, "", "hello")]).await;
    let first = Server::start(vec![answer(401, "", "no"), vec![Step::Hang]]).await;
    let engine = engine(pair(first.address, other.address)).unwrap();
    let error = bounded(engine.complete(call())).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Provider(_)), "{error}");
    let mut slow = call();
    slow.options.max_retries = Some(0);
    slow.options.timeouts.first_byte = Some(Duration::from_millis(50));
    let error = bounded(engine.complete(slow)).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Timeout(_)), "{error}");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_tried_again_first() {
    let other = Server::start(vec![answer(200, "", "other")]).await;
    let first = Server::start(vec![answer(200, "", "one"), vec![Step::Close], answer(200, "", "two")]).await;
    let engine = engine(pair(first.address, other.address)).unwrap();
    assert_eq!(bounded(engine.complete(call())).await.unwrap().provider, "test");
    let reply = bounded(engine.complete(call())).await.unwrap();
    assert_eq!((reply.provider.as_str(), reply.attempts.len()), ("test", 2));
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_broken_stream_is_not_moved_after_its_first_event() {
    let other = Server::start(vec![answer(200, "", "other")]).await;
    let mut steps = stream(&["start\n"]);
    steps.extend([chunk("text a\n"), Step::Close]);
    let first = Server::start(vec![steps]).await;
    let engine = engine(pair(first.address, other.address)).unwrap();
    let mut opened = bounded(engine.stream(call())).await.unwrap();
    let (events, error) = bounded(drain(&mut opened)).await;
    assert_eq!(texts_of(&events), "a");
    assert_eq!(error.unwrap().provider, "test");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_fallback_has_to_be_a_provider_and_to_carry_the_call() {
    let first = nobody().await;
    let mut alone = pair(first, first);
    alone.truncate(1);
    assert!(engine(alone).unwrap_err().contains("no provider `other` to fall back on"));

    // The fallback misses its key: the first one's failure stands.
    let mut keyless = pair(first, first);
    keyless[1].api_key = None;
    let mut call = call();
    call.options.max_retries = Some(0);
    let error = bounded(engine(keyless).unwrap().complete(call)).await.unwrap_err();
    assert_eq!((error.provider.as_str(), error.attempts.len()), ("test", 1));
}
