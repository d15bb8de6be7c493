//! Encoding of requests: OpenAI's request under watsonx's addresses and names.

use super::address::{DEPLOYMENT, take_version};
use super::carried::NAME;
use crate::dialect::{Dialect, openai_chat::OpenAiChat, shared::address::push_segment};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::json::{Fields, ObjectWriter};
use crate::model::Request;
use crate::quirks::Feature;
use alloc::{borrow::Cow, format, string::String, vec::Vec};

/// Writes the HTTP request that asks `request`.
pub(super) fn encode(
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

/// The address says which deployment answers, and whether the answer is streamed.
fn path(request: &Request, version: &str) -> String {
    let deployment = request.model.strip_prefix(DEPLOYMENT).map(|id| {
        let mut path = String::from("/deployments/");
        push_segment(&mut path, id);
        path
    });
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
