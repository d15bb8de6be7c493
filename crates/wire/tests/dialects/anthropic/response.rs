//! Plain answers, and what a server writes.

use super::strategies::{plain_response, streamed_response};
use super::stream::decode;
use super::{dialect, expected, read};
use crate::streams::{accumulate, letters, written};
use ferrule_wire::framing::StreamError;
use ferrule_wire::json::Json;
use ferrule_wire::model::{
    ErrorKind, FinishReason, Part, PartKind, ProviderError, Request, Response, StreamEvent, Usage, replay,
};
use proptest::prelude::*;

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
        prop_assert_eq!(accumulate(&events), response);
    }

    #[test]
    fn what_is_cut_off_anywhere_is_an_interruption(response in streamed_response(), at in any::<prop::sample::Index>()) {
        let body = written(dialect(), &replay(&response, letters));
        // Without the last line, which is the end of the last event; that one would be whole without it.
        let last = body.windows(7).rposition(|window| window == b"event: ").unwrap();
        let cut = body.get(..at.index(last)).unwrap();
        prop_assert_eq!(decode([cut]).1, Err(StreamError::Interrupted));
    }
}

#[test]
fn plain_bodies_mean_their_answers() {
    for name in ["plain_text", "plain_tools", "plain_refusal"] {
        let response = dialect().decode_response(read(&format!("{name}.json")).as_bytes()).unwrap();
        let told = format!("{response:#?}\n");
        assert_eq!(told, expected(&format!("{name}.response"), &told), "{name}");
        let again = dialect().encode_response(&response);
        assert_eq!(dialect().decode_response(&again), Ok(response), "{name}");
    }
}

#[test]
fn an_error_in_a_plain_body_is_the_providers() {
    let body =
        br#"{"type":"error","error":{"type":"overloaded_error","message":"busy"},"request_id":"req_1"}"#;
    let Err(StreamError::Provider(error)) = dialect().decode_response(body) else { panic!() };
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Overloaded, "busy"));
}

#[test]
fn arguments_are_an_object_however_they_are_written() {
    let arguments = |input: &str| {
        let body =
            format!(r#"{{"type":"message","content":[{{"type":"tool_use","id":"t","name":"f"{input}}}]}}"#);
        let response = dialect().decode_response(body.as_bytes()).unwrap();
        let again = dialect().decode_response(&dialect().encode_response(&response)).unwrap();
        assert_eq!(again, response, "{input}");
        let PartKind::ToolCall(call) = &response.choices[0].message.content[0].kind else { panic!() };
        call.arguments.clone()
    };
    assert_eq!(arguments(""), "{}");
    assert_eq!(arguments(r#","input":null"#), "{}");
    assert_eq!(arguments(r#","input":"""#), "{}");
    assert_eq!(arguments(r#","input":{"x": 1}"#), r#"{"x": 1}"#);
    assert_eq!(arguments(r#","input":"{\"x\":1}""#), r#"{"x":1}"#);
    assert_eq!(arguments(r#","input":":}{x1""#), r#"{"arguments":":}{x1"}"#);
    assert_eq!(arguments(r#","input":[5]"#), r#"{"arguments":"[5]"}"#);
}

#[test]
fn only_a_body_that_is_no_answer_is_malformed() {
    for body in ["", "<html>", "[]", "{}", "{\"type\":\"message", "null"] {
        assert!(
            matches!(dialect().decode_response(body.as_bytes()), Err(StreamError::Malformed(_))),
            "{body}"
        );
    }
    let odd = br#"{"type":"message","id":7,"role":"user","content":[{"type":"text","text":1},"plain",3],"stop_reason":[],"usage":"none"}"#;
    let response = dialect().decode_response(odd).unwrap();
    let [first, second, third] = response.choices[0].message.content.as_slice() else { panic!() };
    let item = |text: &str| Part::provider_item("anthropic", Json::parse(text).unwrap());
    assert_eq!(first, &Part::text("1"));
    assert_eq!(second, &Part::text("plain"));
    assert_eq!(third, &item("3"));
    assert_eq!(response.id, "7");
    for name in ["role", "usage"] {
        assert!(response.extra.get(name).is_some(), "{name}");
    }
}

#[test]
fn a_body_with_content_alone_is_an_answer() {
    let response = dialect().decode_response(br#"{"content":[{"type":"text","text":"hi"}]}"#).unwrap();
    assert_eq!(response.choices[0].message.content, [Part::text("hi")]);
    assert_eq!((response.usage, &response.choices[0].finish_reason), (None, &None));
}

#[test]
fn figures_that_are_missing_are_unknown() {
    let body =
        br#"{"content":[],"usage":{"output_tokens":3,"cache_creation":{"ephemeral_1h_input_tokens":5}}}"#;
    let usage = dialect().decode_response(body).unwrap().usage.unwrap();
    assert_eq!(usage.input_tokens, None);
    assert_eq!((usage.cache_read_tokens, usage.cache_write_tokens), (None, Some(5)));
    assert_eq!((usage.cache_write_5m_tokens, usage.cache_write_1h_tokens), (None, Some(5)));
}

#[test]
fn figures_that_nobody_knows_stay_unknown() {
    for usage in [
        r#"{"cache_read_input_tokens":5}"#,
        r#"{"cache_read_input_tokens":5,"output_tokens":3}"#,
        r#"{"input_tokens":4,"cache_read_input_tokens":5}"#,
        "{}",
        "null",
    ] {
        let body = format!(r#"{{"content":[],"usage":{usage}}}"#);
        let response = dialect().decode_response(body.as_bytes()).unwrap();
        let plain = dialect().encode_response(&response);
        let numbers: &[u8] = br#""output_tokens":"#;
        assert!(plain.windows(numbers.len()).any(|bytes| bytes == numbers), "clients need a number");
        assert_eq!(dialect().decode_response(&plain).as_ref(), Ok(&response), "{usage}");
        let (events, _) = decode([written(dialect(), &replay(&response, letters)).as_slice()]);
        assert_eq!(accumulate(&events).usage, response.usage, "{usage}");
    }
}

#[test]
fn what_other_dialects_tell_late_or_in_pieces_is_written_at_the_end() {
    let extra = |name: &str, value: &str| {
        Box::new([(name.to_owned(), Json::parse(value).unwrap())].into_iter().collect())
    };
    let body = written(
        dialect(),
        &[
            StreamEvent::ResponseExtra(extra("service_tier", "\"flex\"")),
            StreamEvent::MessagePieces { choice: 0, extra: extra("details", r#"[{"text":"a"}]"#) },
            StreamEvent::MessagePieces { choice: 0, extra: extra("details", r#"[{"text":"b"}]"#) },
            StreamEvent::MessageExtra { choice: 0, extra: extra("list", "[1]") },
            StreamEvent::MessageExtra { choice: 0, extra: extra("list", "[2]") },
        ],
    );
    let extra = accumulate(&decode([body.as_slice()]).0).extra;
    let read = ["service_tier", "details", "list"].map(|name| extra.get(name).unwrap().text());
    assert_eq!(read, ["\"flex\"", r#"[{"text":"ab"}]"#, "[1,2]"]);
}

fn delta(part: u32, text: &str) -> StreamEvent {
    StreamEvent::TextDelta { choice: 0, part, text: text.into() }
}

#[test]
fn a_stream_is_written_as_the_api_writes_it() {
    let tool = |name: &str| StreamEvent::ToolCallStart {
        choice: 0,
        part: 1,
        id: "t".into(),
        name: name.into(),
        custom: false,
    };
    let events = [
        StreamEvent::Start(Box::default()),
        delta(0, "Hi"),
        delta(0, " you"),
        tool("f"),
        StreamEvent::ToolCallDelta { choice: 0, part: 1, arguments: "{}".into() },
        StreamEvent::ToolCallEnd { choice: 0, part: 1 },
        StreamEvent::Finish { choice: 0, reason: FinishReason::ToolCalls, stop_sequence: None },
        StreamEvent::UsageUpdate(Box::new(Usage {
            input_tokens: Some(12),
            output_tokens: Some(7),
            cache_read_tokens: Some(2),
            ..Usage::default()
        })),
    ];
    let expected = r#"event: message_start
data: {"type":"message_start","message":{"id":"","type":"message","role":"assistant","model":"","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0,"unreported":true}}}

event: ping
data: {"type":"ping"}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" you"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":10,"cache_read_input_tokens":2,"output_tokens":7}}

event: message_stop
data: {"type":"message_stop"}

"#;
    assert_eq!(String::from_utf8(written(dialect(), &events)).unwrap(), expected);
}

#[test]
fn calls_that_other_dialects_interleave_stay_apart() {
    let start = |part, id: &str| StreamEvent::ToolCallStart {
        choice: 0,
        part,
        id: id.into(),
        name: "f".into(),
        custom: false,
    };
    let more =
        |part, arguments: &str| StreamEvent::ToolCallDelta { choice: 0, part, arguments: arguments.into() };
    let body =
        written(dialect(), &[start(0, "a"), start(1, "b"), more(0, "{\"x\":"), more(1, "{}"), more(0, "1}")]);
    let (events, outcome) = decode([body.as_slice()]);
    assert_eq!(outcome, Ok(()));
    let calls: Vec<_> = accumulate(&events).choices[0]
        .message
        .content
        .iter()
        .map(|part| match &part.kind {
            PartKind::ToolCall(call) => (call.id.clone(), call.arguments.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(calls, [("a".to_owned(), "{\"x\":1}".to_owned()), ("b".to_owned(), "{}".to_owned())]);
}

#[test]
fn line_ends_inside_kept_json_do_not_break_the_frame() {
    let data = Json::parse("{\"type\":\n\"weather\",\r\n\"sunny\": true}").unwrap();
    let body = written(
        dialect(),
        &[
            StreamEvent::Unknown { event: Some("weather".into()), data: data.clone() },
            StreamEvent::Unknown { event: Some("a\ndata: b".into()), data: Json::parse("{}").unwrap() },
        ],
    );
    let (events, outcome) = decode([body.as_slice()]);
    assert_eq!(outcome, Ok(()));
    let unknown: Vec<_> =
        events.iter().filter(|event| matches!(event, StreamEvent::Unknown { .. })).collect();
    let [StreamEvent::Unknown { event: Some(event), data: read }] = unknown.as_slice() else {
        panic!("{unknown:?}")
    };
    assert_eq!((event.as_str(), read.text()), ("weather", "{\"type\": \"weather\",  \"sunny\": true}"));
    assert_eq!(data.value().object().unwrap().get("sunny").unwrap().bool(), Some(true));
}

#[test]
fn an_error_ends_a_stream_and_is_read_back() {
    let mut encoder = dialect().stream_encoder(&Request::default());
    let mut body = Vec::new();
    encoder.push(&delta(0, "Hi"), &mut body);
    encoder.error(&ProviderError::new(ErrorKind::Overloaded, "busy"), &mut body);
    let (events, outcome) = decode([body.as_slice()]);
    let Err(StreamError::Provider(error)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Overloaded, "busy"));
    assert!(events.contains(&delta(0, "Hi")));
}

#[test]
fn an_answer_of_nothing_is_still_a_stream_and_a_body() {
    let (events, outcome) = decode([written(dialect(), &[]).as_slice()]);
    assert_eq!(outcome, Ok(()));
    assert!(matches!(events.first(), Some(StreamEvent::Start(_))));
    let body = dialect().encode_response(&Response::default());
    assert_eq!(dialect().decode_response(&body).unwrap().choices[0].message.content, []);
}
