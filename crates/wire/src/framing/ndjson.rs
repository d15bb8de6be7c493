//! Newline-delimited JSON: one value per line.
//!
//! A line that lies whole in the pushed bytes is handed over without being copied. An unfinished one is kept between
//! two pushes and never searched twice.

use super::split_pairs::SplitPairs;
use crate::framing::{StreamError, StreamLimits};
use alloc::{borrow::Cow, string::String, vec::Vec};
use memchr::{memchr, memchr2};
use simdutf8::basic::from_utf8;

/// What a reader calls with each line. An error stops the reading and is passed on.
type OnLine<'f> = dyn FnMut(&str) -> Result<(), StreamError> + 'f;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// A buffer that grew beyond this for one long line is given back after it.
const KEPT_CAPACITY: usize = 256 << 10;

/// Reads lines. After an error it has nothing more to say: what follows is undefined, though bounded.
#[derive(Debug)]
pub struct NdjsonReader {
    limit: usize,
    /// A line whose end has not come yet. Holds no line end, so only new bytes are searched for one.
    partial: Vec<u8>,
    first_line: bool,
    /// Whether the unfinished line has a backslash.
    escaped: bool,
    pairs: SplitPairs<()>,
}

impl NdjsonReader {
    /// A reader at the start of a body.
    pub fn new(limits: StreamLimits) -> Self {
        Self {
            limit: limits.event_bytes,
            partial: Vec::new(),
            first_line: true,
            escaped: false,
            pairs: SplitPairs::default(),
        }
    }

    /// Reads more of the body. A line beyond the limit is [`StreamError::TooLarge`].
    pub fn push(&mut self, bytes: &[u8], on_line: &mut OnLine<'_>) -> Result<(), StreamError> {
        let mut rest = bytes;
        while let Some((line, after)) = split_line(rest, &mut self.escaped) {
            rest = after;
            if self.partial.is_empty() {
                self.line(line, on_line)?;
            } else {
                self.append(line)?;
                self.partial_line(on_line)?;
            }
        }
        self.append(rest)
    }

    /// The body ended without a transport error. A last line needs no line feed.
    pub fn finish(&mut self, on_line: &mut OnLine<'_>) -> Result<(), StreamError> {
        let outcome =
            self.partial_line(on_line).and_then(|()| self.pairs.finish(&mut |(), line| on_line(line)));
        *self = Self::new(StreamLimits { event_bytes: self.limit });
        outcome
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
        if self.partial.len() + bytes.len() > self.limit {
            return Err(StreamError::TooLarge(self.limit));
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    /// Reads the line in `partial`, whose end has come.
    fn partial_line(&mut self, on_line: &mut OnLine<'_>) -> Result<(), StreamError> {
        let mut line = core::mem::take(&mut self.partial);
        let outcome = self.line(&line, on_line);
        line.clear();
        if line.capacity() <= KEPT_CAPACITY {
            self.partial = line;
        }
        outcome
    }

    fn line(&mut self, line: &[u8], on_line: &mut OnLine<'_>) -> Result<(), StreamError> {
        if line.len() > self.limit {
            return Err(StreamError::TooLarge(self.limit));
        }
        let line = if core::mem::take(&mut self.first_line) {
            line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
        } else {
            line
        };
        let line = line.trim_ascii();
        let escaped = core::mem::take(&mut self.escaped);
        if line.is_empty() {
            return Ok(());
        }
        let line = match from_utf8(line) {
            Ok(line) => Cow::Borrowed(line),
            // A line feed never is part of a code point, so replacing bad bytes line by line gives what replacing them in
            // the whole body would.
            Err(_) => String::from_utf8_lossy(line),
        };
        if (escaped || !self.pairs.is_idle()) && !self.pairs.passes(&line) {
            return self.pairs.push(&line, (), &mut |(), line| on_line(line));
        }
        on_line(&line)
    }
}

/// The bytes before the first line feed, and those after it; says whether there is a backslash before it.
fn split_line<'a>(bytes: &'a [u8], escaped: &mut bool) -> Option<(&'a [u8], &'a [u8])> {
    let mut end = memchr2(b'\n', b'\\', bytes)?;
    if bytes.get(end) == Some(&b'\\') {
        *escaped = true;
        end += memchr(b'\n', bytes.get(end..)?)?;
    }
    let (line, from) = bytes.split_at(end);
    Some((line, from.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{borrow::ToOwned, vec};

    fn read<'a>(
        pieces: impl IntoIterator<Item = &'a [u8]>,
        limit: usize,
    ) -> (Vec<String>, Result<(), StreamError>) {
        let mut reader = NdjsonReader::new(StreamLimits { event_bytes: limit });
        let mut lines = Vec::new();
        let mut keep = |line: &str| {
            lines.push(line.to_owned());
            Ok(())
        };
        let mut outcome = pieces.into_iter().try_for_each(|piece| reader.push(piece, &mut keep));
        if outcome.is_ok() {
            outcome = reader.finish(&mut keep);
        }
        (lines, outcome)
    }

    #[test]
    fn blank_lines_are_skipped_and_the_last_needs_no_line_feed() {
        let (lines, outcome) = read([b"\xef\xbb\xbf{\"a\":1}\r\n\n \r\n{\"b\":2}\n[3]".as_slice()], 100);
        assert_eq!((lines, outcome), (vec!["{\"a\":1}".into(), "{\"b\":2}".into(), "[3]".into()], Ok(())));
        assert_eq!(read([b"".as_slice()], 100), (Vec::new(), Ok(())));
    }

    #[test]
    fn bad_bytes_are_replaced() {
        let (lines, _) = read([b"a\xff\n\xc3".as_slice(), b"\xa9\n".as_slice()], 100);
        assert_eq!(lines, ["a\u{fffd}", "é"]);
    }

    #[test]
    fn a_line_beyond_the_limit_is_an_error_however_it_comes() {
        for size in [1, 4, 100] {
            let (lines, outcome) = read(b"12345\n123456\n1\n".chunks(size), 5);
            assert_eq!((lines, outcome), (vec!["12345".into()], Err(StreamError::TooLarge(5))), "{size}");
        }
        // Also one that never ends.
        assert_eq!(read([b"123456".as_slice()], 5).1, Err(StreamError::TooLarge(5)));
    }

    #[test]
    fn an_error_of_the_caller_stops_the_reading() {
        let mut reader = NdjsonReader::new(StreamLimits::default());
        let mut count = 0;
        let outcome = reader.push(b"1\n2\n3\n", &mut |_| {
            count += 1;
            if count == 2 { Err(StreamError::Interrupted) } else { Ok(()) }
        });
        assert_eq!((outcome, count), (Err(StreamError::Interrupted), 2));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(
            body in "([a-z\"é]{0,6}|\n|\r\n|\u{feff}){0,20}", cuts in proptest::collection::vec(1usize..9, 1..8),
        ) {
            let mut rest = body.as_bytes();
            let mut pieces = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            prop_assert_eq!(read(pieces, 24), read([body.as_bytes()], 24));
            let by_the_standard_library: Vec<&str> = body.strip_prefix('\u{feff}').unwrap_or(&body).split('\n')
                .map(|line| line.trim_matches([' ', '\r'])).filter(|line| !line.is_empty()).collect();
            prop_assert_eq!(read([body.as_bytes()], 1000).0, by_the_standard_library);
        }
    }
}
