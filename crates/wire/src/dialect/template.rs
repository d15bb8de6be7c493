//! The fast path of a text stream: frames that differ from one already read only in their text.
//!
//! Nearly all frames of a stream say "more text" and are equal but for that text. Once the full reader has found
//! where the text stands in one of them, the next is recognised by the bytes around it. Whatever does not match
//! exactly, or needs unescaping, goes the full way; so both ways always give the same.

use crate::json::Value;
use alloc::{borrow::ToOwned, string::String};

/// What stands around the text in a frame. Empty, and matching nothing, until it has learned.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextTemplate {
    /// All before the text, its opening quote included.
    before: String,
    /// All after the text, its closing quote included, without the last `}` and the padding before that, which
    /// varies in Anthropic's frames.
    after: String,
}

impl TextTemplate {
    /// Takes `data` as the pattern. Its text stands between two quotes, at `text_start..text_end` in bytes. `data`
    /// must have been read as one JSON object.
    pub(crate) fn learn(&mut self, data: &str, text_start: usize, text_end: usize) {
        self.forget();
        if let (Some(before), Some(after)) = (data.get(..text_start), data.get(text_end..))
            && before.ends_with('"')
            && after.starts_with('"')
            && let Some(after) = without_end(after)
        {
            before.clone_into(&mut self.before);
            after.clone_into(&mut self.after);
        }
    }

    /// The text of `data`, where `data` differs from the pattern in the text only and the text needs no unescaping.
    pub(crate) fn matches<'a>(&self, data: &'a str) -> Option<&'a str> {
        if self.before.is_empty() {
            return None;
        }
        let rest = data.strip_prefix(self.before.as_str())?;
        let end = memchr::memchr(b'"', rest.as_bytes())?;
        let (text, after) = rest.split_at_checked(end)?;
        // Two passes that compilers turn into wide compares: faster than one that stops early.
        let plain = !text.bytes().fold(false, |special, byte| special | (byte < 0x20) | (byte == b'\\'));
        (plain && without_end(after)? == self.after).then_some(text)
    }

    /// Matches nothing again.
    pub(crate) fn forget(&mut self) {
        self.before.clear();
        self.after.clear();
    }
}

/// `after` without the object's last brace and the spaces before it, which stand outside every string.
fn without_end(after: &str) -> Option<&str> {
    Some(after.strip_suffix('}')?.trim_end_matches(' '))
}

/// Where in `data`, in bytes and between its quotes, the string `value` stands that was read out of `data`.
pub(crate) fn text_range(data: &str, value: Value<'_>) -> Option<(usize, usize)> {
    let text = value.text();
    let start = (text.as_ptr() as usize).checked_sub(data.as_ptr() as usize)?;
    let end = start.checked_add(text.len())?;
    (text.starts_with('"') && data.get(start..end)? == text).then_some((start + 1, end - 1))
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
        let (start, end) = text_range(data, slow(data).unwrap().0).unwrap();
        let mut template = TextTemplate::default();
        template.learn(data, start, end);
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
    fn knows_nothing_before_it_learns_and_after_it_forgets() {
        let data = r#"{"delta":{"text":"a"}}"#;
        assert_eq!(TextTemplate::default().matches(data), None);
        let mut template = learned(data);
        assert_eq!(template.matches(data), Some("a"));
        template.forget();
        assert_eq!(template.matches(data), None);
        // Not a range between quotes, or beyond the data.
        for (start, end) in [(0, 3), (18, 4), (100, 200)] {
            template.learn(data, start, end);
            assert_eq!(template.matches(data), None);
        }
    }

    #[test]
    fn a_range_is_of_the_data_it_was_read_from() {
        let data = r#"{"delta":{"text":"a"}}"#;
        assert_eq!(text_range(data, slow(data).unwrap().0), Some((18, 19)));
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
