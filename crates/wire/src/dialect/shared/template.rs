//! Fast path for text streams with frames that differ only in their text.
//!
//! Nearly all frames of a stream carry more text, and are equal except for that text and some padding: OpenAI's padding
//! is a string after the text, Anthropic's is spaces before the last brace. Once the full decoder has found the
//! position of the text in one frame, the next frame is recognised by the bytes around it. A frame that does not match
//! exactly, or needs unescaping, goes to the full decoder, so the result is always the same.

use crate::json::Value;
use alloc::{borrow::ToOwned, string::String};
use core::ops::Range;

/// What stands around the text in a frame. Empty, and matching nothing, until it has learned.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextTemplate {
    /// All before the text, its opening quote included.
    before: String,
    /// What follows the text, its closing quote included: to the end, or to the padding's opening quote.
    after: String,
    /// What follows the padding where there is one, its closing quote included. Whichever of the two is last stands
    /// here without the object's last `}` and the spaces before that.
    after_padding: Option<String>,
}

impl TextTemplate {
    /// Takes `data`, which was read as one JSON object, as the pattern. `text` and `padding` are where those strings
    /// stand in it, their quotes left out.
    pub(crate) fn learn(&mut self, data: &str, text: Range<usize>, padding: Option<Range<usize>>) {
        self.forget();
        let Some((before, rest)) = around(data, &text) else { return };
        let learned = match padding.filter(|padding| padding.start > text.end) {
            None => without_end(rest).map(|after| (after, None)),
            Some(padding) => around(data, &padding).and_then(|(_, rest)| {
                Some((data.get(text.end..padding.start)?, Some(without_end(rest)?.to_owned())))
            }),
        };
        if let Some((after, after_padding)) = learned {
            before.clone_into(&mut self.before);
            after.clone_into(&mut self.after);
            self.after_padding = after_padding;
        }
    }

    /// The text of `data`, where `data` differs from the pattern in text and padding only and neither needs
    /// unescaping.
    pub(crate) fn matches<'a>(&self, data: &'a str) -> Option<&'a str> {
        if self.before.is_empty() {
            return None;
        }
        let (text, rest) = plain_string(data.strip_prefix(self.before.as_str())?)?;
        let is_same = match &self.after_padding {
            None => without_end(rest)? == self.after,
            Some(end) => {
                let (_, rest) = plain_string(rest.strip_prefix(self.after.as_str())?)?;
                without_end(rest)? == end.as_str()
            }
        };
        is_same.then_some(text)
    }

    /// Matches nothing again.
    pub(crate) fn forget(&mut self) {
        self.before.clear();
    }
}

/// What stands before and after a string, its quotes included.
fn around<'a>(data: &'a str, string: &Range<usize>) -> Option<(&'a str, &'a str)> {
    let (before, after) = (data.get(..string.start)?, data.get(string.end..)?);
    (before.ends_with('"') && after.starts_with('"')).then_some((before, after))
}

/// What stands before the next quote, and the rest from that quote on; `None` where it has escapes.
pub(crate) fn plain_string(from: &str) -> Option<(&str, &str)> {
    let (string, rest) = from.split_at_checked(memchr::memchr(b'"', from.as_bytes())?)?;
    // No early end: a loop without one is done many bytes at a time.
    let is_special = string.bytes().fold(false, |special, byte| special | (byte < 0x20) | (byte == b'\\'));
    (!is_special).then_some((string, rest))
}

/// `after` without the object's last brace and the spaces before it, which stand outside every string.
fn without_end(after: &str) -> Option<&str> {
    let after = after.strip_suffix('}')?;
    // Byte by byte: by characters it takes longer than all the rest of the comparison.
    let spaces = after.bytes().rev().take_while(|byte| *byte == b' ').count();
    after.get(..after.len() - spaces)
}

/// Where in `data`, in bytes and between its quotes, the string `value` stands that was read out of `data`.
pub(crate) fn text_range(data: &str, value: Value<'_>) -> Option<Range<usize>> {
    let range = value_range(data, value)?;
    value.text().starts_with('"').then(|| range.start + 1..range.end - 1)
}

/// Where in `data`, in bytes, `value` stands that was read out of `data`.
pub(crate) fn value_range(data: &str, value: Value<'_>) -> Option<Range<usize>> {
    let text = value.text();
    let start = text.as_ptr().addr().checked_sub(data.as_ptr().addr())?;
    let end = start.checked_add(text.len())?;
    (data.get(start..end)? == text).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Fields;
    use proptest::prelude::*;
    use std::format;

    fn slow(data: &str) -> Option<(Value<'_>, String)> {
        let value = Fields::parse(data.as_bytes()).ok()?.get("delta")?.object()?.get("text")?;
        Some((value, value.string()?))
    }

    fn learned(data: &str) -> TextTemplate {
        let padding = Fields::parse(data.as_bytes()).unwrap().get("obfuscation");
        let mut template = TextTemplate::default();
        template.learn(
            data,
            text_range(data, slow(data).unwrap().0).unwrap(),
            padding.and_then(|padding| text_range(data, padding)),
        );
        template
    }

    #[test]
    fn matches_what_differs_in_the_text_alone() {
        let template = learned(r#"{"index":0,"delta":{"text":"Hello"}     }"#);
        assert_eq!(template.matches(r#"{"index":0,"delta":{"text":"Hello"}     }"#), Some("Hello"));
        assert_eq!(template.matches(r#"{"index":0,"delta":{"text":" wörld"}}"#), Some(" wörld"));
        assert_eq!(template.matches(r#"{"index":0,"delta":{"text":""}  }"#), Some(""));
        for other in [
            r#"{"index":1,"delta":{"text":"Hello"}}"#,
            r#"{"index":0,"delta":{"text":"Hel\nlo"}}"#,
            r#"{"index":0,"delta":{"text":"Hel\"lo"}}"#,
            "{\"index\":0,\"delta\":{\"text\":\"Hel\nlo\"}}",
            r#"{"index":0,"delta":{"text":"Hello","more":1}}"#,
            r#"{"index":0,"delta":{"text":"Hello"}} "#,
            r#"{"index":0,"delta":{"text":"Hello"}"#,
            r#"{"index":0,"delta":{"text":"Hello"}}}"#,
            r#"{"index":0,"delta":{"text":"Hello"#,
            r#"{"index":0,"delta":{"text":"#,
            "",
        ] {
            assert_eq!(template.matches(other), None, "{other}");
        }
    }

    #[test]
    fn padding_in_a_string_of_its_own_may_differ() {
        let template = learned(r#"{"delta":{"text":"Hello"},"n":1,"obfuscation":"xyz"}"#);
        let read = |data| template.matches(data);
        assert_eq!(read(r#"{"delta":{"text":"a"},"n":1,"obfuscation":"" }"#), Some("a"));
        assert_eq!(read(r#"{"delta":{"text":"a"},"n":2,"obfuscation":"xyz"}"#), None);
        assert_eq!(read(r#"{"delta":{"text":"a"},"n":1,"obfuscation":"\n"}"#), None);
        assert_eq!(read(r#"{"delta":{"text":"a"},"n":1,"obfuscation":"","m":1}"#), None);
        // Padding before the text is part of the pattern.
        let template = learned(r#"{"obfuscation":"xyz","delta":{"text":"Hello"}}"#);
        assert_eq!(template.matches(r#"{"obfuscation":"xyz","delta":{"text":"a"}}"#), Some("a"));
        assert_eq!(template.matches(r#"{"obfuscation":"","delta":{"text":"a"}}"#), None);
    }

    #[test]
    fn knows_nothing_before_it_learns_and_after_it_forgets() {
        let data = r#"{"delta":{"text":"a"}}"#;
        assert_eq!(TextTemplate::default().matches(data), None);
        let mut template = learned(data);
        assert_eq!(template.matches(data), Some("a"));
        template.forget();
        assert_eq!(template.matches(data), None);
        // Not a range between quotes, or beyond the data.
        for (start, end) in [(0, 3), (18, 4), (100, 200)] {
            template.learn(data, start..end, None);
            assert_eq!(template.matches(data), None);
        }
    }

    #[test]
    fn a_range_is_of_the_data_it_was_read_from() {
        let data = r#"{"delta":{"text":"a"}}"#;
        assert_eq!(text_range(data, slow(data).unwrap().0), Some(18..19));
        assert_eq!(text_range("other", slow(data).unwrap().0), None);
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), r#"[a-z "\\{}\n]{0,8}"#]
    }

    proptest! {
        /// Whatever the fast way answers, the full way answers the same.
        #[test]
        fn the_fast_way_and_the_full_way_agree(
            first in text(), second in text(), index in 0u8..2, pad in " {0,3}", end in "[} ]{0,3}", raw in any::<bool>(),
        ) {
            let quoted = |text: &str| if raw { format!("\"{text}\"") } else { serde_json::to_string(text).unwrap() };
            let pattern = format!(r#"{{"index":0,"delta":{{"text":{}}}  }}"#, serde_json::to_string(&first).unwrap());
            let template = learned(&pattern);
            let data = format!(r#"{{"index":{index},"delta":{{"text":{}}}{pad}{end}"#, quoted(&second));
            if let Some(fast) = template.matches(&data) {
                let (_, slow) = slow(&data).unwrap();
                prop_assert_eq!(fast, slow);
                prop_assert_eq!(index, 0);
            }
            // And it does answer where it should.
            let plain: String = second.chars().filter(|letter| !letter.is_control() && !"\"\\".contains(*letter)).collect();
            let data = format!(r#"{{"index":0,"delta":{{"text":"{plain}"}}{pad}}}"#);
            prop_assert_eq!(template.matches(&data), Some(plain.as_str()));
        }
    }
}
