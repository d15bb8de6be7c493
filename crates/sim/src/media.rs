//! Images and audio: small and valid, and the same for the same request.

use crate::{clock::CREATED, random};
use ferrule_wire::{
    json::{Extra, Json},
    model::Usage,
    operation::{
        Image, ImageRequest, ImageResponse, SpeechRequest, SpeechResponse, Transcript, TranscriptionRequest,
    },
};

/// A PNG image of one pixel.
const PIXEL: &[u8] = b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\
    \x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\x0dIDATx\xdacd\xf8\xcfP\
    \x0f\x00\x03\x86\x01\x80Z4}k\x00\x00\x00\x00IEND\xaeB`\x82";
/// The maximum number of images per request.
const MAX_IMAGES: u64 = 10;
/// The tokens of a square image of medium quality, as OpenAI counts them.
const TOKENS_PER_IMAGE: u64 = 1056;
const SAMPLES_PER_SECOND: u32 = 8000;
/// Samples per character of text.
const SAMPLES_PER_CHARACTER: usize = 400;
/// The maximum number of characters of a text, as at OpenAI.
const MAX_CHARACTERS: usize = 4096;

/// The images for a request, or why it is refused. `body` is the request's.
pub(crate) fn images(request: &ImageRequest, body: &[u8]) -> Result<ImageResponse, String> {
    let count = request.n.unwrap_or(1);
    if !(1..=MAX_IMAGES).contains(&count) {
        return Err(format!("n: has to be 1 to {MAX_IMAGES}"));
    }
    // These models always return data, and report their usage.
    let is_gpt_image = request.model.starts_with("gpt-image");
    if is_gpt_image && request.response_format.is_some() {
        return Err("Unknown parameter: 'response_format'.".to_owned());
    }
    let as_data = is_gpt_image || request.response_format.as_deref() == Some("b64_json");
    let number = random::hash(0, body);
    let image = |position| {
        if as_data {
            return Image { data: Some(PIXEL.to_vec()), ..Image::default() };
        }
        let id = random::id(number.wrapping_add(position));
        Image { url: Some(format!("https://images.invalid/{id}.png")), ..Image::default() }
    };
    let mut extra = Extra::new();
    extra.insert("created", Json::written(CREATED));
    let usage = is_gpt_image.then(|| {
        let input = count_words(&request.prompt);
        let details = Json::object(&Extra::new(), |details| {
            details.field("text_tokens", input).field("image_tokens", 0u64);
        });
        Usage {
            input_tokens: Some(input),
            output_tokens: Some(count * TOKENS_PER_IMAGE),
            extra: [("input_tokens_details".to_owned(), details)].into_iter().collect(),
            ..Usage::default()
        }
    });
    Ok(ImageResponse { images: (0..count).map(image).collect(), usage, extra })
}

/// The speech for a request.
pub(crate) fn speech(request: &SpeechRequest) -> SpeechResponse {
    SpeechResponse { media_type: "audio/wav".to_owned(), audio: wav(&request.text) }
}

/// The transcript of a recording.
pub(crate) fn transcript(request: &TranscriptionRequest) -> Transcript {
    let text = format!("A recording of {} bytes.", request.file.len());
    let usage = if request.model.starts_with("gpt-4o") {
        let audio = request.file.len() as u64;
        let details = Json::object(&Extra::new(), |details| _ = details.field("text_tokens", 0u64));
        Usage {
            input_tokens: Some(audio),
            output_tokens: Some(count_words(&text)),
            input_audio_tokens: Some(audio),
            extra: [("type".to_owned(), Json::string("tokens")), ("input_token_details".to_owned(), details)]
                .into_iter()
                .collect(),
            ..Usage::default()
        }
    } else {
        let seconds = [("type", Json::string("duration")), ("seconds", Json::written(2u64))];
        let extra = seconds.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Usage { extra, ..Usage::default() }
    };
    Transcript {
        text,
        language: request.language.clone(),
        duration: Some(1.5),
        usage: Some(usage),
        ..Transcript::default()
    }
}

fn count_words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// A WAV file of a tone, with the duration of speaking `text`.
fn wav(text: &str) -> Vec<u8> {
    let samples = text.chars().count().min(MAX_CHARACTERS) * SAMPLES_PER_CHARACTER;
    let length = u32::try_from(samples).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(44 + samples);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&SAMPLES_PER_SECOND.to_le_bytes());
    file.extend_from_slice(&SAMPLES_PER_SECOND.to_le_bytes());
    file.extend_from_slice(b"\x01\0\x08\0data");
    file.extend_from_slice(&length.to_le_bytes());
    // A square wave of 200 Hz, eight bits a sample.
    file.extend((0..samples).map(|sample| if sample / 20 % 2 == 0 { 96 } else { 160 }));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_is_a_wav_file_with_the_right_length() {
        let file = wav("hello");
        assert_eq!(file.len(), 44 + 5 * SAMPLES_PER_CHARACTER);
        assert_eq!(u32::from_le_bytes(*file[40..].first_chunk().unwrap()) as usize, file.len() - 44);
    }
}
