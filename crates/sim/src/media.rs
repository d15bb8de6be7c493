//! Pictures and sound: small, real, and the same for the same request.

use crate::random;
use serde_json::{Value, json};

/// OpenAI's addresses for pictures and sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// `/images/generations`.
    Images,
    /// `/audio/speech`.
    Speech,
    /// `/audio/transcriptions`.
    Transcriptions,
}

/// A picture of one pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/// The most pictures of one request.
const MOST_IMAGES: u64 = 10;
/// As OpenAI counts a square picture of medium quality.
const TOKENS_PER_IMAGE: u64 = 1056;
const SAMPLES_PER_SECOND: u32 = 8000;
/// Sound for each character that is spoken.
const SAMPLES_PER_CHARACTER: usize = 400;
/// The most characters that are spoken, as OpenAI has it.
const MOST_CHARACTERS: usize = 4096;

/// An answer: its media type and its body.
pub(crate) type Answer = (&'static str, Vec<u8>);

impl Media {
    pub(crate) fn at(path: &str) -> Option<Self> {
        let all = [
            ("/images/generations", Self::Images),
            ("/audio/speech", Self::Speech),
            ("/audio/transcriptions", Self::Transcriptions),
        ];
        all.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, media)| media)
    }

    /// The model that a request names, and what it is about.
    pub(crate) fn asked(self, content_type: &str, body: &[u8]) -> Result<(String, String), String> {
        let (model, text) = match self {
            Self::Transcriptions => {
                let form = Form::read(content_type, body)?;
                (form.text("model"), form.text("prompt").or(Some(String::new())))
            }
            Self::Images => (field(body, "model")?, field(body, "prompt")?),
            Self::Speech => (field(body, "model")?, field(body, "input")?),
        };
        let missing = |name: &str| format!("Missing required parameter: '{name}'.");
        Ok((model.ok_or_else(|| missing("model"))?, text.ok_or_else(|| missing("prompt"))?))
    }

    /// The answer to a request that `asked` could read.
    pub(crate) fn answer(self, content_type: &str, body: &[u8]) -> Result<Answer, String> {
        match self {
            Self::Images => images(body),
            Self::Speech => {
                let text = field(body, "input")?.unwrap_or_default();
                Ok(("audio/wav", sound(&text)))
            }
            Self::Transcriptions => {
                let form = Form::read(content_type, body)?;
                let file = form.get("file").ok_or("Missing required parameter: 'file'.")?;
                let text = format!("A recording of {} bytes.", file.len());
                if matches!(form.text("response_format").as_deref(), Some("text" | "srt" | "vtt")) {
                    return Ok(("text/plain", text.into_bytes()));
                }
                let usage = match form.text("model") {
                    Some(model) if model.starts_with("gpt-4o") => {
                        let (sound, words) = (file.len() as u64, count_words(&text));
                        json!({
                            "type": "tokens", "input_tokens": sound, "output_tokens": words,
                            "total_tokens": sound + words,
                            "input_token_details": { "text_tokens": 0, "audio_tokens": sound },
                        })
                    }
                    _ => json!({"type": "duration", "seconds": 2}),
                };
                let language = form.text("language");
                let answer = json!({"text": text, "language": language, "duration": 1.5, "usage": usage});
                Ok(("application/json", answer.to_string().into_bytes()))
            }
        }
    }
}

fn field(body: &[u8], name: &str) -> Result<Option<String>, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(body.get(name).and_then(Value::as_str).map(str::to_owned))
}

fn images(body: &[u8]) -> Result<Answer, String> {
    let asked: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let count = asked.get("n").and_then(Value::as_u64).unwrap_or(1);
    if !(1..=MOST_IMAGES).contains(&count) {
        return Err(format!("n: has to be 1 to {MOST_IMAGES}"));
    }
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
    // These models always answer so, and say what they used.
    let counts = text("model").starts_with("gpt-image");
    if counts && asked.get("response_format").is_some() {
        return Err("Unknown parameter: 'response_format'.".to_owned());
    }
    let as_data = counts || text("response_format") == "b64_json";
    let number = random::hash(0, body);
    let data: Vec<Value> = (0..count)
        .map(|position| {
            if as_data {
                json!({ "b64_json": PIXEL })
            } else {
                json!({ "url": format!("https://images.invalid/{}.png", random::id(number.wrapping_add(position))) })
            }
        })
        .collect();
    let created = crate::answer::CREATED;
    let answer = if counts {
        let (input, output) = (count_words(text("prompt")), count * TOKENS_PER_IMAGE);
        let usage = json!({
            "total_tokens": input + output, "input_tokens": input, "output_tokens": output,
            "input_tokens_details": { "text_tokens": input, "image_tokens": 0 },
        });
        json!({ "created": created, "data": data, "usage": usage })
    } else {
        json!({ "created": created, "data": data })
    };
    Ok(("application/json", answer.to_string().into_bytes()))
}

fn count_words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// A WAV file of a tone, as long as `text` takes to say.
fn sound(text: &str) -> Vec<u8> {
    let samples = text.chars().count().min(MOST_CHARACTERS) * SAMPLES_PER_CHARACTER;
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

/// A multipart form.
struct Form<'a>(Vec<(String, &'a [u8])>);

impl<'a> Form<'a> {
    fn read(content_type: &str, body: &'a [u8]) -> Result<Self, String> {
        let boundary = content_type
            .strip_prefix("multipart/form-data")
            .and_then(|rest| rest.split("boundary=").nth(1))
            .map(|rest| rest.split(';').next().unwrap_or(rest).trim().trim_matches('"'))
            .filter(|boundary| !boundary.is_empty())
            .ok_or("a multipart form with a boundary is needed")?;
        let mark = format!("\r\n--{boundary}");
        let mut parts = Vec::new();
        let first = mark.trim_start();
        let mut rest = body.strip_prefix(first.as_bytes()).ok_or("the form does not begin")?;
        while let Some(part) = rest.strip_prefix(b"\r\n") {
            let end = find(part, mark.as_bytes()).ok_or("the form does not end")?;
            let (part, after) = part.split_at(end);
            rest = after.get(mark.len()..).unwrap_or_default();
            let head = find(part, b"\r\n\r\n").ok_or("a part of the form has no content")?;
            let (head, content) = part.split_at(head);
            let head = String::from_utf8_lossy(head);
            let name =
                head.split("name=\"").nth(1).and_then(|name| name.split('"').next()).unwrap_or_default();
            parts.push((name.to_owned(), content.get(4..).unwrap_or_default()));
        }
        Ok(Self(parts))
    }

    fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.0.iter().find(|(part, _)| part == name).map(|(_, content)| *content)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|content| String::from_utf8_lossy(content).into_owned())
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_nonsense_is_refused() {
        let body = b"--x\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n\0\x01\r\n\x02\r\n--x--\r\n";
        let kind = "multipart/form-data; boundary=x";
        let form = Form::read(kind, body).unwrap();
        assert_eq!(form.text("model").as_deref(), Some("whisper"));
        assert_eq!(form.get("file"), Some(&b"\0\x01\r\n\x02"[..]));
        assert_eq!(Media::Transcriptions.asked(kind, body).unwrap().0, "whisper");
        for (kind, body) in
            [("application/json", &b"{}"[..]), (kind, b"--y"), (kind, b"--x\r\nabc"), (kind, b"")]
        {
            assert!(Form::read(kind, body).is_err());
        }
    }

    #[test]
    fn speech_is_a_wav_file_as_long_as_it_says() {
        let file = sound("hello");
        assert_eq!(file.len(), 44 + 5 * SAMPLES_PER_CHARACTER);
        assert_eq!(u32::from_le_bytes(*file[40..].first_chunk().unwrap()) as usize, file.len() - 44);
    }
}
