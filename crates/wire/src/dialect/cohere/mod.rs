//! Cohere's own API, version 2, in both directions: chat, embeddings, reranking and the list of models.
//!
//! Before it calls tools a model may say what it is about to do, in `tool_plan`. That is a reasoning part here, with
//! `tool_plan: true` among its extra fields, which is how it finds its way back into that field. Thoughts proper are
//! `thinking` parts of the content. Citations stay what they are, in the message's extra fields, and go back with it.

mod carried;
mod decode_request;
mod decode_response;
mod decode_stream;
mod embeddings;
mod encode_request;
mod encode_response;
mod encode_stream;
mod error;
mod message;
mod model_listing;
mod usage;

use super::openai_chat::RankByScore;
use super::{Dialect, ServerFacts, StreamDecoder, StreamEncoder, quota_by_status};
use crate::dialect::shared::made_ids;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{Endpoint, OperationKind, Operations};
use alloc::{boxed::Box, vec::Vec};
use carried::NAME;

/// Cohere's API, version 2: `POST /v2/chat` and its like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cohere;

static OPERATIONS: Operations = Operations {
    embeddings: Some(&embeddings::CohereEmbeddings),
    reranking: Some(&RankByScore { path: "/v2/rerank" }),
    model_listing: Some(&model_listing::Listing),
    ..Operations::NONE
};

impl Dialect for Cohere {
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

    fn carried_options(&self) -> Vec<(&'static str, bool)> {
        carried::CARRIED.names()
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError> {
        decode_response::decode(body).map(made_ids::given)
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        Box::new(made_ids::Giving::new(decode_stream::Decoder::new(limits)))
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError> {
        decode_request::decode(body)
    }

    fn encode_response(&self, response: &Response) -> Vec<u8> {
        encode_response::encode(response)
    }

    fn stream_encoder(&self, _request: &Request) -> Box<dyn StreamEncoder> {
        Box::new(encode_stream::Encoder::default())
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        let operations = [
            ("/v2/chat", OperationKind::Chat),
            ("/v2/embed", OperationKind::Embeddings),
            ("/v2/rerank", OperationKind::Reranking),
            ("/models", OperationKind::ModelListing),
        ];
        let (_, operation) = operations.into_iter().find(|(end, _)| path.ends_with(end))?;
        Some(Endpoint::new(operation))
    }

    fn operations(&self) -> &'static Operations {
        &OPERATIONS
    }

    /// Without a code in its errors, the status says that a quota is used up.
    fn error_status(&self, kind: ErrorKind) -> u16 {
        quota_by_status(kind)
    }

    fn server_facts(&self) -> &'static ServerFacts {
        const FACTS: ServerFacts = ServerFacts {
            request_id_header: Some("x-debug-trace-id"),
            signs_reasoning: false,
            embeddings_have_id: true,
            counts_searches: true,
            ..ServerFacts::OPENAI
        };
        &FACTS
    }
}
