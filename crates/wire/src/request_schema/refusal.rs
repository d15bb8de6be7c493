//! Refusals: what a provider says of a request that does not have its schema.

use super::schema::{Schema, Style};
use super::shape::{Problem, Step, field};
use crate::json::{Fields, ObjectWriter, write_array};
use crate::model::{ErrorKind, ProviderError};
use alloc::{format, string::String, vec::Vec};
use core::fmt::Write as _;

impl Schema {
    /// The error with which the provider refuses a body; `None` where it takes it.
    pub(crate) fn refusal(&self, body: &[u8]) -> Option<ProviderError> {
        let style = self.style?;
        let body = Fields::parse(body).ok()?;
        for (name, value) in body.iter() {
            if !self.top_level.is_empty() && !self.top_level.iter().any(|names| names.contains(&name)) {
                return Some(error(style, &[], &Problem::Unknown(name.into())));
            }
            let Some(shape) = field(self.body, name) else { continue };
            let mut path = alloc::vec![Step::Name(name.into())];
            if let Err(problem) = shape.check(value, &mut path) {
                // What is said of roles is said of the whole conversation, where that is refused.
                let is_role = matches!(problem, Problem::Kind { tag: "role", .. });
                if style == Style::Ollama && problem != Problem::Unexpected
                    || is_role && style.knows_conversations()
                {
                    continue;
                }
                return Some(error(style, &path, &problem));
            }
        }
        None
    }
}

/// The type of an error whose message is the body of a validator's answer.
const VALIDATION: &str = "validation_error";

/// The body of an answer that says nothing but a validator's list.
pub(crate) fn validation_list(error: &ProviderError) -> Option<&str> {
    let is_list = error.error_type.as_deref() == Some(VALIDATION);
    is_list.then_some(error.message.as_str())
}

fn error(style: Style, path: &[Step], problem: &Problem) -> ProviderError {
    let mut error = ProviderError::new(ErrorKind::InvalidRequest, message(style, path, problem));
    error.status = Some(if style == Style::Mistral { 422 } else { 400 });
    let place = match problem {
        Problem::Unknown(name) | Problem::Missing(name) if path.is_empty() => name.clone(),
        Problem::Unknown(name) | Problem::Missing(name) => format!("{}.{name}", brackets(path)),
        Problem::Kind { tag, .. } => format!("{}.{tag}", brackets(path)),
        Problem::Unexpected => brackets(path),
    };
    match style {
        Style::Azure if path.is_empty() => error.error_type = Some("invalid_request_error".into()),
        Style::OpenAi | Style::Azure => {
            error.error_type = Some("invalid_request_error".into());
            error.param = Some(place);
            let code = match problem {
                Problem::Unknown(_) => "unknown_parameter",
                Problem::Missing(_) => "missing_required_parameter",
                Problem::Kind { .. } | Problem::Unexpected => "invalid_value",
            };
            error.code = Some(code.into());
        }
        Style::Cerebras => {
            error.error_type = Some("invalid_request_error".into());
            error.param = Some(place);
            error.code = Some("wrong_api_format".into());
        }
        Style::Groq | Style::Fireworks | Style::Anthropic => {
            error.error_type = Some("invalid_request_error".into());
        }
        Style::Aws => error.error_type = Some("ValidationException".into()),
        Style::Mistral => error.error_type = Some(VALIDATION.into()),
        Style::Google | Style::Ollama | Style::Other => {}
    }
    error
}

fn message(style: Style, path: &[Step], problem: &Problem) -> String {
    if let ([], Problem::Unknown(name)) = (path, problem) {
        return top_level_message(style, name);
    }
    let place = brackets(path);
    match (style, problem) {
        (Style::OpenAi | Style::Azure, Problem::Unknown(name)) => {
            format!("Unknown parameter: '{place}.{name}'.")
        }
        (Style::OpenAi | Style::Azure, Problem::Missing(name)) => {
            format!("Missing required parameter: '{place}.{name}'.")
        }
        (Style::OpenAi | Style::Azure, Problem::Kind { kind, known, .. }) => {
            format!("Invalid value: '{kind}'. Supported values are: {}.", listed(known))
        }
        (Style::OpenAi | Style::Azure, Problem::Unexpected) => format!("Invalid value for '{place}'."),
        (Style::Anthropic, Problem::Unknown(name)) => {
            format!("{}.{name}: Extra inputs are not permitted", dots(path, 3))
        }
        (Style::Anthropic, Problem::Missing(name)) => format!("{}.{name}: Field required", dots(path, 3)),
        (Style::Anthropic, Problem::Kind { tag, kind, known }) => {
            format!("{}: {}", dots(path, 3), not_among(tag, kind, known))
        }
        (Style::Anthropic, Problem::Unexpected) => {
            format!("{}: Input should be a valid value", dots(path, 3))
        }
        (Style::Google, Problem::Unknown(name)) => {
            format!("Invalid JSON payload received. Unknown name \"{name}\" at '{place}': Cannot find field.")
        }
        (Style::Google, _) => format!("Invalid value at '{place}'"),
        (Style::Aws, Problem::Unknown(name)) => format!("Unknown parameter in {place}: \"{name}\""),
        (Style::Aws, Problem::Missing(name)) => {
            format!("Missing required parameter in {place}: \"{name}\"")
        }
        (Style::Aws, Problem::Unexpected) => format!("Invalid type for parameter {place}"),
        (Style::Mistral, problem) => mistral(path, problem),
        (Style::Groq, Problem::Unknown(name)) => {
            let (place, role) = (dots(path.get(..2).unwrap_or(path), usize::MAX), kind(path));
            format!(
                "'{place}' : for 'role:{role}' the following must be satisfied[('{}' : property '{name}' is unsupported)]",
                dots(path, usize::MAX)
            )
        }
        (Style::Groq, Problem::Kind { tag, .. }) => {
            format!("'{}' : discriminator property '{tag}' has invalid value", dots(path, usize::MAX))
        }
        (Style::Cerebras, Problem::Unknown(name)) => {
            let place = format!("{}.{name}", dots(path, 0));
            format!("{place}: property '{place}' is unsupported")
        }
        (Style::Fireworks, Problem::Unknown(name)) => {
            format!("Extra inputs are not permitted, field: '{place}.{name}'")
        }
        (_, Problem::Unknown(name)) => format!("{place}: unknown field \"{name}\""),
        (_, Problem::Missing(name)) => format!("{place}: missing field \"{name}\""),
        (_, Problem::Kind { tag, kind, .. }) => format!("{place}.{tag}: invalid value \"{kind}\""),
        (_, Problem::Unexpected) => format!("{place}: invalid value"),
    }
}

/// What is said of a field of the body that nobody knows.
fn top_level_message(style: Style, name: &str) -> String {
    match style {
        Style::OpenAi => format!("Unknown parameter: '{name}'."),
        Style::Azure => format!("Unrecognized request argument supplied: {name}"),
        Style::Anthropic => format!("{name}: Extra inputs are not permitted"),
        Style::Google => {
            format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.")
        }
        Style::Aws => format!("Unknown parameter in input: \"{name}\""),
        Style::Mistral => mistral(&[], &Problem::Unknown(name.into())),
        Style::Groq | Style::Cerebras => format!("property '{name}' is unsupported"),
        Style::Fireworks => format!("Extra inputs are not permitted, field: '{name}'"),
        Style::Ollama | Style::Other => format!("unknown field \"{name}\""),
    }
}

/// `'a', 'b', and 'c'`.
fn listed(known: &[&str]) -> String {
    let mut text = String::new();
    for (position, word) in known.iter().enumerate() {
        let separator = match position {
            0 => "",
            1 if known.len() == 2 => " and ",
            _ if position + 1 == known.len() => ", and ",
            _ => ", ",
        };
        _ = write!(text, "{separator}'{word}'");
    }
    text
}

/// What pydantic, with which Anthropic and Mistral read requests, says of a kind that it does not know.
fn not_among(tag: &str, kind: &str, known: &[&str]) -> String {
    let known: Vec<String> = known.iter().map(|word| format!("'{word}'")).collect();
    format!(
        "Input tag '{kind}' found using '{tag}' does not match any of the expected tags: {}",
        known.join(", ")
    )
}

/// The role of the message that the path leads through.
fn kind(path: &[Step]) -> &str {
    path.iter()
        .find_map(|step| if let Step::Kind(kind) = step { Some(kind.as_str()) } else { None })
        .unwrap_or_default()
}

/// `messages[1].content[0]`.
fn brackets(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Name(name) if text.is_empty() => text.push_str(name),
            Step::Name(name) => _ = write!(text, ".{name}"),
            Step::Index(index) => _ = write!(text, "[{index}]"),
            Step::Kind(_) => {}
        }
    }
    text
}

/// `messages.1.content.0.text`, with the kinds of objects (roles, types of parts) from the `first` step on.
fn dots(path: &[Step], first: usize) -> String {
    let mut names = Vec::new();
    for (position, step) in path.iter().enumerate() {
        match step {
            Step::Name(name) => names.push(name.clone()),
            Step::Index(index) => names.push(format!("{index}")),
            Step::Kind(kind) if position >= first => names.push(kind.clone()),
            Step::Kind(_) => {}
        }
    }
    names.join(".")
}

/// The list that Mistral's validator writes.
fn mistral(path: &[Step], problem: &Problem) -> String {
    let (kind, text, name) = match problem {
        Problem::Unknown(name) => ("extra_forbidden", "Extra inputs are not permitted".into(), Some(name)),
        Problem::Missing(name) => ("missing", "Field required".into(), Some(name)),
        Problem::Kind { tag, kind, known } => ("union_tag_invalid", not_among(tag, kind, known), None),
        Problem::Unexpected => ("value_error", "Input should be a valid value".into(), None),
    };
    let mut out = Vec::new();
    let mut object = ObjectWriter::begin(&mut out);
    object.array("detail", [()], |out, ()| {
        let mut detail = ObjectWriter::begin(out);
        detail.field("type", kind).with("loc", |out| {
            let steps = path.iter().map(|step| match step {
                Step::Name(name) | Step::Kind(name) => crate::json::Json::string(name),
                Step::Index(index) => crate::json::Json::written(*index as u64),
            });
            let first = core::iter::once(crate::json::Json::string("body"));
            let last = name.map(|name| crate::json::Json::string(name));
            write_array(out, first.chain(steps).chain(last), |out, step| {
                crate::json::WriteJson::write_json(&step, out);
            });
        });
        detail.field("msg", &text);
        detail.finish();
    });
    object.finish();
    String::from_utf8(out).unwrap_or_default()
}
