//! The models a provider offers.

use crate::framing::StreamError;
use crate::json::{Json, ObjectWriter, Value};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// A model a provider offers.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// The provider's name of it.
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub created: Option<u64>,
    /// Who made it.
    pub owned_by: Option<String>,
    /// The provider's whole entry.
    pub raw: Json,
}

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelPage {
    /// The models.
    pub models: Vec<ModelInfo>,
    /// What the next page is asked for with, where there is one.
    pub next: Option<String>,
}

/// A dialect's list of models. What is not overridden is OpenAI's: `GET /models`, no pages.
pub trait ModelListing: Sync {
    /// What follows the provider's base URL.
    fn path(&self) -> &'static str {
        "/models"
    }

    /// The URL's parameters for the page after `after`, the first where absent.
    fn query(&self, after: Option<&str>) -> Vec<(&'static str, String)> {
        let _ = after;
        Vec::new()
    }

    /// Client: reads one page.
    fn decode_page(&self, body: &[u8]) -> Result<ModelPage, StreamError> {
        decode_list(body)
    }

    /// Server: the whole list as one page.
    fn encode_page(&self, models: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.field("object", "list").array("data", models, |out, id| {
            let mut entry = ObjectWriter::begin(out);
            entry.field("id", *id).field("object", "model").field("created", 1_767_225_600_u64);
            entry.field("owned_by", "ferrule-sim");
            entry.finish();
        });
        body.finish();
        out
    }
}

/// OpenAI's list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAiListing;

impl ModelListing for OpenAiListing {}

/// Reads `{"data": [...]}`, `{"models": [...]}` or a bare array; entries are objects or names.
pub(crate) fn decode_list(body: &[u8]) -> Result<ModelPage, StreamError> {
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

    #[test]
    fn reads_every_shape() {
        let ids = |body: &str| {
            decode_list(body.as_bytes()).unwrap().models.into_iter().map(|model| model.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(r#"{"object":"list","data":[{"id":"a"},{"id":"b"}]}"#), ["a", "b"]);
        assert_eq!(ids(r#"{"models":[{"name":"a"}]}"#), ["a"]);
        assert_eq!(ids(r#"[{"id":"a"},"b",{"neither":1}]"#), ["a", "b"]);
        assert!(decode_list(br#"{"error":{"message":"no"}}"#).is_err());
        assert!(decode_list(b"<html>").is_err());
        assert_eq!(ids(core::str::from_utf8(&OpenAiListing.encode_page(&["a", "b"])).unwrap()), ["a", "b"]);
    }

    #[test]
    fn reads_dates() {
        let body = r#"{"data":[{"id":"a","created":1700000000.5,"owned_by":"x"},
            {"id":"b","created_at":"2025-01-01T00:00:00Z"}]}"#;
        let page = decode_list(body.as_bytes()).unwrap();
        assert_eq!(page.models[0].created, Some(1_700_000_000));
        assert_eq!(page.models[0].owned_by.as_deref(), Some("x"));
        assert_eq!(page.models[1].created, Some(1_735_689_600));
        assert_eq!(page.next, None);
    }
}
