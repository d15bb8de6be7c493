//! Arguments of a call that come value by value, each with its place (Vertex, `partialArgs`; section 4), put together.
//!
//! What is added costs what it is long: objects find their fields by an index, and a list grows by one at its end only,
//! so that no place in hostile input takes memory that was not sent.

use crate::framing::StreamError;
use crate::json::{Fields, Json, MAX_NESTING, ObjectWriter, Value, WriteJson, write_array};
use alloc::{borrow::ToOwned, collections::BTreeMap, string::String, vec::Vec};

/// The arguments so far.
#[derive(Debug, Default)]
pub(super) struct PartialArguments {
    root: Option<Node>,
    bytes: usize,
}

#[derive(Debug)]
enum Node {
    /// A value that has begun, but whose type is not known yet.
    Nothing,
    Text(String),
    Whole(Json),
    Object {
        fields: Vec<(String, Node)>,
        index: BTreeMap<String, usize>,
    },
    List(Vec<Node>),
}

/// One step of a place: `.name` or `[0]`.
#[derive(Debug, PartialEq)]
enum Step {
    Name(String),
    Index(usize),
}

impl PartialArguments {
    /// Adds one of `partialArgs`. Texts of the same place are joined; of other values the last one counts.
    pub(super) fn add(&mut self, piece: Value<'_>, limit: usize) -> Result<(), StreamError> {
        let malformed =
            || StreamError::Malformed("a piece of a call's arguments that has no place".to_owned());
        self.bytes = self.bytes.saturating_add(piece.text().len());
        if self.bytes > limit {
            return Err(StreamError::TooLarge(limit));
        }
        let mut fields = piece.object().ok_or_else(malformed)?;
        let steps = fields.take_string("jsonPath").as_deref().and_then(steps).ok_or_else(malformed)?;
        let mut node = self.root.get_or_insert(Node::Nothing);
        for step in steps {
            node = node.child(step).ok_or_else(malformed)?;
        }
        node.set(&fields);
        Ok(())
    }

    /// The arguments as their text.
    pub(super) fn text(&self) -> String {
        match &self.root {
            Some(root) => Json::written(root).text().to_owned(),
            None => "{}".to_owned(),
        }
    }
}

impl Node {
    /// The node one step further; `None` where there cannot be one.
    fn child(&mut self, step: Step) -> Option<&mut Self> {
        match step {
            Step::Name(name) => {
                if matches!(self, Self::Nothing) {
                    *self = Self::Object { fields: Vec::new(), index: BTreeMap::new() };
                }
                let Self::Object { fields, index } = self else { return None };
                let position = *index.entry(name.clone()).or_insert_with(|| {
                    fields.push((name, Self::Nothing));
                    fields.len() - 1
                });
                fields.get_mut(position).map(|(_, node)| node)
            }
            Step::Index(position) => {
                if matches!(self, Self::Nothing) {
                    *self = Self::List(Vec::new());
                }
                let Self::List(items) = self else { return None };
                if position == items.len() {
                    items.push(Self::Nothing);
                }
                items.get_mut(position)
            }
        }
    }

    fn set(&mut self, fields: &Fields<'_>) {
        if let Some(more) = fields.get("stringValue").and_then(Value::string) {
            match self {
                Self::Text(text) => text.push_str(&more),
                node => *node = Self::Text(more),
            }
        } else if let Some(value) = fields.get("numberValue").or_else(|| fields.get("boolValue")) {
            *self = Self::Whole(value.to_json());
        } else if fields.get("nullValue").is_some() {
            *self = Self::Whole(Json::null());
        }
    }
}

impl WriteJson for Node {
    fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Nothing => out.extend_from_slice(b"null"),
            Self::Text(text) => text.write_json(out),
            Self::Whole(whole) => whole.write_json(out),
            Self::List(items) => write_array(out, items, |out, item| item.write_json(out)),
            Self::Object { fields, .. } => {
                let mut object = ObjectWriter::begin(out);
                for (name, node) in fields {
                    object.field(name, node);
                }
                object.finish();
            }
        }
    }
}

/// The steps of `$.a.b[0]['c d']`; `None` where it is not such a path, or too deep.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = if let Some(named) = rest.strip_prefix('.') {
            let end = named.find(['.', '[']).unwrap_or(named.len());
            let (name, after) = named.split_at_checked(end)?;
            (Step::Name(Some(name).filter(|name| !name.is_empty())?.to_owned()), after)
        } else {
            let inside = rest.strip_prefix('[')?;
            let quote = inside.chars().next().filter(|letter| matches!(letter, '\'' | '"'));
            match quote {
                Some(quote) => {
                    let (name, after) = inside.get(1..)?.split_once(quote)?;
                    (Step::Name(name.to_owned()), after.strip_prefix(']')?)
                }
                None => {
                    let (number, after) = inside.split_once(']')?;
                    (Step::Index(number.parse().ok()?), after)
                }
            }
        };
        steps.push(step);
        // The arguments stand inside a body, which may itself be nested.
        if steps.len() >= MAX_NESTING / 2 {
            return None;
        }
        rest = after;
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(pieces: &[&str]) -> Result<String, StreamError> {
        let mut arguments = PartialArguments::default();
        for piece in pieces {
            arguments.add(Json::parse(piece).unwrap().value(), 10_000)?;
        }
        Ok(arguments.text())
    }

    #[test]
    fn values_find_their_places() {
        let text = build(&[
            r#"{"jsonPath":"$.a.b[0]","stringValue":"x"}"#,
            r#"{"jsonPath":"$.a.b[0]","stringValue":"y","willContinue":true}"#,
            r#"{"jsonPath":"$.a.b[1].c","numberValue":1.5}"#,
            r#"{"jsonPath":"$.n","nullValue":null}"#,
            r#"{"jsonPath":"$['d e']","boolValue":true}"#,
            r#"{"jsonPath":"$.a[\"f\"]","boolValue":false}"#,
            r#"{"jsonPath":"$.open","willContinue":true}"#,
        ]);
        assert_eq!(
            text.unwrap(),
            r#"{"a":{"b":["xy",{"c":1.5}],"f":false},"n":null,"d e":true,"open":null}"#
        );
        assert_eq!(build(&[]).unwrap(), "{}");
    }

    #[test]
    fn a_place_that_cannot_be_is_an_error() {
        for path in
            ["a", "$.", "$a", "$[", "$[x]", "$['a", "$.a[1000000000]", "$.a[-1]", "$[18446744073709551616]"]
        {
            let piece = std::format!(r#"{{"jsonPath":"{path}","numberValue":1}}"#);
            assert!(matches!(build(&[&piece]), Err(StreamError::Malformed(_))), "{path}");
        }
        let text = r#"{"jsonPath":"$.a","stringValue":"x"}"#;
        assert!(build(&[text, r#"{"jsonPath":"$.a.b","numberValue":1}"#]).is_err());
        assert!(build(&["7"]).is_err());
        let deep = std::format!(r#"{{"jsonPath":"${}","numberValue":1}}"#, "[0]".repeat(500));
        assert!(build(&[&deep]).is_err());
        let mut small = PartialArguments::default();
        assert_eq!(small.add(Json::parse(text).unwrap().value(), 9), Err(StreamError::TooLarge(9)));
    }
}
