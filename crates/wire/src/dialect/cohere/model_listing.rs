//! List of models, in pages: `GET /v1/models`.

use crate::dialect::shared::model_list;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter};
use crate::operation::{Codec, EncodedResponse, HttpRequest, ModelListRequest, ModelListing, ModelPage};
use alloc::vec::Vec;

#[derive(Clone, Copy, Debug)]
pub(super) struct Listing;

impl Codec<ModelListing> for Listing {
    fn encode_request(
        &self,
        request: &ModelListRequest,
        _options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let after = request.after.as_deref();
        Ok(model_list::request("/v1/models", &[("page_size", Some("1000")), ("page_token", after)]))
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<ModelPage, StreamError> {
        let mut page = model_list::decode(body)?;
        let next = Fields::parse(body).ok().and_then(|mut fields| fields.take_string("next_page_token"));
        page.next = next.filter(|token| !token.is_empty());
        Ok(page)
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
            entry.field("name", name).field("endpoints", ["chat"].as_slice());
            entry.field("is_deprecated", false);
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
    fn pages_follow_each_other() {
        let body = br#"{"models":[{"name":"command-a","context_length":256000}],"next_page_token":"t"}"#;
        let page = Listing.decode_response(Headers::default(), body).unwrap();
        assert_eq!(page.models[0].id, "command-a");
        assert_eq!(page.next.as_deref(), Some("t"));
        let request = ModelListRequest { after: page.next };
        let encoded = Listing.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/v1/models?page_size=1000&page_token=t");
        let page = Listing
            .decode_response(
                Headers::default(),
                &Listing.encode_response(&ModelPage::named(&["a", "b"]), HttpRequest::default()).body,
            )
            .unwrap();
        assert_eq!(page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(page.next, None);
        assert_eq!(
            Listing
                .decode_response(Headers::default(), br#"{"models":[],"next_page_token":""}"#)
                .unwrap()
                .next,
            None
        );
    }
}
