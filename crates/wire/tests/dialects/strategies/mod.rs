//! Values that requests and answers of several dialects are made of. What one of them alone can carry is beside its tests.

pub(crate) mod cohere_ollama;

use ferrule_wire::json::{Extra, Json};
use ferrule_wire::model::{
    CacheBreakpoint, CacheLifetime, Choice, Effort, FinishReason, Message, Part, PartKind, Reasoning,
    ReasoningRequest, Role, Tool, ToolCall, ToolChoice, ToolKind, ToolResult, Usage,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

/// Any text, none too.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"[a-z "\\é\n]{0,12}"#]
}

/// Any text that says something: to many dialects no text is no part.
pub(crate) fn some_text() -> impl Strategy<Value = String> {
    text().prop_filter("no text is no part", |text| !text.trim().is_empty())
}

pub(crate) fn short_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{1,8}", "\\PC{1,8}", Just("\"\\\n\u{1}é".to_owned())]
        .prop_filter("a blank text is no part", |text| !text.trim().is_empty())
}

pub(crate) fn word() -> impl Strategy<Value = String> {
    "[a-z_]{1,8}"
}

/// An object whose text is kept as it was written.
pub(crate) fn object() -> impl Strategy<Value = Json> {
    select(&[r#"{"x":1.0}"#, r#"{"a":[1, 2],"é":"\u0041"}"#, r#"{"big":12345678901234567890}"#][..])
        .prop_map(json)
}

/// The arguments of a call.
pub(crate) fn arguments() -> impl Strategy<Value = String> {
    short_text().prop_map(|text| format!("{{\"x\":{}}}", Json::string(&text).text()))
}

/// Some of the fields of these names.
pub(crate) fn fields(names: &'static [&'static str]) -> impl Strategy<Value = Extra> {
    vec(of(object()), names.len()).prop_map(|values| {
        let fields = names.iter().zip(values);
        fields.filter_map(|(name, value)| Some(((*name).to_owned(), value?))).collect()
    })
}

/// A field that nobody knows, or none.
pub(crate) fn unknown_field() -> impl Strategy<Value = Extra> {
    of(("x_[a-z]{1,4}", prop_oneof![Just("1"), Just("[1, {\"a\": null}]"), Just("\"s\"")]))
        .prop_map(|field| field.into_iter().map(|(name, value)| (name, json(value))).collect())
}

/// A breakpoint for one of these lifetimes, or none.
pub(crate) fn cached_for(
    lifetimes: Vec<Option<CacheLifetime>>,
) -> impl Strategy<Value = Option<CacheBreakpoint>> {
    of(select(lifetimes).prop_map(|lifetime| CacheBreakpoint { lifetime }))
}

/// Anthropic's lifetimes, one it does not have yet, and its default.
pub(crate) fn cache() -> impl Strategy<Value = Option<CacheBreakpoint>> {
    cached_for(vec![
        None,
        Some(CacheLifetime::FiveMinutes),
        Some(CacheLifetime::OneHour),
        Some(CacheLifetime::Other("2h".into())),
    ])
}

/// Lifetimes that OpenAI's form has besides its default.
pub(crate) fn long_cache() -> impl Strategy<Value = Option<CacheBreakpoint>> {
    cached_for(vec![None, Some(CacheLifetime::OneHour), Some(CacheLifetime::Other("30m".into()))])
}

pub(crate) fn part_with(
    kind: impl Strategy<Value = PartKind>,
    cache: impl Strategy<Value = Option<CacheBreakpoint>>,
    extra: impl Strategy<Value = Extra>,
) -> impl Strategy<Value = Part> {
    (kind, cache, extra).prop_map(|(kind, cache, extra)| Part { kind, cache, extra })
}

pub(crate) fn part(
    kind: impl Strategy<Value = PartKind>,
    names: &'static [&'static str],
) -> impl Strategy<Value = Part> {
    part_with(kind, cache(), fields(names))
}

/// A part of a provider's own.
pub(crate) fn provider_item(dialect: &'static str, whole: &'static str) -> impl Strategy<Value = Part> {
    Just(Part::provider_item(dialect, json(whole)))
}

pub(crate) fn call(id: impl Strategy<Value = String>) -> impl Strategy<Value = PartKind> {
    (id, word(), prop_oneof![object(), Just(json("{}"))]).prop_map(|(id, name, input)| {
        PartKind::ToolCall(ToolCall { id, name, arguments: input.text().to_owned(), custom: false })
    })
}

/// A call whose arguments are an object, or, where a tool may take it, free text.
pub(crate) fn call_or_free_text(extra: impl Strategy<Value = Extra>) -> impl Strategy<Value = Part> {
    ("[a-z0-9]{1,6}", "[a-z]{1,6}", short_text(), any::<bool>(), extra).prop_map(
        |(id, name, written, custom, extra)| {
            let arguments =
                if custom { written } else { format!("{{\"x\":{}}}", Json::string(&written).text()) };
            Part { extra, ..Part::new(PartKind::ToolCall(ToolCall { id, name, arguments, custom })) }
        },
    )
}

pub(crate) fn thought(
    text: impl Strategy<Value = String>,
    signature: impl Strategy<Value = Option<String>>,
) -> impl Strategy<Value = PartKind> {
    (text, signature).prop_map(|(text, signature)| PartKind::Reasoning(Reasoning { text, signature }))
}

/// A thought that nobody signed.
pub(crate) fn unsigned(text: String) -> Part {
    Part::new(PartKind::Reasoning(Reasoning { text, signature: None }))
}

/// The result of a call: its text.
pub(crate) fn text_result(tool_call_id: String, text: String) -> Part {
    let content = vec![Part::text(text)];
    Part::new(PartKind::ToolResult(ToolResult { tool_call_id, name: None, content, is_error: None }))
}

pub(crate) fn result(
    id: impl Strategy<Value = String>,
    inner: impl Strategy<Value = Part>,
) -> impl Strategy<Value = Part> {
    let kind = (id, vec(inner, 0..3), of(any::<bool>())).prop_map(|(tool_call_id, content, is_error)| {
        // A failure says something.
        let is_error = is_error.filter(|failed| !failed || !content.is_empty());
        PartKind::ToolResult(ToolResult { tool_call_id, name: None, content, is_error })
    });
    part(kind, &["x_new"])
}

/// A message of `least` to three parts.
pub(crate) fn message(
    role: Role,
    part: impl Strategy<Value = Part>,
    least: usize,
) -> impl Strategy<Value = Message> {
    (vec(part, least..4), fields(&["x_new"])).prop_map(move |(content, extra)| Message {
        role: role.clone(),
        content,
        name: None,
        extra,
    })
}

/// The results of calls, and perhaps what the user says with them, which has no fields of its own then.
pub(crate) fn answered(
    results: impl Strategy<Value = Message>,
    user: impl Strategy<Value = Message>,
) -> impl Strategy<Value = Vec<Message>> {
    (results, of(user)).prop_map(|(results, user)| {
        let plain = |message: Message| Message { extra: Extra::new(), ..message };
        std::iter::once(results).chain(user.map(plain)).collect()
    })
}

/// Turns one after the other, behind what opens the conversation.
pub(crate) fn conversation(
    opening: impl Strategy<Value = Vec<Message>>,
    turn: impl Strategy<Value = Vec<Message>>,
) -> impl Strategy<Value = Vec<Message>> {
    (opening, vec(turn, 0..4))
        .prop_map(|(opening, turns)| opening.into_iter().chain(turns.into_iter().flatten()).collect())
}

/// What the user says, and in between what the assistant and its tools do: consecutive results are one message, so each
/// stands between others.
pub(crate) fn dialogue(
    user: impl Strategy<Value = Message>,
    assistant: impl Strategy<Value = Message>,
    results: impl Strategy<Value = Message>,
) -> impl Strategy<Value = Vec<Message>> {
    vec((user, of((assistant, results))), 1..4).prop_map(|turns| {
        let mut messages = Vec::new();
        for (user, answered) in turns {
            messages.push(user);
            messages.extend(answered.into_iter().flat_map(|(assistant, results)| [assistant, results]));
        }
        messages
    })
}

pub(crate) fn function_kind(strict: impl Strategy<Value = Option<bool>>) -> impl Strategy<Value = ToolKind> {
    (any::<bool>(), strict).prop_map(|(with_schema, strict)| ToolKind::Function {
        parameters: with_schema.then(|| json(r#"{"type": "object", "properties": {}}"#)),
        strict,
    })
}

pub(crate) fn function(
    description: impl Strategy<Value = String>,
    names: &'static [&'static str],
) -> impl Strategy<Value = Tool> {
    (word(), of(description), of(object()), of(any::<bool>()), cache(), fields(names)).prop_map(
        |(name, description, parameters, strict, cache, extra)| Tool {
            name,
            description,
            kind: ToolKind::Function { parameters, strict },
            cache,
            extra,
        },
    )
}

/// A tool that the provider runs.
pub(crate) fn hosted(name: &str, whole: &str) -> Tool {
    Tool {
        name: name.into(),
        description: None,
        kind: ToolKind::Hosted(json(whole)),
        cache: None,
        extra: Extra::new(),
    }
}

/// Choices that leave the number of calls open.
pub(crate) fn open_choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![Just(ToolChoice::Auto), Just(ToolChoice::Required), word().prop_map(ToolChoice::Named)]
}

/// Reasoning as Claude has it: in words, as a budget, off.
pub(crate) fn reasoning() -> impl Strategy<Value = Option<ReasoningRequest>> {
    let effort = select(vec!["low", "medium", "high", "xhigh", "max", "vast"]).prop_map(Effort::from);
    let some = (of(effort), of(1024u64..40_000), of(Just("omitted".to_owned()))).prop_map(
        |(effort, budget_tokens, display)| Some(ReasoningRequest { effort, budget_tokens, display }),
    );
    let off = Some(ReasoningRequest { effort: Some(Effort::None), ..ReasoningRequest::default() });
    prop_oneof![3 => Just(None), 3 => some, 1 => Just(off)]
}

prop_compose! {
    /// Figures as Claude's are: what was cached is counted beside the input, what was written to the cache by lifetime.
    pub(crate) fn usage_of_claude(names: &'static [&'static str])(
        input in 0u64..1_000_000, output in 0u64..1_000_000,
        cache_read_tokens in of(0u64..1000), cache_write_tokens in of(0u64..1000),
        split in any::<bool>(), extra in fields(names),
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

/// The first answer.
pub(crate) fn choice(message: Message, finish_reason: Option<FinishReason>) -> Choice {
    Choice { index: 0, message, finish_reason, stop_sequence: None, logprobs: None, extra: Extra::new() }
}

/// Whether a tool is called in `content`.
pub(crate) fn has_calls(content: &[Part]) -> bool {
    content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)))
}
