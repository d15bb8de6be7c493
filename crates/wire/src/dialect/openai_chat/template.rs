//! The short way for text: a chunk that differs from the last one only in its text need not be read as JSON again.

use alloc::string::String;
use core::ops::Range;

/// The text of a chunk, its quotes left out, and where its event goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextPlace {
    pub(super) choice: u32,
    pub(super) part: u32,
    /// Where the text stands in the chunk.
    pub(super) text: Range<usize>,
    /// Where the random padding stands that OpenAI adds after the text.
    pub(super) padding: Option<Range<usize>>,
}

/// What surrounds the text in a chunk that said only text, and changed nothing else.
///
/// Another chunk with the same surroundings is the same JSON but for the two strings, so it says only text as well.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) choice: u32,
    pub(super) part: u32,
    before: String,
    after: String,
    /// What follows the padding, where there is one.
    end: Option<String>,
}

impl Template {
    /// The surroundings of `place` in `chunk`.
    pub(super) fn new(chunk: &str, place: &TextPlace) -> Option<Self> {
        let before = chunk.get(..place.text.start)?.into();
        let (after, end) = match &place.padding {
            None => (chunk.get(place.text.end..)?.into(), None),
            Some(padding) => {
                (chunk.get(place.text.end..padding.start)?.into(), Some(chunk.get(padding.end..)?.into()))
            }
        };
        Some(Self { choice: place.choice, part: place.part, before, after, end })
    }

    /// The text of `chunk`, where that has the same surroundings and its strings stand as they are.
    pub(super) fn text<'a>(&self, chunk: &'a str) -> Option<&'a str> {
        let (text, rest) = plain_string(chunk.strip_prefix(self.before.as_str())?)?;
        let rest = rest.strip_prefix(self.after.as_str())?;
        let rest = match &self.end {
            None => rest,
            Some(end) => plain_string(rest)?.1.strip_prefix(end.as_str())?,
        };
        (rest.is_empty() && !text.is_empty()).then_some(text)
    }
}

/// What stands before the next quote, and the rest from that quote on; `None` where it has escapes.
fn plain_string(from: &str) -> Option<(&str, &str)> {
    let (string, rest) = from.split_at_checked(memchr::memchr(b'"', from.as_bytes())?)?;
    // No early end: a loop without one is done many bytes at a time.
    let is_special = string.bytes().fold(false, |special, byte| special | (byte < 0x20) | (byte == b'\\'));
    (!is_special).then_some((string, rest))
}

/// Where `part`, a slice of `whole`, stands in it.
pub(super) fn place_of(part: &str, whole: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}
