//! JSON between the lines of an event stream.
//!
//! Some servers answer a streamed call with a plain JSON body, and some break off a stream with a raw error object,
//! often pretty-printed over many lines. By the standard each such line is an unknown field and ignored; here the
//! lines are collected until the braces balance. The events of the stream stay what the standard says in any case.

use super::frame::Frame;
use crate::framing::StreamError;
use crate::json::{Nesting, Scan, Value};
use alloc::vec::Vec;

/// Collects JSON that stands outside any field.
#[derive(Debug)]
pub(super) struct StrayJson {
    limit: usize,
    /// The lines so far; empty where nothing is being collected.
    text: Vec<u8>,
    nesting: Nesting,
}

impl StrayJson {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, text: Vec::new(), nesting: Nesting::default() }
    }

    /// Whether JSON may begin with `line`.
    pub(super) fn starts(line: &[u8]) -> bool {
        matches!(line.trim_ascii_start().first(), Some(b'{' | b'['))
    }

    /// A known field came: what was collected is not JSON.
    #[inline]
    pub(super) fn abandon(&mut self) {
        if !self.text.is_empty() {
            self.text = Vec::new();
            self.nesting = Nesting::default();
        }
    }

    /// Reads a line that is not a known field.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        on_frame: &mut dyn FnMut(Frame<'_>) -> Result<(), StreamError>,
    ) -> Result<(), StreamError> {
        let mut rest = line;
        while !self.text.is_empty() || Self::starts(rest) {
            let scan = self.nesting.scan(rest);
            let taken = match scan {
                Scan::Closed(length) => rest.get(..length).unwrap_or(rest),
                Scan::Open | Scan::TooDeep => rest,
            };
            if self.text.len() + taken.len() > self.limit {
                return Err(StreamError::TooLarge(self.limit));
            }
            self.text.extend_from_slice(taken);
            match scan {
                Scan::Closed(_) => {
                    let text = core::mem::take(&mut self.text);
                    if Value::parse(&text).is_ok()
                        && let Ok(text) = core::str::from_utf8(&text)
                    {
                        on_frame(Frame::StrayJson(text.trim_ascii()))?;
                    }
                    rest = rest.get(taken.len()..).unwrap_or_default();
                }
                Scan::Open if !self.nesting.in_string() => {
                    self.text.push(b'\n');
                    return Ok(());
                }
                // A JSON string has no raw line end in it.
                Scan::Open | Scan::TooDeep => {
                    self.abandon();
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
