//! Limits of time and size, and attacks by servers that they prevent.

use crate::support::{
    bounded, call,
    dialect::SLOW,
    drain, engine,
    server::{Server, Step, answer, answer_bytes, chunk, end, stream, write},
    settings, text_of, texts_of,
};
use ferrule_engine::{Bounds, Call, Failure, Outcome, RawRequest, TimeoutKind, Timeouts};
use ferrule_wire::model::Request;
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};

const SHORT: Option<Duration> = Some(Duration::from_millis(150));

fn call_with(timeouts: Timeouts) -> Call<Request> {
    let mut call = call();
    call.options.timeouts = timeouts;
    call.options.max_retries = Some(0);
    call
}

fn kind(failure: &Failure) -> TimeoutKind {
    match failure {
        Failure::Timeout(expired) => expired.kind,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn silence_before_tls_is_a_connect_timeout() {
    // A server that accepts and stays silent: the TCP connection is established, TLS is not.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = settings(listener.local_addr().unwrap());
    settings.base_url = settings.base_url.replace("http:", "https:");
    let engine = engine(settings);
    let timeouts = Timeouts { connect: SHORT, ..Timeouts::default() };
    let error = bounded(engine.complete(call_with(timeouts))).await.unwrap_err();
    assert_eq!(kind(&error.failure), TimeoutKind::Connect);
    let mut retried = call_with(timeouts);
    retried.options.max_retries = Some(1);
    let error = bounded(engine.stream(retried)).await.unwrap_err();
    assert_eq!(error.attempts.len(), 2);
    let Outcome::Timeout(expired) = &error.attempts[0].outcome else { panic!("{error:?}") };
    assert_eq!(expired.kind, TimeoutKind::Connect);
}

#[tokio::test]
async fn silence_before_the_answer_is_a_first_byte_timeout() {
    let only_headers = vec![write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"), Step::Hang];
    for script in [vec![Step::Hang], only_headers] {
        let mut server = Server::start(vec![script]).await;
        let engine = engine(settings(server.address));
        for streamed in [false, true] {
            let call = call_with(Timeouts { first_byte: SHORT, ..Timeouts::default() });
            let failure = if streamed {
                bounded(engine.stream(call)).await.unwrap_err().failure
            } else {
                bounded(engine.complete(call)).await.unwrap_err().failure
            };
            assert_eq!(kind(&failure), TimeoutKind::FirstByte);
            bounded(server.next_gone()).await;
        }
    }
}

#[tokio::test]
async fn a_first_byte_timeout_is_retried() {
    let server = Server::start(vec![vec![Step::Hang], answer(200, "", "hi")]).await;
    let mut call = call_with(Timeouts { first_byte: SHORT, ..Timeouts::default() });
    call.options.max_retries = Some(1);
    let reply = bounded(engine(settings(server.address)).complete(call)).await.unwrap();
    let Outcome::Timeout(expired) = &reply.attempts[0].outcome else { panic!("{reply:?}") };
    assert_eq!(expired.kind, TimeoutKind::FirstByte);
}

#[tokio::test]
async fn a_pause_in_the_answer_is_an_idle_timeout() {
    let mut script = stream(&["text a\n"]);
    script.push(Step::Hang);
    let half = vec![write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"), Step::Hang];
    let mut server = Server::start(vec![script, half]).await;
    let engine = engine(settings(server.address));
    let call = call_with(Timeouts { idle: SHORT, ..Timeouts::default() });
    let mut opened = bounded(engine.stream(call.clone())).await.unwrap();
    let (events, error) = bounded(drain(&mut opened)).await;
    assert_eq!(texts_of(&events), "a");
    assert_eq!(kind(&error.unwrap().failure), TimeoutKind::Idle);
    // The stream is still held: the timeout itself closed the connection.
    bounded(server.next_gone()).await;
    let error = bounded(engine.complete(call)).await.unwrap_err();
    assert_eq!(kind(&error.failure), TimeoutKind::Idle);
}

#[tokio::test]
async fn comments_count_as_keep_alives() {
    let gate = Arc::new(Semaphore::new(0));
    let mut script = stream(&["text a\n"]);
    for _ in 0..8 {
        script.extend([Step::Await(Arc::clone(&gate)), chunk(": life\n")]);
    }
    script.extend([chunk("done\n"), end()]);
    let server = Server::start(vec![script]).await;
    let call = call_with(Timeouts { idle: Some(Duration::from_millis(400)), ..Timeouts::default() });
    let mut opened = bounded(engine(settings(server.address)).stream(call)).await.unwrap();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        loop {
            tick.tick().await;
            gate.add_permits(1);
        }
    });
    let (events, error) = bounded(drain(&mut opened)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(texts_of(&events), "a");
    assert!(opened.stats().duration.unwrap() > Duration::from_millis(400));
}

#[tokio::test]
async fn the_total_limit_ends_everything_and_is_not_retried() {
    let mut script = stream(&["text a\n"]);
    script.push(Step::Hang);
    let server = Server::start(vec![vec![Step::Hang], script]).await;
    let engine = engine(settings(server.address));
    let mut call = call_with(Timeouts { total: SHORT, ..Timeouts::default() });
    call.options.max_retries = Some(5);
    let error = bounded(engine.complete(call.clone())).await.unwrap_err();
    assert_eq!(kind(&error.failure), TimeoutKind::Total);
    assert_eq!(error.attempts.len(), 1);
    let mut opened = bounded(engine.stream(call)).await.unwrap();
    let (_, error) = bounded(drain(&mut opened)).await;
    assert_eq!(kind(&error.unwrap().failure), TimeoutKind::Total);
}

#[tokio::test]
async fn an_error_with_a_hanging_body_is_still_reported() {
    let script = vec![write("HTTP/1.1 401 No\r\ncontent-length: 100\r\n\r\nwho"), Step::Hang];
    let server = Server::start(vec![script]).await;
    let call = call_with(Timeouts { idle: SHORT, ..Timeouts::default() });
    let error = bounded(engine(settings(server.address)).complete(call)).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Provider(error) if error.status == Some(401)));
}

#[tokio::test]
async fn responses_are_decompressed() {
    // `printf hi | gzip`, `printf hi | brotli`
    let gzip = [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 203, 200, 4, 0, 172, 42, 147, 216, 2, 0, 0, 0];
    let brotli = [139, 0, 128, 104, 105, 3];
    let server = Server::start(vec![
        answer_bytes(200, "content-encoding: gzip\r\n", &gzip),
        answer_bytes(200, "content-encoding: br\r\n", &brotli),
        answer_bytes(200, "content-encoding: gzip\r\n", b"not packed at all"),
    ])
    .await;
    let engine = engine(settings(server.address));
    for _ in 0..2 {
        assert_eq!(text_of(&bounded(engine.complete(call())).await.unwrap().response), "hi");
    }
    let error = bounded(engine.complete(call())).await.unwrap_err();
    assert!(
        matches!(&error.failure, Failure::Unreadable(what) if what.message.contains("unpacked")),
        "{error}"
    );
}

#[tokio::test]
async fn a_body_is_bounded_whether_announced_or_not() {
    let announced =
        vec![write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", u64::MAX / 2)), Step::Hang];
    let piece = chunk(&"x".repeat(1 << 20));
    let mut endless = vec![write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")];
    endless.extend(std::iter::repeat_n(piece, 80));
    for script in [announced, endless] {
        let server = Server::start(vec![script]).await;
        let error = bounded(engine(settings(server.address)).complete(call())).await.unwrap_err();
        assert!(
            matches!(&error.failure, Failure::Unreadable(what) if what.message.contains("longer than")),
            "{error}"
        );
        assert_eq!(error.attempts.len(), 1);
    }
}

#[tokio::test]
async fn a_long_decode_blocks_neither_time_limits_nor_other_calls() {
    // Both are decoded only after the gate has been opened, which the runtime's thread does here.
    let slow = format!("slow{}", "x".repeat(2 << 20));
    let server =
        Server::start(vec![answer(200, "", &slow), answer(200, "", &slow), answer(200, "", "hi")]).await;
    let engine = Arc::new(engine(settings(server.address)));
    let call = call_with(Timeouts { total: SHORT, ..Timeouts::default() });
    let error = bounded(engine.complete(call)).await.unwrap_err();
    assert_eq!(kind(&error.failure), TimeoutKind::Total);
    let decoded = tokio::spawn({
        let engine = Arc::clone(&engine);
        async move { engine.complete(call_with(Timeouts::default())).await.unwrap() }
    });
    while server.requests().len() < 2 {
        tokio::task::yield_now().await;
    }
    let other = bounded(engine.complete(call_with(Timeouts::default()))).await.unwrap();
    assert_eq!(text_of(&other.response), "hi");
    assert!(!decoded.is_finished());
    SLOW.open();
    assert_eq!(text_of(&bounded(decoded).await.unwrap().response).len(), slow.len());
}

#[tokio::test]
async fn floods_without_events_end_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // On a separate thread, so that there is always more data.
    std::thread::spawn({
        let listener = listener.into_std().unwrap();
        listener.set_nonblocking(false).unwrap();
        move || {
            use std::io::{Read as _, Write as _};
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let _ = socket.read(&mut [0; 4096]);
                let _ = socket.write_all(crate::support::server::STREAM_HEAD.as_bytes());
                let comments = ": x\n".repeat(4096);
                let piece = format!("{:x}\r\n{comments}\r\n", comments.len());
                while socket.write_all(piece.as_bytes()).is_ok() {}
            }
        }
    });
    let call = call_with(Timeouts { total: SHORT, ..Timeouts::default() });
    let error = bounded(engine(settings(address)).stream(call)).await.unwrap_err();
    assert_eq!(kind(&error.failure), TimeoutKind::Total);
}

#[tokio::test]
async fn every_bound_has_a_name_and_is_an_error_when_it_is_passed() {
    let long = "x".repeat(3000);
    let mut comments = stream(&["text a\n"]);
    comments.extend(std::iter::repeat_n(chunk(&format!(": {long}\n")), 20));
    let mut events = stream(&["text a\n"]);
    events.extend(std::iter::repeat_n(chunk(&"text b\n".repeat(100)), 20));
    for script in [&mut comments, &mut events] {
        script.extend([chunk("done\n"), end()]);
    }
    let page = r#"{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}"#.to_owned() + &" ".repeat(3000);
    let page_2 = page.replace(r#""last_id":"a""#, r#""last_id":"b""#);
    let server = Server::start(vec![
        answer(200, "", &long),
        comments.clone(),
        events,
        comments,
        answer(200, "", &page),
        answer(200, "", &page_2),
    ])
    .await;
    let mut settings = settings(server.address);
    settings.dialect = "anthropic".into();
    let engine = |bounds: Bounds| engine(settings.clone()).with_bounds(bounds);
    let usual = Bounds::default();
    let name = |failure: &Failure| {
        let Failure::Unreadable(what) = failure else { panic!("{failure}") };
        what.message.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()
    };
    let once = || call_with(Timeouts::default());

    let error = engine(Bounds { response_bytes: 2000, ..usual }).complete(once()).await.unwrap_err();
    assert_eq!(name(&error.failure), "bounds.response_bytes");
    for (bounds, expected) in [
        (Bounds { stream_bytes: 9000, ..usual }, "bounds.stream_bytes"),
        (Bounds { stream_events: 900, ..usual }, "bounds.stream_events"),
    ] {
        let mut opened = bounded(engine(bounds).stream(once())).await.unwrap();
        let (events, error) = bounded(drain(&mut opened)).await;
        assert!(!events.is_empty() && events.len() <= 1000);
        assert_eq!(name(&error.unwrap().failure), expected);
    }
    let request = RawRequest {
        method: http::Method::GET,
        path: "/a".into(),
        body: Default::default(),
        content_type: None,
    };
    let raw = Call::new(ferrule_engine::Recipient::Provider("test".into()), request);
    let mut reply = bounded(engine(Bounds { stream_bytes: 9000, ..usual }).raw(raw)).await.unwrap();
    let error = loop {
        if let Err(error) = bounded(reply.chunk()).await {
            break error;
        }
    };
    assert_eq!(name(&error.failure), "bounds.stream_bytes");
    let listed = engine(Bounds { list_bytes: 5000, ..usual });
    let error = bounded(listed.models("test", Timeouts::default())).await.unwrap_err();
    assert_eq!(name(&error.failure), "bounds.list_bytes");
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_line_of_a_stream_is_bounded() {
    let mut script = stream(&["text a\n"]);
    script.extend(std::iter::repeat_n(chunk(&"x".repeat(1 << 20)), 40));
    let server = Server::start(vec![script]).await;
    let mut opened = bounded(engine(settings(server.address)).stream(call())).await.unwrap();
    let (_, error) = bounded(drain(&mut opened)).await;
    assert!(error.unwrap().to_string().contains("longer than"));
}

#[tokio::test]
async fn headers_are_bounded() {
    let many: String = (0..5000).map(|number| format!("x-{number}: y\r\n")).collect();
    let long = format!("x-long: {}\r\n", "y".repeat(2 << 20));
    for headers in [many, long] {
        let server =
            Server::start(vec![vec![write(format!("HTTP/1.1 200 OK\r\n{headers}\r\n")), Step::Hang]]).await;
        let error = bounded(engine(settings(server.address)).complete(call())).await.unwrap_err();
        assert!(matches!(error.failure, Failure::Unreadable(_)), "{error}");
        assert_eq!(error.attempts.len(), 1);
    }
}

#[tokio::test]
async fn data_that_is_not_http_is_unreadable() {
    let server = Server::start(vec![vec![write("SSH-2.0-OpenSSH_9.2\r\n\r\n"), Step::Close]]).await;
    let error = bounded(engine(settings(server.address)).complete(call())).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unreadable(_)), "{error}");
}

fn redirect(status: u16, to: &str) -> Vec<Step> {
    answer(status, &format!("location: {to}\r\n"), "")
}

#[tokio::test]
async fn a_redirect_is_followed_within_its_origin_only() {
    let other = Server::start(vec![answer(200, "", "stolen")]).await;
    let away = format!("http://{}/v1/say?secret=1", other.address);
    let server =
        Server::start(vec![redirect(307, "/v2/say"), redirect(308, "say3"), answer(200, "", "hi")]).await;
    let reply = bounded(engine(settings(server.address)).complete(call())).await.unwrap();
    assert_eq!(text_of(&reply.response), "hi");
    let lines: Vec<String> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["POST /v1/say HTTP/1.1", "POST /v2/say HTTP/1.1", "POST /v2/say3 HTTP/1.1"]);
    assert_eq!(server.requests()[2].body, "small plain");

    for (script, words) in [
        (redirect(307, &away), "where credentials are not sent"),
        (redirect(302, &away), "where credentials are not sent"),
        (redirect(302, "/v2/say"), "does not repeat the request"),
        (answer(307, "", ""), "to nowhere"),
        (redirect(307, "/v1/say"), "more than 5 times"),
    ] {
        let server = Server::start(vec![script]).await;
        let error = bounded(engine(settings(server.address)).complete(call())).await.unwrap_err();
        assert!(error.to_string().contains(words) && !error.to_string().contains("secret"), "{error}");
        assert_eq!(error.attempts.len(), 1);
    }
    assert!(other.requests().is_empty());
}
