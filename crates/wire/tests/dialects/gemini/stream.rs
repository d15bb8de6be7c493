//! Answers as Google sends them, and the events they mean. `UPDATE_TRANSCRIPTS=1` writes the events anew.

use super::{dialect, folder};
use crate::streams::{Read, accumulate, decode_within};
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::model::{ErrorKind, StreamEvent, Usage};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::PathBuf;

pub(super) fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: StreamLimits) -> Read {
    decode_within(dialect(), pieces, limits).checked()
}

pub(super) fn whole(body: &[u8]) -> Read {
    decode([body], StreamLimits::default())
}

fn bodies(endings: &[&str]) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| endings.iter().any(|ending| path.extension().is_some_and(|own| own == *ending)));
    paths.sort();
    paths
}

/// Compares `told` with what stands beside the transcript.
fn check(path: &std::path::Path, told: &str, ending: &str) {
    let beside = PathBuf::from(format!("{}.{ending}", path.display()));
    if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
        std::fs::write(&beside, told).unwrap();
    }
    assert_eq!(told, std::fs::read_to_string(&beside).unwrap(), "{}", path.display());
}

#[test]
fn transcripts_mean_their_events_however_they_are_split() {
    let paths = bodies(&["sse", "array"]);
    assert!(paths.len() >= 27, "only {} transcripts were found", paths.len());
    for path in paths {
        let body = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|ending| ending == "sse") {
            assert!(body.starts_with(b": source: "), "{} does not say where it comes from", path.display());
        }
        let read = whole(&body);
        let mut told = String::new();
        for event in &read.0 {
            writeln!(told, "{event:?}").unwrap();
        }
        match &read.1 {
            Ok(()) => told += "complete\n",
            Err(StreamError::Provider(error)) => writeln!(told, "{:?}: {error}", error.kind).unwrap(),
            Err(error) => writeln!(told, "{error:?}").unwrap(),
        }
        check(&path, &told, "events");
        for at in 0..=body.len() {
            let (first, second) = body.split_at(at);
            assert_eq!(decode([first, second], StreamLimits::default()), read, "{} at {at}", path.display());
        }
        for size in [1, 2, 3, 7, 64] {
            assert_eq!(
                decode(body.chunks(size), StreamLimits::default()),
                read,
                "{} by {size}",
                path.display()
            );
        }
    }
}

#[test]
fn plain_bodies_mean_their_answers() {
    let paths = bodies(&["json"]);
    assert_eq!(paths.len(), 3);
    for path in paths {
        let response = dialect().decode_response(&std::fs::read(&path).unwrap()).unwrap();
        check(&path, &format!("{response:#?}\n"), "response");
        let again = dialect().encode_response(&response);
        assert_eq!(dialect().decode_response(&again), Ok(response), "{}", path.display());
    }
}

#[test]
fn a_stream_accumulates_to_the_plain_answer() {
    let body = std::fs::read(folder().join("plain_thoughts_and_calls.json")).unwrap();
    let frame: String = std::str::from_utf8(&body).unwrap().lines().map(str::trim).collect();
    let (events, outcome) = whole(format!("data: {frame}\n\n").as_bytes());
    assert_eq!(outcome, Ok(()));
    assert_eq!(accumulate(&events), dialect().decode_response(frame.as_bytes()).unwrap());
}

#[test]
fn a_blocked_prompt_is_an_error_of_its_own() {
    for (feedback, message) in [
        (r#"{"blockReason":"SAFETY"}"#, "the prompt was blocked: SAFETY"),
        (r#"{"blockReason":"OTHER","blockReasonMessage":"no"}"#, "no"),
    ] {
        let body = format!(r#"{{"promptFeedback":{feedback},"usageMetadata":{{"promptTokenCount":4}}}}"#);
        let plain = dialect().decode_response(body.as_bytes()).unwrap_err();
        let (events, streamed) = whole(format!("data: {body}\n\n").as_bytes());
        assert!(events.is_empty());
        for error in [plain, streamed.unwrap_err()] {
            let StreamError::Provider(error) = error else { panic!("{error:?}") };
            assert_eq!((error.kind, error.message.as_str()), (ErrorKind::ContentFiltered, message));
            assert!(!error.retryable && error.code.is_some());
        }
    }
}

#[test]
fn what_is_no_answer_is_an_error() {
    for body in ["", "null", "7", "[]", "{}", r#"{"a":1}"#, "<html>"] {
        assert!(
            matches!(dialect().decode_response(body.as_bytes()), Err(StreamError::Malformed(_))),
            "{body}"
        );
    }
    for body in [
        r#"{"error":{"code":500,"message":"m","status":"INTERNAL"}}"#,
        r#"[{"error":{"code":500,"message":"m"}}]"#,
    ] {
        let Err(StreamError::Provider(error)) = dialect().decode_response(body.as_bytes()) else {
            panic!("{body}")
        };
        assert_eq!(error.kind, ErrorKind::Server);
    }
    for body in ["data: {\n\n", "data: 7\n\n", "[7]", "data: [[{}]]\n\n"] {
        assert!(matches!(whole(body.as_bytes()).1, Err(StreamError::Malformed(_))), "{body}");
    }
    for body in ["", " \r\n", "[", "[ ", ": hi\n\n", "data: \n\n", "[]"] {
        assert_eq!(whole(body.as_bytes()).1, Err(StreamError::Interrupted), "{body:?}");
    }
}

#[test]
fn nothing_grows_beyond_the_limit() {
    let limits = StreamLimits { event_bytes: 300 };
    let long = "x".repeat(400);
    for start in ["data: ", "["] {
        let body = format!(r#"{start}{{"candidates":[{{"content":{{"parts":[{{"text":"{long}"}}]}}}}]}}"#);
        assert_eq!(decode(body.as_bytes().chunks(50), limits).1, Err(StreamError::TooLarge(300)));
    }
    let piece = format!(
        "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"functionCall\":{{\"name\":\"f\",\"willContinue\":true,\"partialArgs\":[{{\"jsonPath\":\"$.a\",\"stringValue\":\"{}\"}}]}}}}]}}}}]}}\n\n",
        "y".repeat(100)
    );
    let more = piece.replace("\"name\":\"f\",", "");
    let body = [piece, more.clone(), more.clone(), more].concat();
    assert_eq!(decode([body.as_bytes()], limits).1, Err(StreamError::TooLarge(300)));
}

proptest! {
    /// The template's frames give what the full reader gives: in `slow` each frame has a field that no other has.
    #[test]
    fn the_fast_path_gives_the_same_as_the_full_reader(
        frames in prop::collection::vec((
            prop_oneof!["[a-z é]{0,6}", any::<String>()], 0u64..2000, 0u8..8, any::<bool>(), 0u8..12,
        ), 1..20),
    ) {
        let (mut fast, mut slow) = (String::new(), String::new());
        for (number, (text, tokens, turn, thought, end)) in frames.iter().enumerate() {
            let text = serde_json::to_string(text).unwrap();
            let thought = if *thought && *turn < 2 { ", \"thought\": true" } else { "" };
            let finish = if *end == 0 { r#","finishReason": "STOP""# } else { "" };
            let usage = match turn {
                0 => r#","usageMetadata": {"trafficType": "X"}"#.to_owned(),
                1 => String::new(),
                _ => format!(r#","usageMetadata": {{"promptTokenCount": 5,"candidatesTokenCount": {tokens},"totalTokenCount": {}}}"#, tokens + 5),
            };
            let head = format!(r#""candidates": [{{"content": {{"parts": [{{"text": {text}{thought}}}],"role": "model"}}{finish},"index": 0}}]{usage},"responseId": "r""#);
            fast += &format!("data: {{{head}}}\r\n\r\n");
            slow += &format!("data: {{{head},\"n\":{number}}}\r\n\r\n");
        }
        // Without what only the slow frames have.
        let told = |body: &str| {
            let (mut events, outcome) = whole(body.as_bytes());
            events.retain(|event| !matches!(event, StreamEvent::ResponseExtra(_)));
            if let Some(StreamEvent::Start(start)) = events.first_mut() {
                start.extra.remove("n");
            }
            (events, outcome)
        };
        prop_assert_eq!(told(&fast), told(&slow));
    }

    #[test]
    fn any_bytes_end_without_a_panic(body in prop::collection::vec(any::<u8>(), 0..200), text in "(data: |\\{\"candidates\":\\[|\\{\"content\":|\\{\"parts\":\\[|\\{\"text\":|\\{\"functionCall\":|\"x\"|null|\\[|\\]|\\}|\"|,|\n){0,40}", size in 1..9usize) {
        for body in [body.as_slice(), text.as_bytes()] {
            let limits = StreamLimits { event_bytes: 64 };
            prop_assert_eq!(decode(body.chunks(size), limits), decode([body], limits));
            let _ = (dialect().decode_request(body), dialect().decode_response(body));
        }
    }
}

#[test]
fn figures_are_told_with_the_first_frame_and_at_the_end() {
    let body = std::fs::read(folder().join("text.sse")).unwrap();
    let told: Vec<Usage> = whole(&body)
        .0
        .into_iter()
        .filter_map(|event| if let StreamEvent::UsageUpdate(usage) = event { Some(*usage) } else { None })
        .collect();
    let figures: Vec<_> = told.iter().map(|usage| (usage.input_tokens, usage.output_tokens)).collect();
    assert_eq!(figures, [(Some(9), None), (Some(9), Some(7))]);
}

/// `body` with pieces of it cut out, doubled or replaced.
fn damaged(mut body: Vec<u8>, edits: &[(prop::sample::Index, usize, u8, u8)]) -> Vec<u8> {
    for (at, length, kind, byte) in edits {
        let at = at.index(body.len() + 1);
        let end = (at + length).min(body.len());
        let piece = body.get(at..end).unwrap().to_vec();
        match kind {
            0 => drop(body.splice(at..end, [])),
            1 => drop(body.splice(at..at, piece)),
            _ => drop(body.splice(at..end, [*byte])),
        }
    }
    body
}

proptest! {
    /// What the fuzz targets check, from our own transcripts.
    #[test]
    fn damaged_answers_are_read_the_same_at_every_split(
        which in any::<prop::sample::Index>(), size in 1..99usize,
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), 1..60usize, 0u8..3, prop::sample::select(b"{}[]\",:0 \n\\x".to_vec())), 1..4,
        ),
    ) {
        let paths = bodies(&["sse", "array", "json"]);
        let body = damaged(std::fs::read(&paths[which.index(paths.len())]).unwrap(), &edits);
        let limits = StreamLimits { event_bytes: 600 };
        prop_assert_eq!(decode(body.chunks(size), limits), decode([body.as_slice()], limits));
        if let Ok(response) = dialect().decode_response(&body) {
            let again = dialect().encode_response(&response);
            prop_assert_eq!(dialect().decode_response(&again), Ok(response));
        }
    }
}
