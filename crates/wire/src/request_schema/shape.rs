//! Shapes of JSON values, and the check whether a value has one.

use crate::json::{Fields as Object, Value};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// The fields of an object, which has no others. A name that ends with `!` is required.
pub(crate) type Fields = &'static [(&'static str, Shape)];

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    Null,
    Bool,
    Number,
    Text,
    /// An object with any fields.
    AnyObject,
    /// An object with these fields and no others.
    Object(Fields),
    /// A list.
    List(&'static Shape),
    /// One of several, told apart by their JSON types.
    Either(&'static [Shape]),
    /// An object whose field of this name says which one it is.
    Tagged(&'static str, &'static [(&'static str, Fields)]),
    /// An object with exactly one of the first fields, which says what it is, and any of the second.
    OneOf(Fields, Fields),
    /// An item of OpenAI's Responses API: by its type, and where that is `message` or missing, by its role.
    Item(&'static [(&'static str, Fields)]),
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A field that nobody knows.
    Unknown(String),
    /// A required field is missing.
    Missing(String),
    /// A field that says which kind of object it stands in, and says one that nobody knows.
    Kind {
        /// The field: `role` or `type`.
        tag: &'static str,
        kind: String,
        known: Vec<&'static str>,
    },
    /// A value of another type.
    Unexpected,
}

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Index(usize),
    /// The kind of the object (the role of a message, the type of a part), which some providers put among the names.
    Kind(String),
}

/// The shape of the field `name`.
pub(crate) fn field(fields: Fields, name: &str) -> Option<Shape> {
    fields.iter().find(|(known, _)| known.trim_end_matches('!') == name).map(|(_, shape)| *shape)
}

impl Shape {
    /// Whether a value may be of this shape, going by its JSON type.
    fn fits_type(self, value: Value<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Null => value.is_null(),
            Self::Bool => value.bool().is_some(),
            Self::Number => value.f64().is_some(),
            Self::Text => value.text().starts_with('"'),
            Self::List(_) => value.is_array(),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.fits_type(value)),
            Self::AnyObject | Self::Object(_) | Self::Tagged(..) | Self::OneOf(..) | Self::Item(_) => {
                value.is_object()
            }
        }
    }

    /// The fields of the object that a value of this shape may be.
    pub(crate) fn object(self) -> Option<Fields> {
        match self {
            Self::Object(fields) => Some(fields),
            Self::Either(shapes) => shapes.iter().find_map(|shape| shape.object()),
            _ => None,
        }
    }

    /// The shape of the items of a list.
    pub(crate) const fn of_items(self) -> Option<Shape> {
        if let Self::List(item) = self { Some(*item) } else { None }
    }

    /// The kinds of objects that a field distinguishes.
    pub(crate) const fn kinds(self) -> Option<&'static [(&'static str, Fields)]> {
        if let Self::Tagged(_, kinds) = self { Some(kinds) } else { None }
    }

    /// Whether a list of this shape may hold objects of this kind.
    pub(crate) fn has_kind(self, kind: &str) -> bool {
        match self {
            Self::Any | Self::AnyObject => true,
            Self::List(item) => item.has_kind(kind),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.has_kind(kind)),
            Self::Tagged(_, kinds) | Self::Item(kinds) => kinds.iter().any(|(known, _)| *known == kind),
            Self::Object(fields) => field(fields, kind).is_some(),
            _ => false,
        }
    }

    /// Whether objects of this kind are among those that a list of this shape is known to hold.
    pub(crate) fn lists_kind(self, kind: &str) -> bool {
        match self {
            Self::List(item) => item.lists_kind(kind),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.lists_kind(kind)),
            Self::Tagged(_, kinds) | Self::Item(kinds) => kinds.iter().any(|(known, _)| *known == kind),
            _ => false,
        }
    }

    /// Checks a value. `path` is the way to it, and is left as it was where nothing is wrong.
    pub(crate) fn check(self, value: Value<'_>, path: &mut Vec<Step>) -> Result<(), Problem> {
        if !self.fits_type(value) {
            return Err(Problem::Unexpected);
        }
        match self {
            Self::Either(shapes) => match shapes.iter().find(|shape| shape.fits_type(value)) {
                Some(shape) => shape.check(value, path),
                None => Err(Problem::Unexpected),
            },
            Self::List(shape) => {
                for (position, item) in value.array().unwrap_or_default().into_iter().enumerate() {
                    path.push(Step::Index(position));
                    shape.check(item, path)?;
                    path.pop();
                }
                Ok(())
            }
            Self::Object(fields) => check_fields(fields, &value.object().unwrap_or_default(), path),
            Self::Tagged(tag, kinds) => {
                let object = value.object().unwrap_or_default();
                let Some(kind) = object.get(tag).and_then(Value::string) else {
                    return Err(Problem::Missing(tag.to_owned()));
                };
                check_kind(tag, kinds, &kind, &object, path)
            }
            Self::OneOf(members, siblings) => {
                let object = value.object().unwrap_or_default();
                for (name, value) in object.iter() {
                    let Some(shape) = field(members, name).or_else(|| field(siblings, name)) else {
                        return Err(Problem::Unknown(name.to_owned()));
                    };
                    path.push(Step::Name(name.to_owned()));
                    shape.check(value, path)?;
                    path.pop();
                }
                match object.iter().filter(|(name, _)| field(members, name).is_some()).count() {
                    1 => Ok(()),
                    _ => Err(Problem::Unexpected),
                }
            }
            Self::Item(kinds) => {
                let object = value.object().unwrap_or_default();
                let text = |name: &str| object.get(name).and_then(Value::string);
                let kind = match text("type").as_deref() {
                    None | Some("message") => match text("role") {
                        Some(role) => format!("{MESSAGE}{role}"),
                        None => return Err(Problem::Missing("role".to_owned())),
                    },
                    Some(kind) => kind.to_owned(),
                };
                let tag = if kind.starts_with(MESSAGE) { "role" } else { "type" };
                check_kind(tag, kinds, &kind, &object, path)
            }
            Self::Any | Self::Null | Self::Bool | Self::Number | Self::Text | Self::AnyObject => Ok(()),
        }
    }
}

/// What stands before the role in the kind of an item that is a message.
const MESSAGE: &str = "message:";

fn check_kind(
    tag: &'static str,
    kinds: &'static [(&'static str, Fields)],
    kind: &str,
    object: &Object<'_>,
    path: &mut Vec<Step>,
) -> Result<(), Problem> {
    let Some((_, fields)) = kinds.iter().find(|(known, _)| *known == kind) else {
        let of_tag = |known: &&'static str| known.starts_with(MESSAGE) == kind.starts_with(MESSAGE);
        let known = kinds.iter().map(|(known, _)| *known).filter(of_tag);
        return Err(Problem::Kind {
            tag,
            kind: kind.trim_start_matches(MESSAGE).to_owned(),
            known: known.map(|known| known.trim_start_matches(MESSAGE)).collect(),
        });
    };
    // Of kinds whose fields nobody lists, any will do: they go back as they were received.
    if fields.is_empty() {
        return Ok(());
    }
    path.push(Step::Kind(kind.to_owned()));
    check_fields(fields, object, path)?;
    path.pop();
    Ok(())
}

fn check_fields(fields: Fields, object: &Object<'_>, path: &mut Vec<Step>) -> Result<(), Problem> {
    for (name, value) in object.iter() {
        let Some(shape) = field(fields, name) else { return Err(Problem::Unknown(name.to_owned())) };
        path.push(Step::Name(name.to_owned()));
        shape.check(value, path)?;
        path.pop();
    }
    for (name, _) in fields {
        if let Some(name) = name.strip_suffix('!')
            && object.get(name).is_none()
        {
            return Err(Problem::Missing(name.to_owned()));
        }
    }
    Ok(())
}
