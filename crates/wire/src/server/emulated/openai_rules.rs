//! OpenAI's rules about single fields of a chat request, in its words: fields that need another one, tools' names, and
//! figures out of their range (`docs/wire/errors.md`, section 5).

use crate::model::{ErrorKind, ProviderError, Request, ToolChoice};
use alloc::{format, string::String};

/// Names of tools are not longer.
const MAX_NAME: usize = 64;

/// Why OpenAI, or Azure, refuses the request; `None` where it takes it, and where it is another provider's.
pub(super) fn refusal(format: &str, provider: &str, request: &Request) -> Option<ProviderError> {
    if format != "openai-chat" || !matches!(provider, "openai" | "azure") {
        return None;
    }
    stored_metadata(request)
        .or_else(|| needs_tools(request))
        .or_else(|| unknown_choice(request))
        .or_else(|| names(request))
        .or_else(|| ranges(request))
}

fn refused(param: impl Into<String>, code: Option<&str>, message: impl Into<String>) -> ProviderError {
    let mut error = ProviderError::new(ErrorKind::InvalidRequest, message);
    error.status = Some(400);
    error.error_type = Some("invalid_request_error".into());
    error.param = Some(param.into());
    error.code = code.map(Into::into);
    error
}

/// Labels are kept with stored completions only.
fn stored_metadata(request: &Request) -> Option<ProviderError> {
    let is_stored = request.extra.get("store").is_some_and(|store| store.text() == "true");
    (!is_stored && !request.metadata.is_empty()).then(|| {
        refused("metadata", None, "The 'metadata' parameter is only allowed when 'store' is enabled.")
    })
}

fn needs_tools(request: &Request) -> Option<ProviderError> {
    let given = [
        ("tool_choice", request.tool_choice.is_some()),
        ("parallel_tool_calls", request.parallel_tool_calls.is_some()),
    ];
    let (name, _) = given.into_iter().find(|(_, is_given)| *is_given && request.tools.is_empty())?;
    let message = format!("Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.");
    Some(refused(name, None, message))
}

/// A choice of a tool that is not declared.
fn unknown_choice(request: &Request) -> Option<ProviderError> {
    let Some(ToolChoice::Named(name)) = &request.tool_choice else { return None };
    let is_known = request.tools.iter().any(|tool| tool.name == *name);
    (!is_known).then(|| {
        refused("tool_choice", None, format!("Tool choice '{name}' not found in 'tools' parameter."))
    })
}

fn names(request: &Request) -> Option<ProviderError> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    // Hosted tools have no name of the caller's.
    let mut named = request.tools.iter().enumerate().filter(|(_, tool)| !tool.name.is_empty());
    named.find_map(|(position, tool)| {
        let place = format!("tools[{position}].function.name");
        let length = tool.name.chars().count();
        if !tool.name.chars().all(is_word) {
            return Some(refused(
                place.clone(),
                Some("invalid_value"),
                format!(
                    "Invalid '{place}': string does not match pattern. Expected a string that matches the pattern \
                     '^[a-zA-Z0-9_-]+$'."
                ),
            ));
        }
        (length > MAX_NAME).then(|| {
            let message = format!(
                "Invalid '{place}': string too long. Expected a string with maximum length {MAX_NAME}, but got a \
                 string with length {length} instead."
            );
            refused(place, Some("string_above_max_length"), message)
        })
    })
}

fn ranges(request: &Request) -> Option<ProviderError> {
    let figures = [
        ("temperature", request.temperature, 0.0, 2.0),
        ("top_p", request.top_p, 0.0, 1.0),
        ("frequency_penalty", request.frequency_penalty, -2.0, 2.0),
        ("presence_penalty", request.presence_penalty, -2.0, 2.0),
    ];
    figures.into_iter().find_map(|(name, given, lowest, highest)| {
        let given = given?;
        let (word, sign, bound) = if given > highest {
            ("above maximum", "<=", highest)
        } else if given < lowest {
            ("below minimum", ">=", lowest)
        } else {
            return None;
        };
        let message = format!(
            "Invalid '{name}': decimal {word} value. Expected a value {sign} {bound}, but got {given} instead."
        );
        let code = if given > highest { "decimal_above_max_value" } else { "decimal_below_min_value" };
        Some(refused(name, Some(code), message))
    })
}
