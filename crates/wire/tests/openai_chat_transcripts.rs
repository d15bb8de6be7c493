//! Streams as providers send them (`tests/fixtures/wire/openai-chat/*.sse`), and the events they mean (`*.events`).
//!
//! The first line of a transcript says where its shape comes from. `UPDATE_TRANSCRIPTS=1` writes the events anew.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use ferrule_wire::dialect::{StreamError, StreamLimits, find};
use ferrule_wire::model::StreamEvent;
use std::fmt::Write as _;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire/openai-chat")
}

/// Reads `body` in pieces of `size` bytes.
fn decode(body: &[u8], size: usize) -> (Vec<StreamEvent>, Result<(), StreamError>) {
    let mut decoder = find("openai-chat").unwrap().stream_decoder(StreamLimits::default());
    let mut events = Vec::new();
    for piece in body.chunks(size) {
        if let Err(error) = decoder.push(piece, &mut events) {
            return (events, Err(error));
        }
    }
    let end = decoder.finish(&mut events);
    (events, end)
}

fn write_events(events: &[StreamEvent], end: &Result<(), StreamError>) -> String {
    let mut text = String::new();
    for event in events {
        writeln!(text, "{event:?}").unwrap();
    }
    match end {
        Ok(()) => text.push_str("complete\n"),
        Err(StreamError::Provider(error)) => {
            writeln!(text, "{:?}: {}", error.kind, error).unwrap();
        }
        Err(StreamError::Malformed(_)) => text.push_str("Malformed\n"),
        Err(error) => writeln!(text, "{error:?}").unwrap(),
    }
    text
}

#[test]
fn transcripts_mean_what_is_written_beside_them() {
    let mut count = 0;
    let update = std::env::var_os("UPDATE_TRANSCRIPTS").is_some();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "sse") {
            continue;
        }
        count += 1;
        let body = std::fs::read(&path).unwrap();
        assert!(body.starts_with(b": source: "), "{} does not say where it comes from", path.display());
        let (events, end) = decode(&body, body.len());
        let text = write_events(&events, &end);
        let expected_path = path.with_extension("events");
        if update {
            std::fs::write(&expected_path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap();
        assert_eq!(text, expected, "{}", path.display());
        for size in [1, 2, 3, 7, 64] {
            let (in_pieces, end_in_pieces) = decode(&body, size);
            assert_eq!(
                write_events(&in_pieces, &end_in_pieces),
                text,
                "{} in pieces of {size}",
                path.display()
            );
        }
    }
    assert!(count >= 35, "only {count} transcripts were found");
}
