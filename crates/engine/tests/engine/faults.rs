//! Connections that die, refuse or end early: what is retried, on which connection, and what the error says. Attempts
//! and connections are counted; nothing is timed.

use crate::support::{bounded, call, engine, settings, text_of};
use ferrule_engine::{Call, CallOptions, Engine, Failure, Outcome, RawRequest, Recipient};
use ferrule_wire::model::Request;
use http::Method;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Barrier,
    task::JoinSet,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

/// How a connection ends when it is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With a reset, like a NAT that has forgotten the connection.
    Reset,
    /// Silently.
    Closed,
    /// With a reset, after the first bytes of a response.
    AfterSomeBytes,
}

/// A server whose first connections, this many, each answer once, all at the same time, and end on their next use.
/// Later ones always answer, or end at once if `all_end`.
struct Forgetful {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Forgetful {
    async fn start(at_once: usize, end: End, all_end: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (counted, together) = (Arc::clone(&connections), Arc::new(Barrier::new(at_once.max(1))));
        tokio::spawn(async move {
            loop {
                let Ok((mut socket, _)) = listener.accept().await else { return };
                let number = counted.fetch_add(1, Ordering::Relaxed);
                let together = Arc::clone(&together);
                tokio::spawn(async move {
                    if number < at_once {
                        read_request(&mut socket).await;
                        together.wait().await;
                        socket.write_all(OK).await.unwrap();
                    } else if !all_end {
                        while read_request(&mut socket).await {
                            socket.write_all(OK).await.unwrap();
                        }
                        return;
                    }
                    // The rest of a request stays unread: closing resets the connection.
                    let mut some = [0; 16];
                    if socket.read(&mut some).await.unwrap_or_default() == 0 {
                        return;
                    }
                    match end {
                        End::Reset => {}
                        End::Closed => drop(read_request(&mut socket).await),
                        End::AfterSomeBytes => socket.write_all(b"HTTP/1.1 2").await.unwrap(),
                    }
                });
            }
        });
        Self { address, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Returns whether there was a request.
async fn read_request(socket: &mut TcpStream) -> bool {
    let mut received = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        match socket.read(&mut buffer).await {
            Ok(count) if count > 0 => received.extend_from_slice(&buffer[..count]),
            _ => return false,
        }
        let text = String::from_utf8_lossy(&received);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or_default() {
            return true;
        }
    }
}

fn without_retries() -> Call<Request> {
    let mut call = call();
    call.options.max_retries = Some(0);
    call
}

/// This many concurrent calls, which leave as many idle connections.
async fn fill(engine: &Arc<Engine>, count: usize) {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let engine = Arc::clone(engine);
        calls.spawn(async move { engine.complete(without_retries()).await.unwrap() });
    }
    bounded(calls.join_all()).await;
}

#[tokio::test]
async fn dead_idle_connections_cost_one_attempt_and_no_call() {
    for end in [End::Reset, End::Closed] {
        for count in [1, 2, 12] {
            let server = Forgetful::start(count, end, false).await;
            let engine = Arc::new(engine(settings(server.address)));
            fill(&engine, count).await;
            assert_eq!(server.connections(), count);
            let mut attempts = Vec::new();
            for _ in 0..count + 2 {
                let reply = bounded(engine.complete(without_retries())).await.unwrap();
                assert_eq!(text_of(&reply.response), "hi");
                attempts.push(reply.attempts.len());
                if let [failed, repeated] = &reply.attempts[..] {
                    assert!(matches!(failed.outcome, Outcome::Connect(_)), "{failed:?}");
                    assert_eq!(repeated.waited, Duration::ZERO);
                }
            }
            let mut expected = vec![1; count + 2];
            expected[0] = 2;
            assert_eq!(attempts, expected, "{end:?}, {count} connections");
            assert_eq!(server.connections(), count + 1, "those that were idle as long are not tried");
        }
    }
}

#[tokio::test]
async fn dead_idle_connections_used_concurrently_cost_no_call() {
    let count = 8;
    let server = Forgetful::start(count, End::Reset, false).await;
    let engine = Arc::new(engine(settings(server.address)));
    fill(&engine, count).await;
    fill(&engine, count).await;
    assert!(server.connections() > count);
}

#[tokio::test]
async fn requests_that_may_have_been_processed_are_not_repeated() {
    // The number of connections before, and how each ends; then the expected attempts and connections.
    for (before, end, all_end, attempts, connections) in [
        // If a new connection breaks, age is not the reason.
        (0, End::Reset, true, 1, 1),
        (0, End::Closed, true, 1, 1),
        // A response had begun.
        (1, End::AfterSomeBytes, false, 1, 1),
        // Only once.
        (1, End::Reset, true, 2, 2),
        (1, End::Closed, true, 2, 2),
    ] {
        let server = Forgetful::start(before, end, all_end).await;
        let engine = Arc::new(engine(settings(server.address)));
        fill(&engine, before).await;
        let error = bounded(engine.complete(without_retries())).await.unwrap_err();
        let case = format!("{before} {end:?} {all_end}: {error}");
        assert!(matches!(error.failure, Failure::Connect(_)), "{case}");
        assert_eq!((error.attempts.len(), server.connections()), (attempts, connections), "{case}");
    }
}

/// A server that reads the head of each request, says `answer`, and closes: what is unread resets the connection.
async fn impatient(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let Ok((mut socket, _)) = listener.accept().await else { return };
            let mut head = [0; 1024];
            let _ = socket.read(&mut head).await;
            let _ = socket.write_all(answer).await;
        }
    });
    address
}

fn long_call() -> Call<RawRequest> {
    let request = RawRequest {
        method: Method::POST,
        path: "/say".into(),
        body: vec![b'x'; 5 << 20].into(),
        content_type: Some("text/plain".into()),
    };
    let mut call = Call { to: Recipient::Provider("test".into()), request, options: CallOptions::default() };
    call.options.max_retries = Some(0);
    call
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_that_comes_before_the_body_was_read_is_read() {
    for (status, answer) in [
        (413, &b"HTTP/1.1 413 Too Large\r\ncontent-length: 10\r\n\r\nfar too lo"[..]),
        (401, &b"HTTP/1.1 401 No\r\nconnection: close\r\n\r\nwho are you"[..]),
        (429, &b"HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n"[..]),
    ] {
        let engine = engine(settings(impatient(answer).await));
        for _ in 0..20 {
            let error = bounded(engine.raw(long_call())).await.unwrap_err();
            let Failure::Provider(refusal) = &error.failure else { panic!("{status}: {error}") };
            assert_eq!(refusal.status, Some(status));
        }
    }
}

#[tokio::test]
async fn a_server_that_closes_during_the_request_is_reported_as_such() {
    let engine = engine(settings(impatient(b"").await));
    let error = bounded(engine.raw(long_call())).await.unwrap_err();
    let Failure::Connect(what) = &error.failure else { panic!("{error}") };
    assert!(what.contains("closed the connection while 5242880 bytes were being sent"), "{what}");
}

#[tokio::test]
async fn an_error_with_a_trickling_body_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        socket.write_all(b"HTTP/1.1 401 No\r\ncontent-length: 100000\r\n\r\n").await.unwrap();
        tokio::time::pause();
        // Until the client gives up.
        while socket.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let error = engine(settings(address)).complete(without_retries()).await.unwrap_err();
    let Failure::Provider(refusal) = &error.failure else { panic!("{error}") };
    assert_eq!(refusal.status, Some(401));
    assert!(refusal.message.contains("xxx"), "what came of it counts: {}", refusal.message);
}
