//! Tools, the choice among them, and tool calls.

use crate::dialect::shared::{
    hosted_tools::{FOREIGN_TOOL, is_foreign_to_openai},
    lenient, nested,
    tool_declaration::write_wrapped,
};
use crate::encode::{Refusals, UnsupportedField};
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter, Value, WriteJson};
use crate::model::{Part, PartKind, Request, Tool, ToolCall, ToolChoice, ToolKind, normalise_arguments};
use crate::quirks::{CacheControl, Feature, NamedChoice, Quirks, RequiredWord};
use alloc::{borrow::Cow, format, string::String, vec::Vec};

/// Reads one tool's declaration; an error begins with the place inside it.
pub(crate) fn decode_tool(value: Value<'_>) -> Result<Tool, JsonError> {
    let Some(mut fields) = value.object() else { return Err(JsonError::new(": expected an object")) };
    let tool_type = fields.take_string("type");
    let name = match tool_type.as_deref() {
        // Some clients leave the type out.
        Some("function") | None if fields.get("function").is_some() => "function",
        Some("custom") if fields.get("custom").is_some() => "custom",
        _ => return Ok(hosted(value)),
    };
    let Some(mut inner) = fields.take_object(name) else {
        return Err(JsonError::new(format!(".{name}: expected an object")));
    };
    let Some(tool_name) = inner.take_string("name") else {
        return Err(JsonError::new(format!(".{name}.name: expected a string")));
    };
    let description = inner.take_string("description");
    let kind = if name == "function" {
        ToolKind::Function { parameters: inner.take_json("parameters"), strict: inner.take_bool("strict") }
    } else {
        ToolKind::Custom { format: inner.take_json("format") }
    };
    let mut extra = fields.rest();
    nested::keep(&mut extra, name, inner);
    Ok(Tool { name: tool_name, description, kind, cache: None, extra })
}

pub(crate) fn hosted(value: Value<'_>) -> Tool {
    let whole = ToolKind::Hosted(value.to_json());
    Tool { name: String::new(), description: None, kind: whole, cache: None, extra: Extra::new() }
}

/// The tools that can be declared, the others are refused; and the choice among them in words that the provider knows.
pub(super) fn carried<'a>(
    request: &'a Request,
    quirks: &Quirks,
    refusals: &mut Refusals,
) -> Result<(Vec<&'a Tool>, Option<Cow<'a, ToolChoice>>), UnsupportedField> {
    let mut carried = Vec::with_capacity(request.tools.len());
    for (position, tool) in request.tools.iter().enumerate() {
        match &tool.kind {
            ToolKind::Hosted(whole) if is_foreign_to_openai(whole) => {
                refusals.add(format!("tools[{position}]"), FOREIGN_TOOL)?;
                continue;
            }
            ToolKind::Custom { .. } if !quirks.supports(Feature::CustomTools) => continue,
            _ => {}
        }
        if tool.cache.is_some() {
            let field = format!("tools[{position}].cache");
            if quirks.cache_control == CacheControl::Strip {
                refusals.note(field, &quirks.reason("caches by itself"));
            } else {
                refusals.add(field, "only content parts carry cache breakpoints")?;
            }
        }
        carried.push(tool);
    }
    let choice = match request.tool_choice.as_ref() {
        Some(ToolChoice::Named(name)) if quirks.named_choice == NamedChoice::OnlyTool => {
            carried.retain(|tool| tool.name == *name);
            Some(Cow::Owned(ToolChoice::Required))
        }
        Some(ToolChoice::Subset { required, names }) if !quirks.supports(Feature::ToolChoiceSubset) => {
            carried.retain(|tool| names.contains(&tool.name));
            Some(Cow::Owned(if *required { ToolChoice::Required } else { ToolChoice::Auto }))
        }
        choice => choice.map(Cow::Borrowed),
    };
    // That the model chooses needs no word.
    let choice = choice.filter(|choice| **choice != ToolChoice::Auto || quirks.supports(Feature::ToolChoice));
    Ok((carried, choice))
}

/// Reads which tools may or must be called. What has no name in the model is kept whole.
pub(crate) fn decode_choice(value: Value<'_>) -> ToolChoice {
    match value.string().as_deref() {
        Some("auto") => return ToolChoice::Auto,
        Some("none") => return ToolChoice::None,
        // `any` is Mistral's and Fireworks' word.
        Some("required" | "any") => return ToolChoice::Required,
        _ => {}
    }
    named(value).or_else(|| subset(value)).unwrap_or_else(|| ToolChoice::Other(value.to_json()))
}

fn named(value: Value<'_>) -> Option<ToolChoice> {
    tool_name(value).map(ToolChoice::Named)
}

/// The name in `{"type":"function","function":{"name":…}}` or the same with `custom`.
fn tool_name(value: Value<'_>) -> Option<String> {
    let mut fields = value.object()?;
    let tool_type = fields.take_string("type")?;
    if !matches!(tool_type.as_str(), "function" | "custom") {
        return None;
    }
    fields.take_object(&tool_type)?.take_string("name")
}

fn subset(value: Value<'_>) -> Option<ToolChoice> {
    let mut fields = value.object()?;
    if fields.take_string("type")? != "allowed_tools" {
        return None;
    }
    let mut allowed = fields.take_object("allowed_tools")?;
    let required = match allowed.take_string("mode")?.as_str() {
        "required" => true,
        "auto" => false,
        _ => return None,
    };
    let names: Option<Vec<String>> = allowed.take_array("tools")?.into_iter().map(tool_name).collect();
    Some(ToolChoice::Subset { required, names: names? })
}

/// Writes which tools may or must be called.
pub(super) fn write_choice(out: &mut Vec<u8>, choice: &ToolChoice, request: &Request, quirks: &Quirks) {
    let required = match quirks.required_word {
        RequiredWord::Required => "required",
        RequiredWord::Any => "any",
    };
    match choice {
        ToolChoice::Auto => "auto".write_json(out),
        ToolChoice::None => "none".write_json(out),
        ToolChoice::Required => required.write_json(out),
        ToolChoice::Named(name) => write_name(out, name, request),
        ToolChoice::Subset { required, names } => {
            write_wrapped(out, "allowed_tools", &Extra::new(), |allowed| {
                allowed.field("mode", if *required { "required" } else { "auto" });
                allowed.array("tools", names, |out, name| write_name(out, name, request));
            });
        }
        ToolChoice::Other(whole) => whole.write_json(out),
    }
}

fn write_name(out: &mut Vec<u8>, name: &str, request: &Request) {
    let is_custom =
        request.tools.iter().any(|tool| tool.name == name && matches!(tool.kind, ToolKind::Custom { .. }));
    write_wrapped(out, if is_custom { "custom" } else { "function" }, &Extra::new(), |tool| {
        tool.field("name", name);
    });
}

/// A call, or a piece of one, as it was written.
#[derive(Debug, Default)]
pub(super) struct WrittenCall {
    /// The place among the calls, which some servers write in plain answers too.
    pub(super) index: Option<u64>,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
    pub(super) custom: bool,
    pub(super) extra: Extra,
}

/// Reads a call, or a piece of one. `None` where there is nothing of a call.
pub(super) fn read_call(value: Value<'_>) -> Option<WrittenCall> {
    if let Some(inner) = lenient::object_in_string(value) {
        return read_call(inner.value());
    }
    let mut fields = lenient::object(value)?;
    let index = lenient::take_count(&mut fields, "index");
    let id = lenient::take(&mut fields, "id").unwrap_or_default();
    let word = fields.take("type").and_then(Value::string);
    let custom = is_custom(&fields, word.as_deref());
    let is_other = word.is_some_and(|word| !matches!(word.as_str(), "function" | "custom"));
    let (word, other) = if custom { ("custom", "function") } else { ("function", "custom") };
    // Snowflake adds an empty one of the other kind to each.
    if fields.get(other).is_some_and(is_placeholder) {
        fields.take(other);
    }
    let call = match fields.get(word) {
        Some(written) if !written.is_null() => {
            fields.take(word);
            let Some(mut inner) = lenient::object(written) else {
                // The name as a string, and the arguments as its sibling.
                let name = lenient::known(written)?;
                let arguments = take_arguments(&mut fields, custom).unwrap_or_default();
                return Some(WrittenCall { index, id, name, arguments, custom, extra: about(&fields) });
            };
            let name = lenient::take(&mut inner, "name").unwrap_or_default();
            let arguments = take_arguments(&mut inner, custom).unwrap_or_default();
            let mut extra = about(&fields);
            nested::keep(&mut extra, word, inner);
            WrittenCall { index, id, name, arguments, custom, extra }
        }
        _ if is_other => return None,
        // Without the object around them.
        _ => {
            let name = lenient::take_known(&mut fields, "name").unwrap_or_default();
            let arguments = if name.is_empty() { None } else { take_arguments(&mut fields, custom) };
            let arguments = arguments.unwrap_or_default();
            WrittenCall { index, id, name, arguments, custom, extra: about(&fields) }
        }
    };
    Some(call)
}

/// Whether a call is a custom tool's: its type decides, and where it has none, which of the two says anything.
fn is_custom(fields: &Fields<'_>, word: Option<&str>) -> bool {
    let says = |name: &str| fields.get(name).is_some_and(|inner| inner.is_object() && !is_placeholder(inner));
    let custom = fields.get("custom").is_some_and(Value::is_object);
    custom
        && match word {
            Some("custom") => true,
            Some("function") => !fields.get("function").is_some_and(Value::is_object),
            _ => says("custom") || !says("function"),
        }
}

/// Whether nothing in an object says anything.
pub(super) fn is_placeholder(value: Value<'_>) -> bool {
    value.is_null()
        || value.object().is_some_and(|fields| {
            fields.iter().all(|(_, value)| matches!(value.text(), "\"\"" | "null" | "{}" | "[]"))
        })
}

fn about(fields: &Fields<'_>) -> Extra {
    let said = fields.iter().filter(|(_, value)| !value.is_null());
    said.map(|(name, value)| (name.into(), value.to_json())).collect()
}

/// Reads one whole tool call of an answer; `None` where it is none. One without a name is none.
pub(super) fn decode_call(value: Value<'_>) -> Option<Part> {
    read_call(value).filter(|call| !call.name.is_empty()).map(whole_call)
}

/// As [`decode_call`], of a message that a caller wrote: it has the object that a call is in, and perhaps no name.
pub(super) fn decode_written_call(value: Value<'_>) -> Option<Part> {
    if let Some(inner) = lenient::object_in_string(value) {
        return decode_written_call(inner.value());
    }
    let fields = value.object()?;
    let is_call = ["function", "custom"].iter().any(|word| fields.get(word).is_some_and(Value::is_object));
    read_call(value).filter(|_| is_call).map(whole_call)
}

fn whole_call(call: WrittenCall) -> Part {
    let WrittenCall { id, name, mut arguments, custom, extra, .. } = call;
    if !custom {
        normalise_arguments(&mut arguments);
    }
    let call = ToolCall { id, name, arguments, custom };
    Part { extra, ..Part::new(PartKind::ToolCall(call)) }
}

/// Whether an item that is not a call is empty.
pub(super) fn says_nothing(value: Value<'_>) -> bool {
    matches!(value.text(), "null" | "\"\"")
        || read_call(value).is_some_and(|call| {
            call.name.is_empty() && call.arguments.trim().is_empty() && call.extra.is_empty()
        })
}

/// Whether `whole`, which is not a valid tool call, is in the place of one: it has fields that only a call has.
pub(super) fn looks_like_call(whole: &Json) -> bool {
    whole.value().object().is_some_and(|fields| {
        fields.get("function").is_some()
            || fields.get("custom").is_some()
            || fields.get("type").is_some_and(|written| written.text() == "\"function\"")
    })
}

/// The arguments as text. Some servers write the object itself rather than its text; whatever it is, it is not lost.
pub(crate) fn take_arguments(function: &mut Fields<'_>, custom: bool) -> Option<String> {
    let name = if custom { "input" } else { "arguments" };
    function.take_string(name).or_else(|| {
        let whole = function.take(name)?;
        Some(lenient::object_in_pieces(whole).unwrap_or_else(|| whole.strict_text().into_owned()))
    })
}

/// Writes one whole tool call, of the tool `tool`.
pub(crate) fn write_call(out: &mut Vec<u8>, id: &str, tool: &str, call: &ToolCall, extra: &Extra) {
    let (name, arguments) = if call.custom { ("custom", "input") } else { ("function", "arguments") };
    let (outer, inner) = nested::split(extra, name);
    let mut object = ObjectWriter::begin_with(out, &outer);
    object.field("id", id).field("type", name).object_with(name, &inner, |function| {
        function.field("name", tool).field(arguments, &call.arguments);
    });
    object.finish();
}
