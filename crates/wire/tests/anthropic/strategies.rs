//! Requests and answers in the canonical form that this dialect can carry.

use ferrule_wire::json::{Extra, Json};
use ferrule_wire::model::{
    CacheBreakpoint, CacheLifetime, Choice, Document, Effort, FinishReason, Image, Message, Part, PartKind,
    Reasoning, ReasoningRequest, Request, Response, ResponseFormat, Role, Source, Tool, ToolCall, ToolChoice,
    ToolKind, ToolResult, Usage,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn json(text: &str) -> Json {
    Json::parse(text).expect("valid")
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"[a-z "\\é\n]{0,12}"#]
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

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        (word(), text()).prop_map(|(media_type, data)| Source::Base64 { media_type, data }),
        text().prop_map(Source::Url),
        text().prop_map(|id| Source::File { id }),
        Just(Source::Other(json(r#"{"type":"content","content":"x"}"#))),
    ]
}

fn unknown(whole: &'static str) -> impl Strategy<Value = Part> {
    Just(Part::new(PartKind::Unknown(json(whole))))
}

fn text_part() -> impl Strategy<Value = Part> {
    part(text().prop_map(PartKind::Text), &["citations"])
}

fn shown_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => text_part(),
        1 => part(source().prop_map(|source| PartKind::Image(Image { source, detail: None })), &["x_new"]),
        1 => part(
            (prop_oneof![
                source(),
                (word(), text()).prop_map(|(media_type, text)| Source::Text { media_type, text })
            ], of(text()))
                .prop_map(|(source, name)| PartKind::Document(Document { source, name })),
            &["context", "citations"],
        ),
        1 => unknown(r#"{"type":"search_result","source":"x","title":"y","content":[]}"#),
    ]
}

fn call() -> impl Strategy<Value = PartKind> {
    (text(), word(), prop_oneof![object(), Just(json("{}"))]).prop_map(|(id, name, input)| {
        PartKind::ToolCall(ToolCall { id, name, arguments: input.text().to_owned(), custom: false })
    })
}

fn bare(kind: PartKind, extra: Extra) -> Part {
    Part { extra, ..Part::new(kind) }
}

fn thought(signature: impl Strategy<Value = Option<String>>) -> impl Strategy<Value = PartKind> {
    (text(), signature).prop_map(|(text, signature)| PartKind::Reasoning(Reasoning { text, signature }))
}

fn said_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => text_part(),
        2 => part(call(), &["caller"]),
        1 => (thought("[a-z]{1,8}".prop_map(Some)), extra(&["x_new"])).prop_map(|(kind, extra)| bare(kind, extra)),
        1 => text().prop_map(|data| Part::new(PartKind::RedactedReasoning { data })),
        1 => unknown(r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{"query": "x"}}"#),
    ]
}

fn result() -> impl Strategy<Value = Part> {
    let kind = (text(), prop::collection::vec(shown_part(), 0..3), of(any::<bool>())).prop_map(
        |(tool_call_id, content, is_error)| {
            PartKind::ToolResult(ToolResult { tool_call_id, name: None, content, is_error })
        },
    );
    part(kind, &["x_new"])
}

fn message(role: Role, part: impl Strategy<Value = Part>, least: usize) -> impl Strategy<Value = Message> {
    (prop::collection::vec(part, least..4), extra(&["x_new"])).prop_map(move |(content, extra)| Message {
        role: role.clone(),
        content,
        name: None,
        extra,
    })
}

/// Messages between two of the assistant's.
fn turn() -> impl Strategy<Value = Vec<Message>> {
    let plain = |message: Message| Message { extra: Extra::new(), ..message };
    prop_oneof![
        3 => message(Role::User, shown_part(), 0).prop_map(|user| vec![user]),
        1 => message(Role::Tool, result(), 1).prop_map(|results| vec![results]),
        1 => (message(Role::Tool, result(), 1), message(Role::User, shown_part(), 1))
            .prop_map(move |(results, user)| vec![results, plain(user)]),
        1 => message(Role::System, text_part(), 0).prop_map(|system| vec![system]),
        1 => message(Role::Other("critic".into()), text_part(), 0).prop_map(|other| vec![other]),
    ]
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let system = prop::collection::vec(text_part(), 0..3).prop_map(|parts| Message::new(Role::System, parts));
    let turns = prop::collection::vec((message(Role::Assistant, said_part(), 0), turn()), 0..4);
    (of(system), turns).prop_map(|(system, turns)| {
        let turns = turns.into_iter().flat_map(|(said, turn)| std::iter::once(said).chain(turn));
        system.into_iter().chain(turns).collect()
    })
}

fn tool() -> impl Strategy<Value = Tool> {
    let function = (word(), of(text()), of(object()), of(any::<bool>()), cache(), extra(&["input_examples"]))
        .prop_map(|(name, description, parameters, strict, cache, extra)| Tool {
            name,
            description,
            kind: ToolKind::Function { parameters, strict },
            cache,
            extra,
        });
    let hosted = Just(Tool {
        name: "web_search".into(),
        description: None,
        kind: ToolKind::Hosted(json(r#"{"type":"web_search_20250305","name":"web_search","max_uses":2}"#)),
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
        Just((Some(ToolChoice::None), None)),
        Just((Some(ToolChoice::Other(json(r#"{"type":"any","x_new":1}"#))), None)),
        (open, of(any::<bool>())).prop_map(|(choice, parallel)| (Some(choice), parallel)),
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
    let schema = object().prop_map(|schema| {
        Some(ResponseFormat::JsonSchema { name: None, description: None, schema, strict: None })
    });
    let other = Some(ResponseFormat::Other(json(r#"{"type":"grammar","text":"x"}"#)));
    prop_oneof![3 => Just(None), 2 => schema, 1 => Just(other)]
}

prop_compose! {
    /// A request that keeps all it says on the way to a server and back.
    pub(crate) fn request()(
        messages in messages(),
        tools in prop::collection::vec(tool(), 0..3),
        (tool_choice, parallel_tool_calls) in tool_choice(),
        response_format in response_format(),
        reasoning in reasoning(),
        max_tokens in 50_000u64..60_000,
        temperature in of(select(vec![0.0, 0.3, 0.7, 1.0])),
        (top_p, top_k) in (of(select(vec![0.5, 0.95])), of(0u64..100)),
        stop in prop::collection::vec(text(), 0..3),
        user in of(text()),
        cache in cache(),
        stream in any::<bool>(),
        extra in extra(&["service_tier", "output_config", "metadata", "context_management"]),
    ) -> Request {
        let mut extra = extra;
        // What belongs to a nested level comes after what does not.
        for name in ["output_config", "metadata"] {
            if let Some(nested) = extra.remove(name) {
                extra.insert(name, nested);
            }
        }
        Request {
            model: "claude-opus-4-6".into(), messages, tools, tool_choice, parallel_tool_calls, response_format,
            reasoning, max_tokens: Some(max_tokens), temperature, top_p, top_k, stop, user, cache, stream, extra,
            ..Request::default()
        }
    }
}

prop_compose! {
    fn usage()(
        input in 0u64..1_000_000, output in 0u64..1_000_000,
        cache_read_tokens in of(0u64..1000), cache_write_tokens in of(0u64..1000),
        split in any::<bool>(), reasoning_tokens in of(0u64..1000), extra in extra(&["service_tier", "server_tool_use"]),
    ) -> Usage {
        let split = cache_write_tokens.filter(|_| split);
        Usage {
            input_tokens: Some(input + cache_read_tokens.unwrap_or(0) + cache_write_tokens.unwrap_or(0)),
            output_tokens: Some(output),
            cache_read_tokens,
            cache_write_tokens,
            cache_write_5m_tokens: split.map(|tokens| tokens / 3),
            cache_write_1h_tokens: split.map(|tokens| tokens - tokens / 3),
            reasoning_tokens,
            extra,
            ..Usage::default()
        }
    }
}

/// A part of an answer that a stream can tell too: of further fields only citations.
fn streamed_part() -> impl Strategy<Value = Part> {
    let citations = of(Just(json(r#"[{"type":"char_location"},{"type":"x"}]"#)));
    prop_oneof![
        3 => (text(), citations).prop_map(|(text, citations)| {
            let extra = citations.into_iter().map(|list| ("citations".to_owned(), list)).collect();
            Part { extra, ..Part::text(text) }
        }),
        2 => call().prop_map(Part::new),
        1 => thought(of("[a-z]{1,8}")).prop_map(Part::new),
        1 => text().prop_map(|data| Part::new(PartKind::RedactedReasoning { data })),
        1 => unknown(r#"{"type":"web_search_tool_result","tool_use_id":"s","content":[{"type": "x"}]}"#),
    ]
}

fn finish_reason() -> impl Strategy<Value = FinishReason> {
    select(vec![
        FinishReason::Stop,
        FinishReason::StopSequence,
        FinishReason::Length,
        FinishReason::ContextWindow,
        FinishReason::ToolCalls,
        FinishReason::Refusal,
        FinishReason::Pause,
        FinishReason::Other("compaction".into()),
    ])
}

prop_compose! {
    fn answer(part: BoxedStrategy<Part>)(
        id in text(), model in text(),
        content in prop::collection::vec(part, 0..5),
        finish_reason in of(finish_reason()),
        stop_sequence in of(text()),
        usage in usage(),
        told_at_the_end in extra(&["stop_details", "container", "context_management"]),
        extra in extra(&["x_new", "y_new"]),
    ) -> Response {
        // A stream tells the stop text with the reason, and of an answer that says nothing only the reason.
        let finish_reason = finish_reason.or_else(|| content.is_empty().then_some(FinishReason::Stop));
        let stop_sequence = stop_sequence.filter(|_| finish_reason.is_some());
        let message = Message { extra: told_at_the_end, ..Message::new(Role::Assistant, content) };
        let choice = Choice { index: 0, message, finish_reason, stop_sequence, logprobs: None, extra: Extra::new() };
        Response { id, model, created: None, choices: vec![choice], usage: Some(usage), extra }
    }
}

/// An answer that keeps all it says as a plain body.
pub(crate) fn plain_response() -> impl Strategy<Value = Response> {
    answer(prop_oneof![said_part(), streamed_part()].boxed())
}

/// An answer that keeps all it says as a stream.
pub(crate) fn streamed_response() -> impl Strategy<Value = Response> {
    answer(streamed_part().boxed())
}
