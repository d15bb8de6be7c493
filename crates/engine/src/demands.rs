//! Demands of a call: the properties of its request that routing uses, computed when a strategy or a filter needs them.

use crate::strategy::{Capabilities, Digest};
use ferrule_wire::model::{Part, PartKind, Request, ResponseFormat, Role, ToolKind};
use std::cell::OnceCell;

/// For text in most languages and vocabularies.
pub(crate) const BYTES_PER_TOKEN: u64 = 4;
/// The assumed number of tokens of an answer without a limit.
const USUAL_ANSWER: u64 = 500;

/// The properties of a call's request that routing uses.
#[derive(Debug)]
pub struct Demands<'a> {
    streamed: bool,
    requested: Requested<'a>,
    size: OnceCell<Option<(u64, u64)>>,
}

#[derive(Clone, Copy, Debug)]
enum Requested<'a> {
    Chat(&'a Request),
    /// This many bytes of text, whose response contains no text.
    Texts(u64),
    Other,
}

impl<'a> Demands<'a> {
    /// The demands of a conversation.
    pub fn chat(request: &'a Request, streamed: bool) -> Self {
        Self::new(Requested::Chat(request), streamed)
    }

    /// The demands of texts to embed.
    pub fn texts(texts: &[String]) -> Self {
        Self::new(Requested::Texts(texts.iter().map(|text| text.len() as u64).sum()), false)
    }

    /// The demands of any other operation.
    pub fn other(streamed: bool) -> Self {
        Self::new(Requested::Other, streamed)
    }

    fn new(requested: Requested<'a>, streamed: bool) -> Self {
        Self { streamed, requested, size: OnceCell::new() }
    }

    /// Whether the answer is streamed: then the time to the first token counts.
    pub(crate) fn streamed(&self) -> bool {
        self.streamed
    }

    /// The approximate number of input and output tokens; `None` if it is not measured in tokens. Counted once.
    pub(crate) fn size(&self) -> Option<(u64, u64)> {
        *self.size.get_or_init(|| match self.requested {
            Requested::Chat(request) => {
                let bytes: u64 = request.messages.iter().map(|message| text_bytes(&message.content)).sum();
                Some((bytes / BYTES_PER_TOKEN, request.max_tokens.unwrap_or(USUAL_ANSWER)))
            }
            Requested::Texts(bytes) => Some((bytes / BYTES_PER_TOKEN, 0)),
            Requested::Other => None,
        })
    }

    /// The capabilities that the model must have.
    pub(crate) fn needs(&self) -> Capabilities {
        let Requested::Chat(request) = self.requested else { return Capabilities::NONE };
        let mut needs = Capabilities::NONE;
        // The provider's wire format knows the needs of hosted tools.
        if request.tools.iter().any(|tool| matches!(tool.kind, ToolKind::Function { .. })) {
            needs = needs.union(Capabilities::TOOLS);
        }
        if matches!(request.response_format, Some(ResponseFormat::JsonSchema { .. })) {
            needs = needs.union(Capabilities::SCHEMA);
        }
        let parts = request.messages.iter().flat_map(|message| &message.content);
        parts.fold(needs, |needs, part| needs.union(part_needs(part)))
    }

    /// The identity of the conversation: its instructions and its first message. `None` if it is not a conversation.
    pub(crate) fn beginning(&self) -> Option<u64> {
        let Requested::Chat(request) = self.requested else { return None };
        let first = request.messages.iter().position(|message| message.role == Role::User)?;
        let mut digest = Digest::default();
        for message in request.messages.iter().take(first + 1) {
            for part in &message.content {
                if let PartKind::Text(text) = &part.kind {
                    digest.add(text.as_bytes());
                }
            }
            digest.add(&[0xff]);
        }
        Some(digest.finish())
    }
}

fn part_needs(part: &Part) -> Capabilities {
    match &part.kind {
        PartKind::Image(_) => Capabilities::IMAGES,
        PartKind::Audio(_) => Capabilities::AUDIO,
        PartKind::Document(_) => Capabilities::DOCUMENTS,
        PartKind::ToolResult(result) => {
            result.content.iter().fold(Capabilities::NONE, |needs, part| needs.union(part_needs(part)))
        }
        _ => Capabilities::NONE,
    }
}

fn text_bytes(parts: &[Part]) -> u64 {
    let bytes = |part: &Part| match &part.kind {
        PartKind::Text(text) => text.len() as u64,
        PartKind::ToolResult(result) => text_bytes(&result.content),
        _ => 0,
    };
    parts.iter().map(bytes).sum()
}
