//! Encoding of requests: a conversation as one query.

use super::carried::{CARRIED, NAME};
use crate::dialect::shared::prompt::Prompt;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::ObjectWriter;
use crate::model::Request;
use alloc::vec::Vec;

/// Writes the HTTP request that asks `request`.
pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let mut refusals = Refusals::new(NAME, options);
    let request = &*CARRIED.fit(request, options.quirks, &mut refusals)?;
    let query = Prompt::from_messages(&request.messages, &mut refusals)?.whole();
    let mut out = Vec::with_capacity(query.len() + 64);
    let mut body = ObjectWriter::begin_with(&mut out, &request.extra);
    body.field("query", &query).field("model", &request.model);
    body.finish();
    Ok(EncodedRequest { path: "/query".into(), body: out, headers: Vec::new(), dropped: refusals.dropped })
}
