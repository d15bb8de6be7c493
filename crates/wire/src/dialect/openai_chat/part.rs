//! Content parts: text, refusals, images, audio, files, and the reasoning blocks that some providers put there.

use super::{carried::NAME, tools};
use crate::dialect::anthropic;
use crate::dialect::shared::{foreign, lenient, media_type, nested};
use crate::encode::{Place, Refusals};
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter, Value, WriteJson};
use crate::model::{
    Audio, CacheBreakpoint, CacheLifetime, Document, Image, Part, PartKind, Reasoning, Source,
};
use crate::quirks::{CacheControl, MediaParts, Quirks};
use alloc::{borrow::Cow, format, string::String, vec::Vec};

/// Reads one content part. A part of a type without a name in the model is kept whole; an error begins with the
/// place inside the part.
pub(crate) fn decode_part(value: Value<'_>) -> Result<Part, JsonError> {
    let Some(mut fields) = value.object() else { return Err(JsonError::new(": expected an object")) };
    let Some(part_type) = fields.take_string("type") else {
        return Err(JsonError::new(".type: expected a string"));
    };
    let cache = take_cache(&mut fields);
    let mut nested_rest = None;
    let kind = match part_type.as_str() {
        // The Responses API's, where the rest is this one's.
        "text" | "output_text" | "input_text" => PartKind::Text(required_string(&mut fields, "text")?),
        "refusal" => PartKind::Refusal(required_string(&mut fields, "refusal")?),
        "thinking" => decode_thinking(&mut fields, "thinking")?,
        "reasoning" => decode_thinking(&mut fields, "summary")?,
        "image_url" => {
            // Some servers and clients write the address without the object around it.
            if let Some(url) = fields.take_string("image_url") {
                PartKind::Image(Image { source: source_of_url(&url), detail: None })
            } else {
                let mut image = required_object(&mut fields, "image_url")?;
                let url = image
                    .take_string("url")
                    .ok_or_else(|| JsonError::new(".image_url.url: expected a string"))?;
                let detail = image.take_string("detail");
                nested_rest = Some(("image_url", image));
                PartKind::Image(Image { source: source_of_url(&url), detail })
            }
        }
        // Mistral's: an address, or base64 alone.
        "input_audio" if fields.get("input_audio").is_some_and(|audio| audio.string().is_some()) => {
            let audio = fields.take_string("input_audio").unwrap_or_default();
            PartKind::Audio(Audio { source: source_of_audio(audio) })
        }
        "document_url" if fields.get("document_url").is_some_and(|url| url.string().is_some()) => {
            let source = source_of_url(&fields.take_string("document_url").unwrap_or_default());
            PartKind::Document(Document { source, name: fields.take_string("document_name") })
        }
        "file"
            if fields.get("file").is_none()
                && fields.get("file_id").is_some_and(|id| id.string().is_some()) =>
        {
            let id = fields.take_string("file_id").unwrap_or_default();
            PartKind::Document(Document { source: Source::File { id }, name: None })
        }
        "input_audio" => {
            let mut audio = required_object(&mut fields, "input_audio")?;
            let data = audio
                .take_string("data")
                .ok_or_else(|| JsonError::new(".input_audio.data: expected a string"))?;
            let format = audio.take_string("format").unwrap_or_else(|| "wav".into());
            nested_rest = Some(("input_audio", audio));
            let media_type = if format == "mp3" { "audio/mpeg".into() } else { format!("audio/{format}") };
            PartKind::Audio(Audio { source: Source::Base64 { media_type, data } })
        }
        "file" => {
            let mut file = required_object(&mut fields, "file")?;
            let name = file.take_string("filename");
            let source = match (file.take_string("file_id"), file.take_string("file_data")) {
                (Some(id), None) => Source::File { id },
                // Bytes that are not a data URL, or both: what the provider makes of it is its own business.
                (None, Some(data)) => match source_of_url(&data) {
                    source @ Source::Base64 { .. } => source,
                    _ => return Ok(Part::provider_item(NAME, value.to_json())),
                },
                _ => return Ok(Part::provider_item(NAME, value.to_json())),
            };
            nested_rest = Some(("file", file));
            PartKind::Document(Document { source, name })
        }
        _ => return Ok(Part::provider_item(NAME, value.to_json())),
    };
    let mut extra = fields.rest();
    if let Some((name, rest)) = nested_rest {
        nested::keep(&mut extra, name, rest);
    }
    Ok(Part { kind, cache, extra })
}

/// Reads one content part of an answer. Never fails: what is not what its type says is text where it says any, else it
/// is kept whole.
pub(crate) fn decode_answer_part(value: Value<'_>) -> Part {
    let value = lenient::one(value);
    decode_part(value).unwrap_or_else(|_| said_part(NAME, value))
}

/// A thought that does not say what it is.
fn thought(value: Value<'_>) -> Option<Part> {
    let mut fields = value.object().filter(|fields| fields.get("text").is_none())?;
    let kind = decode_thinking(&mut fields, "thinking").ok()?;
    Some(Part { extra: fields.rest(), ..Part::new(kind) })
}

/// A part of an answer in `format` that is not what its type says.
pub(crate) fn said_part(format: &'static str, value: Value<'_>) -> Part {
    let text = || lenient::piece(value).filter(|text| !text.is_empty()).map(Part::text);
    thought(value).or_else(text).unwrap_or_else(|| Part::provider_item(format, value.to_json()))
}

/// Whether an item of a provider's own stands among the tool calls of an answer: one that looks like a call, or that
/// would be read as something else in the content.
pub(super) fn stands_among_calls(item: &Json) -> bool {
    tools::looks_like_call(item)
        || !matches!(decode_answer_part(item.value()).kind, PartKind::ProviderItem { .. })
}

/// Whether a content is one part without the list around it.
pub(crate) fn is_part(content: Value<'_>) -> bool {
    content.object().is_some_and(|part| part.get("type").is_some_and(|word| word.string().is_some()))
}

/// The content of an answer's message in whatever form it is.
pub(crate) fn take_answer_content(
    fields: &mut Fields<'_>,
    mut read_part: impl FnMut(Value<'_>) -> Part,
) -> Vec<Part> {
    if let Some(part) = fields.get("content").filter(|content| is_part(*content)) {
        fields.take("content");
        return alloc::vec![read_part(part)];
    }
    if fields.get("content").is_some_and(Value::is_array) {
        let parts = lenient::take_items(fields, "content").unwrap_or_default();
        return parts.into_iter().map(read_part).collect();
    }
    lenient::take(fields, "content").filter(|text| !text.is_empty()).map(Part::text).into_iter().collect()
}

pub(crate) fn required_string(fields: &mut Fields<'_>, name: &str) -> Result<String, JsonError> {
    fields.take_string(name).ok_or_else(|| JsonError::new(format!(".{name}: expected a string")))
}

fn required_object<'a>(fields: &mut Fields<'a>, name: &str) -> Result<Fields<'a>, JsonError> {
    fields.take_object(name).ok_or_else(|| JsonError::new(format!(".{name}: expected an object")))
}

/// Mistral's `thinking` and Databricks' `reasoning` parts: a list of texts, one of which may be signed.
fn decode_thinking(fields: &mut Fields<'_>, name: &str) -> Result<PartKind, JsonError> {
    let mut signature = fields.take_string("signature");
    let items = lenient::take_items(fields, name)
        .ok_or_else(|| JsonError::new(format!(".{name}: expected an array or a string")))?;
    let mut text = String::new();
    for item in items {
        text.push_str(&lenient::piece(item).unwrap_or_default());
        signature = signature.or_else(|| item.object()?.take_string("signature"));
    }
    Ok(PartKind::Reasoning(Reasoning { text, signature }))
}

/// OpenAI's own hint, or the one that OpenRouter and Qwen took over from Anthropic.
pub(crate) fn take_cache(fields: &mut Fields<'_>) -> Option<CacheBreakpoint> {
    for (name, key, word) in
        [("prompt_cache_breakpoint", "mode", "explicit"), ("cache_control", "type", "ephemeral")]
    {
        let Some(mut hint) = fields.get(name).and_then(Value::object) else { continue };
        let lifetime = hint.take_string("ttl").map(|word| CacheLifetime::from(word.as_str()));
        if hint.take_string(key).as_deref() == Some(word) && hint.is_empty() {
            fields.take(name);
            return Some(CacheBreakpoint { lifetime });
        }
    }
    None
}

/// A data URL is bytes in the request, any other an address.
pub(crate) fn source_of_url(url: &str) -> Source {
    url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")).map_or_else(
        || Source::Url(url.into()),
        |(media_type, data)| Source::Base64 {
            media_type: media_type::usual(media_type).into(),
            data: data.into(),
        },
    )
}

/// Audio in a text alone: an address, or base64, whose first bytes say what it is.
fn source_of_audio(audio: String) -> Source {
    let is_address = ["http://", "https://", "data:"].iter().any(|scheme| audio.starts_with(scheme));
    if is_address {
        return source_of_url(&audio);
    }
    let media_type = if audio.starts_with("UklGR") { "audio/wav" } else { "audio/mpeg" };
    Source::Base64 { media_type: media_type.into(), data: audio }
}

pub(crate) fn data_url(media_type: &str, data: &str) -> String {
    format!("data:{};base64,{data}", media_type::usual(media_type))
}

/// Writes a content part; nothing where the dialect has no words for it.
pub(crate) fn write_part(part: &Part, out: &mut Vec<u8>) {
    if let Ok(content) = Content::new(part, MediaParts::OpenAi) {
        content.write_json(out);
    }
}

/// Writes a part of an answer whose content is a list. Nothing is left out: reasoning is written as Mistral has it, and
/// what the dialect has no words for as its own provider would have written it.
pub(crate) fn write_answer_part(part: &Part, out: &mut Vec<u8>) {
    match (&part.kind, Content::new(part, MediaParts::OpenAi)) {
        (PartKind::Unknown(whole) | PartKind::ProviderItem { item: whole, .. }, _) => whole.write_json(out),
        (PartKind::Reasoning(Reasoning { text, signature }), _) => {
            let mut object = ObjectWriter::begin_with(out, &part.extra);
            object.field("type", "thinking").array("thinking", [text], |out, text| {
                let mut item = ObjectWriter::begin(out);
                item.field("type", "text").field("text", text);
                item.finish();
            });
            object.optional("signature", signature.as_ref());
            object.finish();
        }
        (_, Ok(content)) => content.write_json(out),
        (_, Err(_)) => anthropic::encode_block(part, out),
    }
}

/// A content part in the words of the dialect.
pub(super) struct Content<'a> {
    kind: Kind<'a>,
    cache: Option<&'a CacheBreakpoint>,
    /// How the breakpoint is written.
    control: CacheControl,
    extra: &'a Extra,
}

enum Kind<'a> {
    Text(&'a str),
    Refusal(&'a str),
    Image {
        url: Cow<'a, str>,
        detail: Option<&'a str>,
    },
    Audio {
        data: &'a str,
        format: &'a str,
    },
    FileData {
        url: String,
        name: Option<&'a str>,
    },
    FileId {
        id: &'a str,
        name: Option<&'a str>,
    },
    /// Mistral's.
    DocumentUrl {
        url: Cow<'a, str>,
        name: Option<&'a str>,
    },
    MistralFile(&'a str),
    MistralAudio(&'a str),
    Whole {
        item: &'a Json,
        /// Whether it is known to be one of the format's own parts.
        is_ours: bool,
    },
}

impl Kind<'_> {
    /// The type of the part, which is the name of the field that holds it, too.
    const fn part_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Refusal(_) => "refusal",
            Self::Image { .. } => "image_url",
            Self::FileData { .. } | Self::FileId { .. } | Self::MistralFile(_) => "file",
            Self::DocumentUrl { .. } => "document_url",
            Self::Audio { .. } | Self::MistralAudio(_) => "input_audio",
            Self::Whole { .. } => "",
        }
    }
}

/// The extra fields of a text of ours: none.
static NOTHING: Extra = Extra::new();

impl<'a> Content<'a> {
    /// A text of ours, without extra fields.
    pub(super) const fn plain(text: &'a str) -> Self {
        Self { kind: Kind::Text(text), cache: None, control: CacheControl::Breakpoint, extra: &NOTHING }
    }

    /// `part` in the words of the dialect, or why it has none.
    pub(super) fn new(part: &'a Part, media: MediaParts) -> Result<Self, &'static str> {
        let is_mistral = media == MediaParts::Mistral;
        let kind = match &part.kind {
            PartKind::Text(text) => Kind::Text(text),
            PartKind::Refusal(text) => Kind::Refusal(text),
            PartKind::Image(Image { source, detail }) => {
                let url = match source {
                    Source::Url(url) => Cow::Borrowed(url.as_str()),
                    Source::Base64 { media_type, data } => Cow::Owned(data_url(media_type, data)),
                    _ => return Err("images go as an address or as base64"),
                };
                Kind::Image { url, detail: detail.as_deref() }
            }
            PartKind::Audio(Audio { source }) => match source {
                Source::Base64 { data: audio, .. } | Source::Url(audio) if is_mistral => {
                    Kind::MistralAudio(audio)
                }
                Source::Base64 { media_type, data } => {
                    Kind::Audio { data, format: audio_format(media_type)? }
                }
                _ => return Err("audio has to be base64"),
            },
            PartKind::Document(Document { source, name }) => match source {
                Source::Url(url) if is_mistral => {
                    Kind::DocumentUrl { url: Cow::Borrowed(url), name: name.as_deref() }
                }
                Source::Base64 { media_type, data } if is_mistral => {
                    Kind::DocumentUrl { url: Cow::Owned(data_url(media_type, data)), name: name.as_deref() }
                }
                Source::File { id } if is_mistral => Kind::MistralFile(id),
                Source::Base64 { media_type, data } => {
                    Kind::FileData { url: data_url(media_type, data), name: name.as_deref() }
                }
                Source::File { id } => Kind::FileId { id, name: name.as_deref() },
                _ => return Err("documents go as base64 or as the id of an uploaded file"),
            },
            kind if foreign::is_foreign(kind, NAME) => return Err(foreign::FOREIGN_ITEM),
            PartKind::Unknown(item) => Kind::Whole { item, is_ours: false },
            PartKind::ProviderItem { item, .. } => Kind::Whole { item, is_ours: true },
            PartKind::RedactedReasoning { .. } => {
                return Err("redacted reasoning is for its own provider only");
            }
            PartKind::Reasoning(_) => return Err("only the assistant's messages carry reasoning"),
            PartKind::ToolCall(_) => return Err("only the assistant's messages carry tool calls"),
            PartKind::ToolResult(_) => return Err("a tool result stands in a message of its own"),
        };
        Ok(Self { kind, cache: part.cache.as_ref(), control: CacheControl::Breakpoint, extra: &part.extra })
    }

    /// A refusal as the text that it is, for those who have no such part.
    pub(super) fn refusal_as_text(mut self) -> Self {
        if let Kind::Refusal(text) = self.kind {
            self.kind = Kind::Text(text);
        }
        self
    }

    /// The same, with a breakpoint of another place.
    pub(super) fn or_cache(mut self, cache: Option<&'a CacheBreakpoint>) -> Self {
        self.cache = self.cache.or(cache);
        self
    }

    /// The same, its breakpoint as the provider has it. One that is left out is said, as the content's at `place`.
    pub(super) fn noted(mut self, place: Place, quirks: &Quirks, refusals: &mut Refusals) -> Self {
        self.control = quirks.cache_control;
        if self.control == CacheControl::Strip && self.cache.take().is_some() {
            refusals.note(format!("{place}.cache"), &quirks.reason("caches by itself"));
        }
        self
    }

    /// The type that it is written with, where that is not text. A part that a caller wrote has whatever type it has.
    pub(super) fn part_type(&self) -> Option<Cow<'a, str>> {
        let Kind::Whole { item, is_ours } = self.kind else {
            return Some(Cow::Borrowed(self.kind.part_type())).filter(|_| !self.is_text());
        };
        let written = item.value().object().and_then(|mut fields| fields.take_string("type"));
        written.filter(|_| is_ours).map(Cow::Owned)
    }

    /// The text, whatever its extra fields.
    pub(super) fn text(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, where it is nothing but that.
    pub(super) fn plain_text(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Text(text) if self.cache.is_none() && self.extra.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether it is text, with whatever extra fields.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text(_))
    }
}

fn audio_format(media_type: &str) -> Result<&str, &'static str> {
    match &*media_type::usual(media_type) {
        "audio/wav" => Ok("wav"),
        "audio/mpeg" | "audio/mp3" => Ok("mp3"),
        _ => media_type.strip_prefix("audio/").ok_or("the media type of audio begins with `audio/`"),
    }
}

impl WriteJson for Content<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        if let Kind::Whole { item, .. } = self.kind {
            return item.write_json(out);
        }
        // The field that holds it has the name of its type.
        let name = self.kind.part_type();
        let (outer, inner) = nested::split(self.extra, name);
        let mut part = ObjectWriter::begin_with(out, &outer);
        part.field("type", name);
        match &self.kind {
            Kind::Text(text) | Kind::Refusal(text) => part.field(name, *text),
            Kind::Image { url, detail } => part.object_with(name, &inner, |image| {
                image.field("url", &**url).optional("detail", *detail);
            }),
            Kind::Audio { data, format } => part.object_with(name, &inner, |audio| {
                audio.field("data", *data).field("format", *format);
            }),
            Kind::FileData { url, name: file_name } => part.object_with(name, &inner, |file| {
                file.optional("filename", *file_name).field("file_data", url);
            }),
            Kind::FileId { id, name: file_name } => part.object_with(name, &inner, |file| {
                file.optional("filename", *file_name).field("file_id", *id);
            }),
            Kind::DocumentUrl { url, name: title } => {
                part.field(name, &**url).optional("document_name", *title)
            }
            Kind::MistralFile(id) => part.field("file_id", *id),
            Kind::MistralAudio(audio) => part.field(name, *audio),
            Kind::Whole { .. } => &mut part,
        };
        write_cache(self.cache, self.control, &mut part);
        part.finish();
    }
}

/// Writes that the prompt is to be cached up to here.
pub(crate) fn write_cache(
    cache: Option<&CacheBreakpoint>,
    control: CacheControl,
    part: &mut ObjectWriter<'_>,
) {
    if let Some(CacheBreakpoint { lifetime }) = cache {
        let (name, key, word) = match control {
            CacheControl::Passthrough => ("cache_control", "type", "ephemeral"),
            CacheControl::Breakpoint | CacheControl::Strip => ("prompt_cache_breakpoint", "mode", "explicit"),
        };
        part.object(name, |hint| {
            hint.field(key, word).optional("ttl", lifetime.as_ref().map(CacheLifetime::as_str));
        });
    }
}
