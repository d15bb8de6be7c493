//! Streams as providers send them (`tests/fixtures/wire/openai-*/*.sse`), and the events they mean (`*.events`).
//!
//! The first line of a transcript says where its shape comes from. `UPDATE_TRANSCRIPTS=1` writes the events anew.

use ferrule_wire::dialect::registry::find;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::model::StreamEvent;
use std::fmt::Write as _;
use std::path::PathBuf;

fn folder(dialect: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire").join(dialect)
}

/// Reads `body` in pieces of `size` bytes.
fn decode(dialect: &str, body: &[u8], size: usize) -> (Vec<StreamEvent>, Result<(), StreamError>) {
    let mut decoder = find(dialect).unwrap().stream_decoder(StreamLimits::default());
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
    for (dialect, least) in [("openai-chat", 35), ("openai-responses", 27), ("openai-completions", 6)] {
        check(dialect, least);
    }
}

fn check(dialect: &str, least: usize) {
    let mut count = 0;
    let update = std::env::var_os("UPDATE_TRANSCRIPTS").is_some();
    for entry in std::fs::read_dir(folder(dialect)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "sse") {
            continue;
        }
        count += 1;
        let body = std::fs::read(&path).unwrap();
        assert!(body.starts_with(b": source: "), "{} does not say where it comes from", path.display());
        let (events, end) = decode(dialect, &body, body.len());
        let text = write_events(&events, &end);
        let expected_path = path.with_extension("events");
        if update {
            std::fs::write(&expected_path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap();
        assert_eq!(text, expected, "{}", path.display());
        for size in [1, 2, 3, 7, 64] {
            let (in_pieces, end_in_pieces) = decode(dialect, &body, size);
            assert_eq!(
                write_events(&in_pieces, &end_in_pieces),
                text,
                "{} in pieces of {size}",
                path.display()
            );
        }
    }
    assert!(count >= least, "only {count} transcripts of {dialect} were found");
}
