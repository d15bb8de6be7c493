//! Lenient JSON made strict, as some servers write what strict readers refuse: lone halves of surrogate pairs, and numbers
//! that JSON has no form for (`NaN`, `Infinity`), which Python's writer knows.

use super::{split::string_end, surrogates};
use alloc::{borrow::Cow, string::String};
use memchr::{memchr, memchr2};

const NOT_FINITE: [&str; 3] = ["NaN", "-Infinity", "Infinity"];

/// `text`, which was checked, as every reader takes it.
pub(super) fn strict(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    // Only a value that holds others, or is such a number itself, has any.
    if text.starts_with(['{', '[', 'N', 'I', '-'])
        && let Some(finite) = with_finite_numbers(&text)
    {
        text = Cow::Owned(finite);
    }
    if memchr(b'\\', text.as_bytes()).is_some()
        && let Cow::Owned(replaced) = surrogates::replaced(&text)
    {
        text = Cow::Owned(replaced);
    }
    text
}

/// `text` with `null` for each number that JSON has no form for; `None` where there is none.
pub(super) fn with_finite_numbers(text: &str) -> Option<String> {
    if !may_have_others(text.as_bytes()) {
        return None;
    }
    let (mut out, mut written, mut position) = (String::new(), 0, 0);
    while let Some(rest) = text.get(position..) {
        let Some(found) = rest.bytes().position(|byte| matches!(byte, b'"' | b'N' | b'I' | b'-')) else {
            break;
        };
        position += found;
        let rest = rest.get(found..)?;
        if rest.starts_with('"') {
            position += string_end(rest.as_bytes())?;
        } else if let Some(number) = NOT_FINITE.into_iter().find(|number| rest.starts_with(number)) {
            out.push_str(text.get(written..position)?);
            out.push_str("null");
            position += number.len();
            written = position;
        } else {
            position += 1;
        }
    }
    if written == 0 {
        return None;
    }
    out.push_str(text.get(written..)?);
    Some(out)
}

/// Whether the letters of one stand anywhere, in a string or not.
fn may_have_others(mut bytes: &[u8]) -> bool {
    while let Some(found) = memchr2(b'N', b'I', bytes) {
        let from = bytes.get(found..).unwrap_or_default();
        if from.starts_with(b"NaN") || from.starts_with(b"Infinity") {
            return true;
        }
        bytes = from.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Fields, Json, Value};

    #[test]
    fn numbers_without_a_form_are_null_outside_strings() {
        for (written, expected) in [
            ("NaN", "null"),
            ("[-Infinity,1, Infinity]", "[null,1, null]"),
            (r#"{"a":NaN,"NaN":"-Infinity \"NaN","b":-1}"#, r#"{"a":null,"NaN":"-Infinity \"NaN","b":-1}"#),
        ] {
            assert_eq!(strict(written), expected);
            assert_eq!(Json::parse(written).unwrap().text(), expected);
            assert_eq!(Value::parse(written.as_bytes()).unwrap().to_json().text(), expected);
        }
        for strict_already in [r#""NaN""#, "-1", r#"{"a":"Infinity"}"#, r#""Na\n""#] {
            assert!(matches!(strict(strict_already), Cow::Borrowed(_)), "{strict_already}");
        }
        for no_number in ["NaNN", "Inf", "--Infinity", "[NaN", r#"{NaN:1}"#, "nan"] {
            assert!(Value::parse(no_number.as_bytes()).is_err(), "{no_number}");
        }
    }

    #[test]
    fn such_a_number_is_none_and_hinders_no_other() {
        let mut fields = Fields::parse(br#"{"a":NaN,"b":[1,Infinity],"c":2}"#).unwrap();
        assert_eq!((fields.take_f64("a"), fields.take_u64("c")), (None, Some(2)));
        assert_eq!(fields.take_json("b").unwrap().text(), "[1,null]");
    }
}
