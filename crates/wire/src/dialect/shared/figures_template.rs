//! Fast path for text streams with frames that differ only in their text and in numbers.
//!
//! Like [`TextTemplate`](super::template::TextTemplate), but a value after the text has numbers that change: Google
//! writes the usage so far into every frame, Cursor's program the time. If only digits differ, the JSON is the same
//! except for its numbers.

use super::template::plain_string;
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::ops::Range;

/// What stands around text and figures in a frame. Empty, and matching nothing, until it has learned.
#[derive(Clone, Debug, Default)]
pub(crate) struct FiguresTemplate {
    /// All before the text, its opening quote included.
    before: String,
    /// From the text's closing quote to the figures.
    between: String,
    figures: Figures,
    /// What follows the figures.
    after: String,
}

impl FiguresTemplate {
    /// Takes `data`, which was read as one JSON object, as the pattern. `text` is where that string stands in it, its
    /// quotes left out, and `figures` where the value with them stands, behind it.
    pub(crate) fn learn(&mut self, data: &str, text: &Range<usize>, figures: &Range<usize>) {
        self.forget();
        let (Some(before), Some(between), Some(value), Some(after)) = (
            data.get(..text.start),
            data.get(text.end..figures.start),
            data.get(figures.clone()),
            data.get(figures.end..),
        ) else {
            return;
        };
        before.clone_into(&mut self.before);
        between.clone_into(&mut self.between);
        self.figures.learn(value);
        after.clone_into(&mut self.after);
    }

    /// The text of `data` and the value with its figures, where it differs from the pattern in them only and the text needs no unescaping.
    pub(crate) fn matches<'a>(&self, data: &'a str) -> Option<(&'a str, &'a str)> {
        if self.before.is_empty() {
            return None;
        }
        let (text, rest) = plain_string(data.strip_prefix(self.before.as_str())?)?;
        let value = rest.strip_prefix(self.between.as_str())?.strip_suffix(self.after.as_str())?;
        self.figures.matches(value).then_some((text, value))
    }

    /// Matches nothing again.
    pub(crate) fn forget(&mut self) {
        self.before.clear();
    }
}

/// A JSON value, and where the digits in it are.
#[derive(Clone, Debug, Default)]
struct Figures {
    json: String,
    /// In the order in which they stand, each as long as it can be.
    digits: Vec<Range<usize>>,
}

impl Figures {
    fn learn(&mut self, json: &str) {
        json.clone_into(&mut self.json);
        self.digits.clear();
        let mut end = 0;
        while let Some(start) = json.bytes().skip(end).position(|byte| byte.is_ascii_digit()) {
            let start = end + start;
            end = start + leading_digits(json.as_bytes().get(start..).unwrap_or_default());
            self.digits.push(start..end);
        }
    }

    /// Whether `other` differs in the digits of its numbers alone, so that it is JSON too.
    fn matches(&self, other: &str) -> bool {
        self.rest_after_digits(other.as_bytes()).is_some_and(|(known, other)| known == other)
    }

    /// What follows the last digits, here and in `other`.
    fn rest_after_digits<'a>(&'a self, mut other: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let json = self.json.as_bytes();
        let mut end = 0;
        for digits in &self.digits {
            other = other.strip_prefix(json.get(end..digits.start)?)?;
            let (number, rest) = other.split_at_checked(leading_digits(other))?;
            // A number may be 0, but not begin with it.
            if number.is_empty()
                || (number.starts_with(b"0") && number.len() > 1 && number != json.get(digits.clone())?)
            {
                return None;
            }
            (other, end) = (rest, digits.end);
        }
        Some((json.get(end..)?, other))
    }
}

fn leading_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
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
            (r#"{"a": 1}"#, r#"{"a": 1.5}"#, false),
            ("{}", "{}", true),
            ("{}", "{1}", false),
            ("12", "3", true),
            ("12", "", false),
        ] {
            let mut figures = Figures::default();
            figures.learn(known);
            assert_eq!(figures.matches(other), same, "{known} {other}");
        }
    }

    #[test]
    fn text_and_figures_are_found() {
        let data = |text: &str, usage: &str| std::format!(r#"{{"t": "{text}","u": {usage},"m": "x"}}"#);
        let first = data("Hi", r#"{"n": 1}"#);
        let mut template = FiguresTemplate::default();
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
