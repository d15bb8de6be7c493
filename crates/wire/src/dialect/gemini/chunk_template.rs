//! The fast path of a text stream: frames that differ from one already read only in their text and their figures.
//!
//! As [`TextTemplate`](crate::dialect::template::TextTemplate), but Google writes the usage so far into every frame,
//! behind the text. Where the usage differs in its digits alone, it is the same object with other figures.

use alloc::{borrow::ToOwned, string::String};
use core::ops::Range;

/// What stands around text and usage in a frame. Empty, and matching nothing, until it has learned.
#[derive(Clone, Debug, Default)]
pub(super) struct ChunkTemplate {
    /// All before the text, its opening quote included.
    before: String,
    /// From the text's closing quote to the usage.
    between: String,
    usage: String,
    /// What follows the usage.
    after: String,
}

impl ChunkTemplate {
    /// Takes `data`, which was read as one JSON object, as the pattern. `text` is where that string stands in it, its
    /// quotes left out, and `usage` where that object stands, behind it.
    pub(super) fn learn(&mut self, data: &str, text: &Range<usize>, usage: &Range<usize>) {
        self.forget();
        let (Some(before), Some(between), Some(figures), Some(after)) = (
            data.get(..text.start),
            data.get(text.end..usage.start),
            data.get(usage.clone()),
            data.get(usage.end..),
        ) else {
            return;
        };
        before.clone_into(&mut self.before);
        between.clone_into(&mut self.between);
        figures.clone_into(&mut self.usage);
        after.clone_into(&mut self.after);
    }

    /// Text and usage of `data`, where it differs from the pattern in them only and the text needs no unescaping.
    pub(super) fn matches<'a>(&self, data: &'a str) -> Option<(&'a str, &'a str)> {
        if self.before.is_empty() {
            return None;
        }
        let rest = data.strip_prefix(self.before.as_str())?;
        let (text, rest) = rest.split_at_checked(memchr::memchr(b'"', rest.as_bytes())?)?;
        // No early end: a loop without one is done many bytes at a time.
        if text.bytes().fold(false, |special, byte| special | (byte < 0x20) | (byte == b'\\')) {
            return None;
        }
        let usage = rest.strip_prefix(self.between.as_str())?.strip_suffix(self.after.as_str())?;
        is_same_but_digits(&self.usage, usage).then_some((text, usage))
    }

    /// Matches nothing again.
    pub(super) fn forget(&mut self) {
        self.before.clear();
    }
}

/// Whether two texts are equal but for the digits of numbers. If one is JSON, so is the other.
fn is_same_but_digits(known: &str, other: &str) -> bool {
    let (mut known, mut other) = (known.as_bytes(), other.as_bytes());
    loop {
        let plain =
            known.iter().zip(other).take_while(|(left, right)| left == right && !left.is_ascii_digit());
        let plain = plain.count();
        known = known.get(plain..).unwrap_or_default();
        other = other.get(plain..).unwrap_or_default();
        if known.is_empty() && other.is_empty() {
            return true;
        }
        let (Some(left), Some(right)) = (number(&mut known), number(&mut other)) else { return false };
        // A number may be 0, but not begin with it.
        if left != right && right.len() > 1 && right.first() == Some(&b'0') {
            return false;
        }
    }
}

/// Takes the digits off that `text` begins with, which are at least one.
fn number<'a>(text: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(length).filter(|(digits, _)| !digits.is_empty())?;
    *text = rest;
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_may_differ_and_nothing_else() {
        for (known, other, same) in [
            (r#"{"a": 1, "b": 22}"#, r#"{"a": 123, "b": 0}"#, true),
            (r#"{"a": 1}"#, r#"{"a": 1}"#, true),
            (r#"{"a": 1}"#, r#"{"a": 01}"#, false),
            (r#"{"a": 1}"#, r#"{"a": }"#, false),
            (r#"{"a": 1}"#, r#"{"b": 1}"#, false),
            (r#"{"a": 1}"#, r#"{"a": 1},{}"#, false),
            (r#"{"a": 1}"#, r#"{"a": 1"#, false),
            (r#"{"a": 1.05}"#, r#"{"a": 1.05}"#, true),
        ] {
            assert_eq!(is_same_but_digits(known, other), same, "{known} {other}");
        }
    }

    #[test]
    fn text_and_figures_are_found() {
        let data = |text: &str, usage: &str| std::format!(r#"{{"t": "{text}","u": {usage},"m": "x"}}"#);
        let first = data("Hi", r#"{"n": 1}"#);
        let mut template = ChunkTemplate::default();
        assert_eq!(template.matches(&first), None);
        template.learn(&first, &(7..9), &(16..24));
        assert_eq!(template.matches(&first), Some(("Hi", r#"{"n": 1}"#)));
        assert_eq!(template.matches(&data(" wörld", r#"{"n": 25}"#)), Some((" wörld", r#"{"n": 25}"#)));
        for other in
            [data("a\\n", r#"{"n": 1}"#), data("a", r#"{"k": 1}"#), data("a", r#"{"n": 1},"n": {"n": 1}"#)]
        {
            assert_eq!(template.matches(&other), None, "{other}");
        }
        template.forget();
        assert_eq!(template.matches(&first), None);
    }
}
