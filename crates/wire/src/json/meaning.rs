//! Equality of JSON values by meaning, whatever the white space, order of fields and spelling of numbers and strings.

use super::{Fields, Value, write_string};
use alloc::{collections::BTreeMap, string::String, vec::Vec};

impl Value<'_> {
    /// Whether both say the same.
    pub fn means(self, other: Value<'_>) -> bool {
        if self.text() == other.text() {
            return true;
        }
        if let (Some(ours), Some(theirs)) = (self.object(), other.object()) {
            let (ours, theirs) = (by_name(&ours), by_name(&theirs));
            return ours.len() == theirs.len()
                && ours
                    .iter()
                    .all(|(name, ours)| theirs.get(name).is_some_and(|theirs| ours.means(*theirs)));
        }
        if let (Some(ours), Some(theirs)) = (self.array(), other.array()) {
            return ours.len() == theirs.len()
                && ours.into_iter().zip(theirs).all(|(ours, theirs)| ours.means(theirs));
        }
        match (self.string(), other.string()) {
            (Some(ours), Some(theirs)) => ours == theirs,
            (None, None) => is_same_number(self, other),
            _ => false,
        }
    }

    /// Whether the text is how a program writes the value that read it: without white space, its strings escaped no more
    /// than they need to be, its numbers integers.
    pub(crate) fn is_compact(self) -> bool {
        let mut out = Vec::new();
        write_compact(self, &mut out) && out == self.text().as_bytes()
    }
}

/// The last of several fields of one name counts.
fn by_name<'a>(fields: &'a Fields<'a>) -> BTreeMap<String, Value<'a>> {
    fields.iter().map(|(name, value)| (name.into(), value)).collect()
}

fn is_same_number(ours: Value<'_>, theirs: Value<'_>) -> bool {
    match (ours.text().parse::<i128>(), theirs.text().parse::<i128>()) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        #[expect(clippy::float_cmp, reason = "the same number in two spellings is exactly the same")]
        _ => match (ours.f64(), theirs.f64()) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => false,
        },
    }
}

/// Appends the value without white space; false where a number may be spelt otherwise.
fn write_compact(value: Value<'_>, out: &mut Vec<u8>) -> bool {
    if let Some(fields) = value.object() {
        out.push(b'{');
        let mut names = alloc::collections::BTreeSet::new();
        for (position, (name, value)) in fields.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write_string(name, out);
            out.push(b':');
            if !names.insert(name) || !write_compact(value, out) {
                return false;
            }
        }
        out.push(b'}');
        return true;
    }
    if let Some(items) = value.array() {
        out.push(b'[');
        for (position, item) in items.into_iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            if !write_compact(item, out) {
                return false;
            }
        }
        out.push(b']');
        return true;
    }
    if let Some(text) = value.string() {
        write_string(&text, out);
        return true;
    }
    out.extend_from_slice(value.text().as_bytes());
    matches!(value.text(), "null" | "true" | "false") || value.text().parse::<i64>().is_ok()
}

#[cfg(test)]
mod tests {
    use crate::json::Value;

    fn value(text: &str) -> Value<'_> {
        Value::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn values_are_the_same_whatever_their_spelling() {
        for (ours, theirs, same) in [
            (r#"{"a": 1, "b":[1 , 2]}"#, r#"{"b":[1,2],"a":1}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false),
            (r#""\u00e9""#, r#""é""#, true),
            ("1.0", "1", true),
            ("1e2", "100", true),
            ("12345678901234567890", "12345678901234567891", false),
            ("0.1", "0.10", true),
            ("[1]", "[2]", false),
            ("[]", "{}", false),
            ("null", "false", false),
            ("\"1\"", "1", false),
        ] {
            assert_eq!(value(ours).means(value(theirs)), same, "{ours} {theirs}");
            assert_eq!(value(theirs).means(value(ours)), same, "{theirs} {ours}");
        }
    }

    #[test]
    fn compact_text_is_what_a_program_would_write() {
        for (text, compact) in [
            (r#"{"a":1,"b":["x",null,true]}"#, true),
            (r#"{"a": 1}"#, false),
            (r#"{"a":1.0}"#, false),
            (r#"{"a":"\u00e9"}"#, false),
            (r#"{"a":1,"a":1}"#, false),
            (r#"{"a":"\n\""}"#, true),
        ] {
            assert_eq!(value(text).is_compact(), compact, "{text}");
        }
    }
}
