//! IBM watsonx.ai: OpenAI's chat form behind addresses and names of its own.
//!
//! Requests are written and read by `openai_chat` and their names changed after that or before; answers are OpenAI's.
//! `project_id` or `space_id`, one of which the API needs, and `version`, a date, come from the extra fields. Vectors and
//! the order of documents have forms of their own.

mod address;
mod carried;
mod embeddings;
mod rerank;

use super::openai_chat::OpenAiChat;
use super::{Dialect, StreamDecoder, StreamEncoder};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter, Value};
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{Embeddings, Endpoint, ModelInfo, ModelListing, ModelPage, Operation, Reranking};
use crate::quirks::Feature;
use address::{API_VERSION, DEPLOYMENT, take_version};
use alloc::{borrow::Cow, borrow::ToOwned, boxed::Box, format, string::String, string::ToString, vec::Vec};
use carried::NAME;

/// watsonx.ai: `POST /ml/v1/text/chat`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watsonx;

impl Dialect for Watsonx {
    fn name(&self) -> &'static str {
        NAME
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut plain = request.clone();
        plain.stream = false;
        let mut quirks = Cow::Borrowed(options.quirks);
        if quirks.schema_strip.is_empty() || quirks.supports(Feature::Strict) {
            let own = quirks.to_mut();
            own.unsupported.to_mut().push(Feature::Strict);
            own.schema_strip.to_mut().push("additionalProperties".into());
        }
        let options = EncodeOptions { quirks: &quirks, ..options };
        let version = take_version(&mut plain.extra);
        let in_own_name = |field: UnsupportedField| UnsupportedField { dialect: NAME, ..field };
        let encoded = OpenAiChat.encode_request(&plain, options).map_err(in_own_name)?;
        let mut body = encoded.body;
        if let Ok(fields) = Fields::parse(&body) {
            body = own_names(fields);
        }
        Ok(EncodedRequest {
            path: path(request, &version),
            body,
            headers: encoded.headers,
            dropped: encoded.dropped.into_iter().map(in_own_name).collect(),
        })
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError> {
        let mut response = OpenAiChat.decode_response(body)?;
        if response.model.is_empty()
            && let Some(model) = response.extra.get("model_id").and_then(|model| model.value().string())
        {
            response.extra.remove("model_id");
            response.model = model;
        }
        Ok(response)
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        OpenAiChat.stream_decoder(limits)
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError> {
        let mut fields = Fields::parse(body)?;
        // The address names a deployment's.
        let model = fields.take("model_id").map_or_else(|| Json::string(""), Value::to_json);
        let choice = fields.take_json("tool_choice_option");
        let mut plain = fields.rest();
        plain.insert("model", model);
        if let Some(choice) = choice {
            plain.insert("tool_choice", choice);
        }
        OpenAiChat.decode_request(Json::object(&plain, |_| {}).text().as_bytes())
    }

    fn encode_response(&self, response: &Response) -> Vec<u8> {
        OpenAiChat.encode_response(response)
    }

    fn stream_encoder(&self, request: &Request) -> Box<dyn StreamEncoder> {
        OpenAiChat.stream_encoder(request)
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.array("errors", [error], |out, error| {
            let mut entry = ObjectWriter::begin(out);
            entry.field("code", code(error)).field("message", &error.message);
            entry.finish();
        });
        body.optional("trace", error.request_id.as_ref()).optional("status_code", error.status);
        body.finish();
        out
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        for (end, operation) in [
            ("/foundation_model_specs", Operation::Models),
            ("/text/embeddings", Operation::Embed),
            ("/text/rerank", Operation::Rerank),
        ] {
            if path.ends_with(end) {
                return Some(Endpoint::new(operation));
            }
        }
        let (before, stream) = match path.strip_suffix("/text/chat_stream") {
            Some(before) => (before, true),
            None => (path.strip_suffix("/text/chat")?, false),
        };
        let deployment = before.rsplit_once("/deployments/").map(|(_, id)| id);
        let model = deployment.map(|id| Cow::Owned(format!("{DEPLOYMENT}{id}")));
        Some(Endpoint { operation: Operation::Complete, model, stream: Some(stream) })
    }

    fn model_listing(&self) -> &'static dyn ModelListing {
        &Listing
    }

    fn embeddings(&self) -> Option<&'static dyn Embeddings> {
        Some(&embeddings::WatsonxEmbeddings)
    }

    fn reranking(&self) -> Option<&'static dyn Reranking> {
        Some(&rerank::WatsonxReranking)
    }
}

/// The address says which deployment answers, and whether the answer is streamed.
fn path(request: &Request, version: &str) -> String {
    let deployment = request.model.strip_prefix(DEPLOYMENT).map(|id| format!("/deployments/{id}"));
    let stream = if request.stream { "_stream" } else { "" };
    format!("/ml/v1{}/text/chat{stream}?version={version}", deployment.unwrap_or_default())
}

/// An OpenAI request in this API's own names.
fn own_names(mut fields: Fields<'_>) -> Vec<u8> {
    let model = fields.take_string("model").unwrap_or_default();
    let choice = fields.take("tool_choice");
    // The older of OpenAI's two names is the one that every version of this API knows.
    let max_tokens = fields.take("max_completion_tokens");
    let rest = fields.rest();
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &rest);
    if !model.starts_with(DEPLOYMENT) {
        body.field("model_id", &model);
    }
    if let Some(choice) = choice {
        let is_word = choice.string().is_some();
        body.field(if is_word { "tool_choice_option" } else { "tool_choice" }, choice);
    }
    body.optional("max_tokens", max_tokens);
    body.finish();
    out
}

/// The error's own code, else the API's for its kind.
fn code(error: &ProviderError) -> &str {
    if let Some(own) = &error.code {
        return own;
    }
    match error.kind {
        ErrorKind::Authentication => "authentication_token_not_valid",
        ErrorKind::PermissionDenied => "no_associated_service_instance_error",
        ErrorKind::NotFound => "model_not_supported",
        ErrorKind::RateLimited => "rate_limit_reached_requests",
        ErrorKind::QuotaExceeded => "token_quota_reached",
        ErrorKind::InvalidRequest | ErrorKind::ContextLength | ErrorKind::ContentFiltered => {
            "invalid_request_entity"
        }
        ErrorKind::Overloaded
        | ErrorKind::Timeout
        | ErrorKind::Server
        | ErrorKind::StreamInterrupted
        | ErrorKind::Cancelled => "internal_error",
    }
}

/// `GET /ml/v1/foundation_model_specs`.
#[derive(Clone, Copy, Debug)]
struct Listing;

impl ModelListing for Listing {
    fn path(&self) -> &'static str {
        "/ml/v1/foundation_model_specs"
    }

    fn query(&self, _after: Option<&str>) -> Vec<(&'static str, String)> {
        alloc::vec![("version", API_VERSION.to_owned()), ("limit", "200".to_owned())]
    }

    fn decode_page(&self, body: &[u8]) -> Result<ModelPage, StreamError> {
        let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let list = fields
            .take_array("resources")
            .ok_or_else(|| StreamError::Malformed("the answer is not a list of models".to_owned()))?;
        let read = |entry: Value<'_>| {
            let mut fields = entry.object()?;
            Some(ModelInfo {
                id: fields.take_string("model_id")?,
                created: None,
                owned_by: fields.take_string("provider"),
                raw: entry.to_json(),
            })
        };
        Ok(ModelPage { models: list.into_iter().filter_map(read).collect(), next: None })
    }

    fn encode_page(&self, models: &[&str]) -> Vec<u8> {
        Json::object(&Extra::new(), |body| {
            body.field("total_count", models.len()).array("resources", models, |out, id| {
                let mut entry = ObjectWriter::begin(out);
                entry.field("model_id", *id).field("label", *id).field("provider", "ferrule-sim");
                entry.finish();
            });
        })
        .text()
        .as_bytes()
        .to_owned()
    }
}
