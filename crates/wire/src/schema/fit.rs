//! Rewriting of a schema into what a provider's subset takes.
//!
//! What the subset has no keyword for goes into the description, as `{minimum: 1, maximum: 9}`, which is how
//! Anthropic's own client writes it; it is checked when the answer is parsed. An object that may have any properties
//! cannot be said at all where objects are closed, and is refused.

use super::combine::{
    allows_null, implied_type, joined, split_by_type, types, value_type, value_types, without_union,
};
use super::describe::Described;
use super::node::{Map, Node};
use super::pattern;
use super::references::{DEFINITIONS, References, place_definitions, reference_of, replaced, unescaped};
use super::subsets::{Anything, Required, Subset};
use super::unfit::Unfit;
use crate::json::{Json, MAX_NESTING};
use alloc::{borrow::Cow, borrow::ToOwned, format, string::String, vec, vec::Vec};

/// How often a definition that refers to itself is written out, where the provider takes no recursion.
pub(super) const LEVELS: usize = 3;
/// A schema that has more parts than these when its references are written out keeps them, or fewer levels.
const MAX_PARTS: usize = 4096;

/// Keywords that say nothing of what a value may be.
pub(super) const SILENT: [&str; 13] = [
    "$schema",
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$vocabulary",
    "$comment",
    "$defs",
    "definitions",
    "deprecated",
    "readOnly",
    "writeOnly",
    "discriminator",
    "title",
];
/// Keywords whose value is a schema.
const SCHEMAS: [&str; 8] =
    ["additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems"];
/// Keywords whose value is a list of schemas.
const LISTS: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];

/// Keywords of which a whole schema has at least one.
const KNOWN: [&str; 9] = ["type", "properties", "items", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"];

/// A schema that was cut off, because it is inside of itself too often, is `None`.
type Fitted = Result<Option<Node>, Unfit>;

/// `schema` in the words of `subset`; `strict` is whether the caller asks for strictness.
pub(super) fn fit<'a>(subset: &Subset, strict: bool, schema: &'a Json) -> Result<Cow<'a, Json>, Unfit> {
    let root = Node::read(schema.value());
    if References::new(&root).are_too_many() {
        return Err(Unfit::Large);
    }
    // Fewer levels, and then references that stay, where all that is written out is too large.
    for (levels, inline) in [(LEVELS, subset.inline), (2, subset.inline), (1, subset.inline), (1, false)] {
        let mut fitter = Fitter {
            subset,
            references: References::new(&root),
            is_strict: strict,
            inline,
            levels,
            open: Vec::new(),
            named: Vec::new(),
            parts: 0,
            depth: 0,
        };
        match fitter.whole(&root) {
            Err(Unfit::Large) => {}
            Err(unfit) => return Err(unfit),
            Ok(fitted) if fitted == root => return Ok(Cow::Borrowed(schema)),
            Ok(fitted) => return Ok(Cow::Owned(fitted.to_json())),
        }
    }
    Err(Unfit::Large)
}

struct Fitter<'a> {
    subset: &'a Subset,
    references: References<'a>,
    is_strict: bool,
    inline: bool,
    levels: usize,
    /// The references that are being written out.
    open: Vec<String>,
    /// The references that stay, and what the definitions are called.
    named: Vec<(String, String)>,
    parts: usize,
    depth: usize,
}

impl Fitter<'_> {
    fn whole(&mut self, root: &Node) -> Result<Node, Unfit> {
        let Some(map) = root.map() else { return Ok(root.clone()) };
        // A value that is not a schema is the provider's to refuse.
        if !map.iter().any(|(name, _)| KNOWN.contains(&name)) {
            return Ok(root.clone());
        }
        // The root is an object, not a reference to one.
        let first = reference_of(map);
        let map = self.references.followed(map);
        let map = joined(self.subset, &self.references, map);
        if self.subset.object_root
            && !(types(&map) == ["object"] || (!map.has("type") && map.has("properties")))
            || (self.subset.object_root && (map.has("anyOf") || map.has("oneOf")))
        {
            return Err(Unfit::Root);
        }
        if !self.subset.recursion {
            self.open.extend(first);
        }
        let Some(Node::Map(mut fitted)) = self.schema(&Node::Map(map), "")? else {
            return Err(Unfit::Endless);
        };
        self.open.clear();
        let mut definitions = Map::default();
        let mut next = 0;
        while let Some((reference, name)) = self.named.get(next).cloned() {
            next += 1;
            if let Some(target) = self.references.target(&reference)
                && let Some(fitted) = self.schema(target, &name)?
            {
                definitions.set(&name, fitted);
            }
        }
        place_definitions(root, definitions, &mut fitted);
        Ok(Node::Map(fitted))
    }

    fn schema(&mut self, node: &Node, place: &str) -> Fitted {
        self.parts += 1;
        self.depth += 1;
        if self.parts > MAX_PARTS || self.depth > MAX_NESTING {
            return Err(Unfit::Large);
        }
        let fitted = match node {
            Node::Map(map) => self.map(map.clone(), place),
            node if node.is("true") => self.map(Map::default(), place),
            other => Ok(Some(other.clone())),
        };
        self.depth -= 1;
        fitted
    }

    fn map(&mut self, mut map: Map, place: &str) -> Fitted {
        map = joined(self.subset, &self.references, map);
        if map.has("oneOf") && !map.has("anyOf") && !self.subset.takes("oneOf") {
            map.rename("oneOf", "anyOf");
        }
        if let Some(reference) = reference_of(&map) {
            return self.reference(&reference, &map, place);
        }
        if !self.subset.takes("anyOf") && map.has("anyOf") {
            map = without_union(&self.references, map);
            return self.map(map, place);
        }
        if map.has("const") && !self.subset.takes("const") {
            map.rename("const", "enum");
            if let Some(value) = map.get("enum").cloned() {
                map.set("enum", Node::List(vec![value]));
            }
        }
        if let Some(split) = self.with_types(&mut map) {
            return self.map(split, place);
        }
        self.keywords(&map, place)
    }

    /// Gives values a type; a schema that has to be split by type is returned.
    fn with_types(&self, map: &mut Map) -> Option<Map> {
        let values: Vec<Node> = match (map.get("enum"), map.get("const")) {
            (Some(Node::List(values)), _) => values.clone(),
            (_, Some(value)) => vec![value.clone()],
            _ => Vec::new(),
        };
        let known = types(map);
        let mut names = if known.is_empty() { value_types(&values) } else { known };
        if names.len() == 1 && !values.is_empty() && names.iter().any(|name| name == "null") {
            map.take("enum");
        }
        let is_union = ["anyOf", "oneOf", "allOf"].iter().any(|keyword| map.has(keyword));
        if names.is_empty() && !is_union {
            names.extend(implied_type(map).map(ToOwned::to_owned));
        }
        let refused = |value: &Node| !self.subset.enum_values.contains(&value_type(value));
        let is_listed = names.len() > 1;
        let splits = is_listed && (!self.subset.type_lists || values.iter().any(refused));
        if splits && !is_union {
            return Some(split_by_type(map, &names));
        }
        match names.as_slice() {
            [] => {}
            _ if map.has("type") => {}
            [only] => map.set("type", Node::string(only)),
            several => map.set("type", Node::strings(several.iter().map(String::as_str))),
        }
        None
    }

    fn reference(&mut self, reference: &str, map: &Map, place: &str) -> Fitted {
        let Some(target) = self.references.target(reference) else {
            return Err(Unfit::Dangling(reference.to_owned()));
        };
        let siblings = map.filtered(|name| name != "$ref" && !self.is_silent(name, map.get(name)));
        let stays_alone = siblings.is_empty() || self.subset.reference_siblings;
        let is_recursive = self.references.is_recursive(reference);
        let is_written_out = if is_recursive { !self.subset.recursion } else { self.inline || !stays_alone };
        if is_written_out {
            if self.open.iter().filter(|open| *open == reference).count() >= self.levels {
                return Ok(None);
            }
            self.open.push(reference.to_owned());
            let fitted = self.schema(&Node::Map(replaced(target, &siblings)), place);
            self.open.pop();
            return fitted;
        }
        let own = Node::string(&self.name(reference));
        let mut named = Map::from_iter([("$ref".to_owned(), own)]);
        if stays_alone {
            for (name, node) in siblings.iter() {
                named.set(name, node.clone());
            }
            return Ok(Some(Node::Map(named)));
        }
        let mut described = Described::default();
        let mut only = Map::from_iter([("anyOf".to_owned(), Node::List(vec![Node::Map(named)]))]);
        for (name, node) in siblings.iter() {
            if name == "description" { only.set(name, node.clone()) } else { described.add(name, node) }
        }
        described.finish(&mut only);
        Ok(Some(Node::Map(only)))
    }

    /// The reference under which a definition stands in what is written.
    fn name(&mut self, reference: &str) -> String {
        if reference == "#" {
            return reference.to_owned();
        }
        if let Some((_, name)) = self.named.iter().find(|(known, _)| known == reference) {
            return format!("#/$defs/{name}");
        }
        let last = unescaped(reference.rsplit('/').next().unwrap_or_default());
        let mut name = last.clone();
        let mut number = 2;
        while self.named.iter().any(|(_, known)| *known == name) {
            name = format!("{last}_{number}");
            number += 1;
        }
        self.named.push((reference.to_owned(), name.clone()));
        format!("#/$defs/{}", name.replace('~', "~0").replace('/', "~1"))
    }

    /// Whether a keyword that is not taken is left out without being described.
    fn is_silent(&self, name: &str, node: Option<&Node>) -> bool {
        SILENT.contains(&name)
            || (name == "default" && !self.keeps_defaults() && node.is_some_and(|node| node.is("null")))
            || (name == "additionalProperties" && node.is_some_and(|node| node.map().is_none()))
    }

    fn all_required(&self) -> bool {
        match self.subset.required {
            Required::All => true,
            Required::AllWhereStrict => self.is_strict,
            Required::AsWritten | Required::One => false,
        }
    }

    /// A default says what is meant by leaving a property out.
    fn keeps_defaults(&self) -> bool {
        self.subset.takes("default") && !self.all_required()
    }

    fn keywords(&mut self, map: &Map, place: &str) -> Fitted {
        let mut out = Map::default();
        let mut described = Described::default();
        let names = types(map);
        let mut omitted: Vec<&str> = Vec::new();
        for (name, node) in map.iter() {
            match (name, node) {
                ("properties", Node::Map(properties)) => {
                    let mut fitted = Map::default();
                    for (property, schema) in properties.iter() {
                        match self.schema(schema, &inside(place, property))? {
                            Some(schema) => fitted.set(property, schema),
                            None if is_required(map, property) => return Ok(None),
                            None => omitted.push(property),
                        }
                    }
                    out.set(name, Node::Map(fitted));
                }
                ("required", _) => out.set(name, node.clone()),
                ("items" | "prefixItems", _)
                    if !self.subset.takes("prefixItems") && map.has("prefixItems") =>
                {
                    if name == "prefixItems" {
                        described.add(name, node);
                        self.items(&any_item(map), place, &mut out, &mut described)?;
                    }
                }
                ("items", _) if !node.is("false") => self.items(node, place, &mut out, &mut described)?,
                (_, Node::List(members)) if LISTS.contains(&name) && self.subset.takes(name) => {
                    let mut fitted = Vec::with_capacity(members.len());
                    for member in members {
                        fitted.extend(self.schema(member, place)?);
                    }
                    if fitted.is_empty() && !members.is_empty() {
                        return Ok(None);
                    }
                    out.set(name, Node::List(fitted));
                }
                _ if self.subset.takes(name) && self.takes_value(name, node, map, &names) => {
                    let fitted = match node {
                        Node::Map(_) if SCHEMAS.contains(&name) => self.schema(node, &inside(place, "*"))?,
                        Node::Map(schemas) if name == "patternProperties" => {
                            let mut fitted = Map::default();
                            for (pattern, schema) in schemas.iter() {
                                if let Some(schema) = self.schema(schema, place)? {
                                    fitted.set(pattern, schema);
                                }
                            }
                            Some(Node::Map(fitted))
                        }
                        _ => Some(pattern::written(self.subset.patterns, name, node)),
                    };
                    if let Some(fitted) = fitted {
                        out.set(name, fitted);
                    }
                }
                _ if self.is_silent(name, Some(node)) => {}
                ("additionalProperties" | "patternProperties", _) if self.subset.closed => {}
                _ => described.add(name, node),
            }
        }
        if names.iter().any(|name| name == "object") {
            self.object(map, &omitted, place, &mut out)?;
        }
        if names.iter().any(|name| name == "array") && !map.has("items") && !map.has("prefixItems") {
            self.items(&Node::Map(Map::default()), place, &mut out, &mut described)?;
        }
        if names.is_empty() && !LISTS.iter().any(|keyword| out.has(keyword)) && !out.has("enum") {
            self.anything(&mut out);
        }
        if out.has("prefixItems") && self.subset.closed && !out.has("items") {
            out.set("items", Node::Scalar("false".to_owned()));
        }
        described.finish(&mut out);
        Ok(Some(Node::Map(out)))
    }

    /// Whether the value of a keyword is one that is taken.
    fn takes_value(&self, name: &str, node: &Node, map: &Map, names: &[String]) -> bool {
        let subset = self.subset;
        let is_format = |node: &Node| match subset.formats {
            None => true,
            Some(formats) => node.text().is_some_and(|format| formats.contains(&&*format)),
        };
        match name {
            "format" => is_format(node),
            "pattern" => node.text().is_some_and(|text| pattern::is_taken(subset.patterns, &text)),
            "minItems" => node.count().is_some_and(|count| count <= subset.max_min_items),
            "minLength" | "maxLength" => {
                subset.lengths_beside_patterns
                    || !(map.has("pattern") || map.get("format").is_some_and(is_format))
            }
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
                !subset.integer_bounds || !names.iter().any(|name| name == "number")
            }
            "multipleOf" => !subset.integer_bounds,
            "default" => self.keeps_defaults(),
            "enum" => node
                .list()
                .unwrap_or_default()
                .iter()
                .all(|value| subset.enum_values.contains(&value_type(value))),
            "const" => subset.enum_values.contains(&value_type(node)),
            "$defs" => false,
            _ => true,
        }
    }

    /// Writes what the items of a list are. A list that may hold nothing more stays empty.
    fn items(
        &mut self,
        node: &Node,
        place: &str,
        out: &mut Map,
        described: &mut Described,
    ) -> Result<(), Unfit> {
        let is_anything = node.is("true") || node.map().is_some_and(Map::is_empty);
        if is_anything && self.subset.anything == Anything::Itself {
            return Ok(());
        }
        if let Some(items) = self.schema(node, &format!("{place}[]"))? {
            out.set("items", items);
            return Ok(());
        }
        out.set("items", Node::Map(Map::from_iter([("type".to_owned(), Node::string("string"))])));
        if self.subset.takes("maxItems") {
            out.set("maxItems", Node::Scalar("0".to_owned()));
        } else {
            described.add("maxItems", &Node::Scalar("0".to_owned()));
        }
        Ok(())
    }

    fn object(&self, map: &Map, omitted: &[&str], place: &str, out: &mut Map) -> Result<(), Unfit> {
        let subset = self.subset;
        let is_said = |name: &str| map.get(name).is_some_and(|node| !node.is("false"));
        let is_open = is_said("additionalProperties")
            || is_said("patternProperties")
            || !(map.has("properties") || map.has("additionalProperties"));
        if subset.closed {
            if is_open {
                return Err(Unfit::Open(place.to_owned()));
            }
            if !map.has("properties") {
                out.set("properties", Node::Map(Map::default()));
            }
            out.set("additionalProperties", Node::Scalar("false".to_owned()));
        }
        let properties = out.get("properties").and_then(Node::map).cloned().unwrap_or_default();
        let names = || properties.iter().map(|(name, _)| name);
        let is_written = |name: &str| is_required(map, name);
        match subset.required {
            _ if self.all_required() => out.set("required", Node::strings(names())),
            Required::One => {
                if properties.is_empty() {
                    return Err(Unfit::Open(place.to_owned()));
                }
                let written = map.get("properties").and_then(Node::map);
                let is_nullable = |name: &str| {
                    written.and_then(|all| all.get(name)).and_then(Node::map).is_some_and(allows_null)
                };
                let mut required: Vec<&str> =
                    names().filter(|name| is_written(name) && !is_nullable(name)).collect();
                if required.is_empty() {
                    required = names().filter(|name| !is_nullable(name)).collect();
                }
                if required.is_empty() {
                    required = names().collect();
                }
                out.set("required", Node::strings(required));
            }
            _ if !omitted.is_empty() && map.has("required") => {
                out.set("required", Node::strings(names().filter(|name| is_written(name))));
            }
            _ => {}
        }
        Ok(())
    }

    fn anything(&self, out: &mut Map) {
        let any = match self.subset.anything {
            Anything::Itself => return,
            Anything::String => return out.set("type", Node::string("string")),
            Anything::Primitives => ["string", "number", "boolean", "null"],
        };
        let members = any
            .iter()
            .map(|name| Node::Map(Map::from_iter([("type".to_owned(), Node::string(name))])))
            .collect();
        out.set("anyOf", Node::List(members));
    }
}

fn inside(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

fn is_required(map: &Map, property: &str) -> bool {
    let required = map.get("required").and_then(Node::list).unwrap_or_default();
    required.iter().any(|name| name.text().as_deref() == Some(property))
}

/// What each item of a tuple may be, where an item's place cannot be said.
fn any_item(map: &Map) -> Node {
    let mut members: Vec<Node> = Vec::new();
    let places = map.get("prefixItems").and_then(Node::list).unwrap_or_default();
    for member in places.iter().chain(map.get("items").filter(|items| items.map().is_some())) {
        let plain = match member {
            Node::Map(map) => Node::Map(map.filtered(|name| name != "title" && !DEFINITIONS.contains(&name))),
            other => other.clone(),
        };
        if !members.contains(&plain) {
            members.push(plain);
        }
    }
    match members.len() {
        1 => members.remove(0),
        _ => Node::Map(Map::from_iter([("anyOf".to_owned(), Node::List(members))])),
    }
}
