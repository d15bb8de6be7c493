//! Lists of models, as far as dialects share them: the request for a page, and the usual formats of a page.

use super::address::push_segment;
use crate::encode::EncodedRequest;
use crate::framing::StreamError;
use crate::json::Value;
use crate::operation::{ModelInfo, ModelPage};
use alloc::{borrow::ToOwned, format, string::String, string::ToString};

/// `GET path?name=value&...`; parameters without a value are left out.
pub(crate) fn request(path: &str, parameters: &[(&str, Option<&str>)]) -> EncodedRequest {
    let mut whole = path.to_owned();
    let mut separator = '?';
    for (name, value) in parameters {
        let Some(value) = value else { continue };
        whole.push(separator);
        whole.push_str(name);
        whole.push('=');
        push_segment(&mut whole, value);
        separator = '&';
    }
    EncodedRequest { path: whole, ..EncodedRequest::default() }
}

/// When the model was created, as RFC 3339 has it; 1970 where that is not known and the field is required.
pub(crate) fn created_at(model: &ModelInfo) -> String {
    let seconds = model.created.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or_default();
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// Reads `{"data": [...]}`, `{"models": [...]}` or a bare array; entries are objects or names.
pub(crate) fn decode(body: &[u8]) -> Result<ModelPage, StreamError> {
    let value = Value::parse(body)
        .map_err(|error| StreamError::Malformed(format!("malformed list of models: {error}")))?;
    let list = match value.object() {
        None => value.array(),
        Some(mut fields) => fields.take_array("data").or_else(|| fields.take_array("models")),
    };
    let list = list.ok_or_else(|| StreamError::Malformed("the answer is not a list of models".to_owned()))?;
    Ok(ModelPage { models: list.into_iter().filter_map(decode_entry).collect(), next: None })
}

/// One entry, an object or a name; `None` where it has no name.
fn decode_entry(entry: Value<'_>) -> Option<ModelInfo> {
    let raw = entry.to_json();
    let Some(mut fields) = entry.object() else {
        return Some(ModelInfo { id: entry.string()?, created: None, owned_by: None, raw });
    };
    let id = fields.take_string("id").or_else(|| fields.take_string("name"))?;
    let created =
        fields.take_f64("created").filter(|seconds| *seconds >= 0.0).map(|seconds| seconds as u64).or_else(
            || fields.take_string("created_at")?.parse::<jiff::Timestamp>().ok()?.as_second().try_into().ok(),
        );
    Some(ModelInfo { id, created, owned_by: fields.take_string("owned_by"), raw })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn reads_every_shape() {
        let ids = |body: &str| {
            decode(body.as_bytes()).unwrap().models.into_iter().map(|model| model.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(r#"{"object":"list","data":[{"id":"a"},{"id":"b"}]}"#), ["a", "b"]);
        assert_eq!(ids(r#"{"models":[{"name":"a"}]}"#), ["a"]);
        assert_eq!(ids(r#"[{"id":"a"},"b",{"neither":1}]"#), ["a", "b"]);
        assert!(decode(br#"{"error":{"message":"no"}}"#).is_err());
        assert!(decode(b"<html>").is_err());
    }

    #[test]
    fn reads_dates() {
        let body = r#"{"data":[{"id":"a","created":1700000000.5,"owned_by":"x"},
            {"id":"b","created_at":"2025-01-01T00:00:00Z"}]}"#;
        let page = decode(body.as_bytes()).unwrap();
        assert_eq!(page.models[0].created, Some(1_700_000_000));
        assert_eq!(page.models[0].owned_by.as_deref(), Some("x"));
        assert_eq!(page.models[1].created, Some(1_735_689_600));
        assert_eq!(page.next, None);
    }
}
