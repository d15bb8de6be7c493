//! Content blocks, in both directions, and what they are made of: sources and cache breakpoints.
//!
//! Requests and answers share them. A block that is not what its type says stays whole, as `PartKind::ProviderItem`.

use super::carried::NAME;
use crate::dialect::shared::{
    blank::{FAILED, Texts},
    calls::Sent,
    lenient, media_type,
    tool_input::{decode_input, encode_input},
};
use crate::json::{Extra, Fields, Json, ObjectWriter, Value, write_array};
use crate::model::{
    CacheBreakpoint, CacheLifetime, Document, Image, Part, PartKind, Reasoning, Source, ToolCall, ToolResult,
};
use alloc::vec::Vec;

/// Reads one content block. Never fails: what has no name here is kept whole.
pub fn decode_block(value: Value<'_>) -> Part {
    if let Some(text) = value.string() {
        return Part::text(text);
    }
    known_block(value).unwrap_or_else(|| Part::provider_item(NAME, value.to_json()))
}

/// Reads one block of an answer: one without a type is what its fields are those of.
pub(super) fn decode_answer_block(value: Value<'_>) -> Part {
    let value = lenient::one(value);
    match value.object() {
        Some(fields) if fields.get("type").and_then(Value::string).is_none() => untyped_block(fields)
            .unwrap_or_else(|| {
                let said = lenient::known(value);
                said.map_or_else(|| Part::provider_item(NAME, value.to_json()), Part::text)
            }),
        _ => decode_block(value),
    }
}

fn untyped_block(mut fields: Fields<'_>) -> Option<Part> {
    let has = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let block_type = match () {
        () if has("thinking") => "thinking",
        () if has("text") => "text",
        () if has("name") && has("input") => "tool_use",
        () => return None,
    };
    fields.take("type");
    block_of(block_type, fields)
}

fn known_block(value: Value<'_>) -> Option<Part> {
    let mut fields = value.object()?;
    let block_type = fields.take_string("type")?;
    block_of(&block_type, fields)
}

fn block_of(block_type: &str, mut fields: Fields<'_>) -> Option<Part> {
    let kind = match block_type {
        "text" => PartKind::Text(lenient::take(&mut fields, "text")?),
        "image" => PartKind::Image(Image { source: decode_source(fields.take("source")?), detail: None }),
        "document" => {
            let source = decode_source(fields.take("source")?);
            PartKind::Document(Document { source, name: fields.take_string("title") })
        }
        "tool_use" => PartKind::ToolCall(ToolCall {
            id: lenient::take(&mut fields, "id").unwrap_or_default(),
            name: lenient::take(&mut fields, "name").filter(|name| !name.is_empty())?,
            arguments: decode_input(fields.take("input")),
            custom: false,
        }),
        "tool_result" => PartKind::ToolResult(ToolResult {
            tool_call_id: fields.take_string("tool_use_id")?,
            name: None,
            content: take_content(&mut fields),
            is_error: fields.take_bool("is_error"),
        }),
        "thinking" => PartKind::Reasoning(Reasoning {
            text: lenient::take(&mut fields, "thinking")?,
            signature: fields.take_string("signature").filter(|signature| !signature.is_empty()),
        }),
        "redacted_thinking" => PartKind::RedactedReasoning { data: fields.take_string("data")? },
        _ => return None,
    };
    Some(Part { kind, cache: take_cache(&mut fields), extra: fields.rest() })
}

/// Takes out the content of an answer, whatever its form. An empty text makes no part.
pub(super) fn take_answer_content(fields: &mut Fields<'_>) -> Vec<Part> {
    match fields.take("content") {
        None => Vec::new(),
        Some(content) if content.array().is_some() || content.is_object() => {
            lenient::items(content).into_iter().map(decode_answer_block).collect()
        }
        Some(content) => {
            let text = lenient::any(content);
            if text.is_empty() { Vec::new() } else { alloc::vec![Part::text(text)] }
        }
    }
}

/// Takes `content` out, which is a text or a list of blocks. An empty text makes no part; another type stays in place.
pub(super) fn take_content(fields: &mut Fields<'_>) -> Vec<Part> {
    if let Some(text) = fields.take_string("content") {
        return if text.is_empty() { Vec::new() } else { alloc::vec![Part::text(text)] };
    }
    fields.take_array("content").unwrap_or_default().into_iter().map(decode_block).collect()
}

/// Takes `cache_control` out. One with more than we have names for stays in place.
pub(super) fn take_cache(fields: &mut Fields<'_>) -> Option<CacheBreakpoint> {
    let mut control = fields.get("cache_control")?.object()?;
    if control.take_string("type")? != "ephemeral" {
        return None;
    }
    let lifetime = control.take_string("ttl").map(|ttl| CacheLifetime::from(ttl.as_str()));
    if !control.is_empty() {
        return None;
    }
    fields.take("cache_control");
    Some(CacheBreakpoint { lifetime })
}

fn decode_source(value: Value<'_>) -> Source {
    known_source(value).unwrap_or_else(|| Source::Other(value.to_json()))
}

fn known_source(value: Value<'_>) -> Option<Source> {
    let mut fields = value.object()?;
    let source_type = fields.take_string("type")?;
    let source = match source_type.as_str() {
        "base64" => Source::Base64 {
            media_type: media_type::usual(&fields.take_string("media_type")?).into_owned(),
            data: fields.take_string("data")?,
        },
        "text" => {
            Source::Text { media_type: fields.take_string("media_type")?, text: fields.take_string("data")? }
        }
        "url" => Source::Url(fields.take_string("url")?),
        "file" => Source::File { id: fields.take_string("file_id")? },
        _ => return None,
    };
    fields.is_empty().then_some(source)
}

/// The texts that the API takes.
pub(super) const TEXTS: Texts = Texts::NotBlank;

/// Appends one block; nothing where the API has no block for the part (see `unsupported`).
pub(crate) fn encode_block(part: &Part, out: &mut Vec<u8>) {
    encode_block_as(part, None, out);
}

/// As [`encode_block`], in a request: a call or a result as it is `sent` there, and no text in it that the API refuses.
pub(super) fn encode_block_as(part: &Part, sent: Option<&Sent<'_>>, out: &mut Vec<u8>) {
    let Part { kind, cache, extra } = part;
    if let PartKind::Unknown(whole) | PartKind::ProviderItem { item: whole, .. } = kind {
        encode_whole(whole, cache.as_ref(), extra, out);
        return;
    }
    let mut object = ObjectWriter::begin_with(out, extra);
    match kind {
        PartKind::Text(text) | PartKind::Refusal(text) => {
            object.field("type", "text").field("text", text);
        }
        PartKind::Image(Image { source, .. }) => {
            object.field("type", "image").with("source", |out| encode_source(source, out));
        }
        PartKind::Document(Document { source, name }) => {
            object.field("type", "document").with("source", |out| encode_source(source, out));
            object.optional("title", name.as_ref());
        }
        PartKind::ToolCall(ToolCall { id, name, arguments, .. }) => {
            let (id, name) = sent.map_or((id.as_str(), name.as_str()), |sent| (sent.id(), sent.name()));
            object.field("type", "tool_use").field("id", id).field("name", name);
            object.with("input", |out| encode_input(arguments, out));
        }
        PartKind::ToolResult(result) => {
            let id = sent.map_or(result.tool_call_id.as_str(), Sent::id);
            object.field("type", "tool_result").field("tool_use_id", id);
            encode_result_content(result, sent.is_some(), &mut object);
            object.optional("is_error", result.is_error);
        }
        PartKind::Reasoning(Reasoning { text, signature }) => {
            object.field("type", "thinking").field("thinking", text);
            object.field("signature", signature.as_deref().unwrap_or_default());
        }
        PartKind::RedactedReasoning { data } => {
            object.field("type", "redacted_thinking").field("data", data);
        }
        PartKind::Audio(_) | PartKind::ProviderItem { .. } | PartKind::Unknown(_) => {}
    }
    if takes_cache(kind) {
        object.optional("cache_control", cache.as_ref().map(encode_cache));
    }
    object.finish();
}

fn encode_result_content(result: &ToolResult, is_request: bool, object: &mut ObjectWriter<'_>) {
    let is_dropped = |part: &Part| is_request && TEXTS.drops_part(part);
    let content = result.content.as_slice();
    if is_request && TEXTS.needs_word(result) {
        object.field("content", FAILED);
    } else if content.iter().any(is_dropped) {
        let said: Vec<&Part> = content.iter().filter(|part| !is_dropped(part)).collect();
        if !said.is_empty() {
            object.with("content", |out| encode_blocks(said, out));
        }
    } else if !content.is_empty() {
        object.with("content", |out| encode_content(content, out));
    }
}

/// Whether the API lets a cache breakpoint stand on such a block.
pub(super) fn takes_cache(kind: &PartKind) -> bool {
    !matches!(kind, PartKind::Reasoning(_) | PartKind::RedactedReasoning { .. })
}

/// Why the API has no block for it, where it has none.
pub(super) fn unsupported(kind: &PartKind) -> Option<&'static str> {
    match kind {
        PartKind::Audio(_) => Some("audio cannot be sent; send its text"),
        PartKind::Image(Image { source: Source::Text { .. }, .. }) => Some("an image cannot be text"),
        _ => None,
    }
}

/// Appends a value kept whole, with what was added to it.
pub(super) fn encode_whole(whole: &Json, cache: Option<&CacheBreakpoint>, extra: &Extra, out: &mut Vec<u8>) {
    match whole.value().object() {
        Some(fields) if cache.is_some() || !extra.is_empty() => {
            let mut fields = fields.rest();
            if let Some(cache) = cache {
                fields.insert("cache_control", encode_cache(cache));
            }
            for (name, value) in extra.iter() {
                fields.insert(name, value.clone());
            }
            ObjectWriter::begin_with(out, &fields).finish();
        }
        _ => out.extend_from_slice(whole.text().as_bytes()),
    }
}

/// Appends a content: one plain text as a string, anything else as blocks.
pub(super) fn encode_content(parts: &[Part], out: &mut Vec<u8>) {
    match parts {
        [Part { kind: PartKind::Text(text), cache: None, extra }] if !text.is_empty() && extra.is_empty() => {
            crate::json::write_string(text, out);
        }
        parts => encode_blocks(parts, out),
    }
}

/// Appends a list of blocks.
pub(super) fn encode_blocks<'a>(parts: impl IntoIterator<Item = &'a Part>, out: &mut Vec<u8>) {
    let parts = parts.into_iter().filter(|part| unsupported(&part.kind).is_none());
    write_array(out, parts, |out, part| encode_block(part, out));
}

/// The value of `cache_control`.
pub(super) fn encode_cache(cache: &CacheBreakpoint) -> Json {
    let ttl = cache.lifetime.as_ref().map(CacheLifetime::as_str);
    Json::object(&Extra::new(), |object| {
        object.field("type", "ephemeral").optional("ttl", ttl);
    })
}

fn encode_source(source: &Source, out: &mut Vec<u8>) {
    if let Source::Other(whole) = source {
        out.extend_from_slice(whole.text().as_bytes());
        return;
    }
    let mut object = ObjectWriter::begin(out);
    match source {
        Source::Base64 { media_type, data } => {
            object.field("type", "base64").field("media_type", &*media_type::usual(media_type));
            object.field("data", data);
        }
        Source::Text { media_type, text } => {
            object.field("type", "text").field("media_type", media_type).field("data", text);
        }
        Source::Url(url) => {
            object.field("type", "url").field("url", url);
        }
        Source::File { id } => {
            object.field("type", "file").field("file_id", id);
        }
        Source::Other(_) => {}
    }
    object.finish();
}
