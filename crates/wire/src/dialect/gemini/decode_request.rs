//! Decoding of generateContent requests, as a server. Model and stream are in the address.

use super::{content, generation, model_name, tools};
use crate::json::{Extra, Fields, JsonError};
use crate::model::Request;
use alloc::borrow::ToOwned;

pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    decode_fields(Fields::parse(body)?)
}

pub(super) fn decode_fields(mut body: Fields<'_>) -> Result<Request, JsonError> {
    body.camel_case();
    let mut kept = Extra::new();
    let mut request = Request { messages: content::take(&mut body)?, ..Request::default() };
    // Not needed as the address has it, but some clients write it, and countTokens has it here.
    if let Some(model) = body.take_string("model") {
        model_name::plain(&model).clone_into(&mut request.model);
    }
    (request.tools, request.tool_choice) = tools::take(&mut body, &mut kept);
    generation::take(&mut body, &mut request, &mut kept);
    request.service_tier = body.take_string("serviceTier");
    request.extra = body.rest();
    for (name, value) in kept.iter() {
        request.extra.insert(name, value.clone());
    }
    Ok(request)
}
