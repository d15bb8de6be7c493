//! Requests, and counting their tokens.

use super::strategies::request;
use super::{dialect, extra, json};
use ferrule_wire::dialect::message_dicts;
use ferrule_wire::dialect::registry::find;
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::error::Headers;
use ferrule_wire::json::Extra;
use ferrule_wire::model::*;
use ferrule_wire::operation::HttpRequest;
use proptest::prelude::*;

const REFUSE: EncodeOptions<'_> = EncodeOptions::REFUSE;

fn body(request: &Request) -> String {
    let encoded = dialect().encode_request(request, REFUSE).unwrap();
    assert_eq!(encoded.path, "/responses");
    String::from_utf8(encoded.body).unwrap()
}

fn asked(messages: Vec<Message>) -> Request {
    Request { model: "gpt-5-mini".into(), messages, ..Request::default() }
}

fn user(text: &str) -> Message {
    Message::text(Role::User, text)
}

fn call(id: &str, custom: bool) -> Part {
    let (name, arguments) = ("f".into(), "{}".into());
    Part::new(PartKind::ToolCall(ToolCall { id: id.into(), name, arguments, custom }))
}

fn result(id: &str) -> Part {
    let content = vec![Part::text("1")];
    Part::new(PartKind::ToolResult(ToolResult {
        tool_call_id: id.into(),
        name: None,
        content,
        is_error: None,
    }))
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        let encoded = dialect().encode_request(&request, REFUSE).unwrap();
        prop_assert!(encoded.dropped.is_empty());
        let mut read = dialect().decode_request(&encoded.body).unwrap();
        let mut expected = request;
        // The fields without a name in the model come back in the order of the body.
        for request in [&mut read, &mut expected] {
            let mut fields: Vec<_> =
                request.extra.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            request.extra = fields.into_iter().collect();
        }
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn the_prompt_is_counted_as_it_was_written(request in request()) {
        let counting = dialect().operations().token_counting.unwrap();
        let encoded = counting.encode_request(&request, REFUSE).unwrap();
        prop_assert_eq!(encoded.path, "/responses/input_tokens");
        let read = counting.decode_request(HttpRequest::json(&encoded.body)).unwrap();
        prop_assert_eq!(&read.messages, &request.messages);
        prop_assert_eq!(&read.tools, &request.tools);
        prop_assert_eq!((read.max_tokens, read.stream, read.extra.get("store")), (None, false, None));
        prop_assert_eq!(read.extra.get("previous_response_id"), request.extra.get("previous_response_id"));
    }
}

#[test]
fn tokens_are_counted() {
    let counting = dialect().operations().token_counting.unwrap();
    let body = counting.encode_response(&7, HttpRequest::default()).body;
    assert_eq!(std::str::from_utf8(&body).unwrap(), r#"{"object":"response.input_tokens","input_tokens":7}"#);
    assert_eq!(counting.decode_response(Headers::default(), &body).unwrap(), 7);
    assert!(counting.decode_response(Headers::default(), br#"{"error":{"message":"no"}}"#).is_err());
}

#[test]
fn a_plain_request_is_written_plainly() {
    let mut request = asked(vec![Message::text(Role::System, "Be brief."), user("Hi")]);
    request.response_format = Some(ResponseFormat::JsonSchema {
        name: None,
        description: None,
        schema: json(r#"{"type":"object","properties":{},"additionalProperties":false,"required":[]}"#),
        strict: Some(true),
    });
    request.reasoning = Some(ReasoningRequest {
        effort: Some(Effort::Low),
        display: Some("summarized".into()),
        ..ReasoningRequest::default()
    });
    request.extra = extra("text", r#"{"verbosity":"low"}"#);
    request.max_tokens = Some(100);
    request.stream = true;
    assert_eq!(
        body(&request),
        r#"{"model":"gpt-5-mini","instructions":"Be brief.","input":[{"role":"user","content":"Hi"}],"reasoning":{"effort":"low","summary":"auto"},"text":{"format":{"type":"json_schema","name":"response","schema":{"type":"object","properties":{},"additionalProperties":false,"required":[]},"strict":true},"verbosity":"low"},"max_output_tokens":100,"stream":true}"#
    );
}

#[test]
fn reasoning_goes_back_right_before_what_it_led_to() {
    let answer = br#"{"id":"resp_1","status":"completed","model":"m","output":[
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"gAAA"},
        {"type":"message","id":"msg_1","role":"assistant","status":"completed","phase":"commentary","content":[{"type":"output_text","text":"Look.","annotations":[]}]},
        {"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gBBB"},
        {"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{}","status":"completed"}]}"#;
    let answer = dialect().decode_response(answer).unwrap();
    let said = answer.choices[0].message.clone();
    // A program that keeps the history as JSON has all of it.
    let kept = message_dicts::encode_message(&said);
    assert_eq!(
        message_dicts::decode_messages(kept.value(), "messages").unwrap(),
        std::slice::from_ref(&said)
    );
    let request = asked(vec![user("Hi"), said, Message::new(Role::Tool, vec![result("call_1")])]);
    let written = body(&request);
    assert!(
        written.contains(concat!(
            r#""input":[{"role":"user","content":"Hi"},"#,
            r#"{"type":"reasoning","encrypted_content":"gAAA","id":"rs_1","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}]},"#,
            r#"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Look.","annotations":[]}],"id":"msg_1","phase":"commentary"},"#,
            r#"{"type":"reasoning","summary":[],"encrypted_content":"gBBB","id":"rs_2"},"#,
            r#"{"type":"function_call","call_id":"call_1","name":"f","arguments":"{}","id":"fc_1"},"#,
            r#"{"type":"function_call_output","call_id":"call_1","output":"1"}]"#
        )),
        "{written}"
    );
    // Other dialects have no place for what the items say about themselves.
    for name in ["openai-chat", "anthropic"] {
        let encoded = find(name).unwrap().encode_request(&request, REFUSE).unwrap();
        let written = String::from_utf8(encoded.body).unwrap();
        assert!(!written.contains("responses_item") && !written.contains("rs_1"), "{written}");
        assert!(!written.contains("gAAA") && written.contains("Look."), "{written}");
        // A hosted tool is its provider's.
        let item = Part::provider_item("openai-responses", json(r#"{"type":"web_search_call","id":"ws_1"}"#));
        let request = asked(vec![user("Hi"), Message::new(Role::Assistant, vec![item, Part::text("So.")])]);
        let refused = find(name).unwrap().encode_request(&request, REFUSE).unwrap_err();
        assert_eq!(refused.field, "messages[1].content[0]");
        let encoded = find(name).unwrap().encode_request(&request, EncodeOptions::DROP).unwrap();
        assert_eq!(encoded.dropped, [refused]);
        assert!(!String::from_utf8(encoded.body).unwrap().contains("web_search_call"));
    }
}

#[test]
fn reasoning_of_others_and_without_what_follows_is_left_out() {
    let reasoning = |extra| Part {
        extra,
        ..Part::new(PartKind::Reasoning(Reasoning { text: "hm".into(), signature: Some("s".into()) }))
    };
    let foreign = Message::new(Role::Assistant, vec![reasoning(Extra::new()), Part::text("So.")]);
    let own = extra("responses_item", r#"{"id":"rs_1"}"#);
    let cut = Message::new(Role::Assistant, vec![Part::text("So."), reasoning(own)]);
    for message in [foreign, cut] {
        let written = body(&asked(vec![message]));
        assert!(!written.contains("reasoning") && written.contains("So."), "{written}");
    }
}

#[test]
fn a_conversation_goes_on_where_the_provider_has_it() {
    let request = br#"{"model":"gpt-5-mini","previous_response_id":"resp_1","store":true,
        "input":[{"type":"custom_tool_call_output","call_id":"call_1","output":"1"},
                 {"type":"function_call_output","call_id":"call_2","output":[{"type":"input_image","image_url":"https://e.org/a.png"}],"status":"completed"}]}"#;
    let read = dialect().decode_request(request).unwrap();
    // The items before are the provider's: nothing stands for them.
    assert_eq!(read.messages.len(), 1);
    assert_eq!(read.messages[0].role, Role::Tool);
    assert_eq!(read.extra.get("previous_response_id").unwrap().text(), "\"resp_1\"");
    let written = body(&read);
    assert!(
        written.contains(r#"{"call_id":"call_1","output":"1","type":"custom_tool_call_output"}"#),
        "{written}"
    );
    assert!(
        written.contains(r#"{"type":"function_call_output","call_id":"call_2","output":[{"#),
        "{written}"
    );
    assert!(written.contains(r#""previous_response_id":"resp_1""#) && written.contains(r#""store":true"#));
    assert_eq!(dialect().decode_request(written.as_bytes()).unwrap(), read);
    // Nothing at all may follow.
    let bare = Request { extra: extra("previous_response_id", "\"resp_1\""), ..asked(vec![]) };
    assert_eq!(body(&bare), r#"{"model":"gpt-5-mini","input":[],"previous_response_id":"resp_1"}"#);
}

#[test]
fn what_is_not_stored_comes_encrypted() {
    for (model, store, include, expected) in [
        ("gpt-5-mini", "false", None, Some(r#"["reasoning.encrypted_content"]"#)),
        ("openai/o4-mini", "false", None, Some(r#"["reasoning.encrypted_content"]"#)),
        ("gpt-4.1", "false", None, None),
        ("gpt-5-chat-latest", "false", None, None),
        ("gpt-5-mini", "true", None, None),
        ("gpt-5-mini", "false", Some(r#"["a"]"#), Some(r#"["a","reasoning.encrypted_content"]"#)),
        (
            "gpt-5-mini",
            "false",
            Some(r#"["reasoning.encrypted_content","a"]"#),
            Some(r#"["reasoning.encrypted_content","a"]"#),
        ),
        ("gpt-5-mini", "false", Some("7"), Some("7")),
    ] {
        let mut request = asked(vec![user("Hi")]);
        request.model = model.into();
        request.extra = extra("store", store);
        if let Some(include) = include {
            request.extra.insert("include", json(include));
        }
        let written = json(&body(&request));
        let include =
            written.value().object().unwrap().get("include").map(|include| include.text().to_owned());
        assert_eq!(include.as_deref(), expected, "{model} {store}");
    }
    let request = Request { logprobs: Some(true), ..asked(vec![]) };
    assert!(body(&request).contains(r#""include":["message.output_text.logprobs"]"#));
}

#[test]
fn results_have_the_type_of_their_calls_and_ids_are_given() {
    let turn = Message::new(Role::Assistant, vec![call("", false), call("b", true)]);
    let results = Message::new(Role::Tool, vec![result(""), result("b")]);
    let written = body(&asked(vec![turn, results]));
    assert!(
        written.contains(r#"{"type":"function_call","call_id":"call_0","name":"f","arguments":"{}"}"#),
        "{written}"
    );
    assert!(
        written.contains(r#"{"type":"function_call_output","call_id":"call_0","output":"1"}"#),
        "{written}"
    );
    assert!(
        written.contains(r#"{"type":"custom_tool_call","call_id":"b","name":"f","input":"{}"}"#),
        "{written}"
    );
    assert!(
        written.contains(r#"{"type":"custom_tool_call_output","call_id":"b","output":"1"}"#),
        "{written}"
    );
}

#[test]
fn what_cannot_be_carried_is_refused_or_named() {
    let audio = Source::Base64 { media_type: "audio/wav".into(), data: "AA==".into() };
    let block = r#"{"type":"server_tool_use","id":"s"}"#;
    let hosted = ToolKind::Hosted(json(r#"{"type":"web_search_20250305","name":"web_search"}"#));
    let request = Request {
        messages: vec![
            Message { name: Some("n".into()), ..user("Hi") },
            Message::new(
                Role::User,
                vec![Part::new(PartKind::Audio(Audio { source: audio })), Part::text("x")],
            ),
            Message {
                extra: extra("audio", r#"{"id":"a"}"#),
                ..Message::new(
                    Role::Assistant,
                    vec![
                        Part::new(PartKind::RedactedReasoning { data: "d".into() }),
                        Part::provider_item("anthropic", json(block)),
                        Part { cache: Some(CacheBreakpoint { lifetime: None }), ..Part::text("y") },
                    ],
                )
            },
            Message::new(Role::Tool, vec![Part::text("z")]),
        ],
        tools: vec![Tool {
            name: String::new(),
            description: None,
            kind: hosted,
            cache: None,
            extra: Extra::new(),
        }],
        reasoning: Some(ReasoningRequest { budget_tokens: Some(1), ..ReasoningRequest::default() }),
        top_k: Some(1),
        frequency_penalty: Some(0.5),
        presence_penalty: Some(0.5),
        stop: vec!["s".into()],
        seed: Some(1),
        n: Some(2),
        ..asked(vec![])
    };
    let encoded = dialect().encode_request(&request, EncodeOptions::DROP).unwrap();
    let fields: Vec<&str> = encoded.dropped.iter().map(|dropped| dropped.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "reasoning.budget_tokens",
            "top_k",
            "frequency_penalty",
            "presence_penalty",
            "stop",
            "seed",
            "n",
            "messages[0].name",
            "messages[1].content[0]",
            "messages[2].audio",
            "messages[2].content[0]",
            "messages[2].content[1]",
            "messages[2].content[2].cache",
            "messages[3].content[0]",
            "tools[0]",
        ]
    );
    assert_eq!(
        String::from_utf8(encoded.body).unwrap(),
        r#"{"model":"gpt-5-mini","input":[{"role":"user","content":"Hi"},{"role":"user","content":[{"type":"input_text","text":"x"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"y","annotations":[]}]}]}"#
            .replace(r#"[{"type":"input_text","text":"x"}]"#, "\"x\"")
    );
    let refused = dialect().encode_request(&request, REFUSE).unwrap_err();
    assert_eq!((refused.field.as_str(), refused.dialect), ("reasoning.budget_tokens", "openai-responses"));
    // Neutral values ask for nothing.
    let neutral = Request { n: Some(1), frequency_penalty: Some(0.0), ..asked(vec![]) };
    assert_eq!(body(&neutral), r#"{"model":"gpt-5-mini","input":[]}"#);
}

#[test]
fn requests_are_read_in_every_form() {
    let read = |input: &str| {
        dialect()
            .decode_request(format!(r#"{{"model":"m","input":{input}}}"#).as_bytes())
            .map(|it| it.messages)
    };
    assert_eq!(read("\"Hi\"").unwrap(), [user("Hi")]);
    assert_eq!(
        read(r#"[{"role":"user","content":[{"type":"input_text","text":"Hi"}]}]"#).unwrap(),
        [user("Hi")]
    );
    assert_eq!(read(r#"[{"type":"message","role":"user","content":"Hi"}]"#).unwrap(), [user("Hi")]);
    let said = Message::text(Role::Assistant, "Yo");
    assert_eq!(read(r#"[{"role":"assistant","content":"Yo"}]"#).unwrap(), std::slice::from_ref(&said));
    assert_eq!(
        read(r#"[{"type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[],"logprobs":[]}]}]"#)
            .unwrap(),
        [said]
    );
    let reference = read(r#"[{"type":"item_reference","id":"msg_1"}]"#).unwrap();
    assert!(matches!(reference[0].content[0].kind, PartKind::ProviderItem { .. }));
    assert!(body(&asked(reference)).contains(r#"[{"type":"item_reference","id":"msg_1"}]"#));
    for (input, place) in [
        ("7", "input: expected"),
        ("[7]", "input[0]: expected an object"),
        ("[{}]", "input[0].role"),
        (r#"[{"role":"user","content":[{"type":"input_text"}]}]"#, "input[0].content[0].text"),
        (r#"[{"role":"user","content":7}]"#, "input[0].content"),
        (r#"[{"type":"function_call_output","output":"x"}]"#, "input[0].call_id"),
        (r#"[{"type":"function_call_output","call_id":"c","output":7}]"#, "input[0].output"),
    ] {
        let error = read(input).unwrap_err().to_string();
        assert!(error.starts_with(place), "{input}: {error}");
    }
    let error = dialect().decode_request(br#"{"model":"m","tools":[{"type":"function"}]}"#).unwrap_err();
    assert!(error.to_string().starts_with("tools[0].name"), "{error}");
}

#[test]
fn addresses_say_what_is_asked() {
    use ferrule_wire::operation::OperationKind;
    for (path, operation) in [
        ("/v1/responses", Some(OperationKind::Chat)),
        ("/openai/v1/responses/input_tokens", Some(OperationKind::TokenCounting)),
        ("/v1/models", Some(OperationKind::ModelListing)),
        ("/v1/chat/completions", None),
    ] {
        assert_eq!(dialect().endpoint(path).map(|endpoint| endpoint.operation), operation, "{path}");
    }
    assert!(find("openai-responses").is_some());
}
