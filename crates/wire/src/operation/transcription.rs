//! Transcription: the text of a recording.

use super::{codec::Operation, kind::OperationKind};
use crate::json::Extra;
use crate::model::Usage;
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// The text of a recording.
#[derive(Clone, Copy, Debug)]
pub struct Transcription;

impl Operation for Transcription {
    const KIND: OperationKind = OperationKind::Transcription;
    type Request = TranscriptionRequest;
    type Response = Transcript;

    fn model(request: &TranscriptionRequest) -> &str {
        &request.model
    }

    fn set_model(request: &mut TranscriptionRequest, model: &str) {
        model.clone_into(&mut request.model);
    }
}

/// A recording to transcribe.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TranscriptionRequest {
    /// The provider's name of the model.
    pub model: String,
    /// The recording.
    pub file: Vec<u8>,
    /// Its file name, whose extension says the format.
    pub file_name: String,
    /// The boundary between the parts of the form: a text that occurs in none of them. A random one does not.
    pub boundary: String,
    /// The language, for instance `en`.
    pub language: Option<String>,
    /// Words to expect.
    pub prompt: Option<String>,
    /// `json`, `verbose_json`, `text`, `srt`, `vtt`.
    pub response_format: Option<String>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// The text of a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// The text.
    pub text: String,
    /// The language, where the provider says it.
    pub language: Option<String>,
    /// The length of the recording in seconds, where the provider says it.
    pub duration: Option<f64>,
    /// What was used: tokens, or under `seconds` of its `extra` the length of the audio.
    pub usage: Option<Usage>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}
