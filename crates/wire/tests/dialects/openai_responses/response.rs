//! Plain answers and errors.

use super::strategies::response;
use super::{dialect, json};
use ferrule_wire::framing::StreamError;
use ferrule_wire::model::*;
use proptest::prelude::*;

fn read(body: &str) -> Result<Response, StreamError> {
    dialect().decode_response(body.as_bytes())
}

fn written(response: &Response) -> String {
    String::from_utf8(dialect().encode_response(response)).unwrap()
}

proptest! {
    #[test]
    fn an_answer_is_read_as_it_was_written(response in response()) {
        prop_assert_eq!(read(&written(&response)).unwrap(), response);
    }
}

#[test]
fn why_an_answer_ended_is_inferred() {
    let call = r#"{"type":"function_call","call_id":"c","name":"f","arguments":""}"#;
    for (status, output, expected) in [
        (r#""status":"completed""#, "", Some(FinishReason::Stop)),
        (r#""x":1"#, "", Some(FinishReason::Stop)),
        (r#""status":"completed""#, call, Some(FinishReason::ToolCalls)),
        (
            r#""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}"#,
            call,
            Some(FinishReason::Length),
        ),
        (
            r#""status":"incomplete","incomplete_details":{"reason":"content_filter"}"#,
            "",
            Some(FinishReason::ContentFilter),
        ),
        (
            r#""status":"incomplete","incomplete_details":{"reason":"steered"}"#,
            "",
            Some(FinishReason::Other("steered".into())),
        ),
        (r#""status":"incomplete""#, "", Some(FinishReason::Other("incomplete".into()))),
        (r#""status":"cancelled""#, "", Some(FinishReason::Other("cancelled".into()))),
        (r#""status":"queued""#, "", None),
    ] {
        let response = read(&format!(r#"{{"id":"resp_1",{status},"output":[{output}]}}"#)).unwrap();
        assert_eq!(response.choices[0].finish_reason, expected, "{status}");
        let again = read(&written(&response)).unwrap();
        assert_eq!(again.choices[0].finish_reason, expected, "{status}");
    }
}

#[test]
fn items_of_every_kind_are_parts() {
    let body = r#"{"id":"resp_1","object":"response","created_at":1.0,"status":"completed","model":"m","error":null,
        "content_filters":[{"blocked":false}],
        "output":[
            {"id":"rs_1","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"a"},{"type":"reasoning_text","text":"b"}]},
            {"id":"ws_1","type":"web_search_call","status":"completed"},
            {"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[
                {"type":"output_text","text":"A","annotations":[{"type":"file_path"}],"logprobs":[{"token":"A"}]},
                {"type":"refusal","refusal":"no"},{"type":"hologram","x":1}]},
            {"id":"ctc_1","type":"custom_tool_call","call_id":"c","name":"sql","input":"select 1","namespace":"n"},
            {"id":"msg_2","type":"message","role":"assistant","content":[]}],
        "usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":2,"cache_write_tokens":1},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":12}}"#;
    let response = read(body).unwrap();
    let content = &response.choices[0].message.content;
    assert!(matches!(&content[0].kind, PartKind::Reasoning(reasoning) if reasoning.text == "a\n\nb"));
    assert!(
        matches!(&content[1].kind, PartKind::ProviderItem { item: whole, .. } if whole.text().contains("ws_1"))
    );
    assert_eq!(content[2].kind, PartKind::Text("A".into()));
    assert_eq!(content[2].extra.get("annotations").unwrap().text(), r#"[{"type":"file_path"}]"#);
    assert_eq!(content[3].kind, PartKind::Refusal("no".into()));
    assert!(
        matches!(&content[4].kind, PartKind::ProviderItem { item: whole, .. } if whole.text().contains("hologram"))
    );
    let PartKind::ToolCall(call) = &content[5].kind else { panic!("{content:?}") };
    assert_eq!((call.id.as_str(), call.arguments.as_str(), call.custom), ("c", "select 1", true));
    assert_eq!(content[5].extra.get("responses_item").unwrap().text(), r#"{"id":"ctc_1","namespace":"n"}"#);
    assert_eq!(content.len(), 6);
    assert_eq!(response.choices[0].logprobs.as_ref().unwrap().text(), r#"{"content":[{"token":"A"}]}"#);
    assert_eq!(response.extra.get("content_filters").unwrap().text(), r#"[{"blocked":false}]"#);
    let usage = response.usage.clone().unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(5), Some(7)));
    assert_eq!(
        (usage.cache_read_tokens, usage.cache_write_tokens, usage.reasoning_tokens),
        (Some(2), Some(1), Some(3))
    );
    assert_eq!(read(&written(&response)).unwrap(), response);
}

#[test]
fn answers_of_others_are_written_with_all_they_say() {
    let picture = Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() };
    let content = vec![
        Part::new(PartKind::RedactedReasoning { data: "d".into() }),
        Part::text("A"),
        Part::text("B"),
        Part::new(PartKind::Image(Image { source: picture, detail: None })),
    ];
    let mut message = Message::new(Role::Assistant, content);
    message.extra.insert("citations", json("[1]"));
    let choice = Choice {
        index: 0,
        message,
        finish_reason: Some(FinishReason::StopSequence),
        stop_sequence: Some("x".into()),
        logprobs: None,
        extra: ferrule_wire::json::Extra::new(),
    };
    let response = Response { id: "resp_1".into(), choices: vec![choice], ..Response::default() };
    assert_eq!(
        written(&response),
        concat!(
            r#"{"id":"resp_1","object":"response","created_at":0,"status":"completed","model":"","error":null,"incomplete_details":null,"output":["#,
            r#"{"id":"rs_1_0","type":"reasoning","summary":[],"encrypted_content":"d"},"#,
            r#"{"id":"msg_1_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"A","annotations":[]},{"type":"output_text","text":"B","annotations":[]}]},"#,
            r#"{"id":"ig_1_2","type":"image_generation_call","status":"completed","result":"AAAA"}],"#,
            r#""usage":null,"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"citations":[1]}"#
        )
    );
}

#[test]
fn failures_are_errors() {
    for (body, kind) in [
        (
            r#"{"id":"r","object":"response","status":"failed","error":{"code":"rate_limit_exceeded","message":"Slow down."},"output":[]}"#,
            ErrorKind::RateLimited,
        ),
        (r#"{"id":"r","object":"response","status":"failed","error":null,"output":[]}"#, ErrorKind::Server),
        (
            r#"{"error":{"message":"No such model","type":"invalid_request_error","code":"model_not_found"}}"#,
            ErrorKind::NotFound,
        ),
        (
            r#"[{"error":{"code":429,"message":"Slow down.","status":"RESOURCE_EXHAUSTED"}}]"#,
            ErrorKind::RateLimited,
        ),
    ] {
        let Err(StreamError::Provider(error)) = read(body) else { panic!("{body}") };
        assert_eq!(error.kind, kind, "{body}");
    }
    for body in ["", "7", "{}", r#"{"output":7}"#, "<html>"] {
        assert!(matches!(read(body), Err(StreamError::Malformed(_))), "{body}");
    }
    let error = ProviderError::new(ErrorKind::QuotaExceeded, "none left");
    let body = dialect().encode_error(&error);
    let headers = ferrule_wire::error::Headers::default();
    assert_eq!(dialect().decode_error(429, headers, &body, 0).kind, ErrorKind::QuotaExceeded);
}
