//! Images, speech and transcription: what the three have in common.

use super::usage;
use crate::dialect::openai_chat::error;
use crate::encode::{EncodedRequest, Refusals};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, JsonError, ObjectWriter, Value};
use crate::model::Usage;
use crate::quirks::Quirks;
use alloc::{format, string::String, string::ToString, vec::Vec};

/// A request with a JSON body.
pub(super) fn json_request(
    path: &str,
    model: &str,
    quirks: &Quirks,
    extra: &Extra,
    refusals: Refusals,
    write: impl FnOnce(&mut ObjectWriter<'_>),
) -> EncodedRequest {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, extra);
    let model = quirks.model(model);
    body.field("model", &*model);
    write(&mut body);
    body.finish();
    EncodedRequest {
        path: quirks.path(path, &model),
        body: out,
        headers: Vec::new(),
        dropped: refusals.dropped,
    }
}

/// Reads a JSON body.
pub(super) fn parse(body: &[u8]) -> Result<Value<'_>, StreamError> {
    Value::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))
}

/// The fields of a body; the error in it where it is a list with one.
pub(super) fn object(value: Value<'_>) -> Result<Fields<'_>, StreamError> {
    let unknown = || StreamError::Malformed("expected a JSON object".into());
    value.object().ok_or_else(|| error::in_list(value).unwrap_or_else(unknown))
}

/// Takes out what was used, under these names.
pub(super) fn take_usage(fields: &mut Fields<'_>, names: usage::Names) -> Option<Usage> {
    let used = usage::decode_named(fields.get("usage")?, names)?;
    fields.take("usage");
    Some(used)
}

/// Server: takes out a text that a request has to have, in the words of OpenAI's API.
pub(super) fn take_required(fields: &mut Fields<'_>, name: &str) -> Result<String, JsonError> {
    fields.take_string(name).ok_or_else(|| missing(name))
}

/// Server: what a request has to have and does not.
pub(super) fn missing(name: &str) -> JsonError {
    JsonError::new(format!("Missing required parameter: '{name}'."))
}
