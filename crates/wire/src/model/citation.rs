//! Citations: the sources that an answer names, read from what each provider says of them (`docs/wire/late-2026.md`,
//! sections 7 and 8).
//!
//! Decoders keep the providers' own fields with parts, messages, choices and responses, whole and in the same places
//! whether the answer came in one piece or in many. What they mean is read here, when somebody asks.

use super::measured_text::MeasuredText;
use super::{Choice, Part, PartKind, Response};
use crate::json::{Extra, Fields, Json, Value};
use alloc::{
    borrow::ToOwned,
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::mem::size_of;

/// A source that an answer names, and where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Citation {
    /// What the source is: `web`, `document`, `file`, `search_result`, `tool`, or the provider's word.
    pub kind: String,
    /// Its title.
    pub title: Option<String>,
    /// Its address.
    pub url: Option<String>,
    /// Its id: of a file or document, in the provider's or the caller's words.
    pub source_id: Option<String>,
    /// What the source says.
    pub cited_text: Option<String>,
    /// What the answer says because of it.
    pub text: Option<String>,
    /// Where that begins, in characters: in the answer's whole text, or in the part's where `part` says which.
    pub start: Option<u64>,
    /// Where it ends.
    pub end: Option<u64>,
    /// The part of the answer that it is about.
    pub part: Option<u32>,
    /// All that the provider says of it.
    pub raw: Option<Json>,
}

/// How many bytes the citations that are told of one list may hold. Sources are named again and again by their numbers, so
/// that a small answer could mean more than any memory holds; those beyond are left out.
const MAX_BYTES: usize = 64 << 20;

/// The room that is left for citations.
struct Room(usize);

impl Room {
    fn new() -> Self {
        Self(MAX_BYTES)
    }

    /// Whether there is room for `citation`, which takes it.
    fn take(&mut self, citation: &Citation) -> bool {
        let Citation { kind, title, url, source_id, cited_text, text, raw, .. } = citation;
        let texts = [title, url, source_id, cited_text, text].into_iter().flatten().map(String::len);
        let raw = raw.as_ref().map_or(0, |raw| raw.text().len());
        let bytes = texts.sum::<usize>() + kind.len() + raw + size_of::<Citation>();
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or_default();
        left.is_some()
    }
}

impl Response {
    /// The sources of the first answer, in the order of the text; places are those in its whole text.
    pub fn citations(&self) -> Vec<Citation> {
        let mut found = Vec::new();
        if let Some(choice) = self.choices.first() {
            found = choice_citations(choice);
        }
        let of_response = of_response(&self.extra);
        if of_response.is_empty() {
            return found;
        }
        let known: BTreeSet<String> = found.iter().filter_map(|known| known.url.clone()).collect();
        let is_new = |citation: &Citation| citation.url.as_ref().is_none_or(|url| !known.contains(url));
        found.extend(of_response.into_iter().filter(is_new));
        found
    }
}

fn choice_citations(choice: &Choice) -> Vec<Citation> {
    let content = &choice.message.content;
    let mut found = Vec::new();
    let mut room = Room::new();
    let mut texts = Vec::with_capacity(content.len());
    let mut before = 0;
    for part in content {
        let said = MeasuredText::new(text_of(part));
        let length = said.length;
        texts.push((said, before));
        before += length;
    }
    // What was said last, for references that stand after it.
    let mut last = None;
    for (position, (part, (said, before))) in content.iter().zip(&texts).enumerate() {
        for mut citation in of_reference(&part.kind) {
            if let Some((position, said, before)) = last {
                citation.part = u32::try_from(position).ok();
                place(&mut citation, said, before);
            }
            if !room.take(&citation) {
                return found;
            }
            found.push(citation);
        }
        if !said.text.is_empty() {
            last = Some((position, said, *before));
        }
        for mut citation in part_citations(&part.extra) {
            citation.part = u32::try_from(position).ok();
            place(&mut citation, said, *before);
            if !room.take(&citation) {
                return found;
            }
            found.push(citation);
        }
    }
    let beside = [of_message(&choice.message.extra), of_answer(&choice.extra)].concat();
    if beside.is_empty() {
        return found;
    }
    let whole: String = content.iter().map(text_of).collect();
    let whole = MeasuredText::new(&whole);
    for mut citation in beside {
        let said = citation.part.and_then(|part| texts.get(usize::try_from(part).ok()?));
        let counts_bytes = citation
            .raw
            .as_ref()
            .is_some_and(|raw| raw.value().object().is_some_and(|fields| is_segment(&fields)));
        match said {
            Some((said, before)) if counts_bytes => {
                citation.start = citation.start.and_then(|bytes| said.characters(bytes));
                citation.end = citation.end.and_then(|bytes| said.characters(bytes));
                place(&mut citation, said, *before);
            }
            _ => place(&mut citation, &whole, 0),
        }
        if !room.take(&citation) {
            return found;
        }
        found.push(citation);
    }
    found
}

fn text_of(part: &Part) -> &str {
    match &part.kind {
        PartKind::Text(text) => text,
        _ => "",
    }
}

/// Puts a citation into the whole text, of which `before` characters come before `said`. One without a place is about
/// all that its part says.
fn place(citation: &mut Citation, said: &MeasuredText<'_>, before: u64) {
    if let (None, None, Some(_)) = (citation.start, citation.end, citation.part) {
        (citation.start, citation.end) = (Some(0), Some(said.length));
    }
    let (Some(start), Some(end)) = (citation.start, citation.end) else { return };
    if citation.text.is_none() {
        citation.text = said.between(start, end).map(ToOwned::to_owned);
    }
    citation.text = citation.text.take().filter(|text| !text.is_empty());
    citation.start = start.checked_add(before);
    citation.end = end.checked_add(before);
}

/// The sources beside a part: Anthropic's, Bedrock's and Responses'. Places are those in the part.
pub fn part_citations(extra: &Extra) -> Vec<Citation> {
    let mut found: Vec<Citation> = items(extra, "citations").filter_map(of_text_block).collect();
    found.extend(items(extra, "annotations").filter_map(annotation));
    found
}

/// The sources that a part is: Mistral's references, which stand after the text that they are about.
pub fn of_reference(kind: &PartKind) -> Vec<Citation> {
    let (PartKind::ProviderItem { item, .. } | PartKind::Unknown(item)) = kind else { return Vec::new() };
    let Some(mut fields) = item.value().object() else { return Vec::new() };
    match fields.take_string("type").as_deref() {
        // The numbers are those that the sources have in a tool's result.
        Some("reference") => {
            let ids = fields.take_array("reference_ids").unwrap_or_default().into_iter();
            let id = |id: Value<'_>| id.string().or_else(|| id.u64().map(|number| number.to_string()));
            let of_id = |id: String| Citation {
                kind: "document".to_owned(),
                source_id: Some(id),
                raw: Some(item.clone()),
                ..Citation::default()
            };
            let mut room = Room::new();
            ids.filter_map(id).map(of_id).take_while(|citation| room.take(citation)).collect()
        }
        Some("tool_reference") => alloc::vec![Citation {
            kind: "web".to_owned(),
            title: fields.take_string("title"),
            url: fields.take_string("url"),
            cited_text: fields.take_string("description").filter(|text| !text.is_empty()),
            raw: Some(item.clone()),
            ..Citation::default()
        }],
        _ => Vec::new(),
    }
}

/// The sources of a message: OpenAI's and OpenRouter's annotations, Cohere's citations.
pub fn of_message(extra: &Extra) -> Vec<Citation> {
    let mut found: Vec<Citation> = items(extra, "annotations").filter_map(annotation).collect();
    let mut room = Room::new();
    for value in items(extra, "citations") {
        add_span_with_sources(value, &mut room, &mut found);
    }
    found
}

/// The sources of a choice: Gemini's. Where `part` is said, places are those in bytes of that part.
pub fn of_answer(extra: &Extra) -> Vec<Citation> {
    let mut found = Vec::new();
    if let Some(grounding) = extra.get("groundingMetadata").and_then(|all| all.value().object()) {
        found.extend(grounded(&grounding));
    }
    let inside = |name: &str, list: &str| {
        let fields = extra.get(name).and_then(|all| all.value().object());
        fields.and_then(|fields| fields.get(list)?.array()).unwrap_or_default()
    };
    for list in ["citations", "citationSources"] {
        found.extend(inside("citationMetadata", list).into_iter().filter_map(|value| {
            let mut fields = value.object()?;
            Some(Citation {
                kind: "web".to_owned(),
                title: fields.take_string("title"),
                url: fields.take_string("uri"),
                start: fields.take_u64("startIndex"),
                end: fields.take_u64("endIndex"),
                raw: Some(value.to_json()),
                ..Citation::default()
            })
        }));
    }
    found.extend(inside("urlContextMetadata", "urlMetadata").into_iter().filter_map(|value| {
        let url = value.object()?.take_string("retrievedUrl")?;
        Some(Citation {
            kind: "web".to_owned(),
            url: Some(url),
            raw: Some(value.to_json()),
            ..Citation::default()
        })
    }));
    found
}

/// The sources of a whole response: Perplexity's and xAI's.
pub fn of_response(extra: &Extra) -> Vec<Citation> {
    let mut found: Vec<Citation> = items(extra, "search_results")
        .filter_map(|value| {
            let mut fields = value.object()?;
            Some(Citation {
                kind: "web".to_owned(),
                title: fields.take_string("title"),
                url: fields.take_string("url"),
                cited_text: fields.take_string("snippet").filter(|text| !text.is_empty()),
                raw: Some(value.to_json()),
                ..Citation::default()
            })
        })
        .collect();
    let mut known: BTreeSet<String> = found.iter().filter_map(|known| known.url.clone()).collect();
    for value in items(extra, "citations") {
        let Some(url) = value.string() else { continue };
        if known.insert(url.clone()) {
            let (kind, raw) = ("web".to_owned(), Some(value.to_json()));
            found.push(Citation { kind, url: Some(url), raw, ..Citation::default() });
        }
    }
    found
}

fn items<'a>(extra: &'a Extra, name: &str) -> impl Iterator<Item = Value<'a>> + use<'a> {
    extra.get(name).and_then(|list| list.value().array()).unwrap_or_default().into_iter()
}

/// Anthropic's citation or Bedrock's, which come with the text that they are about.
fn of_text_block(value: Value<'_>) -> Option<Citation> {
    let mut fields = value.object()?;
    let said = fields.take_string("type");
    let location = fields.take_object("location");
    let url = fields.take_string("url");
    let web = location.as_ref().and_then(|location| location.get("web")?.object()?.take_string("url"));
    let source = fields.take_string("source").filter(|source| !source.is_empty());
    let is_search_result = said.as_deref() == Some("search_result_location")
        || location.as_ref().is_some_and(|location| location.get("searchResultLocation").is_some());
    let kind = if is_search_result {
        "search_result"
    } else if url.is_some() || web.is_some() {
        "web"
    } else {
        "document"
    };
    let quoted = fields.take_array("sourceContent").map(|pieces| {
        pieces.into_iter().filter_map(|piece| piece.object()?.take_string("text")).collect::<String>()
    });
    let address = source.clone().filter(|source| source.contains("://"));
    Some(Citation {
        kind: kind.to_owned(),
        title: fields.take_string("title").or_else(|| fields.take_string("document_title")),
        url: url.or(web).or(address),
        source_id: fields.take_string("file_id").or(source),
        cited_text: fields.take_string("cited_text").or(quoted).filter(|text| !text.is_empty()),
        raw: Some(value.to_json()),
        ..Citation::default()
    })
}

/// OpenAI's annotation, in the form of either API, and those of others in its place.
fn annotation(value: Value<'_>) -> Option<Citation> {
    let mut outer = value.object()?;
    let said = outer.take_string("type").unwrap_or_default();
    // Chat Completions writes what it is inside a field of its type's name.
    let mut fields = outer.take_object(&said).unwrap_or(outer);
    let kind = match said.as_str() {
        "url_citation" => "web",
        "file_citation" | "container_file_citation" | "file_path" | "file" => "file",
        "document_citation" => "document",
        "function_citation" => "tool",
        other => other,
    };
    let name = |fields: &mut Fields<'_>| {
        let name = fields.take_string("title").or_else(|| fields.take_string("filename"));
        name.or_else(|| fields.take_string("name"))
    };
    let source_id = fields.take_string("file_id").or_else(|| fields.take_string("document_id"));
    Some(Citation {
        kind: kind.to_owned(),
        title: name(&mut fields),
        url: fields.take_string("url"),
        source_id: source_id.or_else(|| fields.take_string("hash")),
        cited_text: fields.take_string("content").filter(|text| !text.is_empty()),
        start: fields.take_u64("start_index"),
        end: fields.take_u64("end_index"),
        raw: Some(value.to_json()),
        ..Citation::default()
    })
}

/// Cohere's citation: a span of the text, and its sources, one citation each.
fn add_span_with_sources(value: Value<'_>, room: &mut Room, found: &mut Vec<Citation>) {
    let Some(mut fields) = value.object() else { return };
    let base = Citation {
        kind: "document".to_owned(),
        text: fields.take_string("text"),
        start: fields.take_u64("start"),
        end: fields.take_u64("end"),
        raw: Some(value.to_json()),
        ..Citation::default()
    };
    let sources = fields.take_array("sources").unwrap_or_default();
    if sources.is_empty() && base.text.is_some() && room.take(&base) {
        found.push(base);
        return;
    }
    for source in sources {
        let Some(mut source) = source.object() else { continue };
        let kind = source.take_string("type").unwrap_or_else(|| "document".to_owned());
        let inner = source.take_object("document").or_else(|| source.take_object("tool_output"));
        let mut inner = inner.unwrap_or_default();
        let text = ["snippet", "text", "content"].into_iter().find_map(|name| inner.take_string(name));
        let citation = Citation {
            kind,
            title: inner.take_string("title"),
            url: inner.take_string("url"),
            source_id: source.take_string("id"),
            cited_text: text,
            ..base.clone()
        };
        if !room.take(&citation) {
            return;
        }
        found.push(citation);
    }
}

/// Whether a citation is a segment of Gemini's, which counts bytes.
fn is_segment(raw: &Fields<'_>) -> bool {
    raw.get("segment").is_some()
}

/// Gemini's grounding: spans with the numbers of their sources; sources that no span names come after them.
fn grounded(grounding: &Fields<'_>) -> Vec<Citation> {
    let list = |name: &str| grounding.get(name).and_then(Value::array).unwrap_or_default();
    let chunks = list("groundingChunks");
    let mut is_named = alloc::vec![false; chunks.len()];
    let mut found = Vec::new();
    let mut room = Room::new();
    for support in list("groundingSupports") {
        let Some(fields) = support.object() else { continue };
        let mut segment = fields.get("segment").and_then(Value::object).unwrap_or_default();
        let (start, end) = (segment.take_u64("startIndex").unwrap_or(0), segment.take_u64("endIndex"));
        let (part, text) = (segment.take_u32("partIndex").unwrap_or(0), segment.take_string("text"));
        let numbers = fields.get("groundingChunkIndices").and_then(Value::array).unwrap_or_default();
        for number in numbers.into_iter().filter_map(|number| usize::try_from(number.u64()?).ok()) {
            let Some(chunk) = chunks.get(number) else { continue };
            if let Some(named) = is_named.get_mut(number) {
                *named = true;
            }
            let citation = Citation {
                text: text.clone(),
                start: end.map(|_| start),
                end,
                part: Some(part),
                raw: Some(support.to_json()),
                ..grounding_source(*chunk)
            };
            if !room.take(&citation) {
                return found;
            }
            found.push(citation);
        }
    }
    let unnamed = chunks.into_iter().zip(is_named).filter(|(_, is_named)| !is_named);
    found.extend(unnamed.map(|(chunk, _)| grounding_source(chunk)));
    found
}

fn grounding_source(chunk: Value<'_>) -> Citation {
    let fields = chunk.object().unwrap_or_default();
    for (name, kind) in [("web", "web"), ("retrievedContext", "document"), ("maps", "web"), ("image", "web")]
    {
        let Some(mut source) = fields.get(name).and_then(Value::object) else { continue };
        return Citation {
            kind: kind.to_owned(),
            title: source.take_string("title"),
            url: source.take_string("uri").or_else(|| source.take_string("sourceUri")),
            source_id: source.take_string("documentName").or_else(|| source.take_string("placeId")),
            cited_text: source.take_string("text"),
            raw: Some(chunk.to_json()),
            ..Citation::default()
        };
    }
    Citation { kind: "document".to_owned(), raw: Some(chunk.to_json()), ..Citation::default() }
}
