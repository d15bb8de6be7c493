//! Representations of replies and messages: short text for a prompt, Markdown for a notebook, and those of the official
//! SDKs.

use crate::to_python::json_to_python;
use ferrule_wire::{
    dialect::{Dialect, registry},
    encode::EncodeOptions,
    json::{Fields, Value},
    model::{self, Part, PartKind},
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyString, PyTuple},
};
use std::borrow::Cow;

/// The formats of the most common SDKs.
pub(crate) const OPENAI: &str = "openai-chat";
pub(crate) const ANTHROPIC: &str = "anthropic";
/// The length to which a long text is truncated.
const SHOWN: usize = 80;

/// The `repr` of `text`, truncated if it is long.
pub(crate) fn short(py: Python<'_>, text: &str) -> PyResult<String> {
    let shown: Cow<'_, str> = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    };
    Ok(PyString::new(py, &shown).repr()?.to_string())
}

/// A summary of a message: its text, or the kinds of its parts.
pub(crate) fn short_content(py: Python<'_>, message: &model::Message) -> PyResult<String> {
    match message.content.as_slice() {
        [] => Ok("''".to_owned()),
        [Part { kind: PartKind::Text(text), .. }] => short(py, text),
        parts => {
            let parts = parts.iter().map(|part| short_part(py, part)).collect::<PyResult<Vec<_>>>()?;
            Ok(format!("[{}]", parts.join(", ")))
        }
    }
}

fn short_part(py: Python<'_>, part: &Part) -> PyResult<String> {
    Ok(match &part.kind {
        PartKind::Text(text) => short(py, text)?,
        PartKind::Image(_) => "<image>".to_owned(),
        PartKind::Document(_) => "<document>".to_owned(),
        PartKind::Audio(_) => "<audio>".to_owned(),
        PartKind::ToolCall(call) => format!("<call of {}>", call.name),
        PartKind::ToolResult(result) => format!("<result of {}>", result.tool_call_id),
        PartKind::Reasoning(_) | PartKind::RedactedReasoning { .. } => "<reasoning>".to_owned(),
        PartKind::Refusal(text) => format!("<refusal {}>", short(py, text)?),
        PartKind::ProviderItem { dialect, .. } => format!("<item of {dialect}>"),
        PartKind::Unknown(_) => "<unknown part>".to_owned(),
    })
}

/// The names of the tools called by a message.
pub(crate) fn called(message: &model::Message) -> Vec<&str> {
    let mut names = Vec::new();
    for part in &message.content {
        if let PartKind::ToolCall(call) = &part.kind {
            names.push(call.name.as_str());
        }
    }
    names
}

/// A message as Markdown: its text unchanged, and its calls as code.
pub(crate) fn markdown(message: &model::Message) -> String {
    let mut blocks: Vec<String> = Vec::new();
    let mut text = String::new();
    for part in &message.content {
        match &part.kind {
            PartKind::Text(more) => text.push_str(more),
            PartKind::Refusal(refusal) => blocks.push(format!("> {}", refusal.replace('\n', "\n> "))),
            PartKind::ToolCall(call) => {
                // A fence longer than any in the arguments.
                let fence = if call.arguments.contains("```") { "````" } else { "```" };
                blocks.push(format!("{fence}json\n{}({})\n{fence}", call.name, call.arguments));
            }
            _ => {}
        }
    }
    if !text.is_empty() {
        blocks.insert(0, text);
    }
    blocks.join("\n\n")
}

fn dialect(name: &str) -> PyResult<&'static dyn Dialect> {
    registry::find(name).ok_or_else(|| PyValueError::new_err(format!("no wire format {name}")))
}

/// A response in the form of the format's own SDK.
pub(crate) fn response<'py>(
    py: Python<'py>,
    format: &str,
    response: &model::Response,
) -> PyResult<Bound<'py, PyAny>> {
    let dialect = dialect(format)?;
    let mut response = response.clone();
    // Extra fields of a response or a choice from another format do not belong in this one.
    response.extra = ferrule_wire::json::Extra::new();
    for choice in &mut response.choices {
        choice.extra = ferrule_wire::json::Extra::new();
    }
    if format == OPENAI {
        // Its models require a time, and complete usage or none.
        response.created.get_or_insert(0);
        response.usage = response.usage.filter(|usage| *usage != model::Usage::default());
    }
    dialect.add_required_fields(&mut response);
    json_to_python(py, &String::from_utf8_lossy(&dialect.encode_response(&response)))
}

/// The messages that represent a message in a request of the format: several if it has the results of several tools.
pub(crate) fn messages<'py>(
    py: Python<'py>,
    format: &str,
    message: &model::Message,
) -> PyResult<Bound<'py, PyAny>> {
    let request =
        model::Request { model: "any".into(), messages: vec![message.clone()], ..model::Request::default() };
    let encoded = dialect(format)?
        .encode_request(&request, EncodeOptions::REFUSE)
        .map_err(|error| PyValueError::new_err(error.to_string()))?;
    let body = Fields::parse(&encoded.body).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let written = body.get("messages").map_or("[]", Value::text);
    if written == "[]" {
        return Err(PyValueError::new_err(format!(
            "{format} has no such message: instructions are not one there"
        )));
    }
    json_to_python(py, written)
}

/// The pairs of a dictionary, so that `dict(...)` and web frameworks' responses work.
pub(crate) fn pairs<'py>(dict: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let pairs: Vec<Bound<'py, PyTuple>> = dict
        .cast::<PyDict>()?
        .iter()
        .map(|(name, value)| PyTuple::new(dict.py(), [name, value]))
        .collect::<PyResult<_>>()?;
    Ok(pairs.into_pyobject(dict.py())?.try_iter()?.into_any())
}
