//! Reader of JSON objects, one level at a time.

use super::{JsonError, check_nesting, keys::check_keys, lenient, ordered::SCANNED, split, surrogates};
use alloc::{borrow::Cow, borrow::ToOwned, format, string::String, vec::Vec};
use serde::de::{Deserialize, IgnoredAny};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A JSON value inside a body, not yet looked into: its text, which was checked with the whole body.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    pub(super) const fn new(checked: &'a str) -> Self {
        Self(checked)
    }

    /// Checks `bytes` (syntax, UTF-8, nesting, keys) and reads them as one value. A byte-order mark is skipped.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, JsonError> {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let text = simdutf8::compat::from_utf8(bytes).map_err(|error| JsonError::new(format!("{error}")))?;
        check(text).map(Self)
    }

    fn read<T: Deserialize<'a>>(self) -> Option<T> {
        serde_json::from_str(self.0).ok()
    }

    /// The text of the value as it was written, which a strict reader may refuse: see [`Value::strict_text`].
    pub fn text(self) -> &'a str {
        self.0
    }

    /// The text of the value as every reader takes it: with U+FFFD for lone halves of surrogate pairs, and `null` for
    /// numbers that JSON has no form for.
    pub fn strict_text(self) -> Cow<'a, str> {
        lenient::strict(self.0)
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    /// The text a JSON string says, with U+FFFD for lone halves of surrogate pairs; `None` for any other type.
    pub fn string(self) -> Option<String> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        match memchr::memchr(b'\\', inner.as_bytes()) {
            None => Some(inner.to_owned()),
            Some(_) => self.read().or_else(|| Some(surrogates::unescape(inner))),
        }
    }

    /// A number without a sign or fraction that fits; `None` for anything else.
    pub fn u64(self) -> Option<u64> {
        // Some servers write counts as 12.0.
        self.read().or_else(|| {
            let float: f64 = self.read()?;
            let whole = float as u64;
            (whole as f64 == float).then_some(whole)
        })
    }

    /// As [`Value::u64`], in 32 bits.
    pub fn u32(self) -> Option<u32> {
        self.u64().and_then(|number| u32::try_from(number).ok())
    }

    /// A whole number that fits.
    pub fn i64(self) -> Option<i64> {
        self.read()
    }

    /// Any number, to its last bit: serde_json's own reading may be off by one.
    pub fn f64(self) -> Option<f64> {
        self.0.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// `true` or `false`.
    pub fn bool(self) -> Option<bool> {
        self.read()
    }

    /// The fields of an object; `None` for any other type.
    pub fn object(self) -> Option<Fields<'a>> {
        let fields = split::fields(self.0)?;
        Some(Fields::new(fields.into_iter().map(|(name, text)| (name, Value(text))).collect()))
    }

    /// The items of an array; `None` for any other type.
    pub fn array(self) -> Option<Vec<Value<'a>>> {
        Some(split::items(self.0)?.into_iter().map(Value).collect())
    }

    /// Appends the numbers of an array, which holds nothing else, to `numbers`; `None` for any other value, or where a
    /// number is too large.
    pub(crate) fn append_numbers(self, numbers: &mut Vec<f32>) -> Option<()> {
        let inside = self.0.strip_prefix('[')?.strip_suffix(']')?;
        if inside.trim_ascii().is_empty() {
            return Some(());
        }
        for text in inside.split(',') {
            let number: f32 = text.trim_ascii().parse().ok()?;
            numbers.push(Some(number).filter(|number| number.is_finite())?);
        }
        Some(())
    }
}

/// Refuses a text that is not one JSON value, nests too deeply or has too many keys; gives it without the white space around it.
pub(super) fn check(text: &str) -> Result<&str, JsonError> {
    check_nesting(text.as_bytes())?;
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let is_lenient = |text: String| serde_json::from_str::<IgnoredAny>(&text).is_ok();
        if !lenient::with_finite_numbers(text).is_some_and(is_lenient) {
            return Err(error.into());
        }
    }
    check_keys(text)?;
    Ok(text.trim_matches([' ', '\n', '\r', '\t']))
}

/// The fields of one JSON object. Take what you know; the rest is kept.
///
/// The typed `take_…` methods leave a field of another type where it is, so it ends in [`Fields::rest`] rather
/// than nowhere; a `null` counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    entries: Vec<(Cow<'a, str>, Value<'a>)>,
    /// Where there are more than are scanned: their positions, by name and then by position. What was taken stays then
    /// where it was, as [`TAKEN`].
    sorted: Vec<u32>,
}

/// No value has this text.
const TAKEN: Value<'static> = Value::new("");

impl<'a> Fields<'a> {
    pub(super) fn new(entries: Vec<(Cow<'a, str>, Value<'a>)>) -> Self {
        let mut fields = Self { entries, sorted: Vec::new() };
        fields.sort();
        fields
    }

    fn sort(&mut self) {
        self.sorted.clear();
        if self.entries.len() > SCANNED {
            self.sorted.extend(0..u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
            let entries = &self.entries;
            // A stable sort: the last of a repeated name stays the last.
            self.sorted.sort_by_key(|position| name_at(entries, *position));
        }
    }

    /// The positions of `name`, which is repeated where there are several.
    fn positions(&self, name: &str) -> &[u32] {
        let start = self.sorted.partition_point(|position| name_at(&self.entries, *position) < name);
        let from = self.sorted.get(start..).unwrap_or_default();
        let end = from.partition_point(|position| name_at(&self.entries, *position) == name);
        from.get(..end).unwrap_or_default()
    }

    /// Reads a whole body as one object.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, JsonError> {
        Value::parse(bytes)?.object().ok_or_else(|| JsonError::new("expected a JSON object"))
    }

    /// The value under `name`, left in place. A repeated name: the last one counts, as for most readers.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        if self.sorted.is_empty() {
            return self.entries.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value);
        }
        let (_, value) = self.entries.get(*self.positions(name).last()? as usize)?;
        Some(*value).filter(|value| !is_taken(*value))
    }

    fn remove(&mut self, name: &str) {
        if self.sorted.is_empty() {
            return self.entries.retain(|(key, _)| key != name);
        }
        // Names are compared with what is sorted, which stays as it is.
        let positions = self.positions(name).to_vec();
        for position in positions {
            if let Some((_, value)) = self.entries.get_mut(position as usize) {
                *value = TAKEN;
            }
        }
    }

    /// Takes the value under `name` out; a `null` is taken out too, and is `None`.
    pub fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let value = self.get(name)?;
        self.remove(name);
        (!value.is_null()).then_some(value)
    }

    fn take_as<T>(&mut self, name: &str, read: impl FnOnce(Value<'a>) -> Option<T>) -> Option<T> {
        let value = self.get(name)?;
        let read = if value.is_null() { None } else { Some(read(value)?) };
        self.remove(name);
        read
    }

    /// Takes a string out.
    pub fn take_string(&mut self, name: &str) -> Option<String> {
        self.take_as(name, Value::string)
    }

    /// Takes a count out.
    pub fn take_u64(&mut self, name: &str) -> Option<u64> {
        self.take_as(name, Value::u64)
    }

    /// Takes a count that fits 32 bits out.
    pub fn take_u32(&mut self, name: &str) -> Option<u32> {
        self.take_as(name, Value::u32)
    }

    /// Takes a whole number out.
    pub fn take_i64(&mut self, name: &str) -> Option<i64> {
        self.take_as(name, Value::i64)
    }

    /// Takes a number out.
    pub fn take_f64(&mut self, name: &str) -> Option<f64> {
        self.take_as(name, Value::f64)
    }

    /// Takes a truth value out.
    pub fn take_bool(&mut self, name: &str) -> Option<bool> {
        self.take_as(name, Value::bool)
    }

    /// Takes an object out.
    pub fn take_object(&mut self, name: &str) -> Option<Fields<'a>> {
        self.take_as(name, Value::object)
    }

    /// Takes an array out.
    pub fn take_array(&mut self, name: &str) -> Option<Vec<Value<'a>>> {
        self.take_as(name, Value::array)
    }

    /// Renames every field to lower camel case (`inline_data` to `inlineData`): readers of Google's JSON take both.
    pub(crate) fn camel_case(&mut self) {
        for (name, _) in &mut self.entries {
            if memchr::memchr(b'_', name.as_bytes()).is_some() {
                let mut renamed = String::with_capacity(name.len());
                let mut words = name.split('_');
                renamed.push_str(words.next().unwrap_or_default());
                for word in words {
                    let mut letters = word.chars();
                    renamed.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
                    renamed.push_str(letters.as_str());
                }
                *name = Cow::Owned(renamed);
            }
        }
        self.sort();
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.entries.iter().all(|(_, value)| is_taken(*value))
    }

    /// Names and values that are left, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'a>)> {
        self.entries.iter().filter(|(_, value)| !is_taken(*value)).map(|(key, value)| (key.as_ref(), *value))
    }

    /// As for [`Fields::iter`].
    pub(super) fn into_entries(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        self.entries.into_iter().filter(|(_, value)| !is_taken(*value))
    }
}

fn is_taken(value: Value<'_>) -> bool {
    value.text().is_empty()
}

fn name_at<'e>(entries: &'e [(Cow<'_, str>, Value<'_>)], position: u32) -> &'e str {
    entries.get(position as usize).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{format, string::ToString};

    #[test]
    fn takes_what_is_known_and_keeps_the_rest() {
        let mut fields =
            Fields::parse(br#" {"a":1,"b":"x","c":{"d":[1, 2]},"n":null,"w":"wrong"} "#).unwrap();
        assert_eq!(fields.take_u64("a"), Some(1));
        assert_eq!(fields.take_string("b").as_deref(), Some("x"));
        assert_eq!(fields.take_string("n"), None);
        assert_eq!(fields.take_u64("w"), None);
        let rest = fields.rest();
        assert_eq!(rest.get("c").unwrap().text(), r#"{"d":[1, 2]}"#);
        assert_eq!(rest.get("w").unwrap().text(), r#""wrong""#);
        assert!(rest.get("n").is_none());
    }

    #[test]
    fn the_last_of_a_repeated_name_counts() {
        let mut fields = Fields::parse(br#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(fields.take_u64("a"), Some(2));
        assert!(fields.is_empty());
    }

    #[test]
    fn both_of_googles_spellings_are_one() {
        let mut fields = Fields::parse(br#"{"inline_data":1,"topP":2,"a_":3,"_b":4}"#).unwrap();
        fields.camel_case();
        let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["inlineData", "topP", "a", "B"]);
    }

    fn parse(text: &str) -> Fields<'_> {
        Fields::parse(text.as_bytes()).unwrap()
    }

    proptest! {
        /// Against a plain list, which is scanned whatever its length.
        #[test]
        fn the_index_changes_nothing(
            names in proptest::collection::vec(0u8..100, 0..140), taken in proptest::collection::vec(0u8..100, 0..60),
        ) {
            let written: Vec<String> =
                names.iter().enumerate().map(|(value, name)| format!("\"n_{name}\":{value}")).collect();
            let text = format!("{{{}}}", written.join(","));
            let mut fields = parse(&text);
            let mut plain: Vec<(String, u64)> =
                names.iter().zip(0..).map(|(name, value)| (format!("n_{name}"), value)).collect();
            for (step, name) in taken.iter().enumerate() {
                let mut name = format!("n_{name}");
                if step > 30 {
                    name = name.replace("n_", "n");
                } else if step == 30 {
                    fields.camel_case();
                    plain.iter_mut().for_each(|(name, _)| *name = name.replace("n_", "n"));
                }
                let expected = plain.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value);
                prop_assert_eq!(fields.get(&name).and_then(Value::u64), expected);
                // What is of another type stays.
                prop_assert_eq!(fields.take_string(&name), None);
                prop_assert_eq!(fields.take_u64(&name), expected);
                plain.retain(|(known, _)| *known != name);
            }
            prop_assert_eq!(fields.is_empty(), plain.is_empty());
            let left: Vec<(String, u64)> =
                fields.iter().map(|(name, value)| (name.to_string(), value.u64().unwrap())).collect();
            prop_assert_eq!(&left, &plain);
            let rest = fields.rest();
            for (name, _) in &plain {
                let last = plain.iter().rev().find(|(known, _)| known == name).unwrap().1;
                prop_assert_eq!(rest.get(name).unwrap().value().u64(), Some(last));
            }
        }
    }

    #[test]
    fn reads_counts_beyond_i64_and_written_as_floats() {
        let fields = Fields::parse(br#"{"seed":17228414683750928000,"f":12.0,"half":0.5,"neg":-1}"#).unwrap();
        assert_eq!(fields.get("seed").unwrap().u64(), Some(17_228_414_683_750_928_000));
        assert_eq!(fields.get("f").unwrap().u64(), Some(12));
        assert_eq!(fields.get("half").unwrap().u64(), None);
        assert_eq!(fields.get("neg").unwrap().u64(), None);
    }

    #[test]
    fn reads_numbers_and_nothing_else() {
        let read = |text: &str| {
            let mut numbers = Vec::new();
            Value::parse(text.as_bytes()).unwrap().append_numbers(&mut numbers).map(|()| numbers)
        };
        assert_eq!(read("[1, -2.5e-1 ,\n3]"), Some(std::vec![1.0, -0.25, 3.0]));
        assert_eq!(read("[ ]"), Some(Vec::new()));
        for other in ["[1,[2]]", "[null]", "[\"1\"]", "[1e39]", "1", "\"[1]\"", "{}"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn refuses_what_is_not_an_object_or_nests_too_deep() {
        assert!(Fields::parse(b"[1]").is_err());
        assert!(Fields::parse(b"{\"a\":").is_err());
        let deep = "[".repeat(1_000_000);
        assert!(Value::parse(deep.as_bytes()).unwrap_err().to_string().contains("nested deeper"));
    }
}
