//! Items of the Responses API whose whole says other things than their beginning and their pieces did: what was told is
//! not told again, and nothing is made of half of each.

use crate::bodies::Said;
use crate::streams::read_whole;
use ferrule_wire::dialect::registry::find;
use ferrule_wire::model::{PartKind, Response};
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
