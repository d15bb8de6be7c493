//! Servers against clients: what the client half of a dialect sends is routed back to it, and what a server reports is
//! read as it was meant.

use super::*;
use crate::base_url::without_endpoint;
use crate::dialect::shared::address::join;
use crate::dialect::{Dialect, registry};
use crate::encode::{EncodeOptions, EncodedRequest};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::model::*;
use crate::operation::*;
use crate::providers;
use crate::quirks::Quirks;
use core::time::Duration;
use std::{borrow::Cow, borrow::ToOwned, format, string::String, vec, vec::Vec};

const MODEL: &str = "a-model";
const NOW: i64 = 1_767_225_600_000;

/// A provider, the path of its base URL, and the path under which a server has it.
struct Case {
    name: &'static str,
    dialect: &'static dyn Dialect,
    options: EncodeOptions<'static>,
    base: String,
}

/// Every provider of the table, and the dialects that are called otherwise than one.
fn cases() -> Vec<Case> {
    // A name that a provider has too is the provider's.
    let alone = registry::all().filter(|dialect| providers::find(dialect.name()).is_none());
    let dialects = alone.map(|dialect| Case {
        name: dialect.name(),
        dialect,
        options: EncodeOptions::DROP,
        base: "/v1".to_owned(),
    });
    let rows = providers::all().iter().map(|row| {
        let url = providers::fill(row.base_url, |_| Some(Cow::Borrowed("it"))).unwrap();
        // A program has no address.
        let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        let path = path.map_or(String::new(), |(_, path)| format!("/{path}"));
        Case {
            name: row.id,
            dialect: registry::find(row.dialect).unwrap(),
            options: EncodeOptions { drop_unsupported: true, quirks: &row.quirks },
            base: path.split('?').next().unwrap_or_default().to_owned(),
        }
    });
    dialects.chain(rows).collect()
}

fn chat(stream: bool) -> Request {
    let messages = vec![Message::text(Role::User, "hello")];
    Request { model: MODEL.into(), messages, max_tokens: Some(9), stream, ..Request::default() }
}

/// A request for each operation that the dialect has, as its client writes it.
fn encoded(case: &Case) -> Vec<(OperationKind, Option<bool>, EncodedRequest)> {
    fn one<O: Listed>(
        case: &Case,
        request: &O::Request,
    ) -> Option<(OperationKind, Option<bool>, EncodedRequest)> {
        let codec = case.dialect.operations().get::<O>().filter(|_| case.options.quirks.has(O::KIND))?;
        Some((O::KIND, None, codec.encode_request(request, case.options).ok()?))
    }
    let chats = [false, true].into_iter().filter_map(|stream| {
        let encoded = case.dialect.encode_request(&chat(stream), case.options).ok()?;
        Some((OperationKind::Chat, Some(stream), encoded))
    });
    let model = || MODEL.to_owned();
    let embedding =
        EmbeddingRequest { model: model(), inputs: vec!["a".into()], ..EmbeddingRequest::default() };
    let rerank = RerankRequest {
        model: model(),
        query: "a".into(),
        documents: vec!["b".into()],
        ..RerankRequest::default()
    };
    let image = ImageRequest { model: model(), prompt: "a".into(), ..ImageRequest::default() };
    let speech =
        SpeechRequest { model: model(), text: "a".into(), voice: "b".into(), ..SpeechRequest::default() };
    let recording = TranscriptionRequest {
        model: model(),
        file: b"RIFF".to_vec(),
        file_name: "a.wav".into(),
        boundary: "limit".into(),
        ..TranscriptionRequest::default()
    };
    let others = [
        one::<Embeddings>(case, &embedding),
        one::<Reranking>(case, &rerank),
        one::<Images>(case, &image),
        one::<Speech>(case, &speech),
        one::<Transcription>(case, &recording),
        one::<TokenCounting>(case, &chat(false)),
        one::<ModelListing>(case, &ModelListRequest::default()),
    ];
    chats.chain(others.into_iter().flatten()).collect()
}

#[test]
fn what_a_client_sends_is_routed_to_its_provider_and_read() {
    let mut requests = 0;
    for case in cases() {
        let is_program = case.dialect.program().is_some();
        for (operation, stream, encoded) in encoded(&case).into_iter().filter(|_| !is_program) {
            requests += 1;
            let path = join(&case.base, &encoded.path);
            let path = format!("/{}{}", case.name, path.split('?').next().unwrap());
            let method = if operation == OperationKind::ModelListing { "GET" } else { "POST" };
            let headers: Vec<_> =
                encoded.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let headers = Headers(&headers);
            let route = route(method, &path, headers);
            assert_eq!(route.provider.name(), case.dialect.name(), "{path}");
            assert_eq!(route.provider.id(), EmulatedProvider::find(case.name).unwrap().id(), "{path}");
            let RouteTarget::Operation(endpoint) = route.target else { panic!("{path}: {:?}", route.target) };
            assert_eq!(endpoint.operation, operation, "{path}");
            let request = HttpRequest { headers, body: &encoded.body };
            let read = route.provider.decode_api_request(&endpoint, request);
            let read = read.unwrap_or_else(|error| panic!("{path}: {error}"));
            let expected = case.options.quirks.model(MODEL);
            let found = read.model();
            // Some providers name no model in some requests, or a longer name of it.
            assert!(
                operation == OperationKind::ModelListing || found.ends_with(MODEL) || found == &*expected,
                "{path}: {found}"
            );
            if let ApiRequest::Chat(read) = read {
                // ruvLLM has no streams.
                let streams = case.dialect.stream_media_types() != [JSON];
                assert_eq!(read.stream, stream == Some(true) && streams, "{path}");
            }
            let wrong = super::route("DELETE", &path, headers).target;
            assert_eq!(wrong, RouteTarget::MethodNotAllowed, "{path}");
        }
    }
    assert!(requests > 250, "{requests}");
    for dialect in registry::all() {
        assert!(cases().iter().any(|case| case.dialect.name() == dialect.name()), "{}", dialect.name());
    }
}

#[test]
fn without_a_prefix_an_address_is_of_the_first_dialect_that_has_it() {
    let anthropic: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];
    for (method, path, headers, dialect) in [
        ("POST", "/v1/chat/completions", &[][..], "openai-chat"),
        ("POST", "/v1/completions", &[], "openai-completions"),
        ("POST", "/v1/responses", &[], "openai-responses"),
        ("POST", "/v1/messages", &[], "anthropic"),
        ("POST", "/v1beta/models/m:generateContent", &[], "gemini"),
        ("POST", "/model/m/converse", &[], "bedrock"),
        ("POST", "/v2/chat", &[], "cohere"),
        ("POST", "/api/chat", &[], "ollama"),
        ("GET", "/v1/models", &[], "openai-chat"),
        ("GET", "/v1/models", anthropic, "anthropic"),
        ("GET", "/v1/models/m", anthropic, "anthropic"),
        ("POST", "/v1/nothing", &[], "openai-chat"),
        ("POST", "/v1/nothing", anthropic, "anthropic"),
        ("GET", "/v1/messages", &[], "anthropic"),
    ] {
        assert_eq!(route(method, path, Headers(headers)).provider.name(), dialect, "{method} {path}");
    }
    let target = |method: &str, path: &'static str| route(method, path, Headers::default()).target;
    assert_eq!(target("GET", "/v1/models/m"), RouteTarget::Model("m"));
    assert_eq!(target("GET", "/v1/messages"), RouteTarget::MethodNotAllowed);
    assert_eq!(target("GET", "/nothing"), RouteTarget::NotFound);
    assert!(matches!(target("GET", "/replicate/v1/predictions/1/stream"), RouteTarget::FollowUp(_)));
    assert!(matches!(target("GET", "/ollama/api/version"), RouteTarget::Management(_)));
    // Embeddings alone.
    assert_eq!(target("POST", "/voyage/v1/chat/completions"), RouteTarget::NotFound);
}

/// The kinds, each with words that a provider uses for it.
const KINDS: [(ErrorKind, &str); 13] = [
    (ErrorKind::Authentication, "it failed"),
    (ErrorKind::PermissionDenied, "it failed"),
    (ErrorKind::NotFound, "it failed"),
    (ErrorKind::InvalidRequest, "it failed"),
    (ErrorKind::ContextLength, "prompt is too long: the maximum context length is 8192 tokens"),
    (ErrorKind::ContentFiltered, "the output was blocked by our content filtering policy"),
    (ErrorKind::RateLimited, "it failed"),
    (ErrorKind::QuotaExceeded, "you exceeded your current quota, please check your plan and billing details"),
    (ErrorKind::Overloaded, "it failed"),
    (ErrorKind::Timeout, "it failed"),
    (ErrorKind::Server, "it failed"),
    (ErrorKind::StreamInterrupted, "it failed"),
    (ErrorKind::Cancelled, "it failed"),
];

#[test]
fn a_client_reads_the_kind_of_error_that_a_server_reports() {
    let mut mismatches = Vec::new();
    for case in cases() {
        let provider = EmulatedProvider::find(case.name).unwrap();
        for (kind, message) in KINDS {
            let retry_after = (kind == ErrorKind::RateLimited)
                .then_some(RetryAfter { delay: Duration::from_secs(7), source: DelaySource::RetryAfter });
            let sent = ProviderError {
                request_id: Some("req_1".into()),
                retry_after,
                ..ProviderError::new(kind, message)
            };
            let response = provider.error_response(&sent, false, NOW);
            let headers: Vec<_> =
                response.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let read = if response.status == 200 {
                match case.dialect.decode_response(&response.body) {
                    Err(StreamError::Provider(error)) => *error,
                    other => panic!("{}: {other:?}", case.name),
                }
            } else {
                case.dialect.decode_error(response.status, Headers(&headers), &response.body, NOW)
            };
            let text = String::from_utf8_lossy(&response.body).into_owned();
            let note = format!("{} {} {text}", case.name, response.status);
            if read.kind != expected(&case, kind, response.status) {
                mismatches.push(format!("{kind:?} as {:?}: {note}", read.kind));
            }
            if response.status != 200 {
                let id = provider.request_id_header().map(|_| "req_1");
                assert_eq!(read.request_id.as_deref(), id, "{note}");
                assert_eq!(read.retry_after.map(|retry| retry.delay), sent.retry_after.map(|it| it.delay));
            }
            assert_eq!(response.content_type == JSON, text.starts_with(['{', '[']), "{note}");
        }
    }
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

/// The kind that is read where `kind` was reported.
fn expected(case: &Case, kind: ErrorKind, status: u16) -> ErrorKind {
    match kind {
        // A whole response cannot report that a stream was interrupted.
        ErrorKind::StreamInterrupted => ErrorKind::Server,
        // AWS has no exception for it.
        ErrorKind::Cancelled if case.dialect.name() == "bedrock" => ErrorKind::Server,
        // MiniMax's numbers under status 200 are few.
        ErrorKind::PermissionDenied | ErrorKind::Overloaded | ErrorKind::Timeout | ErrorKind::Cancelled
            if status == 200 =>
        {
            ErrorKind::Server
        }
        ErrorKind::NotFound if status == 200 => ErrorKind::InvalidRequest,
        other => other,
    }
}

#[test]
fn credentials_are_refused_as_what_they_are() {
    use crate::dialect::CredentialsProblem;
    for case in cases() {
        let provider = EmulatedProvider::find(case.name).unwrap();
        for problem in [CredentialsProblem::Missing, CredentialsProblem::InvalidKey("sk-x")] {
            let response = provider.error_response(&provider.credentials_error(problem), false, NOW);
            if response.status != 200 {
                let read =
                    case.dialect.decode_error(response.status, Headers::default(), &response.body, NOW);
                assert_eq!(read.kind, ErrorKind::Authentication, "{}", case.name);
            }
        }
    }
}

#[test]
fn the_headers_of_a_response_carry_its_id() {
    for dialect in registry::all() {
        let context = crate::dialect::ResponseContext {
            request_id: "req_1",
            organization: "us",
            processing: Duration::from_millis(3),
            rate_limit: None,
            now: NOW,
        };
        let headers = dialect.response_headers(&context);
        let id = headers.iter().find(|(_, value)| value == "req_1").map(|(name, _)| *name);
        assert_eq!(id, dialect.server_facts().request_id_header, "{}", dialect.name());
        assert!(headers.iter().all(|(name, _)| !name.contains("ratelimit")));
    }
}

/// A base URL may end in the path of any endpoint: every other endpoint is found from there as well.
#[test]
fn a_base_url_that_ends_in_an_endpoint_is_understood() {
    let path = |base: &str, encoded: &EncodedRequest| {
        join(base, &encoded.path).split('?').next().unwrap().to_owned()
    };
    let mut pairs = 0;
    for case in cases().into_iter().filter(|case| case.dialect.program().is_none()) {
        let without = |base: &str| without_endpoint(case.dialect, case.options.quirks, base).to_owned();
        assert_eq!(without(&case.base), case.base, "{}: its own base URL stays", case.name);
        let all = encoded(&case);
        for (operation, _, given) in &all {
            let base = path(&case.base, given);
            // A gateway may have all of its API below `/models`, so that alone is left as it is.
            if *operation == OperationKind::ModelListing && without(&base) == base {
                continue;
            }
            for (other, _, wanted) in &all {
                pairs += 1;
                for base in [base.clone(), format!("{base}/")] {
                    let found = path(&without(&base), wanted);
                    assert_eq!(
                        found,
                        path(&case.base, wanted),
                        "{}: {operation:?} {base}, {other:?}",
                        case.name
                    );
                }
            }
        }
    }
    assert!(pairs > 1000, "{pairs}");
}

#[test]
fn what_is_copied_from_documents_is_a_base_url() {
    for (dialect, given, expected) in [
        ("openai-chat", "/v1/chat/completions", "/v1"),
        ("openai-chat", "/v1/responses", "/v1"),
        ("openai-chat", "/v1/completions", "/v1"),
        ("openai-chat", "/v1/models", "/v1"),
        ("openai-chat", "/models", "/models"),
        ("openai-chat", "/models/chat/completions", "/models"),
        ("openai-chat", "/v1/messages", "/v1/messages"),
        ("openai-responses", "/v1/chat/completions", "/v1"),
        ("openai-completions", "/v1/chat/completions", "/v1"),
        ("openai-completions", "/v1/embeddings", "/v1"),
        ("openai-chat", "/gate/completions-of-mine", "/gate/completions-of-mine"),
        ("anthropic", "/api/anthropic/v1/messages/count_tokens", "/api/anthropic/v1"),
        ("gemini", "/v1beta/models/gemini-x:streamGenerateContent", "/v1beta"),
        ("gemini", "/v1beta/models", "/v1beta"),
        ("ollama", "/api/chat", ""),
        ("cohere", "/v2/rerank", ""),
        ("bedrock", "/model/a%3Ab/converse-stream", ""),
        ("replicate", "/v1/models/a/b/predictions", ""),
        ("watsonx", "/ml/v1/text/chat_stream", "/ml/v1"),
        ("ruvllm", "/query", ""),
    ] {
        let dialect = registry::find(dialect).unwrap();
        let found = without_endpoint(dialect, &Quirks::NONE, given);
        assert_eq!(found, expected, "{}: {given}", dialect.name());
    }
}

/// At OpenAI's own address unknown fields are refused as OpenAI refuses them; at that of the format alone they are taken.
#[test]
fn the_plain_address_is_that_of_openai() {
    let refusal = |path: &str, body: &str| {
        route("POST", path, Headers(&[])).provider.refusal(body.as_bytes()).map(|error| error.message)
    };
    for (body, place) in [
        (r#"{"model":"m","messages":[],"top_k":1}"#, "top_k"),
        (r#"{"model":"m","messages":[],"repetition_penalty":1.1}"#, "repetition_penalty"),
        (r#"{"messages":[{"role":"user","content":"a","my_field":1}]}"#, "messages[0].my_field"),
        (
            r#"{"messages":[{"role":"assistant","content":"a","reasoning_content":"b"}]}"#,
            "messages[0].reasoning_content",
        ),
    ] {
        let expected = format!("Unknown parameter: '{place}'.");
        assert_eq!(refusal("/v1/chat/completions", body), Some(expected), "{body}");
        assert_eq!(refusal("/openai-chat/v1/chat/completions", body), None, "{body}");
    }
    let known = r#"{"model":"m","messages":[{"role":"user","content":"a"}],"top_p":1,"seed":1,"store":true}"#;
    assert_eq!(refusal("/v1/chat/completions", known), None);
    assert_eq!(refusal("/v1/messages", r#"{"messages":[],"top_k":1}"#), None);
}
