use super::*;
use crate::model::{Audio, Reasoning, Source, ToolKind, ToolResult};
use std::{string::ToString, vec};

fn decode(text: &str) -> Result<Vec<Message>, JsonError> {
    decode_messages(Json::parse(text).unwrap().value(), "messages")
}

#[test]
fn both_forms_of_a_tool_result_are_the_same() {
    let openai = decode(
        r#"[{"role":"tool","tool_call_id":"a","content":"1"},{"role":"tool","tool_call_id":"b","content":"2"}]"#,
    );
    let anthropic = decode(
        r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"1"},
            {"type":"tool_result","tool_use_id":"b","content":"2"}]}]"#,
    );
    assert_eq!(openai.as_ref().unwrap().len(), 1);
    assert_eq!(openai, anthropic);
}

#[test]
fn results_come_before_what_the_user_says() {
    let messages = decode(
        r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"1"},{"type":"text","text":"and?"}]}]"#,
    )
    .unwrap();
    assert_eq!(
        messages.iter().map(|message| message.role.clone()).collect::<Vec<_>>(),
        [Role::Tool, Role::User]
    );
}

#[test]
fn errors_name_the_place() {
    for (text, place) in [
        (r#"[{"role":"user","content":"a"},{"content":"b"}]"#, "messages[1].role"),
        (r#"[{"role":"user"}]"#, "messages[0].content"),
        (r#"[{"role":"user","content":"a"},{"role":"user","text":"b"}]"#, "messages[1].content"),
        (r#"[{"role":"system","content":null},{"role":"user","content":"a"}]"#, "messages[0].content"),
        (r#"[{"role":"user","content":[{"type":"text"}]}]"#, "messages[0].content[0].text"),
        (r#"[{"role":"user","content":[{"type":"image"}]}]"#, "messages[0].content[0]: not a valid `image`"),
        (r#"[{"role":"user","content":[{"text":"a"}]}]"#, "messages[0].content[0].type"),
        (r#"[{"role":"user","content":7}]"#, "messages[0].content"),
        ("[7]", "messages[0]"),
    ] {
        let error = decode(text).unwrap_err().to_string();
        assert!(error.starts_with(place), "{text}: {error}");
    }
}

#[test]
fn a_message_reads_back_as_it_was() {
    let call = |arguments: &str, custom| {
        PartKind::ToolCall(ToolCall { id: "1".into(), name: "f".into(), arguments: arguments.into(), custom })
    };
    let data = || Source::Base64 { media_type: "audio/wav".into(), data: "AA==".into() };
    let result = ToolResult {
        tool_call_id: "1".into(),
        name: Some("f".into()),
        content: vec![Part::text("x")],
        is_error: Some(true),
    };
    let image = Image { source: Source::Url("https://x/y.png".into()), detail: Some("low".into()) };
    let messages = [
        Message::text(Role::User, "hi"),
        Message::new(Role::Assistant, vec![]),
        Message::new(
            Role::Assistant,
            vec![
                Part::new(PartKind::Reasoning(Reasoning { text: "hm".into(), signature: Some("s".into()) })),
                Part::new(PartKind::Reasoning(Reasoning { text: "hm".into(), signature: None })),
                Part::new(PartKind::RedactedReasoning { data: "d".into() }),
                Part::text("a"),
                Part::new(call(r#"{"x": 1}"#, false)),
                Part::new(call("free", true)),
            ],
        ),
        Message::new(Role::Assistant, vec![Part::text("a"), Part::new(call("{broken", false))]),
        Message::new(Role::Assistant, vec![Part::new(PartKind::Refusal("no".into()))]),
        Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))]),
        Message::new(
            Role::User,
            vec![Part::new(PartKind::Image(image)), Part::new(PartKind::Audio(Audio { source: data() }))],
        ),
    ];
    for message in messages {
        let json = encode_message(&message);
        assert_eq!(decode_messages(json.value(), "message").unwrap(), [message], "{json:?}");
    }
}

#[test]
fn tools_are_read_in_every_form() {
    let forms = [
        r#"{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}"#,
        r#"{"type":"function","name":"f","description":"d","parameters":{"type":"object"}}"#,
        r#"{"name":"f","description":"d","parameters":{"type":"object"}}"#,
        r#"{"name":"f","description":"d","input_schema":{"type":"object"}}"#,
    ];
    let read = |text: &str| decode_tool(Json::parse(text).unwrap().value(), "tools[0]");
    let first = read(forms[0]).unwrap();
    for form in forms {
        assert_eq!(read(form).unwrap(), first, "{form}");
    }
    let hosted = read(r#"{"type":"web_search_20250305","name":"web_search"}"#).unwrap();
    assert!(matches!(hosted.kind, ToolKind::Hosted(_)));
    assert!(read(r#"{"nam":"f"}"#).unwrap_err().to_string().starts_with("tools[0]: expected"));
}

#[test]
fn tool_choices_are_read_in_every_form() {
    let read = |text: &str| decode_tool_choice(Json::parse(text).unwrap().value(), "tool_choice");
    for (text, choice) in [
        ("\"any\"", ToolChoice::Required),
        ("\"f\"", ToolChoice::Named("f".into())),
        (r#"{"type":"tool","name":"f"}"#, ToolChoice::Named("f".into())),
        (r#"{"type":"function","function":{"name":"f"}}"#, ToolChoice::Named("f".into())),
    ] {
        assert_eq!(read(text).unwrap(), (choice, None), "{text}");
    }
    let single = read(r#"{"type":"any","disable_parallel_tool_use":true}"#).unwrap();
    assert_eq!(single, (ToolChoice::Required, Some(false)));
    assert!(read("7").is_err());
}

#[test]
fn response_formats() {
    let read = |text: &str| decode_response_format(Json::parse(text).unwrap().value(), "response_format");
    assert_eq!(read("\"json\"").unwrap(), ResponseFormat::Json);
    assert!(matches!(
        read(r#"{"type":"json_schema","json_schema":{"name":"n","schema":{}}}"#).unwrap(),
        ResponseFormat::JsonSchema { name: Some(name), .. } if name == "n"
    ));
    assert!(read("\"xml\"").unwrap_err().to_string().starts_with("response_format: expected"));
}

/// Answers have fields of their own, also by names that mean something in a dictionary of ours.
#[test]
fn further_fields_come_back_whatever_they_are_called() {
    let names = [
        "role",
        "content",
        "name",
        "type",
        "text",
        "id",
        "input",
        "arguments",
        "arguments_json",
        "custom",
        "function",
        "tool_calls",
        "function_call",
        "tool_call_id",
        "reasoning",
        "reasoning_content",
        "thinking",
        "signature",
        "refusal",
        "audio",
        "parts",
        "data",
        "source",
        "dialect",
        "item",
        "cache_control",
        "is_error",
        "kept_fields",
        "answer_fields",
        "anything",
    ];
    let parts = || {
        let id = || "1".into();
        let call = |arguments: &str, custom| ToolCall {
            id: id(),
            name: "f".into(),
            arguments: arguments.into(),
            custom,
        };
        vec![
            Part::new(PartKind::Reasoning(Reasoning { text: "hm".into(), signature: Some("s".into()) })),
            Part::text("a"),
            Part::new(PartKind::Refusal("no".into())),
            Part::provider_item("bedrock", Json::parse(r#"{"x":1}"#).unwrap()),
            Part::new(PartKind::ToolCall(call(r#"{"a": 1}"#, false))),
            Part::new(PartKind::ToolCall(call("free", true))),
        ]
    };
    for name in names {
        for value in ["7", "\"b\"", "{\"x\":1}", "[{\"type\":\"text\",\"text\":\"b\"}]", "true", "null"] {
            let plain = Message::new(Role::Assistant, parts());
            for place in 0..=plain.content.len() {
                let mut message = plain.clone();
                let extra = match message.content.get_mut(place) {
                    Some(part) => &mut part.extra,
                    None => &mut message.extra,
                };
                extra.insert(name, Json::parse(value).unwrap());
                extra.insert("beside", Json::parse("1").unwrap());
                let json = encode_message(&message);
                let read = decode_messages(json.value(), "message")
                    .unwrap_or_else(|error| panic!("{error}: {json:?}"));
                let [read] = read.as_slice() else { panic!("{json:?}") };
                assert_eq!((&read.role, &read.extra), (&message.role, &message.extra), "{json:?}");
                assert!(is_same(read, &message), "{name} {value} at {place}: {json:?}");
                assert_eq!(encode_message(read), json, "{name} {value} at {place}");
            }
        }
    }
}
