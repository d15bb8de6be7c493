//! Requests and answers in the canonical form that this dialect can carry.

use super::{CLAUDE, NOVA, json};
use ferrule_wire::json::{Extra, Json};
use ferrule_wire::model::{
    Audio, CacheBreakpoint, CacheLifetime, Choice, Document, Effort, FinishReason, Image, Message, Part,
    PartKind, Reasoning, ReasoningRequest, Request, Response, ResponseFormat, Role, Source, Tool, ToolCall,
    ToolChoice, ToolKind, ToolResult, Usage,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"[a-z "\\é\n]{0,12}"#]
}

/// Empty texts are left out of requests.
fn some_text() -> impl Strategy<Value = String> {
    text().prop_filter("no text is no part", |text| !text.is_empty())
}

fn word() -> impl Strategy<Value = String> {
    "[a-z_]{1,8}"
}

fn object() -> impl Strategy<Value = Json> {
    select(&[r#"{"x":1.0}"#, r#"{"a":[1, 2],"é":"\u0041"}"#, r#"{"big":12345678901234567890}"#][..])
        .prop_map(json)
}

fn extra(names: &'static [&'static str]) -> impl Strategy<Value = Extra> {
    prop::collection::vec(of(object()), names.len()).prop_map(|values| {
        let fields = names.iter().zip(values);
        fields.filter_map(|(name, value)| Some(((*name).to_owned(), value?))).collect()
    })
}

fn cache() -> impl Strategy<Value = Option<CacheBreakpoint>> {
    let lifetime = select(vec![
        None,
        Some(CacheLifetime::FiveMinutes),
        Some(CacheLifetime::OneHour),
        Some(CacheLifetime::Other("2h".into())),
    ]);
    of(lifetime.prop_map(|lifetime| CacheBreakpoint { lifetime }))
}

fn part(
    kind: impl Strategy<Value = PartKind>,
    names: &'static [&'static str],
) -> impl Strategy<Value = Part> {
    (kind, cache(), extra(names)).prop_map(|(kind, cache, extra)| Part { kind, cache, extra })
}

fn bytes(media_types: &'static [&'static str]) -> impl Strategy<Value = Source> {
    prop_oneof![
        (select(media_types), text())
            .prop_map(|(media_type, data)| Source::Base64 { media_type: media_type.into(), data }),
        select(&["s3://bucket/a.png", "s3://bucket/b"][..]).prop_map(|url| Source::Url(url.into())),
        Just(Source::Other(json(r#"{"s3Location":{"uri":"s3://b/x.gif","bucketOwner":"1"}}"#))),
    ]
}

fn unknown(whole: &'static str) -> impl Strategy<Value = Part> {
    Just(Part::new(PartKind::Unknown(json(whole))))
}

fn text_part(text: impl Strategy<Value = String>) -> impl Strategy<Value = Part> {
    let citations = of(Just(json(r#"[{"title":"t","location":{"web":{"url":"u"}}},{"x":1}]"#)));
    (text, citations, cache()).prop_map(|(text, citations, cache)| {
        let extra = citations.into_iter().map(|list| ("citations".to_owned(), list)).collect();
        Part { extra, cache, ..Part::text(text) }
    })
}

fn picture() -> impl Strategy<Value = PartKind> {
    bytes(&["image/png", "image/jpeg", "image/gif", "image/webp"])
        .prop_map(|source| PartKind::Image(Image { source, detail: None }))
}

fn shown_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => text_part(some_text()),
        1 => part(picture(), &["x_new"]),
        1 => part(
            bytes(&["audio/mp3", "audio/wav", "audio/flac"]).prop_map(|source| PartKind::Audio(Audio { source })),
            &["x_new"],
        ),
        1 => unknown(r#"{"video":{"format":"mp4","source":{"bytes": "AA=="}}}"#),
        1 => unknown(r#"{"guardContent":{"text":{"text":"x"}}}"#),
        1 => unknown(r#"{"searchResult":{"source":"x","title":"y","content":[]}}"#),
    ]
}

fn document() -> impl Strategy<Value = Part> {
    let source = prop_oneof![
        bytes(&["application/pdf", "text/csv", "text/markdown", "application/msword"]),
        (select(&["text/plain", "text/html"][..]), some_text())
            .prop_map(|(media_type, text)| Source::Text { media_type: media_type.into(), text }),
        Just(Source::Other(json(r#"{"content":[{"text":"x"}]}"#))),
    ];
    part(
        source.prop_map(|source| PartKind::Document(Document { source, name: Some("A report".into()) })),
        &["context", "citations"],
    )
}

fn call() -> impl Strategy<Value = PartKind> {
    ("[a-zA-Z0-9_.:-]{1,64}", word(), prop_oneof![object(), Just(json("{}"))]).prop_map(
        |(id, name, input)| {
            PartKind::ToolCall(ToolCall { id, name, arguments: input.text().to_owned(), custom: false })
        },
    )
}

fn thought(signature: impl Strategy<Value = Option<String>>) -> impl Strategy<Value = PartKind> {
    (some_text(), signature).prop_map(|(text, signature)| PartKind::Reasoning(Reasoning { text, signature }))
}

fn said_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => text_part(some_text()),
        2 => part(call(), &["x_new"]),
        1 => part(thought("[a-z]{1,8}".prop_map(Some)), &["x_new"]),
        1 => text().prop_map(|data| Part::new(PartKind::RedactedReasoning { data })),
        1 => unknown(r#"{"toolUse":{"toolUseId":"s","name":"nova_grounding","input":{"q": "x"},"type":"server_tool_use"}}"#),
    ]
}

fn result() -> impl Strategy<Value = Part> {
    let inner = prop_oneof![
        2 => some_text().prop_map(Part::text),
        1 => picture().prop_map(Part::new),
        1 => unknown(r#"{"json":{"x": [1]}}"#),
    ];
    let kind = ("[a-zA-Z0-9_.:-]{1,64}", prop::collection::vec(inner, 0..3), of(any::<bool>())).prop_map(
        |(tool_call_id, content, is_error)| {
            PartKind::ToolResult(ToolResult { tool_call_id, name: None, content, is_error })
        },
    );
    part(kind, &["x_new"])
}

fn message(role: Role, part: impl Strategy<Value = Part>) -> impl Strategy<Value = Message> {
    (prop::collection::vec(part, 1..4), extra(&["x_new"])).prop_map(move |(content, extra)| Message {
        role: role.clone(),
        content,
        name: None,
        extra,
    })
}

/// What the user's side says between two turns of the model.
fn turn() -> impl Strategy<Value = Vec<Message>> {
    let plain = |message: Message| Message { extra: Extra::new(), ..message };
    prop_oneof![
        3 => message(Role::User, shown_part()).prop_map(|user| vec![user]),
        1 => message(Role::Tool, result()).prop_map(|results| vec![results]),
        1 => (message(Role::Tool, result()), message(Role::User, shown_part()))
            .prop_map(move |(results, user)| vec![results, plain(user)]),
    ]
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let instruction = prop_oneof![
        3 => (some_text(), cache()).prop_map(|(text, cache)| Part { cache, ..Part::text(text) }),
        1 => unknown(r#"{"guardContent":{"text":{"text":"x"}}}"#),
    ];
    let has_text = |parts: &Vec<Part>| !parts.is_empty();
    let system = prop::collection::vec(instruction, 1..3)
        .prop_filter("said", has_text)
        .prop_map(|parts| Message::new(Role::System, parts));
    // A name is given once, and a text stands beside a document.
    let with_document = (document(), some_text())
        .prop_map(|(document, text)| Message::new(Role::User, vec![document, Part::text(text)]));
    let first = prop_oneof![3 => message(Role::User, shown_part()), 1 => with_document];
    let turns = prop::collection::vec((message(Role::Assistant, said_part()), turn()), 0..4);
    (of(system), first, turns).prop_map(|(system, first, turns)| {
        let turns = turns.into_iter().flat_map(|(said, turn)| std::iter::once(said).chain(turn));
        system.into_iter().chain([first]).chain(turns).collect()
    })
}

fn tool() -> impl Strategy<Value = Tool> {
    let function = (word(), of(some_text()), of(object()), of(any::<bool>()), cache(), extra(&["x_new"]))
        .prop_map(|(name, description, parameters, strict, cache, extra)| Tool {
            name,
            description,
            kind: ToolKind::Function { parameters, strict },
            cache,
            extra,
        });
    let hosted = Just(Tool {
        name: "nova_grounding".into(),
        description: None,
        kind: ToolKind::Hosted(json(r#"{"systemTool":{"name": "nova_grounding"}}"#)),
        cache: None,
        extra: Extra::new(),
    });
    prop_oneof![4 => function, 1 => hosted]
}

fn tool_choice() -> impl Strategy<Value = (Option<ToolChoice>, Option<bool>)> {
    let open =
        prop_oneof![Just(ToolChoice::Auto), Just(ToolChoice::Required), word().prop_map(ToolChoice::Named)];
    prop_oneof![
        Just((None, None)),
        Just((None, Some(false))),
        Just((Some(ToolChoice::Other(json(r#"{"some":{"x_new":1}}"#))), None)),
        (open, of(Just(false))).prop_map(|(choice, parallel)| (Some(choice), parallel)),
    ]
}

fn reasoning() -> impl Strategy<Value = Option<ReasoningRequest>> {
    let effort = select(vec!["low", "medium", "high", "xhigh", "max", "vast"]).prop_map(Effort::from);
    let some = (of(effort), of(1024u64..40_000), of(Just("omitted".to_owned()))).prop_map(
        |(effort, budget_tokens, display)| Some(ReasoningRequest { effort, budget_tokens, display }),
    );
    let off = Some(ReasoningRequest { effort: Some(Effort::None), ..ReasoningRequest::default() });
    prop_oneof![3 => Just(None), 3 => some, 1 => Just(off)]
}

fn response_format() -> impl Strategy<Value = Option<ResponseFormat>> {
    let schema = (object(), of(word()), of(text())).prop_map(|(schema, name, description)| {
        Some(ResponseFormat::JsonSchema { name, description, schema, strict: None })
    });
    let other = Some(ResponseFormat::Other(json(r#"{"type":"grammar","text":"x"}"#)));
    prop_oneof![3 => Just(None), 2 => schema, 1 => Just(other)]
}

prop_compose! {
    /// A request that keeps all it says on the way to a server and back.
    pub(crate) fn request()(
        messages in messages(),
        tools in prop::collection::vec(tool(), 1..3),
        (tool_choice, parallel_tool_calls) in tool_choice(),
        response_format in response_format(),
        reasoning in reasoning(),
        max_tokens in 50_000u64..60_000,
        temperature in of(select(vec![0.0, 0.3, 0.7, 1.0])),
        (top_p, top_k) in (of(select(vec![0.5, 0.95])), of(0u64..100)),
        stop in prop::collection::vec(text(), 0..3),
        metadata in prop::collection::btree_map(word(), text(), 0..3),
        stream in any::<bool>(),
        extra in extra(&[
            "guardrailConfig", "promptVariables", "performanceConfig", "serviceTier", "toolConfig",
            "additionalModelRequestFields", "outputConfig", "inferenceConfig",
        ]),
    ) -> Request {
        Request {
            model: CLAUDE.into(), messages, tools, tool_choice, parallel_tool_calls, response_format,
            reasoning, max_tokens: Some(max_tokens), temperature, top_p, top_k, stop,
            metadata: metadata.into_iter().collect(), stream, extra, ..Request::default()
        }
    }
}

/// The same for a model of another family: an effort in words, thoughts without signatures.
pub(crate) fn request_to_nova() -> impl Strategy<Value = Request> {
    let effort = select(vec![Effort::None, Effort::Low, Effort::Medium, Effort::High]);
    (request(), of(effort), thought(Just(None))).prop_map(|(mut request, effort, thought)| {
        request.model = NOVA.into();
        request.reasoning =
            effort.map(|effort| ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() });
        request.parallel_tool_calls = None;
        if let Some(said) = request.messages.iter_mut().find(|message| message.role == Role::Assistant) {
            said.content.push(Part::new(thought));
        }
        request
    })
}

prop_compose! {
    fn usage()(
        input in 0u64..1_000_000, output in 0u64..1_000_000,
        cache_read_tokens in of(0u64..1000), cache_write_tokens in of(0u64..1000),
        split in any::<bool>(), extra in extra(&["serverToolUsage"]),
    ) -> Usage {
        let split = cache_write_tokens.filter(|_| split);
        Usage {
            input_tokens: Some(input + cache_read_tokens.unwrap_or(0) + cache_write_tokens.unwrap_or(0)),
            output_tokens: Some(output),
            cache_read_tokens,
            cache_write_tokens,
            cache_write_5m_tokens: split.map(|tokens| tokens / 3),
            cache_write_1h_tokens: split.map(|tokens| tokens - tokens / 3),
            extra,
            ..Usage::default()
        }
    }
}

/// A part of an answer that a stream can tell too.
fn streamed_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => text_part(text()).prop_map(|part| Part { cache: None, ..part }),
        2 => call().prop_map(Part::new),
        1 => thought(of("[a-z]{1,8}")).prop_map(Part::new),
        1 => text().prop_map(|data| Part::new(PartKind::RedactedReasoning { data })),
        1 => picture().prop_map(Part::new),
        1 => unknown(r#"{"toolUse":{"toolUseId":"s","name":"nova_grounding","input":{"q": "x"},"type":"server_tool_use"}}"#),
        1 => unknown(r#"{"x_new":{"a": 1}}"#),
    ]
}

fn finish_reason() -> impl Strategy<Value = FinishReason> {
    select(vec![
        FinishReason::Stop,
        FinishReason::StopSequence,
        FinishReason::Length,
        FinishReason::ContextWindow,
        FinishReason::ToolCalls,
        FinishReason::ContentFilter,
        FinishReason::Refusal,
        FinishReason::Pause,
        FinishReason::Other("malformed_tool_use".into()),
    ])
}

prop_compose! {
    fn answer(part: BoxedStrategy<Part>, message_fields: &'static [&'static str])(
        content in prop::collection::vec(part, 0..5),
        finish_reason in of(finish_reason()),
        usage in of(usage()),
        message_extra in extra(message_fields),
        extra in extra(&["additionalModelResponseFields", "metrics", "trace", "serviceTier"]),
    ) -> Response {
        // Of an answer that says nothing a stream tells only the reason.
        let finish_reason = finish_reason.or_else(|| content.is_empty().then_some(FinishReason::Stop));
        let message = Message { extra: message_extra, ..Message::new(Role::Assistant, content) };
        let choice = Choice {
            index: 0, message, finish_reason, stop_sequence: None, logprobs: None, extra: Extra::new(),
        };
        Response { choices: vec![choice], usage, extra, ..Response::default() }
    }
}

/// An answer that keeps all it says as a plain body.
pub(crate) fn plain_response() -> impl Strategy<Value = Response> {
    answer(prop_oneof![said_part(), streamed_part(), document(), result()].boxed(), &["x_new"])
}

/// An answer that keeps all it says as a stream.
pub(crate) fn streamed_response() -> impl Strategy<Value = Response> {
    answer(streamed_part().boxed(), &[])
}
