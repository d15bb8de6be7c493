//! Combinations of schemas in other words: `allOf` joined, unions without `anyOf`, lists of types, values with a type.

use super::node::{Map, Node};
use super::references::{DEFINITIONS, References, reference_of};
use super::subsets::Subset;
use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};

/// A schema that joins more than these is not written out.
const MAX_JOINED: usize = 256;

/// The keywords that say something of values of one type only.
const OF_TYPE: [(&str, &[&str]); 4] = [
    (
        "object",
        &[
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
            "propertyNames",
            "minProperties",
            "maxProperties",
            "propertyOrdering",
            "unevaluatedProperties",
        ],
    ),
    (
        "array",
        &[
            "items",
            "prefixItems",
            "minItems",
            "maxItems",
            "uniqueItems",
            "contains",
            "minContains",
            "maxContains",
            "unevaluatedItems",
        ],
    ),
    ("string", &["minLength", "maxLength", "pattern", "format"]),
    ("number", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
];

/// The types that a schema names.
pub(super) fn types(map: &Map) -> Vec<String> {
    match map.get("type") {
        Some(Node::List(items)) => items.iter().filter_map(Node::text).collect(),
        Some(node) => node.text().into_iter().collect(),
        None => Vec::new(),
    }
}

/// The type that the keywords of a schema without one are about.
pub(super) fn implied_type(map: &Map) -> Option<&'static str> {
    OF_TYPE
        .iter()
        .find(|(_, keywords)| keywords.iter().any(|keyword| map.has(keyword)))
        .map(|(name, _)| *name)
}

/// Whether a schema says by itself that its value may be null.
pub(super) fn allows_null(map: &Map) -> bool {
    types(map).iter().any(|name| name == "null")
        || ["anyOf", "oneOf"]
            .iter()
            .any(|keyword| map.get(keyword).and_then(Node::list).unwrap_or_default().iter().any(is_null))
}

fn is_null(node: &Node) -> bool {
    node.map()
        .is_some_and(|map| types(map) == ["null"] || map.get("const").is_some_and(|only| only.is("null")))
}

/// The schema with the members of its `allOf` joined to it, where the provider does not take them.
pub(super) fn joined(subset: &Subset, references: &References<'_>, mut map: Map) -> Map {
    let mut left = MAX_JOINED;
    while let Some(members) = map.get("allOf").and_then(Node::list) {
        let refers = |node: &Node| node.map().is_some_and(|map| reference_of(map).is_some());
        if subset.takes("allOf") && members.len() > 1 && !members.iter().any(refers) {
            break;
        }
        let members = members.to_vec();
        map.take("allOf");
        for member in members.iter().filter_map(Node::map) {
            left = left.saturating_sub(1);
            if left > 0 {
                join(&mut map, &references.followed(member));
            }
        }
    }
    map
}

/// Makes `map` say what `other` says as well. Where the two cannot both be said, the stricter is, or the first.
fn join(map: &mut Map, other: &Map) {
    for (name, node) in other.iter().filter(|(name, _)| !DEFINITIONS.contains(name)) {
        let Some(own) = map.get(name).cloned() else {
            map.set(name, node.clone());
            continue;
        };
        let both = match (name, own, node) {
            ("properties", Node::Map(mut own), Node::Map(others)) => {
                for (name, schema) in others.iter() {
                    match own.get(name).filter(|known| *known != schema).cloned() {
                        Some(known) => own.set(name, all_of(vec![known, schema.clone()])),
                        None => own.set(name, schema.clone()),
                    }
                }
                Node::Map(own)
            }
            ("required" | "allOf", Node::List(mut own), Node::List(others)) => {
                let new: Vec<Node> = others.iter().filter(|item| !own.contains(item)).cloned().collect();
                own.extend(new);
                Node::List(own)
            }
            ("enum", Node::List(own), Node::List(others)) => {
                Node::List(own.into_iter().filter(|value| others.contains(value)).collect())
            }
            ("type", own, other) if own.is("\"number\"") && other.is("\"integer\"") => other.clone(),
            ("additionalProperties", _, other) if other.is("false") => other.clone(),
            (name, own, other) => match (number(&own), number(other)) {
                (Some(ours), Some(theirs)) if is_lower_bound(name) && theirs > ours => other.clone(),
                (Some(ours), Some(theirs)) if is_upper_bound(name) && theirs < ours => other.clone(),
                _ => own,
            },
        };
        map.set(name, both);
    }
}

fn all_of(members: Vec<Node>) -> Node {
    Node::Map(Map::from_iter([("allOf".to_owned(), Node::List(members))]))
}

fn number(node: &Node) -> Option<f64> {
    match node {
        Node::Scalar(text) => text.parse().ok(),
        _ => None,
    }
}

fn is_lower_bound(name: &str) -> bool {
    name.starts_with("min") || name == "exclusiveMinimum"
}

fn is_upper_bound(name: &str) -> bool {
    name.starts_with("max") || name == "exclusiveMaximum"
}

/// The schema as a union of one for each of `names`; what is said of all stays outside.
pub(super) fn split_by_type(map: &Map, names: &[String]) -> Map {
    let mut outer = map.clone();
    outer.take("type");
    let mut members = Vec::with_capacity(names.len());
    for name in names {
        let mut member = Map::from_iter([("type".to_owned(), Node::string(name))]);
        let own = if name == "integer" { "number" } else { name };
        let keywords = OF_TYPE.iter().find(|(of, _)| *of == own).map_or(&[][..], |(_, keywords)| keywords);
        for keyword in keywords {
            if let Some(node) = map.get(keyword) {
                member.set(keyword, node.clone());
            }
        }
        if let Some(values) = map.get("enum").and_then(Node::list) {
            let is_of_type = |value: &&Node| {
                let kind = value_type(value);
                kind == name || (name == "number" && kind == "integer")
            };
            let values: Vec<Node> = values.iter().filter(is_of_type).cloned().collect();
            if values.is_empty() {
                continue;
            }
            if name != "null" {
                member.set("enum", Node::List(values));
            }
        }
        members.push(Node::Map(member));
    }
    for keyword in OF_TYPE.iter().flat_map(|(_, keywords)| *keywords) {
        outer.take(keyword);
    }
    outer.take("enum");
    outer.set("anyOf", Node::List(members));
    outer
}

/// The types of the values of an `enum`, each once.
pub(super) fn value_types(values: &[Node]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for value in values {
        let name = value_type(value);
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    if names.iter().any(|name| name == "number") {
        names.retain(|name| name != "integer");
    }
    names
}

pub(super) fn value_type(value: &Node) -> &'static str {
    match value {
        Node::List(_) => "array",
        Node::Map(_) => "object",
        Node::Scalar(text) => match text.as_bytes().first() {
            Some(b'"') => "string",
            Some(b't' | b'f') => "boolean",
            Some(b'n') => "null",
            _ if text.contains(['.', 'e', 'E']) => "number",
            _ => "integer",
        },
    }
}

/// The one schema that comes closest to a union, for providers that have none.
pub(super) fn without_union(references: &References<'_>, mut map: Map) -> Map {
    let Some(Node::List(members)) = map.take("anyOf") else { return map };
    let members: Vec<Map> =
        members.iter().filter(|member| !is_null(member)).filter_map(Node::map).cloned().collect();
    if let [only] = members.as_slice() {
        let mut one = only.clone();
        for (name, node) in map.iter() {
            one.set(name, node.clone());
        }
        return one;
    }
    let members: Vec<Map> = members.iter().map(|member| references.followed(member)).collect();
    let all =
        |name: &[&str]| members.iter().all(|member| types(member).iter().all(|own| name.contains(&&**own)));
    let is_object = |member: &Map| member.has("properties") || types(member) == ["object"];
    if !members.is_empty() && members.iter().all(is_object) {
        return any_object(&members, map);
    }
    let name = if !members.is_empty()
        && all(&["integer", "number"])
        && members.iter().all(|member| member.has("type"))
    {
        "number"
    } else {
        "string"
    };
    map.set("type", Node::string(name));
    map
}

/// An object with the properties of all of `members`, of which those are required that all require.
fn any_object(members: &[Map], mut map: Map) -> Map {
    let mut properties = Map::default();
    let mut required: Option<Vec<Node>> = None;
    for member in members {
        for (name, schema) in member.get("properties").and_then(Node::map).into_iter().flat_map(Map::iter) {
            let both = match properties.get(name) {
                Some(known) if known != schema => either(known, schema),
                _ => schema.clone(),
            };
            properties.set(name, both);
        }
        let own = member.get("required").and_then(Node::list).unwrap_or_default().to_vec();
        required = Some(match required {
            None => own,
            Some(known) => known.into_iter().filter(|name| own.contains(name)).collect(),
        });
    }
    map.set("type", Node::string("object"));
    map.set("properties", Node::Map(properties));
    map.set("required", Node::List(required.unwrap_or_default()));
    map
}

fn either(one: &Node, other: &Node) -> Node {
    let values = |node: &Node| -> Option<Vec<Node>> {
        let map = node.map()?;
        map.get("enum")
            .and_then(Node::list)
            .map(<[Node]>::to_vec)
            .or_else(|| Some(vec![map.get("const")?.clone()]))
    };
    let (name, node) = match (values(one), values(other)) {
        (Some(mut own), Some(others)) => {
            let new: Vec<Node> = others.into_iter().filter(|value| !own.contains(value)).collect();
            own.extend(new);
            ("enum", Node::List(own))
        }
        _ => ("anyOf", Node::List(vec![one.clone(), other.clone()])),
    };
    Node::Map(Map::from_iter([(name.to_owned(), node)]))
}
