//! Values that both Cohere and Ollama can carry.

pub(crate) use crate::strategies::{
    arguments, dialogue as conversation, short_text as text, unknown_field as extra,
};
use crate::strategies::{choice, json, unsigned};
use ferrule_wire::model::*;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

pub(crate) fn word() -> impl Strategy<Value = String> {
    "[a-z]{1,6}"
}

pub(crate) fn call() -> impl Strategy<Value = Part> {
    ("[a-z0-9]{1,6}", word(), arguments(), extra()).prop_map(|(id, name, arguments, extra)| Part {
        extra,
        ..Part::new(PartKind::ToolCall(ToolCall { id, name, arguments, custom: false }))
    })
}

pub(crate) fn thought() -> impl Strategy<Value = Part> {
    text().prop_map(unsigned)
}

pub(crate) fn picture() -> impl Strategy<Value = Part> {
    "[A-Za-z0-9]{4}".prop_map(|data| {
        let source = Source::Base64 { media_type: "image/png".into(), data: format!("iVBORw0KGgo{data}=") };
        Part::new(PartKind::Image(Image { source, detail: None }))
    })
}

pub(crate) fn results(parts: impl Strategy<Value = Vec<Part>>) -> impl Strategy<Value = Message> {
    let result =
        ("[a-z0-9]{1,6}", of(word()), parts, extra()).prop_map(|(tool_call_id, name, content, extra)| {
            let result = ToolResult { tool_call_id, name, content, is_error: None };
            Part { extra, ..Part::new(PartKind::ToolResult(result)) }
        });
    vec(result, 1..3).prop_map(|content| Message::new(Role::Tool, content))
}

/// A schema in both subsets: Cohere has no `additionalProperties`.
const OBJECT: &str = r#"{"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}"#;

pub(crate) fn tool(strict: Option<bool>) -> impl Strategy<Value = Tool> {
    (word(), of(text()), any::<bool>(), extra()).prop_map(move |(name, description, with_schema, extra)| {
        let kind = ToolKind::Function { parameters: with_schema.then(|| json(OBJECT)), strict };
        Tool { name, description, kind, cache: None, extra }
    })
}

pub(crate) fn format() -> impl Strategy<Value = ResponseFormat> {
    prop_oneof![
        Just(ResponseFormat::Json),
        Just(json(OBJECT)).prop_map(|schema| ResponseFormat::JsonSchema {
            name: None,
            description: None,
            schema,
            strict: None
        }),
    ]
}

prop_compose! {
    /// A request without what differs from one dialect to the other.
    pub(crate) fn settings()(
        (max_tokens, seed, top_k) in (of(1..9999u64), of(any::<i64>()), of(1..99u64)),
        (temperature, top_p, frequency_penalty, presence_penalty) in
            (of(0.0..1.0), of(0.0..1.0), of(0.0..1.0), of(0.0..1.0)),
        stop in vec(text(), 0..3),
        (logprobs, stream) in (of(any::<bool>()), any::<bool>()),
        (response_format, extra) in (of(format()), extra()),
    ) -> Request {
        Request {
            model: "m".into(), response_format, max_tokens, temperature, top_p, top_k, frequency_penalty,
            presence_penalty, stop, seed, logprobs, stream, extra, ..Request::default()
        }
    }
}

/// An answer that says `content`.
pub(crate) fn response(
    content: impl Strategy<Value = Vec<Part>>,
    finish: impl Strategy<Value = FinishReason>,
) -> impl Strategy<Value = Response> {
    let logprobs = of(Just(r#"{"content":[{"token":"a","logprob":-0.5},{"token":"b"}]}"#).prop_map(json));
    let figures = (0..1000u64, 0..1000u64);
    (content, finish, logprobs, figures, extra()).prop_map(
        |(content, finish, logprobs, (input, output), message_extra)| {
            let message = Message { extra: message_extra, ..Message::new(Role::Assistant, content) };
            let choice = Choice { logprobs, ..choice(message, Some(finish)) };
            let usage = Usage { input_tokens: Some(input), output_tokens: Some(output), ..Usage::default() };
            Response { choices: vec![choice], usage: Some(usage), ..Response::default() }
        },
    )
}
