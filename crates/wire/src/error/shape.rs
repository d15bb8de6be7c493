//! Shapes of error bodies, as providers write them.

use crate::json::{Fields, Value};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// How claude-code-router begins what it says of an upstream's error.
const ROUTED: &str = "Error from provider(";

/// How much of a body that is not JSON makes its message, in characters.
const PLAIN_MESSAGE_CHARS: usize = 500;

/// What an error body says, whatever its form.
#[derive(Debug, Default)]
pub(super) struct Reported {
    pub(super) code: Option<String>,
    pub(super) error_type: Option<String>,
    pub(super) param: Option<String>,
    pub(super) message: String,
    pub(super) request_id: Option<String>,
    /// Other names for what went wrong: Google's status and reasons, inner codes, exception classes.
    pub(super) names: Vec<String>,
    /// What an upstream provider said, where a router passes that on.
    pub(super) upstream: String,
    /// A status written in the body.
    pub(super) status: Option<u16>,
    /// Google's `RetryInfo`, for instance `34.4s`.
    pub(super) retry_delay: Option<String>,
    /// Hugging Face's estimate of the time until a model is loaded, in seconds.
    pub(super) estimated_seconds: Option<f64>,
    /// Google: a quota of a whole day is used up.
    pub(super) daily_quota: bool,
    /// A moderation named its reasons.
    pub(super) moderated: bool,
    /// The code is one of MiniMax's numbers, which mean something else elsewhere.
    pub(super) minimax: bool,
}

impl Reported {
    /// Sets the class of an AWS error, for instance `ThrottlingException:http://...` or `com.amazon#Throttling`.
    pub(super) fn set_amazon_name(&mut self, name: &str) {
        let name = name.split(':').next().unwrap_or_default();
        let name = name.rsplit('#').next().unwrap_or_default().trim();
        if !name.is_empty() {
            self.code = Some(name.to_owned());
        }
    }
}

/// Reads the body of an answer that is known to be an error.
pub(super) fn read(body: &[u8]) -> Reported {
    let mut reported = Reported::default();
    match Value::parse(body) {
        Ok(value) => {
            read_value(value, &mut reported);
            if reported.message.is_empty() && reported.code.is_none() && !is_empty(value) {
                reported.message = plain(value.text());
            }
        }
        Err(_) => reported.message = plain(&String::from_utf8_lossy(body)),
    }
    reported
}

/// Reads JSON that may be an error or not.
pub(super) fn read_in_stream(data: &str) -> Option<Reported> {
    let mut reported = Reported::default();
    read_value(Value::parse(data.as_bytes()).ok()?, &mut reported).then_some(reported)
}

fn is_empty(value: Value<'_>) -> bool {
    matches!(value.text(), "{}" | "[]" | "null" | "\"\"")
}

/// The beginning of a text; of a page of HTML, its title.
fn plain(text: &str) -> String {
    let title = text.split_once("<title>").and_then(|(_, after)| after.split_once("</title>"));
    let text = title.map_or(text, |(title, _)| title);
    text.trim().chars().take(PLAIN_MESSAGE_CHARS).collect()
}

/// A string or number as text. LiteLLM writes Python's `None` as text.
fn text(value: Option<Value<'_>>) -> Option<String> {
    let value = value?;
    let text = match value.string() {
        Some(text) => text,
        None if value.f64().is_some() => value.text().to_owned(),
        None => return None,
    };
    (!text.is_empty() && text != "None").then_some(text)
}

/// As [`text`], also of a list of texts, or an object with a text.
fn known_text(value: Value<'_>) -> Option<String> {
    if let Some(fields) = value.object() {
        return first_known_text(&fields, &["text", "message", "content", "value", "parts"]);
    }
    match value.array() {
        Some(items) => {
            let said: Vec<String> = items.into_iter().filter_map(known_text).collect();
            (!said.is_empty()).then(|| said.join("; "))
        }
        None => text(Some(value)),
    }
}

fn first_known_text(fields: &Fields<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| known_text(fields.get(name)?))
}

fn first_text(fields: &Fields<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(fields.get(name)))
}

fn first_object<'a>(fields: &Fields<'a>, names: &[&str]) -> Option<Fields<'a>> {
    names.iter().find_map(|name| fields.get(name)?.object())
}

/// Reads any form, and says whether it is one that only an error has.
fn read_value(value: Value<'_>, reported: &mut Reported) -> bool {
    if let Some(fields) = value.object() {
        return read_body(&fields, reported);
    }
    if let Some(items) = value.array() {
        // Google wraps an error in an array of one; an answer may end with it.
        return items
            .iter()
            .rev()
            .filter_map(|item| item.object())
            .any(|fields| fields.get("error").is_some_and(is_truthy) && read_body(&fields, reported));
    }
    if let Some(text) = value.string() {
        reported.message = text;
    }
    false
}

fn is_truthy(value: Value<'_>) -> bool {
    !is_empty(value) && !matches!(value.text(), "false" | "0")
}

fn read_body(fields: &Fields<'_>, reported: &mut Reported) -> bool {
    reported.request_id = first_text(fields, &["request_id", "trace"])
        .or_else(|| first_text(&first_object(fields, &["x_groq"])?, &["id"]));
    reported.estimated_seconds = fields.get("estimated_time").and_then(Value::f64);
    if let Some(error) = fields.get("error").filter(|error| is_truthy(*error)) {
        match error.object() {
            Some(error) => read_error(&error, reported),
            None => {
                // xAI writes a code next to the text, Text Generation Inference a type.
                read_error(fields, reported);
                let text = known_text(error).unwrap_or_else(|| plain(error.text()));
                let description = first_known_text(fields, &["message", "error_description"]);
                match description.filter(|description| *description != text) {
                    // Fastify (claude-code-router) and OAuth servers: a word, and what it means as its description.
                    Some(description) => {
                        reported.message = description;
                        reported.names.push(text);
                    }
                    None => reported.message = text,
                }
                read_routed(reported);
            }
        }
        return true;
    }
    if let Some(error) =
        fields.get("response").and_then(Value::object).and_then(|it| it.get("error")?.object())
    {
        read_error(&error, reported); // `response.failed` of OpenAI's Responses
        return true;
    }
    if let Some(base) = fields.get("base_resp").and_then(Value::object) {
        let code = base.get("status_code").and_then(Value::i64).unwrap_or_default();
        if code != 0 {
            read_error(&base, reported);
            reported.minimax = true;
            return true;
        }
    }
    if let Some(first) =
        fields.get("errors").and_then(Value::array).and_then(|errors| errors.first().copied())
    {
        match first.object() {
            Some(error) => read_error(&error, reported),
            None => reported.message = first.string().unwrap_or_default(),
        }
        return true;
    }
    if let Some(choices) = fields.get("choices").and_then(Value::array) {
        let error =
            choices.iter().find_map(|choice| choice.object()?.get("error").filter(|error| is_truthy(*error)));
        if let Some(error) = error {
            match error.object() {
                Some(error) => read_error(&error, reported),
                None => reported.message = error.string().unwrap_or_default(),
            }
        }
        return error.is_some();
    }
    read_flat(fields, reported)
}

/// The forms without an object around the error.
fn read_flat(fields: &Fields<'_>, reported: &mut Reported) -> bool {
    read_error(fields, reported);
    let is = |name: &str, value: &str| fields.get(name).and_then(Value::string).is_some_and(|it| it == value);
    if is("type", "error") || is("object", "error") {
        // The word says nothing beyond that this is an error.
        reported.error_type = reported.error_type.take().filter(|name| name != "error");
        return true;
    }
    if let Some(detail) = fields.get("detail") {
        read_detail(detail, reported);
        return true;
    }
    let has_text = fields.get("message").and_then(Value::string).is_some();
    has_text && ["code", "type", "error_code"].iter().any(|name| text(fields.get(name)).is_some())
}

/// FastAPI's `detail`: a text, an object, or a list of what is wrong where.
fn read_detail(detail: Value<'_>, reported: &mut Reported) {
    if let Some(fields) = detail.object() {
        match fields.get("error").and_then(Value::object) {
            Some(error) => read_error(&error, reported),
            None => read_error(&fields, reported),
        }
        return;
    }
    let Some(items) = detail.array() else { return };
    let mut lines = Vec::new();
    for fields in items.into_iter().filter_map(Value::object) {
        let location = fields.get("loc").and_then(Value::array).unwrap_or_default();
        let location: Vec<String> = location.into_iter().filter_map(|step| text(Some(step))).collect();
        let location = location.join(".");
        let message = first_text(&fields, &["msg", "message"]).unwrap_or_default();
        lines.push(if location.is_empty() { message } else { format!("{location}: {message}") });
        if reported.param.is_none() && !location.is_empty() {
            reported.param = Some(location);
        }
        if reported.error_type.is_none() {
            reported.error_type = first_text(&fields, &["type"]);
        }
    }
    if !lines.is_empty() {
        reported.message = lines.join("; ");
    }
}

/// Reads the object that describes the error.
fn read_error(error: &Fields<'_>, reported: &mut Reported) {
    reported.code = first_text(error, &["code", "error_code", "status_code"]);
    reported.error_type = first_text(error, &["type", "error_type"]);
    reported.param = first_text(error, &["param"]);
    reported.message = first_known_text(
        error,
        &[
            "message",
            "Message",
            "msg",
            "detail",
            "error_message",
            "error_msg",
            "errorMessage",
            "description",
            "status_msg",
            "title",
            "error",
            "reason",
            "text",
            "parts",
        ],
    )
    .unwrap_or_default();
    if let Some(name) = first_text(error, &["__type"]) {
        reported.set_amazon_name(&name);
    }
    // What the model's own server said to Bedrock.
    if let Some(message) = first_text(error, &["originalMessage"]) {
        reported.upstream = message;
    }
    for name in ["originalStatusCode", "status", "status_code", "code"] {
        let number = text(error.get(name)).and_then(|number| number.parse().ok());
        if let Some(status @ 400..600) = number {
            reported.status = Some(status);
            break;
        }
    }
    reported.names.extend(first_text(error, &["status"]));
    // Novita's name of what went wrong; elsewhere it is a sentence.
    reported.names.extend(first_text(error, &["reason"]).filter(|reason| !reason.contains(' ')));
    if let Some(inner) = first_object(error, &["innererror", "inner_error"]) {
        reported.names.extend(first_text(&inner, &["code"]));
    }
    if let Some(details) = error.get("details") {
        read_details(details, reported);
    }
    if let Some(metadata) = first_object(error, &["metadata"]) {
        reported.moderated = metadata.get("reasons").is_some_and(is_truthy);
        if let Some(raw) = metadata.get("raw") {
            reported.upstream = raw.string().unwrap_or_else(|| raw.text().to_owned());
        }
    }
    read_routed(reported);
    if let Some(class) = reported.message.strip_prefix("litellm.").and_then(|rest| rest.split(':').next()) {
        reported.names.push(class.to_owned());
    }
}

/// What claude-code-router says of its upstream's error, the upstream's own body in its text, and then a trace:
/// `Error from provider(name,model: 429): {"error":{...}}Error: Error from provider(...`.
fn read_routed(reported: &mut Reported) {
    let Some((head, rest)) = reported.message.strip_prefix(ROUTED).and_then(|rest| rest.split_once("): "))
    else {
        return;
    };
    let body = rest.split_once("Error: Error from provider(").map_or(rest, |(body, _)| body).trim();
    let status = head.rsplit(' ').next().and_then(|status| status.parse().ok());
    let mut inner = Reported::default();
    if let Ok(value) = Value::parse(body.as_bytes()) {
        read_value(value, &mut inner);
    }
    if inner.message.is_empty() {
        inner.message = plain(body);
    }
    let names = [inner.code, inner.error_type].into_iter().flatten().chain(inner.names);
    reported.names.extend(names);
    if !inner.upstream.is_empty() {
        reported.upstream = inner.upstream;
    }
    reported.message = inner.message;
    reported.status = status.or(inner.status).or(reported.status);
}

/// Google's list of typed details, or Anthropic's object.
fn read_details(details: Value<'_>, reported: &mut Reported) {
    if let Some(fields) = details.object() {
        reported.names.extend(first_text(&fields, &["error_code"]));
    }
    for fields in details.array().unwrap_or_default().into_iter().filter_map(Value::object) {
        reported.names.extend(first_text(&fields, &["reason"]));
        if let Some(delay) = first_text(&fields, &["retryDelay"]) {
            reported.retry_delay = Some(delay);
        }
        let invalid = fields.get("fieldViolations").and_then(Value::array).unwrap_or_default();
        if let (None, Some(field)) = (&reported.param, invalid.first().and_then(|first| first.object())) {
            reported.param = first_text(&field, &["field"]);
        }
        let violations = fields.get("violations").and_then(Value::array).unwrap_or_default();
        reported.daily_quota |= violations
            .into_iter()
            .filter_map(Value::object)
            .any(|violation| first_text(&violation, &["quotaId"]).is_some_and(|id| id.contains("PerDay")));
    }
}
