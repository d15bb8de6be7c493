//! OpenAI's legacy Completions (`POST /completions`), in both directions: one text in, one text out.
//!
//! Some self-hosted and base models have nothing else. Messages become one prompt; whatever is no text is refused. The
//! figures, the reasons and the errors are those of Chat Completions.

mod decode_stream;
mod encode_stream;
mod request;
mod response;

use super::openai_chat::{OpenAiMedia, fault, wants_usage};
use super::{Dialect, StreamDecoder, StreamEncoder};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ProviderError, Request, Response};
use crate::operation::{Endpoint, Media, Operation};
use alloc::{boxed::Box, vec::Vec};

const NAME: &str = "openai-completions";

/// OpenAI's legacy Completions.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenAiCompletions;

impl Dialect for OpenAiCompletions {
    fn name(&self) -> &'static str {
        NAME
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        request::encode(request, options)
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError> {
        response::decode(body)
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        Box::new(decode_stream::Decoder::new(limits))
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError> {
        request::decode(body)
    }

    fn encode_response(&self, response: &Response) -> Vec<u8> {
        response::encode(response)
    }

    fn stream_encoder(&self, request: &Request) -> Box<dyn StreamEncoder> {
        Box::new(encode_stream::Encoder::new(&request.model, wants_usage(request)))
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        fault::encode(error)
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        // Chat Completions ends the same.
        if path.ends_with("/completions") && !path.ends_with("/chat/completions") {
            return Some(Endpoint::new(Operation::Complete));
        }
        path.ends_with("/models").then_some(Endpoint::new(Operation::Models))
    }

    /// Those of OpenAI's API: the same beside all of its forms.
    fn media(&self) -> Option<&'static dyn Media> {
        Some(&OpenAiMedia)
    }
}
