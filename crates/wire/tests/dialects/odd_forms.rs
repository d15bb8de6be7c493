//! What a model says in another form than the dialect's, and bodies that are nearly JSON: read in every dialect, plain
//! and streamed, never lost.

use crate::bodies::{Said, changed, plain, read_stream, says, streamed};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::all;
use ferrule_wire::framing::StreamError;
use ferrule_wire::model::Response;

/// What stands in place of the string `"ALPHA"`, and what it says.
const FORMS: [(&str, &str); 5] = [
    (r#"["AL","PHA"]"#, "ALPHA"),
    (r#"[{"type":"text","text":"ALPHA"}]"#, "ALPHA"),
    (r#"{"text":"ALPHA"}"#, "ALPHA"),
    (r#"{"type":"text","text":{"value":"ALPHA"}}"#, "ALPHA"),
    ("4711", "4711"),
];

/// Streams that are text, and an answer that is one text with nothing around it.
const RAW_STREAMS: [&str; 1] = ["replicate"];

fn read(dialect: &dyn Dialect, body: &[u8], is_stream: bool) -> Result<Response, StreamError> {
    if is_stream { read_stream(dialect, body) } else { dialect.decode_response(body) }
}

fn body(dialect: &dyn Dialect, said: Said, replace: &[(&str, &str)], is_stream: bool) -> Vec<u8> {
    let body = if is_stream { streamed(dialect, said, "ALPHA", "") } else { plain(dialect, said, "ALPHA") };
    changed(dialect, &body, replace, is_stream)
}

#[test]
fn text_in_another_form_is_never_lost() {
    for dialect in all() {
        for said in [Said::Text, Said::Reasoning] {
            for is_stream in [false, true] {
                if !says(dialect, said, is_stream) || is_stream && RAW_STREAMS.contains(&dialect.name()) {
                    continue;
                }
                for (form, expected) in FORMS {
                    let body = body(dialect, said, &[("\"ALPHA\"", form)], is_stream);
                    let name = format!("{} {said:?} streamed: {is_stream} {form}", dialect.name());
                    let response = read(dialect, &body, is_stream).unwrap();
                    let read = said.text_in(&response);
                    // A number where a part has its text is no text; the part is kept whole.
                    if form == "4711" && read.is_none() {
                        assert!(format!("{response:?}").contains("4711"), "{name}: {response:?}");
                    } else {
                        assert_eq!(read.as_deref(), Some(expected), "{name}: {response:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_byte_order_mark_before_a_body_is_skipped() {
    for dialect in all() {
        for is_stream in [false, true] {
            let mut marked = b"\xef\xbb\xbf".to_vec();
            marked.extend(body(dialect, Said::Text, &[], is_stream));
            if is_stream && dialect.name() == "bedrock" {
                continue;
            }
            let response = read(dialect, &marked, is_stream).unwrap();
            assert_eq!(Said::Text.text_in(&response).as_deref(), Some("ALPHA"), "{}", dialect.name());
        }
    }
}

#[test]
fn a_number_without_a_form_hinders_nothing() {
    for dialect in all() {
        for is_stream in [false, true] {
            if is_stream && RAW_STREAMS.contains(&dialect.name()) {
                continue;
            }
            for number in ["NaN", "Infinity", "-Infinity"] {
                let probable = format!("\"logprob\":[{{\"logprob\":{number},\"token\":\"{number}\"}}]");
                let body = if is_stream {
                    body(dialect, Said::Text, &[("\"ALPHA\"", &format!("\"ALPHA\",{probable}"))], true)
                } else {
                    let body = String::from_utf8(body(dialect, Said::Text, &[], false)).unwrap();
                    body.replacen('{', &format!("{{{probable},"), 1).into_bytes()
                };
                let name = format!("{} streamed: {is_stream} {number}", dialect.name());
                let response =
                    read(dialect, &body, is_stream).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(Said::Text.text_in(&response).as_deref(), Some("ALPHA"), "{name}");
                // What is kept of it is JSON again.
                let again = dialect.encode_response(&response);
                assert_eq!(
                    dialect.decode_response(&again).map(|again| Said::Text.text_in(&again)),
                    Ok(Some("ALPHA".into())),
                    "{name}"
                );
            }
        }
    }
}
