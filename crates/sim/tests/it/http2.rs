//! HTTP/2 without TLS, by prior knowledge.

use crate::client::*;
use ferrule_sim::{Settings, Simulator};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, runtime};

fn run(test: impl AsyncFnOnce()) {
    runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test());
}

async fn connect(simulator: &Simulator) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(simulator.address()).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(simulator: &Simulator, dialect: &str, model: &str) -> http::Request<Full<Bytes>> {
    let uri = format!("http://{}{}", simulator.address(), path(dialect));
    let body = Full::from(ask(model, "one two three four", true).to_string());
    http::Request::post(uri).body(body).unwrap()
}

#[test]
fn streams_share_a_connection_up_to_the_limit() {
    let simulator = Simulator::start(Settings { http2_streams: 3, ..Settings::default() }).unwrap();
    run(async || {
        let mut sender = connect(&simulator).await;
        let mut open = Vec::new();
        for _ in 0..3 {
            let answer =
                sender.send_request(request(&simulator, "anthropic", "stall-mid-event")).await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.version()), (200, http::Version::HTTP_2));
            open.push(answer);
        }
        // The fourth waits until one of them has ended.
        let mut fourth = std::pin::pin!(sender.send_request(request(&simulator, "openai-chat", "echo")));
        let mut elsewhere = connect(&simulator).await;
        tokio::select! {
            biased;
            _ = &mut fourth => panic!("more streams than the server allows"),
            answer = elsewhere.send_request(request(&simulator, "anthropic", "echo")) => drop(answer.unwrap()),
        }
        assert_eq!(requests(&simulator).len(), 4);
        open.clear();
        let body = fourth.await.unwrap().into_body().collect().await.unwrap().to_bytes();
        assert_eq!(streamed_text("openai-chat", std::str::from_utf8(&body).unwrap()), "one two three four");
        assert_eq!(simulator.open_connections(), 2);
    });
    assert!(simulator.wait_for_connections(0, PATIENCE));
    assert!(requests(&simulator).iter().all(|seen| seen["http_version"] == "HTTP/2.0"));
}

#[test]
fn a_reset_ends_the_connection() {
    let simulator = start();
    run(async || {
        for model in ["reset-headers", "reset-mid-event", "close-mid-event", "truncated-chunk"] {
            for dialect in DIALECTS {
                let mut sender = connect(&simulator).await;
                let answer = sender.send_request(request(&simulator, dialect, model)).await;
                // A reset may overtake the headers.
                let failed = match answer {
                    Ok(answer) => answer.into_body().collect().await.is_err(),
                    Err(_) => true,
                };
                assert!(failed, "{model}");
            }
        }
    });
    assert!(simulator.wait_for_connections(0, PATIENCE));
}
