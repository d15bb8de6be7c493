//! The Messages API of Anthropic, in both directions.
//!
//! One file per thing that is translated: `block`, `tools`, `reasoning` and `usage` serve both directions; the rest
//! reads or writes one kind of body. `unsupported` says what a request may hold that this API cannot carry.

mod block;
mod decode_request;
mod decode_stream;
mod encode_request;
mod encode_stream;
mod error;
mod listing;
mod reasoning;
mod response;
mod token_count;
mod tools;
mod unsupported;
mod usage;
mod vertex;

pub(crate) use block::{decode_input, encode_block, encode_input};
pub(crate) use reasoning::{
    Thinking, encode as encode_thinking, max_tokens as max_tokens_above, plan, take as take_reasoning,
    take_nested_thinking,
};
pub(crate) use tools::{NO_ARGUMENTS, decode_choice, decode_tool};
pub(crate) use unsupported::refuses_sampling;
pub(crate) use usage::written;

pub use block::decode_block;
pub use vertex::AnthropicVertex;

use super::{Dialect, KeyHeader, StreamDecoder, StreamEncoder};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ProviderError, Request, Response};
use crate::operation::{Endpoint, ModelListing, Operation, TokenCounting};
use alloc::{boxed::Box, vec::Vec};

/// The dialect's name.
const NAME: &str = "anthropic";

/// The API version asked for: the one that every host and model knows.
const API_VERSION: &str = "2023-06-01";

/// The API requires `max_tokens`; this is sent where the caller names no limit.
pub const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The Messages API: `POST /v1/messages`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anthropic;

impl Anthropic {
    /// Who signs the thoughts of Claude: the id of Anthropic's row in the table of providers.
    pub(crate) const SIGNER: &str = "anthropic";
}

impl Dialect for Anthropic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn key_header(&self) -> KeyHeader {
        KeyHeader::Named("x-api-key")
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        encode_request::encode(request, options)
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError> {
        response::decode(body)
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        Box::new(decode_stream::Decoder::new(limits))
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError> {
        decode_request::decode(body)
    }

    fn encode_response(&self, response: &Response) -> Vec<u8> {
        response::encode(response)
    }

    fn stream_encoder(&self, _request: &Request) -> Box<dyn StreamEncoder> {
        Box::new(encode_stream::Encoder::default())
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        if path.ends_with("/messages") {
            Some(Endpoint::new(Operation::Complete))
        } else if path.ends_with("/messages/count_tokens") {
            Some(Endpoint::new(Operation::CountTokens))
        } else {
            path.ends_with("/models").then_some(Endpoint::new(Operation::Models))
        }
    }

    fn model_listing(&self) -> &'static dyn ModelListing {
        &listing::Listing
    }

    fn token_counting(&self) -> Option<&'static dyn TokenCounting> {
        Some(&token_count::Counting)
    }
}
