//! OpenAI's legacy Completions (`POST /completions`), in both directions: one text in, one text out.
//!
//! Some self-hosted and base models have nothing else. Messages become one prompt; anything but text is refused. The
//! figures, the reasons and the errors are those of Chat Completions.

mod carried;
mod decode_request;
mod decode_response;
mod decode_stream;
mod encode_request;
mod encode_response;
mod encode_stream;

use super::openai_chat::{
    OpenAiImages, OpenAiListing, OpenAiSpeech, OpenAiTranscription, other_endpoint, wants_usage,
};
use super::{Dialect, ResponseContext, StreamDecoder, StreamEncoder, openai_response_headers};
use crate::dialect::openai_chat::error;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ProviderError, Request, Response};
use crate::operation::{Endpoint, OperationKind, Operations};
use alloc::{boxed::Box, string::String, vec::Vec};
use carried::NAME;

/// OpenAI's legacy Completions.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenAiCompletions;

static OPERATIONS: Operations = Operations {
    images: Some(&OpenAiImages),
    speech: Some(&OpenAiSpeech),
    transcription: Some(&OpenAiTranscription),
    model_listing: Some(&OpenAiListing),
    ..Operations::NONE
};

impl Dialect for OpenAiCompletions {
    fn name(&self) -> &'static str {
        NAME
    }

    fn response_headers(&self, context: &ResponseContext<'_>) -> Vec<(&'static str, String)> {
        openai_response_headers(context)
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

    fn stream_encoder(&self, request: &Request) -> Box<dyn StreamEncoder> {
        Box::new(encode_stream::Encoder::new(&request.model, wants_usage(request)))
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        // Chat Completions ends the same.
        if path.ends_with("/completions") && !path.ends_with("/chat/completions") {
            return Some(Endpoint::new(OperationKind::Chat));
        }
        other_endpoint(path, &OPERATIONS)
    }

    fn operations(&self) -> &'static Operations {
        &OPERATIONS
    }
}
