//! ruvLLM: what is written is read back, and what the server cannot carry is refused.

use ferrule_wire::dialect::{Dialect, ruvllm::RuvLlm};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::error::Headers;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::json::{Extra, Fields, Json};
use ferrule_wire::model::*;
use ferrule_wire::operation::{HttpRequest, ModelPage, OperationKind};
use proptest::prelude::*;

fn asked(messages: Vec<Message>) -> Request {
    Request { model: "ruvector-fast".into(), messages, ..Request::default() }
}

fn query(messages: Vec<Message>) -> String {
    let encoded = RuvLlm.encode_request(&asked(messages), EncodeOptions::REFUSE).unwrap();
    assert_eq!(encoded.path, "/query");
    Fields::parse(&encoded.body).unwrap().take_string("query").unwrap()
}

/// docs/wire/ruvllm.md, section 3: messages are joined to one query, the system prompt first.
#[test]
fn a_conversation_becomes_one_text() {
    let text = Message::text;
    assert_eq!(query(vec![text(Role::User, "a")]), "a");
    assert_eq!(query(vec![text(Role::User, "a"), text(Role::System, "s")]), "s\n\na");
    let turns = vec![
        text(Role::System, "s"),
        text(Role::User, "a"),
        Message::new(Role::Assistant, vec![Part::text("b"), Part::text("c")]),
        text(Role::User, "d"),
    ];
    assert_eq!(query(turns), "s\n\nUser: a\n\nAssistant: b\nc\n\nUser: d");
    assert_eq!(query(Vec::new()), "");
}

#[test]
fn anything_but_text_is_refused_or_dropped() {
    let image =
        Part::new(PartKind::Image(Image { source: Source::Url("https://x/a.png".into()), detail: None }));
    let request = Request {
        temperature: Some(0.5),
        max_tokens: Some(7),
        n: Some(1),
        parallel_tool_calls: Some(true),
        tool_choice: Some(ToolChoice::Auto),
        ..asked(vec![Message::new(Role::User, vec![Part::text("a"), image])])
    };
    assert_eq!(RuvLlm.encode_request(&request, EncodeOptions::REFUSE).unwrap_err().field, "max_tokens");
    let encoded = RuvLlm.encode_request(&request, EncodeOptions::DROP).unwrap();
    let dropped: Vec<_> = encoded.dropped.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(dropped, ["max_tokens", "temperature", "messages[0].content[1]"]);
    assert_eq!(core::str::from_utf8(&encoded.body).unwrap(), r#"{"query":"a","model":"ruvector-fast"}"#);
}

#[test]
fn an_answer_is_its_text_and_the_rest_is_kept() {
    let body = br#"{"text":"hi","model_used":"B1_2","context_size":2048,"confidence":0.8500000238418579,"latency_ms":1.5,"session_id":{"id":1}}"#;
    let response = RuvLlm.decode_response(body).unwrap();
    assert_eq!(response.choices[0].message.content, [Part::text("hi")]);
    assert_eq!(response.choices[0].finish_reason, Some(FinishReason::Stop));
    assert_eq!((response.usage.as_ref(), response.model.as_str()), (None, ""));
    assert_eq!(response.extra.get("model_used").unwrap().text(), "\"B1_2\"");
    assert_eq!(response.extra.get("session_id").unwrap().text(), "{\"id\":1}");
    assert_eq!(RuvLlm.decode_response(&RuvLlm.encode_response(&response)).unwrap(), response);
    for body in ["", "{}", "[]", "internal error"] {
        assert!(matches!(RuvLlm.decode_response(body.as_bytes()), Err(StreamError::Malformed(_))), "{body}");
    }
}

#[test]
fn an_error_is_plain_text() {
    let error = RuvLlm.decode_error(500, Headers::default(), b"orchestrator failed", 0);
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Server, "orchestrator failed"));
    assert_eq!(RuvLlm.encode_error(&error), b"orchestrator failed");
}

#[test]
fn the_list_of_models_is_fixed() {
    let listing = RuvLlm.operations().model_listing.unwrap();
    let page = listing
        .decode_response(
            Headers::default(),
            &listing.encode_response(&ModelPage::named(&["other"]), HttpRequest::default()).body,
        )
        .unwrap();
    assert_eq!(
        page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(),
        ["ruvector-auto", "ruvector-fast", "ruvector-quality", "ruvector-balanced"]
    );
    assert!(listing.decode_response(Headers::default(), b"<html>").is_err());
    assert_eq!(RuvLlm.endpoint("/health").unwrap().operation, OperationKind::ModelListing);
    assert_eq!(RuvLlm.endpoint("/x/query").unwrap().operation, OperationKind::Chat);
    assert_eq!(RuvLlm.endpoint("/stats"), None);
    assert_eq!(RuvLlm.decode_request(br#"{"query":"a"}"#).unwrap().model, "ruvector-auto");
}

#[test]
fn a_stream_that_fails_or_ends_early_says_so() {
    let mut encoder = RuvLlm.stream_encoder(&Request::default());
    let mut body = Vec::new();
    encoder.error(&ProviderError::new(ErrorKind::Server, "broke"), &mut body);
    encoder.finish(&mut body);
    let mut decoder = RuvLlm.stream_decoder(StreamLimits::default());
    decoder.push(&body, &mut Vec::new()).unwrap();
    let Err(StreamError::Provider(error)) = decoder.finish(&mut Vec::new()) else { panic!() };
    assert_eq!(error.message, "broke");
    assert!(!decoder.is_done());
    let mut decoder = RuvLlm.stream_decoder(StreamLimits { event_bytes: 4 });
    assert_eq!(decoder.finish(&mut Vec::new()), Err(StreamError::Interrupted));
    assert_eq!(decoder.push(b"12345", &mut Vec::new()), Err(StreamError::TooLarge(4)));
}

proptest! {
    #[test]
    fn what_can_be_carried_is_read_again(text in ".{1,20}", model in "[a-z]{1,5}", cut in 1usize..20) {
        let extra: Extra = [("session_id".to_owned(), Json::null())].into_iter().collect();
        let request = Request { model, extra, ..asked(vec![Message::text(Role::User, text.clone())]) };
        let encoded = RuvLlm.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        prop_assert_eq!(RuvLlm.decode_request(&encoded.body).unwrap(), request);

        let response = RuvLlm.decode_response(format!("{{\"text\":{},\"confidence\":1.0}}", Json::string(&text).text()).as_bytes()).unwrap();
        let mut encoder = RuvLlm.stream_encoder(&Request::default());
        let mut body = Vec::new();
        for event in replay(&response, |text| text.split_inclusive(' ').collect()) {
            encoder.push(&event, &mut body);
        }
        encoder.finish(&mut body);
        let mut decoder = RuvLlm.stream_decoder(StreamLimits::default());
        let mut events = Vec::new();
        for piece in body.chunks(cut) {
            decoder.push(piece, &mut events).unwrap();
        }
        decoder.finish(&mut events).unwrap();
        prop_assert!(decoder.is_done());
        let mut accumulator = Accumulator::new();
        events.iter().for_each(|event| accumulator.push(event));
        prop_assert_eq!(accumulator.response(), response);
    }
}
