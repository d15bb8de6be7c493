//! Chat responses: texts, tools, usage, chunks.

use crate::client::*;
use serde_json::{Value, json};

#[test]
fn an_ordinary_answer_quotes_the_prompt_and_is_the_same_each_time() {
    let simulator = start();
    for dialect in DIALECTS {
        let body = ask("some-model", "Why is the sky blue?", false);
        let first = complete(&simulator, dialect, &body);
        assert_eq!((first.status, first.end), (200, End::Complete));
        assert!(text_of(dialect, &first.json()).contains("Why is the sky blue?"));
        assert_eq!(first.body, complete(&simulator, dialect, &body).body);
        let other = complete(&simulator, dialect, &ask("some-model", "And at night?", false));
        assert_ne!(first.json()["id"], other.json()["id"]);
        let id = if dialect == "anthropic" { "request-id" } else { "x-request-id" };
        assert!(first.header(id).unwrap().starts_with("req_"));
    }
}

#[test]
fn a_stream_has_the_content_of_the_plain_response() {
    let simulator = start();
    for dialect in DIALECTS {
        for model in ["some-model", "echo", "long-50", "json-blue"] {
            let plain = complete(&simulator, dialect, &ask(model, "Why is the sky blue?", false));
            let streamed = complete(&simulator, dialect, &ask(model, "Why is the sky blue?", true));
            assert!(streamed.header("content-type").unwrap().starts_with("text/event-stream"));
            assert_eq!(streamed.end, End::Complete);
            assert_eq!(streamed_text(dialect, &streamed.text()), text_of(dialect, &plain.json()));
            assert!(is_ended(dialect, &streamed.text()));
        }
    }
}

#[test]
fn usage_is_counted_and_limits_are_kept() {
    let simulator = start();
    let figures = |dialect, usage: &Value| match dialect {
        "anthropic" => (usage["input_tokens"].as_u64(), usage["output_tokens"].as_u64()),
        _ => (usage["prompt_tokens"].as_u64(), usage["completion_tokens"].as_u64()),
    };
    for dialect in DIALECTS {
        let answer = complete(&simulator, dialect, &ask("echo", "one two three", false)).json();
        assert_eq!(figures(dialect, &answer["usage"]), (Some(3), Some(3)));
        let mut streamed = ask("echo", "one two three", true);
        if dialect == "openai-chat" {
            streamed["stream_options"] = json!({"include_usage": true});
        }
        let text = complete(&simulator, dialect, &streamed).text();
        let events: Vec<Value> =
            events(&text).iter().filter_map(|data| serde_json::from_str(data).ok()).collect();
        let last = events.iter().rfind(|event| event["usage"].is_object()).unwrap();
        assert_eq!(figures(dialect, &last["usage"]), (Some(3), Some(3)));
        if dialect == "anthropic" {
            assert_eq!(figures(dialect, &events[0]["message"]["usage"]), (Some(3), Some(1)));
        }

        let mut limited = ask("long-100", "go", false);
        limited["max_tokens"] = json!(7);
        let answer = complete(&simulator, dialect, &limited).json();
        assert_eq!(figures(dialect, &answer["usage"]).1, Some(7));
        assert_eq!(text_of(dialect, &answer).split_whitespace().count(), 7);
        match dialect {
            "anthropic" => assert_eq!(answer["stop_reason"], "max_tokens"),
            _ => assert_eq!(answer["choices"][0]["finish_reason"], "length"),
        }

        let mut stopped = ask("echo", "one two three", false);
        stopped[if dialect == "anthropic" { "stop_sequences" } else { "stop" }] = json!([" three", "two"]);
        let answer = complete(&simulator, dialect, &stopped).json();
        assert_eq!(text_of(dialect, &answer), "one ");
    }
}

fn with_tool(dialect: &str, mut body: Value) -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    body["tools"] = match dialect {
        "anthropic" => json!([{"name": "get_weather", "input_schema": schema}]),
        _ => json!([{"type": "function", "function": {"name": "get_weather", "parameters": schema}}]),
    };
    body
}

/// Name and arguments of the tool call in a plain response.
fn tool_call(dialect: &str, answer: &Value) -> Option<(String, Value)> {
    if dialect == "anthropic" {
        let call = answer["content"].as_array().unwrap().iter().find(|block| block["type"] == "tool_use")?;
        assert_eq!(answer["stop_reason"], "tool_use");
        return Some((call["name"].as_str().unwrap().to_owned(), call["input"].clone()));
    }
    let call = answer["choices"][0]["message"]["tool_calls"].get(0)?;
    let arguments = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
    Some((call["function"]["name"].as_str().unwrap().to_owned(), arguments))
}

#[test]
fn tools_are_called_when_asked_for_and_their_results_end_the_loop() {
    let simulator = start();
    let expected = Some(("get_weather".to_owned(), json!({"city": "city"})));
    for dialect in DIALECTS {
        let call = |body: Value| {
            tool_call(dialect, &complete(&simulator, dialect, &with_tool(dialect, body)).json())
        };
        assert_eq!(call(ask("m", "Hello", false)), None);
        assert_eq!(call(ask("tools", "Hello", false)), expected);
        assert_eq!(call(ask("m", "Please use the tool", false)), expected);
        let mut forced = ask("m", "Hello", false);
        forced["tool_choice"] = match dialect {
            "anthropic" => json!({"type": "tool", "name": "get_weather"}),
            _ => json!({"type": "function", "function": {"name": "get_weather"}}),
        };
        assert_eq!(call(forced), expected);
        let mut forbidden = ask("tools", "use the tool", false);
        forbidden["tool_choice"] =
            if dialect == "anthropic" { json!({"type": "none"}) } else { json!("none") };
        assert_eq!(call(forbidden), None);

        let mut answered = with_tool(dialect, ask("tools", "use the tool", false));
        let turns = match dialect {
            "anthropic" => vec![
                json!({"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "get_weather", "input": {}}]}),
                json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "18 degrees"}]}),
            ],
            _ => vec![
                json!({"role": "assistant", "content": null, "tool_calls":
                    [{"id": "t1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}]}),
                json!({"role": "tool", "tool_call_id": "t1", "content": "18 degrees"}),
            ],
        };
        answered["messages"].as_array_mut().unwrap().extend(turns);
        assert!(text_of(dialect, &complete(&simulator, dialect, &answered).json()).contains("18 degrees"));
    }
}

#[test]
fn a_schema_gets_an_object_that_fits() {
    let simulator = start();
    let schema = json!({
        "type": "object",
        "properties": {"colour": {"enum": ["blue"]}},
        "required": ["colour"],
        "additionalProperties": false,
    });
    for dialect in DIALECTS {
        let mut body = ask("m", "What colour?", false);
        let (field, format) = match dialect {
            "anthropic" => ("output_config", json!({"format": {"type": "json_schema", "schema": schema}})),
            _ => (
                "response_format",
                json!({"type": "json_schema", "json_schema": {"name": "c", "schema": schema}}),
            ),
        };
        body[field] = format;
        let text = text_of(dialect, &complete(&simulator, dialect, &body).json());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({"colour": "blue"}));
    }
}

#[test]
fn reasoning_comes_before_the_text() {
    let simulator = start();
    let answer = complete(&simulator, "anthropic", &ask("reasoning", "Hm?", false)).json();
    assert_eq!(answer["content"][0]["type"], "thinking");
    assert!(answer["content"][0]["signature"].as_str().is_some_and(|signature| !signature.is_empty()));
    let answer = complete(&simulator, "openai-chat", &ask("reasoning", "Hm?", false)).json();
    assert!(answer["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0);
    for dialect in DIALECTS {
        let streamed = complete(&simulator, dialect, &ask("reasoning", "Hm?", true));
        assert!(is_ended(dialect, &streamed.text()), "{}", streamed.text());
    }
}

#[test]
fn a_script_can_set_every_part_of_a_response() {
    let simulator = scripted(&json!({
        "rules": [
            {"match": {"text": "*weather*"}, "reply": {"content": [
                {"reasoning": {"text": "Look outside.", "signature": "c2ln"}},
                {"text": "Let me look."},
                {"tool_call": {"name": "look", "arguments": {"where": "out"}, "id": "call_1"}}]}},
            {"match": {"model": "no"}, "reply": {"refusal": "I'd rather not."}},
            {"match": {"headers": {"x-test": "a*"}}, "reply": {"echo": true}},
            {"reply": {"text": "Scripted.", "id": "fixed", "model": "real-name", "finish_reason": "length",
                       "usage": {"input_tokens": 100, "output_tokens": 20, "cache_read_tokens": 40},
                       "headers": {"x-extra": "yes"}}},
        ],
    }));
    for dialect in DIALECTS {
        let plain = complete(&simulator, dialect, &ask("m", "hi", false));
        assert_eq!(plain.header("x-extra"), Some("yes"));
        let answer = plain.json();
        assert_eq!(
            (text_of(dialect, &answer).as_str(), &answer["id"], &answer["model"]),
            ("Scripted.", &json!("fixed"), &json!("real-name"))
        );
        match dialect {
            "anthropic" => {
                assert_eq!(answer["stop_reason"], "max_tokens");
                assert_eq!(answer["usage"]["input_tokens"], 60);
                assert_eq!(answer["usage"]["cache_read_input_tokens"], 40);
            }
            _ => {
                assert_eq!(answer["choices"][0]["finish_reason"], "length");
                assert_eq!(answer["usage"]["prompt_tokens"], 100);
                assert_eq!(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 40);
            }
        }
        let call = complete(&simulator, dialect, &ask("m", "How is the weather?", false)).json();
        assert_eq!(tool_call(dialect, &call), Some(("look".to_owned(), json!({"where": "out"}))));
        assert_eq!(text_of(dialect, &call), "Let me look.");
        assert!(complete(&simulator, dialect, &ask("no", "hi", false)).text().contains("I'd rather not."));
        let echo = call_with_header(&simulator, dialect);
        assert_eq!(text_of(dialect, &echo), "echo me");
    }
}

fn call_with_header(simulator: &ferrule_sim::Simulator, dialect: &str) -> Value {
    call(simulator, path(dialect), &[("x-test", "abc")], &ask("m", "echo me", false)).unwrap().json()
}

#[test]
fn chunks_have_the_size_asked_for() {
    let count = |reply: Value| {
        let simulator = scripted(&json!([{"reply": reply}]));
        let answer = complete(&simulator, "openai-chat", &ask("m", "hi", true));
        assert_eq!(streamed_text("openai-chat", &answer.text()), "one two three four five six");
        let texts = events(&answer.text())
            .into_iter()
            .filter(|data| data.contains("\"content\":\"") && !data.contains("\"content\":\"\""));
        texts.count()
    };
    let text = "one two three four five six";
    assert_eq!(count(json!({"text": text})), 6);
    assert_eq!(count(json!({"text": text, "chunk_tokens": 4})), 2);
    assert_eq!(count(json!({"text": text, "chunk_chars": 10})), 3);
    assert_eq!(count(json!({"text": text, "split_bytes": [1, 7, 300]})), 6);
}

#[test]
fn tokens_come_at_their_pace() {
    let simulator = start();
    for stream in [true, false] {
        let began = std::time::Instant::now();
        let mut body = ask("slow-100", "hi", stream);
        body["max_tokens"] = json!(6);
        complete(&simulator, "openai-chat", &body);
        // Five tokens after the first, 10 ms each.
        assert!(began.elapsed().as_millis() >= 50, "{:?}", began.elapsed());
    }
    simulator.set_script(r#"{"defaults": {"first_token_ms": 60}}"#).unwrap();
    let began = std::time::Instant::now();
    let mut client = Client::connect(simulator.address());
    client.send("POST", "/v1/messages", &[], ask("m", "hi", true).to_string().as_bytes());
    client.head().unwrap();
    client.read_to("content_block_delta").unwrap();
    assert!(began.elapsed().as_millis() >= 60);
}

#[test]
fn several_choices_are_made_when_asked_for() {
    let simulator = start();
    let mut body = ask("m", "hi", false);
    body["n"] = json!(3);
    let answer = complete(&simulator, "openai-chat", &body).json();
    let indices: Vec<_> =
        answer["choices"].as_array().unwrap().iter().map(|choice| choice["index"].as_u64()).collect();
    assert_eq!(indices, [Some(0), Some(1), Some(2)]);
}
