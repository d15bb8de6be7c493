//! Bodies of streams, written and read.

use ferrule_wire::dialect::Dialect;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::model::{Accumulator, Request, Response, StreamEvent, replay};

/// The events of a body, and how it ended.
pub(crate) type Read = (Vec<StreamEvent>, Result<(), StreamError>);

/// What a decoder made of a body, and when it called it done.
pub(crate) struct Decoded {
    pub(crate) read: Read,
    /// When all pieces were read, but not the end.
    pub(crate) was_done: bool,
    /// After the end, where it came to that.
    pub(crate) is_done: Option<bool>,
}

impl Decoded {
    /// What was read, where a body counts as done if and only if it ended well.
    pub(crate) fn checked(self) -> Read {
        if let Some(is_done) = self.is_done {
            assert_eq!(is_done, self.read.1.is_ok());
        }
        self.read
    }
}

/// Reads a body that comes in these pieces.
pub(crate) fn decode_within<'a>(
    dialect: &dyn Dialect,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: StreamLimits,
) -> Decoded {
    let mut decoder = dialect.stream_decoder(limits);
    let mut events = Vec::new();
    let mut outcome = pieces.into_iter().try_for_each(|piece| decoder.push(piece, &mut events));
    let was_done = decoder.is_done();
    let mut is_done = None;
    if outcome.is_ok() {
        outcome = decoder.finish(&mut events);
        is_done = Some(decoder.is_done());
    }
    Decoded { read: (events, outcome), was_done, is_done }
}

/// Reads a body that comes in these pieces.
pub(crate) fn decode<'a>(dialect: &dyn Dialect, pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    decode_within(dialect, pieces, StreamLimits::default()).checked()
}

/// What a body that holds no error says in the end.
pub(crate) fn read_whole(dialect: &dyn Dialect, body: &[u8]) -> Response {
    let (events, outcome) = decode(dialect, [body]);
    assert_eq!(outcome, Ok(()));
    accumulate(&events)
}

pub(crate) fn accumulate(events: &[StreamEvent]) -> Response {
    let mut accumulator = Accumulator::new();
    events.iter().for_each(|event| accumulator.push(event));
    accumulator.response()
}

/// A body in pieces of these sizes, over and over.
pub(crate) fn pieces<'a>(mut rest: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// The body of a streamed answer that says `events`.
pub(crate) fn written(dialect: &dyn Dialect, events: &[StreamEvent]) -> Vec<u8> {
    let mut encoder = dialect.stream_encoder(&Request { stream: true, ..Request::default() });
    let mut body = Vec::new();
    events.iter().for_each(|event| encoder.push(event, &mut body));
    encoder.finish(&mut body);
    body
}

/// The events of `response`, its texts split at spaces.
pub(crate) fn told(response: &Response) -> Vec<StreamEvent> {
    replay(response, |text| text.split_inclusive(' ').collect())
}

/// The body of a stream of `response`, its texts split at spaces.
pub(crate) fn streamed(dialect: &dyn Dialect, response: &Response) -> Vec<u8> {
    written(dialect, &told(response))
}

/// A text cut behind whatever is no letter and no digit.
pub(crate) fn letters(text: &str) -> Vec<&str> {
    if text.is_empty() {
        vec![""]
    } else {
        text.split_inclusive(|letter: char| !letter.is_alphanumeric()).collect()
    }
}

/// What came, line by line, as the files beside transcripts have it.
pub(crate) fn described((events, outcome): &Read) -> String {
    let mut lines: String = events.iter().map(|event| format!("{event:?}\n")).collect();
    lines += &match outcome {
        Ok(()) => "done\n".to_owned(),
        Err(StreamError::Provider(error)) => format!("error: {:?}: {}\n", error.kind, error.message),
        Err(error) => format!("error: {error:?}\n"),
    };
    lines
}

/// However a body is cut in two, or byte by byte, it means the same.
pub(crate) fn assert_same_however_cut(read: impl Fn(&[&[u8]]) -> Read, body: &[u8], name: &str) {
    let expected = read(&[body]);
    for at in 0..=body.len() {
        let (first, second) = body.split_at(at);
        assert_eq!(read(&[first, second]), expected, "{name} at {at}");
    }
    let bytes: Vec<&[u8]> = body.chunks(1).collect();
    assert_eq!(read(&bytes), expected, "{name} byte by byte");
}
