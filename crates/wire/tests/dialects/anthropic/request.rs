//! Requests.

use super::dialect;
use super::strategies::request;
use ferrule_wire::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use ferrule_wire::json::{Extra, Json};
use ferrule_wire::model::{
    Audio, CacheBreakpoint, CacheLifetime, Effort, Image, Message, Part, PartKind, Reasoning,
    ReasoningRequest, Request, ResponseFormat, Role, Source, Tool, ToolCall, ToolChoice, ToolKind,
    ToolResult,
};
use proptest::prelude::*;

const REFUSE: EncodeOptions<'_> = EncodeOptions::REFUSE;
const DROP: EncodeOptions<'_> = EncodeOptions::DROP;

fn encode(request: &Request) -> Result<EncodedRequest, UnsupportedField> {
    dialect().encode_request(request, REFUSE)
}

fn body(request: &Request) -> String {
    String::from_utf8(encode(request).unwrap().body).unwrap()
}

fn decode(body: &str) -> Request {
    dialect().decode_request(body.as_bytes()).unwrap()
}

fn ask(messages: Vec<Message>) -> Request {
    Request { model: "claude-opus-4-6".into(), messages, max_tokens: Some(10), ..Request::default() }
}

fn hello() -> Request {
    ask(vec![Message::text(Role::User, "hi")])
}

/// What follows `hello()`'s own fields in the body.
fn beyond_hello(request: &Request) -> String {
    let own = r#"{"model":"claude-opus-4-6","max_tokens":10,"messages":[{"role":"user","content":"hi"}]"#;
    body(request).strip_prefix(own).unwrap().to_owned()
}

fn messages_of(request: &Request) -> String {
    let body = body(request);
    let fields = ferrule_wire::json::Fields::parse(body.as_bytes()).unwrap();
    fields.get("messages").unwrap().text().to_owned()
}

proptest! {
    #[test]
    fn a_request_is_read_back_as_it_was_written(request in request()) {
        let encoded = encode(&request).unwrap();
        prop_assert_eq!(&encoded.dropped, &[]);
        prop_assert_eq!(dialect().decode_request(&encoded.body), Ok(request));
    }
}

#[test]
fn path_and_version() {
    let encoded = encode(&hello()).unwrap();
    assert_eq!(encoded.path, "/v1/messages");
    assert_eq!(encoded.headers, [("anthropic-version", "2023-06-01".to_owned())]);
}

#[test]
fn max_tokens_has_a_default_and_is_raised_above_a_budget() {
    let request = Request { max_tokens: None, ..hello() };
    assert_eq!(decode(&body(&request)).max_tokens, Some(4096));
    let reasoning = Some(ReasoningRequest { budget_tokens: Some(9000), ..ReasoningRequest::default() });
    for (max_tokens, expected) in
        [(None, 13_096), (Some(9000), 13_096), (Some(100), 9100), (Some(9001), 9001)]
    {
        let request = Request { max_tokens, reasoning: reasoning.clone(), ..hello() };
        assert_eq!(decode(&body(&request)).max_tokens, Some(expected));
    }
}

#[test]
fn leading_system_text_stands_beside_the_messages() {
    let request = ask(vec![
        Message::text(Role::System, "a"),
        Message::text(Role::Developer, "b"),
        Message::text(Role::User, "hi"),
        Message::text(Role::System, "c"),
    ]);
    let expected = r#"{"model":"claude-opus-4-6","max_tokens":10,"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"messages":[{"role":"user","content":"hi"},{"role":"system","content":"c"}]}"#;
    assert_eq!(body(&request), expected);
    let one = ask(vec![Message::text(Role::Developer, "a"), Message::text(Role::User, "hi")]);
    assert!(body(&one).contains(r#""system":"a","messages":"#));
}

fn result(id: &str) -> Part {
    Part::new(PartKind::ToolResult(ToolResult {
        tool_call_id: id.into(),
        name: Some("f".into()),
        content: vec![Part::text("42")],
        is_error: None,
    }))
}

#[test]
fn results_of_tools_come_together_and_first() {
    let request = ask(vec![
        Message::new(Role::Tool, vec![result("a")]),
        Message::new(Role::Tool, vec![result("b")]),
        Message::text(Role::User, "and?"),
        Message::text(Role::User, "well?"),
    ]);
    let written = r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"42"},{"type":"tool_result","tool_use_id":"b","content":"42"},{"type":"text","text":"and?"}]},{"role":"user","content":"well?"}]"#;
    assert_eq!(messages_of(&request), written);
    let roles: Vec<_> = decode(&body(&request)).messages.into_iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::Tool, Role::User, Role::User]);
}

#[test]
fn arguments_become_an_object() {
    let written = |arguments: &str| {
        let call = ToolCall { id: "t".into(), name: "f".into(), arguments: arguments.into(), custom: false };
        let messages =
            messages_of(&ask(vec![Message::new(Role::Assistant, vec![Part::new(PartKind::ToolCall(call))])]));
        let (_, input) = messages.split_once(r#""input":"#).unwrap();
        input.strip_suffix("}]}]").unwrap().to_owned()
    };
    assert_eq!(written(r#"{"x": 1.0}"#), r#"{"x": 1.0}"#);
    for empty in ["", "{}", "null", "\"\"", " "] {
        assert_eq!(written(empty), "{}");
    }
    assert_eq!(written(r#"{"x":"#), r#"{"arguments":"{\"x\":"}"#);
    assert_eq!(written("[1]"), r#"{"arguments":"[1]"}"#);
    assert_eq!(written("say hi"), r#"{"arguments":"say hi"}"#);
}

fn thought(signature: Option<&str>) -> Part {
    Part::new(PartKind::Reasoning(Reasoning { text: "hm".into(), signature: signature.map(Into::into) }))
}

#[test]
fn thoughts_of_other_providers_are_left_out() {
    let said = |content| messages_of(&ask(vec![Message::new(Role::Assistant, content)]));
    assert_eq!(
        said(vec![thought(Some("s")), Part::text("x")]),
        r#"[{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"x"}]}]"#
    );
    assert_eq!(said(vec![thought(None), Part::text("x")]), r#"[{"role":"assistant","content":"x"}]"#);
    assert_eq!(said(vec![thought(None)]), r#"[{"role":"assistant","content":"hm"}]"#);
    let redacted = Part::new(PartKind::RedactedReasoning { data: "d".into() });
    assert_eq!(
        said(vec![redacted, Part::new(PartKind::Refusal("No.".into()))]),
        r#"[{"role":"assistant","content":[{"type":"redacted_thinking","data":"d"},{"type":"text","text":"No."}]}]"#
    );
}

fn function(name: &str) -> Tool {
    Tool {
        name: name.into(),
        description: None,
        kind: ToolKind::Function { parameters: None, strict: None },
        cache: None,
        extra: Extra::new(),
    }
}

#[test]
fn every_choice_of_tools() {
    let (f, g) = (function("f"), function("g"));
    let written = |tool_choice: Option<ToolChoice>, parallel_tool_calls| {
        let tools = vec![f.clone(), g.clone()];
        beyond_hello(&Request { tools, tool_choice, parallel_tool_calls, ..hello() })
    };
    let schema = r#""input_schema":{"type":"object","properties":{}}"#;
    let one = format!(r#","tools":[{{"name":"f",{schema}}}]"#);
    let both = format!(r#","tools":[{{"name":"f",{schema}}},{{"name":"g",{schema}}}]"#);
    let subset = |required| Some(ToolChoice::Subset { required, names: vec!["f".into()] });
    for (choice, parallel, tools, expected) in [
        (None, None, &both, ""),
        (Some(ToolChoice::Auto), None, &both, r#","tool_choice":{"type":"auto"}"#),
        (Some(ToolChoice::Required), None, &both, r#","tool_choice":{"type":"any"}"#),
        (Some(ToolChoice::None), Some(false), &both, r#","tool_choice":{"type":"none"}"#),
        (Some(ToolChoice::Named("g".into())), None, &both, r#","tool_choice":{"type":"tool","name":"g"}"#),
        (subset(true), None, &one, r#","tool_choice":{"type":"any"}"#),
        (subset(false), None, &one, r#","tool_choice":{"type":"auto"}"#),
        (None, Some(false), &both, r#","tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#),
        (
            Some(ToolChoice::Required),
            Some(true),
            &both,
            r#","tool_choice":{"type":"any","disable_parallel_tool_use":false}"#,
        ),
    ] {
        assert_eq!(written(choice, parallel), format!("{tools}{expected}}}"));
    }
}

#[test]
fn reasoning_in_each_generations_words() {
    let written = |model: &str, effort: Effort| {
        let reasoning = Some(ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() });
        let body = body(&Request { model: model.into(), reasoning, max_tokens: Some(50_000), ..hello() });
        body.split_once(r#""content":"hi"}]"#).unwrap().1.to_owned()
    };
    for (model, effort, expected) in [
        (
            "claude-opus-4-6",
            Effort::High,
            r#","thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}"#,
        ),
        (
            "claude-sonnet-5",
            Effort::Minimal,
            r#","thinking":{"type":"adaptive"},"output_config":{"effort":"low"}}"#,
        ),
        ("claude-sonnet-4-5", Effort::Low, r#","thinking":{"type":"enabled","budget_tokens":2048}}"#),
        ("claude-sonnet-4-5", Effort::None, r#","thinking":{"type":"disabled"}}"#),
        ("claude-3-5-haiku-latest", Effort::None, "}"),
    ] {
        assert_eq!(written(model, effort), expected, "{model}");
    }
}

#[test]
fn structured_output_keeps_what_stands_beside_it() {
    let mut request = hello();
    request.response_format = Some(ResponseFormat::JsonSchema {
        name: Some("answer".into()),
        description: None,
        schema: Json::parse(
            r#"{"type":"object","properties":{},"additionalProperties":false,"required":[]}"#,
        )
        .unwrap(),
        strict: Some(true),
    });
    request.extra.insert("output_config", Json::parse(r#"{"x_new":1}"#).unwrap());
    assert_eq!(
        beyond_hello(&request),
        r#","output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{},"additionalProperties":false,"required":[]}},"x_new":1}}"#
    );
}

#[test]
fn the_callers_own_fields_win() {
    let mut request = Request { stream: true, ..hello() };
    request.reasoning = Some(ReasoningRequest { budget_tokens: Some(5), ..ReasoningRequest::default() });
    request.max_tokens = Some(10);
    request.extra.insert("thinking", Json::parse(r#"{"type":"between_tools"}"#).unwrap());
    request.extra.insert("stream", Json::parse("false").unwrap());
    assert_eq!(beyond_hello(&request), r#","thinking":{"type":"between_tools"},"stream":false}"#);
}

#[test]
fn the_user_may_be_named_in_either_place() {
    let expected = r#","metadata":{"user_id":"u"}}"#;
    let user = Request { user: Some("u".into()), ..hello() };
    let label = Request { metadata: vec![("user_id".into(), "u".into())], ..hello() };
    let both = Request { user: Some("u".into()), ..label.clone() };
    for request in [user, label.clone(), both] {
        assert_eq!(beyond_hello(&request), expected);
    }
    let two = Request { user: Some("v".into()), ..label };
    assert_eq!(encode(&two).unwrap_err().field, "provider_metadata.user_id");
}

fn with_part(kind: PartKind) -> Request {
    ask(vec![Message::new(Role::User, vec![Part::text("hi"), Part::new(kind)])])
}

fn picture(source: Source, detail: Option<&str>) -> PartKind {
    PartKind::Image(Image { source, detail: detail.map(Into::into) })
}

#[test]
fn what_cannot_be_carried_is_named_or_dropped() {
    let sound = || PartKind::Audio(Audio { source: Source::File { id: "a".into() } });
    let url = || Source::Url("https://example.org/a.png".into());
    let thinking = || Some(ReasoningRequest { effort: Some(Effort::High), ..ReasoningRequest::default() });
    let marked = Part { cache: Some(CacheBreakpoint { lifetime: None }), ..thought(Some("s")) };
    let mut named = hello();
    named.messages[0].name = Some("Ann".into());
    let mut system = ask(vec![Message::text(Role::System, "a"), Message::text(Role::User, "hi")]);
    system.messages[0].extra.insert("x", Json::parse("1").unwrap());
    let free = Tool { kind: ToolKind::Custom { format: None }, ..function("f") };
    let nested = ToolResult {
        tool_call_id: "t".into(),
        name: None,
        content: vec![Part::new(sound())],
        is_error: None,
    };
    let newest = Request { model: "claude-opus-4-7".into(), ..hello() };
    let schema = ResponseFormat::JsonSchema {
        name: None,
        description: Some("x".into()),
        schema: Json::parse("{}").unwrap(),
        strict: None,
    };
    for (request, field) in [
        (Request { seed: Some(1), ..hello() }, "seed"),
        (Request { n: Some(2), ..hello() }, "n"),
        (Request { logprobs: Some(true), ..hello() }, "logprobs"),
        (Request { top_logprobs: Some(2), ..hello() }, "top_logprobs"),
        (Request { frequency_penalty: Some(0.5), ..hello() }, "frequency_penalty"),
        (Request { presence_penalty: Some(-0.5), ..hello() }, "presence_penalty"),
        (Request { metadata: vec![("team".into(), "x".into())], ..hello() }, "provider_metadata.team"),
        (Request { response_format: Some(ResponseFormat::Json), ..hello() }, "response_format"),
        (Request { response_format: Some(schema), ..hello() }, "response_format.description"),
        (Request { temperature: Some(1.5), ..hello() }, "temperature"),
        (Request { temperature: Some(0.5), ..newest.clone() }, "temperature"),
        (Request { top_p: Some(0.5), ..newest.clone() }, "top_p"),
        (Request { top_k: Some(5), ..newest }, "top_k"),
        (Request { model: "claude-3-5-haiku-latest".into(), reasoning: thinking(), ..hello() }, "reasoning"),
        (Request { tools: vec![free], ..hello() }, "tools[0]"),
        (with_part(sound()), "messages[0].content[1]"),
        (with_part(PartKind::ToolResult(nested)), "messages[0].content[1].content[0]"),
        (with_part(picture(url(), Some("high"))), "messages[0].content[1].detail"),
        (
            with_part(picture(Source::Text { media_type: "text/plain".into(), text: "x".into() }, None)),
            "messages[0].content[1]",
        ),
        (ask(vec![Message::new(Role::Assistant, vec![marked])]), "messages[0].content[0].cache"),
        (named, "messages[0].name"),
        (system, "messages[0].extra"),
    ] {
        let error = encode(&request).unwrap_err();
        assert_eq!((error.field.as_str(), error.dialect), (field, "anthropic"));
        assert!(!error.reason.is_empty());
        let dropped = dialect().encode_request(&request, DROP).unwrap();
        assert_eq!(dropped.dropped, [error], "{field}");
        // What is left can be carried.
        let left = dialect().decode_request(&dropped.body).unwrap();
        assert_eq!(decode(&body(&left)), left, "{field}");
    }
}

#[test]
fn neutral_settings_are_no_reason_to_refuse() {
    let request = Request {
        n: Some(1),
        logprobs: Some(false),
        top_logprobs: Some(0),
        frequency_penalty: Some(0.0),
        presence_penalty: Some(0.0),
        response_format: Some(ResponseFormat::Text),
        ..hello()
    };
    assert_eq!(beyond_hello(&request), "}");
    let auto = with_part(picture(Source::Url("u".into()), Some("auto")));
    assert!(body(&auto).contains(r#"{"type":"image","source":{"type":"url","url":"u"}}"#));
}

#[test]
fn breakpoints_of_the_cache_at_every_place() {
    let cache = |lifetime| Some(CacheBreakpoint { lifetime });
    let mut request = ask(vec![
        Message::new(
            Role::System,
            vec![Part { cache: cache(Some(CacheLifetime::OneHour)), ..Part::text("a") }],
        ),
        Message::new(
            Role::User,
            vec![Part { cache: cache(Some(CacheLifetime::FiveMinutes)), ..Part::text("hi") }],
        ),
    ]);
    request.tools = vec![Tool { cache: cache(None), ..function("f") }];
    request.cache = cache(None);
    let expected = r#"{"model":"claude-opus-4-6","max_tokens":10,"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral","ttl":"5m"}}]}],"tools":[{"name":"f","input_schema":{"type":"object","properties":{}},"cache_control":{"type":"ephemeral"}}],"cache_control":{"type":"ephemeral"}}"#;
    assert_eq!(body(&request), expected);
    assert_eq!(decode(expected), request);
}

#[test]
fn a_server_reads_leniently_and_says_what_is_missing() {
    for (body, expected) in [
        ("[]", "expected a JSON object"),
        (r#"{"max_tokens":1,"messages":[]}"#, "model: Field required"),
        (r#"{"model":"m","messages":[]}"#, "max_tokens: Field required"),
        (r#"{"model":"m","max_tokens":1}"#, "messages: Field required"),
        (r#"{"model":"m","max_tokens":1,"messages":[7]}"#, "messages.0: Field required"),
        (r#"{"model":"m","max_tokens":1,"messages":[{"content":"x"}]}"#, "messages.0.role: Field required"),
    ] {
        assert_eq!(dialect().decode_request(body.as_bytes()).unwrap_err().to_string(), expected);
    }
    let odd = r#"{"model":"m","max_tokens":"x","messages":[{"role":"user","content":7}],"temperature":"hot","stop_sequences":[1],"thinking":{"type":"between_tools"},"cache_control":{"type":"ephemeral","x":1},"stream":"yes"}"#;
    let request = decode(odd);
    assert_eq!(request.messages[0].extra.get("content").unwrap().text(), "7");
    for name in ["max_tokens", "temperature", "stop_sequences", "thinking", "cache_control", "stream"] {
        assert!(request.extra.get(name).is_some(), "{name}");
    }
    assert_eq!(decode(&body(&request)), request);
}

#[test]
fn a_turn_that_opens_with_results_is_two_messages() {
    let request = decode(
        r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"},{"type":"text","text":"x"},{"type":"tool_result","tool_use_id":"b","content":[{"type":"image","source":{"type":"file","file_id":"f"}}],"is_error":true}]},{"role":"user","content":[{"type":"text","text":"y"},{"type":"tool_result","tool_use_id":"c"}]}]}"#,
    );
    let shape: Vec<_> =
        request.messages.iter().map(|message| (message.role.clone(), message.content.len())).collect();
    assert_eq!(shape, [(Role::Tool, 2), (Role::User, 1), (Role::User, 2)]);
    let PartKind::ToolResult(result) = &request.messages[0].content[1].kind else { panic!() };
    assert_eq!((result.is_error, result.content.len()), (Some(true), 1));
}

#[test]
fn a_schema_that_need_not_be_followed_is_refused_by_name() {
    let format = |strict| ResponseFormat::JsonSchema {
        name: None,
        description: None,
        schema: Json::parse("{}").unwrap(),
        strict,
    };
    let encode = |strict| {
        let request =
            Request { model: "m".into(), response_format: Some(format(strict)), ..Request::default() };
        dialect().encode_request(&request, EncodeOptions::REFUSE)
    };
    assert!(encode(Some(true)).is_ok() && encode(None).is_ok());
    assert_eq!(encode(Some(false)).unwrap_err().field, "response_format.strict");
}
