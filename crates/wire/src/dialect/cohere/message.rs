//! Messages and their parts, written and read, and what an assistant says, which answers share.

use super::carried::NAME;
use crate::dialect::openai_chat::{data_url, decode_part, text_parts, write_answer_part, write_call};
use crate::dialect::shared::{
    blank::{self, Texts},
    calls::{CallRules, Calls, Ids, Sent},
    foreign, lenient, media_type, nested,
    tool_input::as_function,
    tool_media,
};
use crate::encode::{Place, Refusals, UnsupportedField};
use crate::json::{Extra, Json, JsonError, ObjectWriter, Value, write_array};
use crate::model::{Document, Image, Message, Part, PartKind, Reasoning, Request, Role, Source, ToolResult};
use crate::options::rules::CACHES_BY_ITSELF;
use crate::quirks::{ToolIdRule, tool_name::ToolNameRule};
use alloc::{format, string::String, vec::Vec};

/// The field for what a model says before it calls tools, and the mark of the reasoning part that it is.
pub(super) const PLAN: &str = "tool_plan";

/// The mark of a plan.
pub(super) fn plan_mark() -> Extra {
    [(String::from(PLAN), Json::written(true))].into_iter().collect()
}

/// Whether a reasoning part with these extra fields is a plan.
pub(super) fn is_plan(extra: &Extra) -> bool {
    extra.get(PLAN).is_some_and(|mark| mark.text() == "true")
}

/// The texts that the API takes (`docs/wire/requests-accepted.md`, section 8).
const TEXTS: Texts = Texts::NotBlank;

/// Writes the messages' array.
pub(super) fn encode_messages(
    request: &Request,
    id: ToolIdRule,
    refusals: &mut Refusals,
) -> Result<Vec<u8>, UnsupportedField> {
    let messages = &request.messages;
    TEXTS.check(messages, refusals)?;
    let mut calls = Calls::new(request, CallRules { id, ids: Ids::Needed, name: ToolNameRule::Identifier });
    let mut written = Written { messages: Vec::with_capacity(messages.len()), shown: Vec::new() };
    for (position, message) in messages.iter().enumerate() {
        let place = Place::message(position);
        if message.name.is_some() {
            refusals.note(format!("{place}.name"), "speakers have no names");
        }
        let role = match &message.role {
            Role::System | Role::Developer => "system",
            Role::User => "user",
            Role::Assistant => {
                if let Some(message) = encode_assistant(message, place, &mut calls, refusals)? {
                    written.push(message);
                }
                continue;
            }
            Role::Tool => "tool",
            Role::Other(_) => {
                refusals.add(format!("{place}.role"), "speakers are system, user, assistant and tool")?;
                continue;
            }
        };
        encode_parts(role, message, place, &mut calls, refusals, &mut written)?;
    }
    written.show();
    let mut out = Vec::new();
    write_array(&mut out, written.messages, |out, message| out.extend_from_slice(message.text().as_bytes()));
    Ok(out)
}

/// The messages written so far.
struct Written<'a> {
    messages: Vec<Json>,
    /// The images of the results written last: they follow all of them, as nothing may come between results.
    shown: Vec<Carried<'a>>,
}

impl Written<'_> {
    /// Adds a message that is not a result.
    fn push(&mut self, message: Json) {
        self.show();
        self.messages.push(message);
    }

    /// Writes the images of the results before.
    fn show(&mut self) {
        if !self.shown.is_empty() {
            let mut content = alloc::vec![Carried::PlainText(tool_media::SHOWN)];
            content.append(&mut self.shown);
            self.messages.push(Json::object(&Extra::new(), |object| {
                object.field("role", "user").with("content", |out| write_content(&content, out));
            }));
        }
    }
}

/// Writes the results of tools, one message each, and then what else is said.
fn encode_parts<'a>(
    role: &str,
    message: &'a Message,
    place: Place,
    calls: &mut Calls<'a>,
    refusals: &mut Refusals,
    written: &mut Written<'a>,
) -> Result<(), UnsupportedField> {
    let mut content = Vec::with_capacity(message.content.len());
    for (position, part) in message.content.iter().enumerate() {
        let field = place.content(position);
        if let PartKind::ToolResult(result) = &part.kind {
            let shared = (role == "tool").then_some(&message.extra);
            let result = encode_result(result, part, shared, field, calls, refusals, &mut written.shown)?;
            written.messages.push(result);
        } else if role == "tool" {
            refusals.add(field, "a tool message holds tool results only")?;
        } else if TEXTS.drops_part(part) {
            note_breakpoint(part, field, refusals);
        } else if let Some(part) = carried(part, field, refusals)? {
            content.push(part);
        }
    }
    if !content.is_empty() {
        written.push(Json::object(&message.extra, |object| {
            object.field("role", role).with("content", |out| write_content(&content, out));
        }));
    }
    Ok(())
}

fn encode_result<'a>(
    result: &'a ToolResult,
    part: &Part,
    shared: Option<&Extra>,
    place: Place,
    calls: &mut Calls<'a>,
    refusals: &mut Refusals,
    shown: &mut Vec<Carried<'a>>,
) -> Result<Json, UnsupportedField> {
    note_breakpoint(part, place, refusals);
    let shown_before = shown.len();
    let mut content = Vec::with_capacity(result.content.len());
    for (position, part) in result.content.iter().enumerate() {
        let field = place.content(position);
        if matches!(part.kind, PartKind::Image(_)) {
            // A message of the user's after the results shows it.
            shown.extend(carried(part, field, refusals)?);
        } else if let Some(part) = carried(part, field, refusals)? {
            content.push(part);
        }
    }
    if content.is_empty() && shown.len() > shown_before {
        content.push(Carried::PlainText(tool_media::FOLLOWS));
    }
    let sent = calls.result(result);
    Ok(Json::object(&part.extra, |object| {
        object.field("role", "tool").field("tool_call_id", sent.id());
        object.with("content", |out| write_content(&content, out));
        for (name, value) in shared.iter().flat_map(|extra| extra.iter()) {
            object.field(name, value);
        }
    }))
}

fn note_breakpoint(part: &Part, place: Place, refusals: &mut Refusals) {
    if part.cache.is_some() {
        refusals.note(format!("{place}.cache"), CACHES_BY_ITSELF);
    }
}

/// A content part that the API has, and as it writes it.
enum Carried<'a> {
    PlainText(&'a str),
    Written(Json),
}

fn carried<'a>(
    part: &'a Part,
    place: Place,
    refusals: &mut Refusals,
) -> Result<Option<Carried<'a>>, UnsupportedField> {
    note_breakpoint(part, place, refusals);
    // A refusal is a text here.
    if let (PartKind::Text(text) | PartKind::Refusal(text), true) = (&part.kind, part.extra.is_empty()) {
        return Ok(Some(Carried::PlainText(text)));
    }
    match encode_part(part) {
        Ok(written) => Ok(Some(Carried::Written(written))),
        Err(reason) => refusals.add(place, &foreign::named(&part.kind, reason)).map(|()| None),
    }
}

fn write_content(content: &[Carried<'_>], out: &mut Vec<u8>) {
    match content {
        [] => crate::json::write_string("", out),
        [Carried::PlainText(text)] => crate::json::write_string(text, out),
        parts => write_array(out, parts, |out, part| match part {
            Carried::PlainText(text) => write_text(text, &Extra::new(), out),
            Carried::Written(part) => out.extend_from_slice(part.text().as_bytes()),
        }),
    }
}

fn write_text(text: &str, extra: &Extra, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::begin_with(out, extra);
    object.field("type", "text").field("text", text);
    object.finish();
}

/// A part of a system's, a user's or a tool's message, or why the API has none.
fn encode_part(part: &Part) -> Result<Json, &'static str> {
    match &part.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => {
            let mut out = Vec::new();
            write_text(text, &part.extra, &mut out);
            Ok(Json::from_writer(out))
        }
        PartKind::Image(Image { source, detail }) => {
            let inline;
            let url = match source {
                Source::Url(url) => url,
                Source::Base64 { media_type, data } => {
                    inline = data_url(media_type, data);
                    &inline
                }
                _ => return Err("images go as an address or as base64"),
            };
            let (outer, inner) = nested::split(&part.extra, "image_url");
            Ok(Json::object(&outer, |object| {
                object.field("type", "image_url").object_with("image_url", &inner, |image| {
                    image.field("url", url).optional("detail", detail.as_ref());
                });
            }))
        }
        PartKind::Document(Document { source: Source::Text { media_type, text }, name })
            if media_type::usual(media_type) == "text/plain" =>
        {
            let (outer, inner) = nested::split(&part.extra, "document");
            Ok(Json::object(&outer, |object| {
                object.field("type", "document").object_with("document", &inner, |document| {
                    document
                        .object("data", |data| _ = data.field("text", text).optional("title", name.as_ref()));
                });
            }))
        }
        // Documents may have any fields, so one that is not a title and a text is kept whole.
        kind if foreign::is_foreign(kind, NAME) => Err(foreign::FOREIGN_ITEM),
        PartKind::Unknown(whole) | PartKind::ProviderItem { item: whole, .. } if is_document(whole) => {
            Ok(whole.clone())
        }
        PartKind::Unknown(_) | PartKind::ProviderItem { .. } => {
            Err("texts, images and documents can be sent; this is another part")
        }
        PartKind::Document(_) => Err("documents go as plain text"),
        PartKind::Audio(_) => Err("audio cannot be sent; send its text"),
        PartKind::Reasoning(_) | PartKind::ToolCall(_) => Err("only the assistant's messages carry it"),
        PartKind::RedactedReasoning { .. } => Err("redacted reasoning is for its own provider only"),
        PartKind::ToolResult(_) => Err("a tool result stands in a message of its own"),
    }
}

fn is_document(whole: &Json) -> bool {
    whole.value().object().is_some_and(|mut fields| {
        fields.take_string("type").as_deref() == Some("document") && fields.get("document").is_some()
    })
}

/// Reads a content part. What has no name in the model is kept whole.
pub(super) fn read_part(value: Value<'_>) -> Result<Part, JsonError> {
    match read_document(value) {
        Some(document) => Ok(document),
        None => decode_part(value),
    }
}

/// A document that is a text, with or without a title, and nothing else.
fn read_document(value: Value<'_>) -> Option<Part> {
    let mut fields = value.object()?;
    if fields.take_string("type")? != "document" {
        return None;
    }
    let mut document = fields.take_object("document")?;
    let mut data = document.take_object("data")?;
    let (text, name) = (data.take_string("text")?, data.take_string("title"));
    if !data.is_empty() {
        return None;
    }
    let source = Source::Text { media_type: "text/plain".into(), text };
    let mut extra = fields.rest();
    nested::keep(&mut extra, "document", document);
    Some(Part { extra, ..Part::new(PartKind::Document(Document { source, name })) })
}

/// An assistant's message, sorted into the fields that the API has for it.
#[derive(Default)]
pub(super) struct AssistantFields<'a> {
    pub(super) content: Vec<&'a Part>,
    plan: Option<String>,
    calls: Vec<(&'a Part, Sent<'a>)>,
}

impl<'a> AssistantFields<'a> {
    pub(super) fn add(&mut self, part: &'a Part) {
        match &part.kind {
            PartKind::ToolCall(call) => self.calls.push((part, Sent::as_it_is(call))),
            PartKind::Reasoning(reasoning) if is_plan(&part.extra) => {
                self.plan.get_or_insert_default().push_str(&reasoning.text);
            }
            _ => self.content.push(part),
        }
    }

    /// Whether nothing is said.
    fn is_empty(&self) -> bool {
        self.content.is_empty() && self.plan.is_none() && self.calls.is_empty()
    }

    /// Writes the fields but `content`.
    fn write(&self, object: &mut ObjectWriter<'_>) {
        object.optional(PLAN, self.plan.as_ref());
        if !self.calls.is_empty() {
            object.array("tool_calls", &self.calls, |out, (part, sent)| {
                if let PartKind::ToolCall(call) = &part.kind {
                    write_call(out, sent.id(), sent.name(), &as_function(call), &part.extra);
                }
            });
        }
    }

    /// Writes the fields of an answer.
    pub(super) fn write_answer(&self, object: &mut ObjectWriter<'_>) {
        if !self.content.is_empty() {
            object.array("content", &self.content, |out, part| write_assistant_part(part, out));
        }
        self.write(object);
    }
}

/// Writes a part of what an assistant says. Nothing is left out: what the API has no words for is written as its own
/// provider would have.
pub(super) fn write_assistant_part(part: &Part, out: &mut Vec<u8>) {
    match &part.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => write_text(text, &part.extra, out),
        PartKind::Reasoning(Reasoning { text, signature }) => {
            let mut object = ObjectWriter::begin_with(out, &part.extra);
            object.field("type", "thinking").field("thinking", text);
            object.optional("signature", signature.as_ref());
            object.finish();
        }
        _ => write_answer_part(part, out),
    }
}

/// An assistant's message; none where it says nothing.
fn encode_assistant<'a>(
    message: &'a Message,
    place: Place,
    calls: &mut Calls<'a>,
    refusals: &mut Refusals,
) -> Result<Option<Json>, UnsupportedField> {
    let mut said = AssistantFields::default();
    for (position, part) in message.content.iter().enumerate() {
        let field = place.content(position);
        note_breakpoint(part, field, refusals);
        match &part.kind {
            // Another provider's thoughts that it keeps to itself.
            PartKind::Reasoning(reasoning) if TEXTS.drops(&reasoning.text) => {}
            PartKind::ToolCall(call) => said.calls.push((part, calls.call(call))),
            PartKind::RedactedReasoning { .. } => {
                refusals.add(field, "redacted reasoning is for its own provider only")?;
            }
            _ if TEXTS.drops_part(part) => {}
            PartKind::Text(_) | PartKind::Refusal(_) | PartKind::Reasoning(_) => said.add(part),
            kind if foreign::is_foreign(kind, NAME) => {
                refusals.add(field, &foreign::named(kind, foreign::FOREIGN_ITEM))?;
            }
            _ => refusals.add(field, "an assistant's message holds text, thoughts and calls")?,
        }
    }
    if said.is_empty() && blank::is_left_out(&message.role) {
        return Ok(None);
    }
    Ok(Some(Json::object(&message.extra, |object| {
        object.field("role", "assistant");
        match said.content.as_slice() {
            [] => {}
            [Part { kind: PartKind::Text(text) | PartKind::Refusal(text), extra, .. }]
                if extra.is_empty() =>
            {
                object.field("content", text);
            }
            parts => _ = object.array("content", parts, |out, part| write_request_part(part, out)),
        }
        said.write(object);
    })))
}

/// As [`write_assistant_part`], without another provider's proof of its thoughts.
fn write_request_part(part: &Part, out: &mut Vec<u8>) {
    match &part.kind {
        PartKind::Reasoning(Reasoning { text, signature: Some(_) }) => {
            let reasoning = PartKind::Reasoning(Reasoning { text: text.clone(), signature: None });
            write_assistant_part(&Part { extra: part.extra.clone(), ..Part::new(reasoning) }, out);
        }
        _ => write_assistant_part(part, out),
    }
}

/// Puts the plan, where a message has one among its fields, before its calls.
pub(super) fn place_plan(message: &mut Message) {
    if message.role != Role::Assistant {
        return;
    }
    let plan = message.extra.get(PLAN).and_then(|plan| lenient::known(plan.value()));
    if let Some(text) = plan {
        message.extra.remove(PLAN);
        let parts = text_parts(text).into_iter().filter_map(|part| match part.kind {
            PartKind::Text(text) => {
                let kind = PartKind::Reasoning(Reasoning { text, signature: None });
                Some(Part { extra: plan_mark(), ..Part::new(kind) })
            }
            _ => None,
        });
        let is_call = |part: &Part| matches!(part.kind, PartKind::ToolCall(_));
        let calls = message.content.iter().position(is_call).unwrap_or(message.content.len());
        message.content.splice(calls..calls, parts);
    }
}
