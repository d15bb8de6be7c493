//! Operations other than chat, with the same faults: token counts, embeddings, reranking, images and audio.

use crate::client::*;
use serde_json::{Value, json};

/// Each path, its request for a model of this name, and a field of a good response.
fn requests_for(model: &str) -> Vec<(String, Value, &'static str)> {
    let messages = json!([{"role": "user", "content": "one two"}]);
    let contents = json!([{"role": "user", "parts": [{"text": "one two"}]}]);
    let counted =
        json!({"input": {"converse": {"messages": [{"role": "user", "content": [{"text": "one two"}]}]}}});
    let of_google = |provider: &str| format!("/{provider}/models/{model}:countTokens");
    vec![
        ("/v1/messages/count_tokens".into(), json!({"model": model, "messages": messages}), "input_tokens"),
        (
            "/anthropic-vertex/models/count-tokens:rawPredict".into(),
            json!({"model": model, "messages": messages}),
            "input_tokens",
        ),
        (
            "/openai-responses/v1/responses/input_tokens".into(),
            json!({"model": model, "input": "one two"}),
            "input_tokens",
        ),
        (of_google("gemini"), json!({"contents": contents}), "totalTokens"),
        (of_google("vertex"), json!({"contents": contents}), "totalTokens"),
        (format!("/bedrock/model/{model}/count-tokens"), counted, "inputTokens"),
        ("/v1/embeddings".into(), json!({"model": model, "input": "one two"}), "data"),
        (
            "/cohere/v2/rerank".into(),
            json!({"model": model, "query": "one two", "documents": ["one"]}),
            "results",
        ),
        ("/v1/images/generations".into(), json!({"model": model, "prompt": "one two"}), "data"),
    ]
}

#[test]
fn scripts_reach_operations_other_than_chat() {
    let rule = |fault: Value| json!({"match": {"model": "m", "text": "one two"}, "fault": fault});
    for (path, body, field) in requests_for("m") {
        let under = |fault: Value| {
            let simulator = scripted(&json!([rule(fault)]));
            let answer = call(&simulator, &path, &[], &body);
            assert!(simulator.wait_for_answers(PATIENCE));
            (answer, requests(&simulator).remove(0))
        };
        let (answer, seen) = under(json!({"status": {"status": 500}}));
        assert_eq!((answer.unwrap().status, &seen["fault"]), (500, &json!("status")), "{path}");
        assert_eq!((&seen["model"], &seen["stream"]), (&json!("m"), &json!(false)), "{path}");
        let (answer, _) = under(json!("rate_limit"));
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")), "{path}");
        let (answer, seen) = under(json!({"reset": {"at": "before_headers"}}));
        assert_eq!((answer.unwrap_err(), &seen["outcome"]), (End::Reset, &json!("cut")), "{path}");
        let (answer, _) = under(json!({"close": {"at": "mid_event"}}));
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.end), (200, End::Closed), "{path}");
        assert!(!answer.body.is_empty(), "{path}");
        let (answer, _) = under(json!("malformed_json"));
        assert!(serde_json::from_slice::<Value>(&answer.unwrap().body).is_err(), "{path}");
        let (answer, _) = under(json!({"error_event": {"error": {"message": "Not now."}}}));
        let answer = answer.unwrap();
        assert!(answer.status == 200 && answer.text().contains("Not now."), "{path}");
        let (answer, _) = under(json!({"slow_loris": {"byte_ms": 0}}));
        assert!(!answer.unwrap().json()[field].is_null(), "{path}");
        // A text that no rule matches.
        let other = scripted(&json!([{"match": {"text": "three"}, "fault": "overloaded"}]));
        let answer = call(&other, &path, &[], &body).unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.json()[field].is_null(), "{path}");
    }
}

#[test]
fn names_of_models_reach_operations_other_than_chat() {
    let simulator = start();
    for (path, body, _) in requests_for("status-503") {
        assert_eq!(call(&simulator, &path, &[], &body).unwrap().status, 503, "{path}");
    }
    for (path, body, field) in requests_for("fail-once-429") {
        assert_eq!(call(&simulator, &path, &[], &body).unwrap().status, 429, "{path}");
        let answer = call(&simulator, &path, &[], &body).unwrap();
        assert!(answer.status == 200 && !answer.json()[field].is_null(), "{path}");
    }
}

/// Audio has a separate content type, and ends where the fault strikes.
#[test]
fn audio_breaks_off() {
    let speech = json!({"model": "m", "input": "one two"});
    let whole = call(&start(), "/v1/audio/speech", &[], &speech).unwrap();
    assert_eq!(whole.header("content-type"), Some("audio/wav"));
    let simulator = scripted(&json!([{"fault": {"close": {"at": "mid_event"}}}]));
    let half = call(&simulator, "/v1/audio/speech", &[], &speech).unwrap();
    assert_eq!((half.header("content-type"), half.end), (Some("audio/wav"), End::Closed));
    assert_eq!(half.body.len(), whole.body.len() / 2);
}
