//! Token counts of prompts: `POST /responses/input_tokens`.

use super::decode_request;
use crate::dialect::openai_responses::encode_request;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter};
use crate::model::Request;
use crate::operation::{Codec, EncodedResponse, HttpRequest, TokenCounting, decode_tokens};
use alloc::{borrow::ToOwned, vec::Vec};

/// What makes the prompt; the API refuses the rest of a request here.
const OF_THE_PROMPT: &[&str] = &[
    "model",
    "instructions",
    "input",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "truncation",
    "previous_response_id",
    "conversation",
];

/// `POST /responses/input_tokens`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting;

impl Codec<TokenCounting> for Counting {
    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut encoded = encode_request::encode(request, options)?;
        let model = options.quirks.model(&request.model);
        encoded.path = options.quirks.path("/responses/input_tokens", &model);
        if let Ok(fields) = Fields::parse(&encoded.body) {
            let prompt: Extra = fields
                .iter()
                .filter(|(name, _)| OF_THE_PROMPT.contains(name))
                .map(|(name, value)| (name.to_owned(), value.to_json()))
                .collect();
            encoded.body = Json::object(&prompt, |_| {}).text().as_bytes().to_owned();
        }
        Ok(encoded)
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<u64, StreamError> {
        decode_tokens(body, "input_tokens")
    }

    fn decode_request(&self, HttpRequest { body, .. }: HttpRequest<'_>) -> Result<Request, JsonError> {
        decode_request::decode(body)
    }

    fn encode_response(&self, tokens: &u64, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.field("object", "response.input_tokens").field("input_tokens", *tokens);
        body.finish();
        EncodedResponse::json(out)
    }
}
