//! JSON schemas without the keywords that a provider refuses.

use super::Quirks;
use crate::json::{Extra, Json, MAX_NESTING, ObjectWriter, Value, write_array};
use alloc::{borrow::Cow, borrow::ToOwned, collections::BTreeMap, format, string::String, vec::Vec};

/// Keywords whose values map names to schemas: the names are the caller's, not keywords.
const MAPS: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Keywords whose values are data.
const DATA: [&str; 5] = ["enum", "const", "default", "examples", "example"];
/// Where definitions stand that references name.
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];
/// A schema that grows beyond this when its references are replaced keeps them.
const MAX_BYTES: usize = 256 << 10;

/// `schema` of an answer as the provider takes it.
pub(crate) fn fit_answer<'a>(quirks: &Quirks, schema: &'a Json) -> Cow<'a, Json> {
    if quirks.answer_schema_whole { Cow::Borrowed(schema) } else { fit(quirks, schema) }
}

/// `schema` of a tool's parameters as the provider takes it.
pub(crate) fn fit<'a>(quirks: &Quirks, schema: &'a Json) -> Cow<'a, Json> {
    if quirks.schema_strip.is_empty() && !quirks.schema_inline {
        return Cow::Borrowed(schema);
    }
    let inline = quirks.schema_inline && schema.text().contains("\"$ref\"");
    let fitted =
        if inline { Fitter::new(quirks, Some(definitions(schema.value()))).fit(schema) } else { None };
    // A schema that refers to itself cannot do without references.
    fitted.or_else(|| Fitter::new(quirks, None).fit(schema)).map_or(Cow::Borrowed(schema), Cow::Owned)
}

struct Fitter<'a> {
    quirks: &'a Quirks,
    /// The definitions, by what refers to them; none: references stay.
    definitions: Option<BTreeMap<String, Value<'a>>>,
    /// The references that are being replaced.
    open: Vec<String>,
    /// How deep the schema is nested that is being written, references replaced.
    depth: usize,
}

/// It cannot be done.
struct Endless;

impl<'a> Fitter<'a> {
    fn new(quirks: &'a Quirks, definitions: Option<BTreeMap<String, Value<'a>>>) -> Self {
        Self { quirks, definitions, open: Vec::new(), depth: 0 }
    }

    fn fit(mut self, schema: &'a Json) -> Option<Json> {
        let mut out = Vec::with_capacity(schema.text().len());
        self.schema(schema.value(), &mut out).ok()?;
        Json::from_string(String::from_utf8(out).ok()?).ok()
    }

    fn schema(&mut self, value: Value<'a>, out: &mut Vec<u8>) -> Result<(), Endless> {
        self.depth += 1;
        let result = self.write(value, out);
        self.depth -= 1;
        result
    }

    fn write(&mut self, value: Value<'a>, out: &mut Vec<u8>) -> Result<(), Endless> {
        // Deeper than any JSON that we read, it would not be read by others either.
        if out.len() > MAX_BYTES || self.depth > MAX_NESTING + 1 {
            return Err(Endless);
        }
        if let Some(items) = value.array() {
            let mut result = Ok(());
            write_array(out, items, |out, item| {
                if result.is_ok() {
                    result = self.schema(item, out);
                }
            });
            return result;
        }
        let Some(fields) = value.object() else {
            out.extend_from_slice(value.text().as_bytes());
            return Ok(());
        };
        if self.definitions.is_some()
            && let Some(reference) = fields.get("$ref").and_then(Value::string)
        {
            return self.reference(reference, value, out);
        }
        let mut result = Ok(());
        let mut object = ObjectWriter::begin(out);
        for (name, inner) in fields.iter() {
            let is_dropped = self.quirks.schema_strip.iter().any(|keyword| keyword == name)
                || (self.definitions.is_some() && DEFINITIONS.contains(&name));
            if result.is_err() || is_dropped {
                continue;
            }
            object.with(name, |out| result = self.keyword(name, inner, out));
        }
        object.finish();
        result
    }

    fn keyword(&mut self, name: &str, value: Value<'a>, out: &mut Vec<u8>) -> Result<(), Endless> {
        if DATA.contains(&name) {
            out.extend_from_slice(value.text().as_bytes());
            return Ok(());
        }
        let Some(schemas) = value.object().filter(|_| MAPS.contains(&name)) else {
            return self.schema(value, out);
        };
        let mut result = Ok(());
        let mut object = ObjectWriter::begin(out);
        for (name, inner) in schemas.iter() {
            if result.is_ok() {
                object.with(name, |out| result = self.schema(inner, out));
            }
        }
        object.finish();
        result
    }

    /// What is referred to, with the siblings of the reference.
    fn reference(&mut self, reference: String, whole: Value<'a>, out: &mut Vec<u8>) -> Result<(), Endless> {
        if self.open.contains(&reference) {
            return Err(Endless);
        }
        let target =
            self.definitions.as_ref().and_then(|known| known.get(&reference)).copied().ok_or(Endless)?;
        self.open.push(reference);
        let mut replaced = Vec::new();
        self.schema(target, &mut replaced)?;
        self.open.pop();
        let siblings: Extra = whole
            .object()
            .unwrap_or_default()
            .rest()
            .iter()
            .filter(|(name, _)| *name != "$ref")
            .map(owned)
            .collect();
        if siblings.is_empty() {
            out.extend_from_slice(&replaced);
            return Ok(());
        }
        let Ok(replaced) = Value::parse(&replaced) else { return Err(Endless) };
        let mut object = ObjectWriter::begin_with(out, &siblings);
        for (name, value) in replaced.object().unwrap_or_default().iter() {
            object.field(name, value);
        }
        object.finish();
        Ok(())
    }
}

fn owned((name, value): (&str, &Json)) -> (String, Json) {
    (name.to_owned(), value.clone())
}

/// What stands in the schema to be referred to. What is referred to elsewhere stays where it is.
fn definitions(root: Value<'_>) -> BTreeMap<String, Value<'_>> {
    let mut known = BTreeMap::new();
    let root = root.object().unwrap_or_default();
    for place in DEFINITIONS {
        let Some(named) = root.get(place).and_then(Value::object) else { continue };
        for (name, value) in named.iter() {
            let name = name.replace('~', "~0").replace('/', "~1");
            known.insert(format!("#/{place}/{name}"), value);
        }
    }
    known
}
