//! List of the models on the machine: `GET /api/tags`.

use crate::json::ObjectWriter;
use crate::operation::ModelListing;
use alloc::vec::Vec;

#[derive(Clone, Copy, Debug)]
pub(super) struct Listing;

impl ModelListing for Listing {
    fn path(&self) -> &'static str {
        "/api/tags"
    }

    fn encode_page(&self, models: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.array("models", models, |out, name| {
            let mut entry = ObjectWriter::begin(out);
            entry.field("name", *name).field("model", *name);
            entry.field("modified_at", "2026-01-01T00:00:00Z").field("size", 0_u64).field("digest", "");
            entry.object("details", |details| _ = details.field("format", "gguf"));
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
    fn names_are_read_and_the_whole_entry_is_kept() {
        let body = br#"{"models":[{"name":"llama3.2:latest","model":"llama3.2:latest","size":1,"capabilities":["tools"]}]}"#;
        let page = Listing.decode_page(body).unwrap();
        assert_eq!(page.models[0].id, "llama3.2:latest");
        assert!(page.models[0].raw.text().contains("capabilities"));
        let page = Listing.decode_page(&Listing.encode_page(&["a", "b"])).unwrap();
        assert_eq!(page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["a", "b"]);
    }
}
