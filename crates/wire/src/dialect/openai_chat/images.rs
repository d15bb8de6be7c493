//! Images: `POST /images/generations`.

use super::{
    carried::{IMAGES_CARRIED, NAME},
    embeddings::{append_base64, to_base64_bytes},
    media::{json_request, object, parse, take_required, take_usage},
    usage,
};
use crate::dialect::openai_chat::error;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter, Value};
use crate::operation::{Codec, EncodedResponse, HttpRequest, Image, ImageRequest, ImageResponse, Images};
use alloc::{format, vec::Vec};

/// `POST /images/generations`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAiImages;

impl Codec<Images> for OpenAiImages {
    fn encode_request(
        &self,
        request: &ImageRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut refusals = Refusals::new(NAME, options);
        let request = &*IMAGES_CARRIED.fit(request, options.quirks, &mut refusals)?;
        Ok(json_request(
            "/images/generations",
            &request.model,
            options.quirks,
            &request.extra,
            refusals,
            |body| {
                body.field("prompt", &request.prompt).optional("n", request.n);
                body.optional("size", request.size.as_deref());
                body.optional("quality", request.quality.as_deref());
                body.optional("response_format", request.response_format.as_deref());
            },
        ))
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<ImageResponse, StreamError> {
        let value = parse(body)?;
        let mut fields = object(value)?;
        let data = if error::is_in(&fields) { None } else { fields.take_array("data") };
        let Some(data) = data else { return Err(error::without(value, "images")) };
        let images = data.into_iter().enumerate().map(read_image).collect::<Result<_, _>>()?;
        Ok(ImageResponse { images, usage: take_usage(&mut fields, usage::RESPONSES), extra: fields.rest() })
    }

    fn decode_request(&self, HttpRequest { body, .. }: HttpRequest<'_>) -> Result<ImageRequest, JsonError> {
        let mut fields = Fields::parse(body)?;
        Ok(ImageRequest {
            model: take_required(&mut fields, "model")?,
            prompt: take_required(&mut fields, "prompt")?,
            n: fields.take_u64("n"),
            size: fields.take_string("size"),
            quality: fields.take_string("quality"),
            response_format: fields.take_string("response_format"),
            extra: fields.rest(),
        })
    }

    fn encode_response(&self, response: &ImageResponse, _request: HttpRequest<'_>) -> EncodedResponse {
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
        body.array("data", &response.images, |out, image| {
            let mut entry = ObjectWriter::begin(out);
            entry.optional("b64_json", image.data.as_deref().map(to_base64_bytes));
            entry.optional("url", image.url.as_ref());
            entry.optional("revised_prompt", image.revised_prompt.as_ref());
            entry.finish();
        });
        if let Some(used) = &response.usage {
            body.with("usage", |out| usage::encode_named(out, used, usage::RESPONSES));
        }
        body.finish();
        EncodedResponse::json(out)
    }
}

fn read_image((position, entry): (usize, Value<'_>)) -> Result<Image, StreamError> {
    let malformed = |what: &str| StreamError::Malformed(format!("data[{position}] {what}"));
    let mut fields = entry.object().ok_or_else(|| malformed("is not an object"))?;
    let mut data = None;
    if let Some(encoded) = fields.take("b64_json").filter(|encoded| !encoded.is_null()) {
        append_base64(encoded, data.insert(Vec::new())).ok_or_else(|| malformed("is not valid base64"))?;
    }
    let url = fields.take_string("url");
    if data.is_none() && url.is_none() {
        return Err(malformed("has no image"));
    }
    Ok(Image { data, url, revised_prompt: fields.take_string("revised_prompt") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use crate::quirks::{Feature, Quirks};
    use alloc::string::ToString;

    fn written(encoded: &EncodedRequest) -> &str {
        core::str::from_utf8(&encoded.body).unwrap()
    }

    fn request(model: &str) -> ImageRequest {
        ImageRequest {
            model: model.into(),
            prompt: "a ferrule".into(),
            n: Some(2),
            size: Some("1024x1024".into()),
            quality: Some("high".into()),
            response_format: Some("b64_json".into()),
            extra: [("style".into(), Json::string("vivid"))].into_iter().collect(),
        }
    }

    fn encode(model: &str, options: EncodeOptions<'_>) -> Result<EncodedRequest, UnsupportedField> {
        OpenAiImages.encode_request(&request(model), options)
    }

    fn decode(body: &[u8]) -> Result<ImageResponse, StreamError> {
        OpenAiImages.decode_response(Headers::default(), body)
    }

    #[test]
    fn images_are_requested_in_openais_words_and_a_server_reads_them() {
        let encoded = encode("dall-e-3", EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/images/generations");
        for part in [
            r#""model":"dall-e-3","prompt":"a ferrule","n":2,"size":"1024x1024""#,
            r#""quality":"high","response_format":"b64_json""#,
            r#""style":"vivid""#,
        ] {
            assert!(written(&encoded).contains(part), "{}", written(&encoded));
        }
        let read = OpenAiImages.decode_request(HttpRequest::json(&encoded.body)).unwrap();
        assert_eq!(read, request("dall-e-3"));
        for (body, name) in [(r#"{"prompt":"x"}"#, "model"), (r#"{"model":"x"}"#, "prompt")] {
            let error = OpenAiImages.decode_request(HttpRequest::json(body.as_bytes())).unwrap_err();
            assert_eq!(error.to_string(), format!("Missing required parameter: '{name}'."));
        }
    }

    #[test]
    fn what_is_refused_is_named_or_dropped() {
        for model in ["gpt-image-1", "openai/gpt-image-1-mini"] {
            assert_eq!(encode(model, EncodeOptions::REFUSE).unwrap_err().field, "response_format");
            let encoded = encode(model, EncodeOptions::DROP).unwrap();
            assert_eq!(encoded.dropped.len(), 1);
            assert!(!written(&encoded).contains("response_format"));
        }
        let quirks = Quirks {
            provider: "acme".into(),
            unsupported: alloc::vec![Feature::ImageSize].into(),
            ..Quirks::NONE
        };
        let refused = encode("m", EncodeOptions { drop_unsupported: false, quirks: &quirks }).unwrap_err();
        assert_eq!((refused.field.as_str(), refused.reason.contains("acme")), ("size", true));
        let encoded = encode("m", EncodeOptions { drop_unsupported: true, quirks: &quirks }).unwrap();
        let dropped: Vec<&str> = encoded.dropped.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(dropped, ["size"]);
    }

    #[test]
    fn images_come_as_data_or_urls_with_what_they_used() {
        // The shape of openai-openapi's example of `ImagesResponse`.
        let body = br#"{"created":1,"size":"1024x1024","data":[{"b64_json":"iVBORw=="},
            {"url":"https://x.test/1","b64_json":null,"revised_prompt":"better"}],
            "usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,
            "input_tokens_details":{"text_tokens":10,"image_tokens":40}}}"#;
        let response = decode(body).unwrap();
        assert_eq!(response.images[0].data.as_deref(), Some(&b"\x89PNG"[..]));
        assert_eq!(response.images[1].url.as_deref(), Some("https://x.test/1"));
        assert_eq!(response.images[1].revised_prompt.as_deref(), Some("better"));
        let used = response.usage.clone().unwrap();
        assert_eq!((used.input_tokens, used.output_tokens), (Some(50), Some(50)));
        let details = used.extra.get("input_tokens_details").unwrap().text();
        assert_eq!(details, r#"{"text_tokens":10,"image_tokens":40}"#);
        assert_eq!(response.extra.get("size").unwrap().text(), "\"1024x1024\"");
        // A server writes what a client reads.
        let again = OpenAiImages.encode_response(&response, HttpRequest::default());
        assert_eq!((decode(&again.body).unwrap(), &*again.content_type), (response, "application/json"));
        let none = decode(br#"{"data":[]}"#).unwrap();
        assert_eq!((none.images.len(), none.usage), (0, None));
    }

    #[test]
    fn what_is_not_an_image_is_an_error() {
        for body in
            ["{}", "[]", "7", "<", r#"{"data":[7]}"#, r#"{"data":[{}]}"#, r#"{"data":[{"b64_json":"%"}]}"#]
        {
            let outcome = decode(body.as_bytes());
            assert!(matches!(outcome, Err(StreamError::Malformed(_))), "{body}: {outcome:?}");
        }
        for body in [r#"{"error":{"message":"no"},"data":[]}"#, r#"{"detail":"no"}"#] {
            let outcome = decode(body.as_bytes());
            assert!(matches!(outcome, Err(StreamError::Provider(_))), "{body}: {outcome:?}");
        }
    }
}
