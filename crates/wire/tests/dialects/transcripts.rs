//! Streams as the servers send them (`tests/fixtures/wire/<dialect>/`), and the events they mean (`*.events`). Those of
//! Anthropic, Gemini and Bedrock are beside their other tests.
//!
//! The first line of a transcript says where its shape comes from; lines of JSON have no comments, so there it is taken
//! off. `UPDATE_TRANSCRIPTS=1` writes the events anew.

use crate::streams::decode_within;
use ferrule_wire::dialect::registry::{all, find};
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::model::StreamEvent;
use std::fmt::Write as _;
use std::path::PathBuf;

fn told(events: &[StreamEvent], end: &Result<(), StreamError>) -> String {
    let mut text = String::new();
    for event in events {
        writeln!(text, "{event:?}").unwrap();
    }
    match end {
        Ok(()) => text.push_str("complete\n"),
        Err(StreamError::Provider(error)) => writeln!(text, "{:?}: {error}", error.kind).unwrap(),
        Err(StreamError::Malformed(_)) => text.push_str("Malformed\n"),
        Err(error) => writeln!(text, "{error:?}").unwrap(),
    }
    text
}

fn check(name: &str, extension: &str, source: &str, has_comments: bool) -> usize {
    let dialect = find(name).unwrap();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire").join(name);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|found| found != extension) {
            continue;
        }
        count += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(source), "{} does not say where it comes from", path.display());
        let body = if has_comments { &text } else { text.split_once('\n').unwrap().1 };
        // An error that is a plain body is read at the end: such a stream is done, and failed.
        let decode =
            |size| decode_within(dialect, body.as_bytes().chunks(size), StreamLimits::default()).read;
        let (events, end) = decode(body.len().max(1));
        let read = told(&events, &end);
        let expected_path = path.with_extension("events");
        if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
            std::fs::write(&expected_path, &read).unwrap();
        }
        assert_eq!(read, std::fs::read_to_string(&expected_path).unwrap(), "{}", path.display());
        for size in [1, 2, 3, 7, 64, 200] {
            let (in_pieces, end) = decode(size);
            assert_eq!(told(&in_pieces, &end), read, "{} in pieces of {size}", path.display());
        }
    }
    count
}

#[test]
fn every_format_has_transcripts() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire");
    for dialect in all() {
        let found = std::fs::read_dir(folder.join(dialect.format()));
        let found = found.is_ok_and(|mut files| files.next().is_some());
        assert!(found, "tests/fixtures/wire/{}: no transcripts", dialect.format());
    }
}

#[test]
fn openais_mean_what_is_written_beside_them() {
    for (dialect, least) in [("openai-chat", 35), ("openai-responses", 27), ("openai-completions", 6)] {
        let count = check(dialect, "sse", ": source: ", true);
        assert!(count >= least, "only {count} transcripts of {dialect} were found");
    }
}

#[test]
fn coheres_mean_what_is_written_beside_them() {
    assert_eq!(check("cohere", "sse", ": source: ", true), 12);
}

#[test]
fn ollamas_mean_what_is_written_beside_them() {
    assert_eq!(check("ollama", "ndjson", "# source: ", false), 12);
}

#[test]
fn replicates_mean_what_is_written_beside_them() {
    assert_eq!(check("replicate", "sse", ": source: ", true), 8);
}

#[test]
fn cursors_mean_what_is_written_beside_them() {
    assert_eq!(check("cursor-cli", "ndjson", "# source: ", false), 7);
}

#[test]
fn watsonxs_mean_what_is_written_beside_them() {
    assert_eq!(check("watsonx", "sse", ": source: ", true), 4);
}

#[test]
fn ruvllms_mean_what_is_written_beside_them() {
    assert_eq!(check("ruvllm", "body", "# source: ", false), 8);
}
