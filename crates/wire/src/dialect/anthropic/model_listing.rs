//! List of models, in pages.

use crate::dialect::shared::model_list;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter};
use crate::operation::{Codec, EncodedResponse, HttpRequest, ModelListRequest, ModelListing, ModelPage};
use alloc::vec::Vec;

/// `GET /v1/models`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing;

impl Codec<ModelListing> for Listing {
    fn encode_request(
        &self,
        request: &ModelListRequest,
        _options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let after = request.after.as_deref();
        Ok(model_list::request("/v1/models", &[("limit", Some("1000")), ("after_id", after)]))
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<ModelPage, StreamError> {
        let mut page = model_list::decode(body)?;
        page.next = Fields::parse(body).ok().and_then(|mut fields| {
            fields.take_bool("has_more").filter(|more| *more)?;
            fields.take_string("last_id")
        });
        Ok(page)
    }

    fn decode_request(&self, _request: HttpRequest<'_>) -> Result<ModelListRequest, JsonError> {
        Ok(ModelListRequest::default())
    }

    fn encode_response(&self, page: &ModelPage, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.array("data", &page.models, |out, model| {
            let id = &model.id;
            let mut entry = ObjectWriter::begin(out);
            entry.field("id", id).field("type", "model").field("display_name", id);
            entry.field("created_at", model_list::created_at(model)).field("lifecycle", "active");
            entry.finish();
        });
        body.field("has_more", false);
        body.optional("first_id", page.models.first().map(|model| &model.id));
        body.optional("last_id", page.models.last().map(|model| &model.id));
        body.finish();
        EncodedResponse::json(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let page = Listing
            .decode_response(Headers::default(), br#"{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}"#)
            .unwrap();
        assert_eq!(page.next.as_deref(), Some("a"));
        let request = ModelListRequest { after: page.next };
        let encoded = Listing.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/v1/models?limit=1000&after_id=a");
        let page = Listing
            .decode_response(
                Headers::default(),
                &Listing.encode_response(&ModelPage::named(&["a", "b"]), HttpRequest::default()).body,
            )
            .unwrap();
        assert_eq!(page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(page.next, None);
    }
}
