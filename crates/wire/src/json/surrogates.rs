//! Halves of surrogate pairs that stand alone in a JSON text.
//!
//! JSON writes what is beyond U+FFFF as two escapes (`\ud83c\udf0d`), and its grammar allows one without the other: a
//! text that was cut in two, or a program whose strings are UTF-16. Neither half is a character. Alone it is read as
//! U+FFFD; `framing` joins the two that a stream cut apart.

use alloc::{borrow::Cow, string::String, vec::Vec};
use memchr::memchr;

/// How long an escape is: `\ud83c`.
pub(crate) const ESCAPE: usize = 6;
/// The escape of U+FFFD, as long as that of a half.
pub(crate) const REPLACEMENT: &str = "\\ufffd";

/// A half without its other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoneHalf {
    /// Where its escape begins.
    pub(crate) at: usize,
    pub(crate) kind: HalfKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HalfKind {
    /// The second of two, which its string begins with.
    Begins,
    /// The first of two, which its string ends with.
    Ends,
    /// Nothing can complete it.
    Stray,
}

/// The lone halves of a text, which is JSON, in order.
pub(crate) fn lone_halves(text: &str) -> LoneHalves<'_> {
    LoneHalves { bytes: text.as_bytes(), position: 0 }
}

#[derive(Clone, Debug)]
pub(crate) struct LoneHalves<'a> {
    bytes: &'a [u8],
    /// Where to go on: after the last escape.
    position: usize,
}

impl Iterator for LoneHalves<'_> {
    type Item = LoneHalf;

    fn next(&mut self) -> Option<LoneHalf> {
        loop {
            let after_escape = self.position;
            let at = after_escape + memchr(b'\\', self.bytes.get(after_escape..)?)?;
            let Some(unit) = code_unit(self.bytes, at) else {
                self.position = at + 2;
                continue;
            };
            self.position = at + ESCAPE;
            let kind = if is_high(unit) {
                if code_unit(self.bytes, self.position).is_some_and(is_low) {
                    self.position += ESCAPE;
                    continue;
                }
                let ends = self.bytes.get(self.position) == Some(&b'"');
                if ends { HalfKind::Ends } else { HalfKind::Stray }
            } else if is_low(unit) {
                // A quote that does not end an escape is a string's own.
                let begins = at > after_escape || after_escape == 0;
                let begins =
                    begins && at.checked_sub(1).and_then(|before| self.bytes.get(before)) == Some(&b'"');
                if begins { HalfKind::Begins } else { HalfKind::Stray }
            } else {
                continue;
            };
            return Some(LoneHalf { at, kind });
        }
    }
}

/// The code unit whose escape begins at `at`.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + ESCAPE)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)? as u16))
}

fn is_high(unit: u16) -> bool {
    (0xd800..0xdc00).contains(&unit)
}

fn is_low(unit: u16) -> bool {
    (0xdc00..0xe000).contains(&unit)
}

/// `text`, which is JSON, with U+FFFD for each lone half.
pub(crate) fn replaced(text: &str) -> Cow<'_, str> {
    let mut halves = lone_halves(text).peekable();
    if halves.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut written = 0;
    for LoneHalf { at, .. } in halves {
        out.push_str(text.get(written..at).unwrap_or_default());
        out.push_str(REPLACEMENT);
        written = at + ESCAPE;
    }
    out.push_str(text.get(written..).unwrap_or_default());
    Cow::Owned(out)
}

/// What a JSON string says, of which `inner` is what stands between its quotes.
pub(super) fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escape)) = memchr(b'\\', rest.as_bytes()).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(plain);
        let mut units = Vec::new();
        rest = escape;
        while let Some(unit) = code_unit(rest.as_bytes(), 0) {
            units.push(unit);
            rest = rest.get(ESCAPE..).unwrap_or_default();
        }
        if units.is_empty() {
            let mut letters = rest.chars();
            letters.next();
            out.extend(letters.next().map(|letter| match letter {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            }));
            rest = letters.as_str();
        } else {
            let read = char::decode_utf16(units);
            out.extend(read.map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)));
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use HalfKind::{Begins, Ends, Stray};
    use proptest::prelude::*;
    use std::vec;

    #[test]
    fn halves_are_told_from_pairs_and_from_what_looks_like_them() {
        let read = |text| lone_halves(text).map(|half| (half.at, half.kind)).collect::<Vec<_>>();
        assert_eq!(read(r#"{"a":"x\ud83c"}"#), [(7, Ends)]);
        assert_eq!(read(r#"{"a":"\uDF0D x"}"#), [(6, Begins)]);
        assert_eq!(read(r#"{"a":"\udf0d\ud83c"}"#), [(6, Begins), (12, Ends)]);
        assert_eq!(read(r#"{"a":"x\ud83c y \udf0dz"}"#), [(7, Stray), (16, Stray)]);
        assert_eq!(read(r#"{"a":"\ud83c\ud83c\udf0d"}"#), [(6, Stray)]);
        // An escaped quote does not end a string, and an escaped backslash does not begin an escape.
        assert_eq!(read(r#""{\"a\":\"\udf0d\"}""#), [(10, Stray)]);
        assert_eq!(read(r#""\"\udf0d""#), [(3, Stray)]);
        for none in [r#""\ud83c\udf0d""#, r#""\\ud83c""#, r#""\\\\ud83c""#, r#""\u00e9 \n\"""#, "[1]", ""] {
            assert_eq!(read(none), vec![], "{none}");
        }
        assert_eq!(read(r#""\\\ud83c""#), [(3, Ends)]);
    }

    #[test]
    fn each_lone_half_is_replaced() {
        assert_eq!(
            replaced(r#"["\ud83c","a\udf0d","\ud83c\udf0d"]"#),
            r#"["\ufffd","a\ufffd","\ud83c\udf0d"]"#
        );
        assert!(matches!(replaced(r#""\\ud83c \n""#), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn a_string_is_read_as_by_others(text in any::<String>(), ascii in any::<bool>()) {
            let mut written = serde_json::to_string(&text).unwrap();
            if ascii {
                written = written.chars().map(|letter| match letter {
                    ' '..='~' => std::format!("{letter}"),
                    other => other.encode_utf16(&mut [0; 2]).iter().map(|unit| std::format!("\\u{unit:04x}")).collect(),
                }).collect();
            }
            prop_assert_eq!(unescape(written.get(1..written.len() - 1).unwrap_or_default()), text);
        }

        /// What is left is what a strict reader takes, and says the same.
        #[test]
        fn what_is_replaced_is_read_by_strict_readers(inner in r#"(\\ud83c|\\udf0d|\\\\|\\"|\\n|u|d|8|a| ){0,12}"#) {
            let text = std::format!("\"{inner}\"");
            let strict: String = serde_json::from_str(&replaced(&text)).unwrap();
            prop_assert_eq!(strict, unescape(&inner));
        }
    }
}
