//! Tools and the choice among them, in both directions (`docs/wire/caching-thinking-tools.md`, section 1).

use super::cache;
use super::family::Family;
use crate::dialect::anthropic::NO_ARGUMENTS;
use crate::dialect::shared::{calls::Calls, nested};
use crate::json::{Extra, Fields, Json, ObjectWriter, Value, write_array};
use crate::model::{Message, PartKind, Request, Tool, ToolCall, ToolChoice, ToolKind};
use crate::schema::{self, Held};
use alloc::{borrow::Cow, string::String, vec::Vec};

/// The fields of `toolConfig` that have no name in the model stand in `extra` under this name.
pub(super) const CONFIG: &str = "toolConfig";

/// Whether the tools that may be called are declared at all.
pub(super) fn are_declared(request: &Request) -> bool {
    !declared(request).is_empty()
}

/// Whether the conversation holds calls or results: Bedrock then wants the tools declared.
pub(super) fn has_history(request: &Request) -> bool {
    parts(request).any(|kind| matches!(kind, PartKind::ToolCall(_) | PartKind::ToolResult(_)))
}

fn parts(request: &Request) -> impl Iterator<Item = &PartKind> {
    request.messages.iter().flat_map(|message: &Message| &message.content).map(|part| &part.kind)
}

/// Why a tool cannot be declared, where it cannot.
pub(super) fn unsupported(tool: &Tool) -> Option<&'static str> {
    match &tool.kind {
        ToolKind::Custom { .. } => Some("tools take JSON here; give the tool a schema"),
        // Other APIs' hosted tools name their type, Gemini's have no object of that name.
        ToolKind::Hosted(whole)
            if whole
                .value()
                .object()
                .is_none_or(|tool| tool.get("systemTool").is_none() && tool.get("toolSpec").is_none()) =>
        {
            Some("another provider's hosted tool; declare a function, or a system tool of Bedrock's")
        }
        _ => None,
    }
}

/// The tools to declare: those that may be called, and those that the conversation cannot do without.
fn declared(request: &Request) -> Vec<&Tool> {
    let is_chosen = |tool: &&Tool| match &request.tool_choice {
        // There is no choice among several: the others are left out.
        Some(ToolChoice::Subset { names, .. }) => names.contains(&tool.name),
        // There is no such choice: without tools none is called.
        Some(ToolChoice::None) => has_history(request),
        _ => true,
    };
    request.tools.iter().filter(is_chosen).filter(|tool| unsupported(tool).is_none()).collect()
}

/// The names of the calls in the conversation as they are sent, each once, where no tool is declared.
fn named_in_history(request: &Request) -> Vec<Cow<'_, str>> {
    let mut calls = Calls::new(request, Family::from_model(&request.model).calls());
    let mut names: Vec<Cow<'_, str>> = parts(request)
        .filter_map(|kind| match kind {
            PartKind::ToolCall(ToolCall { name, .. }) => Some(calls.name(name)),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Writes `toolConfig`.
pub(super) fn encode(request: &Request, nested: &Extra, body: &mut ObjectWriter<'_>) {
    let tools = declared(request);
    let history = if tools.is_empty() { named_in_history(request) } else { Vec::new() };
    if tools.is_empty() && history.is_empty() && nested.is_empty() {
        return;
    }
    body.object_with(CONFIG, nested, |config| {
        config.with("tools", |out| {
            let declared = tools.iter().flat_map(|tool| {
                let point = tool.cache.as_ref().map(|_| Entry::CachePoint(tool));
                core::iter::once(Entry::Tool(tool)).chain(point)
            });
            write_array(out, declared.chain(history.iter().map(|name| Entry::Name(name))), |out, entry| {
                encode_entry(entry, out);
            });
        });
        if !tools.is_empty() {
            encode_choice(request, config);
        }
    });
}

#[derive(Clone, Copy)]
enum Entry<'a> {
    Tool(&'a Tool),
    CachePoint(&'a Tool),
    /// A tool of which the conversation says the name alone.
    Name(&'a str),
}

fn encode_entry(entry: Entry<'_>, out: &mut Vec<u8>) {
    match entry {
        Entry::CachePoint(tool) => {
            if let Some(point) = &tool.cache {
                cache::encode(point, out);
            }
        }
        Entry::Name(name) => encode_function(name, None, None, None, &Extra::new(), out),
        Entry::Tool(Tool { name, description, kind, extra, .. }) => match kind {
            ToolKind::Hosted(whole) => out.extend_from_slice(whole.text().as_bytes()),
            ToolKind::Function { parameters, strict } => {
                let fitted = parameters.as_ref().map(|parameters| {
                    schema::fitted(&schema::ANTHROPIC, Held::WhereStrict, parameters, *strict)
                });
                let strict = fitted.as_ref().map_or(*strict, |(_, strict)| *strict);
                let parameters = fitted.as_ref().map(|(parameters, _)| &**parameters);
                encode_function(name, description.as_deref(), parameters, strict, extra, out);
            }
            ToolKind::Custom { .. } => encode_function(name, description.as_deref(), None, None, extra, out),
        },
    }
}

fn encode_function(
    name: &str,
    description: Option<&str>,
    parameters: Option<&Json>,
    strict: Option<bool>,
    extra: &Extra,
    out: &mut Vec<u8>,
) {
    let mut object = ObjectWriter::begin(out);
    object.object_with("toolSpec", extra, |tool| {
        // An empty description is refused.
        tool.field("name", name).optional("description", description.filter(|text| !text.is_empty()));
        tool.object("inputSchema", |schema| {
            schema.with("json", |out| {
                out.extend_from_slice(parameters.map_or(NO_ARGUMENTS, Json::text).as_bytes());
            });
        });
        tool.optional("strict", strict);
    });
    object.finish();
}

fn encode_choice(request: &Request, config: &mut ObjectWriter<'_>) {
    let (word, name) = match &request.tool_choice {
        None | Some(ToolChoice::None) => return,
        Some(ToolChoice::Other(whole)) => {
            config.field("toolChoice", whole);
            return;
        }
        Some(ToolChoice::Auto | ToolChoice::Subset { required: false, .. }) => ("auto", None),
        Some(ToolChoice::Required | ToolChoice::Subset { required: true, .. }) => ("any", None),
        Some(ToolChoice::Named(name)) => ("tool", Some(name)),
    };
    config.object("toolChoice", |choice| {
        choice.object(word, |inner| {
            inner.optional("name", name);
        });
    });
}

/// Takes `toolConfig` out: the tools, and the choice among them. What has no name in the model goes to `extra`.
pub(super) fn take(body: &mut Fields<'_>, extra: &mut Extra) -> (Vec<Tool>, Option<ToolChoice>) {
    let Some(mut config) = body.take_object(CONFIG) else { return (Vec::new(), None) };
    let mut tools: Vec<Tool> = Vec::new();
    for entry in config.take_array("tools").unwrap_or_default() {
        match (cache::decode(entry), tools.last_mut()) {
            (Some(point), Some(tool)) if tool.cache.is_none() => tool.cache = Some(point),
            _ => tools.push(decode_tool(entry)),
        }
    }
    let choice = config.take("toolChoice").map(decode_choice);
    nested::keep(extra, CONFIG, config);
    (tools, choice)
}

fn decode_tool(value: Value<'_>) -> Tool {
    own_tool(value).unwrap_or_else(|| Tool {
        name: hosted_name(value).unwrap_or_default(),
        description: None,
        kind: ToolKind::Hosted(value.to_json()),
        cache: None,
        extra: Extra::new(),
    })
}

fn hosted_name(value: Value<'_>) -> Option<String> {
    value.object()?.take_object("systemTool")?.take_string("name")
}

fn own_tool(value: Value<'_>) -> Option<Tool> {
    let mut fields = value.object()?;
    let mut tool = fields.take_object("toolSpec")?;
    let mut schema = tool.take_object("inputSchema")?;
    let parameters = schema.take_json("json")?;
    if !fields.is_empty() || !schema.is_empty() {
        return None;
    }
    Some(Tool {
        name: tool.take_string("name")?,
        description: tool.take_string("description").filter(|text| !text.is_empty()),
        kind: ToolKind::Function {
            parameters: Some(parameters).filter(|schema| schema.text() != NO_ARGUMENTS),
            strict: tool.take_bool("strict"),
        },
        cache: None,
        extra: tool.rest(),
    })
}

fn decode_choice(whole: Value<'_>) -> ToolChoice {
    let known = whole.object().and_then(|mut fields| {
        let (word, inner) = fields.iter().next()?;
        let (word, mut inner) = (String::from(word), inner.object()?);
        fields.take(&word);
        let choice = match word.as_str() {
            "auto" => ToolChoice::Auto,
            "any" => ToolChoice::Required,
            "tool" => ToolChoice::Named(inner.take_string("name")?),
            _ => return None,
        };
        (fields.is_empty() && inner.is_empty()).then_some(choice)
    });
    known.unwrap_or_else(|| ToolChoice::Other(whole.to_json()))
}
