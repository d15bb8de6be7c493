//! Google's generateContent, in both directions: the Gemini API, and as `vertex` the same on Vertex AI.
//!
//! One file per thing that is translated. `part`, `media`, `result` and `tools` serve requests and answers in both
//! directions; `generation` and `thinking` are the request's settings; `chunk` reads what a plain answer and a frame of
//! a stream have in common. The two hosts differ in their embeddings, in how tokens are counted, and in how they want
//! to be shown the key. Sections named in comments are those of `docs/wire/gemini.md`.

mod candidate;
mod carried;
mod chunk;
mod content;
mod decode_request;
mod decode_response;
mod decode_stream;
mod embeddings;
mod encode_request;
mod encode_response;
mod encode_stream;
mod error;
mod finish;
mod generation;
mod host;
mod media;
mod model_listing;
mod model_name;
mod part;
mod partial_arguments;
mod result;
mod schema;
mod thinking;
mod token_counting;
mod tools;
mod usage;
pub(crate) mod written_content;

pub(super) use model_listing::Listing;

pub(crate) use error::write_details;

use super::{Dialect, KeyHeader, ServerFacts, StreamDecoder, StreamEncoder};
use crate::dialect::shared::address;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::JsonError;
use crate::model::{ProviderError, Request, Response};
use crate::operation::{Endpoint, OperationKind, Operations};
use alloc::{borrow::Cow, boxed::Box, vec::Vec};
use host::Host;

/// generateContent: `POST .../models/{model}:generateContent`.
#[derive(Clone, Copy, Debug)]
pub struct Gemini(Host);

impl Gemini {
    /// The Gemini API (AI Studio).
    pub const API: Self = Self(Host::GeminiApi);
    /// Vertex AI.
    pub const VERTEX: Self = Self(Host::Vertex);
}

static API_OPERATIONS: Operations = Operations {
    embeddings: Some(&embeddings::Batch),
    token_counting: Some(&token_counting::Counting(Host::GeminiApi)),
    model_listing: Some(&Listing::GeminiApi),
    ..Operations::NONE
};

static VERTEX_OPERATIONS: Operations = Operations {
    embeddings: Some(&embeddings::Predict),
    token_counting: Some(&token_counting::Counting(Host::Vertex)),
    model_listing: Some(&Listing::GOOGLES),
    ..Operations::NONE
};

impl Dialect for Gemini {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    /// No header carries the id of the request.
    fn server_facts(&self) -> &'static ServerFacts {
        const FACTS: ServerFacts = ServerFacts { request_id_header: None, ..ServerFacts::OPENAI };
        &FACTS
    }

    fn format(&self) -> &'static str {
        host::FORMAT
    }

    fn key_header(&self) -> KeyHeader {
        match self.0 {
            Host::GeminiApi => KeyHeader::Named("x-goog-api-key"),
            Host::Vertex => KeyHeader::Bearer,
        }
    }

    fn stream_media_types(&self) -> &'static [&'static str] {
        // The second is the array of a stream without `alt=sse`.
        &["text/event-stream", "application/json"]
    }

    /// Signatures are not portable between models, nor between the Gemini API and Vertex AI (section 5).
    fn signer<'a>(&self, provider: &'a str, model: &'a str) -> Cow<'a, str> {
        Cow::Owned(alloc::format!("{provider}/{model}"))
    }

    fn own_parts(&self) -> &'static [&'static str] {
        match self.0 {
            // Both hosts have one format, and its parts the name of the first.
            Host::Vertex => &[],
            Host::GeminiApi => &[
                "executableCode",
                "executable_code",
                "codeExecutionResult",
                "code_execution_result",
                "toolCall",
                "tool_call",
                "toolResponse",
                "tool_response",
            ],
        }
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        encode_request::encode(self.0, request, options)
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
        Box::new(encode_stream::Encoder::new(request))
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        let Some((resource, method)) = address::resource_and_method(path) else {
            return path.ends_with("/models").then_some(Endpoint::new(OperationKind::ModelListing));
        };
        let (operation, stream) = match method {
            "generateContent" => (OperationKind::Chat, Some(false)),
            "streamGenerateContent" => (OperationKind::Chat, Some(true)),
            "embedContent" | "batchEmbedContents" | "predict" => (OperationKind::Embeddings, None),
            "countTokens" => (OperationKind::TokenCounting, None),
            _ => return None,
        };
        Some(Endpoint { operation, model: model_name::of_address(resource), stream })
    }

    fn operations(&self) -> &'static Operations {
        match self.0 {
            Host::GeminiApi => &API_OPERATIONS,
            Host::Vertex => &VERTEX_OPERATIONS,
        }
    }
}
