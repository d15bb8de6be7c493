//! JSON schemas without `additionalProperties`, which the API refuses.

use crate::json::{Json, ObjectWriter, Value, WriteJson, write_array};
use alloc::vec::Vec;

/// Whose values are schemas by name, so that a name in there is no keyword.
const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Whose values are data.
const DATA: [&str; 5] = ["enum", "const", "default", "examples", "required"];

/// `schema` without the keyword, however deep it stands. How deep a schema nests was checked where it was read.
pub(super) fn without_additional_properties(schema: &Json) -> Json {
    let mut out = Vec::new();
    write_schema(schema.value(), &mut out);
    Json::from_writer(out)
}

fn write_schema(value: Value<'_>, out: &mut Vec<u8>) {
    if let Some(items) = value.array() {
        return write_array(out, items, |out, item| write_schema(item, out));
    }
    let Some(fields) = value.object() else { return value.write_json(out) };
    let mut object = ObjectWriter::begin(out);
    for (name, value) in fields.iter().filter(|(name, _)| *name != "additionalProperties") {
        object.with(name, |out| match value.object() {
            _ if DATA.contains(&name) => value.write_json(out),
            Some(schemas) if NAMED.contains(&name) => {
                let mut object = ObjectWriter::begin(out);
                for (name, schema) in schemas.iter() {
                    object.with(name, |out| write_schema(schema, out));
                }
                object.finish();
            }
            _ => write_schema(value, out),
        });
    }
    object.finish();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_keyword_goes() {
        for (schema, expected) in [
            (
                r#"{"type":"object","additionalProperties":false,"properties":{"additionalProperties":{"type":"object","additionalProperties":{"type":"string"}}}}"#,
                r#"{"type":"object","properties":{"additionalProperties":{"type":"object"}}}"#,
            ),
            (
                r##"{"anyOf":[{"additionalProperties":true},{"$ref":"#/$defs/a"}],"$defs":{"a":{"additionalProperties":false}},"default":{"additionalProperties":1}}"##,
                r##"{"anyOf":[{},{"$ref":"#/$defs/a"}],"$defs":{"a":{}},"default":{"additionalProperties":1}}"##,
            ),
            ("true", "true"),
            (r#"{"a": 1.50}"#, r#"{"a":1.50}"#),
        ] {
            assert_eq!(without_additional_properties(&Json::parse(schema).unwrap()).text(), expected);
        }
    }
}
