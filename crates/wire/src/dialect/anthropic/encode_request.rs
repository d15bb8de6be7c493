//! Encoding of Messages requests: the body of `POST /v1/messages`.

use super::block::encode_cache;
use super::carried::{CARRIED, NAME, refuses_sampling};
use super::reasoning::{self, Thinking};
use super::{tools, turns, unsupported};
use crate::dialect::shared::{
    foreign, hosted_declaration, nested,
    prompt_cache::{self, Places},
};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::{Extra, Json, ObjectWriter};
use crate::model::{Request, ResponseFormat};
use crate::schema::{self, Held};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// The API version asked for: the one that every host and model knows.
const API_VERSION: &str = "2023-06-01";
/// Lists of it are merged: `crates/engine/src/prepare.rs`.
pub(super) const BETA_HEADER: &str = "anthropic-beta";

pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let (body, dropped) = encode_body(request, options, |body| {
        body.field("model", &request.model);
    })?;
    let given = &options.quirks.api_version;
    let version = if given.is_empty() { API_VERSION } else { given };
    let mut headers = alloc::vec![("anthropic-version", version.to_owned())];
    headers.extend(betas_header(request, options));
    Ok(EncodedRequest { path: "/v1/messages".to_owned(), body, headers, dropped })
}

/// The header that names features which are not for everybody yet.
pub(super) fn betas_header(request: &Request, options: EncodeOptions<'_>) -> Option<(&'static str, String)> {
    let betas = betas(request, options);
    (!betas.is_empty()).then(|| (BETA_HEADER, betas.join(",")))
}

/// The caller's, and those of the tools that the provider runs.
pub(super) fn betas(request: &Request, options: EncodeOptions<'_>) -> Vec<String> {
    let mut refusals = Refusals::new(NAME, EncodeOptions { drop_unsupported: true, ..options });
    let fitted = hosted_declaration::fit(request, options.quirks, &mut refusals);
    fitted.ok().flatten().map_or_else(|| request.betas.clone(), |fitted| fitted.betas)
}

/// The body, which begins with what `begin` writes, and what was left out.
pub(super) fn encode_body(
    request: &Request,
    options: EncodeOptions<'_>,
    begin: impl FnOnce(&mut ObjectWriter<'_>),
) -> Result<(Vec<u8>, Vec<UnsupportedField>), UnsupportedField> {
    let request = &*foreign::for_format(request, NAME, options.quirks);
    let mut refusals = Refusals::new(NAME, options);
    let request = &*CARRIED.fit(request, options.quirks, &mut refusals)?;
    let request = &*prompt_cache::marked(request, Places { tools: true, hour: true });
    unsupported::check(request, &mut refusals)?;
    let carried = foreign::without_items(request, NAME);
    turns::check(&carried, &mut refusals)?;
    Ok((body(&carried, reasoning::plan(request), begin), refusals.dropped))
}

fn body(request: &Request, thinking: Thinking<'_>, begin: impl FnOnce(&mut ObjectWriter<'_>)) -> Vec<u8> {
    let mut extra = request.extra.clone();
    let nested_output = nested::take(&mut extra, "output_config");
    let nested_metadata = nested::take(&mut extra, "metadata");
    let nested_thinking = reasoning::take_nested_thinking(&mut extra);

    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    begin(&mut body);
    body.field("max_tokens", reasoning::max_tokens(request, thinking));
    turns::encode(request, &mut body);
    tools::encode(request, &mut body);
    reasoning::encode(request, thinking, &nested_thinking, &mut body);
    encode_output_config(request, thinking, &nested_output, &mut body);
    encode_sampling(request, &mut body);
    if !request.stop.is_empty() {
        body.field("stop_sequences", &request.stop);
    }
    encode_metadata(request, &nested_metadata, &mut body);
    body.optional("service_tier", request.service_tier.as_ref());
    body.optional("cache_control", request.cache.as_ref().map(encode_cache));
    if request.stream {
        body.field("stream", true);
    }
    body.finish();
    out
}

fn encode_output_config(
    request: &Request,
    thinking: Thinking<'_>,
    nested: &Extra,
    body: &mut ObjectWriter<'_>,
) {
    let effort = match thinking {
        Thinking::Adaptive(effort) | Thinking::Budget(_, effort) => effort,
        _ => None,
    };
    let format = match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema, strict, .. }) => {
            let (schema, _) = schema::fitted(&schema::ANTHROPIC, Held::Always, schema, *strict);
            Some(Json::object(&Extra::new(), |format| {
                format.field("type", "json_schema").field("schema", &*schema);
            }))
        }
        Some(ResponseFormat::Other(whole)) => Some(whole.clone()),
        Some(ResponseFormat::Text | ResponseFormat::Json) | None => None,
    };
    if effort.is_some() || format.is_some() || !nested.is_empty() {
        body.object_with("output_config", nested, |config| {
            config.optional("effort", effort).optional("format", format);
        });
    }
}

fn encode_sampling(request: &Request, body: &mut ObjectWriter<'_>) {
    // Of these, only neutral values are left where the model takes none.
    if !refuses_sampling(request) {
        body.optional("temperature", request.temperature);
        body.optional("top_p", request.top_p).optional("top_k", request.top_k);
    }
}

fn encode_metadata(request: &Request, nested: &Extra, body: &mut ObjectWriter<'_>) {
    let labelled = request.metadata.iter().find(|(name, _)| name == "user_id").map(|(_, value)| value);
    let user = request.user.as_ref().or(labelled);
    if user.is_some() || !nested.is_empty() {
        body.object_with("metadata", nested, |metadata| {
            metadata.optional("user_id", user);
        });
    }
}
