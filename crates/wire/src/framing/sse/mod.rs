//! Server-sent events, by the rules of the HTML standard (section 9.2), and what providers send in addition.
//!
//! An event that lies whole in the pushed bytes is handed over without being copied. Only an unfinished line, and
//! the data of an unfinished event, are kept between two pushes; an unfinished line is never searched twice.

use super::frame::Frame;
use super::split_pairs::SplitPairs;
use super::stray::StrayJson;
use crate::framing::{StreamError, StreamLimits};
use crate::json::Value;
use alloc::{borrow::Cow, string::String, vec::Vec};
use memchr::{memchr, memchr2, memchr3};
use simdutf8::basic::from_utf8;

/// What a reader calls with each frame. An error stops the reading and is passed on.
type OnFrame<'f> = dyn FnMut(Frame<'_>) -> Result<(), StreamError> + 'f;

/// Some servers end the stream with this text as data, and not all of them end the event too.
const DONE: &str = "[DONE]";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// A buffer that grew beyond this for one long event is given back after it.
const KEPT_CAPACITY: usize = 256 << 10;

/// Reads an event stream. After an error it has nothing more to say: what follows is undefined, though bounded.
#[derive(Debug)]
pub struct SseReader {
    limit: usize,
    /// A line whose end has not come yet. Holds no line end, so only new bytes are searched for one.
    partial: Vec<u8>,
    /// Data lines of the unfinished event, each with a line feed after it, so that `data:` alone is not empty.
    data: Vec<u8>,
    /// A type of event. Kept when an event ends, because the next one is often of the same type.
    event: String,
    /// Whether the unfinished event has that type; else it has none.
    has_event: bool,
    /// The last event id; it stays for the events that follow.
    id: String,
    /// A carriage return ended the last line, and its line feed may still come.
    skip_line_feed: bool,
    first_line: bool,
    stray: StrayJson,
    /// Whether a line since the last event has a backslash.
    escaped: bool,
    /// Whether data is text as it is, which no JSON stands in.
    is_text: bool,
    pairs: SplitPairs<EventHead>,
}

/// The other fields of an event whose data is held back: its type and the last id.
#[derive(Debug)]
struct EventHead {
    event: String,
    id: String,
}

impl SseReader {
    /// A reader at the start of a body.
    pub fn new(limits: StreamLimits) -> Self {
        Self {
            limit: limits.event_bytes,
            partial: Vec::new(),
            data: Vec::new(),
            event: String::new(),
            has_event: false,
            id: String::new(),
            skip_line_feed: false,
            first_line: true,
            stray: StrayJson::new(limits.event_bytes),
            escaped: false,
            is_text: false,
            pairs: SplitPairs::default(),
        }
    }

    /// A reader of events whose data is text and not JSON, so that nothing in it is an escape.
    pub fn of_text(limits: StreamLimits) -> Self {
        Self { is_text: true, ..Self::new(limits) }
    }

    /// Reads more of the body. A line or event beyond the limit is [`StreamError::TooLarge`].
    pub fn push(&mut self, bytes: &[u8], on_frame: &mut OnFrame<'_>) -> Result<(), StreamError> {
        let mut rest = bytes;
        if self.skip_line_feed && !rest.is_empty() {
            self.skip_line_feed = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        if !self.partial.is_empty() {
            match split_line(rest, &mut self.escaped) {
                Some((end_of_line, terminator, after)) => {
                    self.append_partial(end_of_line)?;
                    rest = self.after_terminator(terminator, after);
                    self.partial_line(on_frame)?;
                }
                None => return self.append_partial(rest),
            }
        }
        // Data of an event that so far is one line inside `bytes`.
        let mut held = None;
        while let Some((line, terminator, after)) = split_line(rest, &mut self.escaped) {
            rest = self.after_terminator(terminator, after);
            self.line(line, &mut held, on_frame)?;
        }
        if let Some(value) = held {
            self.append_data(value)?;
        }
        self.append_partial(rest)
    }

    /// The body ended without a transport error. An event that was not ended is dropped, as the standard says,
    /// except one that is plainly whole: `[DONE]`, or a complete JSON object or array.
    pub fn finish(&mut self, on_frame: &mut OnFrame<'_>) -> Result<(), StreamError> {
        // The name of a type or an id may have been cut off; data proves below that it is whole.
        if !self.partial.is_empty() && !is_field(&self.partial, &[b"event", b"id", b"retry"]) {
            self.partial_line(on_frame)?;
        }
        self.partial = Vec::new();
        if is_whole(&self.data) {
            self.dispatch(None, on_frame)?;
        }
        self.release(on_frame)?;
        *self = Self { is_text: self.is_text, ..Self::new(StreamLimits { event_bytes: self.limit }) };
        Ok(())
    }

    /// A carriage return, a line feed, or both in that order end one line. Never waits for the second of them:
    /// where lines end with a carriage return alone, waiting would hold the last event back.
    fn after_terminator<'a>(&mut self, terminator: u8, after: &'a [u8]) -> &'a [u8] {
        if terminator == b'\n' {
            return after;
        }
        self.skip_line_feed = after.is_empty();
        after.strip_prefix(b"\n").unwrap_or(after)
    }

    fn append_partial(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
        if self.partial.len() + bytes.len() > self.limit {
            return Err(StreamError::TooLarge(self.limit));
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    fn append_data(&mut self, value: &[u8]) -> Result<(), StreamError> {
        if self.data.len() + value.len() > self.limit {
            return Err(StreamError::TooLarge(self.limit));
        }
        self.data.reserve(value.len() + 1);
        self.data.extend_from_slice(value);
        self.data.push(b'\n');
        Ok(())
    }

    /// Reads the line in `partial`, whose end has come.
    fn partial_line(&mut self, on_frame: &mut OnFrame<'_>) -> Result<(), StreamError> {
        let mut line = core::mem::take(&mut self.partial);
        let mut held = None;
        self.line(&line, &mut held, on_frame)?;
        if let Some(value) = held {
            self.append_data(value)?;
        }
        clear(&mut line);
        self.partial = line;
        Ok(())
    }

    fn line<'a>(
        &mut self,
        line: &'a [u8],
        held: &mut Option<&'a [u8]>,
        on_frame: &mut OnFrame<'_>,
    ) -> Result<(), StreamError> {
        if line.len() > self.limit {
            return Err(StreamError::TooLarge(self.limit));
        }
        let line = if core::mem::take(&mut self.first_line) {
            line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            self.dispatch(held.take(), on_frame)
        } else if let Some(value) = line.strip_prefix(b"data:") {
            self.data_line(without_space(value), held)
        } else if let Some(value) = line.strip_prefix(b"event:") {
            self.event_line(without_space(value));
            Ok(())
        } else {
            self.rare_line(line, held, on_frame)
        }
    }

    fn data_line<'a>(&mut self, value: &'a [u8], held: &mut Option<&'a [u8]>) -> Result<(), StreamError> {
        self.stray.abandon();
        if let Some(first) = held.take() {
            self.append_data(first)?;
        } else if self.data.is_empty() {
            *held = Some(value);
            return Ok(());
        }
        self.append_data(value)
    }

    fn event_line(&mut self, value: &[u8]) {
        self.stray.abandon();
        self.has_event = !value.is_empty();
        if self.event.as_bytes() != value {
            set(&mut self.event, value);
        }
    }

    fn rare_line<'a>(
        &mut self,
        line: &'a [u8],
        held: &mut Option<&'a [u8]>,
        on_frame: &mut OnFrame<'_>,
    ) -> Result<(), StreamError> {
        let (name, value) = match memchr(b':', line) {
            Some(colon) => {
                let (name, value) = line.split_at(colon);
                (name, without_space(value.get(1..).unwrap_or_default()))
            }
            None => (line, &[][..]),
        };
        match name {
            b"" => {} // a comment
            b"data" => self.data_line(value, held)?,
            b"event" => self.event_line(value),
            b"id" => {
                self.stray.abandon();
                if memchr(0, value).is_none() {
                    set(&mut self.id, value);
                }
            }
            // The time before a reconnection, which a completion cannot have.
            b"retry" => self.stray.abandon(),
            // Written by older llama.cpp servers in place of `data: {"error": ...}`.
            b"error" if StrayJson::starts(value) => {
                self.release(on_frame)?;
                self.stray.abandon();
                self.stray.line(value, on_frame)?;
            }
            _ => {
                self.release(on_frame)?;
                self.stray.line(line, on_frame)?;
            }
        }
        Ok(())
    }

    /// Ends an event, whose data is `held` where that is given, else `self.data`.
    fn dispatch(&mut self, held: Option<&[u8]>, on_frame: &mut OnFrame<'_>) -> Result<(), StreamError> {
        let data = match held {
            Some(value) => value,
            None => match self.data.split_last() {
                Some((_line_feed, data)) => data,
                None => {
                    self.has_event = false;
                    return Ok(());
                }
            },
        };
        let event = if self.has_event { &self.event } else { "message" };
        let data = match from_utf8(data) {
            Ok(data) => Cow::Borrowed(data),
            // A line end or a colon never is part of a code point, so replacing bad bytes value by value gives what
            // replacing them in the whole stream would.
            Err(_) => String::from_utf8_lossy(data),
        };
        let escaped = core::mem::take(&mut self.escaped) && !self.is_text;
        let outcome = if (escaped || !self.pairs.is_idle()) && !self.pairs.passes(&data) {
            let head = EventHead { event: event.into(), id: self.id.clone() };
            self.pairs.push(&data, head, &mut |head, data| on_frame(head.frame(data)))
        } else {
            on_frame(Frame::Event { event, data: &data, id: &self.id })
        };
        self.has_event = false;
        clear(&mut self.data);
        outcome
    }

    /// Hands over the events that are held back.
    fn release(&mut self, on_frame: &mut OnFrame<'_>) -> Result<(), StreamError> {
        self.pairs.finish(&mut |head, data| on_frame(head.frame(data)))
    }
}

impl EventHead {
    fn frame<'a>(&'a self, data: &'a str) -> Frame<'a> {
        Frame::Event { event: &self.event, data, id: &self.id }
    }
}

/// The bytes before the first line end, the byte that ends the line, and the bytes after it. Says whether there is a
/// backslash before it.
#[inline]
fn split_line<'a>(bytes: &'a [u8], escaped: &mut bool) -> Option<(&'a [u8], u8, &'a [u8])> {
    let end = match bytes.first() {
        Some(b'\n' | b'\r') => 0,
        _ => {
            let found = memchr3(b'\n', b'\r', b'\\', bytes)?;
            if bytes.get(found) == Some(&b'\\') {
                *escaped = true;
                found + memchr2(b'\n', b'\r', bytes.get(found..)?)?
            } else {
                found
            }
        }
    };
    let (line, from) = bytes.split_at(end);
    let (terminator, after) = from.split_first()?;
    Some((line, *terminator, after))
}

fn without_space(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}

fn is_field(line: &[u8], names: &[&[u8]]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    names.contains(&name)
}

fn is_whole(data: &[u8]) -> bool {
    let data = data.trim_ascii();
    data == DONE.as_bytes() || StrayJson::starts(data) && Value::parse(data).is_ok()
}

fn set(text: &mut String, value: &[u8]) {
    text.clear();
    match from_utf8(value) {
        Ok(value) => text.push_str(value),
        Err(_) => text.push_str(&String::from_utf8_lossy(value)),
    }
}

fn clear(buffer: &mut Vec<u8>) {
    buffer.clear();
    if buffer.capacity() > KEPT_CAPACITY {
        *buffer = Vec::new();
    }
}

#[cfg(test)]
mod tests;
