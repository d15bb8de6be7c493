//! Tree of a JSON schema that is being rewritten: ordered, with numbers kept as they were written.

use crate::json::{Extra, Json, ObjectWriter, Value, WriteJson, write_array, write_string};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// A JSON value. Its depth is bounded by that of the [`Json`] that it was read from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// The text of a string, number, truth value or null.
    Scalar(String),
    List(Vec<Node>),
    Map(Map),
}

/// The fields of an object in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Map(Vec<(String, Node)>);

impl Node {
    pub(super) fn read(value: Value<'_>) -> Self {
        if let Some(items) = value.array() {
            return Self::List(items.into_iter().map(Self::read).collect());
        }
        match value.object() {
            None => Self::Scalar(value.text().to_owned()),
            Some(fields) => {
                let mut map = Map::default();
                for (name, inner) in fields.iter() {
                    map.set(name, Self::read(inner));
                }
                Self::Map(map)
            }
        }
    }

    pub(super) fn string(text: &str) -> Self {
        let mut out = Vec::with_capacity(text.len() + 2);
        write_string(text, &mut out);
        Self::Scalar(String::from_utf8(out).unwrap_or_default())
    }

    pub(super) fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(texts.into_iter().map(Self::string).collect())
    }

    /// The text that a string says.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Scalar(text) => Value::parse(text.as_bytes()).ok()?.string(),
            _ => None,
        }
    }

    pub(super) fn map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Whether it is this scalar.
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self, Self::Scalar(own) if own == text)
    }

    /// A number that fits.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Self::Scalar(text) => Value::parse(text.as_bytes()).ok()?.u64(),
            _ => None,
        }
    }

    pub(super) fn to_json(&self) -> Json {
        Json::written(self)
    }
}

impl Map {
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts `node` under `name`, in the place of what was there.
    pub(super) fn set(&mut self, name: &str, node: Node) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = node,
            None => self.0.push((name.to_owned(), node)),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Node> {
        let position = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(position).1)
    }

    /// Gives the field `name` another name, in its place.
    pub(super) fn rename(&mut self, name: &str, other: &str) {
        if let Some((key, _)) = self.0.iter_mut().find(|(key, _)| key == name) {
            other.clone_into(key);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(key, node)| (key.as_str(), node))
    }

    /// The map without the fields for which `keep` is false.
    pub(super) fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(key, _)| keep(key)).cloned().collect())
    }
}

impl FromIterator<(String, Node)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, Node)>>(fields: I) -> Self {
        let mut map = Self::default();
        for (name, node) in fields {
            map.set(&name, node);
        }
        map
    }
}

impl WriteJson for Node {
    fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Scalar(text) => out.extend_from_slice(text.as_bytes()),
            Self::List(items) => write_array(out, items, |out, item| item.write_json(out)),
            Self::Map(map) => {
                let none = Extra::new();
                let mut object = ObjectWriter::begin_with(out, &none);
                for (name, node) in map.iter() {
                    object.field(name, node);
                }
                object.finish();
            }
        }
    }
}
