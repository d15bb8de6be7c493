//! Tools and the choice among them, in both directions.
//!
//! All functions stand in one entry; each tool that Google runs itself (`googleSearch`, `codeExecution`, ...) in one of
//! its own, whole. That a schema must be held to is said for all functions at once: mode `VALIDATED`.

use super::model_name::Family;
use super::{part::NO_BREAKPOINTS, schema};
use crate::dialect::shared::nested;
use crate::encode::{Refusals, UnsupportedField};
use crate::json::{Extra, Fields, Json, ObjectWriter, Value};
use crate::model::{Request, Tool, ToolChoice, ToolKind};
use crate::options::rules::JSON_TOOLS;
use crate::quirks::Quirks;
use crate::schema::{self as subset, Held};
use alloc::{format, string::String, vec::Vec};

const DECLARATIONS: &str = "functionDeclarations";
const CONFIG: &str = "toolConfig";
const CALLING: &str = "functionCallingConfig";
/// From here on a mode that holds the model to the schemas and lets it answer as well.
const VALIDATED_SINCE: (u32, u32) = (2, 5);

/// Refuses what of the tools cannot be carried.
pub(super) fn check(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    let family = Family::from_model(&request.model);
    for (position, tool) in request.tools.iter().enumerate() {
        let place = format!("tools[{position}]");
        match &tool.kind {
            ToolKind::Custom { .. } => {
                refusals.add(place.clone(), JSON_TOOLS)?;
            }
            ToolKind::Hosted(whole) if !is_own(whole) => {
                refusals.add(place.clone(), "a tool that another provider runs")?;
            }
            ToolKind::Function { strict: Some(true), .. } if !family.is_since(VALIDATED_SINCE) => {
                refusals.add(format!("{place}.strict"), "this model cannot be held to a schema")?;
            }
            _ => {}
        }
        if tool.cache.is_some() {
            refusals.note(format!("{place}.cache"), NO_BREAKPOINTS);
        }
    }
    Ok(())
}

/// Refuses a choice that is another provider's.
pub(super) fn check_choice(
    request: &Request,
    _: &Quirks,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    match &request.tool_choice {
        Some(ToolChoice::Other(whole)) if !is_own(whole) => {
            refusals.add("tool_choice", "a choice that only another provider knows")
        }
        _ => Ok(()),
    }
}

/// Whether an object is Google's: those of others have a type.
fn is_own(whole: &Json) -> bool {
    whole.value().object().is_some_and(|fields| fields.get("type").is_none())
}

/// Writes `tools` and `toolConfig`. `config` are the caller's own fields of the latter.
pub(super) fn encode(request: &Request, config: &mut Extra, body: &mut ObjectWriter<'_>) {
    let is_function = |tool: &&Tool| matches!(tool.kind, ToolKind::Function { .. });
    let mut entries: Vec<Json> = Vec::new();
    if request.tools.iter().any(|tool| is_function(&tool)) {
        entries.push(Json::object(&Extra::new(), |entry| {
            entry.array(DECLARATIONS, request.tools.iter().filter(is_function), encode_function);
        }));
    }
    entries.extend(request.tools.iter().filter_map(|tool| match &tool.kind {
        ToolKind::Hosted(whole) if is_own(whole) => Some(whole.clone()),
        _ => None,
    }));
    if !entries.is_empty() {
        body.field("tools", &entries);
    }
    encode_config(request, config, body);
}

fn encode_function(out: &mut Vec<u8>, tool: &Tool) {
    let ToolKind::Function { parameters, .. } = &tool.kind else { return };
    let mut object = ObjectWriter::begin_with(out, &tool.extra);
    object.field("name", &tool.name).optional("description", tool.description.as_ref());
    if let Some(parameters) = parameters.as_ref().filter(|parameters| !schema::is_nothing(parameters)) {
        let (fitted, _) = subset::fitted(&subset::GEMINI_TOOLS, Held::Always, parameters, None);
        object.field("parametersJsonSchema", schema::without_address(&fitted));
    }
    object.finish();
}

fn encode_config(request: &Request, config: &mut Extra, body: &mut ObjectWriter<'_>) {
    let calling = nested::take(config, CALLING);
    let is_strict = |tool: &Tool| matches!(tool.kind, ToolKind::Function { strict: Some(true), .. });
    let is_held =
        request.tools.iter().any(is_strict) && Family::from_model(&request.model).is_since(VALIDATED_SINCE);
    let one;
    let (mode, names) = match &request.tool_choice {
        Some(ToolChoice::Other(whole)) => {
            body.object_with(CONFIG, config, |object| {
                object.field(CALLING, whole);
            });
            return;
        }
        None if !is_held => {
            if !config.is_empty() || !calling.is_empty() {
                body.object_with(CONFIG, config, |object| {
                    if !calling.is_empty() {
                        object.object_with(CALLING, &calling, |_| {});
                    }
                });
            }
            return;
        }
        None | Some(ToolChoice::Auto) if is_held => ("VALIDATED", None),
        None | Some(ToolChoice::Auto) => ("AUTO", None),
        Some(ToolChoice::None) => ("NONE", None),
        Some(ToolChoice::Required) => ("ANY", None),
        Some(ToolChoice::Named(name)) => {
            one = alloc::vec![name.clone()];
            ("ANY", Some(&one))
        }
        Some(ToolChoice::Subset { required: true, names }) => ("ANY", Some(names)),
        // Names are allowed with `ANY` and `VALIDATED` only.
        Some(ToolChoice::Subset { required: false, names }) => ("VALIDATED", Some(names)),
    };
    body.object_with(CONFIG, config, |object| {
        object.object_with(CALLING, &calling, |object| {
            object.field("mode", mode).optional("allowedFunctionNames", names);
        });
    });
}

/// Takes `tools` and `toolConfig` out of the body; what has no name of its own goes to `kept`.
pub(super) fn take(body: &mut Fields<'_>, kept: &mut Extra) -> (Vec<Tool>, Option<ToolChoice>) {
    let mut tools = Vec::new();
    for entry in body.take_array("tools").unwrap_or_default() {
        decode_entry(entry, &mut tools);
    }
    let (choice, is_held) = take_choice(body, kept);
    if is_held {
        for tool in &mut tools {
            if let ToolKind::Function { strict, .. } = &mut tool.kind {
                *strict = Some(true);
            }
        }
    }
    (tools, choice)
}

fn decode_entry(entry: Value<'_>, tools: &mut Vec<Tool>) {
    let hosted = |whole: Json| Tool {
        name: String::new(),
        description: None,
        kind: ToolKind::Hosted(whole),
        cache: None,
        extra: Extra::new(),
    };
    let Some(mut fields) = entry.object() else { return tools.push(hosted(entry.to_json())) };
    fields.camel_case();
    let Some(functions) = fields.take_array(DECLARATIONS) else { return tools.push(hosted(entry.to_json())) };
    tools.extend(functions.into_iter().filter_map(decode_function));
    if !fields.is_empty() {
        tools.push(hosted(Json::object(&fields.rest(), |_| {})));
    }
}

fn decode_function(value: Value<'_>) -> Option<Tool> {
    let mut fields = value.object()?;
    fields.camel_case();
    let name = fields.take_string("name")?;
    let described = fields.take("parameters").map(schema::to_json_schema);
    let parameters = fields.take_json("parametersJsonSchema").or(described);
    let parameters = parameters.filter(|schema| !schema::is_nothing(schema));
    let description = fields.take_string("description");
    Some(Tool {
        name,
        description,
        kind: ToolKind::Function { parameters, strict: None },
        cache: None,
        extra: fields.rest(),
    })
}

/// The choice, and whether all functions are to be held to their schemas.
fn take_choice(body: &mut Fields<'_>, kept: &mut Extra) -> (Option<ToolChoice>, bool) {
    let Some(mut config) = body.take_object(CONFIG) else { return (None, false) };
    config.camel_case();
    let mut kept_config = Extra::new();
    let mut read = (None, false);
    if let Some(whole) = config.take(CALLING) {
        read = match whole.object().map(|fields| known_choice(fields, &mut kept_config)) {
            Some(Some(known)) => known,
            _ => (Some(ToolChoice::Other(whole.to_json())), false),
        };
    }
    for (name, value) in config.rest().iter() {
        kept_config.insert(name, value.clone());
    }
    if !kept_config.is_empty() {
        kept.insert(CONFIG, Json::object(&kept_config, |_| {}));
    }
    read
}

fn known_choice(mut fields: Fields<'_>, kept: &mut Extra) -> Option<(Option<ToolChoice>, bool)> {
    fields.camel_case();
    let mode = fields.take_string("mode");
    let names = fields.take_array("allowedFunctionNames").unwrap_or_default();
    let mut names: Vec<String> = names.into_iter().map(Value::string).collect::<Option<_>>()?;
    let read = match (mode.as_deref(), names.len()) {
        (None, 0) => (None, false),
        (Some("AUTO" | "MODE_UNSPECIFIED"), 0) => (Some(ToolChoice::Auto), false),
        (Some("NONE"), _) => (Some(ToolChoice::None), false),
        (Some("ANY"), 0) => (Some(ToolChoice::Required), false),
        (Some("ANY"), 1) => (names.pop().map(ToolChoice::Named), false),
        (Some("ANY"), _) => (Some(ToolChoice::Subset { required: true, names }), false),
        (Some("VALIDATED"), 0) => (Some(ToolChoice::Auto), true),
        (Some("VALIDATED"), _) => (Some(ToolChoice::Subset { required: false, names }), false),
        _ => return None,
    };
    nested::keep(kept, CALLING, fields);
    Some(read)
}
