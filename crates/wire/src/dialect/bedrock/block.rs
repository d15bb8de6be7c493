//! Content blocks, in both directions. A block is an object with one field, whose name says what it is.
//!
//! Requests and answers share them. A block that is not what its name says stays whole, as `PartKind::ProviderItem`.

use super::carried::NAME;
use super::document_names::DocumentNames;
use super::{cache, media};
use crate::dialect::anthropic::{decode_input, encode_input};
use crate::dialect::shared::blank::{FAILED, Texts};
use crate::json::{Extra, Fields, Json, ObjectWriter, Value, write_array};
use crate::model::{Part, PartKind, Reasoning, ToolCall, ToolResult};
use alloc::{string::String, vec::Vec};

/// Reads a list of blocks. A cache point belongs to the part before it.
pub(super) fn decode_blocks(blocks: Vec<Value<'_>>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::with_capacity(blocks.len());
    for block in blocks {
        match (cache::decode(block), parts.last_mut()) {
            (Some(point), Some(part)) if part.cache.is_none() => part.cache = Some(point),
            _ => parts.push(decode_block(block)),
        }
    }
    parts
}

/// Reads one block. Never fails: what has no name here is kept whole.
pub(super) fn decode_block(value: Value<'_>) -> Part {
    known_block(value).unwrap_or_else(|| Part::provider_item(NAME, value.to_json()))
}

fn known_block(value: Value<'_>) -> Option<Part> {
    let mut fields = value.object()?;
    let (name, inner) = fields.iter().next()?;
    let (name, inner) = (String::from(name), inner);
    fields.take(&name);
    if !fields.is_empty() {
        return None;
    }
    if name == "text" {
        return inner.string().map(Part::text);
    }
    let mut inner = inner.object()?;
    let kind = match name.as_str() {
        // One with a type is run by the provider, and not the caller's to run.
        "toolUse" if inner.get("type").is_none() => PartKind::ToolCall(ToolCall {
            id: inner.take_string("toolUseId")?,
            name: inner.take_string("name")?,
            arguments: decode_input(inner.take("input")),
            custom: false,
        }),
        "toolResult" if inner.get("type").is_none() => PartKind::ToolResult(ToolResult {
            tool_call_id: inner.take_string("toolUseId")?,
            name: None,
            content: decode_result(inner.take_array("content")?),
            is_error: take_status(&mut inner),
        }),
        "reasoningContent" => return decode_reasoning(inner),
        "citationsContent" => return decode_cited(inner),
        block => media::decode(block, &mut inner)?,
    };
    Some(Part { kind, cache: None, extra: inner.rest() })
}

/// An empty text is no part.
fn decode_result(content: Vec<Value<'_>>) -> Vec<Part> {
    content.into_iter().map(decode_block).filter(|part| !is_empty_text(part)).collect()
}

fn take_status(result: &mut Fields<'_>) -> Option<bool> {
    let failed = match result.get("status")?.string()?.as_str() {
        "success" => false,
        "error" => true,
        _ => return None,
    };
    result.take("status");
    Some(failed)
}

fn decode_reasoning(mut fields: Fields<'_>) -> Option<Part> {
    if let Some(data) = fields.take_string("redactedContent") {
        return fields.is_empty().then(|| Part::new(PartKind::RedactedReasoning { data }));
    }
    let mut inner = fields.take_object("reasoningText")?;
    if !fields.is_empty() {
        return None;
    }
    let text = inner.take_string("text")?;
    let signature = inner.take_string("signature").filter(|signature| !signature.is_empty());
    Some(Part { extra: inner.rest(), ..Part::new(PartKind::Reasoning(Reasoning { text, signature })) })
}

/// A text with its sources is a text; they stand beside it as they do in streams and with other providers.
fn decode_cited(mut fields: Fields<'_>) -> Option<Part> {
    let mut text = String::new();
    for piece in fields.take_array("content")? {
        let mut piece = piece.object()?;
        text += &piece.take_string("text")?;
        if !piece.is_empty() {
            return None;
        }
    }
    let citations =
        fields.take("citations").map(|citations| citations.is_array().then_some(citations.to_json()));
    let mut part = Part::text(text);
    if let Some(citations) = citations {
        part.extra.insert("citations", citations?);
    }
    fields.is_empty().then_some(part)
}

/// Appends the blocks of parts, each with its cache point.
pub(super) fn encode_blocks<'a>(
    parts: impl IntoIterator<Item = &'a Part>,
    names: &mut DocumentNames,
    out: &mut Vec<u8>,
) {
    write_array(out, blocks(parts), |out, block| match block {
        Block::Part(part) => encode_block(part, names, out),
        Block::CachePoint(part) => {
            if let Some(point) = &part.cache {
                cache::encode(point, out);
            }
        }
    });
}

/// What a part becomes in a list.
pub(super) enum Block<'a> {
    /// The block of the part.
    Part(&'a Part),
    /// The cache point behind it.
    CachePoint(&'a Part),
}

/// The blocks of parts.
pub(super) fn blocks<'a>(parts: impl IntoIterator<Item = &'a Part>) -> impl Iterator<Item = Block<'a>> {
    parts.into_iter().flat_map(|part| {
        let point = part.cache.as_ref().map(|_| Block::CachePoint(part));
        core::iter::once(Block::Part(part)).chain(point)
    })
}

/// Appends one block.
pub(super) fn encode_block(part: &Part, names: &mut DocumentNames, out: &mut Vec<u8>) {
    let Part { kind, extra, .. } = part;
    match kind {
        PartKind::Text(text) | PartKind::Refusal(text) => encode_text(text, extra, out),
        PartKind::ToolCall(call) => encode_call(&call.id, &call.name, call, extra, out),
        PartKind::ToolResult(result) => encode_result(&result.tool_call_id, result, extra, names, out),
        PartKind::Reasoning(Reasoning { text, signature }) => {
            encode_object("reasoningContent", &Extra::new(), out, |object| {
                object.object_with("reasoningText", extra, |inner| {
                    inner.field("text", text).optional("signature", signature.as_ref());
                });
            });
        }
        PartKind::RedactedReasoning { data } => encode_object("reasoningContent", extra, out, |object| {
            object.field("redactedContent", data);
        }),
        PartKind::Unknown(whole) | PartKind::ProviderItem { item: whole, .. } => {
            encode_whole(whole, extra, out);
        }
        PartKind::Image(_) | PartKind::Document(_) | PartKind::Audio(_) => {
            media::encode(kind, extra, names, out);
        }
    }
}

fn encode_object(name: &str, extra: &Extra, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
    let mut block = ObjectWriter::begin(out);
    block.object_with(name, extra, write);
    block.finish();
}

/// Further fields of a whole block stand beside its one.
fn encode_whole(whole: &Json, extra: &Extra, out: &mut Vec<u8>) {
    match whole.value().object() {
        Some(fields) if !extra.is_empty() => {
            let mut fields = fields.rest();
            for (name, value) in extra.iter() {
                fields.insert(name, value.clone());
            }
            ObjectWriter::begin_with(out, &fields).finish();
        }
        _ => out.extend_from_slice(whole.text().as_bytes()),
    }
}

fn encode_text(text: &str, extra: &Extra, out: &mut Vec<u8>) {
    let citations = extra.get("citations").filter(|citations| citations.value().is_array());
    let mut block = ObjectWriter::begin(out);
    match citations {
        Some(citations) => {
            block.object("citationsContent", |cited| {
                cited.array("content", [text], |out, text| {
                    let mut piece = ObjectWriter::begin(out);
                    piece.field("text", text);
                    piece.finish();
                });
                cited.field("citations", citations);
            });
        }
        None => {
            block.field("text", text);
        }
    }
    // A block has no second field: what else the caller adds is the caller's to answer for.
    for (name, value) in extra.iter().filter(|(name, _)| citations.is_none() || *name != "citations") {
        block.field(name, value);
    }
    block.finish();
}

/// Appends a call under `id`, of the tool `name`.
pub(super) fn encode_call(id: &str, name: &str, call: &ToolCall, extra: &Extra, out: &mut Vec<u8>) {
    encode_object("toolUse", extra, out, |object| {
        object.field("toolUseId", id).field("name", name);
        object.with("input", |out| encode_input(&call.arguments, out));
    });
}

/// Appends a result of the call `id`. Its content has no blank texts, and no cache points either; a failure has a text.
pub(super) fn encode_result(
    id: &str,
    result: &ToolResult,
    extra: &Extra,
    names: &mut DocumentNames,
    out: &mut Vec<u8>,
) {
    let content = result.content.iter().filter(|part| !TEXTS.drops_part(part));
    let failed = TEXTS.needs_word(result).then(|| Part::text(FAILED));
    encode_object("toolResult", extra, out, |object| {
        object.field("toolUseId", id);
        object.array("content", content.chain(&failed), |out, part| encode_block(part, names, out));
        object.optional("status", result.is_error.map(|failed| if failed { "error" } else { "success" }));
    });
}

/// The texts that Bedrock takes.
pub(super) const TEXTS: Texts = Texts::NotBlank;

/// Whether a part is a text without a character.
fn is_empty_text(part: &Part) -> bool {
    matches!(&part.kind, PartKind::Text(text) | PartKind::Refusal(text) if text.is_empty())
}
