//! Embeddings: `POST /v2/embed`.

use super::{
    carried::{EMBEDDINGS_CARRIED, NAME},
    error,
};
use crate::dialect::openai_chat::{decode_vectors, take_texts};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter, write_array};
use crate::model::Usage;
use crate::operation::{
    Codec, EmbeddingRequest, EmbeddingResponse, Embeddings, EncodedResponse, HttpRequest, InputType,
};
use alloc::{borrow::ToOwned, string::String, string::ToString, vec::Vec};

/// The API's limit on one request.
const MAX_INPUTS: usize = 96;

/// The forms a vector may come in, the most exact first.
const FORMS: [&str; 6] = ["float", "base64", "int8", "uint8", "binary", "ubinary"];

/// `POST /v2/embed`.
#[derive(Clone, Copy, Debug)]
pub(super) struct CohereEmbeddings;

impl Codec<Embeddings> for CohereEmbeddings {
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
        body.field("model", &request.model);
        body.field("input_type", input_type_word(request.input_type.as_ref()));
        body.field("texts", &request.inputs).field("embedding_types", ["float"].as_slice());
        body.optional("output_dimension", request.dimensions);
        body.finish();
        Ok(EncodedRequest {
            path: "/v2/embed".into(),
            body: out,
            headers: Vec::new(),
            dropped: refusals.dropped,
        })
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<EmbeddingResponse, StreamError> {
        let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let list = fields.take("embeddings").and_then(|embeddings| match embeddings.object() {
            Some(forms) => FORMS.iter().find_map(|form| forms.get(form)?.array()),
            // As the API's first version has them.
            None => embeddings.array(),
        });
        let Some(list) = list else {
            let says = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
            return Err(if says("message") || says("error") {
                error::provider_error(body)
            } else {
                StreamError::Malformed("an answer without vectors".to_owned())
            });
        };
        let vectors = decode_vectors(list)?;
        fields.take_string("response_type");
        // An echo of the request.
        fields.take("texts");
        let billed = fields.get("meta").and_then(|meta| meta.object()?.get("billed_units")?.object());
        let usage = billed
            .and_then(|mut billed| billed.take_u64("input_tokens"))
            .map(|tokens| Usage { input_tokens: Some(tokens), ..Usage::default() });
        Ok(EmbeddingResponse { model: String::new(), vectors, usage, extra: fields.rest() })
    }

    fn decode_request(
        &self,
        HttpRequest { body, .. }: HttpRequest<'_>,
    ) -> Result<EmbeddingRequest, JsonError> {
        let mut fields = Fields::parse(body)?;
        let model = fields.take_string("model").ok_or_else(|| JsonError::new("model: expected a string"))?;
        let inputs = take_texts(&mut fields, "texts")
            .ok_or_else(|| JsonError::new("texts: expected an array of strings"))?;
        let input_type = fields
            .take_string("input_type")
            .ok_or_else(|| JsonError::new("input_type: expected a string"))?;
        if fields.get("embedding_types").is_some_and(|types| types.text() == r#"["float"]"#) {
            fields.take("embedding_types");
        }
        Ok(EmbeddingRequest {
            model,
            inputs,
            dimensions: fields.take_u64("output_dimension"),
            input_type: Some(decode_input_type(&input_type)),
            extra: fields.rest(),
            ..EmbeddingRequest::default()
        })
    }

    fn encode_response(&self, response: &EmbeddingResponse, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
        body.object("embeddings", |forms| {
            forms.array("float", response.vectors.iter(), |out, vector| {
                write_array(out, vector, |out, number| crate::json::WriteJson::write_json(number, out));
            });
        });
        if let Some(tokens) = response.usage.as_ref().and_then(|used| used.input_tokens) {
            body.object("meta", |meta| {
                meta.object("billed_units", |billed| _ = billed.field("input_tokens", tokens));
            });
        }
        body.field("response_type", "embeddings_by_type");
        body.finish();
        EncodedResponse::json(out)
    }
}

/// The API requires it; most embeddings are made of texts that are searched in.
fn input_type_word(input_type: Option<&InputType>) -> &str {
    match input_type {
        Some(InputType::Query) => "search_query",
        None | Some(InputType::Document | InputType::Similarity) => "search_document",
        Some(other) => other.as_str(),
    }
}

fn decode_input_type(word: &str) -> InputType {
    match word {
        "search_query" => InputType::Query,
        "search_document" => InputType::Document,
        "classification" => InputType::Classification,
        "clustering" => InputType::Clustering,
        other => InputType::Other(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{format, vec};

    fn decode(body: &str) -> Result<EmbeddingResponse, StreamError> {
        CohereEmbeddings.decode_response(Headers::default(), body.as_bytes())
    }

    #[test]
    fn the_type_of_input_is_always_said() {
        let mut request = EmbeddingRequest {
            model: "embed-v4.0".into(),
            inputs: vec!["a".into()],
            dimensions: Some(256),
            ..EmbeddingRequest::default()
        };
        let encoded = CohereEmbeddings.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/v2/embed");
        assert_eq!(
            core::str::from_utf8(&encoded.body).unwrap(),
            r#"{"model":"embed-v4.0","input_type":"search_document","texts":["a"],"embedding_types":["float"],"output_dimension":256}"#
        );
        for (input_type, word) in [
            (InputType::Query, "search_query"),
            (InputType::Document, "search_document"),
            (InputType::Classification, "classification"),
            (InputType::Clustering, "clustering"),
            (InputType::Other("image".into()), "image"),
        ] {
            request.input_type = Some(input_type);
            let encoded = CohereEmbeddings.encode_request(&request, EncodeOptions::REFUSE).unwrap();
            assert_eq!(Fields::parse(&encoded.body).unwrap().take_string("input_type").unwrap(), word);
            assert_eq!(CohereEmbeddings.decode_request(HttpRequest::json(&encoded.body)).unwrap(), request);
        }
        request.input_type = Some(InputType::Similarity);
        request.user = Some("u".into());
        assert!(CohereEmbeddings.encode_request(&request, EncodeOptions::REFUSE).is_err());
        let dropped = CohereEmbeddings.encode_request(&request, EncodeOptions::DROP).unwrap().dropped;
        assert_eq!(dropped.iter().map(|field| &*field.field).collect::<Vec<_>>(), ["input_type", "user"]);
    }

    #[test]
    fn every_form_of_vectors_is_read() {
        for embeddings in [
            r#"{"float":[[1,-2,0.5]],"int8":[[1,2,3]]}"#,
            r#"{"base64":["AACAPwAAAMAAAAA/"]}"#,
            "[[1,-2,0.5]]",
        ] {
            let response = decode(&format!(
                r#"{{"id":"e","embeddings":{embeddings},"texts":["a"],"meta":{{"billed_units":{{"input_tokens":3}}}},"response_type":"embeddings_by_type"}}"#
            ))
            .unwrap();
            assert_eq!(response.vectors.values(), [1.0, -2.0, 0.5], "{embeddings}");
            assert_eq!(response.usage.as_ref().unwrap().input_tokens, Some(3));
            assert!(response.extra.get("texts").is_none() && response.extra.get("meta").is_some());
        }
        assert_eq!(decode(r#"{"embeddings":{"int8":[[1,-2]]}}"#).unwrap().vectors.values(), [1.0, -2.0]);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let Err(StreamError::Provider(error)) = decode(r#"{"message":"invalid api token"}"#) else {
            panic!()
        };
        assert_eq!((error.message.as_str(), error.status), ("invalid api token", None));
        for body in ["{}", "[]", r#"{"embeddings":{"float":[["a"]]}}"#, r#"{"embeddings":[[1],[1,2]]}"#] {
            assert!(matches!(decode(body), Err(StreamError::Malformed(_))), "{body}");
        }
        for body in [r#"{"model":"m","texts":["a"]}"#, r#"{"model":"m","input_type":"x"}"#, "{}"] {
            assert!(CohereEmbeddings.decode_request(HttpRequest::json(body.as_bytes())).is_err());
        }
    }

    proptest! {
        #[test]
        fn vectors_are_read_as_they_were_written(
            vectors in proptest::collection::vec(proptest::array::uniform3(-1e30f32..1e30), 0..5), tokens in 0u64..99,
        ) {
            let mut response = EmbeddingResponse {
                usage: Some(Usage { input_tokens: Some(tokens), ..Usage::default() }), ..EmbeddingResponse::default()
            };
            vectors.iter().try_for_each(|vector| response.vectors.push(vector)).unwrap();
            let body = CohereEmbeddings.encode_response(&response, HttpRequest::json(b"{}")).body;
            let mut read = CohereEmbeddings.decode_response(Headers::default(), &body).unwrap();
            // What is billed stays as it was said, too.
            read.extra.remove("meta");
            prop_assert_eq!(read, response);
        }
    }
}
