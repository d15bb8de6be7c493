//! Known fields in another form than the dialect's, in every dialect, plain and streamed: each is read, or is an error
//! that names it, and never lost. A list of strings for a text, an object around it, one item where a list is meant, a text
//! where an object with a text is meant, figures as strings.
//!
//! The bodies are those that the dialect's own server writes; in each, one field after the other, and whatever it stands in,
//! gets another form.

use crate::bodies::{Said, answer, says};
use crate::rewritten::{Step, at, rewrite, values, ways_to};
use crate::streams::{accumulate, decode_within, written};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::all;
use ferrule_wire::error::Headers;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::model::{
    ErrorKind, FinishReason, PartKind, ProviderError, Request, Response, Usage, replay,
};
use serde_json::{Value, json};

/// What stands in the bodies.
const WORD: &str = "SENTINEL";
const FIGURE: u64 = 471_147;

/// Streams that are text and not JSON.
fn is_text_stream(dialect: &dyn Dialect, is_stream: bool) -> bool {
    is_stream && dialect.name() == "replicate"
}

fn body(dialect: &dyn Dialect, response: &Response, is_stream: bool) -> Vec<u8> {
    if is_stream {
        written(dialect, &replay(response, |text| vec![text]))
    } else {
        dialect.encode_response(response)
    }
}

fn read(dialect: &dyn Dialect, body: &[u8], is_stream: bool) -> Result<Response, StreamError> {
    if !is_stream {
        return dialect.decode_response(body);
    }
    let (events, outcome) = decode_within(dialect, [body], StreamLimits::default()).read;
    outcome.map(|()| accumulate(&events))
}

/// Other forms of what stands at the end of a way: of a text itself, or of what it stands in.
fn forms(value: &Value, word: &str, is_leaf: bool) -> Vec<Value> {
    match value {
        Value::String(text) if is_leaf => vec![
            json!([text]),
            json!([[text]]),
            json!([text, null]),
            json!([{"type": "text", "text": text}]),
            json!({"parts": [{ "text": text }]}),
            json!({ "text": text }),
            json!({"type": "text", "text": {"value": text}}),
        ],
        Value::Object(_) => vec![json!([value]), json!([[value]]), json!(word)],
        Value::Array(items) if items.len() == 1 => vec![items[0].clone(), json!(word)],
        _ => Vec::new(),
    }
}

/// Changes one field after the other and hands over what is read of it.
fn each_form(
    dialect: &dyn Dialect,
    response: &Response,
    is_stream: bool,
    matches: &dyn Fn(&Value) -> bool,
    forms: &dyn Fn(&Value, bool) -> Vec<Value>,
    check: &mut dyn FnMut(&Value, Result<Response, StreamError>) -> bool,
) {
    let mut failed = Vec::new();
    let body = body(dialect, response, is_stream);
    for (number, value) in values(dialect, &body, is_stream).into_iter().enumerate() {
        for way in ways_to(&value, matches) {
            // The body itself has one form.
            for depth in 1..=way.len() {
                let place = &way[..depth];
                let original = at(&mut value.clone(), place).clone();
                for form in forms(&original, depth == way.len()) {
                    let mut count = 0;
                    let changed = rewrite(dialect, &body, is_stream, |value| {
                        if count == number {
                            *at(value, place) = form.clone();
                        }
                        count += 1;
                    });
                    let name = format!(
                        "{} streamed: {is_stream} {} = {form}",
                        dialect.name(),
                        place
                            .iter()
                            .map(|step| match step {
                                Step::Key(key) => format!(".{key}"),
                                Step::Item(at) => format!("[{at}]"),
                            })
                            .collect::<String>()
                    );
                    let read = read(dialect, &changed, is_stream);
                    let is_named = read.as_ref().is_err_and(names_a_field);
                    if !is_named && !check(&form, read.clone()) {
                        failed.push(format!("{name}: {read:?}"));
                    }
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Whether an error says which field it is about.
fn names_a_field(error: &StreamError) -> bool {
    match error {
        StreamError::Malformed(text) => [
            "choices",
            "message",
            "content",
            "output",
            "candidates",
            "tool_calls",
            "delta",
            "answer",
            "function",
        ]
        .iter()
        .any(|name| text.contains(name)),
        StreamError::Provider(error) => error.message.contains(WORD),
        _ => false,
    }
}

#[test]
fn texts_are_read_in_every_form() {
    for dialect in all() {
        for said in [Said::Text, Said::Reasoning] {
            for is_stream in [false, true] {
                if is_text_stream(dialect, is_stream) || !says(dialect, said, is_stream) {
                    continue;
                }
                let mut count = 0;
                each_form(
                    dialect,
                    &answer(said, WORD),
                    is_stream,
                    &|value| value.as_str() == Some(WORD),
                    &|value, is_leaf| forms(value, WORD, is_leaf),
                    &mut |form, read| {
                        count += 1;
                        let Ok(response) = read else { return false };
                        // A text in place of a thought is a text.
                        let is_text = form.is_string() && said == Said::Reasoning;
                        said.text_in(&response).as_deref() == Some(WORD)
                            || is_text && format!("{response:?}").contains(WORD)
                    },
                );
                assert!(count > 3, "{} {said:?}", dialect.name());
            }
        }
    }
}

#[test]
fn calls_are_read_in_every_form() {
    for dialect in all() {
        for is_stream in [false, true] {
            if is_text_stream(dialect, is_stream) || !says(dialect, Said::Arguments, is_stream) {
                continue;
            }
            let mut response = answer(Said::Arguments, "ARGUMENT");
            for part in &mut response.choices[0].message.content {
                if let PartKind::ToolCall(call) = &mut part.kind {
                    call.name = WORD.into();
                    call.id = "call_SENTINEL".into();
                }
            }
            let has_word = |value: &Value| value.as_str().is_some_and(|text| text.contains(WORD));
            each_form(
                dialect,
                &response,
                is_stream,
                &|value| has_word(value) || value.as_str().is_some_and(|text| text.contains("ARGUMENT")),
                // The arguments themselves are what the model wrote, whatever it is.
                &|value, is_leaf| forms(value, WORD, is_leaf && has_word(value)),
                &mut |form, read| {
                    let Ok(response) = read else { return false };
                    let content = &response.choices[0].message.content;
                    let calls = content.iter().filter_map(|part| match &part.kind {
                        PartKind::ToolCall(call) => Some(call),
                        _ => None,
                    });
                    match calls.collect::<Vec<_>>().as_slice() {
                        [call] if call.name == WORD && call.arguments.contains("ARGUMENT") => true,
                        // Of a text in its place nothing is lost.
                        _ => form.is_string() && format!("{response:?}").contains(WORD),
                    }
                },
            );
        }
    }
}

#[test]
fn figures_are_read_as_strings_and_floats() {
    for dialect in all() {
        for is_stream in [false, true] {
            let usage = Usage { input_tokens: Some(FIGURE), output_tokens: Some(FIGURE), ..Usage::default() };
            let response = Response { usage: Some(usage), ..answer(Said::Text, WORD) };
            let figures = |response: &Response| {
                response.usage.as_ref().map(|usage| (usage.input_tokens, usage.output_tokens))
            };
            let unchanged = read(dialect, &body(dialect, &response, is_stream), is_stream);
            if unchanged.is_ok_and(|read| figures(&read) != figures(&response)) {
                continue;
            }
            each_form(
                dialect,
                &response,
                is_stream,
                &|value| value.as_u64() == Some(FIGURE),
                &|value, is_leaf| match value {
                    Value::Number(_) if is_leaf => {
                        vec![json!(FIGURE.to_string()), json!("471147.0"), json!(471_147.0), json!([FIGURE])]
                    }
                    Value::Object(fields) if fields.values().any(|value| value.as_u64() == Some(FIGURE)) => {
                        vec![json!([value])]
                    }
                    _ => Vec::new(),
                },
                &mut |_, read| read.is_ok_and(|read| figures(&read) == figures(&response)),
            );
        }
    }
}

#[test]
fn ends_and_ids_are_read_in_every_form() {
    let words = ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens"];
    for dialect in all() {
        for is_stream in [false, true] {
            if is_text_stream(dialect, is_stream) {
                continue;
            }
            let mut response = answer(Said::Text, WORD);
            response.choices[0].finish_reason = Some(FinishReason::Length);
            response.id = "idSENT".into();
            let unchanged = read(dialect, &body(dialect, &response, is_stream), is_stream).unwrap();
            let ends = |response: &Response| (response.choices[0].finish_reason.clone(), response.id.clone());
            each_form(
                dialect,
                &response,
                is_stream,
                &|value| value.as_str().is_some_and(|text| words.contains(&text) || text == unchanged.id),
                &|value, is_leaf| match value {
                    Value::String(text) if is_leaf => vec![json!([text]), json!({ "text": text })],
                    _ => Vec::new(),
                },
                &mut |_, read| read.is_ok_and(|read| ends(&read) == ends(&unchanged)),
            );
        }
    }
}

#[test]
fn errors_say_what_they_say_in_every_form() {
    for dialect in all() {
        let error = ProviderError::new(ErrorKind::InvalidRequest, WORD);
        let mut failed = Vec::new();
        for is_stream in [false, true] {
            if is_text_stream(dialect, is_stream) || matches!(dialect.name(), "ruvllm" | "cursor-cli") {
                continue;
            }
            let body = if is_stream {
                let mut encoder = dialect.stream_encoder(&Request { stream: true, ..Request::default() });
                let mut body = Vec::new();
                encoder.error(&error, &mut body);
                encoder.finish(&mut body);
                body
            } else {
                dialect.encode_error(&error)
            };
            for (number, value) in values(dialect, &body, is_stream).into_iter().enumerate() {
                for way in ways_to(&value, &|value| value.as_str() == Some(WORD)) {
                    for form in forms(&json!(WORD), WORD, true) {
                        let mut count = 0;
                        let changed = rewrite(dialect, &body, is_stream, |value| {
                            if count == number {
                                *at(value, &way) = form.clone();
                            }
                            count += 1;
                        });
                        let name = format!("{} streamed: {is_stream} {form}", dialect.name());
                        let message = if is_stream {
                            match read(dialect, &changed, true) {
                                Err(StreamError::Provider(error)) => error.message,
                                other => format!("{other:?}"),
                            }
                        } else {
                            dialect.decode_error(400, Headers::default(), &changed, 0).message
                        };
                        if !message.contains(WORD) {
                            failed.push(format!("{name}: {message}"));
                        }
                    }
                }
            }
        }
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }
}

/// Takes the `type` out of every object inside of the body; events are known by theirs.
fn without_types(value: &mut Value, is_event: bool) {
    match value {
        Value::Object(fields) => {
            if !is_event {
                fields.remove("type");
            }
            fields.values_mut().for_each(|value| without_types(value, false));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| without_types(value, false)),
        _ => {}
    }
}

#[test]
fn what_does_not_say_its_type_is_what_its_fields_are_those_of() {
    let mut failed = Vec::new();
    for dialect in all() {
        for said in Said::ALL {
            // A streamed delta belongs to what was begun, whose type is all that there is of it.
            if !says(dialect, said, false) || dialect.name() == "cursor-cli" {
                continue;
            }
            let body = body(dialect, &answer(said, WORD), false);
            let changed = rewrite(dialect, &body, false, |value| without_types(value, true));
            let read = read(dialect, &changed, false);
            if read.as_ref().ok().and_then(|response| said.text_in(response)).as_deref() != Some(WORD) {
                failed.push(format!("{} {said:?}: {read:?}", dialect.name()));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// A call whose JSON stands in a string, as servers write it that encode twice.
#[test]
fn calls_are_read_as_json_in_a_string() {
    let call =
        r#""{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}}""#;
    let message = format!(r#"{{"role":"assistant","content":"","tool_calls":[{call}]}}"#);
    let choice = |name: &str| {
        format!(r#"{{"choices":[{{"index":0,"{name}":{message},"finish_reason":"tool_calls"}}]}}"#)
    };
    let ollama = format!(r#"{{"model":"m","message":{message},"done":true,"done_reason":"stop"}}"#);
    let frames = |frames: &[String]| frames.iter().map(|frame| format!("data: {frame}\n\n")).collect();
    let cohere = [
        r#"{"type":"message-start","id":"a","delta":{"message":{"role":"assistant"}}}"#.to_owned(),
        format!(r#"{{"type":"tool-call-start","index":0,"delta":{{"message":{{"tool_calls":{call}}}}}}}"#),
        r#"{"type":"tool-call-end","index":0}"#.to_owned(),
        r#"{"type":"message-end","delta":{"finish_reason":"TOOL_CALL"}}"#.to_owned(),
    ];
    let bodies: [(&str, String, String); 4] = [
        ("openai-chat", choice("message"), frames(&[choice("delta"), "[DONE]".to_owned()])),
        ("watsonx", choice("message"), frames(&[choice("delta")])),
        ("ollama", ollama.clone(), format!("{ollama}\n")),
        (
            "cohere",
            format!(r#"{{"id":"a","message":{message},"finish_reason":"TOOL_CALL"}}"#),
            frames(&cohere),
        ),
    ];
    for (name, plain, streamed) in bodies {
        let dialect = all().find(|dialect| dialect.name() == name).unwrap();
        for (body, is_stream) in [(plain, false), (streamed, true)] {
            let response = read(dialect, body.as_bytes(), is_stream)
                .unwrap_or_else(|error| panic!("{name} streamed: {is_stream}: {error}"));
            let calls: Vec<_> = response.choices[0]
                .message
                .content
                .iter()
                .filter_map(|part| match &part.kind {
                    PartKind::ToolCall(call) => Some((&*call.name, &*call.arguments)),
                    _ => None,
                })
                .collect();
            assert_eq!(calls, [("f", r#"{"a":1}"#)], "{name} streamed: {is_stream}");
            assert_eq!(
                response.choices[0].finish_reason,
                Some(FinishReason::ToolCalls),
                "{name} streamed: {is_stream}"
            );
        }
    }
}
