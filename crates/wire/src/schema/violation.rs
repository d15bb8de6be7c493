//! Violations of a provider's subset of JSON Schema: what a server that holds the model to a schema finds in it first.
//!
//! The client half rewrites schemas ([`super::fit`]); this is the server half, which only looks. What `fit` makes of a
//! schema has no violation; a test holds the two together.

use super::fit::SILENT;
use super::subsets::{Required, Subset};
use crate::json::{Fields, Json, Value};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// The first thing in a schema that is not in the subset, and the names and numbers that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Where it is: `properties`, `a`, `anyOf`, `0`.
    pub(crate) place: Vec<String>,
    pub(crate) kind: ViolationKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ViolationKind {
    /// The whole schema is not that of an object; its type.
    Root(String),
    /// An object may have other properties.
    Open,
    /// A property is not required.
    Optional(String),
    /// A keyword that is not taken, and the type that it stands with.
    Keyword { keyword: String, of: String },
    /// Keywords next to a reference.
    NextToReference(String),
    /// Nothing says what type of value it is.
    NoType,
}

/// The first violation of `subset` in `schema`.
pub(crate) fn violation(subset: &Subset, schema: &Json) -> Option<Violation> {
    let fields = schema.value().object()?;
    let kind = text(&fields, "type").unwrap_or_else(|| "None".to_owned());
    if subset.object_root && (kind != "object" || fields.get("anyOf").is_some()) {
        return Some(Violation { place: Vec::new(), kind: ViolationKind::Root(kind) });
    }
    let mut search = Search { subset, place: Vec::new() };
    let kind = search.schema(&fields)?;
    Some(Violation { place: search.place, kind })
}

/// Whose place is that of the violation when one was found.
struct Search<'a> {
    subset: &'a Subset,
    place: Vec<String>,
}

impl Search<'_> {
    fn schema(&mut self, fields: &Fields<'_>) -> Option<ViolationKind> {
        let silent = |name: &str| SILENT.contains(&name);
        if fields.get("$ref").is_some() {
            let neighbour = fields.iter().map(|(name, _)| name).find(|name| *name != "$ref" && !silent(name));
            if let Some(name) = neighbour.filter(|_| !self.subset.reference_siblings) {
                return Some(ViolationKind::NextToReference(name.to_owned()));
            }
        }
        let kind = text(fields, "type").unwrap_or_default();
        for (name, _) in fields.iter() {
            if !self.subset.takes(name) && !silent(name) {
                return Some(ViolationKind::Keyword { keyword: name.to_owned(), of: kind });
            }
        }
        let is_typed =
            ["type", "anyOf", "allOf", "$ref", "enum", "const"].iter().any(|name| fields.get(name).is_some());
        if !is_typed && self.subset.object_root {
            return Some(ViolationKind::NoType);
        }
        if kind == "object" || fields.get("properties").is_some() {
            let closed = fields.get("additionalProperties").is_some_and(|value| value.text() == "false");
            if self.subset.closed && !closed {
                return Some(ViolationKind::Open);
            }
            if self.requires_all()
                && let Some(name) = optional(fields)
            {
                return Some(ViolationKind::Optional(name));
            }
        }
        self.inside(fields)
    }

    fn requires_all(&self) -> bool {
        match self.subset.required {
            Required::All => true,
            // Some may be optional.
            Required::AllWhereStrict | Required::AsWritten | Required::One => false,
        }
    }

    fn inside(&mut self, fields: &Fields<'_>) -> Option<ViolationKind> {
        for name in ["properties", "$defs"] {
            for (property, value) in fields.get(name).and_then(Value::object).iter().flat_map(Fields::iter) {
                self.place.extend([name.to_owned(), property.to_owned()]);
                let found = value.object().and_then(|inner| self.schema(&inner));
                if found.is_some() {
                    return found;
                }
                self.place.truncate(self.place.len().saturating_sub(2));
            }
        }
        for name in ["anyOf", "allOf"] {
            let members = fields.get(name).and_then(Value::array).unwrap_or_default();
            for (number, value) in members.into_iter().enumerate() {
                self.place.extend([name.to_owned(), alloc::format!("{number}")]);
                let found = value.object().and_then(|inner| self.schema(&inner));
                if found.is_some() {
                    return found;
                }
                self.place.truncate(self.place.len().saturating_sub(2));
            }
        }
        let items = fields.get("items").and_then(Value::object)?;
        self.place.push("items".to_owned());
        let found = self.schema(&items);
        if found.is_none() {
            self.place.pop();
        }
        found
    }
}

fn text(fields: &Fields<'_>, name: &str) -> Option<String> {
    fields.get(name)?.string()
}

/// A property that is not required.
fn optional(fields: &Fields<'_>) -> Option<String> {
    let required = fields.get("required").and_then(Value::array).unwrap_or_default();
    let properties = fields.get("properties")?.object()?;
    let mut names = properties.iter().map(|(name, _)| name);
    names
        .find(|name| !required.iter().any(|value| value.string().as_deref() == Some(*name)))
        .map(ToOwned::to_owned)
}
