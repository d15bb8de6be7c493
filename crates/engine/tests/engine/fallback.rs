//! Failover to a provider's fallback: streams, other calls and operations alike.

use crate::deferred::Vault;
use crate::support::{
    CANARY, bounded, call,
    dialect::{ENCODED, Tiny},
    drain,
    server::{Server, Step, answer, chunk, end, stream, write},
    settings, text_of, texts_of,
};
use ferrule_engine::{
    Attempt, Call, CallError, CallOptions, Engine, Next, Outcome, ProviderSettings, Reason, Recipient,
    Timeouts, TransportSettings,
};
use ferrule_wire::operation::{
    EmbeddingRequest, ImageRequest, RerankRequest, SpeechRequest, TranscriptionRequest,
};
use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

async fn nobody() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// `test` at one address, with `other` at another as its fallback.
fn pair(first: SocketAddr, other: SocketAddr) -> Vec<ProviderSettings> {
    let mut first = settings(first);
    first.fallback = Some("other".into());
    vec![first, ProviderSettings { id: "other".into(), ..settings(other) }]
}

fn engine(providers: Vec<ProviderSettings>) -> Result<Engine, String> {
    Engine::with_dialects(providers, Timeouts::default(), 2, TransportSettings::default(), Tiny::find)
}

#[tokio::test]
async fn the_fallback_answers_if_the_first_is_unreachable() {
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
async fn the_fallback_has_its_own_retries_and_its_failure_is_reported() {
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
async fn target_failures_move_on_and_invalid_requests_stop() {
    let other = Server::start((0..4).map(|_| answer(200, "", "hello")).collect()).await;
    let first = Server::start(vec![
        answer(401, "", "no"),
        answer(503, "", "busy"),
        answer(404, "", "no such model"),
        answer(400, "", "wrong"),
    ])
    .await;
    let engine = engine(pair(first.address, other.address)).unwrap();
    let mut reasons = Vec::new();
    for _ in 0..3 {
        let reply = bounded(engine.complete(call())).await.unwrap();
        assert_eq!((reply.provider.as_str(), reply.attempts.len()), ("other", 2));
        assert_eq!(reply.attempts[0].next, Some(Next::Moved("other/small".into())));
        reasons.push(reply.attempts[0].reason);
    }
    assert_eq!(reasons, [Some(Reason::Key), Some(Reason::Server), Some(Reason::Model)]);
    // A target that does not know the model is suspended for a while.
    let reply = bounded(engine.complete(call())).await.unwrap();
    assert!(matches!(reply.attempts[0].outcome, Outcome::Skipped(_)), "{:?}", reply.attempts);
    assert_eq!((first.requests().len(), other.requests().len()), (3, 4));
    let mut wrong = call();
    wrong.to = "test/another".into();
    let error = bounded(engine.complete(wrong)).await.unwrap_err();
    assert_eq!((error.provider.as_str(), error.attempts.len()), ("test", 1), "every target would say so");
    assert_eq!(error.attempts[0].next, None);
}

#[tokio::test]
async fn a_silent_target_is_left_for_the_next() {
    let other = Server::start(vec![answer(200, "", "hello")]).await;
    let first = Server::start(vec![vec![Step::Hang]]).await;
    let engine = engine(pair(first.address, other.address)).unwrap();
    let mut slow = call();
    slow.options.timeouts.first_byte = Some(Duration::from_millis(50));
    let reply = bounded(engine.complete(slow)).await.unwrap();
    assert_eq!((reply.provider.as_str(), reply.attempts.len()), ("other", 2));
    assert_eq!(reply.attempts[0].reason, Some(Reason::Timeout));
}

#[tokio::test]
async fn a_stale_connection_is_retried_before_the_fallback() {
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

    // A known but unusable fallback does not affect calls that do not need it.
    let server = Server::start(vec![answer(200, "", "hello")]).await;
    let mut unusable = pair(server.address, first);
    unusable[1].missing = Some("set OTHER_PROJECT".into());
    let usable = engine(unusable).unwrap();
    assert_eq!(bounded(usable.complete(call())).await.unwrap().provider, "test");
    let mut unreached = pair(first, first);
    unreached[1].missing = Some("set OTHER_PROJECT".into());
    let mut once = call();
    once.options.max_retries = Some(0);
    let error = bounded(engine(unreached).unwrap().complete(once)).await.unwrap_err();
    assert_eq!((error.provider.as_str(), told(&error)), ("test", vec![("other", true), ("test", false)]));

    // The fallback lacks its key: the first failure is reported.
    let mut keyless = pair(first, first);
    keyless[1].api_key = None;
    let mut call = call();
    call.options.max_retries = Some(0);
    let error = bounded(engine(keyless).unwrap().complete(call)).await.unwrap_err();
    assert_eq!((error.provider.as_str(), told(&error)), ("test", vec![("test", false), ("other", true)]));
}

/// The providers in a call's attempts, and whether each was skipped.
fn told(error: &CallError) -> Vec<(&str, bool)> {
    let told = |attempt: &Attempt| matches!(attempt.outcome, Outcome::Skipped(_));
    error.attempts.iter().map(|attempt| (attempt.provider.as_str(), told(attempt))).collect()
}

#[tokio::test]
async fn a_candidate_is_encoded_when_its_turn_comes() {
    let other = Server::start(vec![answer(200, "", "other")]).await;
    let first = Server::start(vec![answer(200, "", "first")]).await;
    let mut providers = pair(first.address, other.address);
    providers[1].dialect = "counted".into();
    bounded(engine(providers.clone()).unwrap().complete(call())).await.unwrap();
    assert_eq!(ENCODED.load(Ordering::SeqCst), 0);
    providers[0].base_url = format!("http://{}", nobody().await);
    let reply = bounded(engine(providers).unwrap().complete(call())).await.unwrap();
    assert_eq!((reply.provider.as_str(), ENCODED.load(Ordering::SeqCst)), ("other", 1));
}

#[tokio::test]
async fn a_fallback_uses_its_fetched_key() {
    let other = Server::start(vec![answer(200, "", "hello")]).await;
    let vault = Vault::new(&[CANARY]);
    let mut providers = pair(nobody().await, other.address);
    providers[1].api_key = None;
    providers[1].secrets = Some(Arc::clone(&vault) as _);
    let engine = engine(providers).unwrap();
    assert_eq!(vault.fetches(), 0);
    for _ in 0..2 {
        let reply = bounded(engine.complete(call())).await.unwrap();
        assert_eq!(reply.provider, "other");
    }
    assert_eq!(vault.fetches(), 1);
    for request in other.requests() {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    }
}

/// Two providers of OpenAI's format, the first of which is unreachable.
async fn unreached(other: &Server) -> Engine {
    let mut providers = pair(nobody().await, other.address);
    providers.iter_mut().for_each(|provider| provider.dialect = "openai-chat".into());
    Engine::new(providers, Timeouts::default(), 2, TransportSettings::default()).unwrap()
}

fn to<R>(request: R) -> Call<R> {
    Call::new("test/small", request)
}

/// Some servers neither send an end marker nor close the connection.
#[tokio::test]
async fn a_complete_stream_ends_after_a_second_of_silence() {
    let event = |json: &str| chunk(&format!("data: {json}\n\n"));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let steps = vec![
        write(head),
        event(r#"{"choices":[{"index":0,"delta":{"content":"hi"}}]}"#),
        event(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#),
        event(r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#),
        Step::Hang,
    ];
    let first = Server::start(vec![steps]).await;
    let mut settings = settings(first.address);
    settings.dialect = "openai-chat".into();
    let engine = Engine::new(vec![settings], Timeouts::default(), 0, TransportSettings::default()).unwrap();
    let mut opened = bounded(engine.stream(call())).await.unwrap();
    let (events, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(texts_of(&events), "hi");
    assert_eq!(opened.settle().record().usage.input_tokens, Some(3), "the figures behind it are read");
}

/// The state of a target belongs to its provider's model, whichever call uses it.
#[tokio::test]
async fn a_target_that_keeps_failing_is_suspended() {
    let other = Server::start((0..9).map(|_| answer(200, "", "hello")).collect()).await;
    let first = Server::start((0..9).map(|_| answer(503, "", "busy")).collect()).await;
    let engine = engine(pair(first.address, other.address)).unwrap();
    for _ in 0..9 {
        assert_eq!(bounded(engine.complete(call())).await.unwrap().provider, "other");
    }
    assert_eq!((first.requests().len(), other.requests().len()), (5, 9));
    let status = engine.status();
    let target = status.targets.iter().find(|target| target.name == "test/small").unwrap();
    assert_eq!((target.breaker, target.in_flight, target.times_opened), ("open", 0, 1));
    assert!(!format!("{status:?}").contains(CANARY));
    // Everything else changes in the settings: the state stays.
    let renewed = engine
        .renewed(pair(first.address, other.address), Timeouts::default(), 1, TransportSettings::default())
        .unwrap();
    bounded(renewed.complete(call())).await.unwrap();
    assert_eq!(first.requests().len(), 5);
    renewed.reset_breaker("test/small", None).unwrap();
    bounded(renewed.complete(call())).await.unwrap();
    assert_eq!(first.requests().len(), 6);
}

#[tokio::test]
async fn operations_fall_back() {
    let vectors = r#"{"data":[{"index":0,"embedding":[1]}],"model":"small"}"#;
    let audio = stream(&["one"]).into_iter().chain([end()]).collect();
    let other = Server::start(vec![
        answer(200, "", vectors),
        answer(200, "", r#"{"results":[{"index":0,"relevance_score":1}]}"#),
        answer(200, "", r#"{"data":[]}"#),
        answer(200, "", r#"{"text":"Hello."}"#),
        audio,
    ])
    .await;
    let engine = unreached(&other).await;
    let inputs = vec!["x".to_owned()];
    let request = EmbeddingRequest { inputs: inputs.clone(), ..EmbeddingRequest::default() };
    let embedded = bounded(engine.embed(to(request), None)).await.unwrap();
    assert_eq!((embedded.provider.as_str(), embedded.attempts.len()), ("other", 2));
    assert_eq!(embedded.settlement.record().provider, "other");
    let request = RerankRequest { documents: inputs, ..RerankRequest::default() };
    assert_eq!(bounded(engine.operate(to(request))).await.unwrap().provider, "other");
    let request = ImageRequest { prompt: "a ferrule".into(), ..ImageRequest::default() };
    assert_eq!(bounded(engine.operate(to(request))).await.unwrap().provider, "other");
    let request = TranscriptionRequest { file: b"RIFF".to_vec(), ..TranscriptionRequest::default() };
    assert_eq!(bounded(engine.operate(to(request))).await.unwrap().provider, "other");
    assert!(other.requests()[3].body.contains("RIFF"));
    let request = SpeechRequest { text: "Hello.".into(), voice: "alloy".into(), ..SpeechRequest::default() };
    let mut spoken = bounded(engine.speech(to(request))).await.unwrap();
    assert_eq!((spoken.provider.as_str(), spoken.model.as_str()), ("other", "small"));
    assert_eq!(&bounded(spoken.body(100)).await.unwrap()[..], b"one");
}

#[tokio::test]
async fn counts_fall_back() {
    let other = Server::start(vec![answer(200, "", r#"{"input_tokens":7}"#)]).await;
    let mut providers = pair(nobody().await, other.address);
    providers.iter_mut().for_each(|provider| provider.dialect = "anthropic".into());
    let engine = Engine::new(providers, Timeouts::default(), 2, TransportSettings::default()).unwrap();
    let counted = bounded(Box::pin(engine.count_tokens(call()))).await.unwrap().unwrap();
    assert_eq!((counted.response, counted.provider.as_str()), (7, "other"));
}

#[tokio::test]
async fn a_provider_addressed_by_id_has_no_fallback() {
    let other = Server::start(vec![answer(200, "", r#"{"data":[]}"#)]).await;
    let engine = unreached(&other).await;
    let error = bounded(engine.models("test", Timeouts::default())).await.unwrap_err();
    assert_eq!(error.provider, "test");
    assert!(bounded(engine.health("test", Timeouts::default())).await.reachable == Some(false));
    let request = ferrule_engine::RawRequest {
        method: http::Method::GET,
        path: "/models".into(),
        body: bytes::Bytes::new(),
        content_type: None,
    };
    let options = CallOptions { max_retries: Some(0), ..CallOptions::default() };
    let raw = Call { to: Recipient::Provider("test".into()), request, options };
    assert_eq!(bounded(engine.raw(raw)).await.unwrap_err().provider, "test");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn the_vectors_of_a_call_are_all_of_one_provider() {
    let vector = |value: u8| format!(r#"{{"data":[{{"index":0,"embedding":[{value}]}}],"model":"small"}}"#);
    // The first provider answers one batch, and closes the connection before the others.
    let first = Server::start(vec![answer(200, "", &vector(1)), vec![Step::Close]]).await;
    let other = Server::start(vec![answer(200, "", &vector(2))]).await;
    let mut providers = pair(first.address, other.address);
    providers.iter_mut().for_each(|provider| provider.dialect = "openai-chat".into());
    let engine = Engine::new(providers, Timeouts::default(), 0, TransportSettings::default()).unwrap();
    let inputs = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let request = EmbeddingRequest { inputs, ..EmbeddingRequest::default() };
    let reply = bounded(engine.embed(to(request), Some(1))).await.unwrap();
    assert_eq!(reply.response.vectors.values(), [2.0, 2.0, 2.0]);
    assert_eq!(reply.provider, "other");
}
