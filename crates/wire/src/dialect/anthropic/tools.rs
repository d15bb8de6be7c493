//! Tools and the choice among them, in both directions.

use super::block::{encode_cache, encode_whole, take_cache};
use crate::dialect::shared::hosted_tools::is_foreign_to_anthropic;
use crate::json::{Fields, Json, ObjectWriter, Value, write_array};
use crate::model::{Request, Tool, ToolChoice, ToolKind};
use alloc::{string::String, vec::Vec};

/// The schema of a tool without arguments; the API requires one.
pub(crate) const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// Writes `tools` and `tool_choice`.
pub(super) fn encode(request: &Request, body: &mut ObjectWriter<'_>) {
    let chosen = |tool: &&Tool| match &request.tool_choice {
        // The API has no choice among several: the others are left out.
        Some(ToolChoice::Subset { names, .. }) => names.contains(&tool.name),
        _ => true,
    };
    let has_form = |tool: &&Tool| match &tool.kind {
        ToolKind::Custom { .. } => false,
        ToolKind::Hosted(whole) => !is_foreign_to_anthropic(whole),
        ToolKind::Function { .. } => true,
    };
    if request.tools.iter().any(|tool| chosen(&tool) && has_form(&tool)) {
        body.with("tools", |out| {
            write_array(out, request.tools.iter().filter(chosen).filter(has_form), encode_tool);
        });
    }
    encode_choice(request, body);
}

fn encode_tool(out: &mut Vec<u8>, tool: &Tool) {
    let (parameters, strict) = match &tool.kind {
        ToolKind::Function { parameters, strict } => (parameters.as_ref(), *strict),
        ToolKind::Hosted(whole) => return encode_whole(whole, tool.cache.as_ref(), &tool.extra, out),
        ToolKind::Custom { .. } => (None, None),
    };
    let mut object = ObjectWriter::begin_with(out, &tool.extra);
    object.field("name", &tool.name).optional("description", tool.description.as_ref());
    object.with("input_schema", |out| {
        out.extend_from_slice(parameters.map_or(NO_ARGUMENTS, Json::text).as_bytes());
    });
    object.optional("strict", strict).optional("cache_control", tool.cache.as_ref().map(encode_cache));
    object.finish();
}

fn encode_choice(request: &Request, body: &mut ObjectWriter<'_>) {
    let mut parallel = request.parallel_tool_calls;
    let (word, name) = match (&request.tool_choice, parallel) {
        (None, None) => return,
        (Some(ToolChoice::Other(whole)), _) => {
            body.field("tool_choice", whole);
            return;
        }
        (None | Some(ToolChoice::Auto | ToolChoice::Subset { required: false, .. }), _) => ("auto", None),
        (Some(ToolChoice::Required | ToolChoice::Subset { required: true, .. }), _) => ("any", None),
        (Some(ToolChoice::Named(name)), _) => ("tool", Some(name)),
        (Some(ToolChoice::None), _) => {
            parallel = None;
            ("none", None)
        }
    };
    body.object("tool_choice", |choice| {
        choice.field("type", word).optional("name", name);
        choice.optional("disable_parallel_tool_use", parallel.map(|parallel| !parallel));
    });
}

/// Reads one tool. Whatever is not a tool of the caller's own stays whole, for this API only.
pub(crate) fn decode_tool(value: Value<'_>) -> Tool {
    own_tool(value).unwrap_or_else(|| Tool {
        name: value.object().and_then(|mut fields| fields.take_string("name")).unwrap_or_default(),
        description: None,
        kind: ToolKind::Hosted(value.to_json()),
        cache: None,
        extra: crate::json::Extra::new(),
    })
}

fn own_tool(value: Value<'_>) -> Option<Tool> {
    let mut fields = value.object()?;
    if fields.take("type").is_some_and(|written| written.text() != "\"custom\"") {
        return None;
    }
    let name = fields.take_string("name")?;
    let parameters = fields.take_json("input_schema").filter(|schema| schema.text() != NO_ARGUMENTS);
    let kind = ToolKind::Function { parameters, strict: fields.take_bool("strict") };
    let description = fields.take_string("description");
    Some(Tool { name, description, kind, cache: take_cache(&mut fields), extra: fields.rest() })
}

/// Takes `tool_choice` out: the choice, and whether several tools may be called at once.
pub(super) fn take_choice(body: &mut Fields<'_>) -> (Option<ToolChoice>, Option<bool>) {
    let Some(whole) = body.take("tool_choice") else { return (None, None) };
    match decode_choice(whole) {
        Some((choice, parallel)) => (Some(choice), parallel),
        None => (Some(ToolChoice::Other(whole.to_json())), None),
    }
}

/// Reads which tools may or must be called, and whether several at once; `None` where it is not in this form.
pub(crate) fn decode_choice(whole: Value<'_>) -> Option<(ToolChoice, Option<bool>)> {
    let mut fields = whole.object()?;
    let word: String = fields.take_string("type")?;
    let parallel = fields.take_bool("disable_parallel_tool_use").map(|disabled| !disabled);
    let choice = match word.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(fields.take_string("name")?),
        _ => return None,
    };
    fields.is_empty().then_some((choice, parallel))
}
