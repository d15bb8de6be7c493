//! OpenAI's Responses, in both directions.
//!
//! A conversation is a list of items here. The neutral model has messages with parts instead, so the items of one turn
//! of the assistant are one message: each part of what it said, each call, each reasoning item and each item of a
//! hosted tool is a part. What an item says about itself (its id, its status, fields without a name in the model) stays
//! with its parts, in the extra field [`RESPONSES_ITEM`](super::shared::foreign::RESPONSES_ITEM), and goes back with them.
//!
//! `item` and `part` serve requests and answers; the other files read or write one kind of body.

mod carried;
mod decode_input;
mod decode_request;
mod decode_response;
mod decode_stream;
mod delta_template;
mod emitted;
mod encode_input;
mod encode_request;
mod encode_response;
mod encode_stream;
mod end_items;
mod item;
mod open_items;
mod part;
mod token_counting;
mod tools;

pub(crate) use tools::decode_function;

use super::openai_chat::{
    OpenAiImages, OpenAiListing, OpenAiSpeech, OpenAiTranscription, embeddings::OpenAiEmbeddings,
    other_endpoint,
};
use super::{Dialect, ResponseContext, ServerFacts, StreamDecoder, StreamEncoder, openai_response_headers};
use crate::dialect::openai_chat::error;
use crate::dialect::shared::made_ids;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ProviderError, Request, Response};
use crate::operation::{Endpoint, OperationKind, Operations};
use alloc::{boxed::Box, string::String, vec::Vec};
use carried::NAME;

/// OpenAI's Responses: `POST /responses`.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenAiResponses;

static OPERATIONS: Operations = Operations {
    embeddings: Some(&OpenAiEmbeddings),
    images: Some(&OpenAiImages),
    speech: Some(&OpenAiSpeech),
    transcription: Some(&OpenAiTranscription),
    token_counting: Some(&token_counting::Counting),
    model_listing: Some(&OpenAiListing),
    ..Operations::NONE
};

impl Dialect for OpenAiResponses {
    fn name(&self) -> &'static str {
        NAME
    }

    fn own_parts(&self) -> &'static [&'static str] {
        &[
            "web_search_call",
            "file_search_call",
            "computer_call",
            "computer_call_output",
            "code_interpreter_call",
            "image_generation_call",
            "local_shell_call",
            "local_shell_call_output",
            "shell_call",
            "shell_call_output",
            "apply_patch_call",
            "apply_patch_call_output",
            "tool_search_call",
            "tool_search_output",
            "mcp_call",
            "mcp_list_tools",
            "mcp_approval_request",
            "mcp_approval_response",
            "function_call",
            "function_call_output",
            "custom_tool_call",
            "custom_tool_call_output",
            "program",
            "program_output",
            "additional_tools",
            "compaction:encrypted_content",
            "compaction_trigger",
            "configuration_update",
            "item_reference",
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

    fn stream_encoder(&self, request: &Request) -> Box<dyn StreamEncoder> {
        Box::new(encode_stream::Encoder::new(request))
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        if path.ends_with("/responses") {
            Some(Endpoint::new(OperationKind::Chat))
        } else if path.ends_with("/responses/input_tokens") {
            Some(Endpoint::new(OperationKind::TokenCounting))
        } else {
            other_endpoint(path, &OPERATIONS)
        }
    }

    fn operations(&self) -> &'static Operations {
        &OPERATIONS
    }

    fn response_headers(&self, context: &ResponseContext<'_>) -> Vec<(&'static str, String)> {
        openai_response_headers(context)
    }

    fn server_facts(&self) -> &'static ServerFacts {
        const FACTS: ServerFacts =
            ServerFacts { response_id_prefix: "resp_", reports_usage_first: false, ..ServerFacts::OPENAI };
        &FACTS
    }

    /// Usage always says how much went into the cache.
    fn add_required_fields(&self, response: &mut Response) {
        if let Some(usage) = &mut response.usage {
            usage.cache_write_tokens.get_or_insert(0);
        }
    }
}
