//! List of models. It is not at the runtime's host but at `bedrock.{region}`: `GET /foundation-models`.

use crate::dialect::shared::model_list;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter, Value};
use crate::operation::{
    Codec, EncodedResponse, HttpRequest, ModelInfo, ModelListRequest, ModelListing, ModelPage,
};
use alloc::{borrow::ToOwned, format, string::ToString, vec::Vec};

/// `GET /foundation-models`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing;

impl Codec<ModelListing> for Listing {
    fn encode_request(
        &self,
        _request: &ModelListRequest,
        _options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        Ok(model_list::request("/foundation-models", &[]))
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<ModelPage, StreamError> {
        let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let summaries = fields
            .take_array("modelSummaries")
            .ok_or_else(|| StreamError::Malformed("the answer has no modelSummaries".to_owned()))?;
        Ok(ModelPage { models: summaries.into_iter().filter_map(decode_entry).collect(), next: None })
    }

    fn decode_request(&self, _request: HttpRequest<'_>) -> Result<ModelListRequest, JsonError> {
        Ok(ModelListRequest::default())
    }

    fn encode_response(&self, page: &ModelPage, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.array("modelSummaries", &page.models, |out, model| {
            let id = &model.id;
            let mut entry = ObjectWriter::begin(out);
            // Amazon's clients demand it.
            entry.field("modelArn", format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"));
            entry
                .field("modelId", id)
                .field("modelName", id)
                .field("providerName", model.owned_by.as_deref().unwrap_or_default());
            entry.field("responseStreamingSupported", true);
            entry.finish();
        });
        body.finish();
        EncodedResponse::json(out)
    }
}

fn decode_entry(entry: Value<'_>) -> Option<ModelInfo> {
    let raw = entry.to_json();
    let mut fields = entry.object()?;
    let id = fields.take_string("modelId")?;
    Some(ModelInfo { id, created: None, owned_by: fields.take_string("providerName"), raw })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_models() {
        let page = Listing.decode_response(
            Headers::default(),
            br#"{"modelSummaries":[{"modelId":"a:0","providerName":"Amazon"},{"x":1}]}"#,
        );
        let models = page.unwrap().models;
        assert_eq!((models.len(), &*models[0].id, models[0].owned_by.as_deref()), (1, "a:0", Some("Amazon")));
        let page = Listing
            .decode_response(
                Headers::default(),
                &Listing.encode_response(&ModelPage::named(&["a", "b"]), HttpRequest::default()).body,
            )
            .unwrap();
        assert_eq!(page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["a", "b"]);
        assert!(page.models[0].raw.text().contains("foundation-model/a"));
        assert!(Listing.decode_response(Headers::default(), br#"{"message":"no"}"#).is_err());
        assert!(Listing.decode_response(Headers::default(), b"<html>").is_err());
    }
}
