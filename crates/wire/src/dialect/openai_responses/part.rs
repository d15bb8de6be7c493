//! Content parts of a message: what goes in, and what the model said.

use super::carried::NAME;
use crate::dialect::openai_chat::{data_url, required_string, source_of_url, take_cache, write_cache};
use crate::dialect::shared::{foreign, lenient};
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter, Value, WriteJson};
use crate::model::{Document, Image, Part, PartKind, Source};
use crate::quirks::CacheControl;
use alloc::vec::Vec;

/// Reads a part of the input. One of a type without a name in the model is kept whole; an error begins with the place
/// inside the part.
pub(super) fn decode_input(value: Value<'_>) -> Result<Part, JsonError> {
    let Some(mut fields) = value.object() else { return Err(JsonError::new(": expected an object")) };
    let Some(part_type) = fields.take_string("type") else {
        return Err(JsonError::new(".type: expected a string"));
    };
    let cache = take_cache(&mut fields);
    let kind = match part_type.as_str() {
        "input_text" | "output_text" | "text" => {
            take_empty(&mut fields, "annotations");
            PartKind::Text(required_string(&mut fields, "text")?)
        }
        "refusal" => PartKind::Refusal(required_string(&mut fields, "refusal")?),
        "input_image" => {
            let source = match (fields.take_string("image_url"), fields.take_string("file_id")) {
                (Some(url), None) => source_of_url(&url),
                (None, Some(id)) => Source::File { id },
                _ => return Ok(Part::provider_item(NAME, value.to_json())),
            };
            PartKind::Image(Image { source, detail: fields.take_string("detail") })
        }
        "input_file" => {
            let named = ["file_data", "file_url", "file_id"].map(|name| fields.take_string(name));
            let source = match named {
                [Some(data), None, None] => match source_of_url(&data) {
                    source @ Source::Base64 { .. } => source,
                    _ => return Ok(Part::provider_item(NAME, value.to_json())),
                },
                // Anything but a network address would be read as bytes when it is written again.
                [None, Some(url), None] => Source::Url(url),
                [None, None, Some(id)] => Source::File { id },
                _ => return Ok(Part::provider_item(NAME, value.to_json())),
            };
            PartKind::Document(Document { source, name: fields.take_string("filename") })
        }
        _ => return Ok(Part::provider_item(NAME, value.to_json())),
    };
    Ok(Part { kind, cache, extra: fields.rest() })
}

fn take_empty(fields: &mut Fields<'_>, name: &str) {
    if fields.get(name).is_some_and(|list| list.is_null() || list.array().is_some_and(|list| list.is_empty()))
    {
        fields.take(name);
    }
}

/// Why `part` cannot go in; `None` where it can.
pub(super) fn unsupported_input(part: &Part) -> Option<&'static str> {
    match &part.kind {
        PartKind::Image(Image { source, .. }) => match source {
            Source::Url(_) | Source::Base64 { .. } | Source::File { .. } => None,
            _ => Some("images go as an address, as base64 or as the id of an uploaded file"),
        },
        PartKind::Document(Document { source, .. }) => match source {
            Source::Url(_) | Source::Base64 { .. } | Source::File { .. } => None,
            _ => Some("documents go as an address, as base64 or as the id of an uploaded file"),
        },
        kind if foreign::is_foreign(kind, NAME) => Some(foreign::FOREIGN_ITEM),
        // A refusal that is put in is a text.
        PartKind::Text(_) | PartKind::Refusal(_) | PartKind::ProviderItem { .. } | PartKind::Unknown(_) => {
            None
        }
        PartKind::Audio(_) => Some("Responses takes no audio; use Chat Completions"),
        PartKind::RedactedReasoning { .. } | PartKind::Reasoning(_) => {
            Some("only the assistant's messages carry reasoning")
        }
        PartKind::ToolCall(_) => Some("only the assistant's messages carry tool calls"),
        PartKind::ToolResult(_) => Some("a tool result stands in a message of its own"),
    }
}

pub(super) fn type_of(whole: &Json) -> Option<alloc::string::String> {
    whole.value().object()?.get("type")?.string()
}

/// Writes a part of the input; nothing where it cannot go in.
pub(super) fn write_input(part: &Part, out: &mut Vec<u8>) {
    let mut object = match &part.kind {
        PartKind::Unknown(whole) | PartKind::ProviderItem { item: whole, .. } => {
            return whole.write_json(out);
        }
        PartKind::Text(_) | PartKind::Refusal(_) | PartKind::Image(_) | PartKind::Document(_) => {
            ObjectWriter::begin_with(out, &part.extra)
        }
        _ => return,
    };
    match &part.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => {
            object.field("type", "input_text").field("text", text);
        }
        PartKind::Image(Image { source, detail }) => {
            object.field("type", "input_image");
            write_source(source, "image_url", "image_url", &mut object);
            object.optional("detail", detail.as_ref());
        }
        PartKind::Document(Document { source, name }) => {
            object.field("type", "input_file").optional("filename", name.as_ref());
            write_source(source, "file_data", "file_url", &mut object);
        }
        _ => {}
    }
    write_cache(part.cache.as_ref(), CacheControl::Breakpoint, &mut object);
    object.finish();
}

fn write_source(source: &Source, data_name: &str, url_name: &str, object: &mut ObjectWriter<'_>) {
    match source {
        Source::Base64 { media_type, data } => _ = object.field(data_name, data_url(media_type, data)),
        Source::Url(url) => _ = object.field(url_name, url),
        Source::File { id } => _ = object.field("file_id", id),
        _ => {}
    }
}

/// What the model said, one part of it, and the log probabilities that came with it.
pub(super) struct MessagePart<'a> {
    pub(super) part: Part,
    pub(super) logprobs: Vec<Value<'a>>,
}

/// Reads a part of what the model said. Never fails: what is not what its type says is kept whole.
pub(super) fn decode_message_part(value: Value<'_>) -> MessagePart<'_> {
    known_message_part(value).unwrap_or_else(|| MessagePart {
        part: Part::provider_item(NAME, value.to_json()),
        logprobs: Vec::new(),
    })
}

fn known_message_part(value: Value<'_>) -> Option<MessagePart<'_>> {
    let value = lenient::one(value);
    if let Some(text) = value.string() {
        return Some(MessagePart { part: Part::text(text), logprobs: Vec::new() });
    }
    let mut fields = value.object()?;
    let part_type = fields.take_string("type");
    let kind = match part_type.as_deref().unwrap_or("text") {
        // Some servers and clients leave the direction out, or have the wrong one.
        "output_text" | "input_text" | "text" => PartKind::Text(lenient::take(&mut fields, "text")?),
        "refusal" => PartKind::Refusal(lenient::take(&mut fields, "refusal")?),
        _ => return None,
    };
    let logprobs = fields.take_array("logprobs").unwrap_or_default();
    take_empty(&mut fields, "annotations");
    Some(MessagePart { part: Part { kind, cache: None, extra: fields.rest() }, logprobs })
}

/// Writes a part of what the model said. `extra` are the part's further fields without those about its item.
pub(super) fn write_message_part(
    kind: &PartKind,
    extra: &Extra,
    logprobs: Option<&[Value<'_>]>,
    out: &mut Vec<u8>,
) {
    let (part_type, name, text) = match kind {
        PartKind::Text(text) => ("output_text", "text", text),
        PartKind::Refusal(text) => ("refusal", "refusal", text),
        PartKind::Unknown(whole) | PartKind::ProviderItem { item: whole, .. } => {
            return whole.write_json(out);
        }
        _ => return out.extend_from_slice(b"null"),
    };
    let mut object = ObjectWriter::begin_with(out, extra);
    object.field("type", part_type).field(name, text);
    if part_type == "output_text" {
        object.with("annotations", |out| out.extend_from_slice(b"[]"));
        if let Some(logprobs) = logprobs {
            object.field("logprobs", logprobs);
        }
    }
    object.finish();
}
