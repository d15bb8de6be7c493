//! Messages, written and read, and what an assistant says, which answers share.

use super::carried::NAME;
use crate::dialect::openai_chat::{source_of_url, text_parts};
use crate::dialect::shared::{
    blank,
    calls::{CallRules, Calls, Ids, Sent},
    foreign, lenient, nested,
    tool_input::{decode_input, encode_input},
};
use crate::encode::{Place, Refusals, UnsupportedField};
use crate::framing::StreamError;
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter, Value};
use crate::model::{Image, Message, Part, PartKind, Reasoning, Request, Role, Source, ToolCall, ToolResult};
use crate::options::rules::CACHES_BY_ITSELF;
use crate::quirks::{ToolIdRule, tool_name::ToolNameRule};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// Older servers know no ids: a call is known by its place and name.
const CALLS: CallRules = CallRules { id: ToolIdRule::Any, ids: Ids::Given, name: ToolNameRule::Any };

/// Writes the messages' array.
pub(super) fn encode_messages(
    request: &Request,
    refusals: &mut Refusals,
) -> Result<Vec<u8>, UnsupportedField> {
    let messages = &request.messages;
    let mut writer =
        Writer { refusals, calls: Calls::new(request, CALLS), written: Vec::with_capacity(messages.len()) };
    for (position, message) in messages.iter().enumerate() {
        writer.message(message, Place::message(position))?;
    }
    let mut out = Vec::new();
    crate::json::write_array(&mut out, writer.written, |out, message: Json| {
        out.extend_from_slice(message.text().as_bytes());
    });
    Ok(out)
}

struct Writer<'a, 'r> {
    refusals: &'r mut Refusals,
    calls: Calls<'a>,
    written: Vec<Json>,
}

impl<'a> Writer<'a, '_> {
    fn message(&mut self, message: &'a Message, place: Place) -> Result<(), UnsupportedField> {
        let role = match &message.role {
            Role::System | Role::Developer => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
            Role::Other(_) => {
                let reason = "speakers are system, user, assistant and tool";
                return self.refusals.add(format!("{place}.role"), reason);
            }
        };
        if message.name.is_some() {
            self.refusals.note(format!("{place}.name"), "speakers have no names");
        }
        let mut said = MessageFields::default();
        let mut has_results = false;
        for (position, part) in message.content.iter().enumerate() {
            let field = place.content(position);
            if part.cache.is_some() {
                self.refusals.note(format!("{field}.cache"), CACHES_BY_ITSELF);
            }
            if let PartKind::ToolResult(result) = &part.kind {
                has_results = true;
                let shared = (role == "tool").then_some(&message.extra);
                self.result(result, part, shared, field)?;
            } else if role == "tool" {
                self.refusals.add(field, "a tool message holds tool results only")?;
            } else if let (PartKind::ToolCall(call), "assistant") = (&part.kind, role) {
                said.calls.push((call, self.calls.call(call), &part.extra));
            } else if let Err(reason) = said.add(part, role == "assistant") {
                self.refusals.add(field, &foreign::named(&part.kind, reason))?;
            }
            if let PartKind::Image(Image { detail: Some(detail), .. }) = &part.kind
                && detail != "auto"
            {
                let field = format!("{place}.content[{position}].detail");
                self.refusals.note(field, "how closely to look is the model's choice");
            }
        }
        let is_left_out = has_results || blank::is_left_out(&message.role);
        if !is_left_out || !said.is_empty() {
            self.written.push(Json::object(&message.extra, |object| {
                object.field("role", role);
                said.write(object);
            }));
        }
        Ok(())
    }

    /// A result. The API has no error flag: the text of a failed tool says so itself.
    fn result(
        &mut self,
        result: &'a ToolResult,
        part: &'a Part,
        shared: Option<&'a Extra>,
        place: Place,
    ) -> Result<(), UnsupportedField> {
        let mut said = MessageFields::default();
        for (position, part) in result.content.iter().enumerate() {
            let is_taken = matches!(part.kind, PartKind::Text(_) | PartKind::Refusal(_) | PartKind::Image(_));
            let refused = if is_taken {
                said.add(part, false).err()
            } else {
                Some("tool results are texts and images")
            };
            if let Some(reason) = refused {
                self.refusals.add(format!("{place}.content[{position}]"), reason)?;
            }
        }
        let sent = self.calls.result(result);
        self.written.push(Json::object(&part.extra, |object| {
            object.field("role", "tool").optional("tool_name", sent.name.as_deref());
            object.optional("tool_call_id", sent.id.as_deref());
            said.write(object);
            for (name, value) in shared.iter().flat_map(|extra| extra.iter()) {
                object.field(name, value);
            }
        }));
        Ok(())
    }
}

/// Several texts become one. Those of a model go on where the last one stopped, as they do in a stream.
fn add_text(text: &mut String, more: &str, of_model: bool) {
    if !text.is_empty() && !of_model {
        text.push_str("\n\n");
    }
    text.push_str(more);
}

/// The fields that the API has for what a message says.
#[derive(Default)]
pub(super) struct MessageFields<'a> {
    text: String,
    thinking: String,
    /// In base64.
    images: Vec<String>,
    calls: Vec<(&'a ToolCall, Sent<'a>, &'a Extra)>,
}

impl<'a> MessageFields<'a> {
    /// Adds a part; where the API has no words for it, the error says why.
    pub(super) fn add(&mut self, part: &'a Part, is_assistant: bool) -> Result<(), &'static str> {
        match &part.kind {
            PartKind::Text(text) | PartKind::Refusal(text) => add_text(&mut self.text, text, is_assistant),
            PartKind::Image(Image { source, .. }) => self.images.push(image_data(source)?),
            PartKind::Reasoning(reasoning) if is_assistant => self.thinking.push_str(&reasoning.text),
            PartKind::ToolCall(call) if is_assistant => {
                self.calls.push((call, Sent::as_it_is(call), &part.extra));
            }
            PartKind::Reasoning(_) | PartKind::ToolCall(_) => {
                return Err("only the assistant's messages carry it");
            }
            PartKind::RedactedReasoning { .. } => {
                return Err("redacted reasoning is for its own provider only");
            }
            PartKind::Document(_) => return Err("documents cannot be sent; send their text"),
            PartKind::Audio(_) => return Err("audio cannot be sent; send its text"),
            PartKind::ToolResult(_) => return Err("a tool result stands in a message of its own"),
            PartKind::Unknown(_) | PartKind::ProviderItem { .. } => return Err(foreign::FOREIGN_ITEM),
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.thinking.is_empty() && self.images.is_empty() && self.calls.is_empty()
    }

    /// Writes the fields beside `role`.
    pub(super) fn write(&self, object: &mut ObjectWriter<'_>) {
        object.field("content", &self.text);
        if !self.thinking.is_empty() {
            object.field("thinking", &self.thinking);
        }
        if !self.images.is_empty() {
            object.field("images", &self.images);
        }
        if !self.calls.is_empty() {
            object.array("tool_calls", self.calls.iter().enumerate(), |out, (index, (call, sent, extra))| {
                write_call(call, sent, extra, index, out);
            });
        }
    }
}

/// Appends one whole call, the `index`th of its message.
pub(super) fn write_call(call: &ToolCall, sent: &Sent<'_>, extra: &Extra, index: usize, out: &mut Vec<u8>) {
    let (outer, inner) = nested::split(extra, "function");
    let mut object = ObjectWriter::begin_with(out, &outer);
    object.optional("id", sent.id.as_deref().filter(|id| !id.is_empty()));
    object.object_with("function", &inner, |function| {
        function.field("index", index).field("name", sent.name());
        function.with("arguments", |out| encode_input(&call.arguments, out));
    });
    object.finish();
}

/// The base64 of an image: the API fetches nothing.
fn image_data(source: &Source) -> Result<String, &'static str> {
    match source {
        Source::Base64 { data, .. } => Ok(data.clone()),
        Source::Url(url) => match source_of_url(url) {
            Source::Base64 { data, .. } => Ok(data),
            _ => Err("addresses are not fetched; send the image as base64"),
        },
        _ => Err("images go as base64"),
    }
}

/// An image of which only the base64 is known: its first bytes say what it is.
fn image(data: String) -> Part {
    let known = [
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
        ("Qk", "image/bmp"),
    ];
    let media_type = known.iter().find(|(beginning, _)| data.starts_with(beginning));
    let media_type = media_type.map_or("application/octet-stream", |(_, media_type)| *media_type).to_owned();
    Part::new(PartKind::Image(Image { source: Source::Base64 { media_type, data }, detail: None }))
}

/// Reads the messages of a request, consecutive tool results as one message.
pub(super) fn decode_messages(values: Vec<Value<'_>>) -> Result<Vec<Message>, JsonError> {
    let mut messages: Vec<Message> = Vec::with_capacity(values.len());
    for (position, value) in values.into_iter().enumerate() {
        let message =
            decode_message(value).map_err(|error| JsonError::new(format!("messages[{position}]{error}")))?;
        match messages.last_mut() {
            Some(last) if last.role == Role::Tool && message.role == Role::Tool => {
                last.content.extend(message.content);
            }
            _ => messages.push(message),
        }
    }
    Ok(messages)
}

fn decode_message(value: Value<'_>) -> Result<Message, JsonError> {
    let mut fields = value.object().ok_or_else(|| JsonError::new(": expected an object"))?;
    let role = fields.take_string("role").ok_or_else(|| JsonError::new(".role: expected a string"))?;
    if fields.get("content").is_some_and(|content| !content.is_null() && content.string().is_none()) {
        return Err(JsonError::new(".content: expected a string"));
    }
    let role = match role.as_str() {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => {
            let result = ToolResult {
                tool_call_id: fields.take_string("tool_call_id").unwrap_or_default(),
                name: fields.take_string("tool_name"),
                content: text_parts(fields.take_string("content").unwrap_or_default()),
                is_error: None,
            };
            let part = Part { extra: fields.rest(), ..Part::new(PartKind::ToolResult(result)) };
            return Ok(Message::new(Role::Tool, alloc::vec![part]));
        }
        _ => Role::Other(role),
    };
    let content = take_parts(&mut fields, |_| String::new());
    Ok(Message { role, content, name: None, extra: fields.rest() })
}

/// Takes out what a message says: thoughts, text, images, calls. `give_id` makes an id for the call of a number.
pub(super) fn take_parts(fields: &mut Fields<'_>, give_id: impl Fn(usize) -> String) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(text) = lenient::take_known(fields, "thinking").filter(|text| !text.is_empty()) {
        parts.push(Part::new(PartKind::Reasoning(Reasoning { text, signature: None })));
    }
    parts.extend(text_parts(lenient::take(fields, "content").unwrap_or_default()));
    parts.extend(take_images(fields));
    for (position, value) in take_calls(fields).into_iter().enumerate() {
        let whole = || Part::provider_item(NAME, value.to_json());
        parts.push(decode_call(value, || give_id(position)).unwrap_or_else(whole));
    }
    parts
}

/// Takes the calls out, also one without the list around it.
pub(super) fn take_calls<'a>(fields: &mut Fields<'a>) -> Vec<Value<'a>> {
    let is_readable = fields.get("tool_calls").is_some_and(|calls| calls.is_array() || calls.is_object());
    if is_readable { lenient::take_items(fields, "tool_calls").unwrap_or_default() } else { Vec::new() }
}

/// Refuses the message of an answer whose calls have a form that nothing can be made of.
pub(super) fn check_calls(message: &Fields<'_>) -> Result<(), StreamError> {
    match message.get("tool_calls") {
        Some(calls) if !calls.is_null() && calls.text() != "\"\"" => {
            Err(lenient::unreadable("message.tool_calls", "a list of calls"))
        }
        _ => Ok(()),
    }
}

/// Takes the images out; where one is not a text, all of them stay.
pub(super) fn take_images(fields: &mut Fields<'_>) -> Vec<Part> {
    let images = fields.get("images").and_then(Value::array);
    let images: Option<Vec<Part>> =
        images.and_then(|images| images.into_iter().map(|value| value.string().map(image)).collect());
    images.inspect(|_| _ = fields.take("images")).unwrap_or_default()
}

/// Reads one whole call; `None` where it is none.
pub(super) fn decode_call(value: Value<'_>, give_id: impl FnOnce() -> String) -> Option<Part> {
    let inner = lenient::object_in_string(value);
    let mut fields = lenient::object(inner.as_ref().map_or(value, Json::value))?;
    let mut function = fields.take("function").and_then(lenient::object)?;
    fields.take_string("type");
    // Its place among the calls, which their order says.
    function.take_u64("index");
    let call = ToolCall {
        id: lenient::take(&mut fields, "id").filter(|id| !id.is_empty()).unwrap_or_else(give_id),
        name: lenient::take(&mut function, "name").filter(|name| !name.is_empty())?,
        arguments: decode_input(function.take("arguments")),
        custom: false,
    };
    let mut extra = fields.rest();
    nested::keep(&mut extra, "function", function);
    Some(Part { extra, ..Part::new(PartKind::ToolCall(call)) })
}
