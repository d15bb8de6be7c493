//! The answer to a plain call, read as a whole.

use crate::{Failure, call::Receive, send::Incoming, target::Target};
use bytes::Bytes;
use ferrule_wire::{dialect::shared::signer, framing::StreamError, json::Json, model::Response};
use http::HeaderMap;

/// Reads the whole answer.
#[derive(Debug)]
pub(crate) struct Whole;

/// The whole answer.
pub(crate) struct WholeAnswer {
    pub(crate) response: Response,
    pub(crate) raw: Bytes,
    pub(crate) request_id: Option<String>,
}

impl Receive for Whole {
    type Answer = WholeAnswer;

    async fn receive(&self, mut incoming: Incoming, target: &Target) -> Result<WholeAnswer, Failure> {
        let raw = incoming.body().await?;
        match target.provider.dialect.decode_response(&raw) {
            Ok(mut response) => {
                target.provider.quirks.adjust(&mut response);
                add_told_by_headers(incoming.headers(), &mut response);
                signer::sign(&mut response, &target.signer());
                Ok(WholeAnswer { response, raw, request_id: incoming.request_id() })
            }
            Err(StreamError::Provider(mut error)) => {
                if error.request_id.is_none() {
                    error.request_id = incoming.request_id();
                }
                Err(Failure::Provider(error))
            }
            Err(error) => Err(incoming.unreadable(error.into())),
        }
    }
}

/// What a LiteLLM proxy says that the answer cost (`docs/wire/litellm-proxy.md`, section 3), in dollars.
pub(crate) fn told_cost(headers: &HeaderMap) -> Option<Json> {
    let cost = headers.get("x-litellm-response-cost")?.to_str().ok()?;
    Json::parse(cost).ok().filter(|cost| cost.value().f64().is_some())
}

/// What a LiteLLM proxy says beside the answer (`docs/wire/litellm-proxy.md`, section 3): what it cost, and who
/// answered.
fn add_told_by_headers(headers: &HeaderMap, response: &mut Response) {
    let told = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(cost) = told_cost(headers) {
        let usage = response.usage.get_or_insert_default();
        if usage.extra.get("cost").is_none() {
            usage.extra.insert("cost", cost);
        }
    }
    for name in ["x-litellm-model-id", "x-litellm-model-api-base"] {
        if let Some(value) = told(name) {
            response.extra.insert(name.trim_start_matches("x-").replace('-', "_"), Json::string(value));
        }
    }
}
