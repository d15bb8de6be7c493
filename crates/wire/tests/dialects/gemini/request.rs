//! Requests as this API wants them: every trap of the wire file.

use super::dialect;
use ferrule_wire::dialect::registry::find;
use ferrule_wire::dialect::{Dialect, KeyHeader};
use ferrule_wire::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use ferrule_wire::json::{Extra, Fields, Json};
use ferrule_wire::model::{
    Audio, CacheBreakpoint, CacheLifetime, Document, Effort, Image, Message, Part, PartKind, Reasoning,
    ReasoningRequest, Request, ResponseFormat, Role, Source, Tool, ToolCall, ToolChoice, ToolKind,
    ToolResult,
};
use ferrule_wire::operation::OperationKind;

fn encode(request: &Request) -> Result<EncodedRequest, UnsupportedField> {
    dialect().encode_request(request, EncodeOptions::REFUSE)
}

fn body(request: &Request) -> String {
    String::from_utf8(encode(request).unwrap().body).unwrap()
}

fn field(request: &Request, name: &str) -> Option<String> {
    let body = body(request);
    Fields::parse(body.as_bytes()).unwrap().get(name).map(|value| value.text().to_owned())
}

fn ask(model: &str, messages: Vec<Message>) -> Request {
    Request { model: model.into(), messages, ..Request::default() }
}

fn hello() -> Request {
    ask("gemini-3-flash-preview", vec![Message::text(Role::User, "hi")])
}

fn call(id: &str, name: &str) -> Part {
    let call = ToolCall { id: id.into(), name: name.into(), arguments: "{}".into(), custom: false };
    Part::new(PartKind::ToolCall(call))
}

fn result(id: &str, name: Option<&str>, content: Vec<Part>) -> Part {
    let (tool_call_id, name) = (id.to_owned(), name.map(Into::into));
    Part::new(PartKind::ToolResult(ToolResult { tool_call_id, name, content, is_error: None }))
}

fn picture(detail: Option<&str>) -> Part {
    let source = Source::Url("https://a.example/b.png".into());
    Part::new(PartKind::Image(Image { source, detail: detail.map(Into::into) }))
}

#[test]
fn model_and_stream_stand_in_the_address() {
    for (model, path) in [
        ("gemini-x", "/models/gemini-x"),
        ("models/gemini-x", "/models/gemini-x"),
        ("tunedModels/mine", "/tunedModels/mine"),
        ("a/b?c:d", "/models/a%2Fb%3Fc%3Ad"),
    ] {
        let mut request = Request { model: model.into(), ..hello() };
        assert_eq!(encode(&request).unwrap().path, format!("{path}:generateContent"));
        request.stream = true;
        assert_eq!(encode(&request).unwrap().path, format!("{path}:streamGenerateContent?alt=sse"));
    }
    assert_eq!(body(&hello()), r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#);
}

#[test]
fn addresses_are_read_wherever_they_begin() {
    for (path, operation, model, stream) in [
        ("/v1beta/models/x:generateContent", OperationKind::Chat, Some("x"), Some(false)),
        ("/models/x:streamGenerateContent?alt=sse", OperationKind::Chat, Some("x"), Some(true)),
        (
            "/v1/projects/p/locations/l/publishers/google/models/x:countTokens",
            OperationKind::TokenCounting,
            Some("x"),
            None,
        ),
        ("/v1beta/tunedModels/a:generateContent", OperationKind::Chat, Some("tunedModels/a"), Some(false)),
        ("/models/a%2Fb:batchEmbedContents", OperationKind::Embeddings, Some("a/b"), None),
        ("/models/x:embedContent", OperationKind::Embeddings, Some("x"), None),
        ("/models/x:predict", OperationKind::Embeddings, Some("x"), None),
        ("/v1beta/models", OperationKind::ModelListing, None, None),
    ] {
        let endpoint = dialect().endpoint(path).unwrap();
        assert_eq!(
            (endpoint.operation, endpoint.model.as_deref(), endpoint.stream),
            (operation, model, stream),
            "{path}"
        );
    }
    for path in ["/models/x", "/models/x:other", "/chat/completions"] {
        assert_eq!(dialect().endpoint(path), None, "{path}");
    }
    assert_eq!(dialect().key_header(), KeyHeader::Named("x-goog-api-key"));
    assert_eq!(find("vertex").unwrap().key_header(), KeyHeader::Bearer);
    assert_eq!(dialect().stream_media_types(), ["text/event-stream", "application/json"]);
}

#[test]
fn instructions_stand_beside_the_contents_and_in_them_for_gemma() {
    let messages = vec![
        Message::text(Role::System, "a"),
        Message::text(Role::Developer, "b"),
        Message::text(Role::User, "hi"),
    ];
    assert_eq!(
        body(&ask("gemini-2.5-flash", messages.clone())),
        r#"{"systemInstruction":{"parts":[{"text":"a"},{"text":"b"}]},"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#
    );
    assert_eq!(
        body(&ask("gemma-3-27b-it", messages)),
        r#"{"contents":[{"role":"user","parts":[{"text":"a"},{"text":"b"}]},{"role":"user","parts":[{"text":"hi"}]}]}"#
    );
}

#[test]
fn results_of_one_group_are_one_content_with_their_tools_names() {
    let request = ask(
        "gemini-2.5-flash",
        vec![
            Message::new(Role::Assistant, vec![call("a", "f"), call("b", "g")]),
            Message::new(Role::Tool, vec![result("a", None, vec![Part::text("1")])]),
            Message::new(Role::Tool, vec![result("b", Some("own"), vec![Part::text("{\"x\":1}")])]),
            Message::new(Role::Tool, vec![]),
            Message::new(Role::Assistant, vec![]),
            Message::text(Role::User, "so"),
        ],
    );
    assert_eq!(
        field(&request, "contents").unwrap(),
        r#"[{"role":"model","parts":[{"functionCall":{"id":"a","name":"f","args":{}}},{"functionCall":{"id":"b","name":"g","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"result":"1"}}},{"functionResponse":{"id":"b","name":"own","response":{"x":1}}}]},{"role":"user","parts":[{"text":"so"}]}]"#
    );
}

#[test]
fn calls_without_ids_are_given_some_and_their_results_found() {
    let body = r#"{"contents":[
        {"role":"model","parts":[{"functionCall":{"name":"f"}},{"function_call":{"name":"g","args":{"x":1}}}]},
        {"role":"function","parts":[{"functionResponse":{"name":"g","response":{"result":"2"}}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"error":"no"}}},{"text":"and"}]}]}"#;
    let messages = dialect().decode_request(body.as_bytes()).unwrap().messages;
    let ids: Vec<_> = messages
        .iter()
        .flat_map(|message| &message.content)
        .filter_map(|part| match &part.kind {
            PartKind::ToolCall(call) => Some((call.name.as_str(), call.id.as_str())),
            PartKind::ToolResult(result) => {
                Some((result.name.as_deref().unwrap(), result.tool_call_id.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(ids, [("f", "made_0"), ("g", "made_1"), ("g", "made_1"), ("f", "made_0")]);
    let roles: Vec<_> = messages.iter().map(|message| message.role.clone()).collect();
    assert_eq!(roles, [Role::Assistant, Role::Tool, Role::User]);
}

#[test]
fn a_foreign_call_on_gemini_3_says_that_it_has_no_signature() {
    let mut own = call("a", "f");
    own.extra.insert("thoughtSignature", Json::string("c2ln"));
    let contents = |model: &str, parts: Vec<Part>| {
        field(&ask(model, vec![Message::new(Role::Assistant, parts)]), "contents").unwrap()
    };
    let skipped = r#""thoughtSignature":"skip_thought_signature_validator""#;
    // Only the first call of a group has a signature.
    let foreign = contents("gemini-3-pro-preview", vec![call("a", "f"), call("b", "g")]);
    assert_eq!(foreign.matches(skipped).count(), 1);
    assert!(
        foreign.contains(&format!(r#"{{"functionCall":{{"id":"a","name":"f","args":{{}}}},{skipped}}}"#))
    );
    let signed = contents("gemini-3-pro-preview", vec![own, call("b", "g")]);
    assert!(signed.contains(r#""thoughtSignature":"c2ln""#) && !signed.contains(skipped));
    assert!(!contents("gemini-2.5-pro", vec![call("a", "f")]).contains(skipped));
    assert!(!contents("gemini-3-pro-preview", vec![Part::text("a")]).contains(skipped));
}

#[test]
fn signatures_go_back_where_they_stood() {
    let signed = |part: Part| Part {
        extra: [("thoughtSignature".to_owned(), Json::string("s"))].into_iter().collect(),
        ..part
    };
    let thought = Reasoning { text: "hm".into(), signature: Some("t".into()) };
    let parts = vec![
        Part::new(PartKind::Reasoning(thought)),
        Part::new(PartKind::RedactedReasoning { data: "foreign".into() }),
        signed(Part::text("a")),
        signed(Part::text("")),
        Part::new(PartKind::Refusal("no".into())),
    ];
    assert_eq!(
        field(&ask("gemini-3-pro-preview", vec![Message::new(Role::Assistant, parts)]), "contents").unwrap(),
        r#"[{"role":"model","parts":[{"text":"hm","thought":true,"thoughtSignature":"t"},{"text":"a","thoughtSignature":"s"},{"text":"","thoughtSignature":"s"},{"text":"no"}]}]"#
    );
}

#[test]
fn media_have_a_type_even_at_an_address() {
    let part = |kind| {
        let contents = field(
            &ask("gemini-3-flash-preview", vec![Message::new(Role::User, vec![Part::new(kind)])]),
            "contents",
        );
        contents
            .unwrap()
            .strip_prefix(r#"[{"role":"user","parts":["#)
            .unwrap()
            .strip_suffix("]}]")
            .unwrap()
            .to_owned()
    };
    let image = |source| part(PartKind::Image(Image { source, detail: Some("auto".into()) }));
    let data = || Source::Base64 { media_type: "image/png".into(), data: "AA".into() };
    assert_eq!(image(data()), r#"{"inlineData":{"mimeType":"image/png","data":"AA"}}"#);
    for (url, media_type) in [
        ("https://a.example/b.PNG?x=1", "image/png"),
        ("https://a.example/b", "image/jpeg"),
        ("gs://b/c.webp", "image/webp"),
    ] {
        let expected = format!(r#"{{"fileData":{{"mimeType":"{media_type}","fileUri":"{url}"}}}}"#);
        assert_eq!(image(Source::Url(url.into())), expected);
    }
    let document = |source| part(PartKind::Document(Document { source, name: None }));
    assert_eq!(
        document(Source::File { id: "files/x".into() }),
        r#"{"fileData":{"mimeType":"application/pdf","fileUri":"files/x"}}"#
    );
    let text = Source::Text { media_type: "text/plain".into(), text: "a \"b\"".into() };
    assert_eq!(document(text), r#"{"text":"a \"b\""}"#);
    // On Vertex a document has a name.
    let named = Document { source: data(), name: Some("n".into()) };
    let request = ask("gemini-x", vec![Message::new(Role::User, vec![Part::new(PartKind::Document(named))])]);
    let vertex = find("vertex").unwrap().encode_request(&request, EncodeOptions::REFUSE).unwrap();
    assert!(String::from_utf8(vertex.body).unwrap().contains(r#""displayName":"n""#));
}

#[test]
fn a_type_that_the_address_does_not_tell_is_kept() {
    let body = r#"{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/heic","fileUri":"https://a.example/b.png"}},{"fileData":{"fileUri":"https://youtu.be/x"}},{"inline_data":{"mime_type":"image/png","data":"AA"}}]}]}"#;
    let request = dialect().decode_request(body.as_bytes()).unwrap();
    let kinds: Vec<_> = request.messages[0].content.iter().map(|part| &part.kind).collect();
    assert!(
        matches!(kinds[..], [PartKind::Image(_), PartKind::ProviderItem { .. }, PartKind::Image(_)]),
        "{kinds:?}"
    );
    let again = field(&Request { model: "gemini-x".into(), ..request }, "contents").unwrap();
    assert_eq!(
        again,
        r#"[{"role":"user","parts":[{"fileData":{"fileUri":"https://a.example/b.png","mimeType":"image/heic"}},{"fileData":{"fileUri":"https://youtu.be/x"}},{"inlineData":{"mimeType":"image/png","data":"AA"}}]}]"#
    );
}

fn function(name: &str, parameters: Option<&str>, strict: Option<bool>) -> Tool {
    let parameters = parameters.map(|schema| Json::parse(schema).unwrap());
    let kind = ToolKind::Function { parameters, strict };
    Tool { name: name.into(), description: None, kind, cache: None, extra: Extra::new() }
}

fn hosted(whole: &str) -> Tool {
    let kind = ToolKind::Hosted(Json::parse(whole).unwrap());
    Tool { name: String::new(), description: None, kind, cache: None, extra: Extra::new() }
}

#[test]
fn tools_are_declared_together_and_hosted_ones_stay_whole() {
    let tools = vec![
        function("f", Some(r#"{"$schema":"x","type":"object","properties":{"a":{}}}"#), None),
        hosted(r#"{"googleSearch":{"timeRangeFilter":{}}}"#),
        function("g", Some(r#"{"type":"object","properties":{}}"#), None),
        function("h", None, None),
    ];
    assert_eq!(
        field(&Request { tools, ..hello() }, "tools").unwrap(),
        r#"[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object","properties":{"a":{}}}},{"name":"g"},{"name":"h"}]},{"googleSearch":{"timeRangeFilter":{}}}]"#
    );
}

#[test]
fn every_choice_of_tools() {
    let config = |tool_choice, strict| {
        let tools = vec![function("f", None, strict)];
        field(&Request { tools, tool_choice, parallel_tool_calls: Some(true), ..hello() }, "toolConfig")
    };
    let mode = |text: &str| Some(format!(r#"{{"functionCallingConfig":{{{text}}}}}"#));
    let names = || vec!["f".to_owned(), "g".to_owned()];
    for (choice, expected) in [
        (None, None),
        (Some(ToolChoice::Auto), mode(r#""mode":"AUTO""#)),
        (Some(ToolChoice::None), mode(r#""mode":"NONE""#)),
        (Some(ToolChoice::Required), mode(r#""mode":"ANY""#)),
        (Some(ToolChoice::Named("f".into())), mode(r#""mode":"ANY","allowedFunctionNames":["f"]"#)),
        (
            Some(ToolChoice::Subset { required: true, names: names() }),
            mode(r#""mode":"ANY","allowedFunctionNames":["f","g"]"#),
        ),
        (
            Some(ToolChoice::Subset { required: false, names: names() }),
            mode(r#""mode":"VALIDATED","allowedFunctionNames":["f","g"]"#),
        ),
    ] {
        assert_eq!(config(choice, None), expected);
    }
    assert_eq!(config(None, Some(true)), mode(r#""mode":"VALIDATED""#));
    assert_eq!(config(Some(ToolChoice::Required), Some(true)), mode(r#""mode":"ANY""#));
}

#[test]
fn reasoning_in_each_generations_words() {
    let written = |model: &str, effort: Option<&str>, budget_tokens, display: Option<&str>| {
        let reasoning = Some(ReasoningRequest {
            effort: effort.map(Effort::from),
            budget_tokens,
            display: display.map(Into::into),
        });
        field(&Request { model: model.into(), reasoning, ..hello() }, "generationConfig").unwrap_or_default()
    };
    let config = |text: &str| format!(r#"{{"thinkingConfig":{{{text}}}}}"#);
    let shown = r#""includeThoughts":true,"#;
    for (model, effort, budget, display, expected) in [
        (
            "gemini-3-pro-preview",
            Some("high"),
            None,
            None,
            config(&format!(r#"{shown}"thinkingLevel":"HIGH""#)),
        ),
        (
            "gemini-3-pro-preview",
            Some("low"),
            Some(99),
            None,
            config(&format!(r#"{shown}"thinkingLevel":"LOW""#)),
        ),
        ("gemini-3-pro-preview", Some("low"), None, Some("omitted"), config(r#""thinkingLevel":"LOW""#)),
        ("gemini-3-flash-preview", Some("none"), None, None, config(r#""thinkingLevel":"MINIMAL""#)),
        ("gemini-2.5-flash", Some("high"), None, None, config(&format!(r#"{shown}"thinkingBudget":24576"#))),
        ("gemini-2.5-flash", Some("none"), None, None, config(r#""thinkingBudget":0"#)),
        ("gemini-2.5-pro", None, None, None, config(r#""includeThoughts":true"#)),
    ] {
        assert_eq!(written(model, effort, budget, display), expected, "{model} {effort:?}");
    }
}

#[test]
fn a_callers_own_settings_stand_beside_ours_and_win() {
    let own = r#"{"temperature":0,"speechConfig":{"x":1},"thinkingConfig":{"thinkingBudget":-1}}"#;
    let config = r#"{"retrievalConfig":{},"functionCallingConfig":{"streamFunctionCallArguments":true}}"#;
    let mut request = Request { temperature: Some(1.0), seed: Some(7), ..hello() };
    request.reasoning = Some(ReasoningRequest { effort: Some(Effort::High), ..ReasoningRequest::default() });
    request.tool_choice = Some(ToolChoice::Required);
    for (name, value) in [
        ("generationConfig", own),
        ("toolConfig", config),
        ("safetySettings", "[]"),
        ("cachedContent", "\"c\""),
    ] {
        request.extra.insert(name, Json::parse(value).unwrap());
    }
    let written = body(&request);
    let Some((_, settings)) = written.split_once(r#""toolConfig":"#) else { panic!("{written}") };
    assert_eq!(
        settings,
        r#"{"functionCallingConfig":{"mode":"ANY","streamFunctionCallArguments":true},"retrievalConfig":{}},"generationConfig":{"seed":7,"thinkingConfig":{"includeThoughts":true,"thinkingBudget":-1},"temperature":0,"speechConfig":{"x":1}},"safetySettings":[],"cachedContent":"c"}"#
    );
    let read = dialect().decode_request(written.as_bytes()).unwrap();
    assert_eq!(read.seed, Some(7));
    assert!(read.extra.get("toolConfig").unwrap().text().contains("streamFunctionCallArguments"));
    assert_eq!(
        read.extra.get("generationConfig").unwrap().text(),
        r#"{"thinkingConfig":{"thinkingBudget":-1},"speechConfig":{"x":1}}"#
    );
}

#[test]
fn what_cannot_be_carried_is_refused_by_name_or_dropped_and_listed() {
    let with = |change: &dyn Fn(&mut Request)| {
        let mut request = hello();
        change(&mut request);
        request
    };
    let said = |part: Part| move |request: &mut Request| request.messages[0].content = vec![part.clone()];
    let cached = Part { cache: Some(CacheBreakpoint { lifetime: None }), ..Part::text("a") };
    let named = Document { source: Source::File { id: "files/a".into() }, name: Some("n".into()) };
    let foreign = |text: &str| Json::parse(text).unwrap();
    let schema = |description: Option<&str>, strict| {
        Some(ResponseFormat::JsonSchema {
            name: None,
            description: description.map(Into::into),
            schema: foreign("{}"),
            strict,
        })
    };
    let cases: Vec<(&str, Request)> = vec![
        ("user", with(&|it| it.user = Some("u".into()))),
        ("provider_metadata.a", with(&|it| it.metadata = vec![("a".into(), "b".into())])),
        ("parallel_tool_calls", with(&|it| it.parallel_tool_calls = Some(false))),
        ("tool_choice", with(&|it| it.tool_choice = Some(ToolChoice::Other(foreign(r#"{"type":"x"}"#))))),
        (
            "response_format",
            with(&|it| it.response_format = Some(ResponseFormat::Other(foreign(r#"{"type":"x"}"#)))),
        ),
        ("response_format.description", with(&|it| it.response_format = schema(Some("d"), None))),
        ("response_format.strict", with(&|it| it.response_format = schema(None, Some(false)))),
        ("tools[0]", with(&|it| it.tools = vec![hosted(r#"{"type":"web_search"}"#)])),
        (
            "tools[0]",
            with(&|it| {
                let kind = ToolKind::Custom { format: None };
                it.tools = vec![Tool { kind, ..function("f", None, None) }];
            }),
        ),
        (
            "tools[0].strict",
            with(&|it| {
                it.model = "gemini-2.0-flash".into();
                it.tools = vec![function("f", None, Some(true))];
            }),
        ),
        (
            "reasoning",
            with(&|it| {
                it.model = "gemini-2.0-flash".into();
                it.reasoning =
                    Some(ReasoningRequest { effort: Some(Effort::Low), ..ReasoningRequest::default() });
            }),
        ),
        ("messages[0].name", with(&|it| it.messages[0].name = Some("n".into()))),
        ("messages[1].role", with(&|it| it.messages.push(Message::text(Role::System, "s")))),
        ("messages[0].content[0].detail", with(&said(picture(Some("high"))))),
        ("messages[0].content[0]", with(&said(Part::new(PartKind::Unknown(foreign(r#"{"type":"x"}"#)))))),
        (
            "messages[0].content[0]",
            with(&said(Part::new(PartKind::Audio(Audio {
                source: Source::Base64 { media_type: "video/mp4".into(), data: String::new() },
            })))),
        ),
        (
            "messages[0].content[0].content[0]",
            with(&|it| {
                it.model = "gemini-2.5-flash".into();
                it.messages =
                    vec![Message::new(Role::Tool, vec![result("a", Some("f"), vec![picture(None)])])];
            }),
        ),
    ];
    // No answer is wrong without these, so they are never refused.
    let hints: Vec<(&str, Request)> = vec![
        (
            "cache.lifetime",
            with(&|it| it.cache = Some(CacheBreakpoint { lifetime: Some(CacheLifetime::OneHour) })),
        ),
        (
            "tools[0].cache",
            with(&|it| it.tools = vec![Tool { cache: cached.cache.clone(), ..function("f", None, None) }]),
        ),
        ("messages[0].content[0].cache", with(&said(cached.clone()))),
    ];
    // A title without a place of its own stands before its document.
    let titled = encode(&with(&said(Part::new(PartKind::Document(named))))).unwrap();
    assert!(titled.dropped.is_empty());
    let parts = r#""parts":[{"text":"n:"},{"fileData":{"mimeType":"application/pdf","fileUri":"files/a"}}]"#;
    assert!(String::from_utf8(titled.body).unwrap().contains(parts));
    for (field, request) in hints {
        let dropped = encode(&request).unwrap().dropped;
        assert_eq!(dropped.iter().map(|dropped| dropped.field.as_str()).collect::<Vec<_>>(), [field]);
    }
    for (field, request) in cases {
        for name in ["gemini", "vertex"] {
            let dialect: &dyn Dialect = find(name).unwrap();
            let error = dialect.encode_request(&request, EncodeOptions::REFUSE).unwrap_err();
            assert_eq!((error.field.as_str(), error.dialect), (field, name));
            let encoded = dialect.encode_request(&request, EncodeOptions::DROP).unwrap();
            let dropped: Vec<_> = encoded.dropped.iter().map(|dropped| dropped.field.as_str()).collect();
            assert_eq!(dropped, [field]);
            dialect.decode_request(&encoded.body).unwrap();
        }
    }
}

#[test]
fn a_request_that_is_none_is_an_error_that_says_where() {
    for (body, expected) in [
        ("{}", "contents is not specified"),
        (r#"{"contents":7}"#, "contents: expected an array"),
        (r#"{"contents":[7]}"#, "contents[0]: expected an object"),
        (r#"{"contents":[{"parts":7}]}"#, "contents[0].parts: expected an array"),
        (r#"{"contents":[],"systemInstruction":7}"#, "systemInstruction: expected an object"),
    ] {
        assert_eq!(dialect().decode_request(body.as_bytes()).unwrap_err().to_string(), expected);
    }
}
