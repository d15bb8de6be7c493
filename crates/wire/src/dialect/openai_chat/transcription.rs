//! Transcription: `POST /audio/transcriptions`, a multipart form.

use super::{
    carried::{NAME, TRANSCRIPTION_CARRIED},
    form::{Form, ReceivedForm},
    media::{missing, object, parse, take_usage},
    usage,
};
use crate::dialect::openai_chat::error;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{JsonError, ObjectWriter};
use crate::operation::{
    Codec, EncodedResponse, HttpRequest, Transcript, Transcription, TranscriptionRequest,
};
use alloc::{borrow::ToOwned, string::String, string::ToString, vec::Vec};

/// `POST /audio/transcriptions`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAiTranscription;

impl Codec<Transcription> for OpenAiTranscription {
    fn encode_request(
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

    /// Anything but JSON is the text itself: `text`, `srt`, `vtt`.
    fn decode_response(&self, headers: Headers<'_>, body: &[u8]) -> Result<Transcript, StreamError> {
        if headers.media_type() != "application/json" {
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

    fn decode_request(&self, request: HttpRequest<'_>) -> Result<TranscriptionRequest, JsonError> {
        let mut form = ReceivedForm::read(request)?;
        let file = form.take("file").ok_or_else(|| missing("file"))?;
        Ok(TranscriptionRequest {
            model: form.take_text("model").ok_or_else(|| missing("model"))?,
            file: file.content.to_owned(),
            file_name: file.file_name.unwrap_or_default(),
            boundary: String::new(),
            language: form.take_text("language"),
            prompt: form.take_text("prompt"),
            response_format: form.take_text("response_format"),
            temperature: form.take_text("temperature").and_then(|number| number.trim().parse().ok()),
            extra: form.rest(),
        })
    }

    fn encode_response(&self, transcript: &Transcript, request: HttpRequest<'_>) -> EncodedResponse {
        let format = ReceivedForm::read(request).ok().and_then(|mut form| form.take_text("response_format"));
        if let Some("text" | "srt" | "vtt") = format.as_deref() {
            let body = transcript.text.as_bytes().to_owned();
            return EncodedResponse { content_type: "text/plain".into(), body };
        }
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &transcript.extra);
        body.field("text", &transcript.text);
        body.optional("language", transcript.language.as_ref()).optional("duration", transcript.duration);
        if let Some(used) = &transcript.usage {
            body.with("usage", |out| usage::encode_named(out, used, usage::TRANSCRIPTIONS));
        }
        body.finish();
        EncodedResponse::json(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Extra, Json};
    use alloc::format;

    #[test]
    fn formats_are_refused_by_models_that_answer_json_only() {
        let transcribe = |format: &str| {
            let request = TranscriptionRequest {
                model: "gpt-4o-transcribe".into(),
                response_format: Some(format.into()),
                ..TranscriptionRequest::default()
            };
            OpenAiTranscription.encode_request(&request, EncodeOptions::REFUSE)
        };
        assert!(transcribe("json").is_ok());
        assert_eq!(transcribe("srt").unwrap_err().field, "response_format");
    }

    fn decode(media_type: &str, body: &[u8]) -> Result<Transcript, StreamError> {
        OpenAiTranscription.decode_response(Headers(&[("content-type", media_type)]), body)
    }

    #[test]
    fn transcripts_say_tokens_or_seconds_or_nothing() {
        let read = |body: &str| decode("application/json; charset=utf-8", body.as_bytes());
        let counted = read(
            r#"{"text":"Hello.","usage":{"type":"tokens","input_tokens":14,"output_tokens":2,"total_tokens":16,
            "input_token_details":{"text_tokens":4,"audio_tokens":10}}}"#,
        )
        .unwrap();
        let used = counted.usage.clone().unwrap();
        assert_eq!(
            (used.input_tokens, used.output_tokens, used.input_audio_tokens),
            (Some(14), Some(2), Some(10))
        );
        let timed = read(
            r#"{"text":"Hello.","language":"en","duration":1.5,"segments":[],"usage":{"type":"duration","seconds":2}}"#,
        )
        .unwrap();
        assert_eq!((timed.language.as_deref(), timed.duration), (Some("en"), Some(1.5)));
        let used = timed.usage.clone().unwrap();
        assert_eq!((used.input_tokens, used.extra.get("seconds").unwrap().text()), (None, "2"));
        assert!(timed.extra.get("segments").is_some());
        // A server writes what a client reads.
        for transcript in [counted, timed] {
            let written = OpenAiTranscription.encode_response(&transcript, HttpRequest::default());
            assert_eq!(decode(&written.content_type, &written.body).unwrap(), transcript);
        }
        assert_eq!(read(r#"{"text":"Hello."}"#).unwrap().usage, None);
        let plain = decode("text/plain", b"1\n00:00 Hello.\xff").unwrap();
        assert_eq!((plain.text.as_str(), plain.usage), ("1\n00:00 Hello.\u{fffd}", None));
        for body in ["{}", "[]", r#"{"text":7}"#, r#"{"text":"","error":{"message":"no"}}"#] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    fn request() -> TranscriptionRequest {
        TranscriptionRequest {
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
        }
    }

    #[test]
    fn a_recording_goes_as_a_form() {
        let encoded = OpenAiTranscription.encode_request(&request(), EncodeOptions::REFUSE).unwrap();
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
        assert_eq!(core::str::from_utf8(&encoded.body).unwrap(), expected.concat());
    }

    #[test]
    fn a_server_reads_the_form_and_answers_in_the_format_asked_for() {
        let encoded = OpenAiTranscription.encode_request(&request(), EncodeOptions::REFUSE).unwrap();
        let headers: Vec<_> = encoded.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let received = HttpRequest { headers: Headers(&headers), body: &encoded.body };
        let read = OpenAiTranscription.decode_request(received).unwrap();
        let sent = request();
        assert_eq!((&read.model, &read.file, &read.file_name), (&sent.model, &sent.file, &sent.file_name));
        assert_eq!((&read.language, read.temperature), (&sent.language, sent.temperature));
        assert_eq!(read.response_format.as_deref(), Some("srt"));
        let granularities = read.extra.get("timestamp_granularities").unwrap().text();
        assert_eq!(granularities, r#"["word","segment"]"#);
        assert_eq!(read.extra.get("chunking_strategy[type]").unwrap().text(), "\"server_vad\"");
        // What was read is written the same.
        let again = TranscriptionRequest { boundary: "limit".into(), ..read };
        let again = OpenAiTranscription.encode_request(&again, EncodeOptions::REFUSE).unwrap();
        let text = String::from_utf8(again.body).unwrap();
        assert!(text.contains("name=\"timestamp_granularities[]\"\r\n\r\nsegment\r\n"), "{text}");
        assert!(text.contains("name=\"chunking_strategy[type]\"\r\n\r\nserver_vad\r\n"), "{text}");
        let transcript = Transcript { text: "Hello.".into(), ..Transcript::default() };
        let written = OpenAiTranscription.encode_response(&transcript, received);
        assert_eq!((&*written.content_type, &*written.body), ("text/plain", &b"Hello."[..]));
        assert!(OpenAiTranscription.decode_request(HttpRequest::json(b"{}")).is_err());
    }
}
