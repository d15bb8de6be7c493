//! Cohere: what is written is read back, and each quirk of docs/wire/cohere.md.

use crate::requests::{decode, noted, refused, written};
use crate::strategies::cohere_ollama::{
    call, conversation, extra, picture, response, results, settings, text, thought, tool,
};
use crate::strategies::json;
use crate::streams::{accumulate, streamed};
use ferrule_wire::dialect::registry::find;
use ferrule_wire::dialect::{Dialect, cohere::Cohere};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::json::Extra;
use ferrule_wire::model::*;
use ferrule_wire::operation::{OperationKind, RerankRequest};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn plan() -> impl Strategy<Value = Part> {
    text().prop_map(|text| {
        let mark: Extra = [("tool_plan".to_owned(), json("true"))].into_iter().collect();
        Part { extra: mark, ..Part::new(PartKind::Reasoning(Reasoning { text, signature: None })) }
    })
}

fn document() -> impl Strategy<Value = Part> {
    let known = (text(), of(text()), any::<bool>()).prop_map(|(text, name, with_id)| {
        let source = Source::Text { media_type: "text/plain".into(), text };
        let mut part = Part::new(PartKind::Document(Document { source, name }));
        if with_id {
            part.extra.insert("document", json(r#"{"id":"d1"}"#));
        }
        part
    });
    prop_oneof![2 => known, 1 => other_document()]
}

/// One that is not a title and a text. In a user's message a text is a text.
fn other_document() -> impl Strategy<Value = Part> {
    Just(r#"{"type":"document","document":{"data":{"title":"t","x":"y"}}}"#)
        .prop_map(|whole| Part::provider_item("cohere", json(whole)))
}

fn words() -> impl Strategy<Value = Part> {
    (text(), extra()).prop_map(|(text, extra)| Part { extra, ..Part::text(text) })
}

fn user() -> impl Strategy<Value = Message> {
    let linked = of(Just("low".to_owned())).prop_map(|detail| {
        let source = Source::Url("https://example.org/a.png".into());
        Part::new(PartKind::Image(Image { source, detail }))
    });
    let part = prop_oneof![3 => words(), 1 => picture(), 1 => linked, 1 => other_document()];
    (prop_oneof![Just(Role::User), Just(Role::System)], vec(part, 1..4), extra())
        .prop_map(|(role, content, extra)| Message { extra, ..Message::new(role, content) })
}

/// The order that the fields have: thoughts and texts, the plan, the calls.
fn said(words: impl Strategy<Value = Vec<Part>>) -> impl Strategy<Value = Vec<Part>> {
    (words, of(plan()), vec(call(), 0..3))
        .prop_map(|(words, plan, calls)| words.into_iter().chain(plan).chain(calls).collect())
}

fn assistant() -> impl Strategy<Value = Message> {
    let citations = of(Just(r#"[{"start":0,"end":1,"text":"a","sources":[]}]"#));
    let said = said(vec(prop_oneof![words(), thought()], 0..3))
        .prop_filter("nothing is no message", |content| !content.is_empty());
    (said, citations).prop_map(|(content, citations)| {
        let extra = citations.into_iter().map(|list| ("citations".to_owned(), json(list))).collect();
        Message { extra, ..Message::new(Role::Assistant, content) }
    })
}

fn choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![Just(ToolChoice::None), Just(ToolChoice::Required), Just(ToolChoice::Other(json("\"SOME\""))),]
}

fn thinking() -> impl Strategy<Value = ReasoningRequest> {
    let budget = of(1..9999u64);
    prop_oneof![
        budget.prop_map(|budget_tokens| ReasoningRequest { budget_tokens, ..ReasoningRequest::default() }),
        Just(ReasoningRequest { effort: Some(Effort::None), ..ReasoningRequest::default() }),
    ]
}

prop_compose! {
    fn request()(
        settings in settings(),
        messages in conversation(
            user(), assistant(), results(vec(prop_oneof![words(), document()], 0..3)).prop_map(without_names)),
        strict in of(Just(true)), tools in (vec(tool(None), 0..3), vec(tool(Some(true)), 1..3)),
        (tool_choice, reasoning, as_text) in (of(choice()), of(thinking()), any::<bool>()),
    ) -> Request {
        let tools = if strict.is_some() { tools.1 } else { tools.0 };
        let response_format = settings.response_format.clone().or(as_text.then_some(ResponseFormat::Text));
        Request { messages, tools, tool_choice, reasoning, response_format, ..settings }
    }
}

/// The id says which tool answered.
fn without_names(mut message: Message) -> Message {
    for part in &mut message.content {
        if let PartKind::ToolResult(result) = &mut part.kind {
            result.name = None;
        }
    }
    message
}

fn finish() -> impl Strategy<Value = FinishReason> {
    prop_oneof![
        Just(FinishReason::Stop),
        Just(FinishReason::StopSequence),
        Just(FinishReason::Length),
        Just(FinishReason::ToolCalls),
        Just(FinishReason::ContentFilter),
        Just(FinishReason::Other("PAUSED".into())),
    ]
}

fn answer() -> impl Strategy<Value = Response> {
    let usage = (of(0..9u64), any::<bool>());
    (response(said(vec(prop_oneof![words(), thought()], 0..3)), finish()), usage, extra()).prop_map(
        |(mut response, (cached, billed), extra)| {
            let used = response.usage.as_mut().unwrap();
            // More than the whole would come on top of it.
            used.cache_read_tokens =
                cached.filter(|cached| used.input_tokens.is_none_or(|input| *cached <= input));
            if billed {
                used.extra.insert("billed_units", json(r#"{"input_tokens":1,"output_tokens":2}"#));
            }
            response.id = "c1".into();
            response.extra = extra;
            response
        },
    )
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        let body = written(&Cohere, &request);
        prop_assert_eq!(Cohere.decode_request(body.as_bytes()).unwrap(), request);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(response in answer()) {
        let body = Cohere.encode_response(&response);
        prop_assert_eq!(Cohere.decode_response(&body).unwrap(), response);
    }

    #[test]
    fn a_stream_is_read_as_the_answer_it_was_made_of(response in answer(), size in 1usize..60) {
        let body = streamed(&Cohere, &response);
        let (events, outcome) = decode(&Cohere, &body, body.len());
        prop_assert_eq!(&outcome, &Ok(()));
        prop_assert_eq!(accumulate(&events), response);
        prop_assert_eq!(decode(&Cohere, &body, size), (events, outcome));
    }

    #[test]
    fn any_bytes_end_without_a_panic(
        body in vec(any::<u8>(), 0..200),
        text in "(data: |event: |tool-call-delta\n|content-start\n|message-end\n|\\{\"delta\":|\"message\":|\\{\"type\":|\"content\":|\"tool_calls\":|null|\\[|\\]|\\}|\"|\n){0,40}",
    ) {
        for body in [body.as_slice(), text.as_bytes()] {
            let mut decoder = Cohere.stream_decoder(StreamLimits { event_bytes: 64 });
            let mut events = Vec::new();
            if decoder.push(body, &mut events).is_ok() {
                let _ = decoder.finish(&mut events);
            }
            let _ = (Cohere.decode_request(body), Cohere.decode_response(body));
        }
    }
}

fn asked() -> Request {
    Request {
        model: "command-a".into(),
        messages: vec![Message::text(Role::User, "a")],
        ..Request::default()
    }
}

fn function(name: &str, strict: Option<bool>) -> Tool {
    let kind = ToolKind::Function { parameters: None, strict };
    Tool { name: name.into(), description: None, kind, cache: None, extra: Extra::new() }
}

#[test]
fn addresses_and_names_are_its_own() {
    let request = Request {
        top_p: Some(0.5),
        top_k: Some(3),
        stop: vec!["x".into()],
        extra: [("safety_mode".to_owned(), json("\"OFF\""))].into_iter().collect(),
        ..asked()
    };
    let encoded = Cohere.encode_request(&request, EncodeOptions::REFUSE).unwrap();
    assert_eq!(encoded.path, "/v2/chat");
    assert_eq!(
        written(&Cohere, &request),
        r#"{"model":"command-a","messages":[{"role":"user","content":"a"}],"p":0.5,"k":3,"stop_sequences":["x"],"stream":false,"safety_mode":"OFF"}"#
    );
    for (path, operation) in [
        ("/v2/chat", OperationKind::Chat),
        ("/v2/embed", OperationKind::Embeddings),
        ("/v2/rerank", OperationKind::Reranking),
        ("/v1/models", OperationKind::ModelListing),
    ] {
        assert_eq!(Cohere.endpoint(path).unwrap().operation, operation);
    }
    let rerank = RerankRequest { model: "rerank-v3.5".into(), ..RerankRequest::default() };
    let reranking = Cohere.operations().reranking.unwrap();
    assert_eq!(reranking.encode_request(&rerank, EncodeOptions::REFUSE).unwrap().path, "/v2/rerank");
    assert_eq!(find("cohere").unwrap().name(), "cohere");
}

/// "no named choice": only the named tools are declared, and one of them is required.
#[test]
fn a_choice_of_tools_declares_no_others() {
    let with = |choice| Request {
        tools: vec![function("f", None), function("g", None), function("h", None)],
        tool_choice: Some(choice),
        ..asked()
    };
    let body = written(&Cohere, &with(ToolChoice::Named("g".into())));
    assert!(
        body.contains(r#""tools":[{"type":"function","function":{"name":"g"}}],"tool_choice":"REQUIRED""#),
        "{body}"
    );
    let names = vec!["f".to_owned(), "h".to_owned()];
    for (required, choice) in [(true, r#","tool_choice":"REQUIRED""#), (false, "")] {
        let body = written(&Cohere, &with(ToolChoice::Subset { required, names: names.clone() }));
        let tools = r#""tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"h"}}]"#;
        assert!(body.contains(&format!("{tools}{choice},\"stream\"")), "{body}");
    }
    assert!(written(&Cohere, &with(ToolChoice::None)).contains(r#""tool_choice":"NONE""#));
    assert!(!written(&Cohere, &with(ToolChoice::Auto)).contains("tool_choice"));
    assert_eq!(refused(&Cohere, &with(ToolChoice::Named("z".into()))), "tool_choice");
}

#[test]
fn strictness_is_said_of_all_tools() {
    let with = |tools| Request { tools, ..asked() };
    let all = with(vec![function("f", Some(true)), function("g", Some(true))]);
    assert!(written(&Cohere, &all).contains(r#""strict_tools":true"#));
    assert_eq!(
        noted(&Cohere, &with(vec![function("f", None), function("g", Some(true))])),
        "tools[1].strict"
    );
    assert!(!written(&Cohere, &with(vec![function("f", Some(false))])).contains("strict"));
}

#[test]
fn effort_becomes_a_budget() {
    for (effort, expected) in [
        (Some(Effort::None), r#""thinking":{"type":"disabled"}"#),
        (Some(Effort::Minimal), r#""thinking":{"type":"enabled","token_budget":512}"#),
        (Some(Effort::Low), r#""thinking":{"type":"enabled","token_budget":2048}"#),
        (Some(Effort::Medium), r#""thinking":{"type":"enabled","token_budget":8192}"#),
        (Some(Effort::High), r#""thinking":{"type":"enabled"}"#),
        (None, r#""thinking":{"type":"enabled"}"#),
    ] {
        let reasoning = Some(ReasoningRequest { effort, ..ReasoningRequest::default() });
        let body = written(&Cohere, &Request { reasoning, ..asked() });
        assert!(body.contains(expected), "{body}");
    }
}

#[test]
fn what_cannot_be_carried_is_refused() {
    let said = |role, kind| Request { messages: vec![Message::new(role, vec![Part::new(kind)])], ..asked() };
    let breakpoint = Some(CacheBreakpoint { lifetime: None });
    let schema = |description, strict| {
        Some(ResponseFormat::JsonSchema { name: None, description, schema: json("{}"), strict })
    };
    for (field, request) in [
        ("n", Request { n: Some(2), ..asked() }),
        ("parallel_tool_calls", Request { parallel_tool_calls: Some(false), ..asked() }),
        ("provider_metadata", Request { metadata: vec![("a".into(), "b".into())], ..asked() }),
        ("user", Request { user: Some("u".into()), ..asked() }),
        ("top_logprobs", Request { top_logprobs: Some(2), ..asked() }),
        (
            "response_format.description",
            Request { response_format: schema(Some("d".into()), None), ..asked() },
        ),
        ("response_format.strict", Request { response_format: schema(None, Some(false)), ..asked() }),
        ("messages[0].role", said(Role::Other("x".into()), PartKind::Text("a".into()))),
        ("messages[0].content[0]", said(Role::Assistant, PartKind::RedactedReasoning { data: "x".into() })),
        (
            "messages[0].content[0]",
            said(
                Role::User,
                PartKind::Image(Image { source: Source::File { id: "f".into() }, detail: None }),
            ),
        ),
        ("messages[0].content[0]", said(Role::User, PartKind::Unknown(json(r#"{"type":"video_url"}"#)))),
        ("messages[0].content[0]", said(Role::Tool, PartKind::Text("a".into()))),
    ] {
        assert_eq!(refused(&Cohere, &request), field);
    }
    assert_eq!(noted(&Cohere, &Request { cache: breakpoint.clone(), ..asked() }), "cache");
    let mut named = asked();
    named.messages[0].name = Some("n".into());
    assert_eq!(noted(&Cohere, &named), "messages[0].name");
    let mut cached = asked();
    cached.messages[0].content[0].cache = breakpoint;
    assert_eq!(noted(&Cohere, &cached), "messages[0].content[0].cache");
    let mut custom = asked();
    custom.tools = vec![Tool { kind: ToolKind::Custom { format: None }, ..function("f", None) }];
    assert_eq!(refused(&Cohere, &custom), "tools[0]");
    // At their neutral values they say nothing.
    let neutral = Request { n: Some(1), parallel_tool_calls: Some(true), top_logprobs: Some(0), ..asked() };
    assert_eq!(written(&Cohere, &neutral), written(&Cohere, &asked()));
}

/// "zero-arg calls have arguments `null` (non-stream)", and `usage.tokens` is the context.
#[test]
fn a_call_without_arguments_and_both_kinds_of_figures() {
    let body = br#"{"id":"c","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_plan":"I will.","tool_calls":[{"id":"f_1","type":"function","function":{"name":"f","arguments":"null"}}],"citations":null},"usage":{"billed_units":{"input_tokens":46,"output_tokens":14},"tokens":{"input_tokens":1445,"output_tokens":43},"cached_tokens":704}}"#;
    let response = Cohere.decode_response(body).unwrap();
    let used = response.usage.as_ref().unwrap();
    assert_eq!(
        (used.input_tokens, used.output_tokens, used.cache_read_tokens),
        (Some(1445), Some(43), Some(704))
    );
    assert_eq!(used.extra.get("billed_units").unwrap().text(), r#"{"input_tokens":46,"output_tokens":14}"#);
    let [plan, call] = response.choices[0].message.content.as_slice() else { panic!() };
    assert_eq!(plan.kind, PartKind::Reasoning(Reasoning { text: "I will.".into(), signature: None }));
    let PartKind::ToolCall(call) = &call.kind else { panic!() };
    assert_eq!(call.arguments, "{}");
    // The plan goes back into its field, also where the answer came as a stream.
    let messages = vec![response.choices[0].message.clone()];
    assert!(
        written(&Cohere, &Request { messages, ..asked() })
            .contains(r#""role":"assistant","tool_plan":"I will.","tool_calls""#)
    );
}

#[test]
fn an_error_in_place_of_an_answer_is_one() {
    let Err(StreamError::Provider(error)) = Cohere.decode_response(br#"{"message":"too many tokens: 1"}"#)
    else {
        panic!()
    };
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::ContextLength, "too many tokens: 1"));
    assert!(matches!(Cohere.decode_response(b"{}"), Err(StreamError::Malformed(_))));
    let error =
        ProviderError { request_id: Some("i".into()), ..ProviderError::new(ErrorKind::NotFound, "so") };
    assert_eq!(Cohere.encode_error(&error), br#"{"message":"so","id":"i"}"#);
}

#[test]
fn an_error_in_the_middle_of_a_stream_is_told() {
    let mut encoder = Cohere.stream_encoder(&Request::default());
    let mut body = Vec::new();
    encoder.push(&StreamEvent::TextDelta { choice: 0, part: 0, text: "a".into() }, &mut body);
    encoder.error(&ProviderError::new(ErrorKind::Server, "broke"), &mut body);
    let (events, outcome) = decode(&Cohere, &body, 5);
    let Err(StreamError::Provider(error)) = outcome else { panic!() };
    assert_eq!((error.message.as_str(), events.len()), ("broke", 2));
}
