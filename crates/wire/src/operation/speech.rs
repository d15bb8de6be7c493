//! Speech made from text.

use super::{codec::Operation, kind::OperationKind};
use crate::json::Extra;
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// Speech made from text.
#[derive(Clone, Copy, Debug)]
pub struct Speech;

impl Operation for Speech {
    const KIND: OperationKind = OperationKind::Speech;
    type Request = SpeechRequest;
    type Response = SpeechResponse;

    fn model(request: &SpeechRequest) -> &str {
        &request.model
    }

    fn set_model(request: &mut SpeechRequest, model: &str) {
        model.clone_into(&mut request.model);
    }
}

/// A request for speech.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpeechRequest {
    /// The provider's name of the model.
    pub model: String,
    /// The text to speak.
    pub text: String,
    /// The voice, in the provider's words.
    pub voice: String,
    /// `mp3`, `wav`, ...
    pub response_format: Option<String>,
    /// How fast; 1 is usual.
    pub speed: Option<f64>,
    /// How to speak it: tone, accent, mood.
    pub instructions: Option<String>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// Speech. A client may also pass the body on as it comes: it is the audio itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpeechResponse {
    /// The media type, for instance `audio/mpeg`.
    pub media_type: String,
    /// The audio.
    pub audio: Vec<u8>,
}
