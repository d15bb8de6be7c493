//! Items, blocks and calls that are written as a whole as well as in pieces, or only so: what was told is not told again,
//! and nothing is made of half of each.

use crate::bodies::Said;
use crate::streams::read_whole;
use ferrule_wire::dialect::registry::find;
use ferrule_wire::model::{FinishReason, PartKind, Response};
use serde_json::{Value, json};

const WORD: &str = "SENTINEL";

fn sse(frames: &[String]) -> String {
    frames.iter().map(|frame| format!("data: {frame}\n\n")).collect()
}

/// The names and arguments of the calls.
fn calls(response: &Response) -> Vec<(String, String)> {
    let content = &response.choices[0].message.content;
    let call = |kind: &PartKind| match kind {
        PartKind::ToolCall(call) => Some((call.name.clone(), call.arguments.clone())),
        _ => None,
    };
    content.iter().filter_map(|part| call(&part.kind)).collect()
}

/// Items of the Responses API that begin with less than they end with are told once all the same.
#[test]
fn items_that_begin_with_little_are_told_once() {
    let whole = [
        json!({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}),
        json!({"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": WORD, "annotations": []}]}),
        json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{\"x\":1}"}),
    ];
    let deltas = [
        ("response.reasoning_summary_text.delta", json!("hm")),
        ("response.output_text.delta", json!(WORD)),
        ("response.function_call_arguments.delta", json!("{\"x\":1}")),
    ];
    let dialect = find("openai-responses").unwrap();
    for missing in ["type", "role", "content", "summary", "name", "id", "call_id", "arguments", ""] {
        for wrong in [None, Some(json!(null)), Some(json!(7)), Some(json!({}))] {
            let mut body = String::new();
            let mut push = |event: Value| body.push_str(&format!("data: {event}\n\n"));
            for (index, (item, (kind, delta))) in whole.iter().zip(&deltas).enumerate() {
                let mut begun = item.clone();
                for (name, empty) in
                    [("summary", json!([])), ("content", json!([])), ("arguments", json!(""))]
                {
                    if begun.get(name).is_some() {
                        begun[name] = empty;
                    }
                }
                match &wrong {
                    // A number is a name.
                    Some(wrong)
                        if begun.get(missing).is_some() && (missing, wrong) != ("name", &json!(7)) =>
                    {
                        begun[missing] = wrong.clone();
                    }
                    _ => _ = begun.as_object_mut().unwrap().remove(missing),
                }
                push(json!({"type": "response.output_item.added", "output_index": index, "item": begun}));
                push(json!({"type": kind, "output_index": index, "item_id": item["id"], "delta": delta}));
                push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
            }
            push(
                json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "output": whole}}),
            );
            let name = format!("without {missing}, {wrong:?}");
            let response = read_whole(dialect, body.as_bytes());
            assert_eq!(Said::Text.text_in(&response).as_deref(), Some(WORD), "{name}");
            assert_eq!(Said::Reasoning.text_in(&response).as_deref(), Some("hm"), "{name}");
            let expected = [("f".to_owned(), r#"{"x":1}"#.to_owned())];
            assert_eq!(calls(&response), expected, "{name}: {response:?}");
        }
    }
}

/// A server may write the whole in another way than the pieces: what was told is never gone on with from the middle of it.
#[test]
fn a_whole_that_is_written_in_another_way_adds_nothing() {
    let frames = |pieces: &str, whole: &str| {
        let [pieces, whole] = [pieces, whole].map(|text| json!(text).to_string());
        let item = |arguments: &str| {
            format!(
                r#"{{"type":"function_call","id":"fc_1","call_id":"1","name":"f","arguments":{arguments}}}"#
            )
        };
        let said = |text: &str| {
            format!(
                r#"{{"type":"message","id":"msg_1","role":"assistant","content":[{{"type":"output_text","text":{text}}}]}}"#
            )
        };
        let thought = |text: &str| {
            format!(
                r#"{{"type":"reasoning","id":"rs_1","summary":[{{"type":"summary_text","text":{text}}}]}}"#
            )
        };
        let output = [thought(&whole), said(&whole), item(&whole)];
        sse(&[
            format!(r#"{{"type":"response.output_item.added","output_index":0,"item":{}}}"#, thought("\"\"")),
            format!(
                r#"{{"type":"response.reasoning_summary_text.delta","output_index":0,"delta":{pieces}}}"#
            ),
            format!(r#"{{"type":"response.reasoning_summary_text.done","output_index":0,"text":{whole}}}"#),
            format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{}}}"#, output[0]),
            format!(r#"{{"type":"response.output_item.added","output_index":1,"item":{}}}"#, said("\"\"")),
            format!(r#"{{"type":"response.output_text.delta","output_index":1,"delta":{pieces}}}"#),
            format!(r#"{{"type":"response.output_text.done","output_index":1,"text":{whole}}}"#),
            format!(r#"{{"type":"response.output_item.done","output_index":1,"item":{}}}"#, output[1]),
            format!(r#"{{"type":"response.output_item.added","output_index":2,"item":{}}}"#, item("\"\"")),
            format!(
                r#"{{"type":"response.function_call_arguments.delta","output_index":2,"delta":{pieces}}}"#
            ),
            format!(
                r#"{{"type":"response.function_call_arguments.done","output_index":2,"arguments":{whole}}}"#
            ),
            format!(r#"{{"type":"response.output_item.done","output_index":2,"item":{}}}"#, output[2]),
            format!(
                r#"{{"type":"response.completed","response":{{"id":"r","status":"completed","output":[{}]}}}}"#,
                output.join(",")
            ),
        ])
    };
    let pieces = r#"{"a":1,"b":[2]}"#;
    for whole in [r#"{"a": 1, "b": [2]}"#, r#"{"b":[2],"a":1, "c":3}"#, r#"{"a":1}"#, pieces] {
        let response = read_whole(find("openai-responses").unwrap(), frames(pieces, whole).as_bytes());
        assert_eq!(calls(&response), [("f".to_owned(), pieces.to_owned())], "{whole}");
        assert_eq!(Said::Text.text_in(&response).as_deref(), Some(pieces), "{whole}");
        assert_eq!(Said::Reasoning.text_in(&response).as_deref(), Some(pieces), "{whole}");
    }
    // Of one that does, the rest is told.
    let response =
        read_whole(find("openai-responses").unwrap(), frames(r#"{"a":1"#, r#"{"a":1}"#).as_bytes());
    assert_eq!(calls(&response), [("f".to_owned(), r#"{"a":1}"#.to_owned())]);
}

/// What stands only where a stream begins or ends, as a whole, is read there.
#[test]
fn a_message_that_comes_without_pieces_is_read() {
    let chat = r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls","message":{"role":"assistant","content":"Hi","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}"#;
    let blocks = r#"[{"type":"text","text":"Hi"},{"type":"tool_use","id":"1","name":"f","input":{}}]"#;
    let start = format!(
        r#"{{"type":"message_start","message":{{"id":"m","type":"message","role":"assistant","model":"m","content":{blocks}}}}}"#
    );
    let block = |index: usize, block: &str| {
        format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#)
    };
    let end = [
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#.to_owned(),
        r#"{"type":"message_stop"}"#.to_owned(),
    ];
    // The blocks may follow all the same.
    let both = [
        start.clone(),
        block(0, r#"{"type":"text","text":"Hi"}"#),
        block(1, r#"{"type":"tool_use","id":"1","name":"f","input":{}}"#),
    ];
    for (dialect, body) in [
        ("openai-chat", sse(&[chat.to_owned(), "[DONE]".to_owned()])),
        ("anthropic", sse(&[[start].as_slice(), &end].concat())),
        ("anthropic", sse(&[both.as_slice(), &end].concat())),
    ] {
        let response = read_whole(find(dialect).unwrap(), body.as_bytes());
        assert_eq!(calls(&response), [("f".to_owned(), "{}".to_owned())], "{body}");
        let message = &response.choices[0].message;
        assert!(message.content.iter().any(|part| part.kind == PartKind::Text("Hi".into())), "{message:?}");
        assert_eq!(response.choices[0].finish_reason, Some(FinishReason::ToolCalls), "{body}");
    }
}

/// Streams whose calls are written more than once, each frame of them; the arguments of the calls that they are, all of
/// the tool `f`.
#[test]
fn calls_that_are_written_again_are_the_same() {
    let start = |index: usize, id: &str, input: &str| {
        format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"{id}","name":"f","input":{input}}}}}"#
        )
    };
    let delta = |index: usize, text: &str| {
        format!(
            r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"input_json_delta","partial_json":{}}}}}"#,
            json!(text)
        )
    };
    let stop = |index: usize| format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
    let item = |kind: &str, index: usize, arguments: &str| {
        format!(
            r#"{{"type":"response.output_item.{kind}","output_index":{index},"item":{{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":{}}}}}"#,
            json!(arguments)
        )
    };
    let call = |kind: &str, id: &str, arguments: &str| {
        format!(
            r#"{{"type":"tool-call-{kind}","index":0,"delta":{{"message":{{"tool_calls":{{"id":"{id}","type":"function","function":{{"name":"f","arguments":{}}}}}}}}}}}"#,
            json!(arguments)
        )
    };
    let line = |id: &str, arguments: &str| {
        format!(
            r#"{{"model":"m","message":{{"role":"assistant","tool_calls":[{{"id":"{id}","function":{{"name":"f","arguments":{arguments}}}}}]}},"done":false}}"#
        )
    };
    let (one, two) = (r#"{"a": 1}"#, r#"{"a": 2}"#);
    let cases: Vec<(&str, Vec<String>, Vec<&str>)> = vec![
        ("anthropic", vec![start(0, "c", "{}"), start(0, "c", "{}"), delta(0, one), stop(0)], vec![one]),
        (
            "anthropic",
            vec![start(0, "c", "{}"), delta(0, one), stop(0), start(1, "c", r#"{"a":1}"#), stop(1)],
            vec![one],
        ),
        (
            "anthropic",
            vec![start(0, "c", "{}"), delta(0, one), stop(0), start(1, "c", "{}"), delta(1, two), stop(1)],
            vec![one, two],
        ),
        ("anthropic", vec![start(0, "c", one), stop(0), start(1, "d", one), stop(1)], vec![one, one]),
        (
            "openai-responses",
            vec![item("added", 0, ""), item("added", 0, ""), item("done", 0, one)],
            vec![one],
        ),
        (
            "openai-responses",
            vec![
                item("added", 0, ""),
                item("added", 0, ""),
                format!(
                    r#"{{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"fc_1","delta":{}}}"#,
                    json!(one)
                ),
                format!(
                    r#"{{"type":"response.function_call_arguments.done","output_index":0,"item_id":"fc_1","arguments":{}}}"#,
                    json!(one)
                ),
                item("done", 0, one),
            ],
            vec![one],
        ),
        (
            "openai-responses",
            vec![item("added", 0, ""), item("done", 0, one), item("added", 1, ""), item("done", 1, one)],
            vec![one],
        ),
        ("ollama", vec![line("c", one), line("c", r#"{"a":1}"#)], vec![one]),
        ("ollama", vec![line("c", one), line("c", two), line("d", one)], vec![one, two, one]),
        // One index for all.
        (
            "cohere",
            vec![
                call("start", "c", ""),
                call("delta", "c", one),
                call("start", "d", ""),
                call("delta", "d", two),
            ],
            vec![one, two],
        ),
        ("cohere", vec![call("start", "c", one), call("start", "d", one)], vec![one, one]),
    ];
    for (dialect, frames, expected) in cases {
        let mut frames = frames;
        let body = match dialect {
            "ollama" => {
                frames.push(
                    r#"{"model":"m","message":{"content":""},"done":true,"done_reason":"stop"}"#.into(),
                );
                frames.join("\n")
            }
            "cohere" => {
                frames.push(r#"{"type":"message-end","delta":{"finish_reason":"TOOL_CALL"}}"#.into());
                sse(&frames)
            }
            "anthropic" => {
                frames.insert(
                    0,
                    r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[]}}"#.into(),
                );
                frames.push(r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#.into());
                frames.push(r#"{"type":"message_stop"}"#.into());
                sse(&frames)
            }
            _ => {
                frames.push(
                    r#"{"type":"response.completed","response":{"id":"r","status":"completed","output":[]}}"#
                        .into(),
                );
                sse(&frames)
            }
        };
        let response = read_whole(find(dialect).unwrap(), body.as_bytes());
        let read: Vec<String> = calls(&response).into_iter().map(|(_, arguments)| arguments).collect();
        assert_eq!(read, expected, "{dialect}: {body}");
    }
}
