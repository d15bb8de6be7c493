//! Reasoning in the history, row by row, and how it is asked for.

use super::receivers::{self, Receiver};
use super::{assistant, call, json, result, thought, user};
use ferrule_wire::json::Extra;
use ferrule_wire::model::{Effort, Message, Part, ReasoningRequest, Role};
use serde_json::Value;

fn with(part: Part, name: &str, value: &str) -> Part {
    let mut part = part;
    part.extra.insert(name, json(value));
    part
}

/// Two turns with calls, one of them without a thought, and one without calls, all before the user's last word.
fn history() -> Vec<Message> {
    vec![
        user("Hi"),
        assistant(vec![thought("first", None), call("callid001", "f", 1)]),
        Message::new(Role::Tool, vec![result("callid001", "1")]),
        assistant(vec![call("callid002", "f", 2)]),
        Message::new(Role::Tool, vec![result("callid002", "2")]),
        assistant(vec![thought("last", None), Part::text("So.")]),
        user("And?"),
    ]
}

/// Where a row's requests have the reasoning of the three turns; `None`: not at all.
const ECHOES: [(&str, &str, [Option<&str>; 3]); 12] = [
    ("deepseek", "/reasoning_content", [Some("first"), Some(""), None]),
    ("moonshot", "/reasoning_content", [Some("first"), Some(""), Some("last")]),
    ("zai", "/reasoning_content", [Some("first"), None, Some("last")]),
    ("mistral", "/content/0/thinking/0/text", [Some("first"), None, Some("last")]),
    ("openrouter", "/reasoning", [Some("first"), None, Some("last")]),
    ("cerebras", "/reasoning", [Some("first"), None, Some("last")]),
    ("ollama", "/thinking", [Some("first"), None, Some("last")]),
    ("openai", "/reasoning_content", [None, None, None]),
    ("groq", "/reasoning", [None, None, None]),
    ("xai", "/reasoning_content", [None, None, None]),
    ("perplexity", "/reasoning_content", [None, None, None]),
    ("together", "/reasoning", [None, None, None]),
];

#[test]
fn reasoning_goes_back_where_it_is_wanted() {
    for (id, pointer, expected) in ECHOES {
        let receiver = receivers::receiver(id);
        let body = receiver.body(&history());
        let turns: Vec<Value> =
            receiver.turns(&body).into_iter().filter(|turn| turn["role"] == "assistant").collect();
        if turns.len() < 3 {
            // A row without tools: only the last turn says anything.
            assert!(expected.iter().all(Option::is_none), "{id}: {body}");
            continue;
        }
        let found: Vec<Option<&str>> =
            turns.iter().map(|turn| turn.pointer(pointer).and_then(Value::as_str)).collect();
        assert_eq!(found, expected, "{id}: {body}");
    }
}

/// What is asked for an effort: the fields of the body that say so.
#[test]
fn how_much_to_reason_is_said_in_the_rows_words() {
    let asked = |receiver: &Receiver, model: &str, effort: &str| {
        let reasoning =
            ReasoningRequest { effort: Some(Effort::from(effort)), ..ReasoningRequest::default() };
        let mut request = receiver.request(&[user("Hi")]);
        request.model = model.into();
        request.reasoning = Some(reasoning);
        let body = receiver.encode(&request, true).unwrap().body;
        let body: Value = serde_json::from_slice(&body).unwrap();
        ["reasoning_effort", "thinking", "prompt_mode", "think"]
            .map(|name| body.get(name).map(|value| format!("{name}={value}")))
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (id, model, effort, expected) in [
        ("mistral", "mistral-medium-3-5", "low", r#"reasoning_effort="high""#),
        ("mistral", "mistral-medium-3-5", "none", r#"reasoning_effort="none""#),
        ("mistral", "magistral-medium-2509", "high", r#"prompt_mode="reasoning""#),
        ("mistral", "magistral-medium-2509", "none", ""),
        ("zai", "glm-5", "max", r#"reasoning_effort="max" thinking={"type":"enabled"}"#),
        ("zai", "glm-5", "none", r#"thinking={"type":"disabled"}"#),
        ("deepseek", "deepseek-flash", "low", r#"reasoning_effort="low" thinking={"type":"enabled"}"#),
        ("ollama", "qwen3:8b", "low", "think=true"),
        ("ollama", "qwen3:8b", "none", "think=false"),
        ("ollama", "gpt-oss:20b", "low", r#"think="low""#),
        ("ollama", "gpt-oss:20b", "max", r#"think="high""#),
        ("ollama-cloud", "gpt-oss:120b-cloud", "xhigh", r#"think="high""#),
    ] {
        assert_eq!(asked(&receivers::receiver(id), model, effort), expected, "{id} {model} {effort}");
    }
}

/// OpenAI's items where nothing is stored: what only an id would tell stays out, and no id is sent that nobody knows.
#[test]
fn nothing_unstored_is_named() {
    let receiver = receivers::receiver("openai-responses");
    let item = |id: &str| format!(r#"{{"id":"{id}"}}"#);
    let history = [
        user("Hi"),
        assistant(vec![
            with(thought("", None), "responses_item", &item("rs_bare")),
            with(Part::text("Let me see."), "responses_item", &item("msg_1")),
            with(thought("hm", Some("enc")), "responses_item", &item("rs_encrypted")),
            with(call("call_1", "f", 1), "responses_item", &item("fc_1")),
        ]),
        Message::new(Role::Tool, vec![result("call_1", "1")]),
    ];
    for (store, ids) in [
        (None, ["rs_bare", "msg_1", "rs_encrypted", "fc_1"].as_slice()),
        (Some("true"), &["rs_bare", "msg_1", "rs_encrypted", "fc_1"]),
        (Some("false"), &["rs_encrypted"]),
    ] {
        let mut request = receiver.request(&history);
        request.extra = store.map(|store| ("store".to_owned(), json(store))).into_iter().collect::<Extra>();
        let body: Value = serde_json::from_slice(&receiver.encode(&request, false).unwrap().body).unwrap();
        let sent: Vec<&str> =
            body["input"].as_array().unwrap().iter().filter_map(|item| item["id"].as_str()).collect();
        assert_eq!(sent, ids, "{body}");
    }
    // Another server's ids are of another form.
    let foreign = [
        user("Hi"),
        assistant(vec![with(Part::text("So."), "responses_item", &item("item-7"))]),
        user("And?"),
    ];
    assert!(!receiver.body(&foreign).to_string().contains("item-7"));
}

/// OpenRouter puts encrypted reasoning behind what it led to; OpenAI refuses reasoning that nothing follows.
#[test]
fn encrypted_reasoning_at_the_end_of_openrouters_answers_is_kept() {
    let receiver = receivers::receiver("openai-responses");
    let written = |about: &str| {
        let last = with(thought("", Some("enc")), "responses_item", about);
        receiver.body(&[user("Hi"), assistant(vec![Part::text("So."), last]), user("And?")]).to_string()
    };
    assert!(written(r#"{"id":"rs_1","format":"google-gemini-v1"}"#).contains("rs_1"));
    assert!(!written(r#"{"id":"rs_1"}"#).contains("rs_1"));
    let mut said = assistant(vec![Part::text("So.")]);
    let details = r#"[{"type":"reasoning.text","text":"hm","index":0},{"type":"reasoning.encrypted","data":"enc","id":"t1","index":0}]"#;
    said.extra.insert("reasoning_details", json(details));
    let body = receivers::receiver("openrouter").body(&[user("Hi"), said, user("And?")]);
    assert_eq!(body["messages"][1]["reasoning_details"], serde_json::from_str::<Value>(details).unwrap());
}
