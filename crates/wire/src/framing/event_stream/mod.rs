//! AWS's binary event stream (`application/vnd.amazon.eventstream`): frames with typed headers, a payload and two
//! checksums, all numbers big-endian (`docs/wire/bedrock.md`, section 5).
//!
//! A frame that lies whole in the pushed bytes is handed over without being copied; only an unfinished one is kept
//! between two pushes, and never more of it than came.

mod header;

use super::split_pairs::SplitPairs;
use crate::framing::{StreamError, StreamLimits};
use alloc::{borrow::ToOwned, format, vec::Vec};
pub use header::{HeaderValue, write_frame};
use header::{Headers, PRELUDE, TRAILER};
use memchr::memchr;
use simdutf8::basic::from_utf8;

/// The smallest frame: no headers, no payload.
const SMALLEST: usize = PRELUDE + TRAILER;
/// The most bytes of headers that the format allows.
const MAX_HEADERS: usize = 128 << 10;
/// A buffer that grew beyond this for one long frame is given back after it.
const KEPT_CAPACITY: usize = 256 << 10;

/// One frame, its checksums and the form of its headers checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventStreamFrame<'a> {
    headers: &'a [u8],
    /// What it says.
    pub payload: &'a [u8],
}

impl<'a> EventStreamFrame<'a> {
    fn new(headers: &'a [u8], payload: &'a [u8]) -> Self {
        Self { headers, payload }
    }

    /// Names and values of its headers, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, HeaderValue<'a>)> + use<'a> {
        Headers::new(self.headers).map_while(Result::ok)
    }

    /// The text of the header `name`; `None` where it is of another type, or missing.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.headers().find_map(|(key, value)| match value {
            HeaderValue::Text(text) if key == name => Some(text),
            _ => None,
        })
    }

    /// The headers as they were sent: frames of one kind mostly have equal ones.
    pub fn header_bytes(&self) -> &'a [u8] {
        self.headers
    }
}

/// What a reader calls with each frame. An error stops the reading and is passed on.
type OnFrame<'f> = dyn FnMut(EventStreamFrame<'_>) -> Result<(), StreamError> + 'f;

/// Reads an event stream. After an error it has nothing more to say: what follows is undefined, though bounded.
#[derive(Debug)]
pub struct EventStreamReader {
    limit: usize,
    /// A frame whose end has not come yet.
    partial: Vec<u8>,
    /// Headers that were read without an error: the next frame's are mostly the same.
    known_headers: Vec<u8>,
    /// Frames held back, with their headers.
    pairs: SplitPairs<Vec<u8>>,
}

/// The lengths that a checked prelude names.
#[derive(Clone, Copy, Debug)]
struct Lengths {
    total: usize,
    headers: usize,
}

impl EventStreamReader {
    /// A reader at the start of a body.
    pub fn new(limits: StreamLimits) -> Self {
        Self {
            limit: limits.event_bytes,
            partial: Vec::new(),
            known_headers: Vec::new(),
            pairs: SplitPairs::default(),
        }
    }

    /// Reads more of the body. A frame beyond the limit is [`StreamError::TooLarge`], one that is damaged
    /// [`StreamError::Malformed`].
    pub fn push(&mut self, bytes: &[u8], on_frame: &mut OnFrame<'_>) -> Result<(), StreamError> {
        let mut rest = bytes;
        if !self.partial.is_empty() {
            rest = self.fill(PRELUDE, rest);
            let Some(lengths) = self.lengths(&self.partial)? else { return Ok(()) };
            rest = self.fill(lengths.total, rest);
            if self.partial.len() < lengths.total {
                return Ok(());
            }
            let mut frame = core::mem::take(&mut self.partial);
            self.frame(&frame, lengths, on_frame)?;
            frame.clear();
            if frame.capacity() <= KEPT_CAPACITY {
                self.partial = frame;
            }
        }
        while let Some(lengths) = self.lengths(rest)? {
            let Some((frame, after)) = rest.split_at_checked(lengths.total) else { break };
            self.frame(frame, lengths, on_frame)?;
            rest = after;
        }
        self.partial.extend_from_slice(rest);
        Ok(())
    }

    /// The body ended without a transport error; inside a frame that is [`StreamError::Interrupted`].
    pub fn finish(&mut self, on_frame: &mut OnFrame<'_>) -> Result<(), StreamError> {
        self.pairs
            .finish(&mut |headers, payload| on_frame(EventStreamFrame::new(headers, payload.as_bytes())))?;
        if self.partial.is_empty() { Ok(()) } else { Err(StreamError::Interrupted) }
    }

    /// Adds bytes until `partial` has `length` of them, and gives those that are left.
    fn fill<'a>(&mut self, length: usize, bytes: &'a [u8]) -> &'a [u8] {
        let missing = length.saturating_sub(self.partial.len()).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        self.partial.extend_from_slice(taken);
        rest
    }

    /// Reads and checks a prelude; `None` where it is not all there.
    fn lengths(&self, bytes: &[u8]) -> Result<Option<Lengths>, StreamError> {
        let Some(prelude) = bytes.first_chunk::<PRELUDE>() else { return Ok(None) };
        let [a, b, c, d, e, f, g, h, checksum @ ..] = *prelude;
        if crc32fast::hash(&[a, b, c, d, e, f, g, h]) != u32::from_be_bytes(checksum) {
            return Err(malformed("the checksum of a frame's lengths is wrong"));
        }
        let total = as_length([a, b, c, d]);
        let headers = as_length([e, f, g, h]);
        if total < SMALLEST || headers > total - SMALLEST {
            return Err(StreamError::Malformed(format!(
                "a frame of {total} bytes cannot have {headers} bytes of headers"
            )));
        }
        if total > self.limit {
            return Err(StreamError::TooLarge(self.limit));
        }
        if headers > MAX_HEADERS {
            return Err(StreamError::Malformed(format!("a frame with {headers} bytes of headers")));
        }
        Ok(Some(Lengths { total, headers }))
    }

    /// Reads a whole frame whose prelude was checked.
    fn frame(
        &mut self,
        bytes: &[u8],
        lengths: Lengths,
        on_frame: &mut OnFrame<'_>,
    ) -> Result<(), StreamError> {
        let Some((checked, checksum)) = bytes.split_last_chunk::<TRAILER>() else { return Ok(()) };
        if crc32fast::hash(checked) != u32::from_be_bytes(*checksum) {
            return Err(malformed("the checksum of a frame is wrong"));
        }
        let content = checked.get(PRELUDE..).unwrap_or_default();
        let Some((headers, payload)) = content.split_at_checked(lengths.headers) else { return Ok(()) };
        if headers != self.known_headers {
            if let Some(error) = Headers::new(headers).find_map(Result::err) {
                return Err(malformed(error));
            }
            self.known_headers.clear();
            self.known_headers.extend_from_slice(headers);
        }
        let text = from_utf8(payload).ok().filter(|_| memchr(b'\\', payload).is_some());
        if self.pairs.is_idle() && text.is_none_or(|text| self.pairs.passes(text)) {
            return on_frame(EventStreamFrame::new(headers, payload));
        }
        let mut deliver =
            |headers: &Vec<u8>, payload: &str| on_frame(EventStreamFrame::new(headers, payload.as_bytes()));
        match from_utf8(payload) {
            Ok(text) => self.pairs.push(text, headers.to_owned(), &mut deliver),
            Err(_) => {
                self.pairs.finish(&mut deliver)?;
                on_frame(EventStreamFrame::new(headers, payload))
            }
        }
    }
}

/// A length; one that does not fit is beyond every limit.
fn as_length(bytes: [u8; 4]) -> usize {
    usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX)
}

fn malformed(what: &str) -> StreamError {
    StreamError::Malformed(what.to_owned())
}

#[cfg(test)]
mod tests;
