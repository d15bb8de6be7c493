//! watsonx: addresses, names, errors, embeddings and reranking, as a client and as a server.

use ferrule_wire::dialect::{Dialect, watsonx::Watsonx};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::error::Headers;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::json::{Extra, Json};
use ferrule_wire::model::*;
use ferrule_wire::operation::{
    EmbeddingRequest, EmbeddingResponse, Endpoint, HttpRequest, InputType, ModelPage, OperationKind,
    RankedDocument, RerankRequest, RerankResponse,
};
use proptest::prelude::*;

fn extra(fields: &[(&str, &str)]) -> Extra {
    fields.iter().map(|(name, value)| ((*name).to_owned(), Json::parse(value).unwrap())).collect()
}

fn tool() -> Tool {
    let parameters = Some(Json::parse(r#"{"type":"object","additionalProperties":false}"#).unwrap());
    Tool {
        name: "f".into(),
        description: None,
        kind: ToolKind::Function { parameters, strict: Some(true) },
        cache: None,
        extra: Extra::new(),
    }
}

fn asked() -> Request {
    Request {
        model: "ibm/granite-3-8b-instruct".into(),
        messages: vec![Message::text(Role::User, "a")],
        extra: extra(&[("project_id", "\"p\"")]),
        ..Request::default()
    }
}

fn encode(request: &Request) -> (String, String) {
    let encoded = Watsonx.encode_request(request, EncodeOptions::REFUSE).unwrap();
    (encoded.path, String::from_utf8(encoded.body).unwrap())
}

/// docs/wire/compat-providers.md, section 1, row `watsonx`: paths, `model_id`, `project_id`, `tool_choice_option`, what
/// is stripped.
#[test]
fn requests_have_names_and_addresses_of_their_own() {
    let mut request = Request {
        tools: vec![tool()],
        tool_choice: Some(ToolChoice::Required),
        max_tokens: Some(5),
        ..asked()
    };
    let (path, body) = encode(&request);
    assert_eq!(path, "/ml/v1/text/chat?version=2025-02-11");
    assert_eq!(
        body,
        r#"{"model_id":"ibm/granite-3-8b-instruct","tool_choice_option":"required","max_tokens":5,"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"project_id":"p"}"#
    );
    request.tool_choice = Some(ToolChoice::Named("f".into()));
    request.stream = true;
    request.extra = extra(&[("space_id", "\"s\""), ("version", "\"2024-10-10\"")]);
    let (path, body) = encode(&request);
    assert_eq!(path, "/ml/v1/text/chat_stream?version=2024-10-10");
    assert!(body.contains(r#""tool_choice":{"type":"function","function":{"name":"f"}}"#), "{body}");
    assert!(body.contains(r#""space_id":"s""#) && !body.contains("stream") && !body.contains("version"));
}

#[test]
fn a_deployment_has_an_address_and_no_model() {
    let (path, body) = encode(&Request { model: "deployment/d1".into(), ..asked() });
    assert_eq!(path, "/ml/v1/deployments/d1/text/chat?version=2025-02-11");
    assert!(!body.contains("model_id"));
    let endpoint = Watsonx.endpoint(&path).unwrap();
    assert_eq!((endpoint.model.as_deref(), endpoint.stream), (Some("deployment/d1"), Some(false)));
    assert_eq!(Watsonx.decode_request(body.as_bytes()).unwrap().model, "");
}

#[test]
fn a_server_reads_what_a_client_writes() {
    let choices = [ToolChoice::Auto, ToolChoice::None, ToolChoice::Required, ToolChoice::Named("f".into())];
    for (choice, stream) in choices.into_iter().zip([false, true].into_iter().cycle()) {
        let mut plain = tool();
        plain.kind = ToolKind::Function {
            parameters: Some(Json::parse("{\"type\":\"object\"}").unwrap()),
            strict: None,
        };
        let request = Request {
            tools: vec![plain],
            tool_choice: Some(choice),
            max_tokens: Some(9),
            temperature: Some(0.5),
            stream,
            ..asked()
        };
        let (path, body) = encode(&request);
        let mut read = Watsonx.decode_request(body.as_bytes()).unwrap();
        read.stream = Watsonx.endpoint(&path).unwrap().stream.unwrap();
        assert_eq!(read, request);
    }
    assert_eq!(
        Watsonx.endpoint("/ml/v1/foundation_model_specs").unwrap().operation,
        OperationKind::ModelListing
    );
    assert_eq!(Watsonx.endpoint("/ml/v1/text/generation"), None);
}

#[test]
fn refusals_name_this_dialect() {
    let request = Request { top_k: Some(1), ..asked() };
    assert_eq!(Watsonx.encode_request(&request, EncodeOptions::REFUSE).unwrap_err().dialect, Watsonx.name());
    let dropped = Watsonx.encode_request(&request, EncodeOptions::DROP).unwrap().dropped;
    assert_eq!((dropped.len(), dropped[0].dialect), (1, Watsonx.name()));
}

#[test]
fn answers_are_openais() {
    let body = br#"{"id":"chat-1","model_id":"ibm/granite","created":1,"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"created_at":"2026-01-01T00:00:00.000Z"}"#;
    let response = Watsonx.decode_response(body).unwrap();
    assert_eq!(response.model, "ibm/granite");
    assert_eq!(response.choices[0].message.content, [Part::text("hi")]);
    assert_eq!(Watsonx.decode_response(&Watsonx.encode_response(&response)).unwrap(), response);
}

/// The lines `id:` and `event: message` before each chunk.
#[test]
fn a_stream_has_ids_and_names_of_events() {
    let body = "id: 1\nevent: message\ndata: {\"id\":\"chat-1\",\"model_id\":\"m\",\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":null,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}],\"created\":1}\n\n\
        id: 2\nevent: message\ndata: {\"id\":\"chat-1\",\"model_id\":\"m\",\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":null,\"delta\":{\"content\":\"hi\"}}],\"created\":1}\n\n\
        id: 3\nevent: message\ndata: {\"id\":\"chat-1\",\"model_id\":\"m\",\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"delta\":{\"content\":\"\"}}],\"created\":1}\n\n\
        id: 4\nevent: message\ndata: {\"id\":\"chat-1\",\"model_id\":\"m\",\"model\":\"m\",\"choices\":[],\"created\":1,\"usage\":{\"completion_tokens\":1,\"prompt_tokens\":2,\"total_tokens\":3}}\n\n";
    let read = |size: usize| {
        let mut decoder = Watsonx.stream_decoder(StreamLimits::default());
        let mut events = Vec::new();
        for piece in body.as_bytes().chunks(size) {
            decoder.push(piece, &mut events).unwrap();
        }
        decoder.finish(&mut events).unwrap();
        events
    };
    let events = read(body.len());
    assert!(events.contains(&StreamEvent::TextDelta { choice: 0, part: 0, text: "hi".into() }));
    let (choice, reason, stop_sequence) = (0, FinishReason::Stop, None);
    assert!(events.contains(&StreamEvent::Finish { choice, reason, stop_sequence }));
    assert!(
        events
            .iter()
            .any(|event| matches!(event, StreamEvent::UsageUpdate(used) if used.input_tokens == Some(2)))
    );
    for size in [1, 3, 50] {
        assert_eq!(read(size), events);
    }
}

#[test]
fn errors_are_a_list() {
    let body = br#"{"errors":[{"code":"authentication_token_expired","message":"Failed to authenticate"}],"trace":"t1","status_code":401}"#;
    let error = Watsonx.decode_error(401, Headers::default(), body, 0);
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (ErrorKind::Authentication, Some("authentication_token_expired"))
    );
    assert_eq!(error.message, "Failed to authenticate");
    assert_eq!(error.request_id.as_deref(), Some("t1"));
    for kind in [
        ErrorKind::Authentication,
        ErrorKind::PermissionDenied,
        ErrorKind::NotFound,
        ErrorKind::InvalidRequest,
        ErrorKind::RateLimited,
        ErrorKind::QuotaExceeded,
        ErrorKind::Server,
    ] {
        let status = match kind {
            ErrorKind::Authentication => 401,
            ErrorKind::PermissionDenied | ErrorKind::QuotaExceeded => 403,
            ErrorKind::NotFound => 404,
            ErrorKind::RateLimited => 429,
            ErrorKind::Server => 500,
            _ => 400,
        };
        let written =
            Watsonx.encode_error(&ProviderError { status: Some(status), ..ProviderError::new(kind, "so") });
        let read = Watsonx.decode_error(status, Headers::default(), &written, 0);
        assert_eq!((read.kind, read.message.as_str()), (kind, "so"), "{}", String::from_utf8_lossy(&written));
    }
}

/// The request and the answer of IBM's page on embeddings (ibm.com/watsonx/developer/capabilities/embeddings).
#[test]
fn vectors_are_asked_for_and_read() {
    let embeddings = Watsonx.operations().embeddings.unwrap();
    let mut request = EmbeddingRequest {
        model: "ibm/slate-125m-english-rtrvr".into(),
        inputs: vec!["a".into(), "b".into()],
        extra: extra(&[
            ("project_id", "\"p\""),
            ("version", "\"2024-05-31\""),
            ("parameters", r#"{"truncate_input_tokens":5}"#),
        ]),
        ..EmbeddingRequest::default()
    };
    let encoded = embeddings.encode_request(&request, EncodeOptions::REFUSE).unwrap();
    assert_eq!(encoded.path, "/ml/v1/text/embeddings?version=2024-05-31");
    assert_eq!(Watsonx.endpoint(&encoded.path), Some(Endpoint::new(OperationKind::Embeddings)));
    assert_eq!(
        core::str::from_utf8(&encoded.body).unwrap(),
        r#"{"model_id":"ibm/slate-125m-english-rtrvr","inputs":["a","b"],"project_id":"p","parameters":{"truncate_input_tokens":5}}"#
    );
    request.extra.remove("version");
    assert_eq!(embeddings.decode_request(HttpRequest::json(&encoded.body)).unwrap(), request);
    assert_eq!(embeddings.max_inputs(&request.model), 1000);

    let body = br#"{"model_id":"ibm/slate-125m-english-rtrvr","results":[{"embedding":[-0.006929283,-0.005336422],"input":"a"},{"embedding":[1,2]}],"created_at":"2024-02-21T17:32:28Z","input_token_count":10}"#;
    let response = embeddings.decode_response(Headers::default(), body).unwrap();
    assert_eq!(response.model, "ibm/slate-125m-english-rtrvr");
    assert_eq!(response.vectors.values(), [-0.006_929_283, -0.005_336_422, 1.0, 2.0]);
    assert_eq!(response.usage.as_ref().unwrap().input_tokens, Some(10));
    assert_eq!(response.extra.get("created_at").unwrap().text(), "\"2024-02-21T17:32:28Z\"");
    let written = embeddings.encode_response(&response, HttpRequest::json(&encoded.body)).body;
    assert_eq!(embeddings.decode_response(Headers::default(), &written).unwrap(), response);
    // A count that nobody told is unknown.
    let body = br#"{"results":[{"embedding":[1]}]}"#;
    assert_eq!(embeddings.decode_response(Headers::default(), body).unwrap().usage, None);
}

#[test]
fn what_vectors_cannot_be_asked_for_is_refused_by_name() {
    let embeddings = Watsonx.operations().embeddings.unwrap();
    let plain =
        || EmbeddingRequest { model: "m".into(), inputs: vec!["a".into()], ..EmbeddingRequest::default() };
    let requests = [
        ("dimensions", EmbeddingRequest { dimensions: Some(5), ..plain() }),
        ("input_type", EmbeddingRequest { input_type: Some(InputType::Query), ..plain() }),
        ("user", EmbeddingRequest { user: Some("u".into()), ..plain() }),
    ];
    for (field, request) in requests {
        let refused = embeddings.encode_request(&request, EncodeOptions::REFUSE).unwrap_err();
        assert_eq!((refused.field.as_str(), refused.dialect), (field, Watsonx.name()));
        let encoded = embeddings.encode_request(&request, EncodeOptions::DROP).unwrap();
        assert_eq!(encoded.dropped, [refused]);
        assert_eq!(embeddings.decode_request(HttpRequest::json(&encoded.body)).unwrap(), plain());
    }
    // Nothing can be left out of it to make it right.
    let deployed = EmbeddingRequest { model: "deployment/d1".into(), ..plain() };
    assert_eq!(embeddings.encode_request(&deployed, EncodeOptions::DROP).unwrap_err().field, "model");
}

#[test]
fn what_is_no_answer_of_vectors_is_an_error() {
    let embeddings = Watsonx.operations().embeddings.unwrap();
    for body in [
        "{}",
        "[]",
        r#"{"results":{}}"#,
        r#"{"results":[{}]}"#,
        r#"{"results":[1]}"#,
        r#"{"results":[{"embedding":[1]},{"embedding":[1,2]}]}"#,
        r#"{"results":[{"embedding":["a"]}]}"#,
        r#"{"results":[{"embedding":[]}]}"#,
    ] {
        let outcome = embeddings.decode_response(Headers::default(), body.as_bytes());
        assert!(matches!(outcome, Err(StreamError::Malformed(_))), "{body}");
    }
    for body in
        ["{}", r#"{"model_id":"m"}"#, r#"{"model_id":"m","inputs":[1]}"#, r#"{"model_id":1,"inputs":["a"]}"#]
    {
        assert!(embeddings.decode_request(HttpRequest::json(body.as_bytes())).is_err(), "{body}");
    }
}

/// Shapes of `ibm-watsonx-ai` 1.8.1 (`foundation_models/rerank/rerank.py`) and IBM's Java client (`RerankResponse`).
#[test]
fn documents_are_put_in_order() {
    let reranking = Watsonx.operations().reranking.unwrap();
    let mut request = RerankRequest {
        model: "cross-encoder/ms-marco-minilm-l-12-v2".into(),
        query: "q".into(),
        documents: vec!["a".into(), "b".into()],
        top_n: Some(2),
        extra: extra(&[
            ("project_id", "\"p\""),
            ("parameters", r#"{"truncate_input_tokens":5,"return_options":{"inputs":true}}"#),
        ]),
    };
    let encoded = reranking.encode_request(&request, EncodeOptions::REFUSE).unwrap();
    assert_eq!(encoded.path, "/ml/v1/text/rerank?version=2025-02-11");
    assert_eq!(Watsonx.endpoint(&encoded.path), Some(Endpoint::new(OperationKind::Reranking)));
    assert_eq!(
        core::str::from_utf8(&encoded.body).unwrap(),
        r#"{"model_id":"cross-encoder/ms-marco-minilm-l-12-v2","query":"q","inputs":[{"text":"a"},{"text":"b"}],"parameters":{"return_options":{"top_n":2,"inputs":true},"truncate_input_tokens":5},"project_id":"p"}"#
    );
    assert_eq!(reranking.decode_request(HttpRequest::json(&encoded.body)).unwrap(), request);
    request.top_n = None;
    request.extra = extra(&[("space_id", "\"s\"")]);
    let encoded = reranking.encode_request(&request, EncodeOptions::REFUSE).unwrap();
    assert!(!String::from_utf8_lossy(&encoded.body).contains("parameters"));
    assert_eq!(reranking.decode_request(HttpRequest::json(&encoded.body)).unwrap(), request);
    let deployed = RerankRequest { model: "deployment/d1".into(), ..request };
    assert_eq!(reranking.encode_request(&deployed, EncodeOptions::DROP).unwrap_err().field, "model");

    let body = br#"{"model_id":"m","results":[{"index":1,"score":-0.9204},{"index":0,"score":2.9258,"input":{"text":"a"}}],"created_at":"2024-02-21T17:32:28Z","input_token_count":20}"#;
    let response = reranking.decode_response(Headers::default(), body).unwrap();
    let ranks: Vec<_> = response.results.iter().map(|result| (result.index, result.score)).collect();
    assert_eq!(ranks, [(0, 2.9258), (1, -0.9204)]);
    assert_eq!(response.usage.as_ref().unwrap().input_tokens, Some(20));
    assert!(response.extra.get("results").unwrap().text().contains(r#""input":{"text":"a"}"#));
    assert_eq!(
        reranking
            .decode_response(
                Headers::default(),
                &reranking.encode_response(&response, HttpRequest::default()).body
            )
            .unwrap(),
        response
    );
    assert!(reranking.decode_response(Headers::default(), br#"{"results":[{"index":0}]}"#).is_err());
    assert!(
        reranking.decode_request(HttpRequest::json(br#"{"model_id":"m","query":"q","inputs":[1]}"#)).is_err()
    );
}

proptest! {
    #[test]
    fn a_servers_answers_are_read_as_they_were_written(
        scores in proptest::collection::vec(-9.0f64..9.0, 0..5), tokens in proptest::option::of(0u64..99),
        vectors in proptest::collection::vec(proptest::array::uniform3(-1e30f32..1e30), 0..5),
    ) {
        let usage = tokens.map(|tokens| Usage { input_tokens: Some(tokens), ..Usage::default() });
        let mut embedded = EmbeddingResponse { model: "m".into(), usage: usage.clone(), ..EmbeddingResponse::default() };
        vectors.iter().try_for_each(|vector| embedded.vectors.push(vector)).unwrap();
        let embeddings = Watsonx.operations().embeddings.unwrap();
        let written = embeddings.encode_response(&embedded, HttpRequest::json(b"{}")).body;
        prop_assert_eq!(embeddings.decode_response(Headers::default(), &written).unwrap(), embedded);

        let mut results: Vec<_> =
            scores.into_iter().enumerate().map(|(index, score)| RankedDocument { index, score }).collect();
        results.sort_by(|one, other| other.score.total_cmp(&one.score));
        let ranked = RerankResponse { results, usage, ..RerankResponse::default() };
        let reranking = Watsonx.operations().reranking.unwrap();
        prop_assert_eq!(reranking.decode_response(Headers::default(), &reranking.encode_response(&ranked, HttpRequest::default()).body).unwrap(), ranked);
    }
}

#[test]
fn models_are_resources() {
    let listing = Watsonx.operations().model_listing.unwrap();
    let page = listing
        .decode_response(
            Headers::default(),
            &listing.encode_response(&ModelPage::named(&["ibm/granite", "b"]), HttpRequest::default()).body,
        )
        .unwrap();
    assert_eq!(page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["ibm/granite", "b"]);
    assert!(listing.decode_response(Headers::default(), br#"{"errors":[]}"#).is_err());
}
