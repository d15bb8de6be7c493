//! Images, documents and audio: formats are words of Bedrock's own, and bytes come in the request or from S3. Nothing
//! is fetched from other addresses (`docs/wire/bedrock.md`, section 2, `docs/wire/caching-thinking-tools.md`, section
//! 5).

use super::document_names::DocumentNames;
use crate::dialect::shared::media_type;
use crate::json::{Extra, Fields, ObjectWriter, Value};
use crate::model::{Audio, Document, Image, PartKind, Source};
use alloc::{borrow::ToOwned, vec::Vec};

/// Images: format, media type. The first of a format is what it is read as.
const IMAGES: &[(&str, &str)] =
    &[("png", "image/png"), ("jpeg", "image/jpeg"), ("gif", "image/gif"), ("webp", "image/webp")];

/// Documents, as for images.
const DOCUMENTS: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("html", "text/html"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
];

/// Audio, as for images.
const SOUNDS: &[(&str, &str)] = &[
    ("mp3", "audio/mp3"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("opus", "audio/opus"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("mp4", "audio/mp4"),
    ("m4a", "audio/m4a"),
    ("webm", "audio/webm"),
    ("pcm", "audio/pcm"),
    ("mkv", "audio/x-matroska"),
];

const S3: &str = "s3://";

/// How a kind of medium is written.
fn formats(kind: &PartKind) -> Option<(&'static [(&'static str, &'static str)], &Source)> {
    match kind {
        PartKind::Image(image) => Some((IMAGES, &image.source)),
        PartKind::Document(document) => Some((DOCUMENTS, &document.source)),
        PartKind::Audio(audio) => Some((SOUNDS, &audio.source)),
        _ => None,
    }
}

/// Why Bedrock cannot be sent a medium, where it cannot.
pub(super) fn unsupported(kind: &PartKind) -> Option<&'static str> {
    let (formats, source) = formats(kind)?;
    match source {
        Source::Base64 { media_type, .. } if format_of(formats, media_type).is_none() => {
            Some("media of this type cannot be sent; convert it")
        }
        Source::Text { .. } if !matches!(kind, PartKind::Document(_)) => Some("this cannot be text"),
        Source::Url(url) if !url.starts_with(S3) => {
            Some("addresses are not fetched; send the bytes, or an s3:// address")
        }
        Source::File { .. } => Some("there are no uploaded files; send the bytes, or an s3:// address"),
        // Other APIs' sources name their type.
        Source::Other(whole) if whole.value().object().is_none_or(|source| source.get("type").is_some()) => {
            Some("another API's source; send the bytes, or an s3:// address")
        }
        _ => None,
    }
}

fn format_of(formats: &[(&'static str, &str)], media_type: &str) -> Option<&'static str> {
    let media_type = media_type::usual(media_type);
    formats.iter().find(|(_, known)| *known == media_type).map(|(format, _)| *format)
}

/// The format that the end of an address names; the first one where it names none.
fn format_of_address(formats: &[(&'static str, &str)], address: &str) -> Option<&'static str> {
    let end = address.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
    let end = match end.as_str() {
        "jpg" => "jpeg",
        "htm" => "html",
        "markdown" => "md",
        end => end,
    };
    let named = formats.iter().find(|(format, _)| *format == end);
    named.or(formats.first()).map(|(format, _)| *format)
}

/// Reads the object inside a block of the name `block`; `None` where it has a form of its own.
pub(super) fn decode(block: &str, fields: &mut Fields<'_>) -> Option<PartKind> {
    let formats = match block {
        "image" => IMAGES,
        "document" => DOCUMENTS,
        "audio" => SOUNDS,
        _ => return None,
    };
    let format = fields.get("format").and_then(Value::string);
    let source = decode_source(formats, format.as_deref(), fields.get("source")?, block == "document")?;
    // A format that the source implies is not kept twice.
    let is_implied = match &source {
        Source::Base64 { .. } | Source::Text { .. } => true,
        Source::Url(address) => format_of_address(formats, address) == format.as_deref(),
        _ => false,
    };
    if is_implied {
        fields.take("format");
    }
    fields.take("source");
    Some(match block {
        "image" => PartKind::Image(Image { source, detail: None }),
        "document" => PartKind::Document(Document { source, name: fields.take_string("name") }),
        _ => PartKind::Audio(Audio { source }),
    })
}

fn decode_source(
    formats: &[(&str, &str)],
    format: Option<&str>,
    whole: Value<'_>,
    may_be_text: bool,
) -> Option<Source> {
    let media_type = || {
        let known = formats.iter().find(|(known, _)| Some(*known) == format);
        known.map(|(_, media_type)| (*media_type).to_owned())
    };
    let mut source = whole.object()?;
    if let Some(data) = source.take_string("bytes") {
        return source.is_empty().then_some(Source::Base64 { media_type: media_type()?, data });
    }
    if may_be_text && let Some(text) = source.take_string("text") {
        // A text needs no format.
        let media_type = if format.is_none() { Some("text/plain".to_owned()) } else { media_type() };
        return source.is_empty().then_some(Source::Text { media_type: media_type?, text });
    }
    let address = source.get("s3Location").and_then(|location| {
        let mut location = location.object()?;
        let address = location.take_string("uri").filter(|uri| uri.starts_with(S3))?;
        location.is_empty().then_some(address)
    });
    match address {
        Some(address) if source.iter().count() == 1 => Some(Source::Url(address)),
        _ => (source.get("type").is_none()).then(|| Source::Other(whole.to_json())),
    }
}

/// Appends the block of a medium; nothing where `kind` is none. `extra` are the further fields of the object inside.
pub(super) fn encode(kind: &PartKind, extra: &Extra, names: &mut DocumentNames, out: &mut Vec<u8>) {
    let Some((formats, source)) = formats(kind) else { return };
    let format = match source {
        Source::Base64 { media_type, .. } => format_of(formats, media_type),
        // Text of a type without a format of its own is plain text.
        Source::Text { media_type, .. } => format_of(formats, media_type).or(Some("txt")),
        Source::Url(address) => format_of_address(formats, address),
        _ => None,
    };
    let (block, name) = match kind {
        PartKind::Image(_) => ("image", None),
        PartKind::Document(document) => ("document", names.give(document.name.as_deref())),
        _ => ("audio", None),
    };
    let mut object = ObjectWriter::begin(out);
    object.object_with(block, extra, |object| {
        object.optional("format", format).optional("name", name);
        object.with("source", |out| encode_source(source, out));
    });
    object.finish();
}

fn encode_source(source: &Source, out: &mut Vec<u8>) {
    let mut object = match source {
        Source::Other(whole) => return out.extend_from_slice(whole.text().as_bytes()),
        _ => ObjectWriter::begin(out),
    };
    match source {
        Source::Base64 { data, .. } => object.field("bytes", data),
        Source::Text { text, .. } => object.field("text", text),
        Source::Url(address) | Source::File { id: address } => object.object("s3Location", |location| {
            location.field("uri", address);
        }),
        Source::Other(_) => &mut object,
    };
    object.finish();
}
