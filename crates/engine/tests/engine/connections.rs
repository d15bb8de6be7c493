//! Connections: which one a call uses, and what happens to it afterwards.

use crate::support::{
    bounded, call, drain, engine,
    server::{Server, Step, answer, chunk, end, stream, write},
    settings, texts_of,
};
use ferrule_engine::Outcome;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

fn connections(server: &Server) -> Vec<usize> {
    server.requests().iter().map(|request| request.connection).collect()
}

#[tokio::test]
async fn a_connection_is_kept_between_plain_calls() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let engine = engine(settings(server.address));
    for _ in 0..3 {
        bounded(engine.complete(call())).await.unwrap();
    }
    assert_eq!(connections(&server), [0, 0, 0]);
}

#[tokio::test]
async fn a_connection_is_kept_after_a_stream_that_ended_a_little_later() {
    let gate = Arc::new(Semaphore::new(0));
    let mut script = stream(&["text a\n", "done\n"]);
    script.extend([Step::Await(Arc::clone(&gate)), chunk(": trailing\n"), end()]);
    let server = Server::start(vec![script, answer(200, "", "hi")]).await;
    let engine = engine(settings(server.address));
    let mut opened = bounded(engine.stream(call())).await.unwrap();
    let (_, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none());
    gate.add_permits(1);
    drop(opened);
    // The body's end is read in the background; a call that comes too early opens another connection.
    bounded(async {
        while *connections(&server).last().unwrap() != 0 || server.requests().len() < 2 {
            bounded(Box::pin(engine.complete(call()))).await.unwrap();
            assert!(server.requests().len() < 100, "the connection is never used again");
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_never_ends_its_body_is_closed() {
    let mut script = stream(&["text a\n", "done\n"]);
    script.push(Step::Hang);
    let mut server = Server::start(vec![script]).await;
    let mut opened = bounded(engine(settings(server.address)).stream(call())).await.unwrap();
    let (_, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none());
    assert_eq!(bounded(server.next_gone()).await, 0);
}

#[tokio::test]
async fn a_stale_connection_is_replaced_at_once() {
    // The server reads the second request and closes silently: to the client, a stale connection.
    let server = Server::start(vec![answer(200, "", "a"), vec![Step::Close], answer(200, "", "b")]).await;
    let engine = engine(settings(server.address));
    bounded(engine.complete(call())).await.unwrap();
    let reply = bounded(engine.complete(call())).await.unwrap();
    assert!(matches!(reply.attempts[0].outcome, Outcome::Connect(_)));
    assert_eq!(reply.attempts[1].waited, Duration::ZERO);
    assert_eq!(connections(&server), [0, 0, 1]);
}

#[tokio::test]
async fn dropping_a_call_closes_its_connection() {
    let half = vec![write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"), Step::Hang];
    let mut server = Server::start(vec![vec![Step::Hang], half]).await;
    let engine = Arc::new(engine(settings(server.address)));
    for _ in 0..2 {
        let task = tokio::spawn({
            let engine = Arc::clone(&engine);
            async move { engine.complete(call()).await }
        });
        let before = server.requests().len();
        bounded(async {
            while server.requests().len() == before {
                tokio::task::yield_now().await;
            }
        })
        .await;
        task.abort();
        bounded(server.next_gone()).await;
    }
}

#[tokio::test]
async fn dropping_a_stream_closes_its_connection() {
    let mut script = stream(&["text a\n"]);
    script.push(Step::Hang);
    let mut server = Server::start(vec![script]).await;
    let engine = engine(settings(server.address));
    let opened = bounded(engine.stream(call())).await.unwrap();
    drop(opened);
    assert_eq!(bounded(server.next_gone()).await, 0);
    // And from a thread outside the runtime, as when Python's garbage collector drops it.
    let opened = bounded(engine.stream(call())).await.unwrap();
    std::thread::spawn(move || drop(opened)).join().unwrap();
    assert_eq!(bounded(server.next_gone()).await, 1);
}

#[tokio::test]
async fn dropping_a_read_loses_nothing() {
    let gate = Arc::new(Semaphore::new(0));
    let mut script = stream(&["text a\n"]);
    for text in ["text b\n", "text c\n", "done\n"] {
        script.extend([Step::Await(Arc::clone(&gate)), chunk(text)]);
    }
    script.push(end());
    let server = Server::start(vec![script]).await;
    let mut opened = bounded(engine(settings(server.address)).stream(call())).await.unwrap();
    let mut events = Vec::new();
    for _ in 0..500 {
        // Each read is dropped after one poll; what arrives in between must be available to a later one.
        let read = tokio::time::timeout(Duration::ZERO, opened.next()).await;
        match read {
            Ok(Some(batch)) => events.extend(batch.unwrap().events),
            Ok(None) => break,
            Err(_) => gate.add_permits(1),
        }
        tokio::task::yield_now().await;
    }
    bounded(drain(&mut opened)).await.0.into_iter().for_each(|event| events.push(event));
    assert_eq!(texts_of(&events), "abc");
}

#[tokio::test]
async fn hundreds_of_streams_are_open_at_once() {
    let mut script = stream(&["text a\n"]);
    script.push(Step::Hang);
    let server = Server::start(vec![script]).await;
    let engine = Arc::new(engine(settings(server.address)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..300 {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move { engine.stream(call()).await.unwrap() });
    }
    let open = bounded(tasks.join_all()).await;
    assert_eq!(open.len(), 300);
}

#[tokio::test]
async fn a_connection_idle_for_a_minute_is_not_reused() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let engine = engine(settings(server.address));
    for idle in [54, 54, 56, 54, 3600] {
        bounded(engine.complete(call())).await.unwrap();
        // The connection is idle once the end of the response has been read.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(idle)).await;
        tokio::time::resume();
    }
    bounded(engine.complete(call())).await.unwrap();
    assert_eq!(connections(&server), [0, 0, 0, 1, 1, 2]);
}
