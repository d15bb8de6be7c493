//! Tests of both hosts' embeddings, in both directions.

use super::*;
use crate::json::Json;
use std::vec;

fn request() -> EmbeddingRequest {
    EmbeddingRequest {
        model: "gemini-embedding-001".into(),
        inputs: vec!["a".into(), "b".into()],
        dimensions: Some(2),
        input_type: Some(InputType::Query),
        ..EmbeddingRequest::default()
    }
}

fn sent(embeddings: &dyn Codec<Embeddings>, request: &EmbeddingRequest) -> (String, String) {
    let encoded = embeddings.encode_request(request, EncodeOptions::REFUSE).unwrap();
    (encoded.path, String::from_utf8(encoded.body).unwrap())
}

#[test]
fn each_host_is_asked_in_its_own_form() {
    let (path, body) = sent(&Batch, &request());
    assert_eq!(path, "/models/gemini-embedding-001:batchEmbedContents");
    assert_eq!(
        body,
        r#"{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":2},{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"b"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":2}]}"#
    );
    assert_eq!(Batch.decode_request(HttpRequest::json(body.as_bytes())).unwrap(), request());
    let (path, body) = sent(&Predict, &request());
    assert_eq!(path, "/models/gemini-embedding-001:predict");
    assert_eq!(
        body,
        r#"{"instances":[{"content":"a","task_type":"RETRIEVAL_QUERY"},{"content":"b","task_type":"RETRIEVAL_QUERY"}],"parameters":{"outputDimensionality":2}}"#
    );
    let read = Predict.decode_request(HttpRequest::json(body.as_bytes())).unwrap();
    assert_eq!(EmbeddingRequest { model: request().model, ..read }, request());
    assert_eq!(
        (Predict.max_inputs("gemini-embedding-001"), Predict.max_inputs("text-embedding-005")),
        (1, 250)
    );
    assert_eq!(Batch.max_inputs("gemini-embedding-001"), 100);
}

#[test]
fn every_purpose_has_a_task() {
    for (purpose, word) in [
        (InputType::Query, "RETRIEVAL_QUERY"),
        (InputType::Document, "RETRIEVAL_DOCUMENT"),
        (InputType::Classification, "CLASSIFICATION"),
        (InputType::Clustering, "CLUSTERING"),
        (InputType::Similarity, "SEMANTIC_SIMILARITY"),
        (InputType::Other("FACT_VERIFICATION".into()), "FACT_VERIFICATION"),
    ] {
        assert_eq!(task(&purpose), word);
        assert_eq!(input_type(word.into()), purpose);
    }
}

#[test]
fn answers_are_read_as_they_were_written() {
    let mut vectors = Vectors::default();
    vectors.push(&[0.1, -2.5e-8]).unwrap();
    vectors.push(&[1.0, 3.5]).unwrap();
    let usage = Some(Usage { input_tokens: Some(7), ..Usage::default() });
    let response = EmbeddingResponse { vectors, usage, ..EmbeddingResponse::default() };
    for embeddings in [&Batch as &dyn Codec<Embeddings>, &Predict] {
        let (_, asked) = sent(embeddings, &request());
        let body = embeddings.encode_response(&response, HttpRequest::json(asked.as_bytes())).body;
        assert_eq!(embeddings.decode_response(Headers::default(), &body).unwrap(), response);
    }
}

#[test]
fn what_the_hosts_answer_is_read() {
    let read = |body: &str| Batch.decode_response(Headers::default(), body.as_bytes());
    let one = read(r#"{"embedding":{"values":[1,2.5]}}"#).unwrap();
    assert_eq!((one.vectors.values(), one.usage), (&[1.0, 2.5][..], None));
    let predicted = read(
        r#"{"predictions":[{"embeddings":{"values":[1],"statistics":{"token_count":3,"truncated":false}}},
        {"embeddings":{"values":[2],"statistics":{"token_count":4,"truncated":false}}}],"metadata":{"billableCharacterCount":9}}"#,
    )
    .unwrap();
    assert_eq!(predicted.usage.unwrap().input_tokens, Some(7));
    assert_eq!(predicted.extra.get("metadata").unwrap().text(), r#"{"billableCharacterCount":9}"#);
    for body in ["{}", "[]", r#"{"embeddings":[{}]}"#, r#"{"embeddings":[{"values":["a"]}]}"#] {
        assert!(read(body).is_err(), "{body}");
    }
}

#[test]
fn a_single_request_is_read_and_answered_as_one() {
    let body = br#"{"model":"models/m","content":{"parts":[{"text":"a"},{"text":"b"}]},"task_type":"CLUSTERING","title":"t"}"#;
    let request = Batch.decode_request(HttpRequest::json(body)).unwrap();
    assert_eq!((request.model.as_str(), request.inputs), ("m", vec!["ab".to_owned()]));
    assert_eq!(request.input_type, Some(InputType::Clustering));
    assert_eq!(request.extra.get("title"), Some(&Json::string("t")));
    let mut vectors = Vectors::default();
    vectors.push(&[1.0]).unwrap();
    let response = EmbeddingResponse { vectors, ..EmbeddingResponse::default() };
    assert_eq!(
        Batch.encode_response(&response, HttpRequest::json(body)).body,
        br#"{"embedding":{"values":[1]}}"#
    );
    for body in [
        "{}",
        r#"{"requests":[{}]}"#,
        r#"{"instances":[{}]}"#,
        r#"{"content":{"parts":[{"inlineData":{}}]}}"#,
    ] {
        assert!(Batch.decode_request(HttpRequest::json(body.as_bytes())).is_err(), "{body}");
    }
}

#[test]
fn a_user_cannot_be_named() {
    let request = EmbeddingRequest { user: Some("u".into()), ..request() };
    assert_eq!(Batch.encode_request(&request, EncodeOptions::REFUSE).unwrap_err().field, "user");
    assert_eq!(Predict.encode_request(&request, EncodeOptions::DROP).unwrap().dropped.len(), 1);
}
