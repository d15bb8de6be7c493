//! Messages API on Vertex AI (`docs/wire/anthropic.md`, section 7): the model stands in the address, the API's
//! version in the body. All else is the API's own.

use super::{api::Anthropic, decode_request, encode_request, reasoning::SIGNER};
use crate::dialect::shared::{address, resource_name};
use crate::dialect::{
    Dialect, ResponseContext, ServerFacts, StreamDecoder, StreamEncoder, gemini, id_headers,
};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, JsonError, Value};
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{
    Codec, EncodedResponse, Endpoint, HttpRequest, OperationKind, Operations, TokenCounting,
};
use alloc::{
    borrow::{Cow, ToOwned},
    boxed::Box,
    format,
    string::String,
    vec::Vec,
};

const VERSION_FIELD: &str = "anthropic_version";
const VERSION: &str = "vertex-2023-10-16";
const BETA_FIELD: &str = "anthropic_beta";
/// Betas that go in the header only, up to their dates (`docs/wire/late-2026.md`, section 2.2).
const OF_HEADER: [&str; 5] =
    ["compact-2026-09-04", "extended-cache-ttl", "prompt-caching", "inline-tools", "user-profiles"];
/// What counts tokens is addressed as a model of this name.
const COUNTER: &str = "count-tokens";
/// Whose models the base URL has.
const PUBLISHER: &str = "anthropic";

/// The Messages API on Vertex AI: `POST .../publishers/anthropic/models/{model}:rawPredict`.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnthropicVertex;

fn path(model: &str, method: &str) -> String {
    resource_name::path(resource_name::short(model, PUBLISHER), method)
}

/// The address that counts tokens, a sibling of `model`; an endpoint has none.
fn counter_of(model: &str) -> String {
    match model.rsplit_once("/models/") {
        Some((parents, _)) if resource_name::is_whole(model) => format!("{parents}/models/{COUNTER}"),
        _ => COUNTER.to_owned(),
    }
}

static OPERATIONS: Operations = Operations {
    token_counting: Some(&Counting),
    model_listing: Some(&gemini::Listing::ANTHROPICS),
    ..Operations::NONE
};

impl Dialect for AnthropicVertex {
    fn name(&self) -> &'static str {
        "anthropic-vertex"
    }

    fn format(&self) -> &'static str {
        super::carried::NAME
    }

    /// Signatures are valid on Anthropic's own API, on Bedrock and on Vertex AI alike (Anthropic's page on extended
    /// thinking).
    fn signer<'a>(&self, _provider: &'a str, _model: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(SIGNER)
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let betas = encode_request::betas(request, options);
        let given = &options.quirks.api_version;
        let version = if given.is_empty() { VERSION } else { given };
        let (body, dropped) = encode_request::encode_body(request, options, |body| {
            body.field(VERSION_FIELD, version);
            // Names that only the header may have are refused in the body.
            let in_body: Vec<&String> = betas.iter().filter(|beta| !is_of_header(beta)).collect();
            if !in_body.is_empty() {
                body.field(BETA_FIELD, in_body);
            }
        })
        .map_err(ours)?;
        let method = if request.stream { "streamRawPredict" } else { "rawPredict" };
        let dropped = dropped.into_iter().map(ours).collect();
        let headers = encode_request::betas_header(request, options).into_iter().collect();
        Ok(EncodedRequest { path: path(&request.model, method), body, headers, dropped })
    }

    fn carried_options(&self) -> Vec<(&'static str, bool)> {
        super::carried::CARRIED.names()
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError> {
        Anthropic.decode_response(body)
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        Anthropic.stream_decoder(limits)
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError> {
        let mut fields = Fields::parse(body)?.rest();
        fields.remove(VERSION_FIELD);
        let betas = take_betas(&mut fields);
        if fields.get("model").is_none() {
            fields.insert("model", Json::string(""));
        }
        let request = decode_request::decode(Json::object(&fields, |_| {}).text().as_bytes())?;
        Ok(Request { betas, ..request })
    }

    fn encode_response(&self, response: &Response) -> Vec<u8> {
        Anthropic.encode_response(response)
    }

    fn stream_encoder(&self, request: &Request) -> Box<dyn StreamEncoder> {
        Anthropic.stream_encoder(request)
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        Anthropic.encode_error(error)
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        let Some((resource, method)) = address::resource_and_method(path) else {
            return path.ends_with("/models").then_some(Endpoint::new(OperationKind::ModelListing));
        };
        let stream = match method {
            "rawPredict" if resource.rsplit('/').next() == Some(COUNTER) => {
                return Some(Endpoint::new(OperationKind::TokenCounting));
            }
            "rawPredict" => false,
            "streamRawPredict" => true,
            _ => return None,
        };
        let model = resource_name::of_address(resource, PUBLISHER);
        Some(Endpoint { operation: OperationKind::Chat, model, stream: Some(stream) })
    }

    fn operations(&self) -> &'static Operations {
        &OPERATIONS
    }

    fn server_facts(&self) -> &'static ServerFacts {
        Anthropic.server_facts()
    }

    fn error_status(&self, kind: ErrorKind) -> u16 {
        Anthropic.error_status(kind)
    }

    fn error_code(&self, kind: ErrorKind) -> Option<&'static str> {
        Anthropic.error_code(kind)
    }

    // Google's limits are not Anthropic's.
    fn response_headers(&self, context: &ResponseContext<'_>) -> Vec<(&'static str, String)> {
        id_headers(self.server_facts().request_id_header, context)
    }
}

fn is_of_header(beta: &str) -> bool {
    OF_HEADER.iter().any(|name| beta.starts_with(name))
}

/// Server: takes the betas out; a list with anything else in it stays.
fn take_betas(fields: &mut Extra) -> Vec<String> {
    let listed = fields.get(BETA_FIELD).and_then(|list| list.value().array());
    let names = listed.and_then(|list| list.into_iter().map(Value::string).collect::<Option<Vec<_>>>());
    if names.is_some() {
        fields.remove(BETA_FIELD);
    }
    names.unwrap_or_default()
}

fn ours(unsupported: UnsupportedField) -> UnsupportedField {
    UnsupportedField { dialect: AnthropicVertex.name(), ..unsupported }
}

/// As for the API itself, at another address.
#[derive(Clone, Copy, Debug)]
struct Counting;

impl Codec<TokenCounting> for Counting {
    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let model = resource_name::short(&request.model, PUBLISHER);
        let request = &Request { model: resource_name::last(model).to_owned(), ..request.clone() };
        let mut encoded = super::token_counting::Counting.encode_request(request, options).map_err(ours)?;
        encoded.path = path(&counter_of(model), "rawPredict");
        encoded.headers.retain(|(name, _)| *name == encode_request::BETA_HEADER);
        encoded.dropped = encoded.dropped.into_iter().map(ours).collect();
        if let Ok(fields) = Fields::parse(&encoded.body) {
            let body = Json::object(&fields.rest(), |body| {
                body.field(VERSION_FIELD, VERSION);
            });
            encoded.body = body.text().as_bytes().to_owned();
        }
        Ok(encoded)
    }

    fn decode_response(&self, headers: Headers<'_>, body: &[u8]) -> Result<u64, StreamError> {
        super::token_counting::Counting.decode_response(headers, body)
    }

    fn decode_request(&self, HttpRequest { headers, body }: HttpRequest<'_>) -> Result<Request, JsonError> {
        let mut prompt = Fields::parse(body)?.rest();
        prompt.remove(VERSION_FIELD);
        let prompt = Json::object(&prompt, |_| {});
        let body = prompt.text().as_bytes();
        super::token_counting::Counting.decode_request(HttpRequest { headers, body })
    }

    fn encode_response(&self, tokens: &u64, request: HttpRequest<'_>) -> EncodedResponse {
        super::token_counting::Counting.encode_response(tokens, request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::KeyHeader;
    use crate::model::{Message, Role};

    fn hello(stream: bool) -> Request {
        Request {
            model: "claude-sonnet-4-5@20250929".into(),
            messages: alloc::vec![Message::text(Role::User, "hi")],
            max_tokens: Some(5),
            stream,
            ..Request::default()
        }
    }

    #[test]
    fn the_model_stands_in_the_address_and_the_version_in_the_body() {
        let encoded = AnthropicVertex.encode_request(&hello(false), EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/models/claude-sonnet-4-5@20250929:rawPredict");
        assert!(encoded.headers.is_empty());
        assert_eq!(AnthropicVertex.key_header(), KeyHeader::Bearer);
        assert_eq!(
            String::from_utf8(encoded.body).unwrap(),
            r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#
        );
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        for stream in [false, true] {
            let request = hello(stream);
            let encoded = AnthropicVertex.encode_request(&request, EncodeOptions::REFUSE).unwrap();
            let endpoint = AnthropicVertex.endpoint(&encoded.path).unwrap();
            assert_eq!(endpoint.operation, OperationKind::Chat);
            assert_eq!(endpoint.stream, Some(stream));
            let read = AnthropicVertex.decode_request(&encoded.body).unwrap();
            let model = endpoint.model.unwrap().into_owned();
            assert_eq!(Request { model, ..read }, request);
        }
    }

    #[test]
    fn tokens_are_counted_at_an_address_of_their_own() {
        let counting = AnthropicVertex.operations().token_counting.unwrap();
        let encoded = counting.encode_request(&hello(false), EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/models/count-tokens:rawPredict");
        let operation = AnthropicVertex.endpoint(&encoded.path).unwrap().operation;
        assert_eq!(operation, OperationKind::TokenCounting);
        let read = counting.decode_request(HttpRequest::json(&encoded.body)).unwrap();
        assert_eq!((read.messages, read.model), (hello(false).messages, hello(false).model));
        assert!(read.extra.is_empty());
    }

    #[test]
    fn whole_names_stand_in_the_address() {
        let project = "projects/p/locations/us/publishers/anthropic/models";
        for (model, path, counted_at, counted) in [
            ("publishers/anthropic/models/c", "/models/c", "/models/count-tokens", "c"),
            (
                &*format!("{project}/c@1"),
                &*format!("{project}/c@1"),
                &*format!("{project}/count-tokens"),
                "c@1",
            ),
            (
                "projects/p/locations/us/endpoints/7",
                "projects/p/locations/us/endpoints/7",
                "/models/count-tokens",
                "7",
            ),
            (
                "projects/../locations/us/endpoints/7",
                "/models/projects%2F..%2Flocations%2Fus%2Fendpoints%2F7",
                "/models/count-tokens",
                "projects/../locations/us/endpoints/7",
            ),
        ] {
            let request = Request { model: model.into(), ..hello(true) };
            let encoded = AnthropicVertex.encode_request(&request, EncodeOptions::REFUSE).unwrap();
            assert_eq!(encoded.path, format!("{path}:streamRawPredict"));
            let counting = AnthropicVertex.operations().token_counting.unwrap();
            let encoded = counting.encode_request(&request, EncodeOptions::REFUSE).unwrap();
            assert_eq!(encoded.path, format!("{counted_at}:rawPredict"));
            assert_eq!(counting.decode_request(HttpRequest::json(&encoded.body)).unwrap().model, counted);
        }
        let path = format!("/v1/{project}/c%401:rawPredict");
        assert_eq!(AnthropicVertex.endpoint(&path).unwrap().model.unwrap(), "c@1");
    }

    #[test]
    fn what_cannot_be_carried_names_this_dialect() {
        let request = Request { seed: Some(1), ..hello(false) };
        let error = AnthropicVertex.encode_request(&request, EncodeOptions::REFUSE).unwrap_err();
        assert_eq!((error.dialect, error.field.as_str()), ("anthropic-vertex", "seed"));
        let dropped = AnthropicVertex.encode_request(&request, EncodeOptions::DROP).unwrap().dropped;
        assert_eq!(dropped[0].dialect, "anthropic-vertex");
    }
}
