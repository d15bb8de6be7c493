//! Streamed answers.

use super::{dialect, expected, read};
use crate::streams::{self, Read, accumulate, assert_same_however_cut, described, pieces};
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::model::{ErrorKind, FinishReason, PartKind};
use proptest::prelude::*;

const TRANSCRIPTS: &[&str] = &[
    "cut_off",
    "error_in_stream",
    "interleaved_blocks",
    "padded_text",
    "refusal_without_content",
    "repeated_message_start",
    "server_tools",
    "thinking_and_tool",
    "tool_without_arguments",
    "unknown_events",
    "withheld_thinking",
];

pub(super) fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    streams::decode(dialect(), pieces)
}

fn whole(body: &str) -> Read {
    decode([body.as_bytes()])
}

#[test]
fn transcripts_mean_their_events() {
    for name in TRANSCRIPTS {
        let told = described(&whole(&read(&format!("{name}.sse"))));
        assert_eq!(told, expected(&format!("{name}.events"), &told), "{name}");
    }
}

#[test]
fn any_split_in_two_gives_the_same_events() {
    for name in TRANSCRIPTS {
        let body = read(&format!("{name}.sse"));
        assert_same_however_cut(|pieces| decode(pieces.iter().copied()), body.as_bytes(), name);
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        transcript in 0..TRANSCRIPTS.len(), sizes in prop::collection::vec(1usize..200, 1..8),
    ) {
        let body = read(&format!("{}.sse", TRANSCRIPTS[transcript]));
        prop_assert_eq!(decode(pieces(body.as_bytes(), &sizes)), whole(&body));
    }

    /// The template's frames give what the full reader gives: `slow` has a field in each frame that no other has.
    #[test]
    fn the_fast_path_gives_the_same_as_the_full_reader(
        texts in prop::collection::vec((prop_oneof!["[a-z é]{0,6}", any::<String>()], 0usize..5, 0u8..8), 1..20),
    ) {
        let mut fast = START.to_owned();
        let mut slow = START.to_owned();
        let mut index = 0;
        for (number, (text, pad, turn)) in texts.iter().enumerate() {
            let text = serde_json::to_string(text).unwrap();
            let pad = " ".repeat(*pad);
            let delta = format!(r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"text_delta","text":{text}}}"#);
            fast += &format!("event: content_block_delta\ndata: {delta}{pad}}}\n\n");
            slow += &format!("event: content_block_delta\ndata: {delta},\"n\":{number}}}\n\n");
            if *turn == 0 {
                let next = format!(
                    "data: {{\"type\":\"content_block_stop\",\"index\":{index}}}\n\n\
                     data: {{\"type\":\"content_block_start\",\"index\":{index},\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}}}\n\n",
                );
                fast += &next;
                slow += &next;
            } else if *turn == 1 {
                index += 1;
            }
        }
        prop_assert_eq!(whole(&fast), whole(&slow));
    }

    /// Hostile bodies end in events or an error.
    #[test]
    fn hostile_frames_do_no_harm(
        frames in prop::collection::vec((prop::sample::select(HOSTILE), 0u8..3), 0..12),
    ) {
        let body: String = frames.iter().map(|(data, _)| format!("data: {data}\n\n")).collect();
        let (events, _) = whole(&body);
        accumulate(&events);
    }
}

const START: &str =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[]}}\n\n";

const HOSTILE: &[&str] = &[
    "null",
    "[]",
    "{}",
    "3",
    "{\"type\":7}",
    "{\"type\":\"message_start\"}",
    "{\"type\":\"message_start\",\"message\":[]}",
    "{\"type\":\"message_start\",\"message\":{\"content\":[1],\"usage\":{\"input_tokens\":-1,\"output_tokens\":\"x\"}}}",
    "{\"type\":\"content_block_start\"}",
    "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":7}",
    "{\"type\":\"content_block_start\",\"index\":18446744073709551615,\"content_block\":{\"type\":\"text\"}}",
    "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"b\",\"input\":\"x\"}}",
    "{\"type\":\"content_block_delta\",\"index\":0}",
    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":7}}",
    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}",
    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"}\"}}",
    "{\"type\":\"content_block_stop\",\"index\":0}",
    "{\"type\":\"content_block_stop\",\"index\":-1}",
    "{\"type\":\"message_delta\"}",
    "{\"type\":\"message_delta\",\"delta\":7,\"usage\":7}",
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":7},\"usage\":{\"input_tokens\":18446744073709551615,\"cache_read_input_tokens\":18446744073709551615}}",
    "{\"type\":\"message_stop\"}",
    "{\"type\":\"error\"}",
    "{\"error\":\"no\"}",
];

#[test]
fn usage_is_the_last_of_each_raw_figure_and_then_added_up() {
    let response = accumulate(&whole(&read("server_tools.sse")).0);
    let usage = response.usage.unwrap();
    assert_eq!(usage.input_tokens, Some(1591 + 100 + 20));
    assert_eq!((usage.cache_read_tokens, usage.cache_write_tokens), (Some(100), Some(20)));
    assert_eq!((usage.cache_write_5m_tokens, usage.cache_write_1h_tokens), (Some(0), Some(0)));
    assert_eq!(usage.output_tokens, Some(30));
    assert_eq!(usage.extra.get("server_tool_use").unwrap().text(), r#"{"web_search_requests":1}"#);
}

#[test]
fn a_call_without_arguments_has_an_empty_object() {
    let response = accumulate(&whole(&read("tool_without_arguments.sse")).0);
    let arguments: Vec<_> = response.choices[0]
        .message
        .content
        .iter()
        .map(|part| match &part.kind {
            PartKind::ToolCall(call) => call.arguments.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(arguments, ["{}", r#"{"x": 1}"#]);
}

#[test]
fn nothing_and_keep_alives_alone_are_an_interruption() {
    for body in
        ["", ": hi\n\n", "event: ping\ndata: {\"type\": \"ping\"}\n\n", "data: [DONE]\n\n", "data: \n\n"]
    {
        assert_eq!(whole(body), (Vec::new(), Err(StreamError::Interrupted)), "{body:?}");
    }
}

#[test]
fn data_that_is_no_object_is_malformed() {
    for data in ["<html>", "{\"type\":", "[1]", "7"] {
        let (_, outcome) = whole(&format!("event: x\ndata: {data}\n\n"));
        let Err(StreamError::Malformed(text)) = outcome else { panic!("{outcome:?}") };
        assert!(text.contains("`x`"), "{text}");
    }
}

#[test]
fn an_error_is_told_with_and_without_its_name() {
    for body in [
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n",
        "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n",
        "data: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n",
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}",
    ] {
        let (_, outcome) = whole(body);
        let Err(StreamError::Provider(error)) = outcome else { panic!("{body}: {outcome:?}") };
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Overloaded, "busy"), "{body}");
    }
}

#[test]
fn a_whole_answer_instead_of_a_stream_is_told_as_one() {
    for name in ["plain_text", "plain_tools", "plain_refusal"] {
        let body = read(&format!("{name}.json"));
        let (events, outcome) = whole(&body);
        assert_eq!(outcome, Ok(()), "{name}");
        assert_eq!(accumulate(&events), dialect().decode_response(body.as_bytes()).unwrap(), "{name}");
    }
}

#[test]
fn blocks_that_never_end_are_bounded() {
    let mut body = START.to_owned();
    for index in 0..2000 {
        body += &format!(
            "data: {{\"type\":\"content_block_start\",\"index\":{index},\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}}}\n\n"
        );
    }
    assert!(matches!(whole(&body).1, Err(StreamError::Malformed(_))));
}

#[test]
fn the_input_of_a_server_tool_is_bounded() {
    let mut decoder = dialect().stream_decoder(StreamLimits { event_bytes: 1000 });
    let start = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"server_tool_use\",\"id\":\"a\",\"name\":\"b\",\"input\":{}}}\n\n";
    let mut events = Vec::new();
    decoder.push(start.as_bytes(), &mut events).unwrap();
    let delta = format!(
        "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}}}\n\n",
        "x".repeat(400)
    );
    let outcomes: Vec<_> = (0..3).map(|_| decoder.push(delta.as_bytes(), &mut events)).collect();
    assert_eq!(outcomes, [Ok(()), Ok(()), Err(StreamError::TooLarge(1000))]);
}

#[test]
fn every_reason_to_stop_has_a_name() {
    for (word, reason) in [
        ("end_turn", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("stop_sequence", FinishReason::StopSequence),
        ("tool_use", FinishReason::ToolCalls),
        ("pause_turn", FinishReason::Pause),
        ("refusal", FinishReason::Refusal),
        ("model_context_window_exceeded", FinishReason::ContextWindow),
        ("compaction", FinishReason::Other("compaction".into())),
    ] {
        let body = format!(
            "{START}data: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{word}\"}}}}\n\ndata: {{\"type\":\"message_stop\"}}\n\n"
        );
        assert_eq!(accumulate(&whole(&body).0).choices[0].finish_reason, Some(reason));
    }
}
