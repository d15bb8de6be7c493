//! Transcripts of streams: a line per frame, its event's name and payload, as `tests/fixtures/wire/bedrock/README.md`
//! says. The binary frames are made of them here.

use ferrule_wire::framing::{HeaderValue, write_frame};

/// The body that a transcript stands for.
pub(crate) fn body(transcript: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for line in transcript.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (kind, rest) = line.split_once(' ').unwrap();
        match kind {
            "cut" => out.truncate(out.len() - rest.parse::<usize>().unwrap()),
            "error" => {
                let (code, message) = rest.split_once(' ').unwrap();
                let headers =
                    [(":error-code", code), (":error-message", message), (":message-type", "error")];
                write_frame(headers.map(|(name, value)| (name, HeaderValue::Text(value))), b"", &mut out);
            }
            _ => {
                let (name, payload) = rest.split_once(' ').unwrap();
                frame(kind, name, payload, &mut out);
            }
        }
    }
    out
}

/// A frame of the kind `event` or `exception`.
pub(crate) fn frame(kind: &str, name: &str, payload: &str, out: &mut Vec<u8>) {
    let type_header = format!(":{kind}-type");
    let headers =
        [(type_header.as_str(), name), (":content-type", "application/json"), (":message-type", kind)];
    write_frame(headers.map(|(name, value)| (name, HeaderValue::Text(value))), payload.as_bytes(), out);
}

/// Frames of events.
pub(crate) fn events(events: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, payload) in events {
        frame("event", name, payload, &mut out);
    }
    out
}
