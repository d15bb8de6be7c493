//! JSON between the lines of an event stream.
//!
//! Some servers answer a streamed call with a plain JSON body, and some break off a stream with a raw error object,
//! often pretty-printed over many lines. By the standard each such line is an unknown field and ignored; here the
//! lines are collected until the braces balance. The events of the stream stay what the standard says in any case.

use super::Frame;
use crate::dialect::StreamError;
use crate::json::{MAX_NESTING, Value};
use alloc::vec::Vec;

/// Collects JSON that stands outside any field.
#[derive(Debug)]
pub(super) struct StrayJson {
    limit: usize,
    /// The lines so far; empty where nothing is being collected.
    text: Vec<u8>,
    depth: usize,
}

impl StrayJson {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, text: Vec::new(), depth: 0 }
    }

    /// Whether JSON may begin with `line`.
    pub(super) fn starts(line: &[u8]) -> bool {
        matches!(line.trim_ascii_start().first(), Some(b'{' | b'['))
    }

    /// A known field came: what was collected is no JSON.
    #[inline]
    pub(super) fn abandon(&mut self) {
        if !self.text.is_empty() {
            self.text = Vec::new();
            self.depth = 0;
        }
    }

    /// Reads a line that is no known field.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        on_frame: &mut dyn FnMut(Frame<'_>) -> Result<(), StreamError>,
    ) -> Result<(), StreamError> {
        let mut rest = line;
        while !self.text.is_empty() || Self::starts(rest) {
            let (taken, end) = self.scan(rest);
            if self.text.len() + taken.len() > self.limit {
                return Err(StreamError::TooLarge(self.limit));
            }
            self.text.extend_from_slice(taken);
            match end {
                End::Balanced => {
                    let text = core::mem::take(&mut self.text);
                    if Value::parse(&text).is_ok()
                        && let Ok(text) = core::str::from_utf8(&text)
                    {
                        on_frame(Frame::StrayJson(text.trim_ascii()))?;
                    }
                    rest = rest.get(taken.len()..).unwrap_or_default();
                }
                End::Open => {
                    self.text.push(b'\n');
                    return Ok(());
                }
                End::Broken => {
                    self.abandon();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The part of `line` that belongs to the value, and how it ends.
    fn scan<'a>(&mut self, line: &'a [u8]) -> (&'a [u8], End) {
        let mut in_string = false;
        let mut escaped = false;
        for (position, &byte) in line.iter().enumerate() {
            if in_string {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' if self.depth >= MAX_NESTING => return (line, End::Broken),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return (line.get(..=position).unwrap_or(line), End::Balanced);
                    }
                }
                _ => {}
            }
        }
        // A JSON string has no raw line end in it.
        (line, if in_string { End::Broken } else { End::Open })
    }
}

enum End {
    /// The value is complete.
    Balanced,
    /// More lines follow.
    Open,
    /// This is no JSON.
    Broken,
}
