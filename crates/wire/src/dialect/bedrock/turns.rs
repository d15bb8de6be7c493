//! Messages as Converse wants them: the instructions apart, the user and the model by turns, no turn without a block,
//! no text without a character, and a text beside every document (`docs/wire/bedrock.md`, section 2).

use super::block::{encode_block, encode_call, encode_result, is_empty_text};
use super::carried::NAME;
use super::document_names::DocumentNames;
use super::family::Family;
use super::{cache, media, tool_ids};
use crate::dialect::shared::{call_ids::CallIds, foreign};
use crate::json::{Extra, ObjectWriter, write_array};
use crate::model::{CacheBreakpoint, Message, Part, PartKind, Reasoning, Request, Role};
use alloc::{borrow::ToOwned, vec::Vec};

/// Bedrock refuses a document without a text.
const TEXT_BESIDE_DOCUMENTS: &str = "See the document.";

/// How many messages at the beginning are instructions, which stand beside the messages here.
pub(super) fn leading_system(request: &Request) -> usize {
    let is_system = |message: &&Message| matches!(message.role, Role::System | Role::Developer);
    request.messages.iter().take_while(is_system).count()
}

/// Why a part cannot be sent, where it cannot.
pub(super) fn unsupported(kind: &PartKind) -> Option<&'static str> {
    match kind {
        kind if foreign::is_foreign(kind, NAME) => Some(foreign::FOREIGN_ITEM),
        PartKind::Unknown(whole) => {
            let foreign = whole
                .value()
                .object()
                .is_none_or(|block| block.get("type").is_some() || block.iter().count() != 1);
            foreign.then_some("another API's block; leave it out, or write it as a block of Converse")
        }
        kind => media::unsupported(kind),
    }
}

/// Which side speaks; `None` where Converse has no such side.
pub(super) fn is_user(role: &Role) -> Option<bool> {
    match role {
        Role::User | Role::Tool => Some(true),
        Role::Assistant => Some(false),
        Role::System | Role::Developer | Role::Other(_) => None,
    }
}

/// Writes `messages` and `system`.
pub(super) fn encode(request: &Request, body: &mut ObjectWriter<'_>) {
    let mut writer = Writer::new(request);
    let (system, messages) = request.messages.split_at_checked(leading_system(request)).unwrap_or_default();
    let turns = turns(messages, writer.family);
    body.with("messages", |out| {
        let last = turns.len().saturating_sub(1);
        write_array(out, turns.iter().enumerate(), |out, (position, turn)| {
            let end = request.cache.as_ref().filter(|_| position == last);
            writer.turn(turn, end, out);
        });
    });
    let parts: Vec<&Part> =
        system.iter().flat_map(|message| &message.content).filter(|part| is_instruction(part)).collect();
    if parts.iter().any(|part| !is_empty_text(part)) {
        body.with("system", |out| {
            let mut list = List::begin(out);
            for part in parts {
                writer.part(part, &mut list);
            }
            list.end();
        });
    }
}

/// Whether a part may stand in the instructions, which are texts and what Bedrock has of its own.
pub(super) fn is_instruction(part: &Part) -> bool {
    match &part.kind {
        PartKind::Text(_) | PartKind::Refusal(_) => true,
        kind @ (PartKind::Unknown(_) | PartKind::ProviderItem { .. }) => unsupported(kind).is_none(),
        _ => false,
    }
}

/// Messages that one side says in a row.
struct Turn<'a> {
    is_user: bool,
    messages: Vec<&'a Message>,
}

fn turns(messages: &[Message], family: Family) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for message in messages {
        let Some(is_user) = is_user(&message.role) else { continue };
        if !message.content.iter().any(|part| is_said(part, message, family) && !is_empty_text(part)) {
            continue;
        }
        match turns.last_mut() {
            Some(turn) if turn.is_user == is_user => turn.messages.push(message),
            _ => turns.push(Turn { is_user, messages: alloc::vec![message] }),
        }
    }
    turns
}

/// Claude takes no thought without its own signature: another provider's is left out, or told as text where the
/// message says nothing else. Other models sign nothing.
fn is_said(part: &Part, message: &Message, family: Family) -> bool {
    unsupported(&part.kind).is_none()
        && (!is_unsigned(part) || family != Family::Claude || is_thought_alone(message))
}

fn is_unsigned(part: &Part) -> bool {
    matches!(part.kind, PartKind::Reasoning(Reasoning { signature: None, .. }))
}

fn is_thought_alone(message: &Message) -> bool {
    message.content.iter().all(is_unsigned)
}

/// A JSON array that grows.
struct List<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> List<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out, empty: true }
    }

    fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if !core::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        write(self.out);
    }

    fn end(self) {
        self.out.push(b']');
    }
}

/// What a request's blocks share.
struct Writer {
    family: Family,
    names: DocumentNames,
    ids: CallIds,
}

impl Writer {
    fn new(request: &Request) -> Self {
        let family = Family::from_model(&request.model);
        Self { family, names: DocumentNames::default(), ids: CallIds::new(tool_ids::rule(family)) }
    }

    /// Writes a turn; `end` is a cache point for its end.
    fn turn(&mut self, turn: &Turn<'_>, end: Option<&CacheBreakpoint>, out: &mut Vec<u8>) {
        let extra: Extra = turn
            .messages
            .iter()
            .flat_map(|message| message.extra.iter())
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        let mut object = ObjectWriter::begin_with(out, &extra);
        object.field("role", if turn.is_user { "user" } else { "assistant" });
        object.with("content", |out| {
            let mut list = List::begin(out);
            let (mut has_document, mut has_text, mut ends_cached) = (false, false, false);
            for message in &turn.messages {
                for part in &message.content {
                    if !is_said(part, message, self.family) {
                        continue;
                    }
                    has_document |= matches!(part.kind, PartKind::Document(_));
                    has_text |= matches!(part.kind, PartKind::Text(_)) && !is_empty_text(part);
                    ends_cached = part.cache.is_some();
                    match &part.kind {
                        PartKind::Reasoning(Reasoning { text, signature: None })
                            if self.family == Family::Claude =>
                        {
                            self.part(
                                &Part { cache: part.cache.clone(), ..Part::text(text.clone()) },
                                &mut list,
                            );
                        }
                        _ => self.part(part, &mut list),
                    }
                }
            }
            if has_document && !has_text {
                self.part(&Part::text(TEXT_BESIDE_DOCUMENTS), &mut list);
            }
            if let Some(point) = end.filter(|_| !ends_cached) {
                list.add(|out| cache::encode(point, out));
            }
            list.end();
        });
        object.finish();
    }

    /// Adds the block of a part and its cache point.
    fn part(&mut self, part: &Part, list: &mut List<'_>) {
        if !is_empty_text(part) {
            list.add(|out| match &part.kind {
                PartKind::ToolCall(call) => {
                    let id = self.ids.of_call(call);
                    encode_call(&tool_ids::fit(&id), call, &part.extra, out);
                }
                PartKind::ToolResult(result) => {
                    let id = self.ids.of_result(result);
                    let id = tool_ids::fit(&id);
                    encode_result(&id, result, &part.extra, &mut self.names, out);
                }
                _ => encode_block(part, &mut self.names, out),
            });
        }
        // A cache point closes what stands before it.
        if let Some(point) = part.cache.as_ref().filter(|_| !list.empty) {
            list.add(|out| cache::encode(point, out));
        }
    }
}
