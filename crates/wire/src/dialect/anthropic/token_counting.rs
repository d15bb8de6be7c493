//! Token counts of prompts: `POST /v1/messages/count_tokens`.

use super::{decode_request, encode_request};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, Json, JsonError, ObjectWriter};
use crate::model::Request;
use crate::operation::{Codec, EncodedResponse, HttpRequest, TokenCounting, decode_tokens};
use alloc::{borrow::ToOwned, vec::Vec};

/// What an answer needs and a prompt has no use for; the API refuses it here.
const OF_THE_ANSWER: &[&str] =
    &["max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata", "service_tier"];

/// `POST /v1/messages/count_tokens`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting;

impl Codec<TokenCounting> for Counting {
    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut encoded = encode_request::encode(request, options)?;
        encoded.path += "/count_tokens";
        if let Ok(fields) = Fields::parse(&encoded.body) {
            let mut prompt = fields.rest();
            for name in OF_THE_ANSWER {
                prompt.remove(name);
            }
            encoded.body = Json::object(&prompt, |_| {}).text().as_bytes().to_owned();
        }
        Ok(encoded)
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<u64, StreamError> {
        decode_tokens(body, "input_tokens")
    }

    fn decode_request(&self, HttpRequest { body, .. }: HttpRequest<'_>) -> Result<Request, JsonError> {
        let mut prompt = Fields::parse(body)?.rest();
        prompt.insert("max_tokens", Json::written(1_u64));
        decode_request::decode(Json::object(&prompt, |_| {}).text().as_bytes())
    }

    fn encode_response(&self, tokens: &u64, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.field("input_tokens", *tokens);
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
            model: "m".into(),
            messages: alloc::vec![Message::text(Role::System, "s"), Message::text(Role::User, "u")],
            max_tokens: Some(5),
            stop: alloc::vec!["x".into()],
            ..Request::default()
        };
        let encoded = Counting.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/v1/messages/count_tokens");
        assert_eq!(
            core::str::from_utf8(&encoded.body).unwrap(),
            r#"{"model":"m","system":"s","messages":[{"role":"user","content":"u"}]}"#
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
    }
}
