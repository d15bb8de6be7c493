//! Responses that take more than one request.

use crate::support::{
    CANARY, bounded, call, drain, engine,
    server::{Server, Step, answer, end, stream},
    settings, text_of, texts_of,
};
use ferrule_engine::{Engine, Failure, ProviderSettings, Timeouts, TransportSettings};
use ferrule_wire::model::ErrorKind;

fn followed(server: &Server) -> ProviderSettings {
    let mut settings = settings(server.address);
    settings.dialect = "followed".into();
    settings
}

fn engine_of(server: &Server) -> Engine {
    engine(followed(server))
}

#[tokio::test]
async fn an_unstreamed_job_is_polled_until_it_is_over() {
    let later = answer(202, "", "later get=/v1/p/1");
    let server = Server::start(vec![later.clone(), later, answer(200, "", "hello")]).await;
    let reply = bounded(engine_of(&server).complete(call())).await.unwrap();
    assert_eq!(text_of(&reply.response), "hello");
    let lines: Vec<_> = server.requests().iter().map(|request| request.line.clone()).collect();
    assert_eq!(lines, ["POST /v1/say HTTP/1.1", "GET /v1/p/1 HTTP/1.1", "GET /v1/p/1 HTTP/1.1"]);
    for request in server.requests() {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    }
    assert_eq!(server.requests()[1].header("content-type"), None);
}

#[tokio::test]
async fn an_answer_that_is_over_at_once_is_not_followed() {
    let server = Server::start(vec![answer(201, "", "hello")]).await;
    let reply = bounded(engine_of(&server).complete(call())).await.unwrap();
    assert_eq!(text_of(&reply.response), "hello");
    assert_eq!(server.requests().len(), 1);
}

/// A server whose first response is this, with its own port for `{port}`, followed by `scripts`.
async fn naming(first: &str, mut scripts: Vec<Vec<Step>>) -> Server {
    scripts.insert(0, vec![Step::WriteWithPort(first.to_owned())]);
    Server::start(scripts).await
}

#[tokio::test]
async fn a_stream_is_read_from_a_host_of_the_row_without_credentials() {
    let mut pieces = stream(&["text a\n", "text b\ndone\n"]);
    pieces.push(end());
    let first = "later get=/v1/p/1 stream=http://localhost:{port}/s";
    let server = naming(first, vec![pieces, answer(200, "", "figures")]).await;
    let mut settings = followed(&server);
    settings.quirks.follow_up_hosts.to_mut().push("localhost".into());
    let mut opened = bounded(engine(settings).stream(call())).await.unwrap();
    let (events, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(texts_of(&events), "ab");
    let request = &server.requests()[1];
    assert_eq!(request.line, "GET /s HTTP/1.1");
    assert_eq!(request.header("accept"), Some("text/event-stream"));
    assert!(!format!("{request:?}").contains(CANARY));
}

#[tokio::test]
async fn addresses_elsewhere_are_not_contacted() {
    for address in [
        // Another host, port, scheme; relative to the scheme alone; not a URL at all.
        "http://localhost:{port}/s",
        "http://127.0.0.1:1/s",
        "https://127.0.0.1:{port}/s",
        "//localhost:{port}/s",
        "http://localhost.evil.example:{port}/s",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://",
    ] {
        for place in ["get", "stream"] {
            let first = format!("later get=/v1/p/1 {place}={address} cancel=/v1/p/1/cancel").replacen(
                if place == "get" { "get=/v1/p/1 " } else { "\0" },
                "",
                1,
            );
            let server = naming(&first, vec![answer(200, "", "cancelled")]).await;
            let failure = if place == "get" {
                bounded(engine_of(&server).complete(call())).await.unwrap_err().failure
            } else {
                bounded(engine_of(&server).stream(call())).await.unwrap_err().failure
            };
            let Failure::Unreadable(what) = &failure else { panic!("{address}: {failure}") };
            assert!(what.message.contains("the answer leads to"), "{what}");
            // The stream just says that the job is over.
            bounded(async {
                while server.requests().len() < 2 {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            assert_eq!(server.requests()[1].line, "POST /v1/p/1/cancel HTTP/1.1", "{address}");
        }
    }
}

/// The first body of a real provider's response that continues elsewhere, for every dialect that has such responses:
/// `GET` and `STREAM` stand for the URLs.
const FOLLOWED: [(&str, &str); 1] = [(
    "replicate",
    r#"{"id":"p1","model":"a/m","status":"starting","urls":{"get":"GET","stream":"STREAM","cancel":"/v1/predictions/p1/cancel"}}"#,
)];

#[tokio::test]
async fn every_dialect_that_follows_addresses_stays_on_the_providers_origin() {
    for dialect in ferrule_wire::dialect::registry::all().filter(|dialect| dialect.follow_up().is_some()) {
        let known = FOLLOWED.iter().find(|(name, _)| *name == dialect.name());
        let (name, body) =
            known.unwrap_or_else(|| panic!("{} follows addresses: give its first body here", dialect.name()));
        for elsewhere in [
            "http://localhost:{port}/v1/predictions/p1",
            "https://127.0.0.1:{port}/v1/predictions/p1",
            "http://127.0.0.1:1/v1/predictions/p1",
            "//localhost:{port}/p",
            "http://user@localhost:{port}/p",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "gopher://127.0.0.1:{port}/",
        ] {
            for is_stream in [false, true] {
                let own = "/v1/predictions/p1";
                let (get, stream) = if is_stream { (own, elsewhere) } else { (elsewhere, own) };
                let body = body.replace("GET", get).replace("STREAM", stream);
                let server = naming(&body, vec![answer(200, "", "{}")]).await;
                let mut settings = settings(server.address);
                settings.dialect = (*name).into();
                let mut call = call();
                call.to = "test/a/m".into();
                let engine =
                    Engine::new(vec![settings], Timeouts::default(), 0, TransportSettings::default())
                        .unwrap();
                let failure = if is_stream {
                    bounded(engine.stream(call)).await.map(|_| ()).unwrap_err().failure
                } else {
                    bounded(engine.complete(call)).await.map(|_| ()).unwrap_err().failure
                };
                let Failure::Unreadable(what) = &failure else { panic!("{name} {elsewhere}: {failure}") };
                assert!(what.message.contains("the answer leads to"), "{what}");
                let asked = || {
                    server.requests().iter().skip(1).map(|request| request.line.clone()).collect::<Vec<_>>()
                };
                bounded(async {
                    while asked().is_empty() {
                        tokio::task::yield_now().await;
                    }
                })
                .await;
                assert_eq!(asked(), ["POST /v1/predictions/p1/cancel HTTP/1.1"], "{name} {elsewhere}");
            }
        }
    }
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_cancelled() {
    let first = "later get=/v1/p/1 cancel=/v1/p/1/cancel";
    for scripts in [
        // The job never ends, or does not respond.
        vec![answer(200, "", first)],
        vec![vec![Step::Hang]],
    ] {
        let server = naming(first, scripts).await;
        let mut call = call();
        call.options.timeouts.total = Some(std::time::Duration::from_millis(900));
        let error = bounded(engine_of(&server).complete(call)).await.unwrap_err();
        assert!(matches!(error.failure, Failure::Timeout(_)), "{error}");
        bounded(async {
            while !server.requests().iter().any(|request| request.line.starts_with("POST /v1/p/1/cancel")) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_job_is_not_started_twice() {
    for (status, attempts) in [(500, 1), (503, 1), (429, 3)] {
        let server = Server::start(vec![answer(status, "retry-after-ms: 1\r\n", "no")]).await;
        let error = bounded(engine_of(&server).complete(call())).await.unwrap_err();
        assert_eq!(error.attempts.len(), attempts, "{status}");
    }
    let server = Server::start(vec![answer(202, "", "later get=/v1/p/1"), answer(500, "", "broken")]).await;
    let error = bounded(engine_of(&server).complete(call())).await.unwrap_err();
    let Failure::Provider(provider) = &error.failure else { panic!("{error}") };
    assert_eq!((provider.kind, error.attempts.len()), (ErrorKind::Server, 1));
}

#[tokio::test]
async fn dropping_the_call_cancels_its_job() {
    let mut steps = stream(&["text a\n"]);
    steps.push(Step::Hang);
    let first = "later get=/v1/p/1 stream=/s cancel=/v1/p/1/cancel";
    let server = Server::start(vec![answer(201, "", first), steps, answer(200, "", "cancelled")]).await;
    let opened = bounded(engine_of(&server).stream(call())).await.unwrap();
    drop(opened);
    bounded(async {
        while server.requests().len() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(server.requests()[2].line, "POST /v1/p/1/cancel HTTP/1.1");
}
