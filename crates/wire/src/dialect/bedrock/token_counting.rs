//! Token counts of prompts: `POST /model/{model}/count-tokens` (`docs/wire/bedrock.md`, section 9).

use super::{address, decode_request, encode_request};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter};
use crate::model::Request;
use crate::operation::{Codec, EncodedResponse, HttpRequest, TokenCounting, decode_tokens};
use alloc::vec::Vec;

/// What the prompt is made of; the rest of a request is about the answer.
const OF_THE_PROMPT: &[&str] = &["messages", "system", "toolConfig", "additionalModelRequestFields"];

/// `POST /model/{model}/count-tokens`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting;

impl Codec<TokenCounting> for Counting {
    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut encoded = encode_request::encode(request, options)?;
        encoded.path = address::path(&request.model, "count-tokens");
        let mut out = Vec::new();
        if let Ok(prompt) = Fields::parse(&encoded.body) {
            let mut body = ObjectWriter::begin(&mut out);
            body.object("input", |input| {
                input.object("converse", |converse| {
                    for (name, value) in prompt.iter().filter(|(name, _)| OF_THE_PROMPT.contains(name)) {
                        converse.field(name, value);
                    }
                });
            });
            body.finish();
        }
        encoded.body = out;
        Ok(encoded)
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<u64, StreamError> {
        decode_tokens(body, "inputTokens")
    }

    fn decode_request(&self, HttpRequest { body, .. }: HttpRequest<'_>) -> Result<Request, JsonError> {
        let mut input = Fields::parse(body)?
            .take_object("input")
            .ok_or_else(|| JsonError::new("input: expected an object"))?;
        let converse = input.take_object("converse");
        decode_request::decode_fields(converse.ok_or_else(|| {
            JsonError::new(
                "input.converse: expected an object; prompts in a model's own form are not counted",
            )
        })?)
    }

    fn encode_response(&self, tokens: &u64, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.field("inputTokens", *tokens);
        body.finish();
        EncodedResponse::json(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Message, Role};

    #[test]
    fn only_the_prompt_is_sent_and_read_back() {
        let request = Request {
            model: "m:0".into(),
            messages: alloc::vec![Message::text(Role::System, "s"), Message::text(Role::User, "u")],
            max_tokens: Some(5),
            stop: alloc::vec!["x".into()],
            ..Request::default()
        };
        let encoded = Counting.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/model/m%3A0/count-tokens");
        assert_eq!(
            core::str::from_utf8(&encoded.body).unwrap(),
            r#"{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"u"}]}],"system":[{"text":"s"}]}}}"#
        );
        let read = Counting.decode_request(HttpRequest::json(&encoded.body)).unwrap();
        assert_eq!(read.messages, request.messages);
        assert_eq!(
            Counting
                .decode_response(
                    Headers::default(),
                    &Counting.encode_response(&7, HttpRequest::default()).body
                )
                .unwrap(),
            7
        );
        assert!(Counting.decode_response(Headers::default(), b"{}").is_err());
        assert!(
            Counting
                .decode_request(HttpRequest::json(br#"{"input":{"invokeModel":{"body":"e30="}}}"#))
                .is_err()
        );
    }
}
