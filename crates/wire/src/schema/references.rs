//! References inside a schema: what they refer to, and whether that refers to itself.

use super::node::{Map, Node};
use alloc::{
    borrow::ToOwned, collections::BTreeMap, collections::BTreeSet, format, string::String, vec::Vec,
};

/// Keywords whose values map names to schemas: the names are the caller's, not keywords.
pub(super) const MAPS: [&str; 5] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Keywords whose values are data.
pub(super) const DATA: [&str; 6] = ["enum", "const", "default", "examples", "example", "required"];
/// Where definitions stand that references name.
pub(super) const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];
/// No chain of references, each of which is nothing but the next, is longer.
const MAX_CHAIN: usize = 32;
/// No schema has more definitions.
const MAX_DEFINITIONS: usize = 1000;

/// A schema as a whole, and what is known of the references in it.
pub(super) struct References<'a> {
    root: &'a Node,
    /// The definitions, by what refers to them.
    definitions: BTreeMap<String, &'a Node>,
    recursive: BTreeMap<String, bool>,
}

impl<'a> References<'a> {
    pub(super) fn new(root: &'a Node) -> Self {
        let mut definitions = BTreeMap::new();
        for place in DEFINITIONS {
            let named = root.map().and_then(|map| map.get(place)).and_then(Node::map);
            for (name, node) in named.into_iter().flat_map(Map::iter) {
                let name = name.replace('~', "~0").replace('/', "~1");
                definitions.insert(format!("#/{place}/{name}"), node);
            }
        }
        Self { root, definitions, recursive: BTreeMap::new() }
    }

    pub(super) fn are_too_many(&self) -> bool {
        self.definitions.len() > MAX_DEFINITIONS
    }

    /// What a reference into the schema refers to.
    pub(super) fn target(&self, reference: &str) -> Option<&'a Node> {
        if let Some(definition) = self.definitions.get(reference) {
            return Some(definition);
        }
        // Not the name of an anchor, nor another document.
        let path = reference.strip_prefix('#').filter(|path| path.is_empty() || path.starts_with('/'))?;
        let mut node = self.root;
        for step in path.split('/').skip(1) {
            let step = unescaped(step);
            node = match node {
                Node::Map(map) => map.get(&step)?,
                Node::List(items) => items.get(step.parse::<usize>().ok()?)?,
                Node::Scalar(_) => return None,
            };
        }
        Some(node)
    }

    /// Whether what `reference` names contains, at whatever depth, a reference to it.
    pub(super) fn is_recursive(&mut self, reference: &str) -> bool {
        if let Some(known) = self.recursive.get(reference) {
            return *known;
        }
        let mut seen = BTreeSet::new();
        let mut ahead: Vec<String> = Vec::new();
        let mut found = false;
        if let Some(target) = self.target(reference) {
            collect(target, &mut ahead);
        }
        while let Some(next) = ahead.pop() {
            if next == reference {
                found = true;
                break;
            }
            if seen.insert(next.clone())
                && let Some(target) = self.target(&next)
            {
                collect(target, &mut ahead);
            }
        }
        self.recursive.insert(reference.to_owned(), found);
        found
    }

    /// `map` with what it refers to in place of its reference, where that is one; its siblings win.
    pub(super) fn followed(&self, map: &Map) -> Map {
        let mut map = map.clone();
        for _ in 0..MAX_CHAIN {
            let Some(target) = reference_of(&map).and_then(|reference| self.target(&reference)) else {
                break;
            };
            map = replaced(target, &map);
        }
        map
    }
}

/// The name that a step of a reference has. References are URIs, so that `Page[int]` may be `Page%5Bint%5D`.
pub(super) fn unescaped(step: &str) -> String {
    let mut bytes = Vec::with_capacity(step.len());
    let mut rest = step.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits =
            after.get(..2).filter(|_| *first == b'%').and_then(|digits| core::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    let step = String::from_utf8(bytes).unwrap_or_else(|_| step.to_owned());
    step.replace("~1", "/").replace("~0", "~")
}

/// The reference that a schema is.
pub(super) fn reference_of(map: &Map) -> Option<String> {
    map.get("$ref")?.text()
}

/// `target` with the siblings of the reference to it. Definitions are the root's.
pub(super) fn replaced(target: &Node, map: &Map) -> Map {
    let mut whole =
        target.map().map(|map| map.filtered(|name| !DEFINITIONS.contains(&name))).unwrap_or_default();
    for (name, node) in map.iter().filter(|(name, _)| *name != "$ref") {
        whole.set(name, node.clone());
    }
    whole
}

/// Every reference in a schema, those in its definitions left out.
fn collect(node: &Node, found: &mut Vec<String>) {
    match node {
        Node::Scalar(_) => {}
        Node::List(items) => items.iter().for_each(|item| collect(item, found)),
        Node::Map(map) => {
            found.extend(reference_of(map));
            for (name, inner) in map.iter() {
                if DATA.contains(&name) || DEFINITIONS.contains(&name) {
                    continue;
                }
                match inner {
                    Node::Map(schemas) if MAPS.contains(&name) => {
                        schemas.iter().for_each(|(_, schema)| collect(schema, found));
                    }
                    _ => collect(inner, found),
                }
            }
        }
    }
}

/// Puts the definitions where they stood, and in their order.
pub(super) fn place_definitions(root: &Node, mut definitions: Map, fitted: &mut Map) {
    let Some(root) = root.map().filter(|_| !definitions.is_empty()) else { return };
    let known = root.get("$defs").and_then(Node::map);
    let mut ordered = Map::default();
    for (name, _) in known.into_iter().flat_map(Map::iter) {
        if let Some(definition) = definitions.take(name) {
            ordered.set(name, definition);
        }
    }
    for (name, definition) in definitions.iter() {
        ordered.set(name, definition.clone());
    }
    let before: Vec<&str> = root.iter().map(|(name, _)| name).take_while(|name| *name != "$defs").collect();
    let is_first = known.is_some() && !fitted.iter().any(|(name, _)| before.contains(&name));
    if is_first {
        let rest = core::mem::take(fitted);
        fitted.set("$defs", Node::Map(ordered));
        for (name, node) in rest.iter() {
            fitted.set(name, node.clone());
        }
    } else {
        fitted.set("$defs", Node::Map(ordered));
    }
}
