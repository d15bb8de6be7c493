//! Requests and answers in the canonical form that this dialect can carry.

use crate::strategies::{
    answered, cache, call, choice, conversation, fields, function, hosted, json, message, object,
    open_choice, part, part_with, provider_item, reasoning, result, some_text, text, thought,
    usage_of_claude, word,
};
use ferrule_wire::model::{
    Choice, Document, FinishReason, Image, Message, Part, PartKind, Request, Response, ResponseFormat, Role,
    Source, Tool, ToolChoice, Usage,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// An id that the API takes, and long enough that no two are the same.
const ID: &str = "[a-zA-Z0-9_-]{12,40}";

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        (word(), text()).prop_map(|(media_type, data)| Source::Base64 { media_type, data }),
        text().prop_map(Source::Url),
        text().prop_map(|id| Source::File { id }),
        Just(Source::Other(json(r#"{"type":"content","content":"x"}"#))),
    ]
}

fn text_part() -> impl Strategy<Value = Part> {
    part(some_text().prop_map(PartKind::Text), &["citations"])
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
        1 => provider_item("anthropic", r#"{"type":"search_result","source":"x","title":"y","content":[]}"#),
    ]
}

fn said_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => text_part(),
        2 => part(call(ID), &["caller"]),
        1 => part_with(thought(text(), "[a-z]{1,8}".prop_map(Some)), Just(None), fields(&["x_new"])),
        1 => text().prop_map(|data| Part::new(PartKind::RedactedReasoning { data })),
        1 => provider_item("anthropic", r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{"query": "x"}}"#),
    ]
}

fn results() -> impl Strategy<Value = Message> {
    message(Role::Tool, result(ID, shown_part()), 1)
}

/// Messages between two of the assistant's.
fn turn() -> impl Strategy<Value = Vec<Message>> {
    prop_oneof![
        3 => message(Role::User, shown_part(), 1).prop_map(|user| vec![user]),
        2 => answered(results(), message(Role::User, shown_part(), 1)),
        1 => message(Role::System, text_part(), 1).prop_map(|system| vec![system]),
        1 => message(Role::Other("critic".into()), text_part(), 1).prop_map(|other| vec![other]),
    ]
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let system = prop::collection::vec(text_part(), 1..3).prop_map(|parts| Message::new(Role::System, parts));
    let turn = (message(Role::Assistant, said_part(), 1), turn())
        .prop_map(|(said, turn)| std::iter::once(said).chain(turn).collect());
    conversation(of(system).prop_map(Vec::from_iter), turn)
}

fn tool() -> impl Strategy<Value = Tool> {
    let web_search = r#"{"type":"web_search_20250305","name":"web_search","max_uses":2}"#;
    prop_oneof![4 => function(text(), &["input_examples"]), 1 => Just(hosted("web_search", web_search))]
}

fn tool_choice() -> impl Strategy<Value = (Option<ToolChoice>, Option<bool>)> {
    prop_oneof![
        Just((None, None)),
        Just((Some(ToolChoice::None), None)),
        Just((Some(ToolChoice::Other(json(r#"{"type":"any","x_new":1}"#))), None)),
        (open_choice(), of(any::<bool>())).prop_map(|(choice, parallel)| (Some(choice), parallel)),
    ]
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
        extra in fields(&["container", "output_config", "metadata", "context_management"]),
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

fn usage() -> impl Strategy<Value = Usage> {
    (usage_of_claude(&["service_tier", "server_tool_use"]), of(0u64..1000))
        .prop_map(|(usage, reasoning_tokens)| Usage { reasoning_tokens, ..usage })
}

/// A part of an answer that a stream can tell too: of further fields only citations.
fn streamed_part() -> impl Strategy<Value = Part> {
    let citations = of(Just(json(r#"[{"type":"char_location"},{"type":"x"}]"#)));
    prop_oneof![
        3 => (text(), citations).prop_map(|(text, citations)| {
            let extra = citations.into_iter().map(|list| ("citations".to_owned(), list)).collect();
            Part { extra, ..Part::text(text) }
        }),
        2 => call(ID).prop_map(Part::new),
        1 => thought(text(), of("[a-z]{1,8}")).prop_map(Part::new),
        1 => text().prop_map(|data| Part::new(PartKind::RedactedReasoning { data })),
        1 => provider_item("anthropic", r#"{"type":"web_search_tool_result","tool_use_id":"s","content":[{"type": "x"}]}"#),
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
        told_at_the_end in fields(&["stop_details", "container", "context_management"]),
        extra in fields(&["x_new", "y_new"]),
    ) -> Response {
        // A stream tells the stop text with the reason, and of an answer that says nothing only the reason.
        let finish_reason = finish_reason.or_else(|| content.is_empty().then_some(FinishReason::Stop));
        let stop_sequence = stop_sequence.filter(|_| finish_reason.is_some());
        let message = Message::new(Role::Assistant, content);
        let choice = Choice { stop_sequence, extra: told_at_the_end, ..choice(message, finish_reason) };
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
