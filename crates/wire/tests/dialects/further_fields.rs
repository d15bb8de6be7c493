//! Fields that nobody knows, at every level of every transcript of every dialect: what an answer says stays the same.

use crate::bedrock::frames;
use crate::streams::{accumulate, decode_within};
use ferrule_wire::dialect::{Dialect, registry::all};
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::json::Extra;
use ferrule_wire::model::{FinishReason, PartKind, Response, Usage};
use std::path::{Path, PathBuf};

/// What a new field may hold. None of it is the name of anything.
const VALUES: [&str; 4] = ["1", "\"x\"", "null", r#"{"y":[{"z":1}]}"#];
const NAME: &str = "x_new";

#[derive(Debug, PartialEq)]
struct Said {
    choices: Vec<SaidChoice>,
    usage: Option<Usage>,
    /// The kind of the error, where there is one.
    failed: Option<String>,
}

#[derive(Debug, Default, PartialEq)]
struct SaidChoice {
    index: u32,
    text: String,
    reasoning: String,
    refusal: String,
    signatures: Vec<String>,
    calls: Vec<(String, String, serde_json::Value)>,
    finish: Option<FinishReason>,
}

fn said(response: Option<Response>, outcome: &Result<(), StreamError>) -> Said {
    let response = response.unwrap_or_default();
    let choices = response.choices.iter().map(|choice| {
        let mut said =
            SaidChoice { index: choice.index, finish: choice.finish_reason.clone(), ..SaidChoice::default() };
        for part in &choice.message.content {
            match &part.kind {
                PartKind::Text(text) => said.text += text,
                PartKind::Refusal(text) => said.refusal += text,
                PartKind::Reasoning(reasoning) => {
                    said.reasoning += &reasoning.text;
                    said.signatures.extend(reasoning.signature.clone());
                }
                PartKind::ToolCall(call) => {
                    let mut arguments = serde_json::from_str(&call.arguments)
                        .unwrap_or_else(|_| serde_json::Value::String(call.arguments.clone()));
                    // A field in the arguments is the model's.
                    forget(&mut arguments);
                    said.calls.push((call.id.clone(), call.name.clone(), arguments));
                }
                _ => {}
            }
        }
        said
    });
    let failed = match outcome {
        Ok(()) => None,
        Err(StreamError::Provider(error)) => Some(format!("{:?}", error.kind)),
        Err(StreamError::Malformed(_)) => Some("malformed".to_owned()),
        Err(error) => Some(format!("{error:?}")),
    };
    let usage = response.usage.clone().map(|usage| Usage { extra: Extra::new(), ..usage });
    Said { choices: choices.collect(), usage, failed }
}

fn forget(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.remove(NAME);
            fields.values_mut().for_each(forget);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}

/// A transcript, and how it is read.
struct Transcript {
    name: String,
    text: String,
    is_stream: bool,
    is_frames: bool,
}

impl Transcript {
    fn load(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_owned();
        let kind = path.extension()?.to_str()?;
        if !matches!(kind, "sse" | "ndjson" | "array" | "json" | "body" | "frames") || name == "frames.json" {
            return None;
        }
        let text = std::fs::read_to_string(path).unwrap();
        // JSON has no comments.
        let text = match text.strip_prefix("# source: ") {
            Some(rest) if kind != "frames" => rest.split_once('\n')?.1.to_owned(),
            _ => text,
        };
        Some(Self { name, text, is_stream: kind != "json", is_frames: kind == "frames" })
    }

    /// Positions after each brace that opens an object, or before each that closes one.
    fn braces(&self, brace: char) -> Vec<usize> {
        let mut places = Vec::new();
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let mut in_string = false;
            let mut escaped = false;
            if !line.starts_with([':', '#']) {
                for (at, letter) in line.char_indices() {
                    match letter {
                        _ if escaped => escaped = false,
                        '\\' => escaped = in_string,
                        '"' => in_string = !in_string,
                        _ if letter == brace && !in_string => {
                            places.push(start + at + usize::from(brace == '{'));
                        }
                        _ => {}
                    }
                }
            }
            start += line.len();
        }
        places
    }

    /// The transcript with a field before all others, or behind them, at these places.
    fn with_fields(&self, places: &[usize], brace: char, value: &str) -> String {
        let mut text = self.text.clone();
        for place in places.iter().rev() {
            let (before, after) = self.text.split_at(*place);
            let field = if brace == '{' {
                let comma = if after.trim_start().starts_with('}') { "" } else { "," };
                format!("\"{NAME}\":{value}{comma}")
            } else {
                let comma = if before.trim_end().ends_with('{') { "" } else { "," };
                format!("{comma}\"{NAME}\":{value}")
            };
            text.insert_str(*place, &field);
        }
        text
    }

    fn read(&self, dialect: &dyn Dialect, text: &str) -> Said {
        if !self.is_stream {
            return match dialect.decode_response(text.as_bytes()) {
                Ok(response) => said(Some(response), &Ok(())),
                Err(error) => said(None, &Err(error)),
            };
        }
        let body = if self.is_frames { frames::body(text) } else { text.as_bytes().to_vec() };
        let (events, outcome) = decode_within(dialect, [body.as_slice()], StreamLimits::default()).read;
        said(Some(accumulate(&events)), &outcome)
    }
}

#[test]
fn what_an_answer_says_stays_the_same() {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire");
    let mut checked = 0;
    for dialect in all() {
        let Ok(folder) = std::fs::read_dir(fixtures.join(dialect.name())) else { continue };
        for path in folder.map(|entry| entry.unwrap().path()) {
            let Some(transcript) = Transcript::load(&path) else { continue };
            let expected = transcript.read(dialect, &transcript.text);
            let check = |places: &[usize], brace: char, value: &str| {
                let changed = transcript.with_fields(places, brace, value);
                let read = transcript.read(dialect, &changed);
                let place = if let [place] = places { transcript.text.get(..*place) } else { None };
                assert_eq!(
                    read,
                    expected,
                    "{} {} with {value} at {}",
                    dialect.name(),
                    transcript.name,
                    place.map_or("every place", |before| before
                        .get(before.len().saturating_sub(80)..)
                        .unwrap_or(before))
                );
            };
            for brace in ['{', '}'] {
                let places = transcript.braces(brace);
                for value in VALUES {
                    check(&places, brace, value);
                }
                for place in &places {
                    check(&[*place], brace, VALUES[3]);
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 4000, "only {checked} places were found");
}
