//! Speech: `POST /audio/speech`.

use super::{
    carried::{NAME, SPEECH_CARRIED},
    media::{json_request, parse, take_required},
};
use crate::dialect::openai_chat::error;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError};
use crate::operation::{Codec, EncodedResponse, HttpRequest, Speech, SpeechRequest, SpeechResponse};
use alloc::borrow::ToOwned;

/// `POST /audio/speech`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAiSpeech;

impl Codec<Speech> for OpenAiSpeech {
    fn encode_request(
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

    /// The body is the audio; JSON is an error with status 200.
    fn decode_response(&self, headers: Headers<'_>, body: &[u8]) -> Result<SpeechResponse, StreamError> {
        let media_type = headers.media_type();
        if media_type == "application/json" {
            return Err(error::without(parse(body)?, "audio"));
        }
        Ok(SpeechResponse { media_type, audio: body.to_owned() })
    }

    fn decode_request(&self, HttpRequest { body, .. }: HttpRequest<'_>) -> Result<SpeechRequest, JsonError> {
        let mut fields = Fields::parse(body)?;
        Ok(SpeechRequest {
            model: take_required(&mut fields, "model")?,
            text: take_required(&mut fields, "input")?,
            voice: fields.take_string("voice").unwrap_or_default(),
            response_format: fields.take_string("response_format"),
            speed: fields.take_f64("speed"),
            instructions: fields.take_string("instructions"),
            extra: fields.rest(),
        })
    }

    fn encode_response(&self, response: &SpeechResponse, _request: HttpRequest<'_>) -> EncodedResponse {
        let SpeechResponse { media_type, audio } = response;
        EncodedResponse { content_type: media_type.clone().into(), body: audio.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn instructions_are_refused_by_models_that_take_none() {
        let encode = |model: &str, options| {
            let instructions = Some("Sadly.".into());
            let request = SpeechRequest { model: model.into(), instructions, ..SpeechRequest::default() };
            OpenAiSpeech.encode_request(&request, options)
        };
        let says = |encoded: EncodedRequest| core::str::from_utf8(&encoded.body).unwrap().contains("Sadly.");
        assert!(says(encode("gpt-4o-mini-tts", EncodeOptions::REFUSE).unwrap()));
        assert_eq!(encode("tts-1-hd", EncodeOptions::REFUSE).unwrap_err().field, "instructions");
        assert!(!says(encode("tts-1", EncodeOptions::DROP).unwrap()));
    }

    #[test]
    fn a_server_reads_the_request_and_its_audio_is_read_back() {
        let request = SpeechRequest {
            model: "gpt-4o-mini-tts".into(),
            text: "Hello.".into(),
            voice: "coral".into(),
            response_format: Some("wav".into()),
            speed: Some(1.5),
            instructions: Some("Sadly.".into()),
            ..SpeechRequest::default()
        };
        let encoded = OpenAiSpeech.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        assert_eq!(OpenAiSpeech.decode_request(HttpRequest::json(&encoded.body)).unwrap(), request);
        let error = OpenAiSpeech.decode_request(HttpRequest::json(br#"{"model":"m"}"#)).unwrap_err();
        assert_eq!(error.to_string(), "Missing required parameter: 'input'.");
        let response = SpeechResponse { media_type: "audio/wav".into(), audio: b"RIFF".to_vec() };
        let written = OpenAiSpeech.encode_response(&response, HttpRequest::default());
        let headers = [("content-type", &*written.content_type)];
        assert_eq!(OpenAiSpeech.decode_response(Headers(&headers), &written.body).unwrap(), response);
        let headers = [("content-type", "application/json; charset=utf-8")];
        let outcome = OpenAiSpeech.decode_response(Headers(&headers), br#"{"error":{"message":"no"}}"#);
        assert!(matches!(outcome, Err(StreamError::Provider(_))), "{outcome:?}");
    }
}
