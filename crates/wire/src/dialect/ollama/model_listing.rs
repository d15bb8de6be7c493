//! List of models: those that are on the machine: `GET /api/tags`.

use crate::dialect::shared::model_list;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{JsonError, ObjectWriter};
use crate::operation::{Codec, EncodedResponse, HttpRequest, ModelListRequest, ModelListing, ModelPage};
use alloc::vec::Vec;

#[derive(Clone, Copy, Debug)]
pub(super) struct Listing;

impl Codec<ModelListing> for Listing {
    fn encode_request(
        &self,
        _request: &ModelListRequest,
        _options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        Ok(model_list::request("/api/tags", &[]))
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<ModelPage, StreamError> {
        model_list::decode(body)
    }

    fn decode_request(&self, _request: HttpRequest<'_>) -> Result<ModelListRequest, JsonError> {
        Ok(ModelListRequest::default())
    }

    fn encode_response(&self, page: &ModelPage, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.array("models", &page.models, |out, model| {
            let name = &model.id;
            let mut entry = ObjectWriter::begin(out);
            entry.field("name", name).field("model", name);
            entry
                .field("modified_at", model_list::created_at(model))
                .field("size", 0_u64)
                .field("digest", "");
            entry.object("details", |details| _ = details.field("format", "gguf"));
            entry.finish();
        });
        body.finish();
        EncodedResponse::json(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_the_whole_entry_is_kept() {
        let body = br#"{"models":[{"name":"llama3.2:latest","model":"llama3.2:latest","size":1,"capabilities":["tools"]}]}"#;
        let page = Listing.decode_response(Headers::default(), body).unwrap();
        assert_eq!(page.models[0].id, "llama3.2:latest");
        assert!(page.models[0].raw.text().contains("capabilities"));
        let page = Listing
            .decode_response(
                Headers::default(),
                &Listing.encode_response(&ModelPage::named(&["a", "b"]), HttpRequest::default()).body,
            )
            .unwrap();
        assert_eq!(page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["a", "b"]);
    }
}
