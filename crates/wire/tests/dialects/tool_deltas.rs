//! Tool calls as servers write them that do not keep to the rules: without numbers, with the same number for all, whole
//! ones repeated, arguments at the beginning and once more in deltas; and how answers with calls end.

use crate::bedrock::frames;
use crate::bodies::{Said, answer, says};
use crate::rewritten::{at, rewrite, ways_to};
use crate::streams::{decode, decode_within, read_whole, written};
use ferrule_wire::dialect::{
    Dialect,
    registry::{all, find},
};
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::model::{ErrorKind, FinishReason, PartKind, Response, replay};
use serde_json::json;

/// Names and arguments of the calls of an answer.
fn calls(response: &Response) -> Vec<(String, String)> {
    let parts = response.choices.iter().flat_map(|choice| &choice.message.content);
    parts
        .filter_map(|part| match &part.kind {
            PartKind::ToolCall(call) => Some((call.name.clone(), call.arguments.clone())),
            _ => None,
        })
        .collect()
}

fn sse(frames: &[String]) -> String {
    frames.iter().map(|frame| format!("data: {frame}\n\n")).collect()
}

/// Deltas of Chat Completions, each the items of `tool_calls`.
fn chat(deltas: &[&str]) -> Response {
    let mut frames: Vec<String> = deltas
        .iter()
        .map(|items| format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{items}]}}}}]}}"#))
        .collect();
    frames.push(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#.into());
    frames.push("[DONE]".into());
    read_whole(find("openai-chat").unwrap(), sse(&frames).as_bytes())
}

/// What is tried, the items of each delta, and the names and arguments of the calls that they are.
type Row = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

#[test]
fn deltas_of_chat_completions_find_their_call() {
    const F1: &str = r#"{"a":1}"#;
    const F2: &str = r#"{"a":2}"#;
    let table: &[Row] = &[
        (
            "an index that nobody opened belongs to the open call",
            &[
                r#"{"index":0,"id":"1","function":{"name":"f","arguments":""}}"#,
                r#"{"index":1,"function":{"arguments":"{\"a\""}}"#,
                r#"{"index":2,"id":"","function":{"name":"","arguments":":1}"}}"#,
            ],
            &[("f", F1)],
        ),
        (
            "another name begins another call",
            &[
                r#"{"index":0,"function":{"name":"f","arguments":"{\"a\":1}"}}"#,
                r#"{"index":0,"function":{"name":"g","arguments":"{\"a\":2}"}}"#,
            ],
            &[("f", F1), ("g", F2)],
        ),
        (
            "arguments on top of a whole object begin another call",
            &[
                r#"{"index":0,"function":{"name":"f","arguments":"{\"a\":1}"}}"#,
                r#"{"index":0,"function":{"name":"f","arguments":"{\"a\":2}"}}"#,
            ],
            &[("f", F1), ("f", F2)],
        ),
        (
            "so does a name and then arguments",
            &[
                r#"{"index":0,"function":{"name":"f","arguments":"{\"a\":1}"}}"#,
                r#"{"index":0,"function":{"name":"f","arguments":""}}"#,
                r#"{"index":0,"function":{"arguments":"{\"a\""}}"#,
                r#"{"index":0,"function":{"arguments":":2}"}}"#,
            ],
            &[("f", F1), ("f", F2)],
        ),
        (
            "a whole call that is repeated says nothing",
            &[
                r#"{"index":0,"id":"1","function":{"name":"f","arguments":"{\"a\""}}"#,
                r#"{"index":0,"function":{"arguments":":1}"}}"#,
                r#"{"index":1,"id":"2","function":{"name":"g","arguments":"{\"a\":2}"}}"#,
                r#"{"index":0,"id":"1","function":{"name":"f","arguments":"{\"a\": 1}"}},{"index":1,"id":"2","function":{"name":"g","arguments":{"a":2}}}"#,
            ],
            &[("f", F1), ("g", F2)],
        ),
        (
            "under a new number too",
            &[
                r#"{"index":0,"id":"1","function":{"name":"f","arguments":"{\"a\":1}"}}"#,
                r#"{"index":1,"id":"1","function":{"name":"f","arguments":"{\"a\":1}"}}"#,
            ],
            &[("f", F1)],
        ),
        (
            "an empty object at the beginning gives way to the deltas",
            &[
                r#"{"index":0,"id":"1","function":{"name":"f","arguments":"{}"}}"#,
                r#"{"index":0,"function":{"arguments":"{\"a\":"}}"#,
                r#"{"index":0,"function":{"arguments":"1}"}}"#,
            ],
            &[("f", F1)],
        ),
        (
            "or counts, where there are none",
            &[r#"{"index":0,"id":"1","function":{"name":"f","arguments":"{}"}}"#],
            &[("f", "{}")],
        ),
        (
            "calls without numbers are told apart by their ids",
            &[
                r#"{"id":"1","function":{"name":"f","arguments":"{\"a\":1}"}}"#,
                r#"{"id":"2","function":{"name":"f","arguments":"{\"a\":1}"}}"#,
            ],
            &[("f", F1), ("f", F1)],
        ),
        (
            "Snowflake's placeholders are nothing",
            &[
                r#"{"index":0,"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\""},"custom":{"input":"","name":""}}"#,
                r#"{"index":0,"function":{"arguments":":1}","name":""},"custom":{"input":"","name":""}}"#,
            ],
            &[("f", F1)],
        ),
        (
            "a call without a name is none",
            &[r#"{"index":0,"id":"","function":{"name":"","arguments":""}}"#],
            &[],
        ),
        (
            "a call without the object around it",
            &[r#"{"index":0,"id":"1","type":"function","name":"f","arguments":"{\"a\":1}"}"#],
            &[("f", F1)],
        ),
    ];
    for (what, deltas, expected) in table {
        let read = calls(&chat(deltas));
        let expected: Vec<_> = expected.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        assert_eq!(read, expected, "{what}");
    }
}

#[test]
fn placeholders_beside_a_real_call_are_nothing() {
    let message = r#"{"role":"assistant","content":"","function_call":{"arguments":"","name":""},"tool_calls":[
        {"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"},"custom":{"input":"","name":""}},
        {"id":"2","type":"custom","function":{"name":"","arguments":""},"custom":{"input":"x","name":"c"}},
        {"id":"","type":"function","function":{"name":"","arguments":""}}]}"#;
    let body = format!(r#"{{"choices":[{{"index":0,"message":{message},"finish_reason":"stop"}}]}}"#);
    let dialect = find("openai-chat").unwrap();
    let response = dialect.decode_response(body.as_bytes()).unwrap();
    let expected = vec![("f".to_owned(), "{\"a\":1}".to_owned()), ("c".to_owned(), "x".to_owned())];
    assert_eq!(calls(&response), expected);
    assert_eq!(response.choices[0].message.content.len(), 2);
    assert_eq!(response.choices[0].finish_reason, Some(FinishReason::ToolCalls));
    // A call in both of its forms is one.
    let both = message.replace(
        r#""function_call":{"arguments":"","name":""}"#,
        r#""function_call":{"arguments":"{\"a\":1}","name":"f"}"#,
    );
    let body = format!(r#"{{"choices":[{{"index":0,"delta":{both}}}]}}"#).replace('\n', "");
    let body = sse(&[
        body,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#.into(),
        "[DONE]".into(),
    ]);
    let response = read_whole(dialect, body.as_bytes());
    assert_eq!(calls(&response), expected);
    assert_eq!(response.choices[0].finish_reason, Some(FinishReason::ToolCalls));
}

/// A call that begins with its arguments, and those that follow in deltas.
fn with_beginning(dialect: &str, first: &str, deltas: &[&str]) -> Response {
    let text = |piece: &str| serde_json::to_string(piece).unwrap();
    let body = match dialect {
        "anthropic" => {
            let mut frames = vec![
                r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[]}}"#.to_owned(),
                format!(r#"{{"type":"content_block_start","index":0,"content_block":{{"type":"tool_use","id":"1","name":"f","input":{first}}}}}"#),
            ];
            frames.extend(deltas.iter().map(|delta| {
                format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"input_json_delta","partial_json":{}}}}}"#, text(delta))
            }));
            frames.push(r#"{"type":"content_block_stop","index":0}"#.into());
            frames.push(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#.into());
            frames.push(r#"{"type":"message_stop"}"#.into());
            sse(&frames).into_bytes()
        }
        "bedrock" => {
            let start = format!(
                r#"{{"contentBlockIndex":0,"start":{{"toolUse":{{"type":"tool_use","toolUseId":"1","name":"f","input":{first}}}}}}}"#
            );
            let deltas: Vec<String> = deltas
                .iter()
                .map(|delta| {
                    format!(r#"{{"contentBlockIndex":0,"delta":{{"toolUse":{{"input":{}}}}}}}"#, text(delta))
                })
                .collect();
            let mut events = vec![("contentBlockStart", start.as_str())];
            events.extend(deltas.iter().map(|delta| ("contentBlockDelta", delta.as_str())));
            events.push(("contentBlockStop", r#"{"contentBlockIndex":0}"#));
            events.push(("messageStop", r#"{"stopReason":"end_turn"}"#));
            frames::events(&events)
        }
        "cohere" => {
            let call = |kind: &str, function: String| {
                format!(
                    r#"{{"type":"tool-call-{kind}","index":0,"delta":{{"message":{{"tool_calls":{{"id":"1","type":"function","function":{function}}}}}}}}}"#
                )
            };
            let mut frames = vec![call("start", format!(r#"{{"name":"f","arguments":{}}}"#, text(first)))];
            frames.extend(
                deltas.iter().map(|delta| call("delta", format!(r#"{{"arguments":{}}}"#, text(delta)))),
            );
            frames.push(r#"{"type":"tool-call-end","index":0}"#.into());
            frames.push(r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}"#.into());
            sse(&frames).into_bytes()
        }
        _ => {
            let item = |arguments: &str| {
                format!(
                    r#"{{"type":"function_call","id":"fc_1","call_id":"1","name":"f","arguments":{}}}"#,
                    text(arguments)
                )
            };
            let mut frames = vec![format!(
                r#"{{"type":"response.output_item.added","output_index":0,"item":{}}}"#,
                item(first)
            )];
            frames.extend(deltas.iter().map(|delta| {
                format!(r#"{{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"fc_1","delta":{}}}"#, text(delta))
            }));
            let whole = if deltas.is_empty() { first.to_owned() } else { deltas.concat() };
            frames.push(format!(
                r#"{{"type":"response.output_item.done","output_index":0,"item":{}}}"#,
                item(&whole)
            ));
            frames.push(format!(r#"{{"type":"response.completed","response":{{"id":"r","status":"completed","output":[{}]}}}}"#, item(&whole)));
            sse(&frames).into_bytes()
        }
    };
    read_whole(find(dialect).unwrap(), &body)
}

#[test]
fn deltas_win_over_the_arguments_that_a_call_began_with() {
    for dialect in ["anthropic", "bedrock", "cohere", "openai-responses"] {
        for first in [r#"{"a":1}"#, "{}"] {
            let expected = vec![("f".to_owned(), r#"{"a": 1}"#.to_owned())];
            let response = with_beginning(dialect, first, &[r#"{"a": "#, "1}"]);
            assert_eq!(calls(&response), expected, "{dialect} {first}");
            assert_eq!(response.choices[0].finish_reason, Some(FinishReason::ToolCalls), "{dialect}");
            // The first delta may be an empty object, too.
            if dialect != "openai-responses" {
                let response = with_beginning(dialect, first, &["{}", r#"{"a": "#, "1}"]);
                assert_eq!(calls(&response), expected, "{dialect} {first}");
                let response = with_beginning(dialect, first, &["{}"]);
                assert_eq!(calls(&response), [("f".to_owned(), "{}".to_owned())], "{dialect} {first}");
            }
            let response = with_beginning(dialect, first, &[]);
            assert_eq!(calls(&response), [("f".to_owned(), first.to_owned())], "{dialect} {first}");
        }
    }
}

/// llama.cpp's events have the item's id and no index, and its calls are named by their call's id.
#[test]
fn items_of_responses_go_by_their_id_where_there_is_no_index() {
    let reasoning =
        r#"{"id":"rs_1","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}"#;
    let message = r#"{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[]}]}"#;
    let call = |number: u32, arguments: &str| {
        format!(r#"{{"type":"function_call","call_id":"fc_{number}","name":"f","arguments":"{arguments}"}}"#)
    };
    let calls_done = [call(1, r#"{\"a\":1}"#), call(2, r#"{\"a\":2}"#)];
    let mut frames = vec![
        r#"{"type":"response.output_item.added","item":{"id":"rs_1","type":"reasoning","summary":[],"content":[]}}"#.to_owned(),
        r#"{"type":"response.reasoning_text.delta","delta":"hm","item_id":"rs_1"}"#.into(),
        r#"{"type":"response.output_item.added","item":{"id":"msg_1","type":"message","role":"assistant","content":[]}}"#.into(),
        r#"{"type":"response.content_part.added","item_id":"msg_1","part":{"type":"output_text","text":""}}"#.into(),
        r#"{"type":"response.output_text.delta","item_id":"msg_1","delta":"Hel"}"#.into(),
        r#"{"type":"response.output_text.delta","item_id":"msg_1","delta":"lo"}"#.into(),
    ];
    for number in [1, 2] {
        frames.push(format!(r#"{{"type":"response.output_item.added","item":{}}}"#, call(number, "")));
    }
    for number in [1, 2] {
        frames.push(format!(
            r#"{{"type":"response.function_call_arguments.delta","delta":"{{\"a\":{number}}}","item_id":"fc_{number}"}}"#
        ));
    }
    frames.push(r#"{"type":"response.reasoning_text.done","text":"hm","item_id":"rs_1"}"#.into());
    frames.push(format!(r#"{{"type":"response.output_item.done","item":{reasoning}}}"#));
    frames.push(r#"{"type":"response.output_text.done","item_id":"msg_1","text":"Hello"}"#.into());
    frames.push(format!(r#"{{"type":"response.output_item.done","item":{message}}}"#));
    frames.extend(
        calls_done.iter().map(|call| format!(r#"{{"type":"response.output_item.done","item":{call}}}"#)),
    );
    // Once more, as a hasty server would.
    frames.push(format!(r#"{{"type":"response.output_item.done","item":{message}}}"#));
    let output = format!("{reasoning},{message},{}", calls_done.join(","));
    frames.push(format!(
        r#"{{"type":"response.completed","response":{{"id":"r","status":"completed","output":[{output}]}}}}"#
    ));
    let response = read_whole(find("openai-responses").unwrap(), sse(&frames).as_bytes());
    assert_eq!(Said::Text.text_in(&response).as_deref(), Some("Hello"));
    assert_eq!(Said::Reasoning.text_in(&response).as_deref(), Some("hm"));
    let expected = [1, 2].map(|number| ("f".to_owned(), format!(r#"{{"a":{number}}}"#)));
    assert_eq!(calls(&response), expected);
}

#[test]
fn texts_of_responses_are_told_once_however_they_are_numbered() {
    let text = r#"{"type":"output_text","text":"Hello","annotations":[]}"#;
    let item = format!(r#"{{"id":"msg_1","type":"message","role":"assistant","content":[{text}]}}"#);
    for (added, delta, done) in [(0, 1, 0), (1, 1, 0), (0, 0, 1), (2, 1, 0)] {
        let frames = [
            r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","role":"assistant","content":[]}}"#.to_owned(),
            format!(r#"{{"type":"response.content_part.added","output_index":0,"content_index":{added},"part":{{"type":"output_text","text":""}}}}"#),
            format!(r#"{{"type":"response.output_text.delta","output_index":0,"content_index":{delta},"delta":"Hel"}}"#),
            format!(r#"{{"type":"response.output_text.delta","output_index":0,"content_index":{delta},"delta":"lo"}}"#),
            format!(r#"{{"type":"response.output_text.done","output_index":0,"content_index":{done},"text":"Hello"}}"#),
            format!(r#"{{"type":"response.content_part.done","output_index":0,"content_index":{done},"part":{text}}}"#),
            format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#),
            format!(r#"{{"type":"response.completed","response":{{"id":"r","status":"completed","output":[{item}]}}}}"#),
        ];
        let response = read_whole(find("openai-responses").unwrap(), sse(&frames).as_bytes());
        assert_eq!(Said::Text.text_in(&response).as_deref(), Some("Hello"), "{added} {delta} {done}");
        assert_eq!(response.choices[0].message.content.len(), 1, "{response:?}");
    }
}

fn read(dialect: &dyn Dialect, body: &[u8], is_stream: bool) -> Result<Response, StreamError> {
    if !is_stream {
        return dialect.decode_response(body);
    }
    let (events, outcome) = decode_within(dialect, [body], StreamLimits::default()).read;
    outcome.map(|()| crate::streams::accumulate(&events))
}

fn body(dialect: &dyn Dialect, response: &Response, is_stream: bool) -> Vec<u8> {
    if is_stream {
        written(dialect, &replay(response, |text| vec![text]))
    } else {
        dialect.encode_response(response)
    }
}

#[test]
fn a_model_that_stops_after_calls_stops_for_them() {
    for dialect in all() {
        for is_stream in [false, true] {
            if !says(dialect, Said::Arguments, is_stream) {
                continue;
            }
            let response = answer(Said::Arguments, "x");
            assert_eq!(response.choices[0].finish_reason, Some(FinishReason::Stop));
            let response = read(dialect, &body(dialect, &response, is_stream), is_stream).unwrap();
            assert_eq!(
                response.choices[0].finish_reason,
                Some(FinishReason::ToolCalls),
                "{}",
                dialect.name()
            );
            // Other reasons stay.
            let mut cut = answer(Said::Arguments, "x");
            cut.choices[0].finish_reason = Some(FinishReason::Length);
            let response = read(dialect, &body(dialect, &cut, is_stream), is_stream).unwrap();
            assert_eq!(response.choices[0].finish_reason, Some(FinishReason::Length), "{}", dialect.name());
        }
    }
}

#[test]
fn an_end_that_is_the_name_of_an_error_is_one() {
    let words = ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens"];
    for dialect in all() {
        // Ends have no words there.
        if matches!(dialect.name(), "ruvllm" | "cursor-cli" | "replicate") {
            continue;
        }
        let names = [
            ("overloaded_error", ErrorKind::Overloaded),
            // DeepSeek's word for the same.
            ("insufficient_system_resource", ErrorKind::Overloaded),
            // OpenRouter's and Cohere's, without a word about what failed.
            ("error", ErrorKind::Server),
            ("ERROR", ErrorKind::Server),
            ("TIMEOUT", ErrorKind::Timeout),
        ];
        for (name, kind, is_stream) in
            names.into_iter().flat_map(|(name, kind)| [(name, kind, false), (name, kind, true)])
        {
            let mut response = answer(Said::Text, "x");
            response.choices[0].finish_reason = Some(FinishReason::Length);
            let mut count = 0;
            let body = rewrite(dialect, &body(dialect, &response, is_stream), is_stream, |value| {
                for way in ways_to(value, &|value| value.as_str().is_some_and(|text| words.contains(&text))) {
                    *at(value, &way) = json!(name);
                    count += 1;
                }
            });
            assert!(count > 0, "{}", dialect.name());
            match read(dialect, &body, is_stream) {
                Err(StreamError::Provider(error)) => {
                    assert_eq!(error.kind, kind, "{}: {name}", dialect.name());
                    assert!(error.message.contains(name), "{error:?}");
                }
                other => panic!("{} streamed: {is_stream}: {other:?}", dialect.name()),
            }
        }
    }
}

#[test]
fn an_error_inside_a_choice_is_one() {
    let error = r#""error":{"code":502,"message":"Upstream went away"}"#;
    for (dialect, said) in [
        ("openai-chat", r#""message":{"role":"assistant","content":"Hel"}"#),
        ("openai-completions", r#""text":"Hel""#),
    ] {
        let body =
            format!(r#"{{"id":"c","choices":[{{"index":0,{said},"finish_reason":"error",{error}}}]}}"#);
        let dialect = find(dialect).unwrap();
        let streamed = sse(&[body.replace("\"message\":{\"role", "\"delta\":{\"role")]);
        let plain = dialect.decode_response(body.as_bytes()).map(|_| ());
        for read in [plain, decode(dialect, [streamed.as_bytes()]).1] {
            let Err(StreamError::Provider(error)) = read else { panic!("{read:?}") };
            assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Server, "Upstream went away"));
        }
    }
}

#[test]
fn zeros_at_the_end_do_not_replace_what_is_known() {
    let frames = [
        r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":25,"cache_read_input_tokens":5,"output_tokens":1}}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":15}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let response = read_whole(find("anthropic").unwrap(), sse(&frames.map(str::to_owned)).as_bytes());
    let usage = response.usage.unwrap();
    assert_eq!(
        (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens),
        (Some(30), Some(5), Some(15))
    );
}

#[test]
fn cached_tokens_above_the_input_come_on_top() {
    let chat = r#"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":90}}}"#;
    let responses = r#"{"id":"r","status":"completed","output":[],"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15,"input_tokens_details":{"cached_tokens":90}}}"#;
    let gemini = r#"{"candidates":[],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15,"cachedContentTokenCount":90}}"#;
    let cohere = r#"{"message":{"content":"x"},"usage":{"tokens":{"input_tokens":10,"output_tokens":5},"cached_tokens":90}}"#;
    for (dialect, body) in [
        ("openai-chat", chat),
        ("openai-completions", chat),
        ("openai-responses", responses),
        ("gemini", gemini),
        ("cohere", cohere),
    ] {
        let usage = find(dialect).unwrap().decode_response(body.as_bytes()).unwrap().usage.unwrap();
        let figures = (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens);
        assert_eq!(figures, (Some(100), Some(90), Some(5)), "{dialect}");
    }
}

#[test]
fn figures_that_only_the_total_has_are_added() {
    for (usage, expected) in [
        // Google's layer for OpenAI's clients leaves thoughts out of the completion.
        (r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":215}"#, (10, 205, Some(200), None)),
        // Mistral's audio stands beside the prompt.
        (
            r#"{"prompt_tokens":4,"completion_tokens":6,"total_tokens":3210,"prompt_audio_seconds":203}"#,
            (3204, 6, None, Some(3200)),
        ),
        (
            r#"{"prompt_tokens":4,"completion_tokens":6,"total_tokens":110,"prompt_tokens_details":{"audio_tokens":100}}"#,
            (104, 6, None, Some(100)),
        ),
        // What else it may be is not known.
        (
            r#"{"prompt_tokens":4,"completion_tokens":6,"total_tokens":110,"search_tokens":100}"#,
            (4, 6, None, None),
        ),
        (r#"{"prompt_tokens":4,"completion_tokens":6,"total_tokens":9}"#, (4, 6, None, None)),
    ] {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"x"}}}}],"usage":{usage}}}"#);
        let read = find("openai-chat").unwrap().decode_response(body.as_bytes()).unwrap().usage.unwrap();
        let (input, output, reasoning, audio) = expected;
        assert_eq!(
            (read.input_tokens, read.output_tokens, read.reasoning_tokens, read.input_audio_tokens),
            (Some(input), Some(output), reasoning, audio),
            "{usage}"
        );
    }
}

/// Bedrock writes a type inside of each call now, and may write more beside it.
#[test]
fn a_call_of_bedrock_with_a_type_is_one() {
    let body = r#"{"output":{"message":{"role":"assistant","content":[{"text":"hello","new":1},
        {"toolUse":{"type":"tool_use","toolUseId":"1","name":"f","input":{"a":1}},"new":1},
        {"toolUse":{"type":"server_tool_use","toolUseId":"2","name":"g","input":{}}}]}},"stopReason":"tool_use"}"#;
    let response = find("bedrock").unwrap().decode_response(body.as_bytes()).unwrap();
    assert_eq!(calls(&response), [("f".to_owned(), r#"{"a":1}"#.to_owned())]);
    assert_eq!(Said::Text.text_in(&response).as_deref(), Some("hello"));
    assert_eq!(response.choices[0].finish_reason, Some(FinishReason::ToolCalls));
}
