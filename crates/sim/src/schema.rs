//! Sample values: the smallest value that satisfies the JSON schema of a tool or of structured output.

use serde_json::{Map, Number, Value};

/// The maximum depth of a value; a recursive schema ends here.
const MAX_DEPTH: usize = 24;
/// The approximate maximum length of a value, in bytes; the rest is null. A schema can describe values far longer than
/// itself.
const MAX_BYTES: usize = 1 << 20;

/// The smallest value that satisfies `schema`; strings are `name`.
pub(crate) fn smallest(schema: &Value, name: &str) -> Value {
    Maker { root: schema, left: MAX_BYTES }.value(schema, name, MAX_DEPTH)
}

struct Maker<'a> {
    root: &'a Value,
    left: usize,
}

impl<'a> Maker<'a> {
    fn value(&mut self, schema: &'a Value, name: &str, depth: usize) -> Value {
        let Some(rules) = schema.as_object().filter(|_| depth > 0 && self.left > 0) else {
            return Value::Null;
        };
        self.spend(16);
        if let Some(fixed) =
            rules.get("const").or_else(|| rules.get("default")).or_else(|| first(rules, "enum"))
        {
            self.spend(fixed.to_string().len());
            return fixed.clone();
        }
        if let Some(target) =
            rules.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'))
        {
            let target = self.root.pointer(target);
            return target.map_or(Value::Null, |target| self.value(target, name, depth - 1));
        }
        if let Some(option) = first(rules, "anyOf").or_else(|| first(rules, "oneOf")) {
            return self.value(option, name, depth - 1);
        }
        let own = self.by_type(rules, name, depth);
        match rules.get("allOf").and_then(Value::as_array) {
            Some(parts) => {
                parts.iter().fold(own, |whole, part| join(whole, self.value(part, name, depth - 1)))
            }
            None => own,
        }
    }

    fn by_type(&mut self, rules: &'a Map<String, Value>, name: &str, depth: usize) -> Value {
        let kind = match rules.get("type") {
            Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
            Some(kind) => kind.as_str(),
            None if rules.contains_key("properties") => Some("object"),
            None if rules.contains_key("items") => Some("array"),
            None => None,
        };
        match kind {
            Some("object") => self.object(rules, depth),
            Some("array") => self.array(rules, name, depth),
            Some("string") => {
                let text = string(rules, name);
                self.spend(text.len());
                Value::String(text)
            }
            Some("integer") => integer(rules),
            Some("number") => number(rules),
            Some("boolean") => Value::Bool(false),
            _ => Value::Null,
        }
    }

    fn object(&mut self, rules: &'a Map<String, Value>, depth: usize) -> Value {
        let properties = rules.get("properties").and_then(Value::as_object);
        let required =
            rules.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut fields = Map::new();
        for name in required {
            if self.left == 0 {
                break;
            }
            self.spend(name.len());
            let made = match properties.and_then(|properties| properties.get(name)) {
                Some(schema) => self.value(schema, name, depth - 1),
                None => Value::String(name.to_owned()),
            };
            fields.insert(name.to_owned(), made);
        }
        Value::Object(fields)
    }

    fn array(&mut self, rules: &'a Map<String, Value>, name: &str, depth: usize) -> Value {
        let count = rules.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let mut items = Vec::new();
        for _ in 0..count {
            if self.left == 0 {
                break;
            }
            self.spend(1);
            items.push(rules.get("items").map_or(Value::Null, |schema| self.value(schema, name, depth - 1)));
        }
        Value::Array(items)
    }

    const fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }
}

fn first<'a>(rules: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    rules.get(name).and_then(Value::as_array).and_then(|options| options.first())
}

/// A value that satisfies both schemas, if both are objects.
fn join(whole: Value, part: Value) -> Value {
    match (whole, part) {
        (Value::Object(mut whole), Value::Object(part)) => {
            whole.extend(part);
            Value::Object(whole)
        }
        (whole, Value::Null) => whole,
        (_, part) => part,
    }
}

fn string(rules: &Map<String, Value>, name: &str) -> String {
    let text = match rules.get("format").and_then(Value::as_str) {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("duration") => "PT1S",
        Some("email") => "a@example.com",
        Some("hostname") => "example.com",
        Some("uri") => "https://example.com/",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => name,
    };
    let limit =
        |name: &str| rules.get(name).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    let longest = limit("maxLength").unwrap_or(usize::MAX);
    let shortest = limit("minLength").unwrap_or(0).min(4096);
    let mut text: String = text.chars().take(longest).collect();
    while text.chars().count() < shortest {
        text.push('x');
    }
    text
}

fn integer(rules: &Map<String, Value>) -> Value {
    let bound = |name: &str| rules.get(name).and_then(Value::as_i64);
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound.saturating_add(1)));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound.saturating_sub(1)));
    let mut number = 0;
    if let Some(step) = bound("multipleOf").filter(|step| *step > 0) {
        if let Some(least) = least.filter(|least| *least > 0) {
            number = least.saturating_add(step - 1) / step * step;
        }
    } else {
        number = least.unwrap_or(0).max(0);
    }
    if let Some(most) = most {
        number = number.min(most);
    }
    Value::from(number)
}

fn number(rules: &Map<String, Value>) -> Value {
    let bound = |name: &str| rules.get(name).and_then(Value::as_f64);
    let least =
        bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound + 1.0)).unwrap_or(0.0);
    let most =
        bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound - 1.0)).unwrap_or(f64::MAX);
    Number::from_f64(least.max(0.0).min(most)).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::smallest;
    use serde_json::json;

    #[test]
    fn the_smallest_value_fits() {
        for (schema, expected) in [
            (json!({"type": "object"}), json!({})),
            (
                json!({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1},
                    "note": {"type": "string"}}, "required": ["city", "days"]}),
                json!({"city": "city", "days": 1}),
            ),
            (json!({"enum": ["a", "b"]}), json!("a")),
            (json!({"anyOf": [{"type": "boolean"}, {"type": "null"}]}), json!(false)),
            (json!({"type": ["string", "null"], "minLength": 8}), json!("itemxxxx")),
            (json!({"type": "array", "items": {"const": 1}, "minItems": 2}), json!([1, 1])),
            (json!({"type": "integer", "minimum": 7, "multipleOf": 5}), json!(10)),
            (json!({"type": "integer", "maximum": -2}), json!(-2)),
            (json!({"type": "number", "minimum": 0.5}), json!(0.5)),
            (json!({"type": "string", "format": "date"}), json!("2026-01-01")),
            (
                json!({"$defs": {"p": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}},
                    "allOf": [{"$ref": "#/$defs/p"}], "type": "object", "properties": {"y": {"type": "boolean"}}, "required": ["y"]}),
                json!({"x": 0.0, "y": false}),
            ),
        ] {
            assert_eq!(smallest(&schema, "item"), expected, "{schema}");
        }
    }

    #[test]
    fn a_hostile_schema_ends_and_stays_small() {
        let again = json!({"$ref": "#"});
        let properties: serde_json::Map<_, _> =
            ('a'..='z').map(|name| (name.to_string(), again.clone())).collect();
        let names: Vec<_> = properties.keys().cloned().collect();
        for schema in [
            json!({"type": "object", "properties": {"child": again}, "required": ["child"]}),
            json!({"type": "object", "properties": properties, "required": names}),
            json!({"type": "array", "minItems": 1_000_000_000, "items": again}),
            json!({"type": "array", "minItems": 1_000_000_000, "items": {"type": "string", "minLength": 1_000_000_000}}),
            json!({"type": "array", "minItems": 1_000_000_000, "items": {"const": "x".repeat(100_000)}}),
            json!({"allOf": [again, again, again], "type": "object"}),
        ] {
            assert!(smallest(&schema, "x").to_string().len() < 4 << 20);
        }
    }
}
