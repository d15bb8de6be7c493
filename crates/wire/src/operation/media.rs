//! Pictures and sound that are made, and sound that is written down.

use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::StreamError;
use crate::json::Extra;
use crate::model::Usage;
use alloc::{string::String, vec::Vec};

/// What pictures are to be made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageRequest {
    /// The provider's name of the model.
    pub model: String,
    /// What they show.
    pub prompt: String,
    /// How many.
    pub n: Option<u64>,
    /// For instance `1024x1024`.
    pub size: Option<String>,
    /// In the provider's words.
    pub quality: Option<String>,
    /// `url` or `b64_json`.
    pub response_format: Option<String>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// Pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageResponse {
    /// The pictures.
    pub images: Vec<Image>,
    /// What they used, where the provider counts tokens.
    pub usage: Option<Usage>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// A picture: as it is, or where it can be fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The picture itself.
    pub data: Option<Vec<u8>>,
    /// Where it can be fetched for a while.
    pub url: Option<String>,
    /// The prompt it was made from, where the provider changed it.
    pub revised_prompt: Option<String>,
}

/// What is to be spoken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpeechRequest {
    /// The provider's name of the model.
    pub model: String,
    /// What is said.
    pub text: String,
    /// Who says it, in the provider's words.
    pub voice: String,
    /// `mp3`, `wav`, ...
    pub response_format: Option<String>,
    /// How fast; 1 is usual.
    pub speed: Option<f64>,
    /// How it is said.
    pub instructions: Option<String>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// A recording whose words are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TranscriptionRequest {
    /// The provider's name of the model.
    pub model: String,
    /// The recording.
    pub file: Vec<u8>,
    /// Its name, whose ending says what it is.
    pub file_name: String,
    /// What separates the parts of a form: a text that is nowhere in them. A random one is.
    pub boundary: String,
    /// The language, for instance `en`.
    pub language: Option<String>,
    /// Words to expect.
    pub prompt: Option<String>,
    /// `json`, `verbose_json`, `text`, `srt`, `vtt`.
    pub response_format: Option<String>,
    /// Randomness.
    pub temperature: Option<f64>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// What a recording says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// The words.
    pub text: String,
    /// The language, where the provider says it.
    pub language: Option<String>,
    /// Seconds of sound, where the provider says it.
    pub duration: Option<f64>,
    /// What was used: tokens, or under `seconds` of its `extra` how much sound.
    pub usage: Option<Usage>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// A dialect's pictures and sound, as a client.
pub trait Media: Sync {
    /// The HTTP request that asks for pictures.
    fn encode_images(
        &self,
        request: &ImageRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField>;

    /// The pictures.
    fn decode_images(&self, body: &[u8]) -> Result<ImageResponse, StreamError>;

    /// The HTTP request that asks for speech. The answer is the sound as it is.
    fn encode_speech(
        &self,
        request: &SpeechRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField>;

    /// The HTTP request that asks for a transcript.
    fn encode_transcription(
        &self,
        request: &TranscriptionRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField>;

    /// The transcript. `media_type` is that of the body, which is plain text where that was asked for.
    fn decode_transcript(&self, media_type: &str, body: &[u8]) -> Result<Transcript, StreamError>;
}
