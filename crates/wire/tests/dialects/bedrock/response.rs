//! Plain answers, and what a server writes.

use super::strategies::{plain_response, streamed_response};
use super::stream::decode;
use super::{dialect, read};
use crate::strategies::json;
use crate::streams::{accumulate, letters, written};
use ferrule_wire::error::Headers;
use ferrule_wire::framing::StreamError;
use ferrule_wire::model::{
    ErrorKind, FinishReason, Part, PartKind, ProviderError, Request, Response, StreamEvent, Usage, replay,
};
use proptest::prelude::*;

/// Fields told at the end come in another order.
fn sorted(response: Response) -> Response {
    let mut fields: Vec<_> =
        response.extra.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    fields.sort_by(|(first, _), (second, _)| first.cmp(second));
    Response { extra: fields.into_iter().collect(), ..response }
}

proptest! {
    #[test]
    fn a_plain_answer_is_read_back_as_it_was_written(response in plain_response()) {
        let body = dialect().encode_response(&response);
        prop_assert_eq!(dialect().decode_response(&body), Ok(response));
    }

    #[test]
    fn a_streamed_answer_is_read_back_as_it_was_written(response in streamed_response()) {
        let body = written(dialect(), &replay(&response, letters));
        let (events, outcome) = decode([body.as_slice()]);
        prop_assert_eq!(outcome, Ok(()));
        prop_assert_eq!(sorted(accumulate(&events)), sorted(response));
    }

    #[test]
    fn what_is_cut_off_anywhere_is_an_interruption(response in streamed_response(), at in any::<prop::sample::Index>()) {
        let body = written(dialect(), &replay(&response, letters));
        let last = body.windows(11).rposition(|window| window == b"messageStop").unwrap();
        let cut = body.get(..at.index(last)).unwrap();
        prop_assert_eq!(decode([cut]).1, Err(StreamError::Interrupted));
    }
}

#[test]
fn plain_bodies_mean_their_answers() {
    for name in ["plain_text", "plain_tools", "plain_guardrail"] {
        let response = dialect().decode_response(read(&format!("{name}.json")).as_bytes()).unwrap();
        let told = format!("{response:#?}\n");
        let expected = format!("{name}.response");
        if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
            std::fs::write(super::fixture(&expected), &told).unwrap();
        }
        assert_eq!(told, read(&expected), "{name}");
        let again = dialect().encode_response(&response);
        assert_eq!(dialect().decode_response(&again), Ok(response), "{name}");
    }
}

#[test]
fn an_error_in_a_plain_body_is_the_providers() {
    for body in [
        r#"{"__type":"com.amazon#ThrottlingException","message":"Too many requests"}"#,
        r#"{"message":"Too many requests"}"#,
        r#"{"Message":"Too many requests"}"#,
    ] {
        let Err(StreamError::Provider(error)) = dialect().decode_response(body.as_bytes()) else {
            panic!("{body}")
        };
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::RateLimited, "Too many requests"));
    }
}

#[test]
fn only_a_body_that_is_no_answer_is_malformed() {
    for body in ["", "<html>", "[]", "{}", "{\"output\":{", "null", "{\"output\":7}"] {
        let outcome = dialect().decode_response(body.as_bytes());
        assert!(matches!(outcome, Err(StreamError::Malformed(_))), "{body}");
    }
    let odd = br#"{"output":{"x":1,"message":{"role":"user","content":[{"text":1},"plain",{"text":"a","more":1}]}},"stopReason":[],"usage":"none"}"#;
    let response = dialect().decode_response(odd).unwrap();
    let kinds: Vec<_> = response.choices[0].message.content.iter().map(|part| part.kind.clone()).collect();
    assert_eq!(kinds, ["1", "plain", "a"].map(|text| PartKind::Text(text.into())));
    assert_eq!(response.choices[0].message.content[2].extra.get("more"), Some(&json("1")));
    for name in ["output", "usage"] {
        assert!(response.extra.get(name).is_some(), "{name}");
    }
    assert!(response.choices[0].message.extra.get("role").is_some());
}

#[test]
fn figures_that_are_missing_are_unknown() {
    let usage = |usage: &str| {
        let body = format!(r#"{{"output":{{"message":{{"content":[]}}}},"usage":{usage}}}"#);
        dialect().decode_response(body.as_bytes()).unwrap().usage.unwrap()
    };
    let read = usage(
        r#"{"outputTokens":3,"cacheDetails":[{"ttl":"1h","inputTokens":5},{"ttl":"2h","inputTokens":7}]}"#,
    );
    assert_eq!((read.input_tokens, read.output_tokens), (None, Some(3)));
    assert_eq!((read.cache_read_tokens, read.cache_write_tokens), (None, Some(5)));
    assert_eq!((read.cache_write_5m_tokens, read.cache_write_1h_tokens), (None, Some(5)));
    assert!(read.extra.get("cacheDetails").is_some(), "a lifetime without a name here is kept");
    let other_total = usage(r#"{"inputTokens":1,"outputTokens":2,"totalTokens":9}"#);
    assert_eq!(other_total.extra.get("totalTokens").unwrap().text(), "9");

    let none = Response { usage: Some(Usage::default()), ..Response::default() };
    let body = dialect().encode_response(&none);
    assert!(String::from_utf8_lossy(&body).contains(r#""usage":{}"#), "no figure is invented");
    assert_eq!(dialect().decode_response(&body).unwrap().usage, none.usage);
}

#[test]
fn errors_of_a_server_are_read_back() {
    for (kind, again) in [
        (ErrorKind::Authentication, ErrorKind::Authentication),
        (ErrorKind::PermissionDenied, ErrorKind::PermissionDenied),
        (ErrorKind::NotFound, ErrorKind::NotFound),
        (ErrorKind::InvalidRequest, ErrorKind::InvalidRequest),
        (ErrorKind::RateLimited, ErrorKind::RateLimited),
        (ErrorKind::QuotaExceeded, ErrorKind::QuotaExceeded),
        (ErrorKind::Overloaded, ErrorKind::Overloaded),
        (ErrorKind::Timeout, ErrorKind::Timeout),
        (ErrorKind::Server, ErrorKind::Server),
        (ErrorKind::StreamInterrupted, ErrorKind::Server),
    ] {
        let error = ProviderError::new(kind, "so it is");
        let body = dialect().encode_error(&error);
        let read = dialect().decode_error(400, Headers::default(), &body, 0);
        assert_eq!(read.message, "so it is");
        if !matches!(again, ErrorKind::InvalidRequest | ErrorKind::Server) {
            assert_eq!(read.kind, again);
        }
        let mut frames = Vec::new();
        dialect().stream_encoder(&Request::default()).error(&error, &mut frames);
        let Err(StreamError::Provider(read)) = decode([frames.as_slice()]).1 else { panic!("{kind:?}") };
        assert_eq!((read.kind, read.message.as_str()), (again, "so it is"));
    }
    let own = ProviderError {
        code: Some("ModelNotReadyException".into()),
        ..ProviderError::new(ErrorKind::Overloaded, "wait")
    };
    assert_eq!(dialect().encode_error(&own), br#"{"__type":"ModelNotReadyException","message":"wait"}"#);
    let foreign = ProviderError { code: Some("x\ny".into()), ..ProviderError::new(ErrorKind::Server, "m") };
    assert_eq!(dialect().encode_error(&foreign), br#"{"__type":"InternalServerException","message":"m"}"#);
}

#[test]
fn calls_that_interleave_are_streamed_as_they_come() {
    let start = |part: u32| StreamEvent::ToolCallStart {
        choice: 0,
        part,
        id: format!("t{part}"),
        name: "f".into(),
        custom: false,
    };
    let delta =
        |part: u32, text: &str| StreamEvent::ToolCallDelta { choice: 0, part, arguments: text.into() };
    let end = |part: u32| StreamEvent::ToolCallEnd { choice: 0, part };
    let events = [
        start(0),
        start(1),
        delta(0, "{\"a\""),
        delta(1, "{}"),
        delta(0, ":1}"),
        end(1),
        end(0),
        delta(7, "of no call"),
        StreamEvent::Finish { choice: 0, reason: FinishReason::ToolCalls, stop_sequence: None },
    ];
    let (read, outcome) = decode([written(dialect(), &events).as_slice()]);
    assert_eq!(outcome, Ok(()));
    let arguments: Vec<_> = accumulate(&read).choices[0]
        .message
        .content
        .iter()
        .map(|Part { kind, .. }| match kind {
            PartKind::ToolCall(call) => call.arguments.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(arguments, [r#"{"a":1}"#, "{}"]);
}
