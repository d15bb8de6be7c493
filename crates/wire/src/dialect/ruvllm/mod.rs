//! ruvLLM's server: one text in, one text out, by `POST /query`.
//!
//! A conversation becomes one text, its speakers named where there is more than one turn. The server picks the model,
//! so the four names of models are what a caller means by a request, and the name travels as a field that the server
//! ignores. There is no stream: a server of this dialect sends the whole answer at the end, and so does the decoder.

mod carried;
mod decode_request;
mod decode_response;
mod decode_stream;
mod encode_request;
mod encode_response;
mod encode_stream;
mod error;

use crate::dialect::shared::model_list;
use crate::dialect::{
    Dialect, ManagementEndpoint, ServerFacts, StreamDecoder, StreamEncoder, quota_by_status,
};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Fields, JsonError, ObjectWriter};
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{
    Codec, EncodedResponse, Endpoint, HttpRequest, ModelInfo, ModelListRequest, ModelListing, ModelPage,
    OperationKind, Operations,
};
use alloc::{borrow::ToOwned, boxed::Box, string::ToString, vec::Vec};
use carried::NAME;
use decode_request::MODELS;

/// ruvLLM's server: `POST /query`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RuvLlm;

static OPERATIONS: Operations = Operations { model_listing: Some(&Listing), ..Operations::NONE };

impl Dialect for RuvLlm {
    fn name(&self) -> &'static str {
        NAME
    }

    /// No header carries the id of the request.
    fn server_facts(&self) -> &'static ServerFacts {
        const FACTS: ServerFacts = ServerFacts { request_id_header: None, ..ServerFacts::OPENAI };
        &FACTS
    }

    fn stream_media_types(&self) -> &'static [&'static str] {
        &["application/json"]
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
        Box::new(decode_stream::Decoder::new(limits))
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
        if path.ends_with("/query") {
            return Some(Endpoint::new(OperationKind::Chat));
        }
        path.ends_with("/health").then_some(Endpoint::new(OperationKind::ModelListing))
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
            ("GET", "/stats", ManagementEndpoint::RuvLlmStatistics),
            ("POST", "/feedback", ManagementEndpoint::RuvLlmFeedback),
            ("POST", "/session", ManagementEndpoint::RuvLlmSession),
        ];
        let found = endpoints.into_iter().find(|(verb, end, _)| method == *verb && path.ends_with(end));
        found.map(|(.., endpoint)| endpoint)
    }
}

/// The server lists no models: that it is there is all it says.
#[derive(Clone, Copy, Debug)]
struct Listing;

impl Codec<ModelListing> for Listing {
    fn encode_request(
        &self,
        _request: &ModelListRequest,
        _options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        Ok(model_list::request("/health", &[]))
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<ModelPage, StreamError> {
        Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let models = MODELS.iter().map(|id| ModelInfo {
            id: (*id).to_owned(),
            created: None,
            owned_by: None,
            raw: crate::json::Json::string(id),
        });
        Ok(ModelPage { models: models.collect(), next: None })
    }

    fn decode_request(&self, _request: HttpRequest<'_>) -> Result<ModelListRequest, JsonError> {
        Ok(ModelListRequest::default())
    }

    fn encode_response(&self, _page: &ModelPage, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.field("status", "healthy").field("version", "0.1.0");
        body.finish();
        EncodedResponse::json(out)
    }
}
