//! Halves of surrogate pairs in what a model says, in every dialect, plain and streamed: two in adjacent deltas are
//! joined, one alone is U+FFFD, and what stands around it is kept.

use crate::bodies::{Said, changed, plain, read_stream, says, streamed};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::all;
use ferrule_wire::error::Headers;
use ferrule_wire::framing::StreamError;
use ferrule_wire::model::{ErrorKind, ProviderError, Request};

/// What two adjacent deltas, or one text, say in JSON's escapes, and what that is.
const CASES: [(&str, &str, &str); 7] = [
    (r"Before \ud83c", r"\udf0d after", "Before 🌍 after"),
    (r"\ud83c", r"\uDF0D", "🌍"),
    (r"Before \ud83c", " after", "Before \u{fffd} after"),
    ("Before ", r"\udf0d after", "Before \u{fffd} after"),
    (r"Before \ud83c after", r" \udf0d.", "Before \u{fffd} after \u{fffd}."),
    ("Before ", r"\ud83c", "Before \u{fffd}"),
    (r"\ud83c\udf0d ", r"\ud83d\ud83d\ude00", "🌍 \u{fffd}😀"),
];

/// Dialects whose streams are text and not JSON, so that nothing in them is an escape.
const RAW_STREAMS: [&str; 1] = ["replicate"];

/// Every dialect has the first; which have the others is written down, so that one that lost them is seen.
fn has(dialect: &dyn Dialect, said: Said, is_stream: bool) -> bool {
    let has = says(dialect, said, is_stream);
    let expected = match said {
        Said::Text => true,
        Said::Reasoning => !matches!(dialect.name(), "openai-completions" | "replicate" | "ruvllm"),
        Said::Arguments => {
            !matches!(dialect.name(), "openai-completions" | "replicate" | "ruvllm" | "cursor-cli")
        }
    };
    assert_eq!(has, expected, "{} {said:?} streamed: {is_stream}", dialect.name());
    has
}

#[test]
fn halves_are_joined_or_replaced() {
    for dialect in all() {
        for said in Said::ALL {
            for is_stream in [false, true] {
                if !has(dialect, said, is_stream) || is_stream && RAW_STREAMS.contains(&dialect.name()) {
                    continue;
                }
                for (first, second, expected) in CASES {
                    let name = format!("{} {said:?} streamed: {is_stream} {first}|{second}", dialect.name());
                    let replace = [("ALPHA", first), ("OMEGA", second)];
                    let response = if is_stream {
                        let body = streamed(dialect, said, "ALPHA", "OMEGA");
                        read_stream(dialect, &changed(dialect, &body, &replace, true))
                    } else {
                        let body = plain(dialect, said, "ALPHAOMEGA");
                        dialect.decode_response(&changed(dialect, &body, &replace, false))
                    };
                    assert_eq!(said.text_in(&response.unwrap()).as_deref(), Some(expected), "{name}");
                }
            }
        }
    }
}

/// The arguments are JSON in a JSON string, so that the escapes in them are escaped again.
#[test]
fn halves_inside_of_arguments_are_kept_as_json() {
    for dialect in all().filter(|dialect| has(*dialect, Said::Arguments, false)) {
        let is_text =
            String::from_utf8(plain(dialect, Said::Arguments, "ALPHA")).unwrap().contains(r#"\"ALPHA"#);
        let written = if is_text { r"a \\ud83c b" } else { r"a \ud83c b" };
        let replace = [("ALPHA", written), ("OMEGA", "")];
        let body = plain(dialect, Said::Arguments, "ALPHA");
        let response = dialect.decode_response(&changed(dialect, &body, &replace, false)).unwrap();
        assert_eq!(Said::Arguments.text_in(&response).as_deref(), Some("a \u{fffd} b"), "{}", dialect.name());
        let body = streamed(dialect, Said::Arguments, "ALPHA", "OMEGA");
        let is_text = !["gemini", "vertex", "ollama"].contains(&dialect.name());
        let written = if is_text { r"a \\ud83c b" } else { r"a \ud83c b" };
        let replace = [("ALPHA", written), ("OMEGA", "")];
        let response = read_stream(dialect, &changed(dialect, &body, &replace, true)).unwrap();
        assert_eq!(Said::Arguments.text_in(&response).as_deref(), Some("a \u{fffd} b"), "{}", dialect.name());
    }
}

#[test]
fn errors_keep_what_they_say() {
    let (written, expected) = (r"Before \ud83c after", "Before \u{fffd} after");
    for dialect in all() {
        let error = ProviderError::new(ErrorKind::InvalidRequest, "ALPHA");
        // Errors as plain text, and a program, which has no HTTP errors.
        if !matches!(dialect.name(), "ruvllm" | "cursor-cli") {
            let body = changed(dialect, &dialect.encode_error(&error), &[("ALPHA", written)], false);
            let read = dialect.decode_error(400, Headers::default(), &body, 0);
            assert_eq!(read.message, expected, "{}", dialect.name());
        }
        if RAW_STREAMS.contains(&dialect.name()) {
            continue;
        }
        let mut encoder = dialect.stream_encoder(&Request { stream: true, ..Request::default() });
        let mut body = Vec::new();
        encoder.error(&error, &mut body);
        encoder.finish(&mut body);
        match read_stream(dialect, &changed(dialect, &body, &[("ALPHA", written)], true)) {
            Err(StreamError::Provider(error)) => assert_eq!(error.message, expected, "{}", dialect.name()),
            other => panic!("{}: {other:?}", dialect.name()),
        }
    }
}
