//! Faults, in each dialect, streamed and not.

use crate::client::*;
use ferrule_sim::Simulator;
use serde_json::{Value, json};
use std::io::Read as _;

/// The response under one fault.
#[expect(clippy::needless_pass_by_value, reason = "the callers write it in place")]
fn under(fault: Value, dialect: &str, stream: bool) -> Result<HttpResponse, End> {
    let simulator = scripted(&json!([{"reply": "one two three four five six seven", "fault": fault}]));
    let answer = call(&simulator, path(dialect), &[], &ask("m", "hi", stream));
    assert!(simulator.wait_for_answers(PATIENCE));
    let seen = requests(&simulator).remove(0);
    let name = fault
        .as_str()
        .map_or_else(|| fault.as_object().unwrap().keys().next().unwrap().clone(), str::to_owned);
    assert_eq!(seen["fault"], name);
    answer
}

/// Runs `test` for each dialect, streamed and not.
fn each(test: impl Fn(&str, bool)) {
    for dialect in DIALECTS {
        for stream in [false, true] {
            test(dialect, stream);
        }
    }
}

#[test]
fn statuses_with_headers_and_bodies() {
    each(|dialect, stream| {
        let fault = json!({"status": {"status": 418, "headers": {"x-why": "tea"}, "body": {"pot": true}}});
        let answer = under(fault, dialect, stream).unwrap();
        assert_eq!(
            (answer.status, answer.header("x-why"), answer.json()),
            (418, Some("tea"), json!({"pot": true}))
        );
        let answer = under(json!({"status": {"status": 500, "body": "oops"}}), dialect, stream).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (500, "oops"));
        let fault =
            json!({"status": {"status": 400, "error": {"kind": "context_length", "message": "too long"}}});
        let answer = under(fault, dialect, stream).unwrap();
        assert_eq!((answer.status, &answer.json()["error"]["message"]), (400, &json!("too long")));
        let answer = under(json!("overloaded"), dialect, stream).unwrap();
        assert_eq!(answer.status, if dialect == "anthropic" { 529 } else { 503 });
        let answer = under(json!("html"), dialect, stream).unwrap();
        assert_eq!((answer.status, answer.header("content-type")), (502, Some("text/html")));
        assert!(answer.text().starts_with("<html>"));
        let answer = under(json!("empty"), dialect, stream).unwrap();
        assert_eq!((answer.status, answer.body.len(), answer.end), (200, 0, End::Complete));
    });
}

#[test]
fn every_form_of_retry_after() {
    let limited = |retry: &str| {
        under(json!({"rate_limit": {"retry": retry, "delay_ms": 1500}}), "openai-chat", true).unwrap()
    };
    let answer = limited("seconds");
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1.5")));
    assert!(limited("date").header("retry-after").unwrap().ends_with(" GMT"));
    assert_eq!(limited("milliseconds").header("retry-after-ms"), Some("1500"));
    let reset = limited("ratelimit_reset");
    assert_eq!(reset.header("x-ratelimit-reset-requests"), Some("1.5s"));
    assert_eq!(reset.header("x-ratelimit-remaining-requests"), Some("0"));
    let reset = limited("anthropic_reset");
    assert!(reset.header("anthropic-ratelimit-requests-reset").unwrap().ends_with('Z'));
    assert!(limited("message").json()["error"]["message"].as_str().unwrap().contains("try again in 1.5s"));
    let none = limited("none");
    assert!(
        none.headers.iter().all(|(name, _)| !name.contains("retry") && !name.contains("ratelimit")),
        "{none:?}"
    );
}

#[test]
fn connections_end_where_they_should() {
    for (fault, end) in [("reset", End::Reset), ("close", End::Closed)] {
        each(|dialect, stream| {
            assert_eq!(under(json!({fault: {"at": "before_headers"}}), dialect, stream).unwrap_err(), end);
            let after_headers = under(json!({fault: {"at": "after_headers"}}), dialect, stream).unwrap();
            assert_eq!((after_headers.status, after_headers.body.len(), after_headers.end), (200, 0, end));
            let mid_event = under(json!({fault: {"at": "mid_event"}}), dialect, stream).unwrap();
            assert_eq!((mid_event.status, mid_event.end), (200, end));
            let text = mid_event.text();
            if stream {
                assert_eq!(streamed_text(dialect, &text), "one two");
                assert!(!text.ends_with("\n\n"));
            } else {
                assert!(!text.is_empty() && serde_json::from_str::<Value>(&text).is_err());
            }
            let late = under(json!({fault: {"at": "before_terminal"}}), dialect, stream).unwrap();
            assert_eq!(late.end, end);
            assert_unfinished(dialect, stream, &late.text());
        });
    }
}

/// Asserts that everything was sent except the end.
fn assert_unfinished(dialect: &str, stream: bool, text: &str) {
    if stream {
        assert_eq!(streamed_text(dialect, text), "one two three four five six seven");
        assert!(
            !is_ended(dialect, text)
                && !text.contains("finish_reason\":\"stop")
                && !text.contains("end_turn")
        );
    } else {
        let error = serde_json::from_str::<Value>(text).unwrap_err();
        assert!(error.is_eof(), "{text}");
    }
}

#[test]
fn an_end_marker_can_be_missing_in_valid_framing() {
    each(|dialect, stream| {
        let answer = under(json!("no_terminal"), dialect, stream).unwrap();
        assert_eq!(answer.end, End::Complete);
        assert_unfinished(dialect, stream, &answer.text());
    });
    let kept = under(json!({"no_terminal": {"keep_finish": true}}), "anthropic", true).unwrap().text();
    assert!(kept.contains("end_turn") && !is_ended("anthropic", &kept));
    let kept = under(json!({"no_terminal": {"keep_finish": true}}), "openai-chat", true).unwrap().text();
    assert!(kept.contains("\"finish_reason\":\"stop\"") && !is_ended("openai-chat", &kept));
}

#[test]
fn a_chunk_is_truncated() {
    each(|dialect, stream| {
        let simulator = scripted(&json!([{"reply": "one two three four", "fault": "truncated_chunk"}]));
        let mut client = Client::connect(simulator.address());
        client.send("POST", path(dialect), &[], ask("m", "hi", stream).to_string().as_bytes());
        assert_eq!(client.head().unwrap().header("transfer-encoding"), Some("chunked"));
        let end = loop {
            if let Err(end) = client.more() {
                break end;
            }
        };
        assert_eq!(end, End::Closed);
        let mut rest = client.read.as_slice();
        loop {
            let line = rest.iter().position(|byte| *byte == b'\n').unwrap();
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap().trim(), 16).unwrap();
            assert!(size > 0);
            rest = &rest[line + 1..];
            match rest.get(size + 2..) {
                Some(after) => rest = after,
                None => break assert!(!rest.is_empty() && rest.len() < size, "{} of {size}", rest.len()),
            }
        }
    });
}

#[test]
fn malformed_json_and_error_events() {
    each(|dialect, stream| {
        let answer = under(json!("malformed_json"), dialect, stream).unwrap();
        assert_eq!((answer.status, answer.end), (200, End::Complete));
        let datas = if stream { events(&answer.text()) } else { vec![answer.text()] };
        let wrong =
            datas.iter().filter(|data| *data != "[DONE]" && serde_json::from_str::<Value>(data).is_err());
        assert_eq!(wrong.count(), 1, "{datas:?}");

        let answer = under(
            json!({"error_event": {"error": {"kind": "overloaded", "message": "busy"}}}),
            dialect,
            stream,
        )
        .unwrap();
        assert_eq!((answer.status, answer.end), (200, End::Complete));
        let last = if stream { events(&answer.text()).pop().unwrap() } else { answer.text() };
        assert_eq!(
            serde_json::from_str::<Value>(&last).unwrap()["error"]["message"],
            "busy",
            "{}",
            answer.text()
        );
        assert_eq!(stream, answer.text().contains("two"));

        let answer = under(json!("content_type"), dialect, stream).unwrap();
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
        assert!(answer.text().contains("seven"));
    });
}

fn unzipped(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn answers_are_compressed() {
    each(|dialect, stream| {
        let answer = under(json!("gzip"), dialect, stream).unwrap();
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        let text = unzipped(&answer.body);
        assert!(text.contains("seven") && (!stream || is_ended(dialect, &text)));
    });
    let simulator = scripted(&json!({"defaults": {"gzip": true}}));
    for (accepts, coding) in [("gzip, br", Some("gzip")), ("gzip;q=0", None), ("identity", None)] {
        let headers = [("accept-encoding", accepts)];
        let answer = call(&simulator, path("anthropic"), &headers, &ask("echo", "hi", false)).unwrap();
        assert_eq!(answer.header("content-encoding"), coding);
        let streamed = call(&simulator, path("anthropic"), &headers, &ask("echo", "hi", true)).unwrap();
        assert_eq!(streamed.header("content-encoding"), None);
    }
}

#[test]
fn a_line_is_huge() {
    each(|dialect, stream| {
        let answer = under(json!({"huge_line": {"bytes": 3_000_000}}), dialect, stream).unwrap();
        assert_eq!(answer.end, End::Complete);
        assert!(answer.text().lines().any(|line| line.len() > 3_000_000));
        if stream {
            assert_eq!(streamed_text(dialect, &answer.text()), "one two three four five six seven");
        } else {
            assert_eq!(text_of(dialect, &answer.json()), "one two three four five six seven");
        }
    });
}

#[test]
fn bytes_arrive_one_by_one() {
    each(|dialect, stream| {
        let answer = under(json!({"slow_loris": {"byte_ms": 0}}), dialect, stream).unwrap();
        assert_eq!(answer.end, End::Complete);
        assert!(answer.text().contains("seven"));
    });
    let simulator = scripted(&json!([{"fault": {"slow_loris": {"byte_ms": 200}}}]));
    let mut client = Client::connect(simulator.address());
    client.send("POST", path("anthropic"), &[], ask("m", "hi", true).to_string().as_bytes());
    client.more().unwrap();
    // More than one byte may have arrived at once, but never the whole line.
    assert!(client.read.len() < 8, "{:?}", String::from_utf8_lossy(&client.read));
}

#[test]
fn nothing_is_sent_until_the_client_leaves() {
    each(|dialect, stream| {
        for (place, said) in [
            ("before_headers", ""),
            ("after_headers", "\r\n\r\n"),
            ("mid_event", "two"),
            ("before_terminal", "seven"),
        ] {
            let simulator = scripted(
                &json!([{"reply": "one two three four five six seven", "fault": {"stall": {"at": place}}}]),
            );
            let mut client = Client::connect(simulator.address());
            client.send("POST", path(dialect), &[], ask("m", "hi", stream).to_string().as_bytes());
            assert!(simulator.wait_for_requests(1, PATIENCE));
            let comes = stream || place == "after_headers" || place == "before_terminal";
            if comes && place != "before_headers" {
                client.read_to(said).unwrap();
            }
            assert_eq!(requests(&simulator)[0]["outcome"], "open");
            drop(client);
            assert!(
                simulator.wait_for_answers(PATIENCE) && simulator.wait_for_connections(0, PATIENCE),
                "{place}"
            );
            assert_eq!(requests(&simulator)[0]["outcome"], "closed_by_client");
        }
    });
}

#[test]
fn a_stall_can_end() {
    each(|dialect, stream| {
        for place in ["before_headers", "after_headers", "mid_event", "before_terminal"] {
            let began = std::time::Instant::now();
            let answer = under(json!({"stall": {"at": place, "for_ms": 30}}), dialect, stream).unwrap();
            assert!(began.elapsed().as_millis() >= 30);
            assert_eq!(answer.end, End::Complete);
            if stream {
                assert_eq!(streamed_text(dialect, &answer.text()), "one two three four five six seven");
                assert!(is_ended(dialect, &answer.text()));
            } else {
                assert_eq!(text_of(dialect, &answer.json()), "one two three four five six seven");
            }
        }
    });
}

#[test]
fn a_stall_before_the_headers_strikes_once() {
    let simulator = scripted(&json!([{"fault": {"stall": {"at": "before_headers", "for_ms": 10}}}]));
    let mut client = Client::connect(simulator.address());
    client.send("POST", path("anthropic"), &[], ask("m", "hi", true).to_string().as_bytes());
    client.more().unwrap();
    // A second stall would leave the headers alone in their packet.
    assert!(String::from_utf8_lossy(&client.read).contains("message_start"));
}

#[test]
fn a_short_answer_is_hit_at_its_end() {
    let simulator = scripted(&json!([{"reply": "one", "fault": {"reset": {"after_chunks": 50}}}]));
    for dialect in DIALECTS {
        let answer = call(&simulator, path(dialect), &[], &ask("m", "hi", true)).unwrap();
        assert_eq!((answer.end, is_ended(dialect, &answer.text())), (End::Reset, false));
    }
}

#[test]
fn a_rule_is_limited_by_times_and_rate() {
    let simulator = scripted(
        &json!([{"times": 1, "fault": {"status": {"status": 503}}}, {"match": {"nth": 2}, "fault": "overloaded"}]),
    );
    let statuses: Vec<_> = (0..4).map(|_| status(&simulator, "m")).collect();
    assert_eq!(statuses, [503, 200, 503, 200]);
    simulator.set_script(r#"[{"rate": 0.5, "fault": {"status": {"status": 500}}}]"#).unwrap();
    let first: Vec<_> = (0..20).map(|_| status(&simulator, "m")).collect();
    assert!(first.contains(&500) && first.contains(&200));
    simulator.set_script(r#"[{"rate": 0.5, "fault": {"status": {"status": 500}}}]"#).unwrap();
    assert_eq!(first, (0..20).map(|_| status(&simulator, "m")).collect::<Vec<_>>());
}

fn status(simulator: &Simulator, model: &str) -> u16 {
    complete(simulator, "openai-chat", &ask(model, "hi", false)).status
}

#[test]
fn names_of_models_make_faults() {
    let simulator = start();
    for (model, expected) in [
        ("status-429", 429),
        ("status-529", 529),
        ("html", 502),
        ("rate-limit-ms", 429),
        ("context-length", 400),
    ] {
        assert_eq!(status(&simulator, model), expected, "{model}");
    }
    assert_eq!(
        [
            status(&simulator, "fail-once-503"),
            status(&simulator, "fail-once-503"),
            status(&simulator, "fail-once-503")
        ],
        [503, 200, 503]
    );
    let twice: Vec<_> = (0..3)
        .map(|_| {
            call(&simulator, path("anthropic"), &[], &ask("fail-twice-reset-headers", "hi", true))
                .map(|answer| answer.status)
        })
        .collect();
    assert!(matches!(twice[..], [Err(End::Reset), Err(End::Reset), Ok(200)]), "{twice:?}");
    let cut = complete(&simulator, "anthropic", &ask("reset-mid-event", "hi", true));
    assert_eq!((cut.end, is_ended("anthropic", &cut.text())), (End::Reset, false));
    assert!(simulator.wait_for_connections(0, PATIENCE));
}
