//! Lists of models: `GET /models`, without pages. Most providers of OpenAI's forms have it.

use crate::dialect::shared::model_list;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{JsonError, ObjectWriter};
use crate::operation::{Codec, EncodedResponse, HttpRequest, ModelListRequest, ModelListing, ModelPage};
use alloc::vec::Vec;

/// `GET /models`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAiListing;

impl Codec<ModelListing> for OpenAiListing {
    fn encode_request(
        &self,
        _request: &ModelListRequest,
        _options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        Ok(model_list::request("/models", &[]))
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
        body.field("object", "list").array("data", &page.models, |out, model| {
            let mut entry = ObjectWriter::begin(out);
            entry.field("id", &model.id).field("object", "model");
            entry.field("created", model.created.unwrap_or_default());
            entry.field("owned_by", model.owned_by.as_deref().unwrap_or_default());
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
    fn a_list_is_read_as_it_was_written() {
        let page = ModelPage::named(&["a", "b"]);
        let written = OpenAiListing.encode_response(&page, HttpRequest::default()).body;
        let read = OpenAiListing.decode_response(Headers::default(), &written).unwrap();
        assert_eq!(read.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["a", "b"]);
        let encoded =
            OpenAiListing.encode_request(&ModelListRequest::default(), EncodeOptions::REFUSE).unwrap();
        assert_eq!((encoded.path.as_str(), encoded.body.len()), ("/models", 0));
    }
}
