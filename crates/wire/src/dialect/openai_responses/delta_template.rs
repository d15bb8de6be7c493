//! Fast path of a text stream: besides text and padding, each frame has a number of its own.

use crate::dialect::shared::template::{TextTemplate, text_range};
use crate::json::Value;
use alloc::{borrow::ToOwned, string::String};

/// What stands around the number and the text in a frame. Matches nothing until it has learned.
#[derive(Clone, Debug, Default)]
pub(super) struct DeltaTemplate {
    /// All before the number; empty where it does not stand before the text.
    head: String,
    /// What follows it.
    tail: TextTemplate,
}

impl DeltaTemplate {
    /// Takes `data` as the pattern; the values were read out of it.
    pub(super) fn learn(
        &mut self,
        data: &str,
        number: Option<Value<'_>>,
        text: Value<'_>,
        padding: Option<Value<'_>>,
    ) {
        self.forget();
        let Some(text_at) = text_range(data, text) else { return };
        let number =
            number.and_then(|number| around(data, number)).filter(|(head, _)| head.len() < text_at.start);
        let (head, tail) = number.unwrap_or(("", data));
        if let Some(text) = text_range(tail, text) {
            head.clone_into(&mut self.head);
            self.tail.learn(tail, text, padding.and_then(|padding| text_range(tail, padding)));
        }
    }

    /// The text of `data`, where it differs from the pattern in number, text and padding only.
    pub(super) fn matches<'a>(&self, data: &'a str) -> Option<&'a str> {
        if self.head.is_empty() {
            return self.tail.matches(data);
        }
        let rest = data.strip_prefix(self.head.as_str())?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        // 07 is not a number.
        if digits == 0 || (digits > 1 && rest.starts_with('0')) {
            return None;
        }
        self.tail.matches(rest.get(digits..)?)
    }

    /// Matches nothing again.
    pub(super) fn forget(&mut self) {
        self.head.clear();
        self.tail.forget();
    }
}

/// What stands before and after a whole number without a sign.
fn around<'a>(data: &'a str, number: Value<'_>) -> Option<(&'a str, &'a str)> {
    let text = number.text();
    let start = text.as_ptr().addr().checked_sub(data.as_ptr().addr())?;
    let end = start.checked_add(text.len())?;
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit());
    (is_whole && data.get(start..end)? == text).then_some((data.get(..start)?, data.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Fields;

    fn learned(data: &str) -> DeltaTemplate {
        let fields = Fields::parse(data.as_bytes()).unwrap();
        let mut template = DeltaTemplate::default();
        template.learn(
            data,
            fields.get("sequence_number"),
            fields.get("delta").unwrap(),
            fields.get("obfuscation"),
        );
        template
    }

    #[test]
    fn number_text_and_padding_may_differ() {
        let template =
            learned(r#"{"type":"d","sequence_number":9,"delta":"a","logprobs":[],"obfuscation":"xy"}"#);
        let with = |number: &str, rest: &str| {
            std::format!(r#"{{"type":"d","sequence_number":{number},"delta":{rest}"#)
        };
        let same = r#""bc","logprobs":[],"obfuscation":""}"#;
        assert_eq!(template.matches(&with("10", same)), Some("bc"));
        assert_eq!(template.matches(&with("07", same)), None);
        assert_eq!(template.matches(&with("", same)), None);
        assert_eq!(template.matches(&with("-1", same)), None);
        assert_eq!(template.matches(&with("10", r#""b\n","logprobs":[],"obfuscation":""}"#)), None);
        assert_eq!(template.matches(&with("10", r#""b","logprobs":[1],"obfuscation":""}"#)), None);
    }

    #[test]
    fn a_number_elsewhere_or_none_is_no_hindrance() {
        let template = learned(r#"{"type":"d","delta":"a"}"#);
        assert_eq!(template.matches(r#"{"type":"d","delta":"b"}"#), Some("b"));
        let template = learned(r#"{"type":"d","delta":"a","sequence_number":1}"#);
        assert_eq!(template.matches(r#"{"type":"d","delta":"b","sequence_number":1}"#), Some("b"));
        assert_eq!(template.matches(r#"{"type":"d","delta":"b","sequence_number":2}"#), None);
    }
}
