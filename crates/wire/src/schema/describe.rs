//! Description of a schema, and what is added to it of keywords that are not taken.

use super::node::{Map, Node};
use crate::json::WriteJson;
use alloc::{format, string::String, vec::Vec};

/// What goes into the description.
#[derive(Default)]
pub(super) struct Described(Vec<String>);

impl Described {
    pub(super) fn add(&mut self, name: &str, node: &Node) {
        let value = node.text().unwrap_or_else(|| {
            let mut out = Vec::new();
            node.write_json(&mut out);
            String::from_utf8(out).unwrap_or_default()
        });
        self.0.push(format!("{name}: {value}"));
    }

    pub(super) fn finish(self, map: &mut Map) {
        if self.0.is_empty() {
            return;
        }
        let added = format!("{{{}}}", self.0.join(", "));
        let text = match map.get("description").and_then(Node::text) {
            Some(own) if own.ends_with(&added) => return,
            Some(own) if !own.is_empty() => format!("{own}\n\n{added}"),
            _ => added,
        };
        map.set("description", Node::string(&text));
    }
}
