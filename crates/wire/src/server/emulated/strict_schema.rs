//! Strict schemas that a provider refuses, in its words: answers and tools whose schema is not in the subset of JSON
//! Schema to which it holds the model.

use crate::json::Json;
use crate::model::{ErrorKind, ProviderError, Request, ResponseFormat, ToolKind};
use crate::quirks::{Quirks, SchemaSubset};
use crate::schema::{self, Violation, ViolationKind, violation};
use alloc::{format, string::String, vec::Vec};

/// Why the provider refuses the schemas of `request`; `None` where it takes them.
pub(super) fn refusal(format: &str, quirks: &Quirks, request: &Request) -> Option<ProviderError> {
    match format {
        "openai-chat" | "openai-responses" => openai(format == "openai-chat", quirks, request),
        "anthropic" => anthropic(request),
        _ => None,
    }
}

fn openai(is_chat: bool, quirks: &Quirks, request: &Request) -> Option<ProviderError> {
    // The rows with another subset are held to it by their quirks.
    if quirks.strict_schema != SchemaSubset::OpenAi {
        return None;
    }
    let subset = schema::subset(quirks.strict_schema);
    if let Some(ResponseFormat::JsonSchema { name, schema, strict: Some(true), .. }) =
        &request.response_format
        && let Some(found) = violation(subset, schema)
    {
        let of = format!("response_format '{}'", name.as_deref().unwrap_or("response"));
        let mut error = refused(format!("Invalid schema for {of}: {}", openai_words(&found)));
        error.param = Some(if is_chat { "response_format" } else { "text.format.schema" }.into());
        error.code = (!is_chat).then(|| "invalid_json_schema".into());
        return Some(error);
    }
    strict_tools(request).find_map(|(position, name, parameters)| {
        let found = violation(subset, parameters)?;
        let mut error = refused(format!("Invalid schema for function '{name}': {}", openai_words(&found)));
        let place = if is_chat { "function.parameters" } else { "parameters" };
        error.param = Some(format!("tools[{position}].{place}"));
        error.code = Some("invalid_function_parameters".into());
        Some(error)
    })
}

fn anthropic(request: &Request) -> Option<ProviderError> {
    let subset = &schema::ANTHROPIC;
    if let Some(ResponseFormat::JsonSchema { schema, .. }) = &request.response_format
        && let Some(found) = violation(subset, schema)
    {
        return Some(refused(format!("output_config.format.schema: {}", anthropic_words(&found))));
    }
    strict_tools(request).find_map(|(position, _, parameters)| {
        let found = violation(subset, parameters)?;
        Some(refused(format!("tools.{position}.custom: {}", anthropic_words(&found))))
    })
}

/// The position, name and schema of each strict tool.
fn strict_tools(request: &Request) -> impl Iterator<Item = (usize, &str, &Json)> {
    request.tools.iter().enumerate().filter_map(|(position, tool)| match &tool.kind {
        ToolKind::Function { parameters: Some(parameters), strict: Some(true) } => {
            Some((position, tool.name.as_str(), parameters))
        }
        _ => None,
    })
}

fn refused(message: String) -> ProviderError {
    let mut error = ProviderError::new(ErrorKind::InvalidRequest, message);
    error.status = Some(400);
    error.error_type = Some("invalid_request_error".into());
    error
}

/// `In context=('properties', 'a'), ...`, with the place as Python writes a tuple.
fn openai_words(found: &Violation) -> String {
    let names: Vec<String> = found.place.iter().map(|name| format!("'{name}'")).collect();
    let context =
        if names.len() == 1 { format!("({},)", names.join("")) } else { format!("({})", names.join(", ")) };
    match &found.kind {
        ViolationKind::Root(kind) => {
            format!("schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'.")
        }
        ViolationKind::Open => {
            format!(
                "In context={context}, 'additionalProperties' is required to be supplied and to be false."
            )
        }
        ViolationKind::Optional(name) => format!(
            "In context={context}, 'required' is required to be supplied and to be an array including every key in \
             properties. Missing '{name}'."
        ),
        ViolationKind::Keyword { keyword, .. } => {
            format!("In context={context}, '{keyword}' is not permitted.")
        }
        ViolationKind::NextToReference(name) => {
            format!("In context={context}, $ref cannot have keywords {{'{name}'}}.")
        }
        ViolationKind::NoType => format!("In context={context}, schema must have a 'type' key."),
    }
}

fn anthropic_words(found: &Violation) -> String {
    match &found.kind {
        ViolationKind::Open => {
            String::from("For 'object' type, 'additionalProperties' must be explicitly set to false")
        }
        ViolationKind::Keyword { keyword, of } if !of.is_empty() => {
            format!("For '{of}' type, property '{keyword}' is not supported")
        }
        ViolationKind::Keyword { keyword, .. } => format!("Schema keyword '{keyword}' is not supported"),
        ViolationKind::NextToReference(name) => format!("Schemas with '$ref' cannot have '{name}'"),
        ViolationKind::Root(_) | ViolationKind::NoType | ViolationKind::Optional(_) => {
            String::from("Invalid schema")
        }
    }
}
