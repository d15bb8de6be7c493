//! Positions of the fields of an object and the items of an array in a text that was already checked as JSON.
//!
//! A body is checked once, as a whole, by serde_json. Each level that is looked into after that only needs to know
//! where its values end, so its strings are skipped by `memchr` rather than read again. A text that is not JSON after
//! all has no fields and no items: nothing here panics, and what is skipped is never trusted to be more than text.

use super::{Nesting, Scan, surrogates};
use alloc::{borrow::Cow, vec::Vec};

/// The keys and values of an object, as their text.
pub(super) fn fields(text: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    let mut level = Level::begin(text, b'{', b'}')?;
    let mut fields = Vec::with_capacity(8);
    while level.next()? {
        let key = level.value()?;
        level.skip(b':')?;
        let inner = key.strip_prefix('"')?.strip_suffix('"')?;
        let key = match memchr::memchr(b'\\', inner.as_bytes()) {
            None => Cow::Borrowed(inner),
            Some(_) => Cow::Owned(surrogates::unescape(inner)),
        };
        fields.push((key, level.value()?));
    }
    Some(fields)
}

/// The items of an array, as their text.
pub(super) fn items(text: &str) -> Option<Vec<&str>> {
    let mut level = Level::begin(text, b'[', b']')?;
    let mut items = Vec::new();
    while level.next()? {
        items.push(level.value()?);
    }
    Some(items)
}

struct Level<'a> {
    rest: &'a str,
    close: u8,
    first: bool,
}

impl<'a> Level<'a> {
    fn begin(text: &'a str, open: u8, close: u8) -> Option<Self> {
        let mut level = Self { rest: text, close, first: true };
        level.skip(open)?;
        Some(level)
    }

    /// Takes white space and then `byte`.
    fn skip(&mut self, byte: u8) -> Option<()> {
        self.rest = trim(self.rest).strip_prefix(char::from(byte))?;
        Some(())
    }

    /// Whether another value follows; `None` where the text is broken.
    fn next(&mut self) -> Option<bool> {
        self.rest = trim(self.rest);
        if self.rest.as_bytes().first() == Some(&self.close) {
            return Some(false);
        }
        if !core::mem::take(&mut self.first) {
            self.skip(b',')?;
        }
        Some(true)
    }

    /// Takes the next value.
    fn value(&mut self) -> Option<&'a str> {
        let text = trim(self.rest);
        let bytes = text.as_bytes();
        let end = match bytes.first()? {
            b'"' => string_end(bytes)?,
            b'{' | b'[' => match Nesting::default().scan(bytes) {
                Scan::Closed(end) => end,
                Scan::Open | Scan::TooDeep => return None,
            },
            _ => bytes
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']' | b':' | b' ' | b'\t' | b'\n' | b'\r'))?,
        };
        let (value, rest) = text.split_at_checked(end)?;
        self.rest = rest;
        (!value.is_empty()).then_some(value)
    }
}

fn trim(text: &str) -> &str {
    text.trim_start_matches([' ', '\n', '\r', '\t'])
}

/// Where the string ends that `bytes` begin with.
pub(super) fn string_end(bytes: &[u8]) -> Option<usize> {
    let mut position = 1;
    loop {
        position += memchr::memchr2(b'"', b'\\', bytes.get(position..)?)? + 1;
        if bytes.get(position - 1) == Some(&b'"') {
            return Some(position);
        }
        position += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use std::{collections::BTreeMap, string::String};

    /// JSON with white space, escapes and nesting.
    fn json() -> impl Strategy<Value = String> {
        let space = || "[ \n\r\t]{0,2}";
        let string = || {
            prop_oneof![any::<String>(), "[\\]\\[{}:,\"\\\\a]{0,6}"]
                .prop_map(|text| serde_json::to_string(&text).unwrap())
        };
        let leaf = prop_oneof![
            string(),
            Just("-1.5e+7".into()),
            Just("true".into()),
            Just("null".into()),
            Just("[ ]".into()),
            Just("{\n}".into())
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let spaced =
                (space(), inner, space()).prop_map(|(before, value, after)| before + &value + &after);
            let field = (space(), string(), space(), spaced.clone())
                .prop_map(|(before, key, after, value)| before + &key + &after + ":" + &value);
            prop_oneof![
                proptest::collection::vec(spaced, 1..4).prop_map(|items| format!("[{}]", items.join(","))),
                proptest::collection::vec(field, 1..4).prop_map(|fields| format!("{{{}}}", fields.join(","))),
            ]
        })
    }

    use std::format;

    proptest! {
        #[test]
        fn a_level_is_split_as_serde_json_reads_it(text in json()) {
            if text.starts_with('[') {
                let expected: Vec<&RawValue> = serde_json::from_str(&text).unwrap();
                let expected: Vec<&str> = expected.into_iter().map(RawValue::get).collect();
                prop_assert_eq!(items(&text).unwrap(), expected);
                prop_assert_eq!(fields(&text), None);
            } else if text.starts_with('{') {
                let expected: BTreeMap<String, &RawValue> = serde_json::from_str(&text).unwrap();
                let split = fields(&text).unwrap();
                let last: BTreeMap<String, &str> =
                    split.into_iter().map(|(key, value)| (key.into_owned(), value)).collect();
                let expected: BTreeMap<String, &str> =
                    expected.into_iter().map(|(key, value)| (key, value.get())).collect();
                prop_assert_eq!(last, expected);
                prop_assert_eq!(items(&text), None);
            }
        }

        #[test]
        fn any_text_ends(text in "\\PC{0,30}", json in r#"[\[\]{}":,\\ 1]{0,30}"#) {
            for text in [text, json] {
                let _ = (fields(&text), items(&text));
            }
        }
    }
}
