//! What the dialect can carry.

use crate::strategies::{
    CLOSED, call_or_free_text, choice as choice_of, function_kind, has_calls, hosted as hosted_tool, json,
    long_cache as cache, part_with, provider_item, short_text as text, unknown_field as extra,
};
use ferrule_wire::json::{Extra, Json};
use ferrule_wire::model::*;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// What an item says about itself.
fn about(prefix: &'static str) -> impl Strategy<Value = Extra> {
    ("[a-z0-9]{1,6}", of(prop_oneof![Just("\"incomplete\""), Just("\"in_progress\"")]), extra()).prop_map(
        move |(id, status, mut extra)| {
            let mut item: Extra =
                [("id".to_owned(), Json::string(&format!("{prefix}_{id}")))].into_iter().collect();
            if let Some(status) = status {
                item.insert("status", json(status));
            }
            for (name, value) in std::mem::take(&mut extra).iter() {
                item.insert(name, value.clone());
            }
            [("responses_item".to_owned(), Json::object(&item, |_| {}))].into_iter().collect()
        },
    )
}

fn input() -> impl Strategy<Value = Part> {
    let picture = prop_oneof![
        Just(Source::Url("https://example.org/a.png".into())),
        Just(Source::File { id: "file-1".into() }),
        "[A-Za-z0-9+/]{0,12}".prop_map(|data| Source::Base64 { media_type: "image/png".into(), data }),
    ];
    let document = prop_oneof![
        Just(Source::Url("https://example.org/a.pdf".into())),
        Just(Source::File { id: "file-2".into() }),
        Just(Source::Base64 { media_type: "application/pdf".into(), data: "AA==".into() }),
    ];
    let kind = prop_oneof![
        4 => text().prop_map(PartKind::Text),
        1 => (picture, of(Just("low".to_owned())))
            .prop_map(|(source, detail)| PartKind::Image(Image { source, detail })),
        1 => (document, of(text())).prop_map(|(source, name)| PartKind::Document(Document { source, name })),
    ];
    let audio = r#"{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}"#;
    prop_oneof![9 => part_with(kind, cache(), extra()), 1 => provider_item("openai-responses", audio)]
}

fn user() -> impl Strategy<Value = Message> {
    let role = prop_oneof![Just(Role::User), Just(Role::System), Just(Role::Developer)];
    (role, vec(input(), 0..4), extra()).prop_map(|(role, mut content, extra)| {
        // Instructions that say nothing are none.
        if role != Role::User && content.is_empty() {
            content.push(Part::text("a"));
        }
        Message { extra, ..Message::new(role, content) }
    })
}

pub(super) fn call() -> impl Strategy<Value = Part> {
    call_or_free_text(about("fc"))
}

pub(super) fn reasoning() -> impl Strategy<Value = Part> {
    (prop_oneof![Just(String::new()), text()], of(text()), about("rs")).prop_map(
        |(text, signature, extra)| Part {
            extra,
            ..Part::new(PartKind::Reasoning(Reasoning { text, signature }))
        },
    )
}

/// One message item of one part.
pub(super) fn said() -> impl Strategy<Value = Part> {
    let kind = prop_oneof![3 => text().prop_map(PartKind::Text), 1 => text().prop_map(PartKind::Refusal)];
    (kind, about("msg"), of(Just(r#"[{"type":"url_citation","url":"u"}]"#)), extra()).prop_map(
        |(kind, about, annotations, extra)| {
            let mut part = Part { extra, ..Part::new(kind) };
            if let (PartKind::Text(_), Some(annotations)) = (&part.kind, annotations) {
                part.extra.insert("annotations", json(annotations));
            }
            for (name, value) in about.iter() {
                part.extra.insert(name, value.clone());
            }
            part
        },
    )
}

fn hosted() -> impl Strategy<Value = Part> {
    prop_oneof![
        Just(r#"{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search"}}"#),
        Just(r#"{"id":"mcp_1","type":"mcp_call","name":"t","arguments":"{}"}"#),
        Just(r#"{"id":"cmp_1","type":"compaction","encrypted_content":"gAAA"}"#),
    ]
    .prop_map(|item| Part::provider_item("openai-responses", json(item)))
}

/// Reasoning is followed by what it led to.
pub(super) fn turn() -> impl Strategy<Value = Vec<Part>> {
    let item = prop_oneof![3 => said(), 3 => call(), 1 => hosted()];
    vec((of(reasoning()), item), 1..4).prop_map(|items| {
        items.into_iter().flat_map(|(before, item)| before.into_iter().chain([item])).collect()
    })
}

/// The results of some calls, whose type is that of the calls.
fn results(turn: &[Part]) -> Vec<Part> {
    let result = |part: &Part| match &part.kind {
        PartKind::ToolCall(call) => Some(Part::new(PartKind::ToolResult(ToolResult {
            tool_call_id: call.id.clone(),
            name: None,
            content: vec![Part::text("so"), Part::text("it is")],
            is_error: None,
        }))),
        _ => None,
    };
    turn.iter().filter_map(result).collect()
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let system = of(text().prop_map(|text| Message::text(Role::System, text)));
    (system, vec((user(), of(turn())), 1..4)).prop_map(|(system, turns)| {
        let mut messages: Vec<Message> = system.into_iter().collect();
        for (user, turn) in turns {
            messages.push(user);
            if let Some(turn) = turn {
                let results = results(&turn);
                messages.push(Message::new(Role::Assistant, turn));
                if !results.is_empty() {
                    messages.push(Message::new(Role::Tool, results));
                }
            }
        }
        messages
    })
}

fn tool() -> impl Strategy<Value = Tool> {
    let kind = prop_oneof![
        // That a tool is not strict is what nobody needs to say.
        function_kind(of(Just(true))),
        of(Just(r#"{"type":"text"}"#)).prop_map(|format| ToolKind::Custom { format: format.map(json) }),
    ];
    let declared = ("[a-z]{1,6}", of(text()), kind, extra())
        .prop_map(|(name, description, kind, extra)| Tool { name, description, kind, cache: None, extra });
    let hosted = prop_oneof![
        Just(r#"{"type":"web_search"}"#),
        Just(r#"{"type":"file_search","vector_store_ids":["vs_1"]}"#),
        Just(r#"{"type":"mcp","server_label":"s","server_url":"https://example.org"}"#),
    ]
    .prop_map(|whole| hosted_tool("", whole));
    prop_oneof![3 => declared, 1 => hosted]
}

fn choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Required),
        "[a-z]{1,6}".prop_map(ToolChoice::Named),
        (any::<bool>(), vec("[a-z]{1,6}", 1..3))
            .prop_map(|(required, names)| ToolChoice::Subset { required, names }),
        prop_oneof![
            Just(r#"{"type":"web_search_preview"}"#),
            Just(r#"{"type":"mcp","server_label":"s","name":"t"}"#),
            Just(r#"{"type":"allowed_tools","mode":"auto","tools":[{"type":"mcp","server_label":"s"}]}"#),
        ]
        .prop_map(|whole| ToolChoice::Other(json(whole))),
    ]
}

fn format() -> impl Strategy<Value = ResponseFormat> {
    let schema = ("[a-z]{1,6}", of(text()), of(any::<bool>())).prop_map(|(name, description, strict)| {
        ResponseFormat::JsonSchema { name: Some(name), description, schema: json(CLOSED), strict }
    });
    prop_oneof![
        Just(ResponseFormat::Text),
        Just(ResponseFormat::Json),
        schema,
        Just(ResponseFormat::Other(json(r#"{"type":"grammar","grammar":"root"}"#))),
    ]
}

/// Fields of the request without a name in the model, as callers give them.
fn beside() -> impl Strategy<Value = Extra> {
    let fields = [
        ("store", "false"),
        ("previous_response_id", "\"resp_0\""),
        ("include", r#"["web_search_call.action.sources"]"#),
        ("text", r#"{"stream_hint":"low"}"#),
        ("reasoning", r#"{"context":"auto"}"#),
        ("truncation", "\"auto\""),
        ("prompt_cache_key", "\"k\""),
    ];
    proptest::sample::subsequence(fields.to_vec(), 0..=fields.len())
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), json(value))).collect())
}

prop_compose! {
    pub(super) fn request()(
        messages in messages(),
        tools in vec(tool(), 0..3),
        (tool_choice, response_format) in (of(choice()), of(format())),
        (effort, summary) in (of("[a-z]{3,7}"), of(Just("auto".to_owned()))),
        (max_tokens, top_logprobs, temperature, top_p) in (of(16..9999u64), of(0..20u64), of(0.0..2.0), of(0.0..1.0)),
        metadata in proptest::collection::btree_map("[a-z]{1,4}", text(), 0..3),
        (parallel_tool_calls, logprobs, stream) in (of(any::<bool>()), of(Just(true)), any::<bool>()),
        (user, cache, extra) in (of(text()), cache(), beside()),
        (safety_identifier, service_tier, verbosity) in (of(text()), of(text()), of("[a-z]{3,6}")),
    ) -> Request {
        let effort = effort.map(|word: String| Effort::from(word.as_str()));
        unstored(Request {
            model: "gpt-5-mini".into(), messages, tools, tool_choice, parallel_tool_calls, response_format,
            reasoning: (effort.is_some() || summary.is_some())
                .then_some(ReasoningRequest { effort, display: summary, budget_tokens: None }),
            max_tokens, temperature, top_p, logprobs, top_logprobs, metadata: metadata.into_iter().collect(),
            user, safety_identifier, service_tier, verbosity, cache, stream, extra, ..Request::default()
        })
    }
}

/// What goes back where nothing is stored: no ids, and no reasoning that only they would tell.
fn unstored(mut request: Request) -> Request {
    let is_stored = request.extra.get("store").is_none_or(|store| store.text() != "false");
    for message in &mut request.messages {
        message.content.retain(|part| {
            is_stored
                || !matches!(&part.kind, PartKind::Reasoning(reasoning) if reasoning.signature.is_none())
        });
        for part in &mut message.content {
            let dropped = match &part.kind {
                PartKind::Reasoning(_) => "status",
                PartKind::Text(_) | PartKind::Refusal(_) | PartKind::ToolCall(_) if !is_stored => "id",
                _ => continue,
            };
            let Some(item) = part.extra.get("responses_item") else { continue };
            let mut item = item.value().object().unwrap().rest();
            item.remove(dropped);
            if item.is_empty() && !matches!(part.kind, PartKind::Reasoning(_)) {
                part.extra.remove("responses_item");
            } else {
                part.extra.insert("responses_item", Json::object(&item, |_| {}));
            }
        }
    }
    request
}

fn usage() -> impl Strategy<Value = Usage> {
    (of(0..1000u64), of(0..1000u64), of(0..9u64), of(0..9u64), of(0..9u64), extra()).prop_map(
        |(input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, extra)| {
            Usage {
                input_tokens,
                output_tokens,
                // More than the whole would come on top of it.
                cache_read_tokens: cache_read_tokens
                    .filter(|cached| input_tokens.is_none_or(|input| *cached <= input)),
                cache_write_tokens,
                reasoning_tokens,
                extra,
                ..Usage::default()
            }
        },
    )
}

prop_compose! {
    pub(super) fn response()(
        content in turn(),
        ended in of(prop_oneof![
            Just(FinishReason::Length), Just(FinishReason::ContentFilter),
            Just(FinishReason::Other("steered".into())), Just(FinishReason::Other("cancelled".into())),
        ]),
        logprobs in of(Just(r#"{"content":[{"token":"a","logprob":-0.5}]}"#)),
        usage in of(usage()),
        extra in extra(),
    ) -> Response {
        let has_calls = has_calls(&content);
        let has_text = content.iter().any(|part| matches!(part.kind, PartKind::Text(_)));
        // A completed answer ends because of its calls, where it has any.
        let reason = ended.unwrap_or(if has_calls { FinishReason::ToolCalls } else { FinishReason::Stop });
        let logprobs = logprobs.filter(|_| has_text).map(json);
        let choice = Choice { logprobs, ..choice_of(Message::new(Role::Assistant, content), Some(reason)) };
        Response { id: "resp_1".into(), model: "m".into(), created: Some(7), choices: vec![choice], usage, extra }
    }
}
