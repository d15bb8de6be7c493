//! Amazon Bedrock's runtime, in both directions: Converse and ConverseStream, which speak one form for every model, and
//! what InvokeModel and CountTokens add (`docs/wire/bedrock.md`).
//!
//! The model and whether the answer is streamed stand in the address, so a body says neither. A request is signed, or
//! carries an API key as a bearer token; signing is the engine's.

mod address;
mod block;
mod cache;
mod carried;
mod decode_request;
mod decode_response;
mod decode_stream;
mod document_names;
mod embedding_forms;
mod embeddings;
mod encode_request;
mod encode_response;
mod encode_stream;
mod error;
mod family;
mod gathered;
mod media;
mod model_fields;
mod model_listing;
mod token_counting;
mod tools;
mod turns;
mod unsupported;
mod usage;

use super::{CredentialsProblem, Dialect, ServerFacts, StreamDecoder, StreamEncoder, anthropic};
use crate::dialect::shared::made_ids;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Extra, Json, JsonError};
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{Endpoint, Operations};
use alloc::{borrow::Cow, boxed::Box, vec::Vec};
use carried::NAME;

/// The dialect's name.
/// Converse: `POST /model/{model}/converse` and `/converse-stream`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bedrock;

static OPERATIONS: Operations = Operations {
    embeddings: Some(&embeddings::Invoked),
    token_counting: Some(&token_counting::Counting),
    model_listing: Some(&model_listing::Listing),
    ..Operations::NONE
};

impl Dialect for Bedrock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn stream_media_types(&self) -> &'static [&'static str] {
        &["application/vnd.amazon.eventstream"]
    }

    /// Claude's signatures are Anthropic's, wherever it runs (see `AnthropicVertex`).
    fn signer<'a>(&self, provider: &'a str, model: &'a str) -> Cow<'a, str> {
        let is_claude = family::Family::from_model(model) == family::Family::Claude;
        Cow::Borrowed(if is_claude { anthropic::SIGNER } else { provider })
    }

    fn own_parts(&self) -> &'static [&'static str] {
        &[
            "cachePoint",
            "citationsContent",
            "guardContent",
            "searchResult",
            "toolAddition",
            "toolRemoval",
            "video",
        ]
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
        address::endpoint(path)
    }

    fn operations(&self) -> &'static Operations {
        &OPERATIONS
    }

    fn server_facts(&self) -> &'static ServerFacts {
        const FACTS: ServerFacts =
            ServerFacts { request_id_header: Some("x-amzn-requestid"), ..ServerFacts::OPENAI };
        &FACTS
    }

    fn error_status(&self, kind: ErrorKind) -> u16 {
        error::status(kind)
    }

    /// Amazon refuses credentials with exceptions of their own.
    fn credentials_error(&self, problem: CredentialsProblem<'_>) -> ProviderError {
        error::credentials(problem)
    }

    /// Converse always reports how long it took.
    fn add_required_fields(&self, response: &mut Response) {
        if response.extra.get("metrics").is_none() {
            let metrics = Json::object(&Extra::new(), |metrics| _ = metrics.field("latencyMs", 1u64));
            response.extra.insert("metrics", metrics);
        }
    }
}
