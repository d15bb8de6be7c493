//! Requests and answers in the canonical form that this dialect can carry.

use super::{CLAUDE, NOVA};
use crate::strategies::{
    answered, cache, call, choice, conversation, fields, function, hosted, json, message, object,
    open_choice, part, provider_item, reasoning, result, some_text, text, thought, usage_of_claude, word,
};
use ferrule_wire::model::{
    Audio, Document, Effort, FinishReason, Image, Message, Part, PartKind, ReasoningRequest, Request,
    Response, ResponseFormat, Role, Source, Tool, ToolChoice, Usage,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// An id that Bedrock and its models take for a call's, and long enough that no two are the same.
const ID: &str = "[a-zA-Z0-9_-]{12,64}";

fn bytes(media_types: &'static [&'static str]) -> impl Strategy<Value = Source> {
    prop_oneof![
        (select(media_types), text())
            .prop_map(|(media_type, data)| Source::Base64 { media_type: media_type.into(), data }),
        select(&["s3://bucket/a.png", "s3://bucket/b"][..]).prop_map(|url| Source::Url(url.into())),
        Just(Source::Other(json(r#"{"s3Location":{"uri":"s3://b/x.gif","bucketOwner":"1"}}"#))),
    ]
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
        1 => provider_item("bedrock", r#"{"video":{"format":"mp4","source":{"bytes": "AA=="}}}"#),
        1 => provider_item("bedrock", r#"{"guardContent":{"text":{"text":"x"}}}"#),
        1 => provider_item("bedrock", r#"{"searchResult":{"source":"x","title":"y","content":[]}}"#),
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

fn said_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => text_part(some_text()),
        2 => part(call(ID), &["x_new"]),
        1 => part(thought(some_text(), "[a-z]{1,8}".prop_map(Some)), &["x_new"]),
        1 => text().prop_map(|data| Part::new(PartKind::RedactedReasoning { data })),
        1 => provider_item("bedrock", r#"{"toolUse":{"toolUseId":"s","name":"nova_grounding","input":{"q": "x"},"type":"server_tool_use"}}"#),
    ]
}

fn told_result() -> impl Strategy<Value = Part> {
    let inner = prop_oneof![
        2 => some_text().prop_map(Part::text),
        1 => picture().prop_map(Part::new),
        1 => provider_item("bedrock", r#"{"json":{"x": [1]}}"#),
    ];
    result(ID, inner)
}

fn results() -> impl Strategy<Value = Message> {
    message(Role::Tool, told_result(), 1)
}

/// What the user's side says between two turns of the model.
fn turn() -> impl Strategy<Value = Vec<Message>> {
    prop_oneof![
        3 => message(Role::User, shown_part(), 1).prop_map(|user| vec![user]),
        2 => answered(results(), message(Role::User, shown_part(), 1)),
    ]
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let instruction = prop_oneof![
        3 => (some_text(), cache()).prop_map(|(text, cache)| Part { cache, ..Part::text(text) }),
        1 => provider_item("bedrock", r#"{"guardContent":{"text":{"text":"x"}}}"#),
    ];
    let has_text = |parts: &Vec<Part>| !parts.is_empty();
    let system = prop::collection::vec(instruction, 1..3)
        .prop_filter("said", has_text)
        .prop_map(|parts| Message::new(Role::System, parts));
    // A name is given once, and a text stands beside a document.
    let with_document = (document(), some_text())
        .prop_map(|(document, text)| Message::new(Role::User, vec![document, Part::text(text)]));
    let first = prop_oneof![3 => message(Role::User, shown_part(), 1), 1 => with_document];
    let opening = (of(system), first).prop_map(|(system, first)| system.into_iter().chain([first]).collect());
    let turn = (message(Role::Assistant, said_part(), 1), turn())
        .prop_map(|(said, turn)| std::iter::once(said).chain(turn).collect());
    conversation(opening, turn)
}

fn tool() -> impl Strategy<Value = Tool> {
    let grounding = hosted("nova_grounding", r#"{"systemTool":{"name": "nova_grounding"}}"#);
    prop_oneof![4 => function(some_text(), &["x_new"]), 1 => Just(grounding)]
}

fn tool_choice() -> impl Strategy<Value = (Option<ToolChoice>, Option<bool>)> {
    prop_oneof![
        Just((None, None)),
        Just((None, Some(false))),
        Just((Some(ToolChoice::Other(json(r#"{"some":{"x_new":1}}"#))), None)),
        (open_choice(), of(Just(false))).prop_map(|(choice, parallel)| (Some(choice), parallel)),
    ]
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
        extra in fields(&[
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
    (request(), of(effort), thought(some_text(), Just(None))).prop_map(|(mut request, effort, thought)| {
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

fn usage() -> impl Strategy<Value = Usage> {
    usage_of_claude(&["serverToolUsage"])
}

/// A part of an answer that a stream can tell too.
fn streamed_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => text_part(text()).prop_map(|part| Part { cache: None, ..part }),
        2 => call(ID).prop_map(Part::new),
        1 => thought(some_text(), of("[a-z]{1,8}")).prop_map(Part::new),
        1 => text().prop_map(|data| Part::new(PartKind::RedactedReasoning { data })),
        1 => picture().prop_map(Part::new),
        1 => provider_item("bedrock", r#"{"toolUse":{"toolUseId":"s","name":"nova_grounding","input":{"q": "x"},"type":"server_tool_use"}}"#),
        1 => provider_item("bedrock", r#"{"x_new":{"a": 1}}"#),
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
        message_extra in fields(message_fields),
        extra in fields(&["additionalModelResponseFields", "metrics", "trace", "serviceTier"]),
    ) -> Response {
        // Of an answer that says nothing a stream tells only the reason.
        let finish_reason = finish_reason.or_else(|| content.is_empty().then_some(FinishReason::Stop));
        let message = Message { extra: message_extra, ..Message::new(Role::Assistant, content) };
        Response { choices: vec![choice(message, finish_reason)], usage, extra, ..Response::default() }
    }
}

/// An answer that keeps all it says as a plain body.
pub(crate) fn plain_response() -> impl Strategy<Value = Response> {
    answer(prop_oneof![said_part(), streamed_part(), document(), told_result()].boxed(), &["x_new"])
}

/// An answer that keeps all it says as a stream.
pub(crate) fn streamed_response() -> impl Strategy<Value = Response> {
    answer(streamed_part().boxed(), &[])
}
