//! List of models. It is not at the runtime's host but at `bedrock.{region}`: `GET /foundation-models`.

use crate::framing::StreamError;
use crate::json::{Fields, ObjectWriter, Value};
use crate::operation::{ModelInfo, ModelListing, ModelPage};
use alloc::{borrow::ToOwned, format, string::ToString, vec::Vec};

/// `GET /foundation-models`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing;

impl ModelListing for Listing {
    fn path(&self) -> &'static str {
        "/foundation-models"
    }

    fn decode_page(&self, body: &[u8]) -> Result<ModelPage, StreamError> {
        let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let summaries = fields
            .take_array("modelSummaries")
            .ok_or_else(|| StreamError::Malformed("the answer has no modelSummaries".to_owned()))?;
        Ok(ModelPage { models: summaries.into_iter().filter_map(decode_entry).collect(), next: None })
    }

    fn encode_page(&self, models: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.array("modelSummaries", models, |out, id| {
            let mut entry = ObjectWriter::begin(out);
            // Amazon's clients demand it.
            entry.field("modelArn", format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"));
            entry.field("modelId", *id).field("modelName", *id).field("providerName", "ferrule-sim");
            entry.field("responseStreamingSupported", true);
            entry.finish();
        });
        body.finish();
        out
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
        let page =
            Listing.decode_page(br#"{"modelSummaries":[{"modelId":"a:0","providerName":"Amazon"},{"x":1}]}"#);
        let models = page.unwrap().models;
        assert_eq!((models.len(), &*models[0].id, models[0].owned_by.as_deref()), (1, "a:0", Some("Amazon")));
        let page = Listing.decode_page(&Listing.encode_page(&["a", "b"])).unwrap();
        assert_eq!(page.models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["a", "b"]);
        assert!(page.models[0].raw.text().contains("foundation-model/a"));
        assert!(Listing.decode_page(br#"{"message":"no"}"#).is_err());
        assert!(Listing.decode_page(b"<html>").is_err());
    }
}
