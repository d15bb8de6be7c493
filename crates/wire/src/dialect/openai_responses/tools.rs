//! Tools and the choice among them: as in Chat Completions, but without an object around the name.

use crate::dialect::anthropic::NO_ARGUMENTS;
use crate::dialect::openai_chat::hosted;
use crate::dialect::shared::hosted_tools::{FOREIGN_TOOL, is_foreign_to_openai};
use crate::encode::{Refusals, UnsupportedField};
use crate::json::{Fields, JsonError, ObjectWriter, Value, WriteJson};
use crate::model::{Request, Tool, ToolChoice, ToolKind};
use crate::quirks::Quirks;
use crate::schema::{self, Held};
use alloc::{format, string::String, vec::Vec};

/// Reads one tool's declaration; an error begins with the place inside it.
pub(super) fn decode(value: Value<'_>) -> Result<Tool, JsonError> {
    let Some(mut fields) = value.object() else { return Err(JsonError::new(": expected an object")) };
    match fields.take_string("type").as_deref() {
        Some("function") => decode_function(fields)
            .map(without_usual)
            .ok_or_else(|| JsonError::new(".name: expected a string")),
        Some("custom") => {
            let Some(name) = fields.take_string("name") else {
                return Err(JsonError::new(".name: expected a string"));
            };
            let description = fields.take_string("description");
            let kind = ToolKind::Custom { format: fields.take_json("format") };
            Ok(Tool { name, description, kind, cache: None, extra: fields.rest() })
        }
        _ => Ok(hosted(value)),
    }
}

/// A function as it was declared where what the API requires says nothing.
fn without_usual(mut tool: Tool) -> Tool {
    if let ToolKind::Function { parameters, strict } = &mut tool.kind {
        *parameters = parameters.take().filter(|schema| schema.text() != NO_ARGUMENTS);
        *strict = strict.filter(|strict| *strict);
    }
    tool
}

/// Reads a function whose fields are siblings of its type, which was taken out; `None` where it has no name.
pub(crate) fn decode_function(mut fields: Fields<'_>) -> Option<Tool> {
    let name = fields.take_string("name")?;
    let description = fields.take_string("description");
    let parameters = fields.take_json("parameters");
    let kind = ToolKind::Function { parameters, strict: fields.take_bool("strict") };
    Some(Tool { name, description, kind, cache: None, extra: fields.rest() })
}

/// The tools that can be declared; the others are refused.
pub(super) fn carried<'a>(
    tools: &'a [Tool],
    refusals: &mut Refusals,
) -> Result<Vec<&'a Tool>, UnsupportedField> {
    let mut carried = Vec::with_capacity(tools.len());
    for (position, tool) in tools.iter().enumerate() {
        if tool.cache.is_some() {
            refusals.add(format!("tools[{position}].cache"), "only content parts carry cache breakpoints")?;
        }
        match &tool.kind {
            ToolKind::Hosted(whole) if is_foreign_to_openai(whole) => {
                refusals.add(format!("tools[{position}]"), FOREIGN_TOOL)?;
            }
            _ => carried.push(tool),
        }
    }
    Ok(carried)
}

/// Writes one tool's declaration.
pub(super) fn write(tool: &Tool, quirks: &Quirks, out: &mut Vec<u8>) {
    let word = match &tool.kind {
        ToolKind::Hosted(whole) => return whole.write_json(out),
        ToolKind::Function { .. } => "function",
        ToolKind::Custom { .. } => "custom",
    };
    let mut object = ObjectWriter::begin_with(out, &tool.extra);
    object.field("type", word).field("name", &tool.name).optional("description", tool.description.as_ref());
    match &tool.kind {
        ToolKind::Function { parameters, strict } => {
            // OpenAI's schema requires both; what is not said is what Chat Completions takes it for.
            let mut strict = *strict;
            if let Some(parameters) = parameters {
                let subset = schema::subset(quirks.strict_schema);
                let (fitted, held) = schema::fitted(subset, Held::WhereStrict, parameters, strict);
                strict = held;
                object.field("parameters", &*fitted);
            } else {
                object.with("parameters", |out| out.extend_from_slice(NO_ARGUMENTS.as_bytes()));
            }
            object.field("strict", strict.unwrap_or(false));
        }
        ToolKind::Custom { format } => _ = object.optional("format", format.as_ref()),
        ToolKind::Hosted(_) => {}
    }
    object.finish();
}

/// Reads which tools may or must be called. What has no name in the model is kept whole.
pub(super) fn decode_choice(value: Value<'_>) -> ToolChoice {
    match value.string().as_deref() {
        Some("auto") => return ToolChoice::Auto,
        Some("none") => return ToolChoice::None,
        Some("required") => return ToolChoice::Required,
        _ => {}
    }
    let named = tool_name(value).map(ToolChoice::Named);
    named.or_else(|| subset(value)).unwrap_or_else(|| ToolChoice::Other(value.to_json()))
}

fn tool_name(value: Value<'_>) -> Option<String> {
    let mut fields = value.object()?;
    let is_tool = matches!(fields.take_string("type")?.as_str(), "function" | "custom");
    fields.take_string("name").filter(|_| is_tool && fields.is_empty())
}

fn subset(value: Value<'_>) -> Option<ToolChoice> {
    let mut fields = value.object()?;
    if fields.take_string("type")? != "allowed_tools" {
        return None;
    }
    let required = match fields.take_string("mode")?.as_str() {
        "required" => true,
        "auto" => false,
        _ => return None,
    };
    let names: Option<Vec<String>> = fields.take_array("tools")?.into_iter().map(tool_name).collect();
    Some(ToolChoice::Subset { required, names: names? }).filter(|_| fields.is_empty())
}

/// Writes which tools may or must be called.
pub(super) fn write_choice(choice: &ToolChoice, request: &Request, out: &mut Vec<u8>) {
    match choice {
        ToolChoice::Auto => "auto".write_json(out),
        ToolChoice::None => "none".write_json(out),
        ToolChoice::Required => "required".write_json(out),
        ToolChoice::Named(name) => write_name(name, request, out),
        ToolChoice::Subset { required, names } => {
            let mut object = ObjectWriter::begin(out);
            object.field("type", "allowed_tools").field("mode", if *required { "required" } else { "auto" });
            object.array("tools", names, |out, name| write_name(name, request, out));
            object.finish();
        }
        ToolChoice::Other(whole) => whole.write_json(out),
    }
}

fn write_name(name: &str, request: &Request, out: &mut Vec<u8>) {
    let is_custom =
        request.tools.iter().any(|tool| tool.name == name && matches!(tool.kind, ToolKind::Custom { .. }));
    let mut object = ObjectWriter::begin(out);
    object.field("type", if is_custom { "custom" } else { "function" }).field("name", name);
    object.finish();
}
