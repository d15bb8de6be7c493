//! Tools, calls and results.

use super::{CLAUDE, LLAMA, ask, decode, encode, field, hello, json, refused};
use ferrule_wire::json::Extra;
use ferrule_wire::model::{
    CacheBreakpoint, Message, Part, PartKind, Request, Role, Tool, ToolCall, ToolChoice, ToolKind, ToolResult,
};

fn tool(name: &str) -> Tool {
    let parameters = Some(json(r#"{"type":"object"}"#));
    Tool {
        name: name.into(),
        description: None,
        kind: ToolKind::Function { parameters, strict: None },
        cache: None,
        extra: Extra::new(),
    }
}

fn call(id: &str) -> Message {
    let call = ToolCall { id: id.into(), name: "f".into(), arguments: "{}".into(), custom: false };
    Message::new(Role::Assistant, vec![Part::new(PartKind::ToolCall(call))])
}

fn result(id: &str, is_error: Option<bool>) -> Message {
    let content = vec![Part::text("42"), Part::text("")];
    let result = ToolResult { tool_call_id: id.into(), name: Some("f".into()), content, is_error };
    Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
}

fn with_tools(model: &str, choice: Option<ToolChoice>) -> Request {
    Request { tools: vec![tool("f"), tool("g")], tool_choice: choice, ..hello(model) }
}

fn with_history(choice: Option<ToolChoice>) -> Request {
    let messages = vec![Message::text(Role::User, "u"), call("t"), result("t", None)];
    Request { messages, ..with_tools(CLAUDE, choice) }
}

const F: &str = r#"{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}"#;
const G: &str = r#"{"toolSpec":{"name":"g","inputSchema":{"json":{"type":"object"}}}}"#;

#[test]
fn choices_have_their_words() {
    for (choice, tools, written) in [
        (None, format!("{F},{G}"), ""),
        (Some(ToolChoice::Auto), format!("{F},{G}"), r#","toolChoice":{"auto":{}}"#),
        (Some(ToolChoice::Required), format!("{F},{G}"), r#","toolChoice":{"any":{}}"#),
        (Some(ToolChoice::Named("g".into())), format!("{F},{G}"), r#","toolChoice":{"tool":{"name":"g"}}"#),
        (
            Some(ToolChoice::Subset { required: true, names: vec!["g".into()] }),
            G.to_owned(),
            r#","toolChoice":{"any":{}}"#,
        ),
        (
            Some(ToolChoice::Subset { required: false, names: vec!["f".into()] }),
            F.to_owned(),
            r#","toolChoice":{"auto":{}}"#,
        ),
    ] {
        let request = with_tools(CLAUDE, choice);
        assert_eq!(field(&request, "toolConfig"), format!(r#"{{"tools":[{tools}]{written}}}"#));
    }
}

#[test]
fn no_tools_may_be_called_where_none_are_declared() {
    assert_eq!(field(&with_tools(CLAUDE, Some(ToolChoice::None)), "toolConfig"), "");
    // A conversation with calls must declare them, and then nothing forbids them.
    let request = with_history(Some(ToolChoice::None));
    assert_eq!(refused(&request), "tool_choice");
    let dropped =
        super::dialect().encode_request(&request, ferrule_wire::encode::EncodeOptions::DROP).unwrap();
    let body = String::from_utf8(dropped.body).unwrap();
    assert!(body.contains(&format!(r#""toolConfig":{{"tools":[{F},{G}]}}"#)), "{body}");
    // Where the caller declares none, the calls' names are all that is known.
    let request = Request { tools: vec![], tool_choice: None, ..with_history(None) };
    assert_eq!(
        field(&request, "toolConfig"),
        r#"{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}]}"#
    );
}

#[test]
fn one_call_at_a_time_is_claudes_own() {
    let one = |model: &str, choice| Request { parallel_tool_calls: Some(false), ..with_tools(model, choice) };
    for (choice, expected) in [
        (None, r#"{"type":"auto","disable_parallel_tool_use":true}"#),
        (Some(ToolChoice::Required), r#"{"type":"any","disable_parallel_tool_use":true}"#),
        (
            Some(ToolChoice::Named("f".into())),
            r#"{"type":"tool","name":"f","disable_parallel_tool_use":true}"#,
        ),
    ] {
        let request = one(CLAUDE, choice);
        let expected = format!(r#"{{"tool_choice":{expected}}}"#);
        assert_eq!(field(&request, "additionalModelRequestFields"), expected);
        assert_eq!(decode(&encode(&request).unwrap()), request);
    }
    assert_eq!(refused(&one(LLAMA, None)), "parallel_tool_calls");
    assert_eq!(field(&Request { parallel_tool_calls: Some(true), ..with_tools(LLAMA, None) }, "x"), "");
}

#[test]
fn tools_of_other_providers_are_refused() {
    for kind in [
        ToolKind::Custom { format: None },
        ToolKind::Hosted(json(r#"{"type":"web_search"}"#)),
        ToolKind::Hosted(json(r#"{"googleSearch":{}}"#)),
    ] {
        let request = Request { tools: vec![Tool { kind, ..tool("f") }], ..hello(CLAUDE) };
        assert_eq!(refused(&request), "tools[0]");
    }
}

#[test]
fn tools_are_strict_described_and_cached() {
    let kind = ToolKind::Function { parameters: None, strict: Some(true) };
    let first = Tool {
        description: Some("d".into()),
        cache: Some(CacheBreakpoint { lifetime: None }),
        kind,
        ..tool("f")
    };
    let request = Request {
        tools: vec![first, Tool { description: Some(String::new()), ..tool("g") }],
        ..hello(CLAUDE)
    };
    assert_eq!(
        field(&request, "toolConfig"),
        format!(
            r#"{{"tools":[{{"toolSpec":{{"name":"f","description":"d","inputSchema":{{"json":{{"type":"object","properties":{{}}}}}},"strict":true}}}},{{"cachePoint":{{"type":"default"}}}},{G}]}}"#
        )
    );
}

#[test]
fn results_come_together_with_their_status() {
    let messages = vec![
        Message::text(Role::User, "u"),
        call("a"),
        result("a", Some(true)),
        result("b", Some(false)),
        result("c", None),
        Message::text(Role::User, "and?"),
    ];
    let request = Request { messages, ..with_tools(CLAUDE, None) };
    let written = field(&request, "messages");
    let (_, last) = written.rsplit_once(r#"{"role":"user","content":"#).unwrap();
    assert_eq!(
        last,
        r#"[{"toolResult":{"toolUseId":"a","content":[{"text":"42"}],"status":"error"}},{"toolResult":{"toolUseId":"b","content":[{"text":"42"}],"status":"success"}},{"toolResult":{"toolUseId":"c","content":[{"text":"42"}]}},{"text":"and?"}]}]"#
    );
    let roles: Vec<_> =
        decode(&encode(&request).unwrap()).messages.into_iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool, Role::User]);
    let mut inside = result("a", None);
    let PartKind::ToolResult(first) = &mut inside.content[0].kind else { panic!() };
    first.content[0].cache = Some(CacheBreakpoint { lifetime: None });
    let messages = vec![Message::text(Role::User, "u"), call("a"), inside];
    assert_eq!(
        refused(&Request { messages, ..with_tools(CLAUDE, None) }),
        "messages[2].content[0].content[0].cache"
    );
}

#[test]
fn ids_fit_the_model_in_call_and_result() {
    let ids = |model: &str, id: &str| {
        let messages = vec![Message::text(Role::User, "u"), call(id), result(id, None)];
        let written = field(&Request { messages, ..with_tools(model, None) }, "messages");
        let ids: Vec<_> = written
            .split(r#""toolUseId":""#)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect();
        assert_eq!((ids.len(), &ids[0]), (2, &ids[1]), "{written}");
        ids[0].clone()
    };
    assert_eq!(ids(CLAUDE, "toolu_1"), "toolu_1");
    assert_eq!(ids(CLAUDE, ""), "call_0");
    assert!(ids(CLAUDE, "a b").starts_with("call_"));
    assert_eq!(ids("mistral.mistral-large-2407-v1:0", "toolu_1").len(), 9);
}

#[test]
fn arguments_become_an_object() {
    for (arguments, expected) in
        [("", "{}"), ("null", "{}"), (r#"{"x": 1.0}"#, r#"{"x": 1.0}"#), ("[1]", r#"{"arguments":"[1]"}"#)]
    {
        let mut said = call("t");
        let PartKind::ToolCall(first) = &mut said.content[0].kind else { panic!() };
        first.arguments = arguments.into();
        let request = ask(CLAUDE, vec![Message::text(Role::User, "u"), said]);
        let messages = field(&request, "messages");
        assert!(messages.contains(&format!(r#""input":{expected}}}}}"#)), "{messages}");
    }
}
