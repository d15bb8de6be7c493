//! Reader of JSON objects, one level at a time.

use super::{Fields, JsonError, check_nesting, keys::check_keys, lenient, split, surrogates};
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
        let text = core::str::from_utf8(bytes).map_err(|error| JsonError::new(format!("{error}")))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

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
