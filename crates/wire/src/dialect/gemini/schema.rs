//! Schemas: the API's own subset of OpenAPI (`parameters`, `responseSchema`) read as JSON Schema, which is what it is
//! written as (`parametersJsonSchema`, `responseJsonSchema`; section 2).

use crate::json::{Json, ObjectWriter, Value, WriteJson, write_array};
use alloc::vec::Vec;

/// The JSON Schema that says the same as a schema in the API's own form.
pub(super) fn to_json_schema(schema: Value<'_>) -> Json {
    let mut out = Vec::new();
    write_schema(schema, &mut out);
    Json::from_writer(out)
}

/// Its depth is that of a body, which is bounded.
fn write_schema(schema: Value<'_>, out: &mut Vec<u8>) {
    let Some(mut fields) = schema.object() else { return schema.write_json(out) };
    fields.camel_case();
    let is_nullable = fields.take_bool("nullable") == Some(true);
    let mut object = ObjectWriter::begin(out);
    for (name, value) in fields.iter() {
        object.with(name, |out| match name {
            "type" => write_type(value, is_nullable, out),
            "properties" | "defs" => match value.object() {
                Some(properties) => {
                    let mut object = ObjectWriter::begin(out);
                    for (name, property) in properties.iter() {
                        object.with(name, |out| write_schema(property, out));
                    }
                    object.finish();
                }
                None => value.write_json(out),
            },
            "items" | "additionalProperties" => write_schema(value, out),
            "anyOf" => match value.array() {
                Some(schemas) => write_array(out, schemas, |out, schema| write_schema(schema, out)),
                None => value.write_json(out),
            },
            // 64-bit numbers are strings in Google's JSON.
            "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties" => {
                match value.string().and_then(|text| text.parse::<u64>().ok()) {
                    Some(number) => number.write_json(out),
                    None => value.write_json(out),
                }
            }
            _ => value.write_json(out),
        });
    }
    object.finish();
}

fn write_type(value: Value<'_>, is_nullable: bool, out: &mut Vec<u8>) {
    match value.string() {
        Some(word) if is_nullable => [&*word.to_ascii_lowercase(), "null"].as_slice().write_json(out),
        Some(word) => word.to_ascii_lowercase().write_json(out),
        None => value.write_json(out),
    }
}

/// A schema as it is sent: without the address of its dialect, which the API refuses.
pub(super) fn without_address(schema: &Json) -> Json {
    let Some(fields) = schema.value().object().filter(|fields| fields.get("$schema").is_some()) else {
        return schema.clone();
    };
    let mut fields = fields.rest();
    fields.remove("$schema");
    Json::object(&fields, |_| {})
}

/// Whether a schema allows an object without properties and says nothing else: the API wants none in its place.
pub(super) fn is_nothing(schema: &Json) -> bool {
    let Some(fields) = schema.value().object() else { return false };
    fields.iter().all(|(name, value)| match name {
        "type" => value.text() == "\"object\"",
        "properties" => value.object().is_some_and(|properties| properties.is_empty()),
        "required" => value.array().is_some_and(|names| names.is_empty()),
        "additionalProperties" => value.text() == "false",
        "$schema" | "title" => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apis_form_becomes_json_schema() {
        let own = r#"{"type":"OBJECT","properties":{"type":{"type":"STRING","nullable":true},"l":{"type":"ARRAY","minItems":"1","items":{"anyOf":[{"type":"NUMBER"},{"type":"integer"}]}}},"required":["l"],"property_ordering":["l","type"]}"#;
        let expected = r#"{"type":"object","properties":{"type":{"type":["string","null"]},"l":{"type":"array","minItems":1,"items":{"anyOf":[{"type":"number"},{"type":"integer"}]}}},"required":["l"],"propertyOrdering":["l","type"]}"#;
        assert_eq!(to_json_schema(Json::parse(own).unwrap().value()).text(), expected);
        assert_eq!(to_json_schema(Json::parse("7").unwrap().value()).text(), "7");
    }

    #[test]
    fn a_schema_without_properties_is_nothing() {
        let is_nothing = |text| is_nothing(&Json::parse(text).unwrap());
        for text in [
            r#"{"type":"object","properties":{}}"#,
            r#"{"type":"object"}"#,
            r#"{"$schema":"x","type":"object","properties":{},"required":[],"additionalProperties":false}"#,
        ] {
            assert!(is_nothing(text), "{text}");
        }
        for text in
            [r#"{"type":"string"}"#, r#"{"type":"object","properties":{"a":{}}}"#, r#"{"anyOf":[]}"#, "true"]
        {
            assert!(!is_nothing(text), "{text}");
        }
        let addressed = Json::parse(r#"{"$schema":"x","type":"object"}"#).unwrap();
        assert_eq!(without_address(&addressed).text(), r#"{"type":"object"}"#);
    }
}
