//! Anthropic's Messages API at Anthropic itself.

use super::{
    carried::NAME, decode_request, decode_response, decode_stream, encode_request, encode_response,
    encode_stream, error, model_listing, response_headers, token_counting,
};
use crate::dialect::shared::made_ids;
use crate::dialect::{Dialect, KeyHeader, ResponseContext, ServerFacts, StreamDecoder, StreamEncoder};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{Endpoint, OperationKind, Operations};
use alloc::{boxed::Box, string::String, vec::Vec};

/// The Messages API: `POST /v1/messages`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anthropic;

static OPERATIONS: Operations = Operations {
    token_counting: Some(&token_counting::Counting),
    model_listing: Some(&model_listing::Listing),
    ..Operations::NONE
};

impl Dialect for Anthropic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn key_header(&self) -> KeyHeader {
        KeyHeader::Named("x-api-key")
    }

    fn own_parts(&self) -> &'static [&'static str] {
        &[
            "server_tool_use",
            "mcp_tool_use",
            "mcp_toolset",
            "mcp_tool_result",
            "mcp_tool_listing",
            "web_search_tool_result",
            "web_fetch_tool_result",
            "code_execution_tool_result",
            "bash_code_execution_tool_result",
            "text_editor_code_execution_tool_result",
            "tool_search_tool_result",
            "tool_reference",
            "search_result",
            "container_upload",
            "fallback",
            "tool_addition",
            "tool_removal",
            "browser_state",
            "compaction:content",
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
        super::carried::CARRIED.names()
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
        if path.ends_with("/messages") {
            Some(Endpoint::new(OperationKind::Chat))
        } else if path.ends_with("/messages/count_tokens") {
            Some(Endpoint::new(OperationKind::TokenCounting))
        } else {
            path.ends_with("/models").then_some(Endpoint::new(OperationKind::ModelListing))
        }
    }

    fn operations(&self) -> &'static Operations {
        &OPERATIONS
    }

    fn server_facts(&self) -> &'static ServerFacts {
        &response_headers::FACTS
    }

    fn matches_headers(&self, headers: Headers<'_>) -> bool {
        headers.get("anthropic-version").is_some()
    }

    fn error_status(&self, kind: ErrorKind) -> u16 {
        error::status(kind)
    }

    /// Errors have types alone.
    fn error_code(&self, _kind: ErrorKind) -> Option<&'static str> {
        None
    }

    fn response_headers(&self, context: &ResponseContext<'_>) -> Vec<(&'static str, String)> {
        response_headers::encode(context)
    }
}
