//! IBM watsonx.ai: OpenAI's chat form behind addresses and names of its own.
//!
//! Requests are written and read by `openai_chat` and their names changed after that or before; answers are OpenAI's.
//! `project_id` or `space_id`, one of which the API needs, and `version`, a date, come from the extra fields. Vectors and
//! the order of documents have forms of their own.

mod address;
mod carried;
mod decode_request;
mod decode_response;
mod embeddings;
mod encode_request;
mod error;
mod rerank;

use super::openai_chat::OpenAiChat;
use super::{Dialect, StreamDecoder, StreamEncoder};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter, Value};
use crate::model::{ProviderError, Request, Response};
use crate::operation::{Embeddings, Endpoint, ModelInfo, ModelListing, ModelPage, Operation, Reranking};
use address::{API_VERSION, DEPLOYMENT};
use alloc::{borrow::Cow, borrow::ToOwned, boxed::Box, format, string::String, string::ToString, vec::Vec};
use carried::NAME;

/// watsonx.ai: `POST /ml/v1/text/chat`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watsonx;

impl Dialect for Watsonx {
    fn name(&self) -> &'static str {
        NAME
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        encode_request::encode(request, options)
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError> {
        decode_response::decode(body)
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        OpenAiChat.stream_decoder(limits)
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError> {
        decode_request::decode(body)
    }

    fn encode_response(&self, response: &Response) -> Vec<u8> {
        OpenAiChat.encode_response(response)
    }

    fn stream_encoder(&self, request: &Request) -> Box<dyn StreamEncoder> {
        OpenAiChat.stream_encoder(request)
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        for (end, operation) in [
            ("/foundation_model_specs", Operation::Models),
            ("/text/embeddings", Operation::Embed),
            ("/text/rerank", Operation::Rerank),
        ] {
            if path.ends_with(end) {
                return Some(Endpoint::new(operation));
            }
        }
        let (before, stream) = match path.strip_suffix("/text/chat_stream") {
            Some(before) => (before, true),
            None => (path.strip_suffix("/text/chat")?, false),
        };
        let deployment = before.rsplit_once("/deployments/").map(|(_, id)| id);
        let model = deployment.map(|id| Cow::Owned(format!("{DEPLOYMENT}{id}")));
        Some(Endpoint { operation: Operation::Complete, model, stream: Some(stream) })
    }

    fn model_listing(&self) -> &'static dyn ModelListing {
        &Listing
    }

    fn embeddings(&self) -> Option<&'static dyn Embeddings> {
        Some(&embeddings::WatsonxEmbeddings)
    }

    fn reranking(&self) -> Option<&'static dyn Reranking> {
        Some(&rerank::WatsonxReranking)
    }
}

/// `GET /ml/v1/foundation_model_specs`.
#[derive(Clone, Copy, Debug)]
struct Listing;

impl ModelListing for Listing {
    fn path(&self) -> &'static str {
        "/ml/v1/foundation_model_specs"
    }

    fn query(&self, _after: Option<&str>) -> Vec<(&'static str, String)> {
        alloc::vec![("version", API_VERSION.to_owned()), ("limit", "200".to_owned())]
    }

    fn decode_page(&self, body: &[u8]) -> Result<ModelPage, StreamError> {
        let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let list = fields
            .take_array("resources")
            .ok_or_else(|| StreamError::Malformed("the answer is not a list of models".to_owned()))?;
        let read = |entry: Value<'_>| {
            let mut fields = entry.object()?;
            Some(ModelInfo {
                id: fields.take_string("model_id")?,
                created: None,
                owned_by: fields.take_string("provider"),
                raw: entry.to_json(),
            })
        };
        Ok(ModelPage { models: list.into_iter().filter_map(read).collect(), next: None })
    }

    fn encode_page(&self, models: &[&str]) -> Vec<u8> {
        Json::object(&Extra::new(), |body| {
            body.field("total_count", models.len()).array("resources", models, |out, id| {
                let mut entry = ObjectWriter::begin(out);
                entry.field("model_id", *id).field("label", *id).field("provider", "ferrule-sim");
                entry.finish();
            });
        })
        .text()
        .as_bytes()
        .to_owned()
    }
}
