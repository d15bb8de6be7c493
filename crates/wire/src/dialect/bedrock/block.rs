//! Content blocks, in both directions. A block is an object with one field, whose name says what it is; what else an
//! answer's has is new, and kept with it.
//!
//! Requests and answers share them. A block that is not what its name says stays whole, as `PartKind::ProviderItem`.

use super::carried::NAME;
use super::document_names::DocumentNames;
use super::{cache, media, usage};
use crate::dialect::shared::{
    blank::{FAILED, Texts},
    lenient,
    tool_input::{decode_input, encode_input},
};
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

/// What a block may be. `toolUse` and `toolResult` of the provider's own tools are not here: the caller has no part in
/// them.
const KNOWN: [&str; 8] =
    ["text", "toolUse", "toolResult", "reasoningContent", "citationsContent", "image", "document", "audio"];

/// Types of calls and results that say nothing beyond what the block is. Others name who runs the tool.
const USUAL_TYPES: [&str; 4] = ["tool_use", "tool_result", "function", ""];

fn known_block(value: Value<'_>) -> Option<Part> {
    let value = lenient::one(value);
    if let Some(text) = value.string() {
        return Some(Part::text(text));
    }
    let mut fields = value.object()?;
    let (name, inner) = fields.iter().find(|(name, _)| KNOWN.contains(name))?;
    let (name, inner) = (String::from(name), inner);
    fields.take(&name);
    let mut part = known_inner(&name, inner)?;
    // Any sibling field is new.
    for (name, value) in usage::without_nulls(&fields).iter() {
        part.extra.insert(name, value.clone());
    }
    Some(part)
}

/// The name of a block: that of what it is, else the first.
pub(super) fn name_of(fields: &Fields<'_>) -> Option<String> {
    let known = fields.iter().find(|(name, _)| KNOWN.contains(name));
    known.or_else(|| fields.iter().find(|(_, value)| value.is_object())).map(|(name, _)| name.into())
}

fn known_inner(name: &str, value: Value<'_>) -> Option<Part> {
    if name == "text" {
        return Some(Part::text(lenient::any(value)));
    }
    let value = lenient::one(value);
    if let ("toolUse", Some(name)) = (name, value.string()) {
        let call = ToolCall { id: String::new(), name, arguments: decode_input(None), custom: false };
        return Some(Part::new(PartKind::ToolCall(call)));
    }
    if name == "reasoningContent" && !value.is_object() {
        let reasoning = Reasoning { text: lenient::known(value)?, signature: None };
        return Some(Part::new(PartKind::Reasoning(reasoning)));
    }
    let mut inner = value.object()?;
    let kind = match name {
        "toolUse" if take_usual_type(&mut inner) => PartKind::ToolCall(ToolCall {
            id: lenient::take(&mut inner, "toolUseId").unwrap_or_default(),
            name: lenient::take(&mut inner, "name").filter(|name| !name.is_empty())?,
            arguments: decode_input(inner.take("input")),
            custom: false,
        }),
        "toolResult" if take_usual_type(&mut inner) => PartKind::ToolResult(ToolResult {
            tool_call_id: inner.take_string("toolUseId")?,
            name: None,
            content: decode_result(inner.take_array("content")?),
            is_error: take_status(&mut inner),
        }),
        "toolUse" | "toolResult" => return None,
        "reasoningContent" => return decode_reasoning(inner),
        "citationsContent" => return decode_cited(inner),
        block => media::decode(block, &mut inner)?,
    };
    Some(Part { kind, cache: None, extra: inner.rest() })
}

/// Whether a call is the caller's to run, and a result the caller's. Its type is taken out then: it says nothing.
fn take_usual_type(inner: &mut Fields<'_>) -> bool {
    let is_usual = inner
        .get("type")
        .is_none_or(|word| word.string().is_none_or(|word| USUAL_TYPES.contains(&word.as_str())));
    if is_usual {
        inner.take("type");
    }
    is_usual
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
        return Some(Part { extra: fields.rest(), ..Part::new(PartKind::RedactedReasoning { data }) });
    }
    let written = fields.take("reasoningText")?;
    let (text, signature, mut extra) = match lenient::object(written) {
        Some(mut inner) => {
            let text = lenient::take_known(&mut inner, "text")?;
            let signature = inner.take_string("signature").filter(|signature| !signature.is_empty());
            (text, signature, inner.rest())
        }
        None => (lenient::known(written)?, None, Extra::new()),
    };
    for (name, value) in usage::without_nulls(&fields).iter() {
        extra.insert(name, value.clone());
    }
    Some(Part { extra, ..Part::new(PartKind::Reasoning(Reasoning { text, signature })) })
}

/// A text with its sources is a text part that carries them, as in streams and with other providers.
fn decode_cited(mut fields: Fields<'_>) -> Option<Part> {
    let mut text = String::new();
    for piece in lenient::take_items(&mut fields, "content")? {
        text += &lenient::known(piece)?;
    }
    Some(Part { extra: fields.rest(), ..Part::text(text) })
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

/// Further fields of a whole block are siblings of its one.
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
