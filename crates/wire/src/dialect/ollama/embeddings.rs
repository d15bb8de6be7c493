//! Embeddings: `POST /api/embed`.

use super::{
    carried::{EMBEDDINGS_CARRIED, NAME},
    error,
};
use crate::dialect::openai_chat::{decode_vectors, take_texts};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter, WriteJson, write_array};
use crate::model::Usage;
use crate::operation::{
    Codec, EmbeddingRequest, EmbeddingResponse, Embeddings, EncodedResponse, HttpRequest,
};
use alloc::{borrow::ToOwned, string::String, string::ToString, vec::Vec};

/// Ollama names no limit; OpenAI's keeps one answer at a size that fits a stream's event.
const MAX_INPUTS: usize = 2048;

/// `POST /api/embed`.
#[derive(Clone, Copy, Debug)]
pub(super) struct OllamaEmbeddings;

impl Codec<Embeddings> for OllamaEmbeddings {
    fn max_inputs(&self, _model: &str) -> usize {
        MAX_INPUTS
    }

    fn encode_request(
        &self,
        request: &EmbeddingRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut refusals = Refusals::new(NAME, options);
        let request = &*EMBEDDINGS_CARRIED.fit(request, options.quirks, &mut refusals)?;
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &request.extra);
        body.field("model", &request.model).field("input", &request.inputs);
        body.optional("dimensions", request.dimensions);
        body.finish();
        Ok(EncodedRequest {
            path: "/api/embed".into(),
            body: out,
            headers: Vec::new(),
            dropped: refusals.dropped,
        })
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<EmbeddingResponse, StreamError> {
        let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        if let Some(error) = error::reported(&fields, &String::from_utf8_lossy(body)) {
            return Err(error);
        }
        // One vector by itself is how the older `/api/embeddings` answers.
        let list = fields
            .take_array("embeddings")
            .or_else(|| fields.take("embedding").filter(|one| one.is_array()).map(|one| alloc::vec![one]))
            .ok_or_else(|| StreamError::Malformed("an answer without vectors".to_owned()))?;
        let vectors = decode_vectors(list)?;
        let model = fields.take_string("model").unwrap_or_default();
        let input_tokens = fields.take_u64("prompt_eval_count");
        let usage = input_tokens.map(|tokens| Usage { input_tokens: Some(tokens), ..Usage::default() });
        Ok(EmbeddingResponse { model, vectors, usage, extra: fields.rest() })
    }

    fn decode_request(
        &self,
        HttpRequest { body, .. }: HttpRequest<'_>,
    ) -> Result<EmbeddingRequest, JsonError> {
        let mut fields = Fields::parse(body)?;
        let model = fields.take_string("model").ok_or_else(|| JsonError::new("model: expected a string"))?;
        let inputs = take_texts(&mut fields, "input")
            .ok_or_else(|| JsonError::new("input: expected a string or an array of strings"))?;
        let dimensions = fields.take_u64("dimensions");
        Ok(EmbeddingRequest {
            model,
            inputs,
            dimensions,
            extra: fields.rest(),
            ..EmbeddingRequest::default()
        })
    }

    fn encode_response(&self, response: &EmbeddingResponse, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
        body.field("model", &response.model);
        body.array("embeddings", response.vectors.iter(), |out, vector| {
            write_array(out, vector, |out, number| number.write_json(out));
        });
        let tokens = response.usage.as_ref().and_then(|used| used.input_tokens);
        body.optional("prompt_eval_count", tokens);
        body.finish();
        EncodedResponse::json(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Extra, Json};
    use crate::operation::InputType;
    use proptest::prelude::*;
    use std::vec;

    fn decode(body: &str) -> Result<EmbeddingResponse, StreamError> {
        OllamaEmbeddings.decode_response(Headers::default(), body.as_bytes())
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let extra: Extra = [("keep_alive".into(), Json::parse("\"5m\"").unwrap())].into_iter().collect();
        let mut request = EmbeddingRequest {
            model: "m".into(),
            inputs: vec!["a".into(), "b".into()],
            dimensions: Some(8),
            extra,
            ..EmbeddingRequest::default()
        };
        let encoded = OllamaEmbeddings.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/api/embed");
        assert_eq!(
            core::str::from_utf8(&encoded.body).unwrap(),
            r#"{"model":"m","input":["a","b"],"dimensions":8,"keep_alive":"5m"}"#
        );
        assert_eq!(OllamaEmbeddings.decode_request(HttpRequest::json(&encoded.body)).unwrap(), request);
        request.input_type = Some(InputType::Query);
        request.user = Some("u".into());
        assert!(OllamaEmbeddings.encode_request(&request, EncodeOptions::REFUSE).is_err());
        assert_eq!(OllamaEmbeddings.encode_request(&request, EncodeOptions::DROP).unwrap().dropped.len(), 2);
    }

    #[test]
    fn both_forms_of_answer_are_read_and_others_are_errors() {
        let response =
            decode(r#"{"model":"m","embeddings":[[1,2],[3,4]],"total_duration":9,"prompt_eval_count":5}"#)
                .unwrap();
        assert_eq!(response.vectors.iter().collect::<Vec<_>>(), [[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!(response.usage.unwrap().input_tokens, Some(5));
        assert_eq!(response.extra.get("total_duration").unwrap().text(), "9");
        let older = decode(r#"{"embedding":[0.5]}"#).unwrap();
        assert_eq!((older.vectors.values(), older.usage), (&[0.5][..], None));
        let Err(StreamError::Provider(error)) = decode(r#"{"error":"model 'm' not found"}"#) else {
            panic!()
        };
        assert_eq!(error.message, "model 'm' not found");
        for body in ["{}", "[]", r#"{"embeddings":[[1],[2,3]]}"#, r#"{"embeddings":[["a"]]}"#] {
            assert!(matches!(decode(body), Err(StreamError::Malformed(_))), "{body}");
        }
        assert!(OllamaEmbeddings.decode_request(HttpRequest::json(b"{\"model\":\"m\"}")).is_err());
    }

    proptest! {
        #[test]
        fn vectors_are_read_as_they_were_written(
            vectors in proptest::collection::vec(proptest::array::uniform3(-1e30f32..1e30), 0..5), tokens in 0u64..99,
        ) {
            let usage = Some(Usage { input_tokens: Some(tokens), ..Usage::default() });
            let mut response =
                EmbeddingResponse { model: "m".into(), usage, ..EmbeddingResponse::default() };
            vectors.iter().try_for_each(|vector| response.vectors.push(vector)).unwrap();
            let body = OllamaEmbeddings.encode_response(&response, HttpRequest::json(b"{}")).body;
            prop_assert_eq!(OllamaEmbeddings.decode_response(Headers::default(), &body).unwrap(), response);
        }
    }
}
