use super::*;
use crate::model::{FinishReason, Message, Part, Role, StreamEvent, Tool, ToolChoice, ToolKind};
use std::vec;

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

/// compat-providers.md, row `watsonx`: paths, `model_id`, `project_id`, `tool_choice_option`, what is stripped.
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
    assert_eq!(Watsonx.endpoint("/ml/v1/foundation_model_specs").unwrap().operation, Operation::Models);
    assert_eq!(Watsonx.endpoint("/ml/v1/text/generation"), None);
}

#[test]
fn refusals_name_this_dialect() {
    let request = Request { top_k: Some(1), ..asked() };
    assert_eq!(Watsonx.encode_request(&request, EncodeOptions::REFUSE).unwrap_err().dialect, NAME);
    let dropped = Watsonx.encode_request(&request, EncodeOptions::DROP).unwrap().dropped;
    assert_eq!((dropped.len(), dropped[0].dialect), (1, NAME));
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
    let error = Watsonx.decode_error(401, crate::error::Headers::default(), body, 0);
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
        let read = Watsonx.decode_error(status, crate::error::Headers::default(), &written, 0);
        assert_eq!((read.kind, read.message.as_str()), (kind, "so"), "{}", String::from_utf8_lossy(&written));
    }
}

#[test]
fn models_are_resources() {
    let page = Listing.decode_page(&Listing.encode_page(&["ibm/granite", "b"])).unwrap();
    assert_eq!(page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["ibm/granite", "b"]);
    assert!(Listing.decode_page(br#"{"errors":[]}"#).is_err());
}
