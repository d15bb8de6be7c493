//! Ollama's own API, in both directions: chat as lines of JSON, embeddings and the list of models.
//!
//! A message's text is one string here and its images stand beside it, so several texts are joined by blank lines and
//! come before the images. All settings of sampling go into `options`; what else Ollama takes (`keep_alive`, `num_ctx`
//! in `options`, ...) comes from the extra fields.

mod carried;
mod created;
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
mod options;

use super::shared::made_ids;
use super::{Dialect, ManagementEndpoint, ServerFacts, StreamDecoder, StreamEncoder, quota_by_status};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{Endpoint, OperationKind, Operations};
use alloc::{boxed::Box, vec::Vec};
use carried::NAME;

/// Ollama's own API: `POST /api/chat` and its like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ollama;

static OPERATIONS: Operations = Operations {
    embeddings: Some(&embeddings::OllamaEmbeddings),
    model_listing: Some(&model_listing::Listing),
    ..Operations::NONE
};

impl Dialect for Ollama {
    fn name(&self) -> &'static str {
        NAME
    }

    /// No header carries the id of the request.
    fn server_facts(&self) -> &'static ServerFacts {
        const FACTS: ServerFacts = ServerFacts { request_id_header: None, ..ServerFacts::OPENAI };
        &FACTS
    }

    fn stream_media_types(&self) -> &'static [&'static str] {
        &["application/x-ndjson", "application/ndjson", "application/jsonl"]
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
        decode_response::decode(body)
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

    fn stream_encoder(&self, request: &Request) -> Box<dyn StreamEncoder> {
        Box::new(encode_stream::Encoder::new(request))
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        let operations = [
            ("/api/chat", OperationKind::Chat),
            ("/api/embed", OperationKind::Embeddings),
            ("/api/tags", OperationKind::ModelListing),
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

    fn management_endpoint(&self, method: &str, path: &str) -> Option<ManagementEndpoint> {
        let endpoints = [
            ("GET", "/api/version", ManagementEndpoint::OllamaVersion),
            ("GET", "/api/ps", ManagementEndpoint::OllamaRunningModels),
            ("POST", "/api/show", ManagementEndpoint::OllamaShowModel),
        ];
        let found = endpoints.into_iter().find(|(verb, end, _)| method == *verb && path.ends_with(end));
        found.map(|(.., endpoint)| endpoint)
    }
}
