//! Streamed answers; `openai_transcripts.rs` has the transcripts.

use super::dialect;
use super::strategies::response;
use crate::streams::{self, Read, accumulate, pieces, streamed};
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::model::{ErrorKind, FinishReason, PartKind, ProviderError, Request, StreamEvent};
use proptest::collection::vec;
use proptest::prelude::*;
use std::path::PathBuf;

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    streams::decode(dialect(), pieces)
}

fn frame(data: &str) -> String {
    format!("data: {data}\n\n")
}

const CREATED: &str = r#"{"type":"response.created","sequence_number":0,"response":{"id":"r","model":"m","status":"in_progress","output":[]}}"#;

proptest! {
    #[test]
    fn a_stream_is_read_as_the_answer_it_was_made_of(response in response(), sizes in vec(1..60usize, 1..6)) {
        let body = streamed(dialect(), &response);
        let (events, outcome) = decode([body.as_slice()]);
        prop_assert_eq!(&outcome, &Ok(()));
        prop_assert_eq!(accumulate(&events), response);
        prop_assert_eq!(decode(pieces(&body, &sizes)), (events, outcome));
    }

    /// The template's frames give what the full reader gives: `slow` has a field in each frame that no other has.
    #[test]
    fn the_fast_path_gives_the_same_as_the_full_reader(
        texts in vec((prop_oneof!["[a-z é]{0,6}", any::<String>()], "[a-z]{0,4}", 0u8..6), 1..24),
    ) {
        let (mut fast, mut slow) = (frame(CREATED), frame(CREATED));
        let (mut item, mut content) = (0, 0);
        for (number, (text, padding, turn)) in texts.iter().enumerate() {
            match turn {
                0 => content += 1,
                1 => (item, content) = (item + 1, 0),
                _ => {}
            }
            let text = serde_json::to_string(text).unwrap();
            let delta = format!(
                r#"{{"type":"response.output_text.delta","sequence_number":{number},"output_index":{item},"content_index":{content},"delta":{text},"logprobs":[]"#
            );
            fast += &frame(&format!(r#"{delta},"obfuscation":"{padding}"}}"#));
            slow += &frame(&format!(r#"{delta},"x{number}":1}}"#));
        }
        let end = frame(r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#);
        let read = decode([(fast + &end).as_bytes()]);
        prop_assert_eq!(&read.1, &Ok(()));
        prop_assert_eq!(read, decode([(slow + &end).as_bytes()]));
    }

    /// However much of the parts of a stream a server leaves out, the end tells it, and nothing twice.
    #[test]
    fn whatever_is_left_out_is_told_by_the_end(response in response(), left_out in vec(any::<bool>(), 60)) {
        let body = String::from_utf8(streamed(dialect(), &response)).unwrap();
        let frames: Vec<&str> = body.split_inclusive("\n\n").collect();
        let is_needed = |frame: &str| {
            ["response.created", "response.completed", "response.incomplete"]
                .iter()
                .any(|name| frame.starts_with(&format!("event: {name}\n")))
                // A text without its middle is no beginning of the whole.
                || (frame.contains(".delta\n") && frame.contains("\"delta\":\"") )
                || frame.starts_with("event: response.output_item.added")
                // Log probabilities of nothing are not in the whole of a replayed answer.
                || frame.contains("\"logprobs\":[{")
        };
        let kept: String = frames
            .iter()
            .enumerate()
            .filter(|(number, frame)| is_needed(frame) || !left_out[number % left_out.len()])
            .map(|(_, frame)| *frame)
            .collect();
        let (events, outcome) = decode([kept.as_bytes()]);
        prop_assert_eq!(outcome, Ok(()));
        prop_assert_eq!(accumulate(&events), response);
    }

    #[test]
    fn any_bytes_end_without_a_panic(
        body in vec(any::<u8>(), 0..200),
        text in "(data: |event: error\n|\\{\"type\":\"response\\.|output_text\\.delta\"|output_item\\.(added|done)\"|completed\"|,\"output_index\":|,\"item\":\\{\"type\":\"(message|reasoning|function_call)\"|,\"content\":|,\"delta\":|\"a\"|0|null|\\[|\\]|\\}|\n){0,40}",
    ) {
        for body in [body.as_slice(), text.as_bytes()] {
            let mut decoder = dialect().stream_decoder(StreamLimits { event_bytes: 64 });
            let mut events = Vec::new();
            if decoder.push(body, &mut events).is_ok() {
                let _ = decoder.finish(&mut events);
            }
            let _ = (dialect().decode_request(body), dialect().decode_response(body));
        }
    }
}

/// All that the SDK of OpenAI knows (`docs/wire/openai-responses.md`, section 4), those it does not, and one that
/// nobody does.
const EVENTS: &[&str] = &[
    "response.queued",
    "response.in_progress",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_text.delta",
    "response.output_text.done",
    "response.output_text.annotation.added",
    "response.refusal.delta",
    "response.refusal.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.custom_tool_call_input.delta",
    "response.custom_tool_call_input.done",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_part.done",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_text.delta",
    "response.reasoning_text.done",
];
const WITHOUT_MEANING: &[&str] = &[
    "response.web_search_call.in_progress",
    "response.web_search_call.searching",
    "response.web_search_call.completed",
    "response.file_search_call.in_progress",
    "response.file_search_call.searching",
    "response.file_search_call.completed",
    "response.code_interpreter_call.in_progress",
    "response.code_interpreter_call.interpreting",
    "response.code_interpreter_call.completed",
    "response.code_interpreter_call_code.delta",
    "response.code_interpreter_call_code.done",
    "response.image_generation_call.in_progress",
    "response.image_generation_call.generating",
    "response.image_generation_call.completed",
    "response.image_generation_call.partial_image",
    "response.mcp_call.in_progress",
    "response.mcp_call.completed",
    "response.mcp_call.failed",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_list_tools.in_progress",
    "response.mcp_list_tools.completed",
    "response.mcp_list_tools.failed",
    "response.shell_call_command.added",
    "response.shell_call_command.delta",
    "response.shell_call_command.done",
    "response.shell_call_output_content.delta",
    "response.shell_call_output_content.done",
    "response.compaction.compacting",
    "response.audio.delta",
    "response.audio.done",
    "response.audio.transcript.delta",
    "response.audio.transcript.done",
    "response.apply_patch_call_operation_diff.delta",
    "response.apply_patch_call_operation_diff.done",
    "response.something.new",
];

#[test]
fn every_event_is_understood_or_passed_on() {
    let end = frame(
        r#"{"type":"response.completed","response":{"id":"r","status":"completed","model":"m","output":[]}}"#,
    );
    for (name, has_meaning) in
        EVENTS.iter().map(|name| (name, true)).chain(WITHOUT_MEANING.iter().map(|name| (name, false)))
    {
        let data = format!(
            r#"{{"type":"{name}","sequence_number":1,"output_index":0,"content_index":0,"summary_index":0,"item_id":"i","delta":"d","text":"d","refusal":"d","arguments":"{{}}","input":"d","annotation":{{}},"response":{{"id":"r"}},"item":{{"type":"message","role":"assistant","content":[]}},"part":{{"type":"output_text","text":"d"}}}}"#
        );
        let (events, outcome) = decode([(frame(CREATED) + &frame(&data) + &end).as_bytes()]);
        assert_eq!(outcome, Ok(()), "{name}");
        let unknown: Vec<_> =
            events.iter().filter(|event| matches!(event, StreamEvent::Unknown { .. })).collect();
        assert_eq!(unknown.is_empty(), has_meaning, "{name}: {events:?}");
        if let [StreamEvent::Unknown { event, data: kept }] = unknown.as_slice() {
            assert_eq!((event.as_deref(), kept.text()), (Some(*name), data.as_str()));
        }
    }
}

#[test]
fn what_is_passed_on_gets_a_number_of_its_own() {
    let mut encoder = dialect().stream_encoder(&Request::default());
    let mut body = Vec::new();
    encoder.push(&StreamEvent::Start(Box::default()), &mut body);
    let data = r#"{"type":"response.web_search_call.searching","sequence_number":77,"output_index":0}"#;
    let unknown = |data: &str| StreamEvent::Unknown { event: None, data: super::json(data) };
    encoder.push(&unknown(data), &mut body);
    // Of another dialect, or with a line end in its name: no event of this one.
    encoder.push(&unknown(r#"{"a":1}"#), &mut body);
    encoder.push(&unknown(r#"{"type":"a\nb"}"#), &mut body);
    encoder.finish(&mut body);
    let body = String::from_utf8(body).unwrap();
    let numbers: Vec<&str> =
        body.split("\"sequence_number\":").skip(1).filter_map(|rest| rest.split([',', '}']).next()).collect();
    assert_eq!(numbers, ["0", "1", "2", "3"], "{body}");
    assert_eq!(body.matches("event: response.web_search_call.searching\n").count(), 1);
}

#[test]
fn an_error_is_written_as_openai_does_and_read_once() {
    let mut encoder = dialect().stream_encoder(&Request::default());
    let mut body = Vec::new();
    encoder.push(&StreamEvent::TextDelta { choice: 0, part: 0, text: "Bl".into() }, &mut body);
    encoder.error(&ProviderError::new(ErrorKind::RateLimited, "Slow down."), &mut body);
    let (events, outcome) = decode([body.as_slice()]);
    assert!(events.contains(&StreamEvent::TextDelta { choice: 0, part: 0, text: "Bl".into() }));
    let Err(StreamError::Provider(error)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::RateLimited, "Slow down."));
    // The end of it alone says the same.
    let body = String::from_utf8(body).unwrap();
    let (_, end) = body.split_once("event: response.failed\n").unwrap();
    let (_, outcome) = decode([end.as_bytes()]);
    let Err(StreamError::Provider(error)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.kind, ErrorKind::RateLimited);
}

#[test]
fn transcripts_accumulate_to_their_end() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire/openai-responses");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "sse") {
            continue;
        }
        let body = std::fs::read_to_string(&path).unwrap();
        let (events, outcome) = decode([body.as_bytes()]);
        let last = body.lines().rev().find(|line| line.contains("\"type\":\"response.completed\""));
        let (Some(last), Ok(())) = (last, outcome) else { continue };
        let data: serde_json::Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
        let whole = dialect().decode_response(data["response"].to_string().as_bytes()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let streamed = accumulate(&events);
        let kinds = |response: &ferrule_wire::model::Response| {
            let content = &response.choices[0].message.content;
            content
                .iter()
                .map(|part| match &part.kind {
                    // serde_json sorted the fields of the whole, and trap 2's signature comes with the item.
                    PartKind::ProviderItem { .. } => PartKind::Unknown(super::json("null")),
                    PartKind::Reasoning(reasoning) => PartKind::Text(reasoning.text.clone()),
                    kind => kind.clone(),
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds(&streamed), kinds(&whole), "{name}");
        assert_eq!(streamed.usage, whole.usage, "{name}");
        assert_eq!(streamed.choices[0].finish_reason, whole.choices[0].finish_reason, "{name}");
        count += 1;
    }
    assert!(count >= 14, "{count}");
}

#[test]
fn too_many_items_are_refused() {
    let mut body = frame(CREATED);
    for index in 0..5000 {
        body += &frame(&format!(
            r#"{{"type":"response.output_item.added","output_index":{index},"item":{{"type":"x"}}}}"#
        ));
    }
    assert!(matches!(decode([body.as_bytes()]).1, Err(StreamError::Malformed(_))));
}

#[test]
fn a_call_is_why_an_answer_ended_even_where_the_end_does_not_repeat_it() {
    let call = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}"#;
    let end = r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#;
    let (events, outcome) = decode([(frame(CREATED) + &frame(call) + &frame(end)).as_bytes()]);
    assert_eq!(outcome, Ok(()));
    let response = accumulate(&events);
    assert_eq!(response.choices[0].finish_reason, Some(FinishReason::ToolCalls));
    let PartKind::ToolCall(call) = &response.choices[0].message.content[0].kind else { panic!() };
    assert_eq!((call.id.as_str(), call.arguments.as_str()), ("c", "{}"));
}
