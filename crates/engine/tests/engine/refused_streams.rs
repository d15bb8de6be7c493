//! HTTP/2: requests that the server says it did not process, and servers that stay silent.

use crate::support::{
    bounded, call, engine_with, settings, text_of,
    tls::{Authority, acceptor},
};
use ferrule_engine::{Engine, Failure, Timeouts, TransportSettings};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// What a server does with a request.
#[derive(Clone, Copy, Debug)]
enum Do {
    Answer,
    /// Resets its stream for this reason.
    Reset(u32),
    /// Sends GOAWAY for this reason, having processed nothing, and closes.
    GoAway(u32),
    /// The same, but keeps the connection open.
    GoAwaySlowly(u32),
    /// Closes silently.
    Close,
    /// Stops reading, and stays silent.
    FallSilent,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Serves one connection.
async fn serve(mut socket: impl AsyncRead + AsyncWrite + Unpin, script: &[Do], asked: &AtomicUsize) {
    let mut preface = [0; 24];
    if socket.read_exact(&mut preface).await.is_err() {
        return;
    }
    let _ = socket.write_all(&frame(SETTINGS, 0, 0, &[])).await;
    let mut head = [0; 9];
    while socket.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        socket.read_exact(&mut payload).await.unwrap();
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut out = Vec::new();
        match kind {
            SETTINGS if flags & ACK == 0 => out = frame(SETTINGS, ACK, 0, &[]),
            PING if flags & ACK == 0 => out = frame(PING, ACK, 0, &payload),
            // The end of a request, which has a body.
            DATA if flags & END_STREAM != 0 => {
                let number = asked.fetch_add(1, Ordering::Relaxed);
                match script.get(number).or(script.last()).unwrap() {
                    Do::Answer => {
                        // 0x88 is `:status: 200` in HPACK's static table.
                        out = frame(HEADERS, END_HEADERS, stream, &[0x88]);
                        out.extend(frame(DATA, END_STREAM, stream, b"hi"));
                    }
                    Do::Reset(reason) => out = frame(RST_STREAM, 0, stream, &reason.to_be_bytes()),
                    Do::GoAwaySlowly(reason) => out = go_away(*reason),
                    Do::GoAway(reason) => {
                        let _ = socket.write_all(&go_away(*reason)).await;
                        let _ = socket.shutdown().await;
                        return;
                    }
                    Do::Close => return,
                    Do::FallSilent => std::future::pending().await,
                }
            }
            _ => {}
        }
        if socket.write_all(&out).await.is_err() {
            return;
        }
        let _ = socket.flush().await;
    }
}

fn go_away(reason: u32) -> Vec<u8> {
    let mut payload = 0_u32.to_be_bytes().to_vec();
    payload.extend(reason.to_be_bytes());
    frame(GOAWAY, 0, 0, &payload)
}

struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
}

async fn start(authority: &Authority, script: &'static [Do]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (connections, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let acceptor = acceptor(authority, Default::default());
    let (counted, asking) = (Arc::clone(&connections), Arc::clone(&asked));
    tokio::spawn(async move {
        loop {
            let Ok((socket, _)) = listener.accept().await else { return };
            let Ok(socket) = acceptor.accept(socket).await else { continue };
            counted.fetch_add(1, Ordering::Relaxed);
            let asking = Arc::clone(&asking);
            tokio::spawn(async move { serve(socket, script, &asking).await });
        }
    });
    Server { address, connections, asked }
}

fn engine(authority: &Authority, address: SocketAddr) -> Engine {
    let mut settings = settings(address);
    settings.base_url = format!("https://localhost:{}/v1", address.port());
    let transport = TransportSettings { ca_file: Some(authority.ca_file()), client_certificate: None };
    engine_with(settings, Timeouts::default(), transport).unwrap()
}

#[tokio::test]
async fn unprocessed_requests_are_repeated_without_a_retry() {
    use Do::{Answer, Close, GoAway, GoAwaySlowly, Reset};
    let authority = Authority::new();
    // The server's reaction to each request; the number of attempts of each call, and the total of connections.
    let cases: [(&'static [Do], &[usize], usize); 9] = [
        (&[Answer, Reset(REFUSED_STREAM), Answer], &[1, 2, 1], 1),
        (&[Reset(REFUSED_STREAM), Answer], &[2, 1], 1),
        (&[GoAway(NO_ERROR), Answer], &[2, 1], 2),
        (&[GoAwaySlowly(NO_ERROR), Answer], &[2, 1], 2),
        (&[Answer, GoAway(NO_ERROR), Answer], &[1, 2, 1], 2),
        (&[GoAwaySlowly(ENHANCE_YOUR_CALM), Answer], &[2, 1], 2),
        (&[Answer, GoAwaySlowly(INTERNAL_ERROR), Answer], &[1, 2], 2),
        // A connection that served before and closes silently.
        (&[Answer, Close, Answer], &[1, 2, 1], 2),
        (&[Answer], &[1, 1], 1),
    ];
    for (script, attempts, connections) in cases {
        let server = start(&authority, script).await;
        let engine = engine(&authority, server.address);
        let mut made = Vec::new();
        for _ in attempts {
            let mut call = call();
            call.options.max_retries = Some(0);
            let reply =
                bounded(engine.complete(call)).await.unwrap_or_else(|error| panic!("{script:?}: {error}"));
            assert_eq!(text_of(&reply.response), "hi");
            made.push(reply.attempts.len());
        }
        assert_eq!(made, attempts, "{script:?}");
        assert_eq!(server.connections.load(Ordering::Relaxed), connections, "{script:?}");
    }
}

#[tokio::test]
async fn possibly_processed_requests_are_not_repeated() {
    let authority = Authority::new();
    // The number of requests that the server saw.
    let cases: [(&'static [Do], usize); 5] = [
        (&[Do::Answer, Do::Reset(INTERNAL_ERROR), Do::Answer], 2),
        (&[Do::Reset(INTERNAL_ERROR), Do::Answer], 1),
        (&[Do::Reset(ENHANCE_YOUR_CALM), Do::Answer], 1),
        (&[Do::Close, Do::Answer], 1),
        // Only once.
        (&[Do::Reset(REFUSED_STREAM), Do::Reset(REFUSED_STREAM), Do::Answer], 2),
    ];
    for (script, asked) in cases {
        let server = start(&authority, script).await;
        let engine = engine(&authority, server.address);
        let once = || {
            let mut call = call();
            call.options.max_retries = Some(0);
            bounded(engine.complete(call))
        };
        if matches!(script[0], Do::Answer) {
            once().await.unwrap();
        }
        let error = once().await.unwrap_err();
        assert!(matches!(error.failure, Failure::Connect(_)), "{script:?}: {error}");
        assert_eq!(server.asked.load(Ordering::Relaxed), asked, "{script:?}");
    }
}

#[tokio::test]
async fn a_connection_without_ping_replies_is_closed() {
    let authority = Authority::new();
    let server = start(&authority, &[Do::Answer, Do::FallSilent]).await;
    let engine = engine(&authority, server.address);
    bounded(engine.complete(call())).await.unwrap();
    let mut call = call();
    call.options.max_retries = Some(0);
    let asked = Arc::clone(&server.asked);
    let silent = async move {
        // It has the request; from here on the clock jumps to the next timer: a ping, then its limit.
        while asked.load(Ordering::Relaxed) < 2 {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        tokio::time::Instant::now()
    };
    let (answered, began) = tokio::join!(engine.complete(call), silent);
    let error = answered.unwrap_err();
    assert!(matches!(error.failure, Failure::Connect(_)), "{error}");
    let passed = began.elapsed();
    assert!(passed > Duration::from_secs(20) && passed <= Duration::from_secs(41), "{passed:?}");
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
}
