//! Errors of Chat Completions: those in place of an answer, and error bodies as a server.

use crate::dialect::shared::lenient;
use crate::framing::StreamError;
use crate::json::{Fields, ObjectWriter, Value};
use crate::model::{ErrorKind, ProviderError};
use alloc::{boxed::Box, format, string::String, vec::Vec};

/// Whether `fields` have an `error` that says something.
pub(crate) fn is_in(fields: &Fields<'_>) -> bool {
    fields.get("error").is_some_and(|error| {
        error.object().is_some_and(|error| !error.is_empty())
            || error.string().is_some_and(|error| !error.is_empty())
    })
}

/// Whether a choice says that it failed, as OpenRouter's do.
pub(crate) fn is_in_choice(choice: Value<'_>) -> bool {
    // Nearly all choices do not even have the word in them.
    memchr::memmem::find(choice.text().as_bytes(), b"\"error\"").is_some()
        && choice.object().is_some_and(|choice| is_in(&choice))
}

/// The choices of an answer; `None` where there are none.
pub(crate) fn take_choices<'a>(fields: &mut Fields<'a>) -> Result<Option<Vec<Value<'a>>>, StreamError> {
    let Some(mut choices) = lenient::take_items(fields, "choices") else { return Ok(None) };
    for choice in choices.iter_mut().filter(|choice| choice.is_array()) {
        *choice = lenient::one(*choice);
    }
    match choices.iter().position(|choice| !choice.is_object()) {
        Some(position) => Err(lenient::unreadable(&format!("choices[{position}]"), "an object")),
        None => Ok(Some(choices)),
    }
}

/// The error that a list holds, as Gemini writes it.
pub(crate) fn in_list(value: Value<'_>) -> Option<StreamError> {
    let first = value.array()?.into_iter().next()?;
    is_in(&first.object()?).then(|| provider_error(first.text()))
}

/// A body without choices is an error in one of the shapes that have no `error`, or nothing we know.
pub(crate) fn without_choices(value: Value<'_>) -> StreamError {
    without(value, "choices")
}

/// As [`without_choices`], for answers of another operation.
pub(crate) fn without(value: Value<'_>, what: &str) -> StreamError {
    match crate::error::decode_in_stream(value.text()) {
        Some(error) => StreamError::Provider(Box::new(error)),
        None => StreamError::Malformed(format!("an answer without {what}")),
    }
}

/// `data` is an error, whatever its shape.
pub(crate) fn provider_error(data: &str) -> StreamError {
    let error = crate::error::decode_in_stream(data).unwrap_or_else(|| {
        let beginning: String = data.chars().take(500).collect();
        ProviderError::new(ErrorKind::Server, beginning)
    });
    StreamError::Provider(Box::new(error))
}

/// Writes an error answer.
pub(crate) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin(&mut out);
    body.object("error", |object| {
        object.field("message", &error.message).field("type", error_type(error));
        object.nullable("param", error.param.as_ref()).nullable("code", code(error));
    });
    body.finish();
    out
}

/// OpenAI's own type for the kind where the error has none.
fn error_type(error: &ProviderError) -> &str {
    if let Some(own) = &error.error_type {
        return own;
    }
    match error.kind {
        ErrorKind::QuotaExceeded => "insufficient_quota",
        ErrorKind::RateLimited => "rate_limit_error",
        ErrorKind::Overloaded => "service_unavailable_error",
        ErrorKind::Timeout => "timeout_error",
        ErrorKind::Server | ErrorKind::StreamInterrupted => "server_error",
        ErrorKind::PermissionDenied => "permission_error",
        ErrorKind::Authentication => "authentication_error",
        ErrorKind::NotFound
        | ErrorKind::InvalidRequest
        | ErrorKind::ContextLength
        | ErrorKind::ContentFiltered
        | ErrorKind::Cancelled => "invalid_request_error",
    }
}

/// OpenAI's own code for the kind where the error has none.
fn code(error: &ProviderError) -> Option<&str> {
    error.code.as_deref().or(match error.kind {
        ErrorKind::Authentication => Some("invalid_api_key"),
        ErrorKind::NotFound => Some("model_not_found"),
        ErrorKind::ContextLength => Some("context_length_exceeded"),
        ErrorKind::ContentFiltered => Some("content_filter"),
        ErrorKind::RateLimited => Some("rate_limit_exceeded"),
        ErrorKind::QuotaExceeded => Some("insufficient_quota"),
        ErrorKind::Overloaded => Some("server_is_overloaded"),
        ErrorKind::Server | ErrorKind::StreamInterrupted => Some("server_error"),
        ErrorKind::PermissionDenied
        | ErrorKind::InvalidRequest
        | ErrorKind::Timeout
        | ErrorKind::Cancelled => None,
    })
}
