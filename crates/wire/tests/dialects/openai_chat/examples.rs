//! Tests of refusals, of translated values, and of what plain answers of other providers mean.

use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::openai_chat::OpenAiChat;
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::framing::StreamError;
use ferrule_wire::json::Json;
use ferrule_wire::model::*;

fn body(request: &Request) -> String {
    String::from_utf8(OpenAiChat.encode_request(request, EncodeOptions::REFUSE).unwrap().body).unwrap()
}

fn request(messages: Vec<Message>) -> Request {
    Request { model: "m".into(), messages, ..Request::default() }
}

fn result(id: &str, content: Vec<Part>) -> Part {
    let result = ToolResult { tool_call_id: id.into(), name: None, content, is_error: Some(true) };
    Part::new(PartKind::ToolResult(result))
}

fn call(id: &str) -> Part {
    let call = ToolCall { id: id.into(), name: "f".into(), arguments: "{}".into(), custom: false };
    Part::new(PartKind::ToolCall(call))
}

#[test]
fn a_plain_request_is_written_as_every_server_knows_it() {
    let plain =
        Request { max_tokens: Some(5), stream: true, ..request(vec![Message::text(Role::User, "Hi")]) };
    let expected = r#"{"model":"m","messages":[{"role":"user","content":"Hi"}],"max_completion_tokens":5,"stream":true,"stream_options":{"include_usage":true}}"#;
    assert_eq!(body(&plain), expected);
}

#[test]
fn calls_and_results_are_written_one_by_one() {
    let messages = vec![
        Message::new(Role::Assistant, vec![call("a"), call("b")]),
        Message::new(Role::Tool, vec![result("a", vec![Part::text("1")]), result("b", vec![])]),
    ];
    let call = |id: &str| {
        std::format!(r#"{{"id":"{id}","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}"#)
    };
    let expected = std::format!(
        r#"{{"model":"m","messages":[{{"role":"assistant","tool_calls":[{},{}]}},{{"role":"tool","tool_call_id":"a","content":"1"}},{{"role":"tool","tool_call_id":"b","content":""}}]}}"#,
        call("a"),
        call("b")
    );
    assert_eq!(body(&request(messages)), expected);
}

#[test]
fn calls_without_ids_are_given_some() {
    let messages = vec![
        Message::new(Role::Assistant, vec![call(""), call("")]),
        Message::new(Role::Tool, vec![result("", vec![]), result("", vec![])]),
    ];
    let read = OpenAiChat.decode_request(body(&request(messages)).as_bytes()).unwrap();
    let ids: Vec<String> = read
        .messages
        .iter()
        .flat_map(|message| &message.content)
        .filter_map(|part| match &part.kind {
            PartKind::ToolCall(call) => Some(call.id.clone()),
            PartKind::ToolResult(result) => Some(result.tool_call_id.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(ids, ["call_0", "call_1", "call_0", "call_1"]);
}

#[test]
fn what_cannot_be_carried_is_refused_by_name_or_dropped() {
    let tool =
        |kind, cache| Tool { name: "t".into(), description: None, kind, cache, extra: Default::default() };
    let cases = [
        ("top_k", Request { top_k: Some(1), ..request(vec![]) }),
        (
            "reasoning.budget_tokens",
            Request {
                reasoning: Some(ReasoningRequest { budget_tokens: Some(1), ..ReasoningRequest::default() }),
                ..request(vec![])
            },
        ),
        (
            "tools[0]",
            Request {
                tools: vec![tool(
                    ToolKind::Hosted(
                        Json::parse(r#"{"type":"web_search_20250305","name":"web_search"}"#).unwrap(),
                    ),
                    None,
                )],
                ..request(vec![])
            },
        ),
        (
            "tools[0].cache",
            Request {
                tools: vec![tool(
                    ToolKind::Custom { format: None },
                    Some(CacheBreakpoint { lifetime: None }),
                )],
                ..request(vec![])
            },
        ),
        (
            "messages[0].content[1].content[0]",
            request(vec![Message::new(
                Role::Tool,
                vec![
                    result("a", vec![Part::text("x")]),
                    result("b", vec![Part::new(PartKind::RedactedReasoning { data: "x".into() })]),
                ],
            )]),
        ),
        (
            "messages[0].content[0]",
            request(vec![Message::new(
                Role::Assistant,
                vec![Part::new(PartKind::RedactedReasoning { data: "x".into() })],
            )]),
        ),
    ];
    for (field, request) in cases {
        let refused = OpenAiChat.encode_request(&request, EncodeOptions::REFUSE).unwrap_err();
        assert_eq!(refused.field, field);
        let encoded = OpenAiChat.encode_request(&request, EncodeOptions::DROP).unwrap();
        assert_eq!(encoded.dropped, [refused]);
        assert!(OpenAiChat.decode_request(&encoded.body).is_ok());
    }
}

#[test]
fn reasoning_goes_back_as_details_where_there_are_any() {
    let body = br#"{"choices":[{"message":{"content":"Hi","reasoning":"Let me","reasoning_details":[
        {"type":"reasoning.text","text":"Let","signature":"s1"},{"type":"reasoning.text","text":" me"},
        {"type":"reasoning.text","text":"","signature":"s2"},{"type":"reasoning.encrypted","data":"x"}]}}]}"#;
    let message = OpenAiChat.decode_response(body).unwrap().choices.remove(0).message;
    let blocks: Vec<_> = message
        .content
        .iter()
        .filter_map(|part| match &part.kind {
            PartKind::Reasoning(Reasoning { text, signature }) => Some((text.as_str(), signature.as_deref())),
            _ => None,
        })
        .collect();
    assert_eq!(blocks, [("Let", Some("s1")), (" me", Some("s2"))]);
    let echoed = self::body(&request(vec![message]));
    assert!(echoed.contains("reasoning_details") && !echoed.contains("reasoning_content"), "{echoed}");
    let plain = br#"{"choices":[{"message":{"content":"Hi","reasoning":"Let me","reasoning_details":[]}}]}"#;
    let message = OpenAiChat.decode_response(plain).unwrap().choices.remove(0).message;
    assert!(self::body(&request(vec![message])).contains(r#""reasoning_content":"Let me""#));
}

#[test]
fn usage_is_asked_for_only_where_the_request_did() {
    let used = StreamEvent::UsageUpdate(Box::new(Usage { input_tokens: Some(1), ..Usage::default() }));
    for (options, expected) in [
        ("", false),
        (r#","stream_options":null"#, false),
        (r#","stream_options":{"include_usage":false}"#, false),
        (r#","stream_options":{"include_usage":true}"#, true),
        (r#","stream_options":{"include_usage":true,"include_obfuscation":false}"#, true),
    ] {
        let asked = std::format!(r#"{{"model":"m","messages":[],"stream":true{options}}}"#);
        let request = OpenAiChat.decode_request(asked.as_bytes()).unwrap();
        let mut encoder = OpenAiChat.stream_encoder(&request);
        let mut out = Vec::new();
        encoder.push(&used, &mut out);
        encoder.finish(&mut out);
        assert_eq!(String::from_utf8(out).unwrap().contains("prompt_tokens"), expected, "{options}");
        assert_eq!(body(&request).contains(r#""include_usage":true"#), expected, "{options}");
    }
}

#[test]
fn errors_in_a_good_status_are_errors() {
    for (body, message) in [
        (r#"{"error":{"code":429,"message":"slow down"}}"#, "slow down"),
        (r#"[{"error":{"code":400,"message":"bad"}}]"#, "bad"),
        (r#"{"code":"x","error":"text"}"#, "text"),
        (
            r#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"},"choices":null}"#,
            "insufficient balance",
        ),
    ] {
        let Err(StreamError::Provider(error)) = OpenAiChat.decode_response(body.as_bytes()) else {
            panic!("{body}")
        };
        assert_eq!(error.message, message);
    }
    for body in ["", "[]", "{}", "<html>", "{\"choices\":1}"] {
        assert!(
            matches!(OpenAiChat.decode_response(body.as_bytes()), Err(StreamError::Malformed(_))),
            "{body}"
        );
    }
}

#[test]
fn an_error_keeps_its_kind() {
    for (kind, status) in [
        (ErrorKind::Authentication, 401),
        (ErrorKind::PermissionDenied, 403),
        (ErrorKind::NotFound, 404),
        (ErrorKind::InvalidRequest, 400),
        (ErrorKind::ContextLength, 400),
        (ErrorKind::ContentFiltered, 400),
        (ErrorKind::RateLimited, 429),
        (ErrorKind::QuotaExceeded, 429),
        (ErrorKind::Overloaded, 503),
        (ErrorKind::Timeout, 504),
        (ErrorKind::Server, 500),
    ] {
        let body = OpenAiChat.encode_error(&ProviderError::new(kind, "it failed"));
        let read = OpenAiChat.decode_error(status, Default::default(), &body, 0);
        assert_eq!((read.kind, read.message.as_str()), (kind, "it failed"));
    }
}

#[test]
fn requests_that_make_no_sense_name_the_place() {
    for (body, said) in [
        ("{}", "model: expected a string"),
        (r#"{"model":"m"}"#, "messages: expected an array"),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{}]}]}"#,
            "messages[0].content[0].type: expected a string",
        ),
        (
            r#"{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"call_1"}]}]}"#,
            "messages[0].tool_calls[0]: expected an object with a \"function\", or a \"type\" that says what else it is",
        ),
        (
            r#"{"model":"m","messages":[],"tools":[{"type":"function","function":{}}]}"#,
            "tools[0].function.name: expected a string",
        ),
    ] {
        assert_eq!(OpenAiChat.decode_request(body.as_bytes()).unwrap_err().to_string(), said);
    }
}

#[test]
fn wrong_types_stay_among_the_extra_fields() {
    let body = br#"{"model":"m","messages":[],"temperature":"hot","seed":1.5,"metadata":{"a":1},"max_tokens":7,"stop":[1]}"#;
    let request = OpenAiChat.decode_request(body).unwrap();
    assert_eq!((request.temperature, request.seed, request.max_tokens), (None, None, Some(7)));
    let kept: Vec<&str> = request.extra.iter().map(|(name, _)| name).collect();
    assert_eq!(kept, ["temperature", "seed", "metadata", "stop"]);
}

#[test]
fn what_is_no_tool_call_stays_among_the_calls() {
    let body = br#"{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a","tool_calls":[{"id":"1","type":"function","function":7},{"id":"2","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}"#;
    let response = OpenAiChat.decode_response(body).unwrap();
    let kinds = &response.choices[0].message.content;
    assert!(
        matches!(kinds[1].kind, PartKind::ProviderItem { .. })
            && matches!(kinds[2].kind, PartKind::ToolCall(_))
    );
    assert_eq!(OpenAiChat.decode_response(&OpenAiChat.encode_response(&response)).unwrap(), response);
}

#[test]
fn an_answer_that_no_string_can_say_is_a_list_of_parts() {
    let body = br#"{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"thinking","thinking":[{"type":"text","text":"hm"}],"signature":"s"},{"type":"tool_reference","tool":"x"},{"type":"text","text":"b","more":1},{"type":"image_url","image_url":{"url":"https://a/b.png"}}]}}]}"#;
    let response = OpenAiChat.decode_response(body).unwrap();
    assert_eq!(response.choices[0].message.content.len(), 5);
    let written = OpenAiChat.encode_response(&response);
    assert_eq!(OpenAiChat.decode_response(&written).unwrap(), response);
    // Another provider's blocks are not lost either.
    let foreign =
        Part::provider_item("anthropic", Json::parse(r#"{"type":"server_tool_use","id":"s"}"#).unwrap());
    let mut response = response;
    response.choices[0].message.content =
        vec![Part::text("a"), foreign, Part::new(PartKind::RedactedReasoning { data: "x".into() })];
    let written = String::from_utf8(OpenAiChat.encode_response(&response)).unwrap();
    assert!(written.contains(r#"[{"type":"text","text":"a"},{"type":"server_tool_use","id":"s"},{"type":"redacted_thinking","data":"x"}]"#), "{written}");
}

/// The events of a stream of `deltas`, and how it ends without a last chunk.
fn streamed(deltas: &[&str]) -> (Vec<StreamEvent>, Response) {
    let mut decoder = OpenAiChat.stream_decoder(ferrule_wire::framing::StreamLimits::default());
    let mut events = Vec::new();
    for delta in deltas {
        let frame =
            std::format!("data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n");
        decoder.push(frame.as_bytes(), &mut events).unwrap();
    }
    assert_eq!(decoder.finish(&mut events), Err(StreamError::Interrupted));
    let mut accumulator = Accumulator::new();
    events.iter().for_each(|event| accumulator.push(event));
    (events, accumulator.response())
}

#[test]
fn an_interrupted_stream_has_the_pieces_so_far() {
    let (_, response) = streamed(&[
        r#"{"reasoning_details":[{"type":"reasoning.text","index":0,"text":"a"}],"audio":{"id":"x","data":"AA"}}"#,
        r#"{"reasoning_details":[{"type":"reasoning.text","index":0,"text":"b"}],"audio":{"data":"BB"}}"#,
    ]);
    let extra = &response.choices[0].message.extra;
    assert_eq!(
        extra.get("reasoning_details").unwrap().text(),
        r#"[{"type":"reasoning.text","index":0,"text":"ab"}]"#
    );
    assert_eq!(extra.get("audio").unwrap().text(), r#"{"id":"x","data":"AABB"}"#);
}

#[test]
fn interleaved_calls_end_once_each() {
    let call = |index: u8, id: &str, name: &str, arguments: &str| {
        std::format!(
            r#"{{"tool_calls":[{{"index":{index},"id":"{id}","function":{{"name":"{name}","arguments":"{arguments}"}}}}]}}"#
        )
    };
    let deltas = [
        call(0, "a", "f", r#"{\"x\":"#),
        call(1, "b", "g", "{}"),
        call(0, "", "", "1}"),
        call(2, "c", "h", ""),
    ];
    let mut decoder = OpenAiChat.stream_decoder(ferrule_wire::framing::StreamLimits::default());
    let mut events = Vec::new();
    for delta in deltas {
        let frame = std::format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n");
        decoder.push(frame.as_bytes(), &mut events).unwrap();
    }
    decoder
        .push(b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n", &mut events)
        .unwrap();
    decoder.finish(&mut events).unwrap();
    let said: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            StreamEvent::ToolCallStart { part, .. } => Some(std::format!("start {part}")),
            StreamEvent::ToolCallDelta { part, arguments, .. } => Some(std::format!("{part}: {arguments}")),
            StreamEvent::ToolCallEnd { part, .. } => Some(std::format!("end {part}")),
            _ => None,
        })
        .collect();
    // The first two are known to be whole when the third begins, and not before.
    assert_eq!(
        said,
        // An empty object waits for its end: some servers begin with one and send the arguments afterwards.
        ["start 0", "0: {\"x\":", "start 1", "0: 1}", "end 0", "1: {}", "end 1", "start 2", "end 2"]
    );
}

#[test]
fn what_is_said_late_about_the_answer_is_kept() {
    let mut decoder = OpenAiChat.stream_decoder(ferrule_wire::framing::StreamLimits::default());
    let (mut events, mut accumulator) = (Vec::new(), Accumulator::new());
    for late in ["", r#""citations":["a"],"#, r#""citations":["a","b"],"service_tier":"flex","#] {
        let chunk = std::format!(
            "data: {{\"id\":\"c\",{late}\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"x\"}}}}]}}\n\n"
        );
        decoder.push(chunk.as_bytes(), &mut events).unwrap();
    }
    events.iter().for_each(|event| accumulator.push(event));
    let extra = accumulator.response().extra;
    let read = ["citations", "service_tier"].map(|name| extra.get(name).unwrap().text().to_string());
    assert_eq!(read, [r#"["a","b"]"#, "\"flex\""]);
    let mut encoder = OpenAiChat.stream_encoder(&Request::default());
    let mut body = Vec::new();
    events.iter().for_each(|event| encoder.push(event, &mut body));
    let (mut decoder, mut again) =
        (OpenAiChat.stream_decoder(ferrule_wire::framing::StreamLimits::default()), Vec::new());
    decoder.push(&body, &mut again).unwrap();
    assert_eq!(again.iter().filter(|event| matches!(event, StreamEvent::ResponseExtra(_))).count(), 2);
}

#[test]
fn errors_in_a_200_are_classified_by_what_they_say() {
    for (body, kind) in [
        (
            r#"{"code":"Client specified an invalid argument","error":"Model not found: grok-0"}"#,
            ErrorKind::NotFound,
        ),
        (r#"{"code":"Client specified an invalid argument","error":"Bad top_p"}"#, ErrorKind::InvalidRequest),
        (r#"{"code":"Some resource has been exhausted","error":"slow"}"#, ErrorKind::RateLimited),
        (r#"{"code":"The service is currently unavailable","error":"later"}"#, ErrorKind::Overloaded),
        (r#"{"error":"Too many requests, wait"}"#, ErrorKind::RateLimited),
        (r#"{"error":"upstream timed out"}"#, ErrorKind::Timeout),
        (r#"{"error":"something else"}"#, ErrorKind::StreamInterrupted),
    ] {
        let Err(StreamError::Provider(error)) = OpenAiChat.decode_response(body.as_bytes()) else {
            panic!("{body}")
        };
        assert_eq!(error.kind, kind, "{body}");
    }
}
