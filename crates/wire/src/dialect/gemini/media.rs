//! Images, documents and audio: `inlineData` and `fileData`, in both directions.
//!
//! A file at an address needs its media type. Where the caller names none, the address's ending implies it,
//! and left out again when read, so that it reads as it was written. Video has no name in the model and stays whole.

use crate::dialect::shared::{media_type, nested};
use crate::json::{Extra, Fields, ObjectWriter, write_string};
use crate::model::{Audio, Document, Image, PartKind, Source};
use alloc::{string::String, vec::Vec};

const INLINE: &str = "inlineData";
const FILE: &str = "fileData";

/// Media types by the endings of names.
const ENDINGS: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("html", "text/html"),
    ("csv", "text/csv"),
    ("md", "text/markdown"),
    ("json", "application/json"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mpeg"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("aac", "audio/aac"),
];

/// What the ending of an address implies.
fn by_ending(uri: &str) -> Option<&'static str> {
    let path = uri.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    ENDINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending)).map(|(_, media_type)| *media_type)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image,
    Audio,
    Document,
}

impl Kind {
    fn from_media_type(media_type: &str) -> Option<Self> {
        match media_type::usual(media_type).split('/').next()? {
            "image" => Some(Self::Image),
            "audio" => Some(Self::Audio),
            "text" | "application" => Some(Self::Document),
            _ => None,
        }
    }

    /// What an address of this kind is where its ending says nothing: the most common.
    fn usual(self) -> &'static str {
        match self {
            Self::Image => "image/jpeg",
            Self::Audio => "audio/mpeg",
            Self::Document => "application/pdf",
        }
    }

    /// What is written for an address whose media type the caller did not name.
    fn implied_type(self, uri: &str) -> &'static str {
        by_ending(uri)
            .filter(|media_type| Self::from_media_type(media_type) == Some(self))
            .unwrap_or(self.usual())
    }

    fn part(self, source: Source, name: Option<String>) -> PartKind {
        match self {
            Self::Image => PartKind::Image(Image { source, detail: None }),
            Self::Audio => PartKind::Audio(Audio { source }),
            Self::Document => PartKind::Document(Document { source, name }),
        }
    }
}

/// Reads the medium of a part; what is left of the inner object goes to `extra`.
pub(super) fn decode(fields: &mut Fields<'_>, extra: &mut Extra) -> Option<PartKind> {
    let is_inline = fields.get(INLINE).is_some();
    let mut blob = fields.get(if is_inline { INLINE } else { FILE })?.object()?;
    blob.camel_case();
    let media_type = blob.take_string("mimeType");
    let (kind, source, name) = if is_inline {
        let (media_type, data) = (media_type?, blob.take_string("data")?);
        (Kind::from_media_type(&media_type)?, Source::Base64 { media_type, data }, INLINE)
    } else {
        let uri = blob.take_string("fileUri")?;
        let kind = Kind::from_media_type(media_type.as_deref().or_else(|| by_ending(&uri))?)?;
        if let Some(media_type) = media_type.filter(|media_type| media_type != kind.implied_type(&uri)) {
            let mut kept = Extra::new();
            kept.insert("mimeType", crate::json::Json::string(&media_type));
            extra.insert(FILE, crate::json::Json::object(&kept, |_| {}));
        }
        (kind, source_of(uri), FILE)
    };
    let title = if kind == Kind::Document { blob.take_string("displayName") } else { None };
    if !blob.is_empty() {
        let mut kept = nested::take(extra, name);
        for (name, value) in blob.rest().iter() {
            kept.insert(name, value.clone());
        }
        extra.insert(name, crate::json::Json::object(&kept, |_| {}));
    }
    fields.take(name);
    Some(kind.part(source, title))
}

/// An address that anybody can have, or Google's own name of a file.
fn source_of(uri: String) -> Source {
    let is_address = uri.contains("://") && !uri.starts_with("https://generativelanguage.googleapis.com/");
    if is_address { Source::Url(uri) } else { Source::File { id: uri } }
}

/// Why media cannot be sent, where they cannot.
pub(super) fn unsupported(kind: &PartKind) -> Option<&'static str> {
    match kind {
        PartKind::Image(Image { source: Source::Text { .. }, .. })
        | PartKind::Audio(Audio { source: Source::Text { .. } }) => Some("an image or audio cannot be text"),
        PartKind::Image(Image { source, .. })
        | PartKind::Audio(Audio { source })
        | PartKind::Document(Document { source, .. }) => unsupported_source(source),
        _ => None,
    }
}

fn unsupported_source(source: &Source) -> Option<&'static str> {
    match source {
        Source::Other(_) => Some("a source of another provider"),
        Source::Url(url) if url.starts_with("data:") => Some("data URLs are not fetched; give the bytes"),
        Source::Base64 { media_type, .. } if Kind::from_media_type(media_type).is_none() => {
            Some("the media type is none of image, audio and document")
        }
        Source::Text { .. } | Source::Base64 { .. } | Source::Url(_) | Source::File { .. } => None,
    }
}

/// Writes the medium into its part. `extra` is what the caller added to the inner object.
pub(super) fn encode(kind: &PartKind, inline: &Extra, file: &Extra, object: &mut ObjectWriter<'_>) {
    let (kind, source, name) = match kind {
        PartKind::Image(image) => (Kind::Image, &image.source, None),
        PartKind::Audio(audio) => (Kind::Audio, &audio.source, None),
        PartKind::Document(document) => (Kind::Document, &document.source, document.name.as_ref()),
        _ => return,
    };
    match source {
        Source::Base64 { media_type, data } => {
            object.object_with(INLINE, inline, |blob| {
                blob.field("mimeType", &*media_type::usual(media_type)).field("data", data);
                blob.optional("displayName", name);
            });
        }
        Source::Url(uri) | Source::File { id: uri } => {
            object.object_with(FILE, file, |blob| {
                blob.field("mimeType", kind.implied_type(uri))
                    .field("fileUri", uri)
                    .optional("displayName", name);
            });
        }
        // To the model, a text is what it says.
        Source::Text { text, .. } => {
            object.with("text", |out: &mut Vec<u8>| write_string(text, out));
        }
        Source::Other(_) => {}
    }
}

/// Takes what the caller added to the inner objects out of a part's `extra`.
pub(super) fn take_nested(extra: &mut Extra) -> (Extra, Extra) {
    (nested::take(extra, INLINE), nested::take(extra, FILE))
}
