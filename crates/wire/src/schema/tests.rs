//! Tests of the subsets on the schemas of `docs/wire/schema-subsets.md`, section 7, each in each subset.

use super::subsets::{Anything, Subset};
use super::unfit::Unfit;
use super::{fit, subset, violation};
use crate::json::{Json, Value};
use crate::quirks::SchemaSubset as Name;
use std::{format, string::String, string::ToString, vec::Vec};

const ALL: [Name; 12] = [
    Name::OpenAi,
    Name::OpenAiFineTuned,
    Name::Anthropic,
    Name::Gemini,
    Name::Mistral,
    Name::Cohere,
    Name::LlamaCpp,
    Name::Xai,
    Name::Cerebras,
    Name::Fireworks,
    Name::DeepSeek,
    Name::Vllm,
];

/// The definitions that the schemas refer to.
const DEFINITIONS: &str = r##""$defs":{"Color":{"type":"string","enum":["red","blue"]},"Number":{"type":"integer","enum":[1,2]},"Cat":{"type":"object","properties":{"kind":{"const":"cat","type":"string"},"lives":{"type":"integer"}},"required":["kind"]},"Dog":{"type":"object","properties":{"kind":{"const":"dog","type":"string"}},"required":["kind"]},"Node":{"type":"object","properties":{"value":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/Node"},{"type":"null"}],"default":null},"children":{"type":"array","items":{"$ref":"#/$defs/Node"}}},"required":["value","children"]}}"##;

/// A name, and the schema of the one property of the answer.
const PROPERTIES: [(&str, &str); 36] = [
    ("S01", r#"{"type":"string"}"#),
    ("S02", r#"{"anyOf":[{"type":"string"},{"type":"null"}],"default":null}"#),
    ("S03", r#"{"type":"integer","default":3}"#),
    ("S04", r##"{"$ref":"#/$defs/Color"}"##),
    ("S05", r#"{"const":"x","type":"string"}"#),
    ("S05 without a type", r#"{"const":"x"}"#),
    ("S06", r##"{"$ref":"#/$defs/Number"}"##),
    ("S07", r#"{"type":"integer","enum":[1,2]}"#),
    ("S07 without a type", r#"{"enum":[1,2]}"#),
    ("S07 of several types", r#"{"enum":["a",1,null]}"#),
    ("S07 of truth values", r#"{"enum":[true]}"#),
    ("S08", r#"{"type":"integer","minimum":1,"maximum":9}"#),
    ("S08 of fractions", r#"{"type":"number","minimum":1,"multipleOf":0.5}"#),
    ("S09", r#"{"type":"number","exclusiveMinimum":0}"#),
    ("S10", r#"{"type":"string","minLength":1,"maxLength":9}"#),
    ("S11", r#"{"type":"string","pattern":"^a+$"}"#),
    ("S11 with lookaround", r#"{"type":"string","pattern":"^(?!b)a+$"}"#),
    ("S12", r#"{"type":"string","format":"date-time"}"#),
    ("S13", r#"{"type":"string","format":"uri","minLength":1}"#),
    ("S14", r#"{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":4}"#),
    ("S15", r##"{"$ref":"#/$defs/Cat","description":"d"}"##),
    ("S16", r#"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#),
    ("S16 as a list of types", r#"{"type":["integer","string","null"],"minimum":1,"minLength":2}"#),
    (
        "S17",
        r##"{"oneOf":[{"$ref":"#/$defs/Cat"},{"$ref":"#/$defs/Dog"}],"discriminator":{"propertyName":"kind","mapping":{"cat":"#/$defs/Cat","dog":"#/$defs/Dog"}}}"##,
    ),
    ("S18", r#"{"type":"object","additionalProperties":{"type":"integer"}}"#),
    ("S18 of anything", r#"{"type":"object"}"#),
    ("S19", r#"{"title":"X"}"#),
    (
        "S20",
        r#"{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"minItems":2,"maxItems":2}"#,
    ),
    ("S21", r##"{"$ref":"#/$defs/Node"}"##),
    ("S21 with a neighbour", r##"{"$ref":"#/$defs/Node","description":"d"}"##),
    ("S22", r#"{"type":"array","items":{"type":"integer"},"uniqueItems":true}"#),
    ("S23", r#"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":true}"#),
    ("S26", r#"{"type":"object","properties":{},"required":[]}"#),
    ("S27", r##"{"anyOf":[{"$ref":"#/$defs/Cat"},{"type":"null"}]}"##),
    ("S28", r#"{"anyOf":[{"type":"number"},{"type":"string","pattern":"^(?!x)\\d+$"}]}"#),
    (
        "allOf",
        r##"{"allOf":[{"$ref":"#/$defs/Cat"},{"type":"object","properties":{"name":{"type":"string","not":{"const":""}}},"required":["name"]}]}"##,
    ),
];

fn whole(property: &str) -> Json {
    let text = format!(
        r#"{{{DEFINITIONS},"type":"object","properties":{{"p":{property},"q":{{"type":"string"}}}},"required":["p"]}}"#
    );
    Json::parse(&text).unwrap()
}

fn fitted(name: Name, schema: &str) -> String {
    fit::fit(subset(name), true, &Json::parse(schema).unwrap()).unwrap().text().to_string()
}

/// What the property has become, without the definitions.
fn property(name: Name, schema: &str) -> String {
    let whole = whole(schema);
    match fit::fit(subset(name), true, &whole) {
        Err(unfit) => format!("refused: {unfit:?}"),
        Ok(fitted) => {
            let mut fields = fitted.value().object().unwrap();
            fields.take_object("properties").unwrap().take("p").unwrap().text().to_string()
        }
    }
}

/// Everything in a schema that the subset says is refused.
fn faults(subset: &Subset, root: Value<'_>, node: Value<'_>, place: &str, found: &mut Vec<String>) {
    let Some(map) = node.object() else { return };
    let mut fault = |text: &str| found.push(format!("{place}: {text}: {}", node.text()));
    let has = |name: &str| map.get(name).is_some();
    for (name, value) in map.iter() {
        if !subset.takes(name) {
            fault(name);
        }
        if name == "format" && subset.formats.is_some_and(|known| !known.contains(&&*value.string().unwrap()))
        {
            fault("format");
        }
        if name == "minItems" && value.u64().unwrap() > subset.max_min_items {
            fault("minItems");
        }
        if name == "type" && value.is_array() && !subset.type_lists {
            fault("a list of types");
        }
    }
    if has("$ref") {
        if map.iter().count() > 1 && !subset.reference_siblings {
            fault("neighbours of a reference");
        }
        let target = map.get("$ref").unwrap().string().unwrap();
        let name = target.strip_prefix("#/$defs/").unwrap();
        if root.object().unwrap().take_object("$defs").and_then(|known| known.get(name)).is_none() {
            fault("dangling");
        }
        return;
    }
    let says = ["type", "anyOf", "oneOf", "allOf"].iter().any(|name| has(name));
    if !says && (subset.anything != Anything::Itself || has("enum") || has("const")) {
        fault("no type");
    }
    let is_object = map.get("type").is_some_and(|name| name.text() == "\"object\"");
    let properties = map.get("properties").and_then(Value::object);
    if is_object
        && subset.closed
        && map.get("additionalProperties").is_none_or(|value| value.text() != "false")
    {
        fault("open");
    }
    let required: Vec<String> = map
        .get("required")
        .and_then(Value::array)
        .unwrap_or_default()
        .into_iter()
        .filter_map(Value::string)
        .collect();
    let names: Vec<String> = properties
        .iter()
        .flat_map(|all| all.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>())
        .collect();
    let wants = match subset.required {
        super::subsets::Required::All | super::subsets::Required::AllWhereStrict => required == names,
        super::subsets::Required::One => !required.is_empty(),
        super::subsets::Required::AsWritten => required.iter().all(|name| names.contains(name)),
    };
    if is_object && !wants {
        fault("required");
    }
    for (name, value) in properties.iter().flat_map(crate::json::Fields::iter) {
        faults(subset, root, value, &format!("{place}.{name}"), found);
    }
    for name in ["items", "additionalProperties"] {
        if let Some(value) = map.get(name) {
            faults(subset, root, value, &format!("{place}[{name}]"), found);
        }
    }
    for name in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        for value in map.get(name).and_then(Value::array).unwrap_or_default() {
            faults(subset, root, value, &format!("{place}|"), found);
        }
    }
    for (name, value) in map.get("$defs").and_then(Value::object).iter().flat_map(crate::json::Fields::iter) {
        faults(subset, root, value, &format!("{place}#{name}"), found);
    }
}

#[test]
fn every_schema_comes_out_in_every_subset_or_is_refused_as_open() {
    for name in ALL {
        for (id, schema) in PROPERTIES {
            let whole = whole(schema);
            let fitted = match fit::fit(subset(name), true, &whole) {
                Ok(fitted) => fitted,
                Err(unfit) => {
                    let is_open = matches!(&unfit, Unfit::Open(place) if place == "p");
                    let says_so = id.starts_with("S18") || id == "S23" || id == "S26";
                    assert!(is_open && says_so, "{name:?} {id}: {unfit:?}");
                    continue;
                }
            };
            let mut found = Vec::new();
            faults(subset(name), fitted.value(), fitted.value(), "", &mut found);
            assert_eq!(found, Vec::<String>::new(), "{name:?} {id}: {}", fitted.text());
            let again = fit::fit(subset(name), true, &fitted).unwrap();
            assert_eq!(again.text(), fitted.text(), "{name:?} {id}: rewritten twice");
        }
    }
}

#[test]
fn what_is_closed_refuses_an_object_that_may_have_any_properties() {
    for name in ALL {
        let is_refused = |schema| property(name, schema).starts_with("refused: Open(\"p\")");
        let dictionary = r#"{"type":"object","additionalProperties":{"type":"integer"}}"#;
        assert_eq!(is_refused(dictionary), subset(name).closed || name == Name::Cohere, "{name:?}");
        let open = r#"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":true}"#;
        assert_eq!(is_refused(open), subset(name).closed, "{name:?}");
    }
}

#[test]
fn each_provider_gets_the_schema_that_it_documents() {
    let rows = [
        (Name::OpenAi, "S02", r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#),
        (Name::OpenAi, "S03", r#"{"type":"integer","description":"{default: 3}"}"#),
        (Name::OpenAi, "S05 without a type", r#"{"const":"x","type":"string"}"#),
        (Name::OpenAi, "S07 of several types", r#"{"enum":["a",1,null],"type":["string","integer","null"]}"#),
        (Name::OpenAi, "S13", r#"{"type":"string","minLength":1,"description":"{format: uri}"}"#),
        (
            Name::OpenAi,
            "S15",
            r#"{"type":"object","properties":{"kind":{"const":"cat","type":"string"},"lives":{"type":"integer"}},"required":["kind","lives"],"description":"d","additionalProperties":false}"#,
        ),
        (Name::OpenAi, "S17", r##"{"anyOf":[{"$ref":"#/$defs/Cat"},{"$ref":"#/$defs/Dog"}]}"##),
        (
            Name::OpenAi,
            "S19",
            r#"{"title":"X","anyOf":[{"type":"string"},{"type":"number"},{"type":"boolean"},{"type":"null"}]}"#,
        ),
        (
            Name::OpenAi,
            "S20",
            r#"{"type":"array","items":{"anyOf":[{"type":"integer"},{"type":"string"}]},"minItems":2,"maxItems":2,"description":"{prefixItems: [{\"type\":\"integer\"},{\"type\":\"string\"}]}"}"#,
        ),
        (Name::OpenAi, "S21", r##"{"$ref":"#/$defs/Node"}"##),
        (Name::OpenAi, "S21 with a neighbour", r##"{"anyOf":[{"$ref":"#/$defs/Node"}],"description":"d"}"##),
        (
            Name::OpenAi,
            "allOf",
            r#"{"type":"object","properties":{"kind":{"const":"cat","type":"string"},"lives":{"type":"integer"},"name":{"type":"string","description":"{not: {\"const\":\"\"}}"}},"required":["kind","lives","name"],"additionalProperties":false}"#,
        ),
        (Name::OpenAiFineTuned, "S08", r#"{"type":"integer","description":"{minimum: 1, maximum: 9}"}"#),
        (Name::Anthropic, "S08", r#"{"type":"integer","description":"{minimum: 1, maximum: 9}"}"#),
        (Name::Anthropic, "S11", r#"{"type":"string","pattern":"^a+$"}"#),
        (
            Name::Anthropic,
            "S14",
            r#"{"type":"array","items":{"type":"integer"},"description":"{minItems: 2, maxItems: 4}"}"#,
        ),
        (Name::Anthropic, "S17", r##"{"anyOf":[{"$ref":"#/$defs/Cat"},{"$ref":"#/$defs/Dog"}]}"##),
        (Name::Gemini, "S02", r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#),
        (Name::Gemini, "S05", r#"{"enum":["x"],"type":"string"}"#),
        (Name::Gemini, "S07 without a type", r#"{"enum":[1,2],"type":"integer"}"#),
        (
            Name::Gemini,
            "S07 of several types",
            r#"{"anyOf":[{"type":"string","enum":["a"]},{"type":"integer","enum":[1]},{"type":"null"}]}"#,
        ),
        (Name::Gemini, "S07 of truth values", r#"{"type":"boolean","description":"{enum: [true]}"}"#),
        (Name::Gemini, "S09", r#"{"type":"number","description":"{exclusiveMinimum: 0}"}"#),
        (Name::Gemini, "S18", r#"{"type":"object","additionalProperties":{"type":"integer"}}"#),
        (Name::Mistral, "S04", r##"{"$ref":"#/$defs/Color"}"##),
        (Name::Mistral, "S10", r#"{"type":"string","description":"{minLength: 1, maxLength: 9}"}"#),
        (Name::Cohere, "S02", r#"{"type":"string"}"#),
        (Name::Cohere, "S05", r#"{"enum":["x"],"type":"string"}"#),
        (Name::Cohere, "S11", r#"{"type":"string","pattern":"a+"}"#),
        (Name::Cohere, "S16", r#"{"type":"string"}"#),
        (
            Name::Cohere,
            "S17",
            r#"{"type":"object","properties":{"kind":{"enum":["cat","dog"],"type":"string"},"lives":{"type":"integer"}},"required":["kind"]}"#,
        ),
        (Name::LlamaCpp, "S08", r#"{"type":"integer","minimum":1,"maximum":9}"#),
        (
            Name::LlamaCpp,
            "S08 of fractions",
            r#"{"type":"number","description":"{minimum: 1, multipleOf: 0.5}"}"#,
        ),
        (Name::LlamaCpp, "S13", r#"{"type":"string","minLength":1,"description":"{format: uri}"}"#),
        (Name::Xai, "S10", r#"{"type":"string","minLength":1,"maxLength":9}"#),
        (
            Name::Cerebras,
            "S16 as a list of types",
            r#"{"anyOf":[{"type":"integer","description":"{minimum: 1}"},{"type":"string","description":"{minLength: 2}"},{"type":"null"}]}"#,
        ),
        (
            Name::Cerebras,
            "S20",
            r#"{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":false,"description":"{minItems: 2, maxItems: 2}"}"#,
        ),
        (Name::Fireworks, "S05", r#"{"enum":["x"],"type":"string"}"#),
        (Name::DeepSeek, "S12", r#"{"type":"string","description":"{format: date-time}"}"#),
        (
            Name::Vllm,
            "S22",
            r#"{"type":"array","items":{"type":"integer"},"description":"{uniqueItems: true}"}"#,
        ),
        (Name::Vllm, "S13", r#"{"type":"string","format":"uri","description":"{minLength: 1}"}"#),
    ];
    for (name, id, expected) in rows {
        let (_, schema) = PROPERTIES.iter().find(|(known, _)| *known == id).unwrap();
        assert_eq!(property(name, schema), expected, "{name:?} {id}");
    }
}

#[test]
fn a_definition_that_contains_itself_is_kept_or_written_out() {
    let node = format!(r##"{{{DEFINITIONS},"$ref":"#/$defs/Node"}}"##);
    let kept = fitted(Name::OpenAi, &node);
    assert!(kept.starts_with(r#"{"$defs":{"Node":{"type":"object""#), "{kept}");
    assert!(kept.contains(r#"}},"type":"object","properties":{"value""#), "the root is written out: {kept}");
    assert!(kept.contains(r##""next":{"anyOf":[{"$ref":"#/$defs/Node"},{"type":"null"}]}"##), "{kept}");
    let own = fitted(Name::Anthropic, &node);
    assert!(!own.contains("$ref"), "{own}");
    assert_eq!(own.matches(r#""value""#).count() / 2, 1 + 2 + 4, "three levels of two properties: {own}");
    assert!(
        own.contains(r#"{"type":"array","items":{"type":"string"},"description":"{maxItems: 0}"}"#),
        "{own}"
    );
    let endless = r##"{"$defs":{"A":{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"required":["a"]}},"$ref":"#/$defs/A"}"##;
    let endless = Json::parse(endless).unwrap();
    let refused = fit::fit(subset(Name::Anthropic), true, &endless);
    assert!(matches!(refused, Err(Unfit::Endless)));
    assert!(fit::fit(subset(Name::OpenAi), true, &endless).is_ok());
}

#[test]
fn the_root_is_an_object_where_it_has_to_be() {
    for schema in [
        r#"{"type":"array","items":{"type":"integer"}}"#,
        r#"{"anyOf":[{"type":"object","properties":{}}]}"#,
        r#"{"type":"string"}"#,
    ] {
        let whole = Json::parse(schema).unwrap();
        for name in ALL {
            let fitted = fit::fit(subset(name), true, &whole);
            assert_eq!(matches!(fitted, Err(Unfit::Root)), subset(name).object_root, "{name:?} {schema}");
        }
    }
}

#[test]
fn what_would_grow_without_bounds_keeps_its_references_or_is_refused() {
    let mut bomb = String::from(r#"{"$defs":{"d0":{"type":"string"}"#);
    for level in 1..40 {
        bomb += &format!(
            r##","d{level}":{{"anyOf":[{{"$ref":"#/$defs/d{0}"}},{{"$ref":"#/$defs/d{0}"}}]}}"##,
            level - 1
        );
    }
    bomb += r##"},"type":"object","properties":{"p":{"$ref":"#/$defs/d39"}},"required":["p"],"additionalProperties":false}"##;
    assert!(fitted(Name::DeepSeek, &bomb).contains("$defs/d38"));
    let loops = r##"{"type":"object","properties":{"p":{"$ref":"#/$defs/A"}},"$defs":{"A":{"allOf":[{"$ref":"#/$defs/A"},{"$ref":"#/$defs/A"}]}}}"##;
    for name in ALL {
        let _ = fit::fit(subset(name), true, &Json::parse(loops).unwrap());
        let _ = fit::fit(subset(name), true, &Json::parse(r##"{"$ref":"#"}"##).unwrap());
    }
    let many: Vec<String> = (0..2000).map(|each| format!(r##""d{each}":{{"type":"string"}}"##)).collect();
    let many = format!(r##"{{"$defs":{{{}}},"type":"object","properties":{{}}}}"##, many.join(","));
    assert!(matches!(fit::fit(subset(Name::OpenAi), true, &Json::parse(&many).unwrap()), Err(Unfit::Large)));
}

#[test]
fn names_of_properties_are_not_keywords() {
    let schema = r#"{"type":"object","properties":{"$ref":{"type":"string"},"oneOf":{"type":"string"},"default":{"enum":[{"$ref":"x"}],"type":"string"},"const":{"type":"string"}},"required":["$ref","oneOf","default","const"],"additionalProperties":false}"#;
    let written = fitted(Name::OpenAi, schema);
    for name in ["\"$ref\":{", "\"oneOf\":{", "\"default\":{", "\"const\":{"] {
        assert!(written.contains(name), "{written}");
    }
}

#[test]
fn a_conforming_schema_is_sent_byte_for_byte() {
    let schema = r#"{"type": "object",  "properties": {"x": {"type": "number", "minimum": 1.50}}, "required": ["x"], "additionalProperties": false}"#;
    assert_eq!(fitted(Name::OpenAi, schema), schema);
}

#[test]
fn what_is_fitted_has_no_violation() {
    for name in [Name::OpenAi, Name::Anthropic] {
        for (label, schema) in PROPERTIES {
            // What cannot be said is refused before it is sent.
            let whole = whole(schema);
            let Ok(fitted) = fit::fit(subset(name), true, &whole) else { continue };
            assert_eq!(violation(subset(name), &fitted), None, "{name:?} {label}: {}", fitted.text());
        }
    }
}

#[test]
fn a_violation_is_found_where_it_is() {
    for (schema, place, kind) in [
        (r#"{"type":"array","items":{"type":"string"}}"#, "", "Root(\"array\")"),
        (r#"{"type":"object","properties":{}}"#, "", "Open"),
        (
            r#"{"type":"object","additionalProperties":false,"properties":{"a":{"type":"string"}}}"#,
            "",
            "Optional(\"a\")",
        ),
        (
            r#"{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"oneOf":[]}}}"#,
            "properties.a",
            "Keyword { keyword: \"oneOf\", of: \"\" }",
        ),
        (
            r#"{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"anyOf":[{"type":"array","items":{"title":"x"}}]}}}"#,
            "properties.a.anyOf.0.items",
            "NoType",
        ),
        (
            r##"{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"$ref":"#/$defs/B","description":"d"}},"$defs":{"B":{"type":"string"}}}"##,
            "properties.a",
            "NextToReference(\"description\")",
        ),
    ] {
        let found = violation(subset(Name::OpenAi), &Json::parse(schema).unwrap()).unwrap();
        assert_eq!(
            (found.place.join("."), format!("{:?}", found.kind)),
            (place.into(), kind.into()),
            "{schema}"
        );
    }
}

/// References are URIs: names in them may be escaped, in two ways. What is not there is refused here, by its name.
#[test]
fn references_find_their_definitions() {
    for (name, reference) in [
        ("Page[int]", "#/$defs/Page%5Bint%5D"),
        ("Page[int]", "#/$defs/Page[int]"),
        ("a/b c~d", "#/$defs/a~1b%20c~0d"),
        ("Größe", "#/$defs/Gr%C3%B6%C3%9Fe"),
        ("50%", "#/$defs/50%"),
        ("A%5B", "#/$defs/A%5B"),
    ] {
        let schema = Json::parse(&format!(
            r#"{{"$defs":{{"{name}":{{"type":"object","properties":{{"x":{{"type":"string"}}}}}}}},"type":"object","properties":{{"a":{{"$ref":"{reference}"}}}}}}"#
        ))
        .unwrap();
        for each in ALL {
            let fitted = fit::fit(subset(each), true, &schema).unwrap();
            assert!(fitted.text().contains(r#""x":"#), "{each:?} {reference}: {}", fitted.text());
        }
    }
    for reference in ["#/$defs/Nope", "#Anchor", "https://schemas.test/a.json"] {
        let schema = Json::parse(&format!(
            r#"{{"$defs":{{"A":{{"type":"string"}}}},"type":"object","properties":{{"a":{{"$ref":"{reference}"}}}}}}"#
        ))
        .unwrap();
        for each in ALL {
            let unfit = fit::fit(subset(each), true, &schema).unwrap_err();
            assert!(unfit.reason().contains(reference), "{each:?}: {unfit:?}");
        }
    }
}
