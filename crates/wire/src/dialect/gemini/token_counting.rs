//! Token counts of prompts: `:countTokens` (section 6).

use super::{decode_request, encode_request, host::Host, model_name};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter};
use crate::model::Request;
use crate::operation::{Codec, EncodedResponse, HttpRequest, TokenCounting, decode_tokens};
use alloc::{borrow::ToOwned, vec::Vec};

const WHOLE: &str = "generateContentRequest";

/// `POST .../models/{model}:countTokens`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting(pub(super) Host);

impl Codec<TokenCounting> for Counting {
    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let (body, dropped) = encode_request::encode_body(self.0, request, options)?;
        let mut prompt = Fields::parse(&body).map(Fields::rest).unwrap_or_default();
        // Settings are of the answer; a prompt has no use for them.
        prompt.remove("generationConfig");
        prompt.remove("safetySettings");
        let is_plain = prompt.iter().all(|(name, _)| name == "contents");
        // The Gemini API takes anything but contents only as a whole request; Vertex takes it as it is.
        let body = match self.0 {
            Host::GeminiApi if !is_plain => {
                let whole = Json::object(&prompt, |whole| {
                    whole.field("model", model_name::resource(&request.model));
                });
                Json::object(&Extra::new(), |body| {
                    body.field(WHOLE, whole);
                })
            }
            Host::GeminiApi | Host::Vertex => Json::object(&prompt, |_| {}),
        };
        Ok(EncodedRequest {
            path: model_name::path(&request.model, "countTokens"),
            body: body.text().as_bytes().to_owned(),
            headers: Vec::new(),
            dropped,
        })
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<u64, StreamError> {
        decode_tokens(body, "totalTokens")
    }

    fn decode_request(&self, HttpRequest { body, .. }: HttpRequest<'_>) -> Result<Request, JsonError> {
        let mut body = Fields::parse(body)?;
        body.camel_case();
        match body.take_object(WHOLE) {
            Some(whole) => decode_request::decode_fields(whole),
            None => decode_request::decode_fields(body),
        }
    }

    fn encode_response(&self, tokens: &u64, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.field("totalTokens", *tokens);
        body.finish();
        EncodedResponse::json(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Message, Role};
    use std::string::String;

    fn sent(host: Host, messages: Vec<Message>) -> (String, Request) {
        let request =
            Request { model: "gemini-x".into(), messages, max_tokens: Some(5), ..Request::default() };
        let encoded = Counting(host).encode_request(&request, EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/models/gemini-x:countTokens");
        let read = Counting(host).decode_request(HttpRequest::json(&encoded.body)).unwrap();
        assert_eq!(read.messages, request.messages);
        (String::from_utf8(encoded.body).unwrap(), read)
    }

    #[test]
    fn only_the_prompt_is_sent_in_each_hosts_form() {
        let plain = || alloc::vec![Message::text(Role::User, "u")];
        let contents = r#""contents":[{"role":"user","parts":[{"text":"u"}]}]"#;
        let system = r#""systemInstruction":{"parts":[{"text":"s"}]}"#;
        for host in [Host::GeminiApi, Host::Vertex] {
            assert_eq!(sent(host, plain()).0, std::format!("{{{contents}}}"));
        }
        let instructed = || [alloc::vec![Message::text(Role::System, "s")], plain()].concat();
        let (body, read) = sent(Host::GeminiApi, instructed());
        let model = r#""model":"models/gemini-x""#;
        assert_eq!(body, std::format!(r#"{{"generateContentRequest":{{{model},{system},{contents}}}}}"#));
        assert_eq!(read.model, "gemini-x");
        assert_eq!(sent(Host::Vertex, instructed()).0, std::format!("{{{system},{contents}}}"));
    }

    #[test]
    fn the_number_is_read_as_it_was_written() {
        let counting = Counting(Host::Vertex);
        assert_eq!(
            counting
                .decode_response(
                    Headers::default(),
                    &counting.encode_response(&7, HttpRequest::default()).body
                )
                .unwrap(),
            7
        );
        assert!(counting.decode_response(Headers::default(), b"{}").is_err());
    }
}
