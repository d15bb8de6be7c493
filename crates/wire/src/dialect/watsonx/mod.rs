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
mod reranking;

use super::openai_chat::OpenAiChat;
use super::{Dialect, ServerFacts, StreamDecoder, StreamEncoder};
use crate::dialect::shared::model_list;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Fields, JsonError, ObjectWriter, Value};
use crate::model::{ProviderError, Request, Response};
use crate::operation::{
    Codec, EncodedResponse, Endpoint, HttpRequest, ModelInfo, ModelListRequest, ModelListing, ModelPage,
    OperationKind, Operations,
};
use address::{API_VERSION, DEPLOYMENT};
use alloc::{borrow::Cow, borrow::ToOwned, boxed::Box, format, string::ToString, vec::Vec};
use carried::NAME;

/// watsonx.ai: `POST /ml/v1/text/chat`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watsonx;

static OPERATIONS: Operations = Operations {
    embeddings: Some(&embeddings::WatsonxEmbeddings),
    reranking: Some(&reranking::WatsonxReranking),
    model_listing: Some(&Listing),
    ..Operations::NONE
};

impl Dialect for Watsonx {
    fn name(&self) -> &'static str {
        NAME
    }

    fn format(&self) -> &'static str {
        "openai-chat"
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        encode_request::encode(request, options)
    }

    fn carried_options(&self) -> Vec<(&'static str, bool)> {
        OpenAiChat.carried_options()
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
            ("/foundation_model_specs", OperationKind::ModelListing),
            ("/text/embeddings", OperationKind::Embeddings),
            ("/text/rerank", OperationKind::Reranking),
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
        Some(Endpoint { operation: OperationKind::Chat, model, stream: Some(stream) })
    }

    fn operations(&self) -> &'static Operations {
        &OPERATIONS
    }

    fn server_facts(&self) -> &'static ServerFacts {
        const FACTS: ServerFacts = ServerFacts { takes_openai_chat_requests: true, ..ServerFacts::OPENAI };
        &FACTS
    }
}

/// `GET /ml/v1/foundation_model_specs`.
#[derive(Clone, Copy, Debug)]
struct Listing;

impl Codec<ModelListing> for Listing {
    fn encode_request(
        &self,
        _request: &ModelListRequest,
        _options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let parameters = [("version", Some(API_VERSION)), ("limit", Some("200"))];
        Ok(model_list::request("/ml/v1/foundation_model_specs", &parameters))
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<ModelPage, StreamError> {
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

    fn decode_request(&self, _request: HttpRequest<'_>) -> Result<ModelListRequest, JsonError> {
        Ok(ModelListRequest::default())
    }

    fn encode_response(&self, page: &ModelPage, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.field("total_count", page.models.len()).array("resources", &page.models, |out, model| {
            let mut entry = ObjectWriter::begin(out);
            entry.field("model_id", &model.id).field("label", &model.id);
            entry.field("provider", model.owned_by.as_deref().unwrap_or_default());
            entry.finish();
        });
        body.finish();
        EncodedResponse::json(out)
    }
}
