//! Every provider of the table: what is written as it writes is read back as it was meant, and what it refuses is
//! named.

use super::error::encode as encode_error;
use super::refusal::refusal;
use super::response::encode as encode_response;
use super::stream::EmulatedStream;
use crate::dialect::{Dialect, openai_chat::OpenAiChat};
use crate::error::Headers;
use crate::framing::StreamLimits;
use crate::model::*;
use crate::providers;
use crate::quirks::{Quirks, UsageInStream};
use std::{format, string::String, vec, vec::Vec};

fn answer() -> Response {
    let reasoning = Reasoning { text: "hm, well".into(), signature: None };
    let call =
        ToolCall { id: "abcDEF123".into(), name: "f".into(), arguments: "{\"a\":1}".into(), custom: false };
    let content = vec![
        Part::new(PartKind::Reasoning(reasoning)),
        Part::text("Hello"),
        Part::new(PartKind::ToolCall(call)),
    ];
    Response {
        id: "c".into(),
        model: "m".into(),
        created: Some(1),
        choices: vec![Choice {
            index: 0,
            message: Message::new(Role::Assistant, content),
            finish_reason: Some(FinishReason::ToolCalls),
            stop_sequence: None,
            logprobs: None,
            extra: Default::default(),
        }],
        usage: Some(Usage {
            input_tokens: Some(9),
            output_tokens: Some(7),
            reasoning_tokens: Some(3),
            ..Usage::default()
        }),
        extra: Default::default(),
    }
}

fn halves(text: &str) -> Vec<&str> {
    let (first, second) = text.split_at(text.len() / 2);
    vec![first, second]
}

fn chat_rows() -> impl Iterator<Item = (&'static str, &'static Quirks)> {
    let rows = providers::all().iter().filter(|row| row.dialect == "openai-chat");
    rows.map(|row| (row.id, &row.quirks))
}

/// Text, reasoning and calls; details are kept with the message where the provider has them.
fn said(response: &Response) -> Vec<String> {
    let parts = response.choices.first().map(|choice| &choice.message.content);
    parts.into_iter().flatten().map(|part| format!("{:?}", part.kind)).collect()
}

#[test]
fn plain_answers_are_read_as_they_were_meant() {
    for (id, quirks) in chat_rows() {
        let body = encode_response(quirks, OpenAiChat.encode_response(&answer()));
        let mut read = OpenAiChat.decode_response(&body).unwrap();
        quirks.adjust(&mut read);
        assert_eq!(said(&read), said(&answer()), "{id}: {}", String::from_utf8_lossy(&body));
        assert_eq!(read.usage, answer().usage, "{id}");
        assert_eq!(read.choices[0].finish_reason, answer().choices[0].finish_reason, "{id}");
    }
}

#[test]
fn streams_are_read_as_they_were_meant() {
    let request = Request { model: "m".into(), stream: true, ..Request::default() };
    for (id, quirks) in chat_rows() {
        let mut encoder = EmulatedStream::around(quirks, OpenAiChat.stream_encoder(&request));
        let mut body = Vec::new();
        replay(&answer(), halves).iter().for_each(|event| encoder.push(event, &mut body));
        encoder.finish(&mut body);
        let mut decoder = quirks.decoder(OpenAiChat.stream_decoder(StreamLimits::default()));
        let (mut events, mut accumulator) = (Vec::new(), Accumulator::new());
        decoder.push(&body, &mut events).unwrap();
        decoder.finish(&mut events).unwrap();
        events.iter().for_each(|event| accumulator.push(event));
        let read = accumulator.response();
        assert_eq!(said(&read), said(&answer()), "{id}: {}", String::from_utf8_lossy(&body));
        assert_eq!(read.choices[0].finish_reason, answer().choices[0].finish_reason, "{id}");
        let expected = answer().usage.filter(|_| quirks.usage_in_stream != UsageInStream::Never);
        assert_eq!(read.usage, expected, "{id}");
    }
}

#[test]
fn errors_keep_kind_and_message() {
    for (id, quirks) in chat_rows() {
        for (kind, status) in [
            (ErrorKind::Authentication, 401),
            (ErrorKind::InvalidRequest, 400),
            (ErrorKind::RateLimited, 429),
            (ErrorKind::Server, 500),
        ] {
            let failed = ProviderError::new(kind, "it failed");
            let Some((status, body)) = encode_error(quirks, &failed, status, false) else { continue };
            let read = match OpenAiChat.decode_response(&body) {
                Err(crate::framing::StreamError::Provider(error)) if status == 200 => *error,
                _ => OpenAiChat.decode_error(status, Headers(&[]), &body, 0),
            };
            assert_eq!(read.message, "it failed", "{id}");
            // A 200 has only its words, or MiniMax's numbers.
            let is_numbered = quirks.error_shape == crate::quirks::ErrorShape::BaseResponse;
            if status != 200 || (is_numbered && kind != ErrorKind::Server) {
                assert_eq!(read.kind, kind, "{id}: {}", String::from_utf8_lossy(&body));
            }
        }
        let mut encoder = EmulatedStream::around(quirks, OpenAiChat.stream_encoder(&Request::default()));
        let mut body = Vec::new();
        encoder.error(&ProviderError::new(ErrorKind::Overloaded, "too much"), &mut body);
        let mut decoder = quirks.decoder(OpenAiChat.stream_decoder(StreamLimits::default()));
        let result = decoder.push(&body, &mut Vec::new());
        let Err(crate::framing::StreamError::Provider(error)) = result else { panic!("{id}: {result:?}") };
        assert_eq!(error.message, "too much", "{id}");
    }
}

#[test]
fn nobody_refuses_nothing() {
    assert!(
        refusal(&Quirks::NONE, br#"{"model":"m","top_k":1,"messages":[{"role":"developer","content":"a"}]}"#)
            .is_none()
    );
    assert!(refusal(&Quirks::NONE, b"[]").is_none());
}

/// Clients send an answer back as it came; what the provider itself said must not be refused then.
#[test]
fn answers_have_no_nulls_where_they_would_be_refused() {
    let mut calls_only = answer();
    calls_only.choices[0].message.content.remove(1);
    for (id, has_nulls) in [("groq", false), ("together", true)] {
        let quirks = &providers::find(id).unwrap().quirks;
        let body = encode_response(quirks, OpenAiChat.encode_response(&calls_only));
        let text = String::from_utf8(body).unwrap();
        let (_, message) = text.split_once("\"message\":").unwrap();
        let (message, _) = message.split_once("\"finish_reason\"").unwrap();
        assert_eq!(message.contains("\"refusal\":null"), has_nulls, "{id}: {message}");
        assert!(message.contains("tool_calls"));
    }
}

#[test]
fn what_a_provider_refuses_is_named() {
    for (id, body, param) in [
        ("groq", r#"{"n":2}"#, "n"),
        ("groq", r#"{"messages":[{"role":"assistant","content":"a","refusal":null}]}"#, "messages[0]"),
        ("mistral", r#"{"max_completion_tokens":2}"#, "max_completion_tokens"),
        ("mistral", r#"{"seed":2}"#, "seed"),
        ("mistral", r#"{"tool_choice":"required"}"#, "tool_choice"),
        (
            "mistral",
            r#"{"messages":[{"role":"tool","tool_call_id":"call_1","content":""}]}"#,
            "messages[0].tool_calls",
        ),
        (
            "mistral",
            r#"{"tools":[{"function":{"name":"f","parameters":{"additionalProperties":false}}}]}"#,
            "tools[0].function.parameters",
        ),
        ("deepseek", r#"{"messages":[{"role":"user","content":[]}]}"#, "messages[0].content"),
        ("deepseek", r#"{"messages":[{"role":"developer","content":"a"}]}"#, "messages[0].role"),
        ("deepseek", r#"{"response_format":{"type":"json_schema"}}"#, "response_format"),
        ("perplexity", r#"{"messages":[{"role":"user"},{"role":"user"}]}"#, "messages[1].role"),
        ("moonshot", r#"{"temperature":1.5}"#, "temperature"),
        ("minimax", r#"{"temperature":0}"#, "temperature"),
        ("llamacpp", r#"{"tool_choice":{"type":"function","function":{"name":"f"}}}"#, "tool_choice"),
        ("openai", r#"{"top_k":1}"#, "top_k"),
        ("xai", r#"{"tools":[{"function":{"name":"f","strict":true}}]}"#, "tools[0].function.strict"),
        ("vllm", r#"{"tools":[{"type":"custom","custom":{"name":"f"}}]}"#, "tools[0].type"),
    ] {
        let quirks = &providers::find(id).unwrap().quirks;
        let error = refusal(quirks, body.as_bytes()).unwrap_or_else(|| panic!("{id} takes {body}"));
        assert_eq!((error.param.as_deref(), error.kind), (Some(param), ErrorKind::InvalidRequest), "{id}");
    }
    // Mistral takes in the schema of an answer what it does not take in a tool's; and log probabilities.
    let answer = br#"{"logprobs":true,"top_k":5,"response_format":{"type":"json_schema","json_schema":{"schema":{"additionalProperties":false},"strict":true}}}"#;
    assert_eq!(refusal(&providers::find("mistral").unwrap().quirks, answer), None);
    let quirks = &providers::find("groq").unwrap().quirks;
    assert!(
        refusal(quirks, br#"{"n":1,"logprobs":false,"messages":[{"role":"assistant","content":null}]}"#)
            .is_none()
    );
}
