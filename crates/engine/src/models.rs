//! The models a provider offers.

use crate::{Failure, ModelInfo, call::Receive, send::Incoming, target::Target};
use ferrule_wire::json::Value;

/// More pages than any provider has.
pub(crate) const MOST_PAGES: usize = 100;

/// Where a dialect's providers list their models, and whether in pages.
pub(crate) fn path(dialect: &str) -> (&'static str, bool) {
    match dialect {
        "anthropic" => ("/v1/models", true),
        _ => ("/models", false),
    }
}

/// Reads one page.
#[derive(Debug)]
pub(crate) struct Listing;

/// One page.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) models: Vec<ModelInfo>,
    /// The id after which the next page begins, where there is one.
    pub(crate) next: Option<String>,
}

impl Receive for Listing {
    type Answer = Page;

    async fn receive(&self, mut incoming: Incoming, _: &Target) -> Result<Page, Failure> {
        let body = incoming.body().await?;
        page(&body).map_err(|what| incoming.unreadable(Failure::Unreadable(what)))
    }
}

/// Reads `{"data": [...]}`, `{"models": [...]}` or a bare array; entries are objects or names.
fn page(body: &[u8]) -> Result<Page, String> {
    let value = Value::parse(body).map_err(|error| format!("malformed list of models: {error}"))?;
    let mut fields = value.object();
    let list = match &mut fields {
        None => value.array(),
        Some(fields) => fields.take_array("data").or_else(|| fields.take_array("models")),
    };
    let models = list.ok_or("the answer is no list of models")?.into_iter().filter_map(model).collect();
    let next = fields.and_then(|mut fields| {
        fields.take_bool("has_more").filter(|more| *more)?;
        fields.take_string("last_id")
    });
    Ok(Page { models, next })
}

fn model(entry: Value<'_>) -> Option<ModelInfo> {
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
            page(body.as_bytes()).unwrap().models.into_iter().map(|model| model.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(r#"{"object":"list","data":[{"id":"a"},{"id":"b"}]}"#), ["a", "b"]);
        assert_eq!(ids(r#"{"models":[{"name":"a"}]}"#), ["a"]);
        assert_eq!(ids(r#"[{"id":"a"},"b",{"neither":1}]"#), ["a", "b"]);
        assert!(page(br#"{"error":{"message":"no"}}"#).is_err());
        assert!(page(b"<html>").is_err());
    }

    #[test]
    fn reads_dates_and_pages() {
        let body = r#"{"data":[{"id":"a","created":1700000000.5,"owned_by":"x"},
            {"id":"b","created_at":"2025-01-01T00:00:00Z"}],"has_more":true,"last_id":"b"}"#;
        let page = page(body.as_bytes()).unwrap();
        assert_eq!(page.models[0].created, Some(1_700_000_000));
        assert_eq!(page.models[0].owned_by.as_deref(), Some("x"));
        assert_eq!(page.models[1].created, Some(1_735_689_600));
        assert_eq!(page.next.as_deref(), Some("b"));
    }
}
