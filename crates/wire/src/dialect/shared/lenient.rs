//! Lenient decoding of answer fields: values in another form than the format specifies. Servers with an imperfect
//! implementation write lists of strings, or an object around the text, instead of a string, one item instead of a
//! list, and counts as strings. The model's answer is not lost because of that.

use crate::framing::StreamError;
use crate::json::{Fields, Json, Value};
use alloc::{format, string::String, vec::Vec};

/// Fields of an object that hold its text.
const NAMES: [&str; 4] = ["text", "content", "value", "parts"];

/// What `value` says where that is text: a string, of a list what its items say together, of an object what its text
/// says.
pub(crate) fn known(value: Value<'_>) -> Option<String> {
    if let Some(text) = value.string() {
        return Some(text);
    }
    if let Some(items) = value.array() {
        return items.into_iter().filter(|item| !item.is_null()).map(known).collect();
    }
    let fields = value.object()?;
    NAMES.iter().find_map(|name| fields.get(name).and_then(known))
}

/// What `value` says, whatever it is: at last its JSON. An object or a list of nothing says nothing.
pub(crate) fn any(value: Value<'_>) -> String {
    let is_nothing = value.is_null() || value.object().is_some_and(|fields| fields.is_empty());
    known(value).unwrap_or_else(|| if is_nothing { String::new() } else { value.strict_text().into_owned() })
}

/// What a piece of a text says: as [`known`], and a number in its place as its JSON.
pub(crate) fn piece(value: Value<'_>) -> Option<String> {
    known(value).or_else(|| match value.object() {
        Some(fields) => fields.get("text").map(any),
        None => Some(any(value)),
    })
}

/// Takes out what a field says, whatever it is; `None` where it is not there.
pub(crate) fn take(fields: &mut Fields<'_>, name: &str) -> Option<String> {
    fields.take(name).map(any)
}

/// Takes out what a field says where that is text, or a number in its place; anything else stays.
pub(crate) fn take_known(fields: &mut Fields<'_>, name: &str) -> Option<String> {
    let figure = |value: Value<'_>| value.f64().map(|_| value.text().into());
    let text = fields.get(name).and_then(|value| known(value).or_else(|| figure(value)));
    if text.is_some() {
        fields.take(name);
    }
    text
}

/// The items of a list, also of lists in it. Anything else that says something is one item.
pub(crate) fn items(value: Value<'_>) -> Vec<Value<'_>> {
    let Some(items) = value.array() else {
        return if value.is_null() { Vec::new() } else { alloc::vec![value] };
    };
    if !items.iter().any(|item| item.is_array()) {
        return items;
    }
    // How deep a body nests is bounded.
    items.into_iter().flat_map(self::items).collect()
}

/// Takes out the items of a field; `None` where it is not there.
pub(crate) fn take_items<'a>(fields: &mut Fields<'a>, name: &str) -> Option<Vec<Value<'a>>> {
    fields.take(name).map(items)
}

/// What a list of one holds, also where that is a list of one; anything else is itself.
pub(crate) fn one(value: Value<'_>) -> Value<'_> {
    match value.array().as_deref() {
        Some([only]) => one(*only),
        _ => value,
    }
}

/// An object, also one alone in a list.
pub(crate) fn object(value: Value<'_>) -> Option<Fields<'_>> {
    one(value).object()
}

/// The object whose JSON stands in a string where the object itself is meant, as servers write it that encode twice.
pub(crate) fn object_in_string(value: Value<'_>) -> Option<Json> {
    let written = Json::from_string(value.string()?).ok()?;
    written.value().is_object().then_some(written)
}

/// The text of an object whose JSON stands in several strings of a list, as a server writes it that kept the deltas.
pub(crate) fn object_in_pieces(value: Value<'_>) -> Option<String> {
    let pieces: Option<Vec<String>> = value.array()?.into_iter().map(Value::string).collect();
    let text = pieces?.concat();
    Json::parse(&text).is_ok_and(|object| object.value().is_object()).then_some(text)
}

/// A count, also one in a string, or alone in a list.
pub(crate) fn count(value: Value<'_>) -> Option<u64> {
    value.u64().or_else(|| match value.string() {
        // As a number in its own right, so that `"12.0"` is one too.
        Some(text) => Value::parse(text.trim().as_bytes()).ok()?.u64(),
        None => one(value).u64(),
    })
}

/// Whether a field says yes, in whatever form.
pub(crate) fn flag(value: Value<'_>) -> Option<bool> {
    value.bool().or_else(|| match one(value).text().trim_matches('"') {
        "true" | "True" | "1" => Some(true),
        "false" | "False" | "0" => Some(false),
        _ => None,
    })
}

/// Takes a count out; anything else stays.
pub(crate) fn take_count(fields: &mut Fields<'_>, name: &str) -> Option<u64> {
    fields.take_u64(name).or_else(|| {
        let count = count(fields.get(name)?)?;
        fields.take(name);
        Some(count)
    })
}

/// As [`take_count`], in 32 bits.
pub(crate) fn take_index(fields: &mut Fields<'_>, name: &str) -> Option<u32> {
    fields.take_u32(name).or_else(|| {
        let index = u32::try_from(count(fields.get(name)?)?).ok()?;
        fields.take(name);
        Some(index)
    })
}

/// The error of an answer in which a known field has a form that nothing can be made of.
pub(crate) fn unreadable(place: &str, expected: &str) -> StreamError {
    StreamError::Malformed(format!("{place}: expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_in_every_form() {
        let read = |text: &str| any(Value::parse(text.as_bytes()).unwrap());
        for said in [
            r#""ab""#,
            r#"["a","b"]"#,
            r#"[{"type":"text","text":"a"},{"text":{"value":"b"}}]"#,
            r#"{"text":"ab","annotations":[]}"#,
            r#"{"role":"assistant","content":["ab"]}"#,
        ] {
            assert_eq!(read(said), "ab", "{said}");
        }
        for said in [r#"["a",null,"b"]"#, r#"[["a"],[["b"]]]"#, r#"{"parts":[{"text":"a"},{"text":"b"}]}"#] {
            assert_eq!(read(said), "ab", "{said}");
        }
        for nothing in ["null", "[]", "{}"] {
            assert_eq!(read(nothing), "");
        }
        for whole in ["7", "false", r#"{"city":"Oslo"}"#, r#"["a",{"b":1}]"#] {
            assert_eq!(read(whole), whole);
        }
        let mut fields = Fields::parse(br#"{"a":["x"],"b":{"c":1},"d":null}"#).unwrap();
        assert_eq!(take_known(&mut fields, "a").as_deref(), Some("x"));
        assert_eq!(take_known(&mut fields, "b"), None);
        assert_eq!(take(&mut fields, "b").as_deref(), Some(r#"{"c":1}"#));
        assert_eq!(take(&mut fields, "d"), None);
    }

    #[test]
    fn an_object_is_found_in_a_string() {
        let read = |text: &str| object_in_string(Value::parse(text.as_bytes()).unwrap());
        assert_eq!(read(r#""{\"a\":[1]}""#).unwrap().text(), r#"{"a":[1]}"#);
        for none in [r#""a""#, r#""""#, r#""[1]""#, r#""7""#, "{}", "null"] {
            assert_eq!(read(none), None, "{none}");
        }
        let read = |text: &str| object_in_pieces(Value::parse(text.as_bytes()).unwrap());
        assert_eq!(read(r#"["{\"a\":","1}"]"#).as_deref(), Some(r#"{"a":1}"#));
        for none in [r#"["a","b"]"#, r#"[{"a":1}]"#, "[]", r#""{}""#, "{}"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn lists_counts_and_flags_are_found_in_every_form() {
        let value = |text: &'static str| Value::parse(text.as_bytes()).unwrap();
        for (list, count_of) in [("[1,2]", 2), ("[[1],[[2,3]],[]]", 3), ("null", 0), ("{}", 1), ("[]", 0)] {
            assert_eq!(items(value(list)).len(), count_of, "{list}");
        }
        for twelve in ["12", "12.0", r#""12""#, r#"" 12.0 ""#, "[12]", "[[12.0]]"] {
            assert_eq!(count(value(twelve)), Some(12), "{twelve}");
        }
        for none in ["null", "-1", "1.5", r#""x""#, r#""-1""#, "[1,2]", "{}"] {
            assert_eq!(count(value(none)), None, "{none}");
        }
        for (said, expected) in [
            ("true", Some(true)),
            (r#""true""#, Some(true)),
            ("1", Some(true)),
            ("[true]", Some(true)),
            (r#""False""#, Some(false)),
            ("0", Some(false)),
            ("null", None),
            (r#""yes?""#, None),
        ] {
            assert_eq!(flag(value(said)), expected, "{said}");
        }
    }
}
