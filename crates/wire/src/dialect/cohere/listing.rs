//! List of models, in pages: `GET /v1/models`.

use crate::framing::StreamError;
use crate::json::{Fields, ObjectWriter};
use crate::operation::{ModelListing, ModelPage, decode_list};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

#[derive(Clone, Copy, Debug)]
pub(super) struct Listing;

impl ModelListing for Listing {
    fn path(&self) -> &'static str {
        "/v1/models"
    }

    fn query(&self, after: Option<&str>) -> Vec<(&'static str, String)> {
        let mut query = alloc::vec![("page_size", "1000".to_owned())];
        query.extend(after.map(|after| ("page_token", after.to_owned())));
        query
    }

    fn decode_page(&self, body: &[u8]) -> Result<ModelPage, StreamError> {
        let mut page = decode_list(body)?;
        let next = Fields::parse(body).ok().and_then(|mut fields| fields.take_string("next_page_token"));
        page.next = next.filter(|token| !token.is_empty());
        Ok(page)
    }

    fn encode_page(&self, models: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.array("models", models, |out, name| {
            let mut entry = ObjectWriter::begin(out);
            entry.field("name", *name).field("endpoints", ["chat"].as_slice());
            entry.field("is_deprecated", false);
            entry.finish();
        });
        body.finish();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let body = br#"{"models":[{"name":"command-a","context_length":256000}],"next_page_token":"t"}"#;
        let page = Listing.decode_page(body).unwrap();
        assert_eq!(page.models[0].id, "command-a");
        assert_eq!(page.next.as_deref(), Some("t"));
        assert_eq!(Listing.query(page.next.as_deref())[1], ("page_token", "t".to_owned()));
        let page = Listing.decode_page(&Listing.encode_page(&["a", "b"])).unwrap();
        assert_eq!(page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(page.next, None);
        assert_eq!(Listing.decode_page(br#"{"models":[],"next_page_token":""}"#).unwrap().next, None);
    }
}
