//! Encoding of generateContent and streamGenerateContent requests.

use super::model_name::{self, Family};
use super::{
    carried::CARRIED,
    content, generation,
    host::{FORMAT, Host},
    thinking, tools,
};
use crate::dialect::shared::{foreign, nested};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::ObjectWriter;
use crate::model::Request;
use alloc::vec::Vec;

pub(super) fn encode(
    host: Host,
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let (body, dropped) = encode_body(host, request, options)?;
    let method = if request.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    Ok(EncodedRequest { path: model_name::path(&request.model, method), body, headers: Vec::new(), dropped })
}

/// The body, and what was left out.
pub(super) fn encode_body(
    host: Host,
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<(Vec<u8>, Vec<UnsupportedField>), UnsupportedField> {
    let request = &*foreign::for_format(request, FORMAT, options.quirks);
    let family = Family::from_model(&request.model);
    let mut refusals = Refusals::new(host.name(), options);
    let request = &*CARRIED.fit(request, options.quirks, &mut refusals)?;
    content::check(request, family, &mut refusals)?;
    let thinking = thinking::plan(request);

    let mut extra = request.extra.clone();
    let own_settings = generation::take_own(&mut extra);
    let mut own_config = nested::take(&mut extra, "toolConfig");
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    content::encode(host, request, family, &mut body);
    tools::encode(request, &mut own_config, &mut body);
    generation::encode(request, &thinking, &own_settings, &mut body);
    body.optional("serviceTier", request.service_tier.as_ref());
    body.finish();
    Ok((out, refusals.dropped))
}
