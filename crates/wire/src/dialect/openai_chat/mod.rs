//! OpenAI's Chat Completions, which most other providers speak as well, each with differences of its own.
//!
//! Variations that are detectable from the bytes alone are handled here: where the reasoning stands, how tool calls are
//! cut up, where the figures come. Those that need to know the provider are not this module's.

mod cached_prompt;
mod calls;
mod carried;
mod choice;
mod chunk;
mod decode_request;
mod decode_response;
mod decode_stream;
pub(crate) mod embeddings;
mod encode_message;
mod encode_request;
mod encode_response;
mod encode_stream;
mod endpoint;
pub(crate) mod error;
pub(crate) mod finish;
mod form;
mod images;
mod kept_fields;
mod media;
mod message;
mod model_listing;
mod part;
mod parts;
mod reasoning;
mod reranking;
mod speech;
mod tools;
mod transcription;
pub(crate) mod usage;

pub(crate) use cached_prompt::CachedPrompt;
pub(crate) use decode_request::{
    decode_format, rest_but_usage, take_metadata, take_prompt_cache, take_stop, wants_usage,
};
pub(crate) use embeddings::{decode_vectors, take_texts};
pub(crate) use encode_request::write_prompt_cache;
pub(crate) use endpoint::other_endpoint;
pub(crate) use images::OpenAiImages;
pub(crate) use message::{
    check_answer_fields, decode_message, decode_messages, take_answer_parts, text_parts,
};
pub(crate) use model_listing::OpenAiListing;
pub(crate) use part::{
    data_url, decode_part, required_string, said_part, source_of_url, take_answer_content, take_cache,
    write_answer_part, write_cache, write_part,
};
pub(crate) use reranking::{RankByScore, take_documents};
pub(crate) use speech::OpenAiSpeech;
pub(crate) use tools::{decode_choice, decode_tool, hosted, take_arguments, write_call};
pub(crate) use transcription::OpenAiTranscription;
pub(crate) use usage::usage_json;

use super::{Dialect, ResponseContext, ServerFacts, StreamDecoder, StreamEncoder, openai_response_headers};
use crate::dialect::shared::made_ids;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ProviderError, Request, Response};
use crate::operation::{Endpoint, OperationKind, Operations};
use alloc::{boxed::Box, string::String, vec::Vec};
use carried::NAME;

/// OpenAI's Chat Completions.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenAiChat;

static OPERATIONS: Operations = Operations {
    embeddings: Some(&embeddings::OpenAiEmbeddings),
    reranking: Some(&RankByScore { path: "/rerank" }),
    images: Some(&OpenAiImages),
    speech: Some(&OpenAiSpeech),
    transcription: Some(&OpenAiTranscription),
    model_listing: Some(&OpenAiListing),
    ..Operations::NONE
};

impl Dialect for OpenAiChat {
    fn name(&self) -> &'static str {
        NAME
    }

    fn own_parts(&self) -> &'static [&'static str] {
        &["image_url", "audio_url", "video_url", "document_url", "input_audio", "file", "reference"]
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
        if path.ends_with("/chat/completions") {
            return Some(Endpoint::new(OperationKind::Chat));
        }
        other_endpoint(path, &OPERATIONS)
    }

    fn operations(&self) -> &'static Operations {
        &OPERATIONS
    }

    fn response_headers(&self, context: &ResponseContext<'_>) -> Vec<(&'static str, String)> {
        openai_response_headers(context)
    }

    fn server_facts(&self) -> &'static ServerFacts {
        const FACTS: ServerFacts = ServerFacts { takes_openai_chat_requests: true, ..ServerFacts::OPENAI };
        &FACTS
    }
}
