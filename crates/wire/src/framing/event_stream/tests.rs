//! `tests/fixtures/wire/bedrock/frames.json` has the frames of `docs/wire/bedrock.md`, section 5 and frames written by
//! botocore's own reading of the format; see the README there.

use super::*;
use crate::json::Fields;
use proptest::prelude::*;
use std::{fs, path::Path, string::String, vec};

/// A frame out of the memory it was read from.
type Owned = (Vec<(String, OwnedValue)>, Vec<u8>);

#[derive(Clone, Debug, PartialEq)]
enum OwnedValue {
    Bool(bool),
    Byte(i8),
    Short(i16),
    Integer(i32),
    Long(i64),
    Bytes(Vec<u8>),
    Text(String),
    Timestamp(i64),
    Uuid([u8; 16]),
}

impl OwnedValue {
    fn from_value(value: HeaderValue<'_>) -> Self {
        match value {
            HeaderValue::Bool(it) => Self::Bool(it),
            HeaderValue::Byte(it) => Self::Byte(it),
            HeaderValue::Short(it) => Self::Short(it),
            HeaderValue::Integer(it) => Self::Integer(it),
            HeaderValue::Long(it) => Self::Long(it),
            HeaderValue::Bytes(it) => Self::Bytes(it.into()),
            HeaderValue::Text(it) => Self::Text(it.into()),
            HeaderValue::Timestamp(it) => Self::Timestamp(it),
            HeaderValue::Uuid(it) => Self::Uuid(it),
        }
    }

    fn borrow(&self) -> HeaderValue<'_> {
        match self {
            Self::Bool(it) => HeaderValue::Bool(*it),
            Self::Byte(it) => HeaderValue::Byte(*it),
            Self::Short(it) => HeaderValue::Short(*it),
            Self::Integer(it) => HeaderValue::Integer(*it),
            Self::Long(it) => HeaderValue::Long(*it),
            Self::Bytes(it) => HeaderValue::Bytes(it),
            Self::Text(it) => HeaderValue::Text(it),
            Self::Timestamp(it) => HeaderValue::Timestamp(*it),
            Self::Uuid(it) => HeaderValue::Uuid(*it),
        }
    }
}

fn read<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limit: usize,
) -> (Vec<Owned>, Result<(), StreamError>) {
    let mut reader = EventStreamReader::new(StreamLimits { event_bytes: limit });
    let mut frames = Vec::new();
    let mut keep = |frame: EventStreamFrame<'_>| {
        let headers = frame.headers().map(|(name, value)| (name.into(), OwnedValue::from_value(value)));
        frames.push((headers.collect(), frame.payload.to_vec()));
        Ok(())
    };
    let mut outcome = pieces.into_iter().try_for_each(|piece| reader.push(piece, &mut keep));
    if outcome.is_ok() {
        outcome = reader.finish(&mut keep);
    }
    (frames, outcome)
}

fn whole(body: &[u8]) -> (Vec<Owned>, Result<(), StreamError>) {
    read([body], 1 << 20)
}

fn written((headers, payload): &Owned) -> Vec<u8> {
    let mut out = Vec::new();
    write_frame(headers.iter().map(|(name, value)| (name.as_str(), value.borrow())), payload, &mut out);
    out
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}

/// The recorded frames: name, bytes, what botocore reads in them.
fn recorded() -> Vec<(String, Vec<u8>, Owned)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire/bedrock/frames.json");
    let text = fs::read(path).unwrap();
    let frames = Fields::parse(&text).unwrap().take_array("frames").unwrap();
    let frames = frames.into_iter().map(|frame| {
        let mut frame = frame.object().unwrap();
        let headers = frame.take_array("headers").unwrap().into_iter().map(|header| {
            let mut header = header.object().unwrap();
            let name = header.take_string("name").unwrap();
            let value = header.get("value").unwrap();
            let value = match header.take_string("type").unwrap().as_str() {
                "bool" => OwnedValue::Bool(value.bool().unwrap()),
                "byte" => OwnedValue::Byte(value.i64().unwrap() as i8),
                "short" => OwnedValue::Short(value.i64().unwrap() as i16),
                "integer" => OwnedValue::Integer(value.i64().unwrap() as i32),
                "long" => OwnedValue::Long(value.i64().unwrap()),
                "bytes" => OwnedValue::Bytes(bytes(&value.string().unwrap())),
                "text" => OwnedValue::Text(value.string().unwrap()),
                "timestamp" => OwnedValue::Timestamp(value.i64().unwrap()),
                "uuid" => OwnedValue::Uuid(bytes(&value.string().unwrap()).try_into().unwrap()),
                other => panic!("{other}"),
            };
            (name, value)
        });
        let headers = headers.collect();
        let payload = frame.take_string("payload").unwrap().into_bytes();
        (frame.take_string("name").unwrap(), bytes(&frame.take_string("hex").unwrap()), (headers, payload))
    });
    frames.collect()
}

#[test]
fn recorded_frames_are_read_and_written_to_the_byte() {
    let recorded = recorded();
    assert!(recorded.len() >= 10, "{}", recorded.len());
    for (name, body, expected) in &recorded {
        assert_eq!(whole(body), (vec![expected.clone()], Ok(())), "{name}");
        assert_eq!(&written(expected), body, "{name}");
    }
    let body: Vec<u8> = recorded.iter().flat_map(|(_, body, _)| body.clone()).collect();
    let expected: Vec<Owned> = recorded.into_iter().map(|(_, _, frame)| frame).collect();
    assert_eq!(whole(&body), (expected.clone(), Ok(())));
    for size in [1, 2, 3, 11, 12, 13, 64, 1000] {
        assert_eq!(read(body.chunks(size), 1 << 20), (expected.clone(), Ok(())), "{size}");
    }
}

#[test]
fn a_flipped_byte_anywhere_is_an_error() {
    for (name, body, _) in recorded() {
        for at in 0..body.len() {
            let mut body = body.clone();
            body[at] ^= 0x10;
            let (frames, outcome) = whole(&body);
            assert_eq!(frames, [], "{name} at {at}");
            let expected = if at < PRELUDE { "lengths" } else { "checksum of a frame is" };
            let Err(StreamError::Malformed(text)) = outcome else { panic!("{name} at {at}: {outcome:?}") };
            assert!(text.contains(expected), "{name} at {at}: {text}");
        }
    }
}

/// A prelude with these lengths and the right checksum, and some zeros.
fn prelude(total: u32, headers: u32) -> Vec<u8> {
    let mut out = [total.to_be_bytes(), headers.to_be_bytes()].concat();
    out.extend(crc32fast::hash(&out).to_be_bytes());
    out.extend([0; 64]);
    out
}

#[test]
fn lengths_that_cannot_be_are_errors() {
    for (total, headers) in [(0, 0), (15, 0), (12, 0), (16, 1), (100, 85), (100, u32::MAX), (16, 16)] {
        assert!(
            matches!(whole(&prelude(total, headers)).1, Err(StreamError::Malformed(_))),
            "{total} {headers}"
        );
    }
    for total in [1001, u32::MAX] {
        assert_eq!(read([prelude(total, 0).as_slice()], 1000).1, Err(StreamError::TooLarge(1000)));
    }
    let many = (MAX_HEADERS + 1) as u32;
    assert!(matches!(whole(&prelude(many + 16, many)).1, Err(StreamError::Malformed(_))));
}

#[test]
fn the_end_inside_a_frame_is_an_interruption() {
    let (_, body, expected) = recorded().remove(1);
    for at in 1..body.len() {
        assert_eq!(whole(&body[..at]), (vec![], Err(StreamError::Interrupted)), "{at}");
        let one_and_a_bit = [body.as_slice(), &body[..at]].concat();
        assert_eq!(whole(&one_and_a_bit), (vec![expected.clone()], Err(StreamError::Interrupted)));
    }
    assert_eq!(whole(b""), (vec![], Ok(())));
}

#[test]
fn headers_that_are_no_headers_are_errors() {
    for headers in [
        &b"\x01"[..],
        b"\x01a",
        b"\x01a\x0a",
        b"\x01a\x04\0\0\0",
        b"\x01a\x07\0\x05abcd",
        b"\x01a\x07\0",
        b"\x01\xff\0",
        b"\x01a\x07\0\x01\xff",
        b"\x01a\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\x01a\0\x02b",
    ] {
        let total = (headers.len() + SMALLEST) as u32;
        let mut body = prelude(total, headers.len() as u32)[..PRELUDE].to_vec();
        body.extend(headers);
        body.extend(crc32fast::hash(&body).to_be_bytes());
        assert!(
            matches!(whole(&body), (frames, Err(StreamError::Malformed(_))) if frames.is_empty()),
            "{headers:?}"
        );
    }
}

#[test]
fn a_long_frame_in_small_pieces_takes_linear_time() {
    let body = written(&(vec![], vec![b'x'; 8 << 20]));
    let (frames, outcome) = read(body.chunks(100), 16 << 20);
    assert_eq!((frames.len(), outcome), (1, Ok(())));
}

#[test]
fn what_is_too_long_to_be_written_is_cut() {
    let frame = (vec![("é".repeat(200), OwnedValue::Text("é".repeat(40_000)))], vec![]);
    let (frames, outcome) = whole(&written(&frame));
    assert_eq!(outcome, Ok(()));
    assert_eq!(frames[0].0, [("é".repeat(127), OwnedValue::Text("é".repeat(32_767)))]);
}

fn value() -> impl Strategy<Value = OwnedValue> {
    prop_oneof![
        any::<bool>().prop_map(OwnedValue::Bool),
        any::<i8>().prop_map(OwnedValue::Byte),
        any::<i16>().prop_map(OwnedValue::Short),
        any::<i32>().prop_map(OwnedValue::Integer),
        any::<i64>().prop_map(OwnedValue::Long),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(OwnedValue::Bytes),
        any::<String>().prop_map(OwnedValue::Text),
        any::<i64>().prop_map(OwnedValue::Timestamp),
        any::<[u8; 16]>().prop_map(OwnedValue::Uuid),
    ]
}

fn frame() -> impl Strategy<Value = Owned> {
    (prop::collection::vec(("[a-z:-]{0,20}", value()), 0..5), prop::collection::vec(any::<u8>(), 0..100))
}

proptest! {
    #[test]
    fn any_split_gives_the_frames_that_were_written(
        frames in prop::collection::vec(frame(), 0..5), sizes in prop::collection::vec(1usize..40, 1..8),
        cut in any::<prop::sample::Index>(), damage in any::<Option<prop::sample::Index>>(),
    ) {
        let mut body: Vec<u8> = frames.iter().flat_map(written).collect();
        prop_assert_eq!(whole(&body), (frames, Ok(())));
        body.truncate(cut.index(body.len() + 1));
        if let Some(damage) = damage.filter(|_| !body.is_empty()) {
            let at = damage.index(body.len());
            body[at] ^= 1;
        }
        let mut rest = body.as_slice();
        let mut pieces = Vec::new();
        for size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(read(pieces, 1 << 20), whole(&body));
    }
}
