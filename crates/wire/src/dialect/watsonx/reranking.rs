//! Reranking: `POST /ml/v1/text/rerank`. Answers are of the common form, requests of watsonx's own. Shapes
//! are those of IBM's clients: `ibm-watsonx-ai` 1.8.1 for Python, and the ones for Java and Node.

use super::embeddings::TOKENS;
use super::{
    address::{address, take_model},
    carried::{NAME, RERANK_CARRIED},
};
use crate::dialect::openai_chat::{RankByScore, take_documents, take_texts};
use crate::dialect::shared::nested;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, Json, JsonError, ObjectWriter};
use crate::model::Usage;
use crate::operation::{Codec, EncodedResponse, HttpRequest, RerankRequest, RerankResponse, Reranking};
use alloc::vec::Vec;

const PARAMETERS: &str = "parameters";
const RETURN_OPTIONS: &str = "return_options";

/// `POST /ml/v1/text/rerank`.
#[derive(Clone, Copy, Debug)]
pub(super) struct WatsonxReranking;

impl Codec<Reranking> for WatsonxReranking {
    fn encode_request(
        &self,
        request: &RerankRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut refusals = Refusals::new(NAME, options);
        let request = &*RERANK_CARRIED.fit(request, options.quirks, &mut refusals)?;
        let mut extra = request.extra.clone();
        let path = address("rerank", &request.model, &mut extra, &refusals)?;
        let mut parameters = nested::take(&mut extra, PARAMETERS);
        let return_options = nested::take(&mut parameters, RETURN_OPTIONS);
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &extra);
        body.field("model_id", &request.model).field("query", &request.query);
        body.array("inputs", &request.documents, |out, document| {
            let mut input = ObjectWriter::begin(out);
            input.field("text", document);
            input.finish();
        });
        let returns = request.top_n.is_some() || !return_options.is_empty();
        if returns || !parameters.is_empty() {
            body.object_with(PARAMETERS, &parameters, |parameters| {
                if returns {
                    parameters.object_with(RETURN_OPTIONS, &return_options, |options| {
                        options.optional("top_n", request.top_n);
                    });
                }
            });
        }
        body.finish();
        Ok(EncodedRequest { path, body: out, headers: Vec::new(), dropped: refusals.dropped })
    }

    fn decode_response(&self, headers: Headers<'_>, body: &[u8]) -> Result<RerankResponse, StreamError> {
        let mut response = RankByScore { path: "" }.decode_response(headers, body)?;
        let tokens = response.extra.get(TOKENS).and_then(|count| count.value().u64());
        if let Some(tokens) = tokens {
            response.extra.remove(TOKENS);
            response.usage = Some(Usage { input_tokens: Some(tokens), ..Usage::default() });
        }
        Ok(response)
    }

    fn decode_request(&self, HttpRequest { body, .. }: HttpRequest<'_>) -> Result<RerankRequest, JsonError> {
        let mut fields = Fields::parse(body)?;
        let model = take_model(&mut fields)?;
        let query = fields.take_string("query").ok_or_else(|| JsonError::new("query: expected a string"))?;
        let documents = take_texts(&mut fields, "inputs")
            .or_else(|| take_documents(&mut fields, "inputs"))
            .ok_or_else(|| JsonError::new("inputs: expected an array of texts"))?;
        let parameters = fields.take_object(PARAMETERS);
        let mut request = RerankRequest { model, query, documents, top_n: None, extra: fields.rest() };
        if let Some(mut parameters) = parameters {
            let options = parameters.take_object(RETURN_OPTIONS);
            let mut kept = parameters.rest();
            if let Some(mut options) = options {
                request.top_n = options.take_u64("top_n");
                nested::keep(&mut kept, RETURN_OPTIONS, options);
            }
            if !kept.is_empty() {
                request.extra.insert(PARAMETERS, Json::object(&kept, |_| {}));
            }
        }
        Ok(request)
    }

    fn encode_response(&self, response: &RerankResponse, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
        body.array("results", &response.results, |out, result| {
            let mut entry = ObjectWriter::begin(out);
            entry.field("index", result.index).field("score", result.score);
            entry.finish();
        });
        body.optional(TOKENS, response.usage.as_ref().and_then(|used| used.input_tokens));
        body.finish();
        EncodedResponse::json(out)
    }
}
