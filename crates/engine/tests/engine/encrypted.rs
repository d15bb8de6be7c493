//! TLS, and HTTP/2 over it.

use crate::support::{
    bounded, call, engine_with, settings, text_of,
    tls::{Authority, Manner, TlsServer, file},
};
use ferrule_engine::{Authentication, Engine, Failure, Timeouts, TransportSettings, WatsonxSettings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, date_time_ymd};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
};

fn encrypted(address: SocketAddr, ca_file: Option<PathBuf>, client_certificate: Option<PathBuf>) -> Engine {
    let mut settings = settings(address);
    settings.base_url = format!("https://localhost:{}/v1", address.port());
    let transport = TransportSettings { ca_file, client_certificate };
    engine_with(settings, Timeouts::default(), transport).unwrap()
}

#[tokio::test]
async fn streams_beyond_a_connections_limit_all_make_progress() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, Manner::default()).await;
    let engine = Arc::new(encrypted(server.address, Some(authority.ca_file()), None));
    let mut opening = JoinSet::new();
    for _ in 0..250 {
        let engine = Arc::clone(&engine);
        opening.spawn(async move { engine.stream(call()).await.unwrap() });
    }
    let streams = bounded(opening.join_all()).await;
    assert_eq!((streams.len(), server.open()), (250, 250));
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn dropping_a_stream_resets_it_and_keeps_the_connection() {
    let authority = Authority::new();
    let mut server = TlsServer::start(&authority, Manner::default()).await;
    let engine = encrypted(server.address, Some(authority.ca_file()), None);
    let first = bounded(engine.stream(call())).await.unwrap();
    let _second = bounded(engine.stream(call())).await.unwrap();
    drop(first);
    bounded(server.next_reset()).await;
    assert_eq!(server.open(), 1);
    bounded(engine.complete(call())).await.unwrap();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn older_servers_get_http_1() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, Manner { protocol: b"http/1.1", ..Manner::default() }).await;
    let engine = encrypted(server.address, Some(authority.ca_file()), None);
    for _ in 0..3 {
        assert_eq!(text_of(&bounded(engine.complete(call())).await.unwrap().response), "hi");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_unknown_authority_is_refused_once() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, Manner::default()).await;
    let error = bounded(encrypted(server.address, None, None).complete(call())).await.unwrap_err();
    let Failure::Connect(what) = &error.failure else { panic!("{error}") };
    assert!(what.contains("certificate"), "{what}");
    assert_eq!(error.attempts.len(), 1);
}

#[tokio::test]
async fn a_server_that_requests_it_gets_our_certificate() {
    let authority = Authority::new();
    for protocol in [&b"h2"[..], b"http/1.1"] {
        let manner = Manner { protocol, asks_for_certificate: true, ..Manner::default() };
        let server = TlsServer::start(&authority, manner).await;
        let ours = authority.identity_file("client");
        let engine = encrypted(server.address, Some(authority.ca_file()), Some(ours));
        bounded(engine.complete(call())).await.unwrap();
        let error = bounded(encrypted(server.address, Some(authority.ca_file()), None).complete(call()))
            .await
            .unwrap_err();
        assert!(matches!(error.failure, Failure::Connect(_)), "{error}");
    }
}

/// A certificate for `name` that expires after `year`, and whether it claims to be a CA.
fn own(name: &str, is_authority: bool, year: i32) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.is_ca = if is_authority { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::NoCa };
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, 1, 1);
    params
}

#[tokio::test]
async fn a_self_signed_certificate_in_the_file_itself_is_trusted_for_its_name_and_time() {
    for is_authority in [false, true] {
        for (name, year, refused) in [
            ("localhost", 2099, None),
            ("elsewhere.example", 2099, Some("use a name in base_url that the certificate is for")),
            ("localhost", 2021, Some("has to renew its certificate")),
        ] {
            let authority = Authority::self_signed(own(name, is_authority, year));
            let server = TlsServer::start(&authority, Manner::default()).await;
            let answer =
                bounded(encrypted(server.address, Some(authority.ca_file()), None).complete(call())).await;
            match (answer, refused) {
                (Ok(reply), None) => assert_eq!(text_of(&reply.response), "hi"),
                (Err(error), Some(words)) => assert!(error.to_string().contains(words), "{error}"),
                (answer, _) => panic!("{name} {year} {is_authority}: {answer:?}"),
            }
            // Another certificate is not trusted, and the error says what to do.
            let other = Authority::self_signed(own("localhost", is_authority, 2099)).ca_file();
            for ca_file in [Some(other), None] {
                let error =
                    bounded(encrypted(server.address, ca_file, None).complete(call())).await.unwrap_err();
                assert_eq!(error.attempts.len(), 1);
                let text = error.to_string();
                assert!(
                    text.contains("ca_file") || refused.is_some_and(|words| text.contains(words)),
                    "{text}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_reported_as_such() {
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b""] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let _ = socket.read(&mut [0; 4096]).await;
                let _ = socket.write_all(answer).await;
            }
        });
        let error = bounded(encrypted(address, None, None).complete(call())).await.unwrap_err();
        assert!(error.to_string().contains("does not speak TLS there: check the port"), "{error}");
    }
}

#[test]
fn certificate_files_are_checked_at_once() {
    let settings = || settings(([127, 0, 0, 1], 9).into());
    let check = |ca_file: Option<PathBuf>, client_certificate: Option<PathBuf>| {
        let transport = TransportSettings { ca_file, client_certificate };
        engine_with(settings(), Timeouts::default(), transport).unwrap_err()
    };
    assert!(check(Some("/no/such/file.pem".into()), None).contains("/no/such/file.pem"));
    assert!(check(Some(file("not PEM")), None).contains("no certificate"));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(check(Some(file(broken)), None).contains("cannot be used"));
    assert!(check(None, Some(Authority::new().ca_file())).contains("private key"));
}

#[tokio::test]
async fn token_requests_use_the_trusted_certificates() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, Manner::default()).await;
    for (ca_file, words) in [
        (Some(authority.ca_file()), "IBM's identity service gives no token"),
        (None, "no secure connection to"),
    ] {
        let mut settings = settings(server.address);
        let url = Some(format!("https://localhost:{}/token", server.address.port()));
        settings.authentication = Authentication::Watsonx(WatsonxSettings { url });
        let transport = TransportSettings { ca_file, client_certificate: None };
        let engine = engine_with(settings, Timeouts::default(), transport).unwrap();
        let error = bounded(engine.complete(call())).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}
