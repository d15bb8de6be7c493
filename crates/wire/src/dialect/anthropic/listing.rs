//! List of models, in pages.

use crate::framing::StreamError;
use crate::json::{Fields, ObjectWriter};
use crate::operation::{ModelListing, ModelPage, decode_list};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// `GET /v1/models`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing;

impl ModelListing for Listing {
    fn path(&self) -> &'static str {
        "/v1/models"
    }

    fn query(&self, after: Option<&str>) -> Vec<(&'static str, String)> {
        let mut query = alloc::vec![("limit", "1000".to_owned())];
        query.extend(after.map(|after| ("after_id", after.to_owned())));
        query
    }

    fn decode_page(&self, body: &[u8]) -> Result<ModelPage, StreamError> {
        let mut page = decode_list(body)?;
        page.next = Fields::parse(body).ok().and_then(|mut fields| {
            fields.take_bool("has_more").filter(|more| *more)?;
            fields.take_string("last_id")
        });
        Ok(page)
    }

    fn encode_page(&self, models: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.array("data", models, |out, id| {
            let mut entry = ObjectWriter::begin(out);
            entry.field("id", *id).field("type", "model").field("display_name", *id);
            entry.field("created_at", "2026-01-01T00:00:00Z").field("lifecycle", "active");
            entry.finish();
        });
        body.field("has_more", false);
        body.optional("first_id", models.first().copied()).optional("last_id", models.last().copied());
        body.finish();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let page = Listing.decode_page(br#"{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}"#).unwrap();
        assert_eq!(page.next.as_deref(), Some("a"));
        assert_eq!(Listing.query(page.next.as_deref())[1], ("after_id", "a".to_owned()));
        let page = Listing.decode_page(&Listing.encode_page(&["a", "b"])).unwrap();
        assert_eq!(page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(page.next, None);
    }
}
