//! Replicate's predictions: a prompt and settings in, a text out, in pieces where it is streamed.
//!
//! A prediction is made by one request and followed by others, as [`Dialect::follow_up`] says.

mod carried;
mod decode_request;
mod decode_response;
mod decode_stream;
mod encode_request;
mod encode_response;
mod encode_stream;
mod error;

use super::{
    Dialect, FollowUp, FollowUpAction, FollowUpEndpoint, ReadFollowUp, ServerFacts, StreamDecoder,
    StreamEncoder, quota_by_status,
};
use crate::dialect::shared::{address::read_segment, model_list};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Fields, Json, JsonError, ObjectWriter};
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{
    Codec, EncodedResponse, Endpoint, HttpRequest, ModelInfo, ModelListRequest, ModelListing, ModelPage,
    OperationKind, Operations,
};
use alloc::{borrow::Cow, borrow::ToOwned, boxed::Box, format, string::ToString, vec::Vec};
use carried::NAME;

/// Replicate's predictions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replicate;

static OPERATIONS: Operations = Operations { model_listing: Some(&Listing), ..Operations::NONE };

impl Dialect for Replicate {
    fn name(&self) -> &'static str {
        NAME
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
        decode_response::response(body)
    }

    fn follow_up(&self) -> Option<ReadFollowUp> {
        Some(prediction)
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        Box::new(decode_stream::Decoder::new(limits))
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError> {
        decode_request::decode(body)
    }

    fn encode_response(&self, response: &Response) -> Vec<u8> {
        encode_response::prediction(response)
    }

    fn stream_encoder(&self, _request: &Request) -> Box<dyn StreamEncoder> {
        Box::new(encode_stream::Encoder::default())
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn endpoint<'a>(&self, path: &'a str) -> Option<Endpoint<'a>> {
        if path.ends_with("/v1/models") {
            return Some(Endpoint::new(OperationKind::ModelListing));
        }
        let path = path.strip_suffix("/predictions")?;
        let model = match path.rsplit_once("/v1/models/") {
            Some((_, name)) => Some(Cow::Borrowed(name)),
            None => path
                .rsplit_once("/v1/deployments/")
                .map(|(_, name)| Cow::Owned(format!("deployments/{name}"))),
        };
        (model.is_some() || path.ends_with("/v1")).then_some(Endpoint {
            operation: OperationKind::Chat,
            model,
            stream: None,
        })
    }

    fn operations(&self) -> &'static Operations {
        &OPERATIONS
    }

    fn follow_up_endpoint<'a>(&self, method: &str, path: &'a str) -> Option<FollowUpEndpoint<'a>> {
        let (_, rest) = path.rsplit_once("/v1/predictions/")?;
        let (id, action) = match rest.split_once('/') {
            None => (rest, FollowUpAction::Get),
            Some((id, "stream")) => (id, FollowUpAction::Stream),
            Some((id, "cancel")) => (id, FollowUpAction::Cancel),
            Some(_) => return None,
        };
        let expected = if action == FollowUpAction::Cancel { "POST" } else { "GET" };
        (method == expected && !id.is_empty()).then_some(FollowUpEndpoint { id, action })
    }

    /// Without a code in its errors, the status says that a quota is used up.
    fn error_status(&self, kind: ErrorKind) -> u16 {
        quota_by_status(kind)
    }

    fn server_facts(&self) -> &'static ServerFacts {
        // The id of a prediction is given when it is created.
        const FACTS: ServerFacts =
            ServerFacts { request_id_header: None, response_id_prefix: "", ..ServerFacts::OPENAI };
        &FACTS
    }

    /// A prediction names the version of its model.
    fn add_required_fields(&self, response: &mut Response) {
        if response.extra.get("version").is_none() {
            response.extra.insert("version", Json::string("hidden"));
        }
    }
}

/// Reads how far a prediction is. `None` where `body` is none.
fn prediction(body: &[u8]) -> Option<FollowUp> {
    let mut fields = Fields::parse(body).ok()?;
    let status = fields.take_string("status")?;
    let mut urls = fields.take_object("urls").unwrap_or_default();
    Some(FollowUp {
        is_over: !matches!(status.as_str(), "starting" | "processing" | "queued"),
        get: urls.take_string("get"),
        stream: urls.take_string("stream"),
        cancel: urls.take_string("cancel"),
        // It asks the first request to wait.
        drop_headers: &["prefer"],
    })
}

/// The models, in pages.
#[derive(Clone, Copy, Debug)]
struct Listing;

impl Codec<ModelListing> for Listing {
    fn encode_request(
        &self,
        request: &ModelListRequest,
        _options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        Ok(model_list::request("/v1/models", &[("cursor", request.after.as_deref())]))
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<ModelPage, StreamError> {
        let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let entries = fields
            .take_array("results")
            .ok_or_else(|| StreamError::Malformed("the answer is not a list of models".to_owned()))?;
        let models = entries.into_iter().filter_map(|entry| {
            let raw = entry.to_json();
            let mut fields = entry.object()?;
            let owner = fields.take_string("owner")?;
            let id = format!("{owner}/{}", fields.take_string("name")?);
            Some(ModelInfo { id, created: None, owned_by: Some(owner), raw })
        });
        let models = models.collect();
        let next = fields.take_string("next");
        let cursor = next.as_deref().and_then(|next| next.split_once("cursor=")).map(|(_, rest)| rest);
        let next = cursor.map(|cursor| read_segment(cursor.split('&').next().unwrap_or(cursor)).into_owned());
        Ok(ModelPage { models, next })
    }

    fn decode_request(&self, _request: HttpRequest<'_>) -> Result<ModelListRequest, JsonError> {
        Ok(ModelListRequest::default())
    }

    fn encode_response(&self, page: &ModelPage, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.nullable("previous", None::<&str>).nullable("next", None::<&str>);
        body.array("results", &page.models, |out, model| {
            let id = &model.id;
            let (owner, name) = id.split_once('/').unwrap_or(("simulated", id));
            let mut entry = ObjectWriter::begin(out);
            entry.field("owner", owner).field("name", name);
            entry.field("url", format!("https://replicate.com/{owner}/{name}").as_str());
            entry.field("visibility", "public").field("run_count", 0_u64);
            entry.finish();
        });
        body.finish();
        EncodedResponse::json(out)
    }
}
