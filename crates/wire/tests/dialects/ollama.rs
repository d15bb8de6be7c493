//! Ollama: what is written is read back, and each quirk of docs/wire/ollama.md.

use crate::requests::{decode, noted, refused, written};
use crate::strategies::cohere_ollama::{
    call, conversation, extra, picture, response, results, settings, text, thought, tool,
};
use crate::strategies::json;
use crate::streams::{accumulate, streamed};
use ferrule_wire::dialect::{Dialect, ollama::Ollama};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::json::Extra;
use ferrule_wire::model::*;
use ferrule_wire::operation::OperationKind;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// One text, then images.
fn user() -> impl Strategy<Value = Message> {
    let role = prop_oneof![Just(Role::User), Just(Role::System)];
    (role, of(text()), vec(picture(), 0..3), extra()).prop_map(|(role, text, pictures, extra)| {
        // Instructions that say nothing are none.
        let text = text.or((role == Role::System && pictures.is_empty()).then(|| "a".to_owned()));
        let content = text.into_iter().map(Part::text).chain(pictures).collect();
        Message { extra, ..Message::new(role, content) }
    })
}

fn said() -> impl Strategy<Value = Vec<Part>> {
    (of(thought()), of(text()), vec(picture(), 0..2), vec(call(), 0..3)).prop_map(
        |(thought, text, pictures, calls)| {
            thought.into_iter().chain(text.map(Part::text)).chain(pictures).chain(calls).collect()
        },
    )
}

fn assistant() -> impl Strategy<Value = Message> {
    let said = said().prop_filter("nothing is no message", |content| !content.is_empty());
    (said, extra()).prop_map(|(content, extra)| Message { extra, ..Message::new(Role::Assistant, content) })
}

fn thinking() -> impl Strategy<Value = ReasoningRequest> {
    let words = [Effort::None, Effort::Low, Effort::Medium, Effort::High];
    of(proptest::sample::select(words.to_vec()))
        .prop_map(|effort| ReasoningRequest { effort, ..ReasoningRequest::default() })
}

/// The name of the tool is how a result is told.
fn with_names(mut message: Message) -> Message {
    for part in &mut message.content {
        if let PartKind::ToolResult(result) = &mut part.kind {
            result.name.get_or_insert_with(|| "f".into());
        }
    }
    message
}

prop_compose! {
    fn request()(
        settings in settings(),
        messages in conversation(
            user(), assistant(), results(of(text().prop_map(Part::text)).prop_map(Vec::from_iter)).prop_map(with_names)),
        tools in vec(tool(None), 0..3),
        (reasoning, top_logprobs, num_ctx) in (of(thinking()), of(0..9u64), any::<bool>()),
    ) -> Request {
        let mut request = Request { messages, tools, reasoning, top_logprobs, ..settings };
        // Of all models this one takes words.
        request.model = "gpt-oss:20b".into();
        if num_ctx {
            request.extra.insert("options", json(r#"{"num_ctx":8192}"#));
        }
        request
    }
}

fn answer() -> impl Strategy<Value = Response> {
    let finish = prop_oneof![
        Just(FinishReason::Stop),
        Just(FinishReason::Length),
        Just(FinishReason::ContentFilter),
        Just(FinishReason::Other("load".into())),
    ];
    let created = of(prop_oneof![Just((1_767_225_600, None)), Just((1, Some("1970-01-01T00:00:01.5Z")))]);
    (response(said(), finish), created, extra()).prop_map(|(mut response, created, extra)| {
        response.model = "m".into();
        response.extra = extra;
        if let Some((seconds, exact)) = created {
            response.created = Some(seconds);
            if let Some(exact) = exact {
                response.extra.insert("created_at", json(&format!("\"{exact}\"")));
            }
        }
        let choice = response.choices.first_mut().unwrap();
        let calls = choice.message.content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
        // The word is the same, and calls tell.
        if calls && choice.finish_reason == Some(FinishReason::Stop) {
            choice.finish_reason = Some(FinishReason::ToolCalls);
        }
        response
    })
}

/// In any order: a stream says at its end what a plain answer says beside the rest.
fn sorted(mut response: Response) -> Response {
    let mut fields: Vec<_> =
        response.extra.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    response.extra = fields.into_iter().collect();
    response
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        let body = written(&Ollama, &request);
        prop_assert_eq!(Ollama.decode_request(body.as_bytes()).unwrap(), request);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(response in answer()) {
        let body = Ollama.encode_response(&response);
        prop_assert_eq!(sorted(Ollama.decode_response(&body).unwrap()), sorted(response));
    }

    #[test]
    fn a_stream_is_read_as_the_answer_it_was_made_of(response in answer(), size in 1usize..60) {
        let body = streamed(&Ollama, &response);
        let (events, outcome) = decode(&Ollama, &body, body.len());
        prop_assert_eq!(&outcome, &Ok(()));
        prop_assert_eq!(sorted(accumulate(&events)), sorted(response));
        prop_assert_eq!(decode(&Ollama, &body, size), (events, outcome));
    }

    #[test]
    fn any_bytes_end_without_a_panic(
        body in vec(any::<u8>(), 0..200),
        text in "(\\{\"message\":|\"content\":|\"tool_calls\":|\"done\":true|\"error\":|\\{|,|null|\\[|\\]|\\}|\"|\n){0,40}",
    ) {
        for body in [body.as_slice(), text.as_bytes()] {
            let mut decoder = Ollama.stream_decoder(StreamLimits { event_bytes: 64 });
            let mut events = Vec::new();
            if decoder.push(body, &mut events).is_ok() {
                let _ = decoder.finish(&mut events);
            }
            let _ = (Ollama.decode_request(body), Ollama.decode_response(body));
        }
    }
}

fn asked() -> Request {
    Request { model: "llama3.2".into(), messages: vec![Message::text(Role::User, "a")], ..Request::default() }
}

fn function(name: &str, strict: Option<bool>) -> Tool {
    let kind = ToolKind::Function { parameters: None, strict };
    Tool { name: name.into(), description: None, kind, cache: None, extra: Extra::new() }
}

/// "`stream` defaults to TRUE: send `stream:false` explicitly".
#[test]
fn whether_to_stream_is_always_said() {
    let encoded = Ollama.encode_request(&asked(), EncodeOptions::REFUSE).unwrap();
    assert_eq!(encoded.path, "/api/chat");
    assert_eq!(
        written(&Ollama, &asked()),
        r#"{"model":"llama3.2","messages":[{"role":"user","content":"a"}],"stream":false}"#
    );
    assert!(Ollama.decode_request(br#"{"model":"m","messages":[]}"#).unwrap().stream);
    assert_eq!(Ollama.stream_media_types()[0], "application/x-ndjson");
    for (path, operation) in [
        ("/api/chat", OperationKind::Chat),
        ("/api/embed", OperationKind::Embeddings),
        ("/api/tags", OperationKind::ModelListing),
    ] {
        assert_eq!(Ollama.endpoint(path).unwrap().operation, operation);
    }
    assert_eq!(Ollama.endpoint("/api/generate"), None);
}

#[test]
fn settings_of_sampling_are_options_and_the_rest_stands_beside_them() {
    let request = Request {
        max_tokens: Some(5),
        temperature: Some(0.5),
        stop: vec!["x".into()],
        extra: [
            ("keep_alive", "\"5m\""),
            ("num_ctx", "8192"),
            ("options", r#"{"temperature":1,"mirostat":2}"#),
        ]
        .map(|(name, value)| (name.to_owned(), json(value)))
        .into_iter()
        .collect(),
        ..asked()
    };
    assert_eq!(
        written(&Ollama, &request),
        r#"{"model":"llama3.2","messages":[{"role":"user","content":"a"}],"options":{"num_predict":5,"stop":["x"],"temperature":1,"mirostat":2,"num_ctx":8192},"stream":false,"keep_alive":"5m"}"#
    );
    let read = Ollama.decode_request(br#"{"model":"m","options":{"num_predict":-1,"seed":7}}"#).unwrap();
    assert_eq!((read.max_tokens, read.seed), (None, Some(7)));
    assert_eq!(read.extra.get("options").unwrap().text(), r#"{"num_predict":-1}"#);
}

#[test]
fn formats_and_thinking_have_words_of_their_own() {
    let schema = json(r#"{"type":"object"}"#);
    let format = |format| written(&Ollama, &Request { response_format: Some(format), ..asked() });
    assert!(format(ResponseFormat::Json).contains(r#""format":"json""#));
    let with_schema =
        ResponseFormat::JsonSchema { name: Some("n".into()), description: None, schema, strict: Some(true) };
    assert!(format(with_schema).contains(r#""format":{"type":"object"}"#));
    assert!(!format(ResponseFormat::Text).contains("format"));
    for (effort, in_words, otherwise) in [
        (None, "true", "true"),
        (Some(Effort::None), "false", "false"),
        (Some(Effort::Minimal), "\"low\"", "true"),
        (Some(Effort::High), "\"high\"", "true"),
        (Some(Effort::XHigh), "\"high\"", "true"),
        (Some(Effort::Max), "\"high\"", "true"),
    ] {
        let is_told = effort.as_ref().is_some_and(|effort| *effort != Effort::None);
        let reasoning = Some(ReasoningRequest { effort, ..ReasoningRequest::default() });
        for model in ["gpt-oss:20b", "hf.co/unsloth/GPT-OSS-120b-GGUF"] {
            let body =
                written(&Ollama, &Request { model: model.into(), reasoning: reasoning.clone(), ..asked() });
            assert!(body.contains(&format!("\"think\":{in_words},")), "{body}");
        }
        let request = Request { model: "qwen3:8b".into(), reasoning, ..asked() };
        let body = Ollama.encode_request(&request, EncodeOptions::REFUSE).unwrap().body;
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains(&format!("\"think\":{otherwise},")), "{body}");
        if is_told {
            assert_eq!(noted(&Ollama, &request), "reasoning.effort");
        }
    }
}

/// Images are base64 without `data:`; nothing is fetched.
#[test]
fn pictures_stand_beside_the_text() {
    let with = |source| {
        let image = Part::new(PartKind::Image(Image { source, detail: Some("auto".into()) }));
        Request {
            messages: vec![Message::new(Role::User, vec![image, Part::text("a"), Part::text("b")])],
            ..asked()
        }
    };
    let base64 = Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() };
    for source in [base64, Source::Url("data:image/png;base64,AAAA".into())] {
        let body = written(&Ollama, &with(source));
        assert!(body.contains(r#"{"role":"user","content":"a\n\nb","images":["AAAA"]}"#), "{body}");
    }
    assert_eq!(refused(&Ollama, &with(Source::Url("https://x/a.png".into()))), "messages[0].content[0]");
    assert_eq!(refused(&Ollama, &with(Source::File { id: "f".into() })), "messages[0].content[0]");
    for (data, media_type) in [
        ("iVBORw0KGgoAA", "image/png"),
        ("/9j/4AA", "image/jpeg"),
        ("R0lGODlh", "image/gif"),
        ("UklGRg", "image/webp"),
        ("AAAA", "application/octet-stream"),
    ] {
        let body =
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"","images":["{data}"]}}]}}"#);
        let read = Ollama.decode_request(body.as_bytes()).unwrap();
        let source = Source::Base64 { media_type: media_type.into(), data: data.into() };
        assert_eq!(read.messages[0].content, [Part::new(PartKind::Image(Image { source, detail: None }))]);
    }
}

#[test]
fn a_result_is_told_by_the_name_of_its_tool() {
    let call =
        ToolCall { id: "c1".into(), name: "f".into(), arguments: "not an object".into(), custom: false };
    let result = ToolResult {
        tool_call_id: "c1".into(),
        name: None,
        content: vec![Part::text("1"), Part::text("2")],
        is_error: Some(true),
    };
    let messages = vec![
        Message::new(Role::Assistant, vec![Part::new(PartKind::ToolCall(call))]),
        Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))]),
    ];
    let body = written(&Ollama, &Request { messages, ..asked() });
    assert!(body.contains(r#""tool_calls":[{"id":"c1","function":{"index":0,"name":"f","arguments":{"arguments":"not an object"}}}]"#), "{body}");
    assert!(
        body.contains(r#"{"role":"tool","tool_name":"f","tool_call_id":"c1","content":"1\n\n2"}"#),
        "{body}"
    );
}

/// "No tool_choice": what is not to be called is not declared.
#[test]
fn tools_are_left_out_rather_than_chosen() {
    let with = |choice| Request {
        tools: vec![function("f", None), function("g", Some(false))],
        tool_choice: Some(choice),
        ..asked()
    };
    assert!(!written(&Ollama, &with(ToolChoice::None)).contains("tools"));
    assert!(!written(&Ollama, &with(ToolChoice::Auto)).contains("tool_choice"));
    let some = ToolChoice::Subset { required: false, names: vec!["g".into()] };
    assert!(
        written(&Ollama, &with(some)).contains(r#""tools":[{"type":"function","function":{"name":"g"}}]"#)
    );
    for choice in [ToolChoice::Required, ToolChoice::Named("f".into()), ToolChoice::Other(json("\"x\""))] {
        assert_eq!(refused(&Ollama, &with(choice)), "tool_choice");
    }
    let strict = Request { tools: vec![function("f", Some(true))], ..asked() };
    assert_eq!(noted(&Ollama, &strict), "tools[0].strict");
}

#[test]
fn what_cannot_be_carried_is_refused() {
    let said = |role, kind| Request { messages: vec![Message::new(role, vec![Part::new(kind)])], ..asked() };
    let breakpoint = Some(CacheBreakpoint { lifetime: None });
    let thinking = |budget_tokens, display| Request {
        reasoning: Some(ReasoningRequest { budget_tokens, display, effort: None }),
        ..asked()
    };
    let sound = Audio { source: Source::Base64 { media_type: "audio/wav".into(), data: "AAAA".into() } };
    for (field, request) in [
        ("n", Request { n: Some(2), ..asked() }),
        ("parallel_tool_calls", Request { parallel_tool_calls: Some(false), ..asked() }),
        ("provider_metadata", Request { metadata: vec![("a".into(), "b".into())], ..asked() }),
        ("user", Request { user: Some("u".into()), ..asked() }),
        ("reasoning.budget_tokens", thinking(Some(5), None)),
        ("reasoning.display", thinking(None, Some("omitted".into()))),
        ("response_format", Request { response_format: Some(ResponseFormat::Other(json("{}"))), ..asked() }),
        ("messages[0].role", said(Role::Other("x".into()), PartKind::Text("a".into()))),
        ("messages[0].content[0]", said(Role::Assistant, PartKind::RedactedReasoning { data: "x".into() })),
        ("messages[0].content[0]", said(Role::User, PartKind::Audio(sound))),
        ("messages[0].content[0]", said(Role::User, PartKind::Unknown(json("{}")))),
        ("messages[0].content[0]", said(Role::Tool, PartKind::Text("a".into()))),
    ] {
        assert_eq!(refused(&Ollama, &request), field);
    }
    assert_eq!(noted(&Ollama, &Request { cache: breakpoint.clone(), ..asked() }), "cache");
    let mut marked = asked();
    marked.messages[0].content[0].cache = breakpoint;
    assert_eq!(noted(&Ollama, &marked), "messages[0].content[0].cache");
    let mut named = asked();
    named.messages[0].name = Some("n".into());
    assert_eq!(noted(&Ollama, &named), "messages[0].name");
    let source = Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() };
    let closely = said(Role::User, PartKind::Image(Image { source, detail: Some("high".into()) }));
    assert_eq!(noted(&Ollama, &closely), "messages[0].content[0].detail");
}

/// docs/wire/ollama.md, section 3: the last line of the transcript, as a plain answer.
#[test]
fn figures_timings_and_reasons() {
    let read = |end: &str| {
        let body = format!(r#"{{"model":"m","message":{{"role":"assistant","content":"a"}},{end}}}"#);
        Ollama.decode_response(body.as_bytes()).unwrap()
    };
    let response =
        read(r#""done":true,"done_reason":"stop","total_duration":100,"prompt_eval_count":7,"eval_count":3"#);
    let used = response.usage.unwrap();
    assert_eq!((used.input_tokens, used.output_tokens), (Some(7), Some(3)));
    assert_eq!(response.extra.get("total_duration").unwrap().text(), "100");
    // "counts omitted when 0 (fully cached prompt)".
    let used = read(r#""done":true,"done_reason":"length","eval_count":3"#).usage.unwrap();
    assert_eq!((used.input_tokens, used.output_tokens), (Some(0), Some(3)));
    let unfinished = read(r#""done":false"#);
    assert_eq!((unfinished.usage, unfinished.choices[0].finish_reason.as_ref()), (None, None));
    assert_eq!(read(r#""done":true"#).choices[0].finish_reason, Some(FinishReason::Stop));
}

#[test]
fn errors_are_a_text() {
    for (status, text, kind) in [
        (400, "\\\"x\\\" does not support tools", ErrorKind::InvalidRequest),
        (400, "the input length exceeds the context length", ErrorKind::ContextLength),
        (
            400,
            "input exceeds maximum context length and cannot be truncated further",
            ErrorKind::ContextLength,
        ),
        (401, "unauthorized", ErrorKind::Authentication),
        (403, "forbidden", ErrorKind::PermissionDenied),
        (404, "model \\\"x\\\" not found, try pulling it first", ErrorKind::NotFound),
        (429, "too many", ErrorKind::RateLimited),
        (499, "client closed", ErrorKind::Cancelled),
        (500, "llama runner process has terminated", ErrorKind::Server),
        (502, "unreachable", ErrorKind::Server),
        (503, "server busy, please try again.  maximum pending requests exceeded", ErrorKind::Overloaded),
    ] {
        let body = format!(r#"{{"error":"{text}"}}"#);
        let error = Ollama.decode_error(status, ferrule_wire::error::Headers::default(), body.as_bytes(), 0);
        assert_eq!((error.kind, error.message), (kind, text.replace("\\\"", "\"")), "{status}");
    }
    let Err(StreamError::Provider(error)) = Ollama.decode_response(br#"{"error":"so"}"#) else { panic!() };
    assert_eq!(error.message, "so");
    assert_eq!(Ollama.encode_error(&error), br#"{"error":"so"}"#);
    assert!(matches!(Ollama.decode_response(b"{}"), Err(StreamError::Malformed(_))));
    let mut encoder = Ollama.stream_encoder(&asked());
    let mut body = Vec::new();
    encoder.push(&StreamEvent::TextDelta { choice: 0, part: 0, text: "a".into() }, &mut body);
    encoder.error(&error, &mut body);
    let (events, outcome) = decode(&Ollama, &body, 7);
    let Err(StreamError::Provider(error)) = outcome else { panic!() };
    assert_eq!((error.message.as_str(), events.len()), ("so", 2));
}
