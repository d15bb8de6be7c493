//! Pictures and sound: `POST /images/generations`, `/audio/speech` and `/audio/transcriptions` of OpenAI, which other
//! providers of its forms have as well.
//!
//! What a model of OpenAI's refuses is refused by its name (OpenAI's API reference, "Create image", "Create speech",
//! "Create transcription"); behind a deployment's own name the provider refuses it itself.

use super::{
    carried::{IMAGES_CARRIED, NAME, SPEECH_CARRIED, TRANSCRIPTION_CARRIED},
    embeddings::append_base64,
    form::Form,
    usage,
};
use crate::dialect::openai_chat::error;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::framing::StreamError;
use crate::json::{Fields, ObjectWriter, Value};
use crate::model::Usage;
use crate::operation::{
    Image, ImageRequest, ImageResponse, Media, SpeechRequest, Transcript, TranscriptionRequest,
};
use crate::quirks::Quirks;
use alloc::{format, string::String, string::ToString, vec::Vec};

/// Pictures and sound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAiMedia;

impl Media for OpenAiMedia {
    fn encode_images(
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

    fn decode_images(&self, body: &[u8]) -> Result<ImageResponse, StreamError> {
        let value = parse(body)?;
        let mut fields = object(value)?;
        let data = if error::is_in(&fields) { None } else { fields.take_array("data") };
        let Some(data) = data else { return Err(error::without(value, "pictures")) };
        let images = data.into_iter().enumerate().map(read_image).collect::<Result<_, _>>()?;
        Ok(ImageResponse { images, usage: take_usage(&mut fields, usage::RESPONSES), extra: fields.rest() })
    }

    fn encode_speech(
        &self,
        request: &SpeechRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut refusals = Refusals::new(NAME, options);
        let request = &*SPEECH_CARRIED.fit(request, options.quirks, &mut refusals)?;
        Ok(json_request("/audio/speech", &request.model, options.quirks, &request.extra, refusals, |body| {
            body.field("input", &request.text).field("voice", &request.voice);
            body.optional("response_format", request.response_format.as_deref());
            body.optional("speed", request.speed);
            body.optional("instructions", request.instructions.as_deref());
        }))
    }

    fn encode_transcription(
        &self,
        request: &TranscriptionRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut refusals = Refusals::new(NAME, options);
        let request = &*TRANSCRIPTION_CARRIED.fit(request, options.quirks, &mut refusals)?;
        let model = options.quirks.model(&request.model);
        let mut form = Form::new(&request.boundary, &request.extra, request.file.len());
        form.field("model", &model);
        form.optional("language", request.language.as_deref());
        form.optional("prompt", request.prompt.as_deref());
        form.optional("response_format", request.response_format.as_deref());
        form.optional("temperature", request.temperature.map(|number| number.to_string()).as_deref());
        form.file("file", &request.file_name, &request.file);
        let (content_type, body) = form.finish();
        Ok(EncodedRequest {
            path: options.quirks.path("/audio/transcriptions", &model),
            body,
            headers: alloc::vec![("content-type", content_type)],
            dropped: refusals.dropped,
        })
    }

    fn decode_transcript(&self, media_type: &str, body: &[u8]) -> Result<Transcript, StreamError> {
        if media_type != "application/json" {
            let text = String::from_utf8_lossy(body).into_owned();
            return Ok(Transcript { text, ..Transcript::default() });
        }
        let value = parse(body)?;
        let mut fields = object(value)?;
        let text = if error::is_in(&fields) { None } else { fields.take_string("text") };
        let Some(text) = text else { return Err(error::without(value, "a text")) };
        Ok(Transcript {
            text,
            language: fields.take_string("language"),
            duration: fields.take_f64("duration"),
            usage: take_usage(&mut fields, usage::TRANSCRIPTIONS),
            extra: fields.rest(),
        })
    }
}

fn json_request(
    path: &str,
    model: &str,
    quirks: &Quirks,
    extra: &crate::json::Extra,
    refusals: Refusals,
    write: impl FnOnce(&mut ObjectWriter<'_>),
) -> EncodedRequest {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, extra);
    let model = quirks.model(model);
    body.field("model", &*model);
    write(&mut body);
    body.finish();
    EncodedRequest {
        path: quirks.path(path, &model),
        body: out,
        headers: Vec::new(),
        dropped: refusals.dropped,
    }
}

fn parse(body: &[u8]) -> Result<Value<'_>, StreamError> {
    Value::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))
}

fn object(value: Value<'_>) -> Result<Fields<'_>, StreamError> {
    let unknown = || StreamError::Malformed("expected a JSON object".into());
    value.object().ok_or_else(|| error::in_list(value).unwrap_or_else(unknown))
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
        return Err(malformed("has no picture"));
    }
    Ok(Image { data, url, revised_prompt: fields.take_string("revised_prompt") })
}

fn take_usage(fields: &mut Fields<'_>, names: usage::Names) -> Option<Usage> {
    let used = usage::decode_named(fields.get("usage")?, names)?;
    fields.take("usage");
    Some(used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Extra, Json};
    use crate::quirks::Feature;

    fn written(encoded: &EncodedRequest) -> &str {
        core::str::from_utf8(&encoded.body).unwrap()
    }

    fn pictures(model: &str, options: EncodeOptions<'_>) -> Result<EncodedRequest, UnsupportedField> {
        let request = ImageRequest {
            model: model.into(),
            prompt: "a ferrule".into(),
            n: Some(2),
            size: Some("1024x1024".into()),
            quality: Some("high".into()),
            response_format: Some("b64_json".into()),
            extra: [("style".into(), Json::string("vivid"))].into_iter().collect(),
        };
        OpenAiMedia.encode_images(&request, options)
    }

    #[test]
    fn pictures_are_asked_for_in_openais_words() {
        let encoded = pictures("dall-e-3", EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.path, "/images/generations");
        for part in [
            r#""model":"dall-e-3","prompt":"a ferrule","n":2,"size":"1024x1024""#,
            r#""quality":"high","response_format":"b64_json""#,
            r#""style":"vivid""#,
        ] {
            assert!(written(&encoded).contains(part), "{}", written(&encoded));
        }
    }

    #[test]
    fn what_is_refused_is_named_or_dropped() {
        for model in ["gpt-image-1", "openai/gpt-image-1-mini"] {
            assert_eq!(pictures(model, EncodeOptions::REFUSE).unwrap_err().field, "response_format");
            let encoded = pictures(model, EncodeOptions::DROP).unwrap();
            assert_eq!(encoded.dropped.len(), 1);
            assert!(!written(&encoded).contains("response_format"));
        }
        let quirks = Quirks {
            provider: "acme".into(),
            unsupported: alloc::vec![Feature::ImageSize].into(),
            ..Quirks::NONE
        };
        let refused = pictures("m", EncodeOptions { drop_unsupported: false, quirks: &quirks }).unwrap_err();
        assert_eq!((refused.field.as_str(), refused.reason.contains("acme")), ("size", true));
        let encoded = pictures("m", EncodeOptions { drop_unsupported: true, quirks: &quirks }).unwrap();
        let dropped: Vec<&str> = encoded.dropped.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(dropped, ["size"]);

        let speech = |model: &str, options| {
            let instructions = Some("Sadly.".into());
            let request = SpeechRequest { model: model.into(), instructions, ..SpeechRequest::default() };
            OpenAiMedia.encode_speech(&request, options)
        };
        assert!(written(&speech("gpt-4o-mini-tts", EncodeOptions::REFUSE).unwrap()).contains("Sadly."));
        assert_eq!(speech("tts-1-hd", EncodeOptions::REFUSE).unwrap_err().field, "instructions");
        assert!(!written(&speech("tts-1", EncodeOptions::DROP).unwrap()).contains("Sadly."));

        let transcribe = |format: &str| {
            let request = TranscriptionRequest {
                model: "gpt-4o-transcribe".into(),
                response_format: Some(format.into()),
                ..TranscriptionRequest::default()
            };
            OpenAiMedia.encode_transcription(&request, EncodeOptions::REFUSE)
        };
        assert!(transcribe("json").is_ok());
        assert_eq!(transcribe("srt").unwrap_err().field, "response_format");
    }

    #[test]
    fn pictures_come_as_data_or_addresses_with_what_they_used() {
        // The shape of openai-openapi's example of `ImagesResponse`.
        let body = br#"{"created":1,"size":"1024x1024","data":[{"b64_json":"iVBORw=="},
            {"url":"https://x.test/1","b64_json":null,"revised_prompt":"better"}],
            "usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,
            "input_tokens_details":{"text_tokens":10,"image_tokens":40}}}"#;
        let response = OpenAiMedia.decode_images(body).unwrap();
        assert_eq!(response.images[0].data.as_deref(), Some(&b"\x89PNG"[..]));
        assert_eq!(response.images[1].url.as_deref(), Some("https://x.test/1"));
        assert_eq!(response.images[1].revised_prompt.as_deref(), Some("better"));
        let used = response.usage.unwrap();
        assert_eq!((used.input_tokens, used.output_tokens), (Some(50), Some(50)));
        let details = used.extra.get("input_tokens_details").unwrap().text();
        assert_eq!(details, r#"{"text_tokens":10,"image_tokens":40}"#);
        assert_eq!(response.extra.get("size").unwrap().text(), "\"1024x1024\"");
        let none = OpenAiMedia.decode_images(br#"{"data":[]}"#).unwrap();
        assert_eq!((none.images.len(), none.usage), (0, None));
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        for body in
            ["{}", "[]", "7", "<", r#"{"data":[7]}"#, r#"{"data":[{}]}"#, r#"{"data":[{"b64_json":"%"}]}"#]
        {
            let outcome = OpenAiMedia.decode_images(body.as_bytes());
            assert!(matches!(outcome, Err(StreamError::Malformed(_))), "{body}: {outcome:?}");
        }
        for body in [r#"{"error":{"message":"no"},"data":[]}"#, r#"{"detail":"no"}"#] {
            let outcome = OpenAiMedia.decode_images(body.as_bytes());
            assert!(matches!(outcome, Err(StreamError::Provider(_))), "{body}: {outcome:?}");
        }
    }

    #[test]
    fn transcripts_say_tokens_or_seconds_or_nothing() {
        let read = |body: &str| OpenAiMedia.decode_transcript("application/json", body.as_bytes());
        let told = read(
            r#"{"text":"Hello.","usage":{"type":"tokens","input_tokens":14,"output_tokens":2,"total_tokens":16,
            "input_token_details":{"text_tokens":4,"audio_tokens":10}}}"#,
        )
        .unwrap();
        let used = told.usage.unwrap();
        assert_eq!(
            (used.input_tokens, used.output_tokens, used.input_audio_tokens),
            (Some(14), Some(2), Some(10))
        );
        let timed = read(
            r#"{"text":"Hello.","language":"en","duration":1.5,"segments":[],"usage":{"type":"duration","seconds":2}}"#,
        )
        .unwrap();
        assert_eq!((timed.language.as_deref(), timed.duration), (Some("en"), Some(1.5)));
        let used = timed.usage.unwrap();
        assert_eq!((used.input_tokens, used.extra.get("seconds").unwrap().text()), (None, "2"));
        assert!(timed.extra.get("segments").is_some());
        assert_eq!(read(r#"{"text":"Hello."}"#).unwrap().usage, None);
        let plain = OpenAiMedia.decode_transcript("text/plain", b"1\n00:00 Hello.\xff").unwrap();
        assert_eq!((plain.text.as_str(), plain.usage), ("1\n00:00 Hello.\u{fffd}", None));
        for body in ["{}", "[]", r#"{"text":7}"#, r#"{"text":"","error":{"message":"no"}}"#] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_recording_goes_as_a_form() {
        let request = TranscriptionRequest {
            model: "whisper-1".into(),
            file: b"RIFF\r\n--x".to_vec(),
            file_name: "a \"b\".wav".into(),
            boundary: "limit".into(),
            language: Some("en".into()),
            temperature: Some(0.5),
            response_format: Some("json".into()),
            extra: [
                ("response_format".into(), Json::string("srt")),
                ("timestamp_granularities".into(), Json::parse(r#"["word","segment"]"#).unwrap()),
                ("chunking_strategy".into(), Json::parse(r#"{"type":"server_vad"}"#).unwrap()),
                ("stream".into(), Json::parse("true").unwrap()),
                ("nothing".into(), Json::null()),
            ]
            .into_iter()
            .collect::<Extra>(),
            ..TranscriptionRequest::default()
        };
        let encoded = OpenAiMedia.encode_transcription(&request, EncodeOptions::REFUSE).unwrap();
        assert_eq!(encoded.headers, [("content-type", "multipart/form-data; boundary=limit".to_string())]);
        let part = |name: &str, text: &str| {
            format!("--limit\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        let expected = [
            part("response_format", "srt"),
            part("timestamp_granularities[]", "word"),
            part("timestamp_granularities[]", "segment"),
            part("chunking_strategy[type]", "server_vad"),
            part("stream", "true"),
            part("model", "whisper-1"),
            part("language", "en"),
            part("temperature", "0.5"),
            "--limit\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a %22b%22.wav\"\r\n\
             content-type: application/octet-stream\r\n\r\nRIFF\r\n--x\r\n--limit--\r\n"
                .to_string(),
        ];
        assert_eq!(written(&encoded), expected.concat());
    }
}
