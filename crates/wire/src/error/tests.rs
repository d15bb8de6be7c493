//! Tests of recorded error answers (`tests/fixtures/wire/errors/`), every row of the tables, and hostile input.

use super::*;
use crate::json::{Fields, Json, Value};
use crate::model::{DelaySource, RetryAfter};
use alloc::{string::ToString, vec, vec::Vec};
use core::time::Duration;
use proptest::prelude::*;
use std::{fs, path::Path};

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600_000;

fn refused(status: u16, headers: &[(&str, &str)], body: &str) -> ProviderError {
    decode(status, Headers(headers), body.as_bytes(), NOW)
}

#[test]
fn fixtures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire/errors");
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read(&path).unwrap();
        let mut file = Fields::parse(&text).unwrap();
        assert!(file.take_string("source").is_some(), "{path:?} says where its shapes come from");
        for case in file.take_array("cases").unwrap() {
            let mut case = case.object().unwrap();
            let name =
                format!("{}: {}", path.file_name().unwrap().display(), case.take_string("name").unwrap());
            check_fixture(&name, &mut case);
            assert!(case.is_empty(), "{name}: unknown {case:?}");
            count += 1;
        }
    }
    assert!(count > 100, "only {count} cases");
}

fn check_fixture(name: &str, case: &mut Fields<'_>) {
    let headers = case.take_object("headers");
    let headers: Vec<(String, String)> = headers
        .iter()
        .flat_map(|headers| headers.iter().map(|(name, value)| (name.into(), value.string().unwrap())))
        .collect();
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = case.take("body").unwrap();
    let body = body.string().unwrap_or_else(|| body.text().to_string());
    let mut expected = case.take_object("expected");
    let status = case.take_u32("status");
    let error = match status {
        Some(status) => Some(decode(u16::try_from(status).unwrap(), Headers(&headers), body.as_bytes(), NOW)),
        None => decode_in_stream(&body),
    };
    let (Some(error), Some(expected)) = (&error, &mut expected) else {
        assert!(error.is_none() && expected.is_none(), "{name}: {error:?}, not {expected:?}");
        return;
    };
    assert_eq!(format!("{:?}", error.kind), expected.take_string("kind").unwrap(), "{name}: {error:?}");
    let retryable = expected.take_bool("retryable").unwrap_or(error.kind.is_retryable());
    assert_eq!(error.retryable, retryable, "{name}: retryable");
    assert_eq!(error.status, status.map(|status| u16::try_from(status).unwrap()), "{name}: status");
    let texts = [
        ("code", error.code.clone()),
        ("type", error.error_type.clone()),
        ("param", error.param.clone()),
        ("message", Some(error.message.clone())),
        ("request_id", error.request_id.clone()),
        ("delay_source", error.retry_after.map(|retry| format!("{:?}", retry.source))),
    ];
    for (field, value) in texts {
        if expected.get(field).is_some() {
            assert_eq!(value, expected.take_string(field), "{name}: {field}");
        }
    }
    let delay = error.retry_after.map(|retry| u64::try_from(retry.delay.as_millis()).unwrap());
    assert_eq!(delay, expected.take_u64("delay_ms"), "{name}: delay");
    assert!(expected.is_empty(), "{name}: unknown {expected:?}");
}

#[test]
fn request_ids_in_order() {
    for (position, name) in REQUEST_ID_HEADERS.iter().enumerate() {
        let mut headers = vec![(*name, "this")];
        headers.extend(REQUEST_ID_HEADERS.iter().skip(position + 1).map(|later| (*later, "later")));
        headers.reverse();
        assert_eq!(refused(500, &headers, "{}").request_id.as_deref(), Some("this"), "{name}");
    }
    let error = refused(
        529,
        &[],
        r#"{"type":"error","error":{"type":"overloaded_error","message":"m"},"request_id":"r"}"#,
    );
    assert_eq!(error.request_id.as_deref(), Some("r"));
    let error = decode_in_stream(r#"{"error":{"message":"m"},"x_groq":{"id":"r"}}"#).unwrap();
    assert_eq!(error.request_id.as_deref(), Some("r"));
}

#[test]
fn every_status() {
    use ErrorKind::*;
    let rows = [
        (400, InvalidRequest, false),
        (401, Authentication, false),
        (402, QuotaExceeded, false),
        (403, PermissionDenied, false),
        (404, NotFound, false),
        (405, InvalidRequest, false),
        (408, Timeout, true),
        (409, InvalidRequest, true),
        (413, InvalidRequest, false),
        (415, InvalidRequest, false),
        (418, InvalidRequest, false),
        (422, InvalidRequest, false),
        (424, Server, true),
        (429, RateLimited, true),
        (498, Overloaded, true),
        (499, Cancelled, false),
        (500, Server, true),
        (501, Server, false),
        (502, Server, true),
        (503, Overloaded, true),
        (504, Timeout, true),
        (520, Server, true),
        (524, Server, true),
        (529, Overloaded, true),
        (599, Server, true),
    ];
    for (status, kind, retryable) in rows {
        for body in ["", "{}", "[]", "null", "<html><title>x</title></html>", "\u{1}"] {
            let error = refused(status, &[], body);
            assert_eq!((error.kind, error.retryable), (kind, retryable), "{status} {body:?}");
            assert!(!error.message.is_empty());
        }
    }
}

#[test]
fn should_retry_overrides_all_but_what_never_heals() {
    let retryable = |status, value, body| refused(status, &[("x-should-retry", value)], body).retryable;
    assert!(retryable(400, "true", "{}"));
    assert!(!retryable(500, "false", "{}"));
    assert!(retryable(500, "perhaps", "{}"));
    assert!(!retryable(402, "true", "{}"));
    assert!(!retryable(429, "true", r#"{"error":{"code":"insufficient_quota"}}"#));
    assert!(!retryable(429, "true", r#"{"error":{"message":"Limit 6,000, Requested 7,000"}}"#));
    assert!(retryable(
        429,
        "x",
        r#"{"error":{"message":"Rate limit: Limit 6000, Used 5000, Requested 2000"}}"#
    ));
}

#[test]
fn delays_in_order() {
    let body = r#"{"error":{"message":"Please retry in 4s. try again in 8s","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}]}}"#;
    let text = r#"{"error":{"message":"try again in 8s"}}"#;
    let sources: [(&str, &str, DelaySource, u64); 6] = [
        ("retry-after-ms", "1000", DelaySource::RetryAfterMilliseconds, 1),
        ("retry-after", "2", DelaySource::RetryAfter, 2),
        ("", "", DelaySource::RetryInfo, 3),
        ("anthropic-ratelimit-unified-reset", "1767225605", DelaySource::RateLimitReset, 5),
        ("x-ratelimit-reset-tokens", "6s", DelaySource::RateLimitReset, 6),
        ("ratelimit", "\"api\";r=0;t=7", DelaySource::RateLimitReset, 7),
    ];
    for (position, (_, _, source, seconds)) in sources.iter().enumerate() {
        let headers: Vec<(&str, &str)> = sources
            .iter()
            .skip(position)
            .map(|(name, value, ..)| (*name, *value))
            .filter(|(name, _)| !name.is_empty())
            .collect();
        let error = refused(429, &headers, if position <= 2 { body } else { text });
        let expected = RetryAfter { delay: Duration::from_secs(*seconds), source: *source };
        assert_eq!(error.retry_after, Some(expected), "{headers:?}");
    }
    assert_eq!(refused(429, &[], text).retry_after.unwrap().delay, Duration::from_secs(8));
    // A limit that is renewed some time has nothing to do with a failing server.
    assert_eq!(refused(500, &[("x-ratelimit-reset-tokens", "6s")], "{}").retry_after, None);
}

#[test]
fn delays_in_every_form() {
    let seconds = |name: &str, value: &str| {
        refused(429, &[(name, value)], "{}").retry_after.map(|retry| retry.delay.as_secs_f64())
    };
    for (value, expected) in [
        ("1.5", Some(1.5)),
        ("300", Some(300.0)),
        ("Thu, 01 Jan 2026 00:00:30 GMT", Some(30.0)),
        ("2026-01-01T00:00:30Z", Some(30.0)),
        ("Wed, 31 Dec 2025 23:59:30 GMT", None),
        ("-1", None),
        ("0", None),
        ("NaN", None),
        ("inf", None),
        ("1e300", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(seconds("retry-after", value), expected, "{value}");
    }
    assert_eq!(seconds("retry-after-ms", "20.5"), Some(0.0205));
    assert_eq!(seconds("retry-after-ms", "-20"), None);
    for (value, expected) in [
        ("1s", Some(1.0)),
        ("6m0s", Some(360.0)),
        ("120ms", Some(0.12)),
        ("2m59.56s", Some(179.56)),
        ("1h2m3.5s", Some(3723.5)),
        ("12", Some(12.0)),
        ("1767225660", Some(60.0)),
        ("1767225660000", Some(60.0)),
        ("1767225000000", None),
        ("2026-01-01T00:01:00Z", Some(60.0)),
        ("0s", None),
        ("s", None),
        ("9999999999999999999999999h", None),
        ("1e308", None),
    ] {
        assert_eq!(seconds("X-RateLimit-Reset-Requests", value), expected, "{value}");
    }
    for (text, expected) in [
        ("Please try again in 20ms. Visit", Some(0.02)),
        ("try again in 6m0s.", Some(360.0)),
        ("Please retry after 26 seconds.", Some(26.0)),
        ("Please retry in 34.4s.", Some(34.4)),
        ("try again in a while, then try again in 2s", Some(2.0)),
        ("try again later", None),
    ] {
        let error = refused(429, &[], &format!(r#"{{"error":{{"message":"{text}"}}}}"#));
        assert_eq!(error.retry_after.map(|retry| retry.delay.as_secs_f64()), expected, "{text}");
    }
}

#[test]
fn the_reset_of_the_limit_that_is_used_up() {
    let headers = [
        ("anthropic-ratelimit-requests-remaining", "10"),
        ("anthropic-ratelimit-requests-reset", "2026-01-01T01:00:00Z"),
        ("anthropic-ratelimit-input-tokens-remaining", "0"),
        ("anthropic-ratelimit-input-tokens-reset", "2026-01-01T00:00:07Z"),
        ("x-ratelimit-reset-tokens", "9s"),
    ];
    assert_eq!(refused(429, &headers, "{}").retry_after.unwrap().delay, Duration::from_secs(7));
    let headers = [
        ("x-ratelimit-remaining-requests", "10"),
        ("x-ratelimit-reset-requests", "2h"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "9s"),
    ];
    assert_eq!(refused(429, &headers, "{}").retry_after.unwrap().delay, Duration::from_secs(9));
}

#[test]
fn credentials_are_masked_everywhere() {
    let secret = "sk-proj-abcDEF123456_789-xyz";
    let bodies = [
        format!(
            r#"{{"error":{{"message":"Incorrect API key provided: {secret}. You can find","code":"{secret}"}}}}"#
        ),
        format!("Bearer {secret}"),
        format!(r#"{{"message":"got header Authorization: Bearer {secret}","type":"{secret}"}}"#),
        format!(r#"{{"detail":{{"msg":"https://u?alt=sse&key={secret}&x=1","param":"{secret}"}}}}"#),
        format!("{}{secret}", "x".repeat(1990)),
        format!("{} {secret}", "x ".repeat(1990)),
    ];
    for body in &bodies {
        let error = refused(401, &[("x-request-id", secret)], body);
        assert!(!format!("{error:?} {error}").contains("abcDEF"), "{error:?}");
    }
    let in_stream = decode_in_stream(&bodies[0]).unwrap();
    assert_eq!(in_stream.message, "Incorrect API key provided: ***. You can find");
    assert!(!format!("{in_stream:?}").contains("abcDEF"));
}

#[test]
fn what_is_masked_and_what_is_not() {
    for (text, expected) in [
        ("key sk-abc", "key sk-abc"), // too short to be one
        ("'sk-ant-api03-abcdef'", "'***'"),
        ("sk-abcd***************wxyz", "***"),
        ("a risk-free task-force on key-value-pairs", "a risk-free task-force on key-value-pairs"),
        (r#"{"api_key":"short","model":"m"}"#, r#"{"api_key":"***","model":"m"}"#),
        (r#"{\"api_key\": \"short\", \"model\": \"m\"}"#, r#"{\"api_key\": \"***\", \"model\": \"m\"}"#),
        ("x-api-key: abc/def+ghi=", "x-api-key: ***"),
        ("Authorization: Basic dTpw", "Authorization: Basic ***"),
        ("authorization: Bearer abc.def-ghi", "authorization: Bearer ***"),
        ("bearer tokens are refused", "bearer tokens are refused"),
        ("https://h/p?key=abc&alt=sse", "https://h/p?key=***&alt=sse"),
        ("https://h/p?X-Amz-Signature=abc&X-Amz-Date=1", "https://h/p?X-Amz-Signature=***&X-Amz-Date=1"),
        ("Invalid API key: abc, sorry", "Invalid API key: ***, sorry"),
        ("unexpected key: temperature", "unexpected key: temperature"),
        ("max_tokens: 5, token: x", "max_tokens: 5, token: x"),
        ("AIzaSyA-1234567890", "***"),
        ("", ""),
    ] {
        assert_eq!(redact::text(text), expected);
    }
    assert_eq!(redact::text(&"\u{20ac}".repeat(5000)).chars().count(), 2000);
    assert_eq!(redact::bounded(&[0xe2; 100_000]).chars().count(), 2000);
}

#[test]
fn answers_without_an_error() {
    for data in [
        "",
        "[DONE]",
        "{",
        "{}",
        "[]",
        "null",
        "\"text\"",
        r#"{"id":"c","choices":[{"delta":{"content":"error"}}],"error":null}"#,
        r#"{"choices":[],"error":{}}"#,
        r#"{"choices":[],"error":false}"#,
        r#"{"id":"r","error":"","object":"response"}"#,
        r#"{"type":"message_start","message":{"id":"m","type":"message"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"error"}}"#,
        r#"{"type":"response.created","response":{"id":"r","error":null}}"#,
        r#"{"base_resp":{"status_code":0,"status_msg":"success"},"choices":[]}"#,
        r#"[{"candidates":[]}]"#,
        r#"{"errors":[]}"#,
        r#"{"message":"hello"}"#,
    ] {
        assert_eq!(decode_in_stream(data), None, "{data}");
    }
}

#[test]
fn a_text_is_bounded() {
    let body =
        format!(r#"{{"error":{{"message":"{}","code":"{}"}}}}"#, "m".repeat(100_000), "c".repeat(100_000));
    let error = refused(400, &[], &body);
    assert_eq!((error.message.len(), error.code.unwrap().len(), error.body.len()), (2000, 2000, 2000));
    assert_eq!(refused(502, &[], &"x".repeat(100_000)).message.len(), 500);
}

/// JSON that looks like errors do.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_string()),
        Just("true".to_string()),
        Just("429".to_string()),
        Just("-1e999".to_string()),
        Just(r#""Limit 1, Requested 2; try again in 1h9999999999999999999s""#.to_string()),
        Just(r#""sk-abcdefghijklmn\u20ac""#.to_string()),
        "[a-z{}: ]{0,8}".prop_map(|text| format!("{text:?}")),
    ];
    let names = [
        "error",
        "message",
        "code",
        "type",
        "param",
        "detail",
        "details",
        "errors",
        "metadata",
        "raw",
        "loc",
        "msg",
        "status",
        "base_resp",
        "status_code",
        "choices",
        "response",
        "innererror",
        "violations",
        "quotaId",
        "retryDelay",
        "estimated_time",
        "request_id",
        "object",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((prop::sample::select(names.to_vec()), inner), 0..5).prop_map(|fields| {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_give_an_error(status: u16, body in prop::collection::vec(any::<u8>(), 0..300), value: String, now: i64) {
        let names = ["retry-after", "retry-after-ms", "x-ratelimit-reset", "ratelimit", "x-amzn-errortype"];
        let headers: Vec<(&str, &str)> = names.iter().map(|name| (*name, value.as_str())).collect();
        let error = decode(status, Headers(&headers), &body, now);
        prop_assert_eq!(error.status, Some(status));
        prop_assert!(!error.message.is_empty());
        decode_in_stream(&String::from_utf8_lossy(&body));
    }

    #[test]
    fn any_json_gives_an_error(status in 400u16..600, body in json(), number: f64) {
        prop_assert!(Value::parse(body.as_bytes()).is_ok());
        let number = number.to_string();
        let headers = [("retry-after", number.as_str()), ("x-ratelimit-reset", number.as_str())];
        let error = decode(status, Headers(&headers), body.as_bytes(), NOW);
        prop_assert!(error.kind != ErrorKind::QuotaExceeded || !error.retryable);
        prop_assert!(!error.body.contains("sk-abc") && !error.message.contains("sk-abc"));
        decode_in_stream(&body);
    }
}

/// What llama.cpp and Ollama report with 500 or in a stream, though the same request will fail again.
#[test]
fn hopeless_errors_of_local_servers_are_not_repeated() {
    let llamacpp = |message: &str, status: u16, kind: &str| {
        format!(
            r#"{{"error":{{"code":{status},"message":{},"type":"{kind}"}}}}"#,
            Json::string(message).text()
        )
    };
    let ollama = |message: &str| format!(r#"{{"error":{}}}"#, Json::string(message).text());
    for (message, kind) in [
        (
            "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
            ErrorKind::InvalidRequest,
        ),
        (
            "audio input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
            ErrorKind::InvalidRequest,
        ),
        ("Failed to load image or audio file", ErrorKind::InvalidRequest),
        ("[json.exception.type_error.302] type must be string, but is number", ErrorKind::InvalidRequest),
        ("[json.exception.out_of_range.403] key 'content' not found", ErrorKind::InvalidRequest),
        ("Failed to parse messages: Missing 'role' in message: {}", ErrorKind::InvalidRequest),
        ("JSON schema conversion failed:\nUnrecognized schema", ErrorKind::InvalidRequest),
        ("Conversation roles must alternate user/assistant/user/assistant/...", ErrorKind::InvalidRequest),
        (
            "input (600 tokens) is too large to process. increase the physical batch size (current batch size: 512)",
            ErrorKind::ContextLength,
        ),
        ("input is too large to process. increase the physical batch size", ErrorKind::ContextLength),
        ("the request exceeds the available context size, try increasing it", ErrorKind::ContextLength),
    ] {
        let body = llamacpp(message, 500, "server_error");
        for error in [refused(500, &[], &body), decode_in_stream(&body).unwrap()] {
            assert_eq!((error.kind, error.retryable), (kind, false), "{message}: {error:?}");
        }
    }
    for (message, kind) in [
        (
            "Failed to create new sequence: failed to process inputs: this model is missing data required for image input",
            ErrorKind::InvalidRequest,
        ),
        (
            "Failed to create new sequence: failed to process inputs: image: unknown format",
            ErrorKind::InvalidRequest,
        ),
        (
            "json: cannot unmarshal number into Go struct field ChatRequest.model of type string",
            ErrorKind::InvalidRequest,
        ),
        ("\"gemma\" does not support thinking", ErrorKind::InvalidRequest),
        (
            "invalid format: \"yaml\"; expected \"json\" or a valid JSON Schema object",
            ErrorKind::InvalidRequest,
        ),
        ("the input length exceeds the context length", ErrorKind::ContextLength),
        ("input exceeds maximum context length and cannot be truncated further", ErrorKind::ContextLength),
    ] {
        let body = ollama(message);
        for error in [refused(500, &[], &body), refused(400, &[], &body), decode_in_stream(&body).unwrap()] {
            assert_eq!((error.kind, error.retryable), (kind, false), "{message}: {error:?}");
        }
    }
    let body = llamacpp(
        "This server does not support embeddings. Start it with `--embeddings`",
        501,
        "not_supported_error",
    );
    for error in [refused(501, &[], &body), decode_in_stream(&body).unwrap()] {
        assert_eq!((error.kind, error.retryable), (ErrorKind::InvalidRequest, false), "{error:?}");
    }
    // What may heal is still repeated.
    for message in ["llama runner process has terminated: exit status 2", "Compute error.", "out of memory"] {
        for body in [ollama(message), llamacpp(message, 500, "server_error")] {
            assert!(refused(500, &[], &body).retryable, "{message}");
        }
    }
    let loading = llamacpp("Loading model", 503, "unavailable_error");
    assert!(refused(503, &[], &loading).retryable);
}

/// `llm_provider-retry-after` and its kin: a LiteLLM proxy hands on what its upstream said.
#[test]
fn headers_that_a_litellm_proxy_hands_on_are_read() {
    let seconds = |headers: &[(&str, &str)]| {
        refused(429, headers, "{}").retry_after.map(|retry| (retry.source, retry.delay.as_secs_f64()))
    };
    for (headers, expected) in [
        (&[("llm_provider-retry-after", "7")][..], Some((DelaySource::RetryAfter, 7.0))),
        (&[("LLM_Provider-Retry-After", "7")], Some((DelaySource::RetryAfter, 7.0))),
        (&[("llm_provider-retry-after-ms", "1500")], Some((DelaySource::RetryAfterMilliseconds, 1.5))),
        (
            &[("llm_provider-retry-after", "9"), ("llm_provider-retry-after-ms", "1500")],
            Some((DelaySource::RetryAfterMilliseconds, 1.5)),
        ),
        // What the proxy says itself comes first.
        (
            &[("llm_provider-retry-after-ms", "1500"), ("retry-after", "3")],
            Some((DelaySource::RetryAfter, 3.0)),
        ),
        (
            &[
                ("llm_provider-x-ratelimit-reset-tokens", "6s"),
                ("llm_provider-x-ratelimit-remaining-tokens", "0"),
            ],
            Some((DelaySource::RateLimitReset, 6.0)),
        ),
        (
            &[
                ("llm_provider-x-ratelimit-reset-tokens", "6s"),
                ("llm_provider-x-ratelimit-remaining-tokens", "5"),
            ],
            None,
        ),
        (
            &[("llm_provider-anthropic-ratelimit-unified-reset", "1767225605")],
            Some((DelaySource::RateLimitReset, 5.0)),
        ),
        (
            &[
                ("llm_provider-anthropic-ratelimit-requests-remaining", "0"),
                ("llm_provider-anthropic-ratelimit-requests-reset", "2026-01-01T00:00:30Z"),
            ],
            Some((DelaySource::RateLimitReset, 30.0)),
        ),
        (&[("llm_provider-ratelimit", "\"api\";r=0;t=7")], Some((DelaySource::RateLimitReset, 7.0))),
        (&[("other-retry-after", "7")], None),
    ] {
        assert_eq!(seconds(headers), expected, "{headers:?}");
    }
    assert!(!refused(500, &[("llm_provider-x-should-retry", "false")], "{}").retryable);
    let of = |headers: &[(&str, &str)]| refused(500, headers, "{}").request_id;
    assert_eq!(of(&[("llm_provider-x-request-id", "req_1")]).as_deref(), Some("req_1"));
    let both = [("llm_provider-x-request-id", "req_1"), ("x-litellm-call-id", "call_1")];
    assert_eq!(of(&both).as_deref(), Some("call_1"));
}
