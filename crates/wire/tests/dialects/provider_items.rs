//! Parts that only one wire format has: they go back to it, are refused by name elsewhere, and outlast dictionaries.

use super::streams::accumulate;
use ferrule_wire::{
    dialect::{Dialect, message_dicts, registry},
    encode::EncodeOptions,
    framing::StreamLimits,
    json::Json,
    model::{
        CacheBreakpoint, CacheLifetime, Message, Part, PartKind, Request, Role, ToolCall, ToolResult, replay,
    },
};
use std::{collections::BTreeSet, fs, path::PathBuf};

/// The wire format that a dialect speaks: the name that its parts are marked with.
fn format_of(dialect: &str) -> &str {
    match dialect {
        "anthropic-vertex" => "anthropic",
        "vertex" => "gemini",
        "watsonx" => "openai-chat",
        own => own,
    }
}

/// Kinds that have a name in the model: only odd ones of them are kept whole.
const MODELLED: [&str; 3] = ["image_url", "input_audio", "file"];

/// Every kind of part that one format alone has, as a caller writes it by hand, with its format.
fn by_hand() -> Vec<(&'static str, String)> {
    let mut parts = Vec::new();
    for dialect in registry::all() {
        for own in dialect.own_parts().iter().filter(|own| !MODELLED.contains(own)) {
            let (kind, field) = own.split_once(':').unwrap_or((own, "id"));
            let has_types = !["bedrock", "gemini"].contains(&dialect.name());
            parts.push((
                dialect.name(),
                if has_types {
                    format!(r#"{{"type":"{kind}","{field}":"it_1"}}"#)
                } else {
                    format!(r#"{{"{kind}":{{"id":"it_1"}}}}"#)
                },
            ));
        }
    }
    parts
}

/// A conversation whose third message is the assistant's, or where the format has such parts there, the user's.
fn asked(format: &str, raw: &str) -> Request {
    let role = if matches!(format, "openai-chat" | "bedrock") { "user" } else { "assistant" };
    let messages = format!(
        r#"[{{"role":"user","content":"Hi"}},{{"role":"assistant","content":"Yo"}},{{"role":"{role}","content":[{raw},{{"type":"text","text":"So."}}]}},{{"role":"user","content":"Why?"}}]"#
    );
    let messages =
        message_dicts::decode_messages(Json::parse(&messages).unwrap().value(), "messages").unwrap();
    Request { model: "m".into(), messages, max_tokens: Some(100), ..Request::default() }
}

fn body(dialect: &dyn Dialect, request: &Request) -> String {
    String::from_utf8(dialect.encode_request(request, EncodeOptions::DROP).unwrap().body).unwrap()
}

#[test]
fn what_is_written_by_hand_goes_to_its_format_and_to_no_other() {
    let parts = by_hand();
    assert!(parts.len() > 50, "{}", parts.len());
    for (format, raw) in parts {
        let request = asked(format, &raw);
        let part = &request.messages[2].content[0];
        assert_eq!(part, &Part::provider_item(format, Json::parse(&raw).unwrap()), "{raw}");
        for dialect in registry::all() {
            let route = format!("{raw} to {}", dialect.name());
            if format_of(dialect.name()) == format {
                assert!(body(dialect, &request).contains("it_1"), "{route}: {}", body(dialect, &request));
                continue;
            }
            let encoded = dialect.encode_request(&request, EncodeOptions::DROP).unwrap();
            assert!(!String::from_utf8(encoded.body).unwrap().contains("it_1"), "{route}");
            let dropped: Vec<&str> = encoded.dropped.iter().map(|dropped| dropped.field.as_str()).collect();
            assert!(dropped.contains(&"messages[2].content[0]"), "{route}: {dropped:?}");
            assert!(dialect.encode_request(&request, EncodeOptions::REFUSE).is_err(), "{route}");
        }
    }
}

#[test]
fn what_no_format_is_known_to_have_goes_to_whoever_is_asked() {
    let request = asked("openai-responses", r#"{"type":"from_the_future","id":"it_1"}"#);
    assert!(matches!(request.messages[2].content[0].kind, PartKind::Unknown(_)));
    for name in ["openai-chat", "openai-responses", "anthropic"] {
        assert!(body(registry::find(name).unwrap(), &request).contains("it_1"), "{name}");
    }
}

#[test]
fn items_outlast_dictionaries() {
    let item = |text: &str| Part::provider_item("bedrock", Json::parse(text).unwrap());
    let mut marked = item(r#"{"type": "text", "x":  1}"#);
    marked.extra.insert("signed_by", Json::string("bedrock"));
    marked.cache = Some(CacheBreakpoint { lifetime: Some(CacheLifetime::OneHour) });
    let result = ToolResult {
        tool_call_id: "c".into(),
        name: None,
        content: vec![item(r#"{"json":{"a": 1}}"#), Part::text("x")],
        is_error: None,
    };
    for message in [
        Message::new(Role::Assistant, vec![item("7"), item("\"plain\""), marked]),
        Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))]),
    ] {
        let kept = message_dicts::encode_message(&message);
        let read = message_dicts::decode_messages(kept.value(), "message").unwrap();
        assert_eq!(read, [message], "{kept:?}");
    }
    for broken in [r#"{"type":"provider_item","item":1}"#, r#"{"type":"provider_item","dialect":"bedrock"}"#]
    {
        let message = format!(r#"{{"role":"user","content":[{broken}]}}"#);
        let error = message_dicts::decode_messages(Json::parse(&message).unwrap().value(), "message");
        assert!(error.unwrap_err().to_string().starts_with("message.content[0]: expected"), "{broken}");
    }
}

/// Two formats have a part of this name.
#[test]
fn a_name_that_two_formats_have_is_told_by_what_the_part_holds() {
    for (format, raw) in [
        ("openai-responses", r#"{"type":"compaction","id":"cmp_1","encrypted_content":"x"}"#),
        ("anthropic", r#"{"type":"compaction","content":"So far: nothing."}"#),
    ] {
        let request = asked(format, raw);
        assert_eq!(request.messages[2].content[0], Part::provider_item(format, Json::parse(raw).unwrap()));
    }
}

fn items(message: &Message) -> Vec<(String, String)> {
    fn add(parts: &[Part], found: &mut Vec<(String, String)>) {
        for part in parts {
            match &part.kind {
                PartKind::ProviderItem { dialect, item } => {
                    found.push((dialect.to_string(), item.text().to_owned()));
                }
                PartKind::Unknown(whole) => panic!("a decoder marks what it keeps: {whole:?}"),
                PartKind::ToolResult(result) => add(&result.content, found),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    add(&message.content, &mut found);
    found
}

/// Every recorded answer and stream: what its decoder keeps whole has the format's mark, comes back from a dictionary, and
/// from the format's own server, plain and streamed.
#[test]
fn decoders_mark_what_they_keep() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire");
    let mut marked = BTreeSet::new();
    for dialect in registry::all() {
        let Ok(files) = fs::read_dir(folder.join(dialect.name())) else { continue };
        for file in files.map(|file| file.unwrap().path()) {
            let body = fs::read(&file).unwrap();
            let mut decoder = dialect.stream_decoder(StreamLimits::default());
            let mut events = Vec::new();
            _ = decoder.push(&body, &mut events).and_then(|()| decoder.finish(&mut events));
            for response in
                [Some(accumulate(&events)), dialect.decode_response(&body).ok()].into_iter().flatten()
            {
                for choice in &response.choices {
                    let found = items(&choice.message);
                    for (mark, _) in &found {
                        assert_eq!(mark, format_of(dialect.name()), "{}", file.display());
                        marked.insert(mark.clone());
                    }
                    let kept = message_dicts::encode_message(&choice.message);
                    let read = message_dicts::decode_messages(kept.value(), "message").unwrap();
                    let again: Vec<_> = read.iter().flat_map(items).collect();
                    assert_eq!(again, found, "{}", file.display());
                    let mut encoder = dialect.stream_encoder(&Request::default());
                    let mut streamed = Vec::new();
                    let events = replay(&response, |text| vec![text]);
                    events.iter().for_each(|event| encoder.push(event, &mut streamed));
                    let whole = accumulate(&events);
                    assert_eq!(items(&whole.choices[0].message), items(&response.choices[0].message));
                }
            }
        }
    }
    let expected = ["anthropic", "bedrock", "gemini", "openai-responses"];
    assert!(expected.iter().all(|format| marked.contains(*format)), "{marked:?}");
}

/// A call without a name in the model, which a server reads, is of the server's format as well.
#[test]
fn requests_are_marked_as_answers_are() {
    for (name, request) in [
        (
            "cohere",
            r#"{"model":"m","messages":[{"role":"assistant","tool_calls":[{"type":"new"}]},{"role":"user","content":[{"type":"new"}]}]}"#,
        ),
        (
            "openai-chat",
            r#"{"model":"m","messages":[{"role":"assistant","tool_calls":[{"type":"new"}]},{"role":"user","content":[{"type":"new"}]}]}"#,
        ),
        (
            "anthropic",
            r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"new"},{"type":"new"}]}]}"#,
        ),
        (
            "openai-responses",
            r#"{"model":"m","input":[{"type":"new"},{"role":"user","content":[{"type":"new"}]}]}"#,
        ),
        ("gemini", r#"{"contents":[{"role":"user","parts":[{"new":1},{"new":2}]}]}"#),
        ("bedrock", r#"{"messages":[{"role":"user","content":[{"new":1},{"new":2}]}]}"#),
        ("ollama", r#"{"model":"m","messages":[{"role":"assistant","content":"a","tool_calls":[7, 8]}]}"#),
    ] {
        let read = registry::find(name).unwrap().decode_request(request.as_bytes()).unwrap();
        let marks: Vec<String> = read.messages.iter().flat_map(items).map(|(mark, _)| mark).collect();
        assert_eq!(marks, [name, name], "{name}");
    }
}

/// Fields that one format alone has stand in no other's request, whoever wrote them.
#[test]
fn fields_of_one_format_stay_there() {
    let mut text = Part::text("Yes.");
    let mut call = Part::new(PartKind::ToolCall(ToolCall {
        id: "callid001".into(),
        name: "f".into(),
        arguments: "{}".into(),
        custom: false,
    }));
    for part in [&mut text, &mut call] {
        part.extra.insert("responses_item", Json::parse(r#"{"id":"it_1"}"#).unwrap());
        part.extra.insert("annotations", Json::parse(r#"[{"id":"it_1"}]"#).unwrap());
        part.extra.insert("thoughtSignature", Json::string("it_1"));
        part.extra.insert("extra_content", Json::string("it_1"));
    }
    let mut said = Message::new(Role::Assistant, vec![text, call]);
    said.extra.insert("reasoning_details", Json::parse(r#"[{"id":"it_1"}]"#).unwrap());
    let messages = vec![Message::text(Role::User, "Hi"), said, Message::text(Role::User, "Why?")];
    let request = Request { model: "m".into(), messages, max_tokens: Some(100), ..Request::default() };
    for dialect in registry::all() {
        let written = body(dialect, &request);
        let has = |name: &str| written.contains(name);
        let format = format_of(dialect.name());
        assert!(!has("responses_item"), "{written}");
        assert_eq!(has("annotations"), format == "openai-responses", "{}: {written}", dialect.name());
        assert_eq!(has("thoughtSignature\":\"it_1"), format == "gemini", "{}: {written}", dialect.name());
        assert_eq!(has("reasoning_details"), format == "openai-chat", "{}: {written}", dialect.name());
    }
}
