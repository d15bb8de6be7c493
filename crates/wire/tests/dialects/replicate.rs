//! Tests of predictions as `docs/wire/replicate.md` has them.

use ferrule_wire::dialect::{Dialect, replicate::Replicate};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::error::Headers;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::json::{Fields, Json};
use ferrule_wire::model::*;
use ferrule_wire::operation::{HttpRequest, ModelListRequest, ModelPage};
use proptest::prelude::*;

/// The test of `docs/wire/replicate.md`, section 3.
const TRANSCRIPT: &str = "event: output\nid: 1:0\ndata: Hel\n\nevent: output\nid: 2:0\ndata: lo\ndata: x\n\nevent: done\nid: 3:0\ndata: {}\n\n";

fn read(body: &str, size: usize) -> (Vec<StreamEvent>, Result<(), StreamError>) {
    let mut decoder = Replicate.stream_decoder(StreamLimits::default());
    let mut events = Vec::new();
    for piece in body.as_bytes().chunks(size.max(1)) {
        if let Err(error) = decoder.push(piece, &mut events) {
            return (events, Err(error));
        }
    }
    let end = decoder.finish(&mut events);
    (events, end)
}

fn texts(events: &[StreamEvent]) -> Vec<&str> {
    let texts = events.iter().filter_map(|event| match event {
        StreamEvent::TextDelta { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn error_of(result: Result<(), StreamError>) -> ProviderError {
    let Err(StreamError::Provider(error)) = result else { panic!("{result:?}") };
    *error
}

#[test]
fn the_transcript_is_read_at_every_split() {
    for size in 1..TRANSCRIPT.len() {
        let (events, end) = read(TRANSCRIPT, size);
        assert_eq!(end, Ok(()));
        assert_eq!(texts(&events), ["Hel", "lo\nx"]);
        assert!(matches!(events.last(), Some(StreamEvent::Finish { reason: FinishReason::Stop, .. })));
    }
    assert_eq!(read(TRANSCRIPT.split_once("event: done").unwrap().0, 5).1, Err(StreamError::Interrupted));
}

#[test]
fn predictions_around_a_stream_tell_its_beginning_and_its_figures() {
    let began = r#"{"id":"p1","model":"meta/llama","status":"starting","created_at":"2026-01-01T00:00:00Z","urls":{"get":"https://x/p1"}}"#;
    let ended = r#"{"id":"p1","model":"meta/llama","status":"succeeded","output":["Hel","lo\nx"],"logs":"l","metrics":{"input_token_count":7,"output_token_count":3,"predict_time":0.5}}"#;
    let body =
        format!("event: prediction\ndata: {began}\n\n{TRANSCRIPT}event: prediction\ndata: {ended}\n\n");
    let (events, end) = read(&body, 11);
    assert_eq!(end, Ok(()));
    let StreamEvent::Start(start) = &events[0] else { panic!() };
    assert_eq!((start.id.as_str(), start.created), ("p1", Some(1_767_225_600)));
    let usage = events
        .iter()
        .find_map(|event| if let StreamEvent::UsageUpdate(usage) = event { Some(usage) } else { None });
    assert_eq!(usage.map(|usage| (usage.input_tokens, usage.output_tokens)), Some((Some(7), Some(3))));
    assert_eq!(events.iter().filter(|event| matches!(event, StreamEvent::Finish { .. })).count(), 1);
}

#[test]
fn ends_that_are_not_well_are_errors_and_not_repeated() {
    for (frame, kind) in [
        ("event: done\ndata: {\"reason\":\"canceled\"}\n\n", ErrorKind::Cancelled),
        ("event: done\ndata: {\"reason\":\"error\"}\n\n", ErrorKind::Server),
        ("event: error\ndata: CUDA out of memory\n\n", ErrorKind::Server),
        (
            "event: prediction\ndata: {\"status\":\"failed\",\"error\":\"NSFW content\"}\n\n",
            ErrorKind::ContentFiltered,
        ),
    ] {
        let error = error_of(read(frame, 4).1);
        assert_eq!((error.kind, error.retryable), (kind, false), "{frame}");
    }
    let Err(StreamError::Provider(error)) =
        Replicate.decode_response(br#"{"status":"failed","error":"out of memory"}"#)
    else {
        panic!()
    };
    assert_eq!((error.message.as_str(), error.retryable), ("out of memory", false));
    assert_eq!(Replicate.decode_response(br#"{"status":"processing"}"#), Err(StreamError::Interrupted));
    assert!(matches!(Replicate.decode_response(b"{}"), Err(StreamError::Malformed(_))));
}

#[test]
fn a_prediction_says_where_to_follow_it() {
    let read_prediction = Replicate.follow_up().unwrap();
    let body = br#"{"status":"processing","urls":{"get":"g","cancel":"c","stream":"s"}}"#;
    let found = read_prediction(body).unwrap();
    assert!(!found.is_over);
    assert_eq!(
        (found.get.as_deref(), found.stream.as_deref(), found.cancel.as_deref()),
        (Some("g"), Some("s"), Some("c"))
    );
    assert!(read_prediction(br#"{"status":"canceled"}"#).unwrap().is_over);
    assert_eq!(read_prediction(b"[]"), None);
}

#[test]
fn models_versions_and_deployments_have_addresses_of_their_own() {
    let path = |model: &str| {
        let request = Request {
            model: model.into(),
            messages: vec![Message::text(Role::User, "x")],
            ..Request::default()
        };
        let encoded = Replicate.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        let version = Fields::parse(&encoded.body).unwrap().take_string("version");
        (encoded.path, version)
    };
    assert_eq!(path("meta/llama"), ("/v1/models/meta/llama/predictions".into(), None));
    assert_eq!(path("deployments/me/mine"), ("/v1/deployments/me/mine/predictions".into(), None));
    assert_eq!(path("a/b:c"), ("/v1/predictions".into(), Some("a/b:c".into())));
    let version = "0123456789abcdef".repeat(4);
    assert_eq!(path(&version), ("/v1/predictions".into(), Some(version)));
    let model = |path: &str| {
        Replicate.endpoint(path).map(|endpoint| endpoint.model.map(std::borrow::Cow::into_owned))
    };
    assert_eq!(model("/x/v1/models/meta/llama/predictions"), Some(Some("meta/llama".into())));
    assert_eq!(model("/v1/deployments/me/mine/predictions"), Some(Some("deployments/me/mine".into())));
    assert_eq!(model("/v1/predictions"), Some(None));
    assert_eq!(model("/v1/chat/completions"), None);
}

#[test]
fn a_request_is_written_as_input() {
    let mut request = Request {
        model: "meta/llama".into(),
        messages: vec![
            Message::text(Role::System, "Be brief."),
            Message::text(Role::User, "Hi"),
            Message::text(Role::Assistant, "Hello"),
            Message::text(Role::User, "Why?"),
        ],
        max_tokens: Some(9),
        stop: vec!["a".into(), "b".into()],
        stream: true,
        ..Request::default()
    };
    request.extra.insert("input", Json::parse(r#"{"min_tokens":1,"max_tokens":5}"#).unwrap());
    let encoded = Replicate.encode_request(&request, EncodeOptions::REFUSE).unwrap();
    assert_eq!(
        core::str::from_utf8(&encoded.body).unwrap(),
        r#"{"input":{"prompt":"User: Hi\n\nAssistant: Hello\n\nUser: Why?","system_prompt":"Be brief.","stop_sequences":"a,b","min_tokens":1,"max_tokens":5},"stream":true}"#
    );
    assert!(encoded.headers.is_empty());
    request.tools.clear();
    request.n = Some(2);
    request.stop = vec![",".into()];
    let dropped = Replicate.encode_request(&request, EncodeOptions::DROP).unwrap().dropped;
    assert_eq!(dropped.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["stop", "n"]);
}

#[test]
fn models_are_listed_in_pages() {
    let listing = Replicate.operations().model_listing.unwrap();
    let page = listing.decode_response(Headers::default(), br#"{"next":"https://api.replicate.com/v1/models?cursor=cD0x%3D&x=1","results":[{"owner":"meta","name":"llama"},{}]}"#)
        .unwrap();
    assert_eq!(
        (page.models[0].id.as_str(), page.models.len(), page.next.as_deref()),
        ("meta/llama", 1, Some("cD0x="))
    );
    let request = ModelListRequest { after: page.next };
    let encoded = listing.encode_request(&request, EncodeOptions::REFUSE).unwrap();
    assert_eq!(encoded.path, "/v1/models?cursor=cD0x%3D");
    let again = listing
        .decode_response(
            Headers::default(),
            &listing.encode_response(&ModelPage::named(&["meta/llama", "echo"]), HttpRequest::default()).body,
        )
        .unwrap();
    assert_eq!(
        again.models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(),
        ["meta/llama", "simulated/echo"]
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read(text in "[a-z\n ]{1,40}", input: Option<u32>, output: Option<u32>, size in 1_usize..40) {
        let usage = Usage { input_tokens: input.map(u64::from), output_tokens: output.map(u64::from), ..Usage::default() };
        let usage = (usage != Usage::default()).then_some(usage);
        let mut encoder = Replicate.stream_encoder(&Request::default());
        let mut body = Vec::new();
        let pieces: Vec<&str> = text.split_inclusive(' ').collect();
        for piece in &pieces {
            encoder.push(&StreamEvent::TextDelta { choice: 0, part: 0, text: (*piece).into() }, &mut body);
        }
        if let Some(usage) = &usage {
            encoder.push(&StreamEvent::UsageUpdate(Box::new(usage.clone())), &mut body);
        }
        encoder.finish(&mut body);
        let body = String::from_utf8(body).unwrap();
        let (events, end) = read(&body, size);
        prop_assert_eq!(end, Ok(()));
        prop_assert_eq!(texts(&events), pieces);
        let mut answer = Accumulator::new();
        events.iter().for_each(|event| answer.push(event));
        let mut response = answer.response();
        prop_assert_eq!(&response.usage, &usage);
        response.extra = ferrule_wire::json::Extra::new();
        response.created = Some(1_767_225_600);
        let read = Replicate.decode_response(&Replicate.encode_response(&response)).unwrap();
        prop_assert_eq!(&read.choices[0].message.content[0].kind, &PartKind::Text(text));
        prop_assert_eq!((read.usage, read.created), (usage, response.created));
    }

    #[test]
    fn requests_are_read_back(prompt in "[a-z]{1,20}", system in "[a-z]{0,10}", max_tokens: Option<u32>, seed: Option<i64>, stop in proptest::collection::vec("[a-z]{1,4}", 0..3)) {
        let mut messages = vec![];
        if !system.is_empty() {
            messages.push(Message::text(Role::System, system));
        }
        messages.push(Message::text(Role::User, prompt));
        let request = Request { messages, max_tokens: max_tokens.map(u64::from), seed, stop, ..Request::default() };
        let encoded = Replicate.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        prop_assert_eq!(Replicate.decode_request(&encoded.body).unwrap(), request);
    }
}
