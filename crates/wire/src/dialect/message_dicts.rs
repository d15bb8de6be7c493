//! Messages and tools as programs write them by hand: the role/content form, its blocks OpenAI's or Anthropic's, as
//! each likes, also mixed; and contents of Gemini's form, role and parts. `ferrule-python` reads a caller's
//! dictionaries with it, and writes messages back.
//!
//! A part that one wire format alone has is written as `{"type": "provider_item", "dialect": ..., "item": ...}`. By
//! hand it may also be written as that format has it: [`Dialect::own_parts`](super::Dialect::own_parts) says whose it
//! is.

use super::registry;
use super::shared::parts::{any_part, change_parts};
use crate::dialect::{anthropic, gemini::written_content, openai_chat, openai_responses};
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter, Value, WriteJson, write_array};
use crate::model::{
    Image, Message, Part, PartKind, ResponseFormat, Role, Source, Tool, ToolCall, ToolChoice,
};
use crate::quirks::CacheControl;
use alloc::{format, vec, vec::Vec};
use core::mem::take;

/// The type of a block that holds a part which one wire format alone has.
const PROVIDER_ITEM: &str = "provider_item";

/// Reads one message, or a list of them, as they were kept. An error begins with `path` and names the place.
pub fn decode_messages(value: Value<'_>, path: &str) -> Result<Vec<Message>, JsonError> {
    let mut messages = Vec::new();
    let mut list = MessageList::new(&mut messages);
    match value.array() {
        Some(values) => {
            for (position, value) in values.into_iter().enumerate() {
                list.add(read_message(value, &format!("{path}[{position}]"))?);
            }
        }
        None => list.add(read_message(value, path)?),
    }
    Ok(messages)
}

/// A conversation that grows message by message into its canonical form.
#[derive(Debug)]
pub struct MessageList<'a>(&'a mut Vec<Message>);

impl<'a> MessageList<'a> {
    /// Goes on with `messages`.
    pub fn new(messages: &'a mut Vec<Message>) -> Self {
        Self(messages)
    }

    /// Adds a message. Consecutive tool results are one message.
    pub fn push(&mut self, message: Message) {
        match self.0.last_mut() {
            Some(last) if last.role == Role::Tool && message.role == Role::Tool => {
                last.content.extend(message.content);
            }
            _ => self.0.push(message),
        }
    }

    /// Reads a message that a caller wrote and adds it; its error begins with `path`.
    pub fn decode(&mut self, value: Value<'_>, path: &str) -> Result<(), JsonError> {
        let message = read_message(value, path)?;
        check_addresses(&message.content, path)?;
        self.add(message);
        Ok(())
    }

    fn add(&mut self, mut message: Message) {
        if message.role == Role::User {
            // Anthropic has the results of tools in the user's turn.
            let is_result = |part: &Part| matches!(part.kind, PartKind::ToolResult(_));
            let (results, rest): (Vec<_>, Vec<_>) =
                take(&mut message.content).into_iter().partition(is_result);
            if results.is_empty() {
                message.content = rest;
            } else if rest.is_empty() {
                message = Message { role: Role::Tool, content: results, ..message };
            } else {
                self.push(Message::new(Role::Tool, results));
                message.content = rest;
            }
        }
        self.push(message);
    }
}

fn read_message(value: Value<'_>, path: &str) -> Result<Message, JsonError> {
    if let Some(fields) = value.object().filter(written_content::is_content) {
        return written_content::decode(fields, path);
    }
    check_content(value, path)?;
    let read = openai_chat::decode_message(value, decode_block);
    let mut message = read.map_err(|error| JsonError::new(format!("{path}{error}")))?;
    unfold(&mut message.extra);
    change_parts(&mut message.content, &mut |part| unfold(&mut part.extra));
    Ok(message)
}

/// The field that holds the further fields of a message or a part, where beside it they would mean something else: an answer
/// may have fields of its own with the names that dictionaries of messages have.
const KEPT_FIELDS: &str = "kept_fields";

/// Puts the fields that [`folded`] put inside one back in its place.
fn unfold(extra: &mut Extra) {
    let Some(kept) = extra.get(KEPT_FIELDS).and_then(|kept| kept.value().object()) else { return };
    let kept = kept.rest();
    extra.remove(KEPT_FIELDS);
    for (name, value) in kept.iter() {
        extra.insert(name, value.clone());
    }
}

/// The message with its further fields, and those of its parts, inside one each.
fn folded(message: &Message) -> Message {
    let fold = |extra: &mut Extra| {
        if !extra.is_empty() {
            let kept = Json::object(&take(extra), |_| {});
            extra.insert(KEPT_FIELDS, kept);
        }
    };
    let mut message = message.clone();
    fold(&mut message.extra);
    change_parts(&mut message.content, &mut |part| fold(&mut part.extra));
    message
}

/// Refuses a message that says nothing because its `content` has another name, or is missing: only assistants, who may
/// call tools instead, and tools may say nothing.
fn check_content(value: Value<'_>, path: &str) -> Result<(), JsonError> {
    let Some(fields) = value.object() else { return Ok(()) };
    let role = fields.get("role").and_then(Value::string).unwrap_or_default();
    let is_absent = fields.get("content").is_none_or(|content| content.text() == "null");
    if is_absent && matches!(&*role, "user" | "system" | "developer") {
        return Err(JsonError::new(format!(
            "{path}.content: missing; a message of the role {role:?} has a text, or a list of parts, as its `content`"
        )));
    }
    Ok(())
}

/// Refuses a path, or bytes, in the place of a URL: a provider would fetch it from nowhere, and say no more than that.
fn check_addresses(content: &[Part], path: &str) -> Result<(), JsonError> {
    for (position, part) in content.iter().enumerate() {
        let path = format!("{path}.content[{position}]");
        let (source, function) = match &part.kind {
            PartKind::ToolResult(result) => {
                check_addresses(&result.content, &path)?;
                continue;
            }
            PartKind::Image(image) => (&image.source, "image"),
            PartKind::Document(document) => (&document.source, "document"),
            PartKind::Audio(audio) => (&audio.source, "audio"),
            _ => continue,
        };
        let Source::Url(url) = source else { continue };
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_scheme = scheme.len() > 1
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if is_scheme && !scheme.eq_ignore_ascii_case("file") {
            continue;
        }
        const LONGEST_PATH: usize = 300;
        return Err(JsonError::new(if url.len() > LONGEST_PATH {
            format!(
                "{path}: neither a URL nor a data URL; `ferrule.{function}(...)` makes a part of bytes or of a file"
            )
        } else {
            format!(
                "{path}: {url:?} is a path on this machine, not a URL; give `ferrule.{function}(pathlib.Path(...))`"
            )
        }));
    }
    Ok(())
}

fn decode_block(value: Value<'_>) -> Result<Part, JsonError> {
    if let Some(text) = value.string() {
        return Ok(Part::text(text));
    }
    let fields = value.object().unwrap_or_default();
    let block_type = fields.get("type").and_then(Value::string).unwrap_or_default();
    if block_type == PROVIDER_ITEM {
        return decode_item(fields).ok_or_else(|| {
            JsonError::new(": expected `dialect`, the name of a wire format, and `item`, what it has")
        });
    }
    if fields.get("type").is_none()
        && let Some(dialect) = owner(&fields)
    {
        return Ok(Part::provider_item(dialect, value.to_json()));
    }
    let is_anthropic = match block_type.as_str() {
        "image" | "document" | "tool_use" | "tool_result" | "redacted_thinking" => true,
        // Mistral's has a list there.
        "thinking" => fields.get("thinking").is_some_and(|thinking| thinking.string().is_some()),
        _ => false,
    };
    if !is_anthropic {
        return openai_chat::decode_part(value).map(by_hand);
    }
    let mut part = anthropic::decode_block(value);
    match &mut part.kind {
        PartKind::ProviderItem { .. } => Err(JsonError::new(format!(": not a valid `{block_type}` block"))),
        PartKind::ToolCall(call) => {
            take_arguments(call, &mut part.extra);
            Ok(part)
        }
        PartKind::ToolResult(result) => {
            result.name = part.extra.remove("name").and_then(|name| name.value().string());
            result.content = take(&mut result.content).into_iter().map(by_hand).collect();
            Ok(part)
        }
        _ => Ok(part),
    }
}

/// Takes the arguments as the model wrote them, unless somebody changed `input` since.
fn take_arguments(call: &mut ToolCall, extra: &mut Extra) {
    call.custom = extra.remove(CUSTOM).is_some_and(|custom| custom.value().bool() == Some(true));
    let Some(written) = extra.remove(ARGUMENTS).and_then(|written| written.value().string()) else { return };
    let input = Json::parse(&call.arguments);
    let is_unchanged = input.is_ok_and(|input| match Json::parse(&written) {
        Ok(written) if !call.custom && written.value().is_object() => written.value().means(input.value()),
        // There was no object to write.
        _ => input.value().object().is_some_and(|fields| fields.is_empty()),
    });
    if is_unchanged {
        call.arguments = written;
    }
}

fn decode_item(mut fields: Fields<'_>) -> Option<Part> {
    fields.take("type");
    let (dialect, item) = (fields.take_string("dialect")?, fields.take_json("item")?);
    let cache = openai_chat::take_cache(&mut fields);
    Some(Part { cache, extra: fields.rest(), ..Part::provider_item(dialect, item) })
}

/// A part that a decoder kept whole, as what the caller meant: an item that was written by [`encode_message`], one of
/// the format that has such parts, or else one for whoever gets it.
fn by_hand(part: Part) -> Part {
    let PartKind::ProviderItem { item, .. } = &part.kind else { return part };
    let fields = item.value().object().unwrap_or_default();
    let is_item = fields.get("type").and_then(Value::string).as_deref() == Some(PROVIDER_ITEM);
    let kind = match owner(&fields) {
        _ if is_item => match decode_item(fields) {
            Some(part) => return part,
            None => PartKind::Unknown(item.clone()),
        },
        Some(dialect) => PartKind::ProviderItem { dialect: dialect.into(), item: item.clone() },
        None => PartKind::Unknown(item.clone()),
    };
    Part { kind, ..part }
}

/// The wire format that alone has a part of these fields.
fn owner(fields: &Fields<'_>) -> Option<&'static str> {
    let part_type = fields.get("type").and_then(Value::string);
    let is_of = |own: &&str| {
        let (kind, field) = own.split_once(':').map_or((*own, None), |(kind, field)| (kind, Some(field)));
        let is_kind = match &part_type {
            Some(part_type) => part_type == kind,
            None => fields.get(kind).is_some(),
        };
        is_kind && field.is_none_or(|field| fields.get(field).is_some())
    };
    registry::all().find(|dialect| dialect.own_parts().iter().any(is_of)).map(|dialect| dialect.name())
}

/// Whether two messages say the same: the arguments of calls, and what is kept as JSON, count by their meaning.
pub fn is_same(ours: &Message, theirs: &Message) -> bool {
    let [ours, theirs] = [ours, theirs].map(|message| write_message(message, false));
    ours.value().means(theirs.value())
}

/// Whether two calls are the same.
pub fn is_same_call(ours: &ToolCall, theirs: &ToolCall) -> bool {
    let call =
        |call: &ToolCall| Message::new(Role::Assistant, vec![Part::new(PartKind::ToolCall(call.clone()))]);
    is_same(&call(ours), &call(theirs))
}

/// Writes a message so that [`decode_messages`] reads the same again: content as text where that is all, else blocks,
/// Anthropic's where they hold everything and OpenAI's where those do. Arguments keep their bytes. Further fields stand
/// beside the others, or where they would be read as something else in one of their own.
pub fn encode_message(message: &Message) -> Json {
    let written = write_message(message, true);
    let has_further = !message.extra.is_empty() || any_part(&message.content, &|part| !part.extra.is_empty());
    if !has_further || is_read_as(&written, message) {
        written
    } else {
        write_message(&folded(message), true)
    }
}

fn is_read_as(written: &Json, message: &Message) -> bool {
    match decode_messages(written.value(), "").as_deref() {
        Ok([read]) => {
            // A further field may have taken the place of what is written under its name.
            let has_same_extra = |(read, part): (&Part, &Part)| read.extra == part.extra;
            read.role == message.role
                && read.name == message.name
                && read.extra == message.extra
                && read.content.len() == message.content.len()
                && read.content.iter().zip(&message.content).all(has_same_extra)
                && is_same(read, message)
        }
        _ => false,
    }
}

fn write_message(message: &Message, keep_bytes: bool) -> Json {
    let mut out = Vec::new();
    let mut object = ObjectWriter::begin_with(&mut out, &message.extra);
    let role = match &message.role {
        Role::System => "system",
        Role::Developer => "developer",
        // The results of several tools are one message only in Anthropic's form, where they are the user's.
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
        Role::Other(role) => role,
    };
    object.field("role", role).optional("name", message.name.as_ref());
    // Calls in OpenAI's form come after everything else.
    let first = message.content.iter().rposition(|part| !is_openai_call(part)).map_or(0, |last| last + 1);
    let (parts, calls) = message.content.split_at_checked(first).unwrap_or_default();
    object.with("content", |out| match parts {
        [Part { kind: PartKind::Text(text), cache: None, extra }] if extra.is_empty() && !text.is_empty() => {
            crate::json::write_string(text, out);
        }
        [] if message.role != Role::Tool => out.extend_from_slice(b"\"\""),
        parts => write_array(out, parts, |out, part| encode_part(part, keep_bytes, out)),
    });
    if !calls.is_empty() {
        object.array("tool_calls", calls, |out, part| {
            if let PartKind::ToolCall(call) = &part.kind {
                openai_chat::write_call(out, &call.id, &call.name, call, &part.extra);
            }
        });
    }
    object.finish();
    Json::from_writer(out)
}

/// A call that Anthropic's form has no place for: free text, or arguments that are not a JSON object.
fn is_openai_call(part: &Part) -> bool {
    let PartKind::ToolCall(ToolCall { arguments, custom, .. }) = &part.kind else { return false };
    *custom || !Json::parse(arguments).is_ok_and(|arguments| arguments.value().is_object())
}

/// The field of a `tool_use` block that holds the arguments as the model wrote them, where `input` does not show it.
const ARGUMENTS: &str = "arguments_json";
/// The field of a `tool_use` block that says that the tool takes free text.
const CUSTOM: &str = "custom";

fn encode_part(part: &Part, keep_bytes: bool, out: &mut Vec<u8>) {
    match &part.kind {
        PartKind::ToolCall(call) => {
            let is_object = Json::parse(&call.arguments).is_ok_and(|arguments| arguments.value().is_object());
            let mut written = part.clone();
            let is_told = |text: &str| Value::parse(text.as_bytes()).is_ok_and(Value::is_compact);
            if call.custom || !is_object || keep_bytes && !is_told(&call.arguments) {
                written.extra.insert(ARGUMENTS, Json::string(&call.arguments));
            }
            if call.custom {
                written.extra.insert(CUSTOM, Json::written(true));
            }
            if let (PartKind::ToolCall(call), true) = (&mut written.kind, call.custom || !is_object) {
                call.arguments = "{}".into();
            }
            anthropic::encode_block(&written, out);
        }
        PartKind::Audio(_) | PartKind::Refusal(_) | PartKind::Image(Image { detail: Some(_), .. }) => {
            openai_chat::write_part(part, out);
        }
        PartKind::ProviderItem { dialect, item } => encode_item(part, dialect, item).write_json(out),
        PartKind::ToolResult(result) => {
            let mut written = part.clone();
            if let Some(name) = &result.name {
                written.extra.insert("name", Json::string(name));
            }
            if let PartKind::ToolResult(result) = &mut written.kind {
                result.content.iter_mut().for_each(write_item_inside);
            }
            anthropic::encode_block(&written, out);
        }
        _ => anthropic::encode_block(part, out),
    }
}

fn encode_item(part: &Part, dialect: &str, item: &Json) -> Json {
    Json::object(&part.extra, |object| {
        object.field("type", PROVIDER_ITEM).field("dialect", dialect).field("item", item);
        openai_chat::write_cache(part.cache.as_ref(), CacheControl::Breakpoint, object);
    })
}

/// Gives a part of a tool's result, which Anthropic's form holds, the form that it has outside of one.
fn write_item_inside(part: &mut Part) {
    if let PartKind::ProviderItem { dialect, item } = &part.kind {
        *part = Part::new(PartKind::Unknown(encode_item(part, dialect, item)));
    }
}

/// Reads a tool's declaration: OpenAI's, nested or flat, Anthropic's, or a hosted tool of either.
pub fn decode_tool(value: Value<'_>, path: &str) -> Result<Tool, JsonError> {
    let wrong = |what: &str| JsonError::new(format!("{path}{what}"));
    let Some(mut fields) = value.object() else { return Err(wrong(": expected an object")) };
    if fields.get("function").is_some() || fields.get("custom").is_some() {
        return openai_chat::decode_tool(value).map_err(|error| wrong(&format!("{error}")));
    }
    let is_flat = fields.get("type").is_none_or(|written| written.text() == "\"function\"");
    if is_flat && fields.get("input_schema").is_none() {
        fields.take("type");
        return openai_responses::decode_function(fields).ok_or_else(|| {
            wrong(": expected `type` and `function` (OpenAI) or `name` and `input_schema` (Anthropic)")
        });
    }
    Ok(anthropic::decode_tool(value))
}

/// Reads which tools may or must be called, and whether several at once: a word, a tool's name, or the object of OpenAI
/// or Anthropic.
pub fn decode_tool_choice(value: Value<'_>, path: &str) -> Result<(ToolChoice, Option<bool>), JsonError> {
    if let Some(word) = value.string() {
        return Ok((
            match word.as_str() {
                "auto" => ToolChoice::Auto,
                "none" => ToolChoice::None,
                "required" | "any" => ToolChoice::Required,
                _ => ToolChoice::Named(word),
            },
            None,
        ));
    }
    let choice_type = value.object().as_ref().and_then(|fields: &Fields<'_>| fields.get("type")?.string());
    match choice_type {
        None => Err(JsonError::new(format!(
            "{path}: expected \"auto\", \"none\", \"required\", a tool's name, or an object with a `type`"
        ))),
        Some(_) => {
            Ok(anthropic::decode_choice(value).unwrap_or_else(|| (openai_chat::decode_choice(value), None)))
        }
    }
}

/// Reads the shape of the answer: `"json"`, `"text"`, or OpenAI's object.
pub fn decode_response_format(value: Value<'_>, path: &str) -> Result<ResponseFormat, JsonError> {
    match value.string().as_deref() {
        Some("json") => Ok(ResponseFormat::Json),
        Some("text") => Ok(ResponseFormat::Text),
        _ if value.is_object() => Ok(openai_chat::decode_format(value)),
        _ => Err(JsonError::new(format!("{path}: expected \"json\", \"text\" or an object"))),
    }
}

#[cfg(test)]
mod tests;
