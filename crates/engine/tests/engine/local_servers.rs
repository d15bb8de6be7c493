//! Quirks of servers that people run themselves: missing formats and endpoints, errors that would recur, pages in place
//! of responses.

use crate::support::{
    CANARY, bounded, drain,
    server::{Server, answer, end, stream},
    settings,
};
use ferrule_engine::{
    Call, CallOptions, Engine, Failure, Outcome, ProviderSettings, Timeouts, TransportSettings, Unreadable,
};
use ferrule_wire::{
    dialect::registry,
    model::{ErrorKind, Message, Part, Request, Role},
    operation::{EmbeddingRequest, OperationKind},
    quirks::Quirks,
};

const VECTOR: &str = r#"{"data":[{"index":0,"embedding":[1]}],"model":"small"}"#;
const NO_FORMAT: &str = r#"{"error":{"message":"litellm.UnsupportedParamsError: Setting {'encoding_format': 'base64'} is not supported by bedrock","type":"None","param":"None","code":"400"}}"#;

fn speaking(server: &Server, dialect: &str) -> Engine {
    let quirks = Quirks { operations: OperationKind::ALL.to_vec().into(), ..Quirks::NONE };
    let settings = ProviderSettings { dialect: dialect.into(), quirks, ..settings(server.address) };
    Engine::with_dialects(
        vec![settings],
        Timeouts::default(),
        2,
        TransportSettings::default(),
        registry::find,
    )
    .unwrap()
}

fn embedding() -> Call<EmbeddingRequest> {
    let request = EmbeddingRequest { inputs: vec!["x".into()], ..EmbeddingRequest::default() };
    Call { to: "test/small".into(), request, options: CallOptions::default() }
}

fn chat() -> Call<Request> {
    let messages = vec![Message::new(Role::User, vec![Part::text("hello")])];
    let request = Request { messages, ..Request::default() };
    Call { to: "test/small".into(), request, options: CallOptions::default() }
}

/// The vector format that each request asked for.
fn formats(server: &Server) -> Vec<Option<&'static str>> {
    let format = |body: &str| {
        ["base64", "float"]
            .into_iter()
            .find(|format| body.contains(&format!(r#""encoding_format":"{format}""#)))
    };
    server.requests().iter().map(|request| format(&request.body)).collect()
}

#[tokio::test]
async fn floats_are_requested_from_then_on_if_base64_is_refused() {
    for status in [400, 422, 500] {
        let server = Server::start(vec![
            answer(status, "", NO_FORMAT),
            answer(200, "", VECTOR),
            answer(200, "", VECTOR),
        ])
        .await;
        let engine = speaking(&server, "openai-chat");
        let mut once = embedding();
        once.options.max_retries = Some(0);
        let reply = bounded(engine.embed(once, None)).await.unwrap();
        assert_eq!(reply.response.vectors.values(), [1.0]);
        let outcomes: Vec<bool> = reply.attempts.iter().map(|it| it.outcome == Outcome::Success).collect();
        assert_eq!(outcomes, [false, true], "{status}");
        bounded(engine.embed(embedding(), None)).await.unwrap();
        assert_eq!(formats(&server), [Some("base64"), Some("float"), Some("float")], "{status}");
    }
}

#[tokio::test]
async fn a_provider_that_refuses_the_field_itself_is_not_sent_it() {
    let floats = NO_FORMAT.replace("base64", "float");
    let server =
        Server::start(vec![answer(400, "", NO_FORMAT), answer(400, "", &floats), answer(200, "", VECTOR)])
            .await;
    let reply = bounded(speaking(&server, "openai-chat").embed(embedding(), None)).await.unwrap();
    assert_eq!((reply.attempts.len(), formats(&server)), (3, vec![Some("base64"), Some("float"), None]));
}

#[tokio::test]
async fn other_errors_and_the_callers_format_do_not_change_it() {
    let other = r#"{"error":{"message":"the input is empty","code":"400"}}"#;
    let server = Server::start(vec![answer(400, "", other), answer(400, "", NO_FORMAT)]).await;
    let engine = speaking(&server, "openai-chat");
    bounded(engine.embed(embedding(), None)).await.unwrap_err();
    let mut own = embedding();
    own.request.extra.insert("encoding_format", ferrule_wire::json::Json::string("base64"));
    let error = bounded(engine.embed(own, None)).await.unwrap_err();
    assert!(error.to_string().contains("encoding_format"), "{error}");
    assert_eq!(formats(&server), [Some("base64"), Some("base64")]);
}

/// A missing endpoint is not an error of a count: there is an estimate. A missing model is an error.
#[tokio::test]
async fn a_count_without_an_endpoint_is_left_to_an_estimate() {
    for (dialect, status, body, is_estimated) in [
        ("anthropic", 404, r#"{"detail":"Not Found"}"#, true),
        ("anthropic", 404, "404 page not found", true),
        ("anthropic", 404, "Cannot POST /v1/messages/count_tokens", true),
        (
            "anthropic",
            404,
            r#"{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}"#,
            true,
        ),
        ("anthropic", 405, r#"{"detail":"Method Not Allowed"}"#, true),
        ("anthropic", 501, "", true),
        ("gemini", 404, "", true),
        ("gemini", 404, "no handler for /v1beta/models/small:countTokens", true),
        ("openai-responses", 404, r#"{"error":"not found"}"#, true),
        ("openai-responses", 405, "", true),
        (
            "anthropic",
            404,
            r#"{"type":"error","error":{"type":"not_found_error","message":"model: small"}}"#,
            false,
        ),
        (
            "gemini",
            404,
            r#"{"error":{"code":404,"message":"models/small is not found for API version v1beta","status":"NOT_FOUND"}}"#,
            false,
        ),
        ("anthropic", 401, r#"{"error":{"message":"invalid x-api-key"}}"#, false),
        ("anthropic", 400, r#"{"error":{"message":"messages: empty"}}"#, false),
    ] {
        let server = Server::start(vec![answer(status, "", body)]).await;
        let counted = bounded(Box::pin(speaking(&server, dialect).count_tokens(chat()))).await;
        match counted {
            Ok(None) => assert!(is_estimated, "{dialect} {status} {body}"),
            Ok(Some(_)) => panic!("{dialect} {status} {body}"),
            Err(error) => assert!(!is_estimated, "{dialect} {status} {body}: {error}"),
        }
        assert_eq!(server.requests().len(), 1);
    }
}

/// llama.cpp and Ollama report errors of the request itself with status 500.
#[tokio::test]
async fn permanent_errors_with_status_500_are_not_retried() {
    for (dialect, body, kind) in [
        (
            "openai-chat",
            r#"{"error":{"code":500,"message":"image input is not supported - hint: if this is unexpected, you may need to provide the mmproj","type":"server_error"}}"#,
            ErrorKind::InvalidRequest,
        ),
        (
            "anthropic",
            r#"{"error":{"code":500,"message":"[json.exception.type_error.302] type must be string, but is number","type":"server_error"}}"#,
            ErrorKind::InvalidRequest,
        ),
        (
            "openai-responses",
            r#"{"error":{"code":500,"message":"input is too large to process. increase the physical batch size","type":"server_error"}}"#,
            ErrorKind::ContextLength,
        ),
        (
            "ollama",
            r#"{"error":"Failed to create new sequence: failed to process inputs: this model is missing data required for image input"}"#,
            ErrorKind::InvalidRequest,
        ),
        ("ollama", r#"{"error":"the input length exceeds the context length"}"#, ErrorKind::ContextLength),
    ] {
        for streamed in [false, true] {
            let server = Server::start(vec![answer(500, "content-type: application/json\r\n", body)]).await;
            let engine = speaking(&server, dialect);
            let error = match streamed {
                false => bounded(engine.complete(chat())).await.unwrap_err(),
                true => bounded(engine.stream(chat())).await.unwrap_err(),
            };
            let Failure::Provider(provider) = &error.failure else { panic!("{dialect}: {error}") };
            assert_eq!((provider.kind, provider.status), (kind, Some(500)), "{dialect}: {error}");
            assert_eq!((error.attempts.len(), server.requests().len()), (1, 1), "{dialect}: {error}");
        }
    }
}

/// An unreadable response keeps its status, its id and its beginning, with the key masked.
#[tokio::test]
async fn an_unreadable_answer_keeps_its_status_and_body() {
    let page = format!("<html><title>Login</title>{CANARY}{}</html>", "x".repeat(100_000));
    let cut = format!(r#"{{"choices":[{{"key":"{CANARY}","#);
    let check = |error: &ferrule_engine::CallError, beginning: &str| {
        let Failure::Unreadable(answer) = &error.failure else { panic!("{error}") };
        let Unreadable { status, request_id, body, .. } = &**answer;
        assert_eq!((*status, request_id.as_deref()), (Some(200), Some("req_1")), "{error}");
        assert!(body.starts_with(beginning), "{body}");
        assert!(!body.contains(CANARY) && body.contains("***") && body.len() < 8_000, "{body}");
        assert_eq!(error.attempts.len(), 1, "{error}");
    };
    for (kind, body, beginning) in
        [("text/html", &page, "<html>"), ("application/json", &cut, "{\"choices\"")]
    {
        let head = format!("content-type: {kind}\r\nx-request-id: req_1\r\n");
        let steps = || vec![answer(200, &head, body)];
        for dialect in
            ["openai-chat", "anthropic", "gemini", "bedrock", "ollama", "cohere", "openai-responses"]
        {
            let server = Server::start(steps()).await;
            check(&bounded(speaking(&server, dialect).complete(chat())).await.unwrap_err(), beginning);
            let server = Server::start(steps()).await;
            // If JSON may be a stream, a premature end is an interruption.
            let may_stream = registry::find(dialect).unwrap().stream_media_types().contains(&kind);
            if !may_stream {
                check(&bounded(speaking(&server, dialect).stream(chat())).await.unwrap_err(), beginning);
            }
        }
        let server = Server::start(steps()).await;
        check(
            &bounded(speaking(&server, "openai-chat").embed(embedding(), None)).await.unwrap_err(),
            beginning,
        );
        let server = Server::start(steps()).await;
        let listed = bounded(speaking(&server, "openai-chat").models("test", Timeouts::default())).await;
        check(&listed.unwrap_err(), beginning);
    }
}

/// The error for an unreadable stream event contains the event.
#[tokio::test]
async fn an_unreadable_event_is_kept() {
    let good = r#"data: {"choices":[{"delta":{"content":"a"}}]}"#;
    let mut steps =
        stream(&[&format!("{good}\n\n"), &format!("data: {{\"choices\":[{{\"key\":\"{CANARY}\"\n\n")]);
    steps.push(end());
    let server = Server::start(vec![steps]).await;
    let mut opened = bounded(speaking(&server, "openai-chat").stream(chat())).await.unwrap();
    let (_, error) = bounded(drain(&mut opened)).await;
    let error = error.unwrap();
    let Failure::Unreadable(answer) = &error.failure else { panic!("{error}") };
    assert_eq!(answer.status, Some(200));
    assert!(answer.body.contains(r#""choices":[{"key":"***"#), "{}", answer.body);
}

/// Streams accept the dialect's own media type, other calls accept JSON.
#[tokio::test]
async fn calls_send_the_media_types_they_accept() {
    let accepts = |server: &Server| server.requests()[0].header("accept").map(str::to_owned);
    for dialect in registry::all().filter(|dialect| dialect.program().is_none()) {
        let name = dialect.name();
        for (streamed, expected) in [(false, "application/json"), (true, dialect.stream_media_types()[0])] {
            let server = Server::start(vec![answer(400, "", "{}")]).await;
            let engine = speaking(&server, name);
            let failed = match streamed {
                false => bounded(engine.complete(chat())).await.is_err(),
                true => bounded(engine.stream(chat())).await.is_err(),
            };
            assert!(failed, "{name}");
            assert_eq!(accepts(&server).as_deref(), Some(expected), "{name} {streamed}");
        }
    }
    let server = Server::start(vec![answer(400, "", "{}")]).await;
    bounded(speaking(&server, "openai-chat").embed(embedding(), None)).await.unwrap_err();
    assert_eq!(accepts(&server).as_deref(), Some("application/json"));
    let server = Server::start(vec![answer(400, "", "{}")]).await;
    bounded(Box::pin(speaking(&server, "anthropic").count_tokens(chat()))).await.unwrap_err();
    assert_eq!(accepts(&server).as_deref(), Some("application/json"));
    let server = Server::start(vec![answer(400, "", "{}")]).await;
    bounded(speaking(&server, "openai-chat").models("test", Timeouts::default())).await.unwrap_err();
    assert_eq!(accepts(&server).as_deref(), Some("application/json"));
}
