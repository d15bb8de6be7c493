//! Embeddings: `POST /ml/v1/text/embeddings`. Shapes are those of IBM's documentation and of its own Python client,
//! `ibm-watsonx-ai` 1.8.1.

use super::{
    address::{address, take_model},
    carried::{EMBEDDINGS_CARRIED, NAME},
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
use alloc::{borrow::ToOwned, format, string::ToString, vec::Vec};

/// The most that IBM's client sends at once.
const MAX_INPUTS: usize = 1000;

/// What counts an answer's tokens, of vectors and of rankings alike.
pub(super) const TOKENS: &str = "input_token_count";

/// `POST /ml/v1/text/embeddings`.
#[derive(Clone, Copy, Debug)]
pub(super) struct WatsonxEmbeddings;

impl Codec<Embeddings> for WatsonxEmbeddings {
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
        let mut extra = request.extra.clone();
        let path = address("embeddings", &request.model, &mut extra, &refusals)?;
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &extra);
        body.field("model_id", &request.model).field("inputs", &request.inputs);
        body.finish();
        Ok(EncodedRequest { path, body: out, headers: Vec::new(), dropped: refusals.dropped })
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<EmbeddingResponse, StreamError> {
        let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let results = fields
            .take_array("results")
            .ok_or_else(|| StreamError::Malformed("an answer without vectors".to_owned()))?;
        let mut vectors = Vec::with_capacity(results.len());
        for (position, result) in results.into_iter().enumerate() {
            // With the vector there may be the text, where that was requested: an echo.
            let vector = result.object().and_then(|mut fields| fields.take("embedding"));
            vectors.push(
                vector.ok_or_else(|| StreamError::Malformed(format!("results[{position}] has no vector")))?,
            );
        }
        let used = fields.take_u64(TOKENS);
        Ok(EmbeddingResponse {
            model: fields.take_string("model_id").unwrap_or_default(),
            vectors: decode_vectors(vectors)?,
            usage: used.map(|tokens| Usage { input_tokens: Some(tokens), ..Usage::default() }),
            extra: fields.rest(),
        })
    }

    fn decode_request(
        &self,
        HttpRequest { body, .. }: HttpRequest<'_>,
    ) -> Result<EmbeddingRequest, JsonError> {
        let mut fields = Fields::parse(body)?;
        let model = take_model(&mut fields)?;
        let inputs = take_texts(&mut fields, "inputs")
            .ok_or_else(|| JsonError::new("inputs: expected an array of strings"))?;
        Ok(EmbeddingRequest { model, inputs, extra: fields.rest(), ..EmbeddingRequest::default() })
    }

    fn encode_response(&self, response: &EmbeddingResponse, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
        body.field("model_id", &response.model);
        body.array("results", response.vectors.iter(), |out, vector| {
            let mut result = ObjectWriter::begin(out);
            result.with("embedding", |out| write_array(out, vector, |out, number| number.write_json(out)));
            result.finish();
        });
        body.optional(TOKENS, response.usage.as_ref().and_then(|used| used.input_tokens));
        body.finish();
        EncodedResponse::json(out)
    }
}
