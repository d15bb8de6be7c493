//! Every provider of the table: the exact request that leaves for it, and what its answers mean
//! (`tests/fixtures/wire/providers/<id>.json`).
//!
//! `sent` is one rich request as it leaves, what the provider refuses dropped and listed; `reply`, `stream` and `error`
//! have the shapes that the provider's answers have, and `…_means` what is read of them. `UPDATE_TRANSCRIPTS=1` writes
//! `sent` and `…_means` anew.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use ferrule_wire::dialect::registry::find;
use ferrule_wire::dialect::{Dialect, KeyHeader};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::error::Headers;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::json::{Extra, Json};
use ferrule_wire::model::*;
use ferrule_wire::operation::{EmbeddingRequest, OperationKind};
use ferrule_wire::providers::{self, ProviderRow, fill};
use ferrule_wire::server::EmulatedProvider;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{collections::BTreeSet, fs, path::PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    source: String,
    sent: Option<Box<RawValue>>,
    reply: Option<Box<RawValue>>,
    reply_means: Option<Vec<String>>,
    stream: Option<Vec<String>>,
    stream_means: Option<Vec<String>>,
    error: Option<ErrorAnswer>,
    error_means: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorAnswer {
    status: u16,
    body: Box<RawValue>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire/providers")
}

#[test]
fn every_row_speaks_a_wire_format_that_is_registered() {
    for row in providers::all() {
        assert!(find(row.dialect).is_some(), "{}: no wire format is called {}", row.id, row.dialect);
    }
}

/// The rows whose answers are read here; those of other dialects have transcripts of their own.
fn chat_rows() -> impl Iterator<Item = &'static ProviderRow> {
    providers::all().iter().filter(|row| row.dialect == "openai-chat" && chats(row))
}

fn chats(row: &ProviderRow) -> bool {
    row.quirks.has(OperationKind::Chat)
}

fn chat() -> &'static dyn Dialect {
    find("openai-chat").unwrap()
}

#[test]
fn no_provider_is_forgotten() {
    let listed: BTreeSet<String> = providers::all().iter().map(|row| row.id.to_owned()).collect();
    let files: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, files);
}

#[test]
fn every_provider_is_asked_and_read_in_its_own_words() {
    let update = std::env::var_os("UPDATE_TRANSCRIPTS").is_some();
    for row in providers::all() {
        let path = folder().join(row.id).with_extension("json");
        let text = fs::read_to_string(&path).unwrap_or_else(|_| folder_of(row));
        let mut fixture: Fixture = serde_json::from_str(&text).unwrap();
        assert!(!fixture.source.is_empty(), "{} does not say where its shapes come from", row.id);
        let sent = RawValue::from_string(sent(row)).unwrap();
        let reply_means = fixture.reply.as_ref().map(|body| reply_means(row, body.get()));
        let stream_means = fixture.stream.as_ref().map(|frames| stream_means(row, frames));
        let error_means = fixture.error.as_ref().map(|error| error_means(row, error));
        if update {
            fixture.sent = Some(sent.clone());
            (fixture.reply_means, fixture.stream_means) = (reply_means.clone(), stream_means.clone());
            fixture.error_means.clone_from(&error_means);
            fs::write(&path, written(&fixture)).unwrap();
        }
        assert_eq!(fixture.sent.unwrap().get(), sent.get(), "{}", row.id);
        assert_eq!(fixture.reply_means, reply_means, "{}: reply", row.id);
        assert_eq!(fixture.stream_means, stream_means, "{}: stream", row.id);
        assert_eq!(fixture.error_means, error_means, "{}: error", row.id);
        let is_read = row.dialect == "openai-chat";
        assert_eq!(reply_means.is_some() && stream_means.is_some(), is_read && chats(row), "{}", row.id);
        assert_eq!(error_means.is_some(), is_read, "{}", row.id);
    }
}

/// A fixture that is missing is said by [`no_provider_is_forgotten`] as well.
fn folder_of(row: &ProviderRow) -> String {
    panic!("{} has no fixture", row.id)
}

/// One line for each field, in this order.
fn written(fixture: &Fixture) -> String {
    let mut lines = vec![format!(r#"  "source": {}"#, serde_json::to_string(&fixture.source).unwrap())];
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!(r#"  "{name}": {value}"#));
        }
    };
    let list = |lines: &Vec<String>| serde_json::to_string(lines).unwrap();
    add("sent", fixture.sent.as_ref().map(|sent| sent.get().to_owned()));
    add("reply", fixture.reply.as_ref().map(|reply| reply.get().to_owned()));
    add("reply_means", fixture.reply_means.as_ref().map(list));
    add("stream", fixture.stream.as_ref().map(list));
    add("stream_means", fixture.stream_means.as_ref().map(list));
    let error = |error: &ErrorAnswer| format!(r#"{{"status":{},"body":{}}}"#, error.status, error.body.get());
    add("error", fixture.error.as_ref().map(error));
    add("error_means", fixture.error_means.as_ref().map(list));
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// The request that leaves: where to, with what headers, saying what, and what is left out.
fn sent(row: &ProviderRow) -> String {
    let base = fill(row.base_url, |name| {
        let placeholder = row.placeholders.iter().find(|one| one.name == name)?;
        Some(placeholder.default.map_or_else(|| format!("my-{name}"), str::to_owned).into())
    });
    let base = base.unwrap();
    let mut headers: Vec<(String, String)> = Vec::new();
    let rest = if row.dialect == "openai-chat" {
        match row.key_header(chat().key_header()) {
            Some(KeyHeader::Bearer) => headers.push(("authorization".into(), "Bearer KEY".into())),
            Some(KeyHeader::Named(name)) => headers.push((name.into(), "KEY".into())),
            None => {}
        }
        let encoded = encoded(row);
        let body = String::from_utf8(encoded.body).unwrap();
        let dropped: Vec<String> =
            encoded.dropped.iter().map(|dropped| format!("{}: {}", dropped.field, dropped.reason)).collect();
        let dropped = serde_json::to_string(&dropped).unwrap();
        Some((encoded.path, format!(r#","body":{body},"dropped":{dropped}"#)))
    } else {
        None
    };
    for header in row.headers {
        let value = header.variables.first().map(|variable| format!("${variable}"));
        headers.push((header.name.into(), value.or(header.value.map(str::to_owned)).unwrap()));
    }
    let headers: serde_json::Map<_, _> =
        headers.into_iter().map(|(name, value)| (name, value.into())).collect();
    let headers = serde_json::to_string(&headers).unwrap();
    match rest {
        Some((path, rest)) => format!(r#"{{"url":{:?},"headers":{headers}{rest}}}"#, joined(&base, &path)),
        None => {
            format!(r#"{{"base_url":{base:?},"authorised":"{:?}","headers":{headers}}}"#, row.authentication)
                .replace("\"Header(\"", "\"Header(")
        }
    }
}

/// As the engine joins them: the path goes before the base URL's query.
fn joined(base: &str, path: &str) -> String {
    match base.split_once('?') {
        Some((base, query)) => format!("{base}{path}?{query}"),
        None => format!("{base}{path}"),
    }
}

#[test]
fn the_locations_of_vertex_have_their_hosts() {
    let request = Request {
        messages: vec![Message::text(Role::User, "Hi.")],
        max_tokens: Some(5),
        ..Request::default()
    };
    for (location, host) in [
        ("us-central1", "us-central1-aiplatform.googleapis.com"),
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ] {
        for (id, model, end) in [
            ("vertex", "gemini-x", "publishers/google/models/gemini-x:generateContent"),
            ("vertex-anthropic", "claude-x@1", "publishers/anthropic/models/claude-x@1:rawPredict"),
            ("vertex-openapi", "google/gemini-x", "endpoints/openapi/chat/completions"),
        ] {
            let row = providers::find(id).unwrap();
            let value =
                |name: &str| Some(if name == "location" { location.into() } else { "my-project".into() });
            let base = fill(row.address(location).unwrap(), value).unwrap();
            let options = EncodeOptions { drop_unsupported: false, quirks: &row.quirks };
            let request = Request { model: model.into(), ..request.clone() };
            let encoded = find(row.dialect).unwrap().encode_request(&request, options).unwrap();
            let expected = format!("https://{host}/v1/projects/my-project/locations/{location}/{end}");
            assert_eq!(joined(&base, &encoded.path), expected);
        }
    }
}

fn encoded(row: &ProviderRow) -> ferrule_wire::encode::EncodedRequest {
    let options = EncodeOptions { drop_unsupported: true, quirks: &row.quirks };
    if chats(row) {
        return chat().encode_request(&rich_request(), options).unwrap();
    }
    let inputs = vec!["a".into(), "b".into()];
    let request = EmbeddingRequest { model: "m1".into(), inputs, ..EmbeddingRequest::default() };
    chat().operations().embeddings.unwrap().encode_request(&request, options).unwrap()
}

#[test]
fn who_does_not_chat_says_so_whatever_may_be_dropped() {
    let others: Vec<_> = providers::all().iter().filter(|row| !chats(row)).collect();
    assert!(!others.is_empty());
    for row in others {
        for drop_unsupported in [false, true] {
            let options = EncodeOptions { drop_unsupported, quirks: &row.quirks };
            let refused = chat().encode_request(&rich_request(), options).unwrap_err();
            assert_eq!(refused.field, "messages");
            assert_eq!(
                refused.reason,
                format!("{} serves embeddings only; it has no chat completions", row.id)
            );
        }
    }
}

#[test]
fn what_a_provider_refuses_is_refused_by_name_unless_it_may_be_dropped() {
    for row in chat_rows() {
        let options = EncodeOptions { drop_unsupported: false, quirks: &row.quirks };
        let dropped = encoded(row).dropped;
        // `top_k` is OpenAI's own refusal; each provider of the table has that or another one for this request.
        match chat().encode_request(&rich_request(), options) {
            Err(refused) => assert!(dropped.contains(&refused), "{}: {refused}", row.id),
            Ok(encoded) => assert_eq!(encoded.dropped, dropped, "{}", row.id),
        }
    }
}

#[test]
fn what_leaves_for_a_provider_is_never_refused_by_it() {
    let mut refused = Vec::new();
    for row in chat_rows() {
        let body = encoded(row).body;
        if let Some(refusal) = EmulatedProvider::from_row(row).unwrap().refusal(&body) {
            refused.push(format!("{}: {refusal:?} in {}", row.id, String::from_utf8_lossy(&body)));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Everything that some provider takes otherwise.
fn rich_request() -> Request {
    let text = |text: &str| Part::text(text);
    let cached = Part { cache: Some(CacheBreakpoint { lifetime: None }), ..text("b") };
    let reasoning = Reasoning { text: "hm".into(), signature: None };
    let call =
        ToolCall { id: "call_1".into(), name: "f".into(), arguments: "{\"a\":1}".into(), custom: false };
    let mut asked = Message::new(
        Role::Assistant,
        vec![Part::new(PartKind::Reasoning(reasoning)), text("c"), Part::new(PartKind::ToolCall(call))],
    );
    asked.extra.insert("annotations", Json::null());
    let result = ToolResult {
        tool_call_id: "call_1".into(),
        name: None,
        content: vec![text("d"), text("e")],
        is_error: None,
    };
    let schema = Json::parse(
        r##"{"$defs":{"A":{"type":"integer"}},"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"required":["a"],"additionalProperties":false}"##,
    )
    .unwrap();
    let tool = |kind| Tool { name: "f".into(), description: None, kind, cache: None, extra: Extra::new() };
    let mut extra = Extra::new();
    extra.insert("logit_bias", Json::parse(r#"{"1":5}"#).unwrap());
    Request {
        model: "m1".into(),
        messages: vec![
            Message::text(Role::Developer, "Be brief."),
            Message::new(Role::User, vec![text("a"), cached]),
            asked,
            Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))]),
            Message::text(Role::User, "Go"),
            Message::text(Role::User, "on."),
            Message::text(Role::Assistant, "Sure"),
        ],
        tools: vec![tool(ToolKind::Function { parameters: Some(schema.clone()), strict: Some(true) })],
        tool_choice: Some(ToolChoice::Required),
        parallel_tool_calls: Some(false),
        response_format: Some(ResponseFormat::JsonSchema {
            name: None,
            description: None,
            schema,
            strict: Some(true),
        }),
        reasoning: Some(ReasoningRequest { effort: Some(Effort::High), ..ReasoningRequest::default() }),
        max_tokens: Some(100),
        temperature: Some(1.5),
        top_p: Some(0.9),
        top_k: Some(40),
        frequency_penalty: Some(0.5),
        presence_penalty: Some(0.25),
        stop: vec!["x".into(), "y".into()],
        seed: Some(7),
        n: Some(2),
        logprobs: Some(true),
        top_logprobs: Some(3),
        metadata: vec![("k".into(), "v".into())],
        user: Some("u".into()),
        safety_identifier: Some("s".into()),
        service_tier: Some("flex".into()),
        verbosity: Some("low".into()),
        betas: vec!["beta-1".into()],
        cache: Some(CacheBreakpoint { lifetime: None }),
        prompt_cache: Some(CacheBreakpoint { lifetime: None }),
        stream: true,
        extra,
    }
}

fn reply_means(row: &ProviderRow, body: &str) -> Vec<String> {
    let mut response = chat().decode_response(body.as_bytes()).unwrap();
    row.quirks.adjust(&mut response);
    lines(&response)
}

fn stream_means(row: &ProviderRow, frames: &[String]) -> Vec<String> {
    let body: String = frames
        .iter()
        .map(
            |frame| {
                if frame.starts_with(':') { format!("{frame}\n\n") } else { format!("data: {frame}\n\n") }
            },
        )
        .collect();
    let read = |size: usize| {
        let mut decoder = row.quirks.decoder(chat().stream_decoder(StreamLimits::default()));
        let (mut events, mut accumulator) = (Vec::new(), Accumulator::new());
        body.as_bytes().chunks(size).for_each(|piece| decoder.push(piece, &mut events).unwrap());
        decoder.finish(&mut events).unwrap();
        events.iter().for_each(|event| accumulator.push(event));
        lines(&accumulator.response())
    };
    let whole = read(body.len());
    for size in [1, 7, 64] {
        assert_eq!(read(size), whole, "{} in pieces of {size}", row.id);
    }
    whole
}

fn error_means(row: &ProviderRow, answer: &ErrorAnswer) -> Vec<String> {
    let body = answer.body.get().as_bytes();
    let error = if answer.status == 200 {
        match chat().decode_response(body) {
            Err(StreamError::Provider(error)) => *error,
            other => panic!("{}: {other:?}", row.id),
        }
    } else {
        chat().decode_error(answer.status, Headers(&[]), body, 0)
    };
    let mut lines = vec![format!("{:?}: {}", error.kind, error.message)];
    lines.extend(error.code.map(|code| format!("code {code}")));
    lines.extend(error.retry_after.map(|after| format!("after {:?}", after.delay)));
    lines
}

/// What an answer says, line by line; of what is only kept, the names.
fn lines(response: &Response) -> Vec<String> {
    let mut lines = Vec::new();
    let names = |extra: &Extra| extra.iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
    for choice in &response.choices {
        for part in &choice.message.content {
            lines.push(match &part.kind {
                PartKind::Text(text) => format!("text {text}"),
                PartKind::Reasoning(Reasoning { text, signature: None }) => format!("reasoning {text}"),
                PartKind::Reasoning(Reasoning { text, signature: Some(by) }) => {
                    format!("reasoning {text}, signed {by}")
                }
                PartKind::ToolCall(call) => format!("call {} {} {}", call.id, call.name, call.arguments),
                other => format!("{other:?}"),
            });
            if !part.extra.is_empty() {
                lines.push(format!("part keeps {}", names(&part.extra)));
            }
        }
        lines.push(
            choice.finish_reason.as_ref().map_or_else(|| "no end".into(), |reason| format!("{reason:?}")),
        );
        for (place, extra) in [("message", &choice.message.extra), ("choice", &choice.extra)] {
            if !extra.is_empty() {
                lines.push(format!("{place} keeps {}", names(extra)));
            }
        }
    }
    if let Some(usage) = &response.usage {
        let count = |count: Option<u64>| count.map_or_else(|| "?".into(), |count| count.to_string());
        lines.push(format!("{} tokens in, {} out", count(usage.input_tokens), count(usage.output_tokens)));
        for (what, tokens) in [("cached", usage.cache_read_tokens), ("reasoning", usage.reasoning_tokens)] {
            lines.extend(tokens.map(|tokens| format!("{tokens} {what}")));
        }
        if !usage.extra.is_empty() {
            lines.push(format!("usage keeps {}", names(&usage.extra)));
        }
    }
    if !response.extra.is_empty() {
        lines.push(format!("answer keeps {}", names(&response.extra)));
    }
    lines
}
