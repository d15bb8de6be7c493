//! Server tests: URLs, keys, the record, starting and stopping.

use crate::client::*;
use ferrule_sim::{Settings, Simulator};
use serde_json::{Value, json};
use std::{io::Write as _, net::TcpStream};

fn get(simulator: &Simulator, path: &str, headers: &[(&str, &str)]) -> HttpResponse {
    let mut client = Client::connect(simulator.address());
    client.send("GET", path, headers, b"");
    client.answer().unwrap()
}

#[test]
fn other_addresses() {
    let simulator = start();
    assert_eq!(get(&simulator, "/healthz", &[]).json(), json!({"status": "ok"}));
    let models = get(&simulator, "/v1/models", &[]).json();
    assert_eq!((&models["object"], &models["data"][0]["object"]), (&json!("list"), &json!("model")));
    let models = get(&simulator, "/v1/models", &[("anthropic-version", "2023-06-01")]).json();
    assert_eq!((&models["has_more"], &models["data"][0]["type"]), (&json!(false), &json!("model")));
    assert_eq!(get(&simulator, "/v1/models/echo", &[]).json()["id"], "echo");
    assert_eq!(get(&simulator, "/anthropic/v1/models/echo", &[]).json()["display_name"], "echo");

    let count = call(
        &simulator,
        "/v1/messages/count_tokens",
        &[],
        &json!({"model": "m", "messages": [{"role": "user", "content": "one two"}]}),
    );
    assert_eq!(count.unwrap().json(), json!({"input_tokens": 2}));
    for (dialect, prefix) in [("openai-chat", "/openai"), ("anthropic", "/anthropic")] {
        let path = format!("{prefix}{}", path(dialect));
        assert_eq!(call(&simulator, &path, &[], &ask("m", "hi", false)).unwrap().status, 200);
    }
}

#[test]
fn wrong_requests_are_refused_in_the_dialects_shape() {
    let simulator = start();
    let refused = |path: &str, body: &Value| {
        let answer = call(&simulator, path, &[], body).unwrap();
        (answer.status, answer.json()["error"]["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(refused("/v1/nothing", &json!({})).0, 404);
    assert_eq!(refused("/anthropic/v1/chat/completions", &json!({})).0, 404);
    assert_eq!(get(&simulator, "/v1/messages", &[]).status, 405);
    for dialect in DIALECTS {
        assert_eq!(refused(path(dialect), &json!([])).0, 400);
        assert_eq!(refused(path(dialect), &json!({"model": "m", "max_tokens": 1, "messages": []})).0, 400);
        let (status, message) = refused(
            path(dialect),
            &json!({"max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}),
        );
        assert!(status == 400 && message.contains("model"), "{message}");
    }
    let (status, message) =
        refused("/v1/messages", &json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}));
    assert!(status == 400 && message.contains("max_tokens"), "{message}");
    let answer = call(&simulator, "/v1/messages", &[], &json!({})).unwrap().json();
    assert_eq!(
        (&answer["type"], &answer["error"]["type"]),
        (&json!("error"), &json!("invalid_request_error"))
    );
}

#[test]
fn keys_are_checked() {
    let strict = Simulator::start(Settings { require_key: true, ..Settings::default() }).unwrap();
    let lax = start();
    for dialect in DIALECTS {
        let status = |simulator: &Simulator, headers: &[(&str, &str)]| {
            call(simulator, path(dialect), headers, &ask("m", "hi", false)).unwrap().status
        };
        assert_eq!(status(&strict, &[]), 401);
        assert_eq!(status(&lax, &[]), 200);
        for simulator in [&strict, &lax] {
            assert_eq!(status(simulator, &[("authorization", "Bearer sk-good")]), 200);
            assert_eq!(status(simulator, &[("x-api-key", "sk-good")]), 200);
            assert_eq!(status(simulator, &[("authorization", "Bearer sk-invalid")]), 401);
            assert_eq!(status(simulator, &[("x-api-key", "sk-invalid")]), 401);
        }
    }
    assert_eq!(get(&strict, "/healthz", &[]).status, 200);
}

/// In AWS's form; the unit tests of `aws_signature` cover the signatures.
#[test]
fn aws_credentials_are_checked() {
    let strict = Simulator::start(Settings { require_key: true, ..Settings::default() }).unwrap();
    let body = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
    let refused = |headers: &[(&str, &str)]| {
        let answer = call(&strict, "/bedrock/model/echo/converse", headers, &body).unwrap();
        (answer.status, answer.json()["__type"].as_str().unwrap_or_default().to_owned())
    };
    let is = |status: u16, class: &str| (status, class.to_owned());
    assert_eq!(refused(&[("authorization", "Bearer good")]), is(200, ""));
    assert_eq!(refused(&[("authorization", "Bearer sk-invalid")]), is(403, "AccessDeniedException"));
    assert_eq!(refused(&[]), is(403, "MissingAuthenticationTokenException"));
    let signed = "AWS4-HMAC-SHA256 Credential=AKIASIMULATED/20250115/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";
    let date = ("x-amz-date", "20250115T120000Z");
    assert_eq!(refused(&[("authorization", signed), date]), is(403, "InvalidSignatureException"));
    assert_eq!(refused(&[("authorization", signed)]), is(403, "IncompleteSignatureException"));
    let other = signed.replace("AKIASIMULATED", "AKIAOTHER");
    assert_eq!(refused(&[("authorization", &other), date]), is(200, ""));
    let credentials = [("AKIAOTHER".to_owned(), "secret".to_owned())].into();
    let only = Simulator::start(Settings { aws_credentials: credentials, ..Settings::default() }).unwrap();
    let unknown = signed.replace("AKIASIMULATED", "AKIAUNKNOWN");
    let answer = call(&only, "/bedrock/model/echo/converse", &[("authorization", &unknown), date], &body);
    assert_eq!(answer.unwrap().json()["__type"], "UnrecognizedClientException");
}

#[test]
fn requests_are_recorded_and_can_be_cleared() {
    let simulator = start();
    let body = ask("echo", "hi", true);
    call(
        &simulator,
        "/v1/messages?beta=true",
        &[("X-Api-Key", "sk-1"), ("x-two", "a"), ("x-two", "b")],
        &body,
    )
    .unwrap();
    assert!(simulator.wait_for_answers(PATIENCE));
    let seen = requests(&simulator).remove(0);
    for (field, expected) in [
        ("connection", json!(1)),
        ("method", json!("POST")),
        ("path", json!("/v1/messages")),
        ("query", json!("beta=true")),
        ("body", body),
        ("dialect", json!("anthropic")),
        ("model", json!("echo")),
        ("stream", json!(true)),
        ("status", json!(200)),
        ("fault", Value::Null),
        ("outcome", json!("answered")),
    ] {
        assert_eq!(seen[field], expected, "{field}");
    }
    assert_eq!((&seen["headers"]["x-api-key"], &seen["headers"]["x-two"]), (&json!("sk-1"), &json!("a, b")));
    assert!(seen["bytes_sent"].as_u64().unwrap() > 100 && seen["time_ms"].as_f64().is_some());
    assert!(!format!("{simulator:?}").contains("sk-1"));
    simulator.clear_requests();
    assert!(requests(&simulator).is_empty());
}

#[test]
fn the_record_is_bounded() {
    for (limit, expected) in [(2, vec!["3", "4"]), (0, vec![])] {
        let simulator = Simulator::start(Settings { record_limit: limit, ..Settings::default() }).unwrap();
        for text in ["1", "2", "3", "4"] {
            complete(&simulator, "openai-chat", &ask("m", text, false));
        }
        assert!(simulator.wait_for_requests(4, PATIENCE));
        let seen: Vec<_> =
            requests(&simulator).iter().map(|seen| seen["body"]["messages"][0]["content"].clone()).collect();
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_connection_is_kept_alive_and_counted() {
    let simulator = start();
    let mut client = Client::connect(simulator.address());
    for _ in 0..3 {
        client.send("POST", "/v1/chat/completions", &[], ask("m", "hi", false).to_string().as_bytes());
        assert_eq!(client.answer().unwrap().status, 200);
    }
    assert_eq!(simulator.open_connections(), 1);
    assert!(requests(&simulator).iter().all(|seen| seen["connection"] == 1));
    drop(client);
    assert!(simulator.wait_for_connections(0, PATIENCE));
}

#[test]
fn many_streams_are_open_at_once() {
    let simulator = start();
    let body = ask("slow-10", "hi", true).to_string();
    let mut clients: Vec<_> = (0..200).map(|_| Client::connect(simulator.address())).collect();
    for client in &mut clients {
        client.send("POST", "/v1/messages", &[], body.as_bytes());
    }
    // Each gets its second chunk while all are open.
    for client in &mut clients {
        client.read_to("You").unwrap();
        client.read_to(" said").unwrap();
    }
    assert_eq!(simulator.open_connections(), 200);
    drop(clients);
    assert!(simulator.wait_for_answers(PATIENCE) && simulator.wait_for_connections(0, PATIENCE));
}

#[test]
fn a_client_that_leaves_is_noticed() {
    let simulator = start();
    for model in ["slow-1", "stall-headers", "stall-mid-event"] {
        simulator.clear_requests();
        let mut client = Client::connect(simulator.address());
        client.send("POST", "/v1/chat/completions", &[], ask(model, "hi there", true).to_string().as_bytes());
        assert!(simulator.wait_for_requests(1, PATIENCE));
        if model != "stall-headers" {
            client.read_to("content").unwrap();
        }
        assert_eq!(requests(&simulator)[0]["outcome"], "open");
        drop(client);
        assert!(simulator.wait_for_answers(PATIENCE) && simulator.wait_for_connections(0, PATIENCE));
        let seen = requests(&simulator).remove(0);
        assert_eq!(seen["outcome"], "closed_by_client", "{model}");
        assert_eq!(seen["bytes_sent"].as_u64().unwrap() == 0, model == "stall-headers");
    }
}

#[test]
fn hostile_requests_do_no_harm() {
    let simulator = start();
    let nested = "[".repeat(100_000);
    for body in ["", "null", nested.as_str(), "\u{0}", "{\"model\":1}"] {
        for dialect in DIALECTS {
            let mut client = Client::connect(simulator.address());
            client.send("POST", path(dialect), &[], body.as_bytes());
            assert_eq!(client.answer().unwrap().status, 400);
        }
    }
    let mut client = Client::connect(simulator.address());
    client.stream.write_all(b"POST /v1/messages HTTP/1.1\r\ncontent-length: 70000000\r\n\r\n").unwrap();
    let piece = vec![b' '; 1 << 20];
    // The server may respond and close before it has received everything.
    while client.stream.write_all(&piece).is_ok() {}
    for model in
        ["slow-0.0000000000000000000000001", "slow-1e300", "fail-4294967296-503", "long-18446744073709551616"]
    {
        let mut client = Client::connect(simulator.address());
        client.send("POST", "/v1/messages", &[], ask(model, "hi", true).to_string().as_bytes());
        client.read_to("message_start").unwrap();
    }
    assert_eq!(get(&simulator, "/healthz", &[]).status, 200);
}

#[test]
fn stopping_closes_every_connection() {
    let mut simulator = start();
    let mut client = Client::connect(simulator.address());
    client.send("POST", "/v1/messages", &[], ask("stall-mid-event", "hi", true).to_string().as_bytes());
    client.head().unwrap();
    simulator.stop();
    simulator.stop();
    while client.more().is_ok() {}
    assert_eq!(simulator.open_connections(), 0);
    assert!(TcpStream::connect(simulator.address()).is_err());
    assert!(simulator.set_script("[]").is_err());
    assert_eq!(requests(&simulator)[0]["outcome"], "closed_by_client");
}

#[test]
fn connections_are_refused_or_reset_by_script() {
    let simulator = start();
    assert!(TcpStream::connect(simulator.refused_address()).is_err());
    let mut kept = Client::connect(simulator.address());
    kept.send("GET", "/healthz", &[], b"");
    assert_eq!(kept.answer().unwrap().status, 200);

    simulator.set_script(r#"{"refuse": true}"#).unwrap();
    let refused = TcpStream::connect(simulator.address()).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    kept.send("GET", "/healthz", &[], b"");
    assert_eq!(kept.answer().unwrap().status, 200);

    simulator.set_script(r#"{"reset_connections": 1}"#).unwrap();
    let mut client = Client::connect(simulator.address());
    assert_eq!(client.more(), Err(End::Reset));
    assert_eq!(get(&simulator, "/healthz", &[]).status, 200);
}

#[test]
fn an_invalid_script_changes_nothing() {
    let simulator = scripted(&json!([{"reply": "first"}]));
    let error = simulator.set_script(r#"[{"reply": {"txt": "second"}}]"#).unwrap_err().to_string();
    assert!(error.contains("rules[0].reply") && error.contains("txt"), "{error}");
    assert_eq!(
        text_of("openai-chat", &complete(&simulator, "openai-chat", &ask("m", "hi", false)).json()),
        "first"
    );
    let error = Simulator::start(Settings { script: Some("{".into()), ..Settings::default() }).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
