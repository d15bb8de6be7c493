//! The HTTP client for any server, over TLS, in HTTP/2 and 1.1. (`tests/http_transport/` compares its HTTP/1.1 messages
//! with httpx's.)

use crate::support::{
    bounded,
    tls::{Authority, Manner, TlsServer},
};
use ferrule_engine::http_client::{
    HeaderBlock, HttpClient, HttpContent, HttpFailureKind, HttpProxy, HttpRequest, HttpSettings,
    HttpTimeouts, Trust,
};
use http::{Method, Version};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::task::JoinSet;

fn client(authority: &Authority, http2: bool, max_connections: usize) -> HttpClient {
    let pem = std::fs::read(authority.ca_file()).unwrap();
    let settings = HttpSettings {
        trust: Trust::Only(pem),
        http2,
        proxy: HttpProxy::None,
        max_connections: Some(max_connections),
        ..HttpSettings::default()
    };
    HttpClient::new(settings).unwrap()
}

fn request(address: SocketAddr, body: &'static str) -> HttpRequest {
    let mut headers = HeaderBlock::with_capacity(2);
    headers.push(b"Host", format!("localhost:{}", address.port()).as_bytes()).unwrap();
    headers.push(b"Content-Type", b"application/json").unwrap();
    HttpRequest {
        method: Method::POST,
        uri: HttpRequest::address(&format!("https://localhost:{}/v1", address.port())).unwrap(),
        headers,
        content: HttpContent::Whole(body.into()),
        timeouts: HttpTimeouts { read: Some(Duration::from_secs(10)), ..HttpTimeouts::default() },
    }
}

#[tokio::test]
async fn http2_is_used_if_both_sides_support_it() {
    let authority = Authority::new();
    for (protocol, http2, expected) in [
        (&b"h2"[..], true, Version::HTTP_2),
        (b"http/1.1", true, Version::HTTP_11),
        (b"http/1.1", false, Version::HTTP_11),
    ] {
        let server = TlsServer::start(&authority, Manner { protocol, ..Manner::default() }).await;
        let client = client(&authority, http2, 10);
        for _ in 0..3 {
            let mut response = bounded(client.send(request(server.address, "{}"))).await.unwrap();
            assert_eq!((response.status, response.version), (200, expected));
            assert!(!bounded(response.rest()).await.unwrap().is_empty());
        }
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn requests_that_share_a_connection_are_not_limited() {
    let authority = Authority::new();
    let mut server = TlsServer::start(&authority, Manner::default()).await;
    let client = Arc::new(client(&authority, true, 1));
    bounded(client.send(request(server.address, "{}"))).await.unwrap();
    let mut sending = JoinSet::new();
    for _ in 0..50 {
        let (client, request) = (Arc::clone(&client), request(server.address, "stream"));
        sending.spawn(async move { client.send(request).await.unwrap() });
    }
    let mut streams = bounded(sending.join_all()).await;
    assert_eq!((server.open(), server.connections()), (50, 1));
    drop(streams.pop());
    bounded(server.next_reset()).await;
    assert_eq!(server.open(), 49, "dropping one resets its stream alone");
}

#[tokio::test]
async fn one_connection_carries_one_request_in_http_1() {
    let authority = Authority::new();
    let manner = Manner { protocol: b"http/1.1", ..Manner::default() };
    let server = TlsServer::start(&authority, manner).await;
    let client = client(&authority, true, 1);
    let open = bounded(client.send(request(server.address, "stream"))).await.unwrap();
    let mut waiting = request(server.address, "{}");
    waiting.timeouts.pool = Some(Duration::from_millis(50));
    let failure = bounded(client.send(waiting)).await.unwrap_err();
    assert_eq!(failure.kind, HttpFailureKind::PoolTimeout);
    drop(open);
    bounded(client.send(request(server.address, "{}"))).await.unwrap();
}

#[tokio::test]
async fn a_silent_stream_times_out() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, Manner::default()).await;
    let client = client(&authority, true, 10);
    let mut asking = request(server.address, "stream");
    asking.timeouts.read = Some(Duration::from_millis(50));
    let mut response = bounded(client.send(asking)).await.unwrap();
    assert!(bounded(response.chunk()).await.unwrap().is_some());
    assert_eq!(bounded(response.chunk()).await.unwrap_err().kind, HttpFailureKind::ReadTimeout);
}
