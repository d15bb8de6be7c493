//! List of models, in pages (section 6).

use super::model_name::{self, PUBLISHER};
use crate::dialect::shared::model_list;
use crate::dialect::shared::resource_name;
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter};
use crate::operation::{Codec, EncodedResponse, HttpRequest, ModelListRequest, ModelListing, ModelPage};
use alloc::{borrow::ToOwned, format, vec::Vec};

/// `GET /models`: of the Gemini API, or of a publisher's models on Vertex AI, where they belong to no project and only
/// the newer version of the API lists them (as google-genai's client asks for them).
#[derive(Clone, Copy, Debug)]
pub(in crate::dialect) enum Listing {
    GeminiApi,
    Publisher { name: &'static str, path: &'static str },
}

impl Listing {
    pub(super) const GOOGLES: Self =
        Self::Publisher { name: PUBLISHER, path: "v1beta1/publishers/google/models" };
    pub(in crate::dialect) const ANTHROPICS: Self =
        Self::Publisher { name: "anthropic", path: "v1beta1/publishers/anthropic/models" };
}

impl Codec<ModelListing> for Listing {
    fn encode_request(
        &self,
        request: &ModelListRequest,
        _options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let path = match self {
            Self::GeminiApi => "/models",
            Self::Publisher { path, .. } => path,
        };
        let after = request.after.as_deref();
        Ok(model_list::request(path, &[("pageSize", Some("1000")), ("pageToken", after)]))
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<ModelPage, StreamError> {
        let mut fields = Fields::parse(body).unwrap_or_default();
        let next = fields.take_string("nextPageToken").filter(|token| !token.is_empty());
        // Vertex has another name for the list.
        let publishers = fields.take_json("publisherModels");
        let mut page = match (&publishers, fields.get("models")) {
            (Some(list), _) => model_list::decode(list.text().as_bytes())?,
            // A page may be empty, and an empty list is left out.
            (None, None) if fields.is_empty() && body.trim_ascii_start().first() == Some(&b'{') => {
                ModelPage::default()
            }
            _ => model_list::decode(body)?,
        };
        let publisher = match self {
            Self::GeminiApi => PUBLISHER,
            Self::Publisher { name, .. } => name,
        };
        for model in &mut page.models {
            model.id = resource_name::short(&model.id, publisher).to_owned();
        }
        page.next = next;
        Ok(page)
    }

    fn decode_request(&self, _request: HttpRequest<'_>) -> Result<ModelListRequest, JsonError> {
        Ok(ModelListRequest::default())
    }

    fn encode_response(&self, page: &ModelPage, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin(&mut out);
        match self {
            Self::GeminiApi => body.array("models", &page.models, |out, model| {
                let id = &model.id;
                let mut entry = ObjectWriter::begin(out);
                entry.field("name", model_name::resource(id)).field("displayName", id);
                entry.field("description", format!("The model {id}.")).field("version", "001");
                entry.field("inputTokenLimit", 1_048_576_u64).field("outputTokenLimit", 65_536_u64);
                let methods = ["generateContent", "countTokens", "batchEmbedContents"];
                entry.field("supportedGenerationMethods", methods.as_slice());
                entry.finish();
            }),
            Self::Publisher { name: publisher, .. } => {
                body.array("publisherModels", &page.models, |out, model| {
                    let id = &model.id;
                    let mut entry = ObjectWriter::begin(out);
                    entry.field("name", format!("publishers/{publisher}/models/{id}"));
                    entry.field("versionId", "001").field("launchStage", "GA");
                    entry.finish();
                })
            }
        };
        body.finish();
        EncodedResponse::json(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    const LISTING: Listing = Listing::GeminiApi;

    fn ids(page: &ModelPage) -> Vec<&str> {
        page.models.iter().map(|model| &*model.id).collect()
    }

    #[test]
    fn pages_follow_each_other() {
        let body = br#"{"models":[{"name":"models/a","displayName":"A"},{"name":"tunedModels/b"}],"nextPageToken":"t"}"#;
        let page = LISTING.decode_response(Headers::default(), body).unwrap();
        assert_eq!(ids(&page), ["a", "tunedModels/b"]);
        let request = ModelListRequest { after: page.next.clone() };
        let encoded = LISTING.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/models?pageSize=1000&pageToken=t");
        assert!(page.models[0].raw.text().contains("displayName"));
        let page = LISTING
            .decode_response(
                Headers::default(),
                &LISTING.encode_response(&ModelPage::named(&["a", "b"]), HttpRequest::default()).body,
            )
            .unwrap();
        assert_eq!((ids(&page), page.next.clone()), (alloc::vec!["a", "b"], None));
        let vertex = br#"{"publisherModels":[{"name":"publishers/google/models/c"}],"nextPageToken":""}"#;
        let page = LISTING.decode_response(Headers::default(), vertex).unwrap();
        assert_eq!((ids(&page), page.next.clone()), (alloc::vec!["c"], None));
        for publisher in [Listing::GOOGLES, Listing::ANTHROPICS] {
            let written =
                publisher.encode_response(&ModelPage::named(&["a", "b"]), HttpRequest::default()).body;
            assert!(
                String::from_utf8_lossy(&written).starts_with(r#"{"publisherModels":[{"name":"publishers/"#)
            );
            assert_eq!(ids(&publisher.decode_response(Headers::default(), &written).unwrap()), ["a", "b"]);
        }
        assert_eq!(LISTING.decode_response(Headers::default(), b"{}").unwrap(), ModelPage::default());
        assert!(LISTING.decode_response(Headers::default(), br#"{"error":{"message":"no"}}"#).is_err());
        assert!(LISTING.decode_response(Headers::default(), b"<html>").is_err());
    }
}
