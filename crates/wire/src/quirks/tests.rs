//! Tests of flags that no built-in provider shows by itself, and of what they have in common.

use super::*;
use crate::dialect::{Dialect, StreamDecoder, openai_chat::OpenAiChat};
use crate::encode::EncodeOptions;
use crate::framing::{StreamError, StreamLimits};
use crate::json::Json;
use crate::model::*;
use std::{string::ToString, vec, vec::Vec};

fn quirks(json: &str) -> Quirks {
    serde_json::from_str::<Quirks>(json).unwrap().with_provider_id("me")
}

fn body(request: &Request, quirks: &Quirks) -> String {
    let options = EncodeOptions { drop_unsupported: false, quirks };
    String::from_utf8(OpenAiChat.encode_request(request, options).unwrap().body).unwrap()
}

fn asked(messages: Vec<Message>) -> Request {
    Request { model: "m".into(), messages, ..Request::default() }
}

#[test]
fn flags_are_read_by_name_and_unknown_ones_named() {
    let read =
        quirks(r#"{"unsupported":["seed"],"parameters":[{"name":"a","json":"1"}],"temperature_max":1}"#);
    assert!(!read.supports(Feature::Seed) && read.supports(Feature::N));
    assert_eq!(quirks(&serde_json::to_string(&read).unwrap()), read);
    assert_eq!(Quirks::default(), Quirks::NONE);
    let error = serde_json::from_str::<Quirks>(r#"{"unsuported":[]}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `unsuported`") && error.contains("`unsupported`"), "{error}");
    assert!(serde_json::from_str::<Quirks>(r#"{"unsupported":["sede"]}"#).is_err());
}

#[test]
fn a_refusal_names_field_and_provider() {
    let request = Request { seed: Some(1), ..asked(vec![]) };
    let quirks = quirks(r#"{"unsupported":["seed"]}"#);
    let refused = OpenAiChat
        .encode_request(&request, EncodeOptions { drop_unsupported: false, quirks: &quirks })
        .unwrap_err();
    assert_eq!(refused.to_string(), "openai-chat cannot carry `seed`: me cannot make sampling repeatable");
}

#[test]
fn either_prefix_of_a_model_can_be_alone() {
    let added = quirks(r#"{"model_prefix":"a/"}"#);
    assert_eq!((&*added.model("x"), &*added.model("b/x")), ("a/x", "b/x"));
    let stripped = quirks(r#"{"model_prefix_stripped":"p/"}"#);
    assert_eq!((&*stripped.model("p/x"), &*stripped.model("x")), ("x", "x"));
    assert_eq!(Quirks::NONE.model("x"), "x");
}

#[test]
fn models_and_paths_are_the_providers() {
    let quirks =
        quirks(r#"{"model_prefix":"a/","model_prefix_stripped":"p/","path":"/d/{model}{path}?v=1"}"#);
    assert_eq!(quirks.model("x"), "a/x");
    assert_eq!(quirks.model("b/x"), "b/x");
    assert_eq!(quirks.model("p/x"), "x");
    assert_eq!(quirks.model("p/"), "p/");
    let fireworks = &crate::providers::find("fireworks").unwrap().quirks;
    assert_eq!(fireworks.model("llama"), "accounts/fireworks/models/llama");
    assert_eq!(quirks.path("/chat", "a b/é"), "/d/a%20b%2F%C3%A9/chat?v=1");
    assert_eq!(Quirks::NONE.path("/chat", "m"), "/chat");
    assert_eq!(Quirks::NONE.model("m"), "m");
}

#[test]
fn ids_are_fitted_the_same_everywhere() {
    let call = ToolCall { id: "call_abc-1".into(), name: "f".into(), arguments: "{}".into(), custom: false };
    let result = ToolResult {
        tool_call_id: "call_abc-1".into(),
        name: None,
        content: vec![Part::text("1")],
        is_error: None,
    };
    let request = asked(vec![
        Message::new(Role::Assistant, vec![Part::new(PartKind::ToolCall(call))]),
        Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))]),
    ]);
    let written = body(&request, &quirks(r#"{"tool_id_rule":"nine_alphanumeric"}"#));
    let read = OpenAiChat.decode_request(written.as_bytes()).unwrap();
    let ids: Vec<&str> = read
        .messages
        .iter()
        .flat_map(|message| &message.content)
        .filter_map(|part| match &part.kind {
            PartKind::ToolCall(call) => Some(call.id.as_str()),
            PartKind::ToolResult(result) => Some(result.tool_call_id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    assert!(tool_id::is_right(ToolIdRule::NineAlphanumeric, ids[0]), "{ids:?}");
    assert_eq!(tool_id::fit(ToolIdRule::NineAlphanumeric, "abcDEF123".into()), "abcDEF123");
}

#[test]
fn the_schema_of_an_answer_may_be_taken_whole() {
    let schema =
        Json::parse(r##"{"$defs":{"A":{}},"items":{"$ref":"#/$defs/A"},"additionalProperties":false}"##)
            .unwrap();
    let rules = r#""schema_strip":["additionalProperties"],"schema_inline":true"#;
    let for_both = quirks(&std::format!("{{{rules}}}"));
    let for_tools = quirks(&std::format!(r#"{{{rules},"answer_schema_whole":true}}"#));
    assert_eq!(schema::fit_answer(&for_both, &schema).text(), r#"{"items":{}}"#);
    assert_eq!(schema::fit_answer(&for_tools, &schema).text(), schema.text());
    assert_eq!(schema::fit(&for_tools, &schema).text(), r#"{"items":{}}"#);
}

#[test]
fn schemas_lose_keywords_and_references_but_no_names() {
    let quirks = quirks(r#"{"schema_strip":["additionalProperties"],"schema_inline":true}"#);
    let fit = |schema: &str| schema::fit(&quirks, &Json::parse(schema).unwrap()).text().to_string();
    assert_eq!(
        fit(
            r##"{"$defs":{"P":{"type":"object","additionalProperties":false}},"type":"object","properties":{"additionalProperties":{"$ref":"#/$defs/P","description":"d"},"b":{"enum":[{"additionalProperties":1}]}},"additionalProperties":false}"##
        ),
        r#"{"type":"object","properties":{"additionalProperties":{"type":"object","description":"d"},"b":{"enum":[{"additionalProperties":1}]}}}"#
    );
    // A tree needs its references.
    let tree = r##"{"$defs":{"T":{"properties":{"t":{"$ref":"#/$defs/T"}},"additionalProperties":true}},"$ref":"#/$defs/T"}"##;
    assert_eq!(
        fit(tree),
        r##"{"$defs":{"T":{"properties":{"t":{"$ref":"#/$defs/T"}}}},"$ref":"#/$defs/T"}"##
    );
    assert_eq!(fit(r##"{"$ref":"#/nowhere"}"##), r##"{"$ref":"#/nowhere"}"##);
    // What doubles with each definition is not written out.
    let mut bomb = String::from(r#"{"$defs":{"d0":{"type":"string"}"#);
    for level in 1..40 {
        bomb += &std::format!(
            r##","d{level}":{{"anyOf":[{{"$ref":"#/$defs/d{}"}},{{"$ref":"#/$defs/d{}"}}]}}"##,
            level - 1,
            level - 1
        );
    }
    bomb += r##"},"$ref":"#/$defs/d39"}"##;
    assert_eq!(fit(&bomb), bomb);
    // Nor a chain that is longer than any schema is deep.
    let mut chain = String::from(r#"{"$defs":{"d0":{}"#);
    for level in 1..20_000 {
        chain += &std::format!(r##","d{level}":{{"not":{{"$ref":"#/$defs/d{}"}}}}"##, level - 1);
    }
    chain += r##"},"$ref":"#/$defs/d19999"}"##;
    assert_eq!(fit(&chain), chain);
    assert!(matches!(schema::fit(&Quirks::NONE, &Json::parse(tree).unwrap()), Cow::Borrowed(_)));
}

#[test]
fn reasoning_goes_back_when_and_where_the_provider_wants_it() {
    let thought = |text: &str| {
        let reasoning = Reasoning { text: text.into(), signature: None };
        Message::new(Role::Assistant, vec![Part::new(PartKind::Reasoning(reasoning)), Part::text("a")])
    };
    let request = asked(vec![thought("old"), Message::text(Role::User, "u"), thought("new")]);
    let written = |flags: &str| body(&request, &quirks(flags));
    assert!(!written(r#"{"reasoning_echo":"never"}"#).contains("reasoning"));
    let same_turn = written(r#"{"reasoning_echo":"same_turn"}"#);
    assert!(same_turn.contains(r#""reasoning_content":"new""#) && !same_turn.contains("old"), "{same_turn}");
    assert!(written(r#"{"reasoning_in":["reasoning"]}"#).contains(r#""reasoning":"old""#));
    let details = written(r#"{"reasoning_in":["reasoning_details"]}"#);
    assert!(details.contains(r#""reasoning_details":[{"type":"reasoning.text","text":"old"}]"#), "{details}");
    let tags = written(r#"{"reasoning_in":["think_tags"]}"#);
    assert!(tags.contains(r#""content":"<think>\nold\n</think>\n\na""#), "{tags}");
    let parts = written(r#"{"reasoning_in":["content_parts"]}"#);
    assert!(
        parts.contains(
            r#""content":[{"type":"thinking","thinking":[{"type":"text","text":"old"}]},{"type":"text","text":"a"}]"#
        ),
        "{parts}"
    );
    assert!(written(r#"{"prefill_parameter":"prefix"}"#).ends_with(r#""prefix":true}]}"#));
}

#[test]
fn reasoning_is_asked_for_in_the_providers_words() {
    let ask = |effort: Option<&str>, budget: Option<u64>, flags: &str| {
        let reasoning =
            ReasoningRequest { effort: effort.map(Effort::from), budget_tokens: budget, display: None };
        let written = body(&Request { reasoning: Some(reasoning), ..asked(vec![]) }, &quirks(flags));
        written.replace(r#"{"model":"m","messages":[],"#, "{")
    };
    let form = |form: &str| std::format!(r#"{{"reasoning_request":"{form}"}}"#);
    assert_eq!(ask(Some("high"), None, "{}"), r#"{"reasoning_effort":"high"}"#);
    assert_eq!(ask(Some("max"), None, &form("object")), r#"{"reasoning":{"effort":"xhigh"}}"#);
    assert_eq!(ask(None, Some(9), &form("object")), r#"{"reasoning":{"max_tokens":9}}"#);
    assert_eq!(
        ask(Some("low"), None, &form("thinking")),
        r#"{"thinking":{"type":"enabled"},"reasoning_effort":"low"}"#
    );
    assert_eq!(ask(Some("none"), None, &form("thinking")), r#"{"thinking":{"type":"disabled"}}"#);
    assert_eq!(
        ask(Some("low"), None, r#"{"reasoning_request":"thinking","unsupported":["reasoning_effort"]}"#),
        r#"{"thinking":{"type":"enabled"}}"#
    );
    assert_eq!(
        ask(None, Some(9), &form("enable_thinking")),
        r#"{"enable_thinking":true,"thinking_budget":9}"#
    );
    assert_eq!(ask(Some("none"), None, &form("enable_thinking")), r#"{"enable_thinking":false}"#);
    assert_eq!(ask(Some("low"), None, &form("prompt_mode")), r#"{"reasoning_effort":"high"}"#);
    assert_eq!(ask(Some("none"), None, &form("prompt_mode")), r#"{"reasoning_effort":"none"}"#);
    let magistral = Request {
        model: "magistral-medium-latest".into(),
        reasoning: Some(ReasoningRequest { effort: Some(Effort::High), ..ReasoningRequest::default() }),
        ..asked(vec![])
    };
    assert!(body(&magistral, &quirks(&form("prompt_mode"))).ends_with(r#""prompt_mode":"reasoning"}"#));
    assert_eq!(
        ask(Some("none"), None, &form("template_arguments")),
        r#"{"chat_template_kwargs":{"enable_thinking":false}}"#
    );
}

/// All of the events of `deltas`, and the answer they make.
fn streamed(
    deltas: &[&str],
    end: &str,
    flags: &str,
) -> (Result<(), StreamError>, Vec<StreamEvent>, Response) {
    let dialect = OpenAiChat.stream_decoder(StreamLimits::default());
    let mut decoder: std::boxed::Box<dyn StreamDecoder> = quirks(flags).decoder(dialect);
    let mut events = Vec::new();
    for delta in deltas {
        let chunk = std::format!(r#"{{"id":"c","model":"m","choices":[{{"index":0,"delta":{delta}}}]}}"#);
        decoder.push(std::format!("data: {chunk}\n\n").as_bytes(), &mut events).unwrap();
    }
    decoder.push(end.as_bytes(), &mut events).unwrap();
    let result = decoder.finish(&mut events);
    let mut accumulator = Accumulator::new();
    events.iter().for_each(|event| accumulator.push(event));
    (result, events, accumulator.response())
}

const DONE: &str = "data: [DONE]\n\n";

#[test]
fn thinking_between_tags_is_reasoning_in_its_place() {
    let flags = r#"{"reasoning_in":["think_tags"],"stream_without_finish_reason":true}"#;
    let call = r#"{"tool_calls":[{"index":0,"id":"1","function":{"name":"f","arguments":"{}"}}]}"#;
    let (result, events, response) = streamed(
        &[
            r#"{"content":"<th"}"#,
            r#"{"content":"ink>hm"}"#,
            r#"{"content":"</think>Hi"}"#,
            r#"{"content":"!"}"#,
            call,
        ],
        DONE,
        flags,
    );
    assert_eq!(result, Ok(()));
    let content = &response.choices[0].message.content;
    assert_eq!(content.len(), 3, "{events:?}");
    assert!(matches!(&content[0].kind, PartKind::Reasoning(Reasoning { text, .. }) if text == "hm"));
    assert!(matches!(&content[1].kind, PartKind::Text(text) if text == "Hi!"));
    assert!(matches!(&content[2].kind, PartKind::ToolCall(call) if call.arguments == "{}"));
    assert_eq!(response.choices[0].finish_reason, Some(FinishReason::ToolCalls));
    // A call before the closing tag, and text after it.
    let (_, _, response) =
        streamed(&[r#"{"content":"<think>hm"}"#, call, r#"{"content":"Hi"}"#], DONE, flags);
    let kinds: Vec<bool> = response.choices[0]
        .message
        .content
        .iter()
        .map(|part| matches!(part.kind, PartKind::Reasoning(_)))
        .collect();
    assert_eq!(kinds, [true, false, false]);
    // Reasoning that has a field of its own leaves the text alone.
    let (_, _, response) =
        streamed(&[r#"{"reasoning":"hm"}"#, r#"{"content":"<think>x</think>"}"#], DONE, flags);
    assert!(
        matches!(&response.choices[0].message.content[1].kind, PartKind::Text(text) if text.starts_with("<think>"))
    );
}

#[test]
fn plain_answers_and_streams_say_the_same() {
    let body = br#"{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"<think>\nhm\n</think>\n\nHi"},"finish_reason":"stop"}]}"#;
    let mut plain = OpenAiChat.decode_response(body).unwrap();
    quirks(r#"{"reasoning_in":["think_tags"]}"#).adjust(&mut plain);
    let (_, _, streamed) = streamed(
        &[
            r#"{"content":"<think>\nh"}"#,
            r#"{"content":"m\n"}"#,
            r#"{"content":"</think>\n"}"#,
            r#"{"content":"\nHi"}"#,
        ],
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        r#"{"reasoning_in":["think_tags"]}"#,
    );
    assert_eq!(plain.choices[0].message.content, streamed.choices[0].message.content);
}

#[test]
fn a_stream_may_end_without_saying_so_only_where_that_is_known() {
    let deltas = [r#"{"content":"Hi"}"#];
    let without = r#"{"stream_without_finish_reason":true}"#;
    assert_eq!(streamed(&deltas, "", without).0, Err(StreamError::Interrupted));
    let never = r#"{"stream_without_finish_reason":true,"done_marker":"never"}"#;
    let (result, _, response) = streamed(&deltas, "", never);
    assert_eq!((result, &response.choices[0].finish_reason), (Ok(()), &Some(FinishReason::Stop)));
    assert_eq!(streamed(&[], "", never).0, Err(StreamError::Interrupted));
    assert_eq!(streamed(&deltas, DONE, "{}").2.choices[0].finish_reason, None);
}

#[test]
fn reasoning_beside_the_answer_is_added_once() {
    let used = |usage: &str| {
        let body = std::format!(r#"{{"choices":[],"usage":{usage}}}"#);
        let mut response = OpenAiChat.decode_response(body.as_bytes()).unwrap();
        quirks(r#"{"usage_excludes_reasoning":true}"#).adjust(&mut response);
        response.usage.unwrap().output_tokens
    };
    let details = r#""completion_tokens_details":{"reasoning_tokens":196}"#;
    assert_eq!(
        used(&std::format!(r#"{{"prompt_tokens":291,"completion_tokens":26,"total_tokens":513,{details}}}"#)),
        Some(222)
    );
    assert_eq!(used(&std::format!(r#"{{"prompt_tokens":291,"completion_tokens":26,{details}}}"#)), Some(222));
}

#[test]
fn content_is_put_together_where_parts_are_not_taken() {
    let image = PartKind::Image(Image { source: Source::Url("https://a/b.png".into()), detail: None });
    let message = Message::new(Role::User, vec![Part::text("a"), Part::text("b")]);
    let flags = quirks(r#"{"unsupported":["content_parts"]}"#);
    assert!(body(&asked(vec![message]), &flags).contains(r#""content":"a\nb""#));
    let request = asked(vec![Message::new(Role::User, vec![Part::text("a"), Part::new(image)])]);
    let refused = OpenAiChat
        .encode_request(&request, EncodeOptions { drop_unsupported: false, quirks: &flags })
        .unwrap_err();
    assert_eq!(
        (refused.field.as_str(), refused.reason.as_str()),
        ("messages[0].content[1]", "me takes text alone")
    );
    let turns = asked(vec![
        Message::text(Role::User, "a"),
        Message::text(Role::User, "b"),
        Message::text(Role::Assistant, "c"),
    ]);
    assert!(
        body(&turns, &quirks(r#"{"alternate_roles":true}"#))
            .contains(r#"[{"role":"user","content":"a\nb"},{"role":"assistant","content":"c"}]"#)
    );
    let named = |text, name: &str| Message { name: Some(name.into()), ..Message::text(Role::User, text) };
    let speakers = asked(vec![named("a", "ann"), named("b", "ben")]);
    let flags = quirks(r#"{"alternate_roles":true}"#);
    let options = EncodeOptions { drop_unsupported: false, quirks: &flags };
    let encoded = OpenAiChat.encode_request(&speakers, options).unwrap();
    assert!(String::from_utf8_lossy(&encoded.body).contains(r#"[{"role":"user","content":"a\nb"}]"#));
    let fields: Vec<&str> = encoded.dropped.iter().map(|dropped| dropped.field.as_str()).collect();
    assert_eq!(fields, ["messages[0].name", "messages[1].name"]);
}

#[test]
fn cache_breakpoints_are_the_providers() {
    let part = Part { cache: Some(CacheBreakpoint { lifetime: None }), ..Part::text("a") };
    let request = Request {
        cache: Some(CacheBreakpoint { lifetime: None }),
        ..asked(vec![Message::new(Role::User, vec![part])])
    };
    let passed = body(&request, &quirks(r#"{"cache_control":"passthrough"}"#));
    assert_eq!(passed.matches(r#""cache_control":{"type":"ephemeral"}"#).count(), 2, "{passed}");
    let flags = quirks(r#"{"cache_control":"strip"}"#);
    let encoded = OpenAiChat
        .encode_request(&request, EncodeOptions { drop_unsupported: false, quirks: &flags })
        .unwrap();
    assert!(!String::from_utf8(encoded.body).unwrap().contains("cache"));
    let fields: Vec<&str> = encoded.dropped.iter().map(|dropped| dropped.field.as_str()).collect();
    assert_eq!(fields, ["cache", "messages[0].content[0].cache"]);
}

#[test]
fn a_forced_tool_is_the_only_one_where_names_are_not_understood() {
    let tool = |name: &str| Tool {
        name: name.into(),
        description: None,
        kind: ToolKind::Function { parameters: None, strict: None },
        cache: None,
        extra: Default::default(),
    };
    let request = Request {
        tools: vec![tool("f"), tool("g")],
        tool_choice: Some(ToolChoice::Named("g".into())),
        ..asked(vec![])
    };
    let written = body(&request, &quirks(r#"{"named_choice":"only_tool","required_word":"any"}"#));
    assert!(
        written.ends_with(r#""tools":[{"type":"function","function":{"name":"g"}}],"tool_choice":"any"}"#),
        "{written}"
    );
    let subset = ToolChoice::Subset { required: false, names: vec!["f".into()] };
    let request = Request { tool_choice: Some(subset), ..request };
    let written = body(&request, &quirks(r#"{"unsupported":["tool_choice_subset"]}"#));
    assert!(written.ends_with(r#""function":{"name":"f"}}],"tool_choice":"auto"}"#), "{written}");
    let written = body(&request, &quirks(r#"{"unsupported":["tool_choice","tool_choice_subset"]}"#));
    assert!(written.ends_with(r#""function":{"name":"f"}}]}"#), "{written}");
}
