//! Streamed answers.

use super::frames::{body, events as frames, frame};
use super::{dialect, read};
use crate::streams::{Read, accumulate, assert_same_however_cut, decode_within, described, pieces};
use ferrule_wire::framing::{HeaderValue, StreamError, StreamLimits, write_frame};
use ferrule_wire::model::{ErrorKind, FinishReason, PartKind};
use proptest::prelude::*;

const TRANSCRIPTS: &[&str] = &[
    "citations",
    "cut_off",
    "cut_inside_a_frame",
    "error_in_stream",
    "exception_in_stream",
    "exception_of_the_model",
    "image_and_server_tool",
    "metadata_first",
    "reasoning_and_tools",
    "redacted",
    "same_index",
    "text",
    "tool_without_arguments",
    "unknown_events",
];

pub(super) fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let decoded = decode_within(dialect(), pieces, StreamLimits::default());
    assert!(!decoded.was_done, "only the body's end is the end");
    decoded.checked()
}

fn whole(body: &[u8]) -> Read {
    decode([body])
}

fn transcript(name: &str) -> Vec<u8> {
    body(&read(&format!("{name}.frames")))
}

#[test]
fn transcripts_mean_their_events() {
    for name in TRANSCRIPTS {
        let text = read(&format!("{name}.frames"));
        assert!(text.starts_with("# source: "), "{name} does not say where it comes from");
        let told = described(&whole(&body(&text)));
        let expected = format!("{name}.events");
        if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
            std::fs::write(super::fixture(&expected), &told).unwrap();
        }
        assert_eq!(told, read(&expected), "{name}");
    }
}

#[test]
fn any_split_in_two_gives_the_same_events() {
    for name in TRANSCRIPTS {
        assert_same_however_cut(|pieces| decode(pieces.iter().copied()), &transcript(name), name);
    }
}

const START: (&str, &str) = ("messageStart", r#"{"role":"assistant","p":"ab"}"#);
const STOP: (&str, &str) = ("messageStop", r#"{"stopReason":"end_turn","p":"abc"}"#);

const HOSTILE: &[(&str, &str)] = &[
    START,
    STOP,
    ("messageStart", "{}"),
    ("contentBlockStart", "{}"),
    ("contentBlockStart", r#"{"contentBlockIndex":0,"start":7}"#),
    ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{}}"#),
    ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"a","name":"b"}}}"#),
    ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":7}}}"#),
    ("contentBlockStart", r#"{"contentBlockIndex":18446744073709551615,"start":{"image":{"format":"png"}}}"#),
    ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"toolResult":{"toolUseId":"a"}}}"#),
    ("contentBlockDelta", "{}"),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":7}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":7}}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"},"p":"x"}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"},"p":7}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"}"}}}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"toolResult":[{"text":"a"},7]}}"#),
    (
        "contentBlockDelta",
        r#"{"contentBlockIndex":18446744073709551615,"delta":{"image":{"source":{"bytes":"AA=="}}}}"#,
    ),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"a"}}}"#),
    (
        "contentBlockDelta",
        r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"redactedContent":"AA=="}}}"#,
    ),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"citation":null}}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"citation":{"title":"t"}}}"#),
    ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
    ("contentBlockStop", r#"{"contentBlockIndex":-1}"#),
    ("messageStop", r#"{"stopReason":7}"#),
    ("metadata", r#"{"usage":7}"#),
    (
        "metadata",
        r#"{"usage":{"inputTokens":18446744073709551615,"cacheReadInputTokens":18446744073709551615,"cacheDetails":[7,{"ttl":"5m","inputTokens":18446744073709551615},{"ttl":"5m","inputTokens":1}]}}"#,
    ),
    ("", "[]"),
    ("x", "null"),
    ("x", "{}"),
];

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        transcript_number in 0..TRANSCRIPTS.len(), sizes in prop::collection::vec(1usize..200, 1..8),
    ) {
        let body = transcript(TRANSCRIPTS[transcript_number]);
        prop_assert_eq!(decode(pieces(&body, &sizes)), whole(&body));
    }

    /// The template's frames give what the full reader gives: `slow` has a field in each frame that no other has.
    #[test]
    fn the_fast_path_gives_the_same_as_the_full_reader(
        texts in prop::collection::vec((prop_oneof!["[a-z é]{0,6}", any::<String>()], 0usize..5, 0u8..8), 1..20),
    ) {
        let mut fast = frames(&[START]);
        let mut slow = fast.clone();
        let mut index = 0;
        for (number, (text, pad, turn)) in texts.iter().enumerate() {
            let text = serde_json::to_string(text).unwrap();
            let pad = "abcdef".get(..*pad).unwrap();
            let delta = format!(r#"{{"contentBlockIndex":{index},"delta":{{"text":{text}}}"#);
            frame("event", "contentBlockDelta", &format!(r#"{delta},"p":"{pad}"}}"#), &mut fast);
            frame("event", "contentBlockDelta", &format!(r#"{delta},"n":{number}}}"#), &mut slow);
            let next: &[(&str, String)] = &match turn {
                0 => vec![("contentBlockStop", format!(r#"{{"contentBlockIndex":{index}}}"#))],
                1 => vec![("contentBlockDelta", format!(r#"{{"contentBlockIndex":{index},"delta":{{"reasoningContent":{{"text":"x"}}}}}}"#))],
                2 => { index += 1; vec![] }
                _ => vec![],
            };
            for (name, payload) in next {
                frame("event", name, payload, &mut fast);
                frame("event", name, payload, &mut slow);
            }
        }
        for body in [&mut fast, &mut slow] {
            frame("event", STOP.0, STOP.1, body);
        }
        prop_assert_eq!(whole(&fast), whole(&slow));
    }

    /// Hostile bodies end in events or an error.
    #[test]
    fn hostile_frames_do_no_harm(
        hostile in prop::collection::vec(prop::sample::select(HOSTILE), 0..12),
    ) {
        let body = frames(&hostile);
        let (events, outcome) = whole(&body);
        accumulate(&events);
        prop_assert_eq!(decode(body.chunks(7)), (events, outcome));
    }
}

#[test]
fn usage_is_added_up() {
    let usage = accumulate(&whole(&transcript("metadata_first")).0).usage.unwrap();
    assert_eq!(usage.input_tokens, Some(10 + 100 + 30));
    assert_eq!((usage.cache_read_tokens, usage.cache_write_tokens), (Some(100), Some(30)));
    assert_eq!((usage.cache_write_5m_tokens, usage.cache_write_1h_tokens), (Some(10), Some(20)));
    assert_eq!((usage.output_tokens, usage.reasoning_tokens), (Some(5), None));
    assert!(usage.extra.is_empty(), "{:?}", usage.extra);
}

#[test]
fn a_call_without_arguments_has_an_empty_object() {
    let response = accumulate(&whole(&transcript("tool_without_arguments")).0);
    let arguments: Vec<_> = response.choices[0]
        .message
        .content
        .iter()
        .map(|part| match &part.kind {
            PartKind::ToolCall(call) => call.arguments.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(arguments, ["{}", "{}", "{}", r#"{"x": 1}"#]);
}

#[test]
fn without_a_message_stop_it_is_an_interruption() {
    assert_eq!(whole(b""), (Vec::new(), Err(StreamError::Interrupted)));
    for events in [&[START][..], &[START, ("metadata", r#"{"usage":{"inputTokens":1}}"#)]] {
        assert_eq!(whole(&frames(events)).1, Err(StreamError::Interrupted));
    }
    let mut body = frames(&[START, STOP]);
    assert_eq!(whole(&body).1, Ok(()));
    body.push(0);
    assert_eq!(whole(&body).1, Err(StreamError::Interrupted));
}

#[test]
fn a_payload_that_is_no_object_is_malformed() {
    for payload in ["<html>", "{\"role\":", "[1]", "7", ""] {
        let (_, outcome) = whole(&frames(&[("messageStart", payload)]));
        let Err(StreamError::Malformed(text)) = outcome else { panic!("{outcome:?}") };
        assert!(text.contains("`messageStart`"), "{text}");
    }
    let mut body = Vec::new();
    write_frame([(":event-type", HeaderValue::Text("x"))], b"\xff", &mut body);
    assert!(matches!(whole(&body).1, Err(StreamError::Malformed(_))));
    assert!(matches!(whole(b"HTTP/1.1 200 OK\r\n").1, Err(StreamError::Malformed(_))));
}

#[test]
fn exceptions_are_told_by_their_class() {
    for (class, payload, kind, retryable) in [
        ("throttlingException", r#"{"message":"Too many requests"}"#, ErrorKind::RateLimited, true),
        ("throttlingException", r#"{"message":"Too many tokens per day"}"#, ErrorKind::QuotaExceeded, false),
        ("internalServerException", r#"{"message":"m"}"#, ErrorKind::Server, true),
        ("serviceUnavailableException", r#"{"message":"m"}"#, ErrorKind::Overloaded, true),
        ("validationException", r#"{"message":"m"}"#, ErrorKind::InvalidRequest, false),
        ("validationException", r#"{"message":"Input is too long"}"#, ErrorKind::ContextLength, false),
        ("modelTimeoutException", r#"{"message":"m"}"#, ErrorKind::Timeout, true),
        ("modelStreamErrorException", r#"{"message":"m"}"#, ErrorKind::Server, true),
        (
            "modelStreamErrorException",
            r#"{"message":"m","originalStatusCode":429,"originalMessage":"o"}"#,
            ErrorKind::RateLimited,
            true,
        ),
        (
            "modelStreamErrorException",
            r#"{"message":"m","originalStatusCode":400,"originalMessage":"prompt is too long"}"#,
            ErrorKind::ContextLength,
            false,
        ),
        ("throttlingException", "", ErrorKind::RateLimited, true),
        ("newException", "not JSON", ErrorKind::StreamInterrupted, true),
    ] {
        let mut body = frames(&[START]);
        frame("exception", class, payload, &mut body);
        let Err(StreamError::Provider(error)) = whole(&body).1 else { panic!("{class}") };
        assert_eq!((error.kind, error.retryable), (kind, retryable), "{class} {payload}");
        assert_eq!((error.code.as_deref(), error.status), (Some(class), None));
        assert!(!error.message.is_empty());
    }
}

#[test]
fn blocks_that_never_end_are_bounded() {
    let mut body = frames(&[START]);
    for index in 0..2000 {
        let payload = format!(r#"{{"contentBlockIndex":{index},"delta":{{"text":"x"}}}}"#);
        frame("event", "contentBlockDelta", &payload, &mut body);
    }
    assert!(matches!(whole(&body).1, Err(StreamError::Malformed(_))));
}

#[test]
fn what_is_gathered_is_bounded() {
    let mut decoder = dialect().stream_decoder(StreamLimits { event_bytes: 1000 });
    let mut events = Vec::new();
    let start =
        frames(&[("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"image":{"format":"png"}}}"#)]);
    decoder.push(&start, &mut events).unwrap();
    let payload = format!(
        r#"{{"contentBlockIndex":0,"delta":{{"image":{{"source":{{"bytes":"{}"}}}}}}}}"#,
        "A".repeat(400)
    );
    let delta = frames(&[("contentBlockDelta", &payload)]);
    let outcomes: Vec<_> = (0..3).map(|_| decoder.push(&delta, &mut events)).collect();
    assert_eq!(outcomes, [Ok(()), Ok(()), Err(StreamError::TooLarge(1000))]);
}

#[test]
fn every_reason_to_stop_has_a_name() {
    for (word, reason) in [
        ("end_turn", FinishReason::Stop),
        ("tool_use", FinishReason::ToolCalls),
        ("max_tokens", FinishReason::Length),
        ("stop_sequence", FinishReason::StopSequence),
        ("guardrail_intervened", FinishReason::ContentFilter),
        ("content_filtered", FinishReason::ContentFilter),
        ("malformed_model_output", FinishReason::Other("malformed_model_output".into())),
        ("malformed_tool_use", FinishReason::Other("malformed_tool_use".into())),
        ("model_context_window_exceeded", FinishReason::ContextWindow),
    ] {
        let payload = format!(r#"{{"stopReason":"{word}"}}"#);
        let body = frames(&[START, ("messageStop", &payload)]);
        assert_eq!(accumulate(&whole(&body).0).choices[0].finish_reason, Some(reason.clone()));
        let plain = format!(r#"{{"output":{{"message":{{"content":[]}}}},"stopReason":"{word}"}}"#);
        let response = dialect().decode_response(plain.as_bytes()).unwrap();
        assert_eq!(response.choices[0].finish_reason, Some(reason));
    }
}
