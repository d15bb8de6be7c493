//! Tests of server-sent events: every row of the table of edge cases, the deviations of providers, and a slow reader
//! as the oracle.

use super::*;
use alloc::{format, string::ToString, vec};
use proptest::prelude::*;

/// A frame that owns its text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Event(String, String, String),
    Stray(String),
}

fn event(data: &str) -> Owned {
    Owned::Event("message".into(), data.into(), String::new())
}

fn named(event: &str, data: &str) -> Owned {
    Owned::Event(event.into(), data.into(), String::new())
}

fn with_id(data: &str, id: &str) -> Owned {
    Owned::Event("message".into(), data.into(), id.into())
}

fn stray(text: &str) -> Owned {
    Owned::Stray(text.into())
}

/// What a reader says when `reads` come one by one and, where `ended`, the body then ends.
fn read_limited(reads: &[&[u8]], ended: bool, limit: usize) -> (Vec<Owned>, Result<(), StreamError>) {
    let mut frames = Vec::new();
    let mut reader = SseReader::new(StreamLimits { event_bytes: limit });
    let mut keep = |frame: Frame<'_>| {
        frames.push(match frame {
            Frame::Event { event, data, id } => Owned::Event(event.into(), data.into(), id.into()),
            Frame::StrayJson(text) => Owned::Stray(text.into()),
        });
        Ok(())
    };
    let mut outcome = reads.iter().try_for_each(|bytes| reader.push(bytes, &mut keep));
    if ended && outcome.is_ok() {
        outcome = reader.finish(&mut keep);
    }
    (frames, outcome)
}

fn read(reads: &[&[u8]], ended: bool) -> Vec<Owned> {
    let (frames, outcome) = read_limited(reads, ended, 1 << 20);
    assert_eq!(outcome, Ok(()));
    frames
}

/// Checks `input` whole, at every single split and byte by byte, with the end of the body and without.
fn check(input: &[u8], expected: &[Owned]) {
    for ended in [false, true] {
        assert_eq!(read(&[input], ended), expected, "whole: {:?}", String::from_utf8_lossy(input));
        for at in 0..=input.len() {
            let (before, after) = input.split_at(at);
            assert_eq!(
                read(&[before, after], ended),
                expected,
                "at {at}: {:?}",
                String::from_utf8_lossy(input)
            );
        }
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(read(&bytes, ended), expected, "byte by byte: {:?}", String::from_utf8_lossy(input));
    }
}

/// As [`check`], for what shows only when the body ends.
fn check_ended(input: &[u8], expected: &[Owned]) {
    for at in 0..=input.len() {
        let (before, after) = input.split_at(at);
        assert_eq!(read(&[before, after], true), expected, "at {at}: {:?}", String::from_utf8_lossy(input));
    }
    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(read(&bytes, true), expected, "byte by byte: {:?}", String::from_utf8_lossy(input));
}

#[test]
fn every_row_of_the_table() {
    let a = || vec![event("a")];
    let nothing: Vec<Owned> = Vec::new();
    let rows: Vec<(u32, &[u8], Vec<Owned>)> = vec![
        (1, b"\xef\xbb\xbfdata: a\n\n", a()),
        (2, b"data: a\n\n\xef\xbb\xbfdata: b\n\n", a()),
        (2, b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", nothing.clone()),
        (3, b"data: a\r\n\r\n", a()),
        (3, b"data: a\r\r", a()),
        (3, b"data: a\n\r\n", a()),
        (3, b"data: a\r\n\n", a()),
        (4, b"data: a\r\n\r\ndata: b\n\n", vec![event("a"), event("b")]),
        (5, b"data: a\r\rdata: b\r\r", vec![event("a"), event("b")]),
        (6, b": hi\n\n", nothing.clone()),
        (6, b":\n\n", nothing.clone()),
        (7, b"data: a\n: c\ndata: b\n\n", vec![event("a\nb")]),
        (8, b"data: a\ndata: b\ndata:\n\n", vec![event("a\nb\n")]),
        (9, b"data\n\n", vec![event("")]),
        (10, b"data:\n\n", vec![event("")]),
        (11, b"data\ndata\n\n", vec![event("\n")]),
        (12, b"event: x\n\n", nothing.clone()),
        (12, b"event: x\n\ndata: a\n\n", a()),
        (13, b"data:a\n\n", a()),
        (13, b"data: a\n\n", a()),
        (13, b"data:  a\n\n", vec![event(" a")]),
        (13, b"data:\ta\n\n", vec![event("\ta")]),
        (14, b"id: 1\ndata: a\n\ndata: b\n\n", vec![with_id("a", "1"), with_id("b", "1")]),
        (15, b"id: 1\x00\ndata: a\n\n", a()),
        (16, b"id: 1\ndata: a\n\nid\ndata: b\n\n", vec![with_id("a", "1"), event("b")]),
        (17, b"retry: 10\nretry: 1x\nretry: -1\nretry:\ndata: a\n\n", a()),
        (18, b"data: a", nothing.clone()),
        (18, b"data: a\n", nothing.clone()),
        (19, b"DATA: a\n\n", nothing.clone()),
        (19, b" data: a\n\n", nothing.clone()),
        (20, b"data: {\"a\":\"x:y\"}\n\n", vec![event("{\"a\":\"x:y\"}")]),
        (21, b"data: \xe2\x82\xac\n\n", vec![event("\u{20ac}")]),
        (
            23,
            "data: a\u{2028}b\u{2029}c\u{85}d\u{b}e\u{c}f\n\n".as_bytes(),
            vec![event("a\u{2028}b\u{2029}c\u{85}d\u{b}e\u{c}f")],
        ),
        (24, b"data: a\n\n\n\n\n", a()),
        (25, b"data: a\x00b\n\n", vec![event("a\0b")]),
        (27, b"data: [DONE]\n\ndata: x\n\n", vec![event("[DONE]"), event("x")]),
        (28, b"", nothing),
    ];
    for (_, input, expected) in &rows {
        check(input, expected);
    }
    let covered: Vec<u32> = rows.iter().map(|(row, ..)| *row).collect();
    // Row 22 is the long line below; row 26 is what `check` does to every row.
    assert!((1..=28).filter(|row| ![22, 26].contains(row)).all(|row| covered.contains(&row)));
}

#[test]
fn the_reads_of_row_4() {
    let reads: [&[u8]; 3] = [b"data: a\r", b"\n\r", b"\ndata: b\n\n"];
    assert_eq!(read(&reads, true), [event("a"), event("b")]);
}

#[test]
fn a_carriage_return_ends_the_event_at_once() {
    assert_eq!(read(&[b"data: a\r\r"], false), [event("a")]);
    assert_eq!(read(&[b"data: a\r", b"\n\r"], false), [event("a")]);
}

#[test]
fn a_long_line_in_small_reads() {
    let text = "x".repeat(5 << 20);
    let body = format!("data: {text}\n\n");
    let reads: Vec<&[u8]> = body.as_bytes().chunks(16 << 10).collect();
    let (frames, outcome) = read_limited(&reads, true, 32 << 20);
    assert_eq!(outcome, Ok(()));
    assert!(frames == [event(&text)]);
}

#[test]
fn long_buffers_are_given_back() {
    let body = format!("data: {}\n\n", "x".repeat(1 << 20));
    let mut reader = SseReader::new(StreamLimits::default());
    for bytes in body.as_bytes().chunks(16 << 10) {
        reader.push(bytes, &mut |_| Ok(())).unwrap();
    }
    assert!(reader.partial.capacity() <= KEPT_CAPACITY && reader.data.capacity() <= KEPT_CAPACITY);
}

#[test]
fn the_limit_holds_at_every_split() {
    let cases: [(&[u8], &[Owned]); 7] = [
        (b"data: a\n\ndata: 12345\n\ndata: b\n\n", &[event("a")]), // a line of 11 bytes
        (b"data: a\n\n:2345678901\n", &[event("a")]),              // a comment
        (b"data: a\n\nevent: 89012", &[event("a")]),               // not even ended
        (b"data:12345\ndata:67890\n\n", &[]),                      // data of 11 bytes
        (b"data: a\n\n{\n   \n   \n   \n", &[event("a")]),         // JSON of many lines
        (b"data\ndata\ndata\ndata\ndata\ndata\ndata:12345\n", &[]),
        (b"\n\n\n\n\n\n\n\n\n\n\n\nid: 6789012", &[]),
    ];
    for (input, expected) in cases {
        for at in 0..=input.len() {
            let (before, after) = input.split_at(at);
            let (frames, outcome) = read_limited(&[before, after], false, 10);
            assert_eq!(frames, expected, "at {at}: {:?}", String::from_utf8_lossy(input));
            assert_eq!(
                outcome,
                Err(StreamError::TooLarge(10)),
                "at {at}: {:?}",
                String::from_utf8_lossy(input)
            );
        }
    }
    assert_eq!(
        read_limited(&[b"data:12345\ndata:6789\n\n"], false, 10),
        (vec![event("12345\n6789")], Ok(()))
    );
}

#[test]
fn an_error_from_the_caller_stops_the_reading() {
    let mut seen = 0;
    let mut reader = SseReader::new(StreamLimits::default());
    let outcome = reader.push(b"data: a\n\ndata: b\n\n", &mut |_| {
        seen += 1;
        Err(StreamError::Malformed("no".to_string()))
    });
    assert_eq!(outcome, Err(StreamError::Malformed("no".to_string())));
    assert_eq!(seen, 1);
}

#[test]
fn the_last_event_is_kept_where_it_is_plainly_whole() {
    check_ended(b"data: x\n\ndata: [DONE]", &[event("x"), event("[DONE]")]);
    check_ended(b"data: [DONE] \n", &[event("[DONE] ")]);
    check_ended(b"data: {\"a\":1}", &[event("{\"a\":1}")]);
    check_ended(b"event: e\r\ndata: {\"a\":\r\ndata: 1}\r\n", &[named("e", "{\"a\":\n1}")]);
    check_ended(b"data: {\"a\":1}\neven", &[event("{\"a\":1}")]);
    check_ended(b"data: {\"a\":1}\nevent: erro", &[event("{\"a\":1}")]);
    check_ended(b"data: {\"a\":1}\nid: 1", &[event("{\"a\":1}")]);
    check_ended(b"data: {\"a\":1", &[]);
    check_ended(b"data: {\"a\":1\ndata: ", &[]);
    check_ended(b"data: [DO", &[]);
    check_ended(b"data: 1", &[]); // it may have been 12
    assert_eq!(read(&[b"data: {\"a\":1}"], false), []);
}

#[test]
fn a_plain_json_body_is_stray() {
    let error = r#"{"error":{"message":"a { b \" c","code":400}}"#;
    check_ended(error.as_bytes(), &[stray(error)]);
    check_ended(format!("\u{feff}{error}").as_bytes(), &[stray(error)]);
    check(format!("\r\n  {error}\r\n").as_bytes(), &[stray(error)]);
    check(format!("[{error}]\n").as_bytes(), &[stray(&format!("[{error}]"))]);
    check(b"[{\"a\":1}\r\n,\r\n{\"a\":2}\r\n]\r\n", &[stray("[{\"a\":1}\n,\n{\"a\":2}\n]")]);
    check(b"{\"a\":1}\n{\"a\":2} {\"a\":3}\n", &[stray("{\"a\":1}"), stray("{\"a\":2}"), stray("{\"a\":3}")]);
}

#[test]
fn a_pretty_printed_error_inside_a_stream_is_stray() {
    let error = "{\n  \"error\": {\n    \"code\": 503,\n\n    \"status\": \"UNAVAILABLE\"\n  }\n}";
    let without_blank_line = error.replace("\n\n", "\n");
    check(format!("data: a\n\n{error}\n").as_bytes(), &[event("a"), stray(&without_blank_line)]);
    check(
        format!("data: a\r\n\r\n{}\r\ndata: b\r\n\r\n", error.replace('\n', "\r\n")).as_bytes(),
        &[event("a"), stray(&without_blank_line), event("b")],
    );
    check_ended(format!("data: a\n\n{error}").as_bytes(), &[event("a"), stray(&without_blank_line)]);
}

#[test]
fn an_error_field_with_json_is_stray() {
    let error = r#"{"code":500,"message":"m","type":"server_error"}"#;
    check(format!("data: a\n\nerror: {error}\n\n").as_bytes(), &[event("a"), stray(error)]);
    check_ended(format!("error:{error}").as_bytes(), &[stray(error)]);
    check(b"error: text\n\n", &[]);
}

#[test]
fn what_only_looks_like_json_hides_no_event() {
    check(b"{ unclosed\n\nevent: e\ndata: a\n\n", &[named("e", "a")]);
    check(b"{ \"unclosed\ndata: a\n\n", &[event("a")]);
    check(b"{ unclosed\ndata\n\n", &[event("")]);
    check(b"data: a\n{\n\n}\n", &[event("a"), stray("{\n}")]);
    check(b"{not json}\ndata: a\n\n", &[event("a")]);
    check(b"{\"a\":\n: keep-alive\n1}\n", &[stray("{\"a\":\n1}")]);
    check(format!("{}\ndata: a\n\n", "[".repeat(1000)).as_bytes(), &[event("a")]);
}

#[test]
fn keep_alives_say_nothing_but_empty_data_is_an_event() {
    check(b": OPENROUTER PROCESSING\n\n:\n\n: ping\r\n\r\n\n\n\n", &[]);
    check(b"data: \n\n", &[event("")]);
    check(b"event: ping\ndata: {\"type\": \"ping\"}\n\n", &[named("ping", "{\"type\": \"ping\"}")]);
    check(b"data:{\"a\":1}\nevent:e\n\n", &[named("e", "{\"a\":1}")]);
}

#[test]
fn bad_bytes_are_replaced() {
    check(b"data: a\xffb\xe2\x82\n\n", &[event("a\u{fffd}b\u{fffd}")]);
    check(
        b"event: \xff\nid: \xc3\ndata: \xc3\ndata: \xa9\n\n",
        &[Owned::Event("\u{fffd}".into(), "\u{fffd}\n\u{fffd}".into(), "\u{fffd}".into())],
    );
}

/// The rules of the standard straight down: the whole stream decoded, then cut into lines, then read.
fn slow(bytes: &[u8]) -> Vec<Owned> {
    let decoded = String::from_utf8_lossy(bytes).into_owned();
    let text = decoded.strip_prefix('\u{feff}').unwrap_or(&decoded).replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop(); // what follows the last line end is no line
    let (mut data, mut event, mut id) = (String::new(), String::new(), String::new());
    let mut events = Vec::new();
    for line in lines {
        if line.is_empty() {
            if let Some(data) = data.strip_suffix('\n') {
                let event = if event.is_empty() { "message" } else { &event };
                events.push(Owned::Event(event.into(), data.into(), id.clone()));
            }
            data.clear();
            event.clear();
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => event = value.into(),
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "id" if !value.contains('\0') => id = value.into(),
            _ => {}
        }
    }
    events
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            &b"data"[..],
            b"event",
            b"id",
            b"retry",
            b"error",
            b":",
            b" ",
            b"\r",
            b"\n",
            b"\r\n",
            b"\n\n",
            b"\xef\xbb\xbf",
            b"\xe2\x82\xac",
            b"\xf0\x9f\x98\x80",
            b"\xff",
            b"\xe2\x82",
            b"\0",
            b"{",
            b"}",
            b"[",
            b"]",
            b"\"",
            b"\\",
            b"a",
            b"1",
            b"[DONE]",
        ])
        .prop_map(<[u8]>::to_vec),
        prop::sample::select(vec![
            &b"data: "[..],
            b"data:a\n\n",
            b"event: e\n",
            b"data: {\"a\":1}\n\n",
            b"{\"a\":1}\n"
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Cuts `input` after each of the numbers of bytes, over and over.
fn cut<'a>(mut input: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut reads = Vec::new();
    for size in sizes.iter().cycle() {
        if input.is_empty() {
            break;
        }
        let (read, rest) = input.split_at((*size).min(input.len()));
        reads.push(read);
        input = rest;
    }
    reads
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Stray JSON comes on top: the events are the standard's in any case.
    #[test]
    fn the_events_are_those_of_the_oracle(input in pieces(), sizes in prop::collection::vec(1usize..20, 1..8)) {
        let frames = read(&cut(&input, &sizes), false);
        let events: Vec<Owned> = frames.into_iter().filter(|frame| matches!(frame, Owned::Event(..))).collect();
        prop_assert_eq!(events, slow(&input));
    }

    #[test]
    fn any_split_gives_the_same_frames(input in pieces(), sizes in prop::collection::vec(0usize..20, 1..8), limit in 1usize..60) {
        prop_assume!(sizes.iter().any(|size| *size > 0));
        let reads = cut(&input, &sizes);
        prop_assert_eq!(read(&reads, true), read(&[&input], true));
        let (frames, outcome) = read_limited(&[&input], true, limit);
        let (split_frames, split_outcome) = read_limited(&reads, true, limit);
        prop_assert_eq!(frames, split_frames);
        prop_assert_eq!(outcome, split_outcome);
    }

    #[test]
    fn any_bytes_are_read_as_the_oracle_reads_them(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let frames = read(&[&input], false);
        let events: Vec<Owned> = frames.into_iter().filter(|frame| matches!(frame, Owned::Event(..))).collect();
        prop_assert_eq!(events, slow(&input));
    }
}
