//! Messages as Converse wants them: the instructions apart, the user and the model by turns, no turn without a block,
//! no text without a character, and a text with every document (`docs/wire/bedrock.md`, section 2).

use super::block::{TEXTS, encode_block, encode_call, encode_result};
use super::carried::NAME;
use super::document_names::DocumentNames;
use super::family::Family;
use super::{cache, media};
use crate::dialect::shared::calls::Calls;
use crate::dialect::shared::foreign;
use crate::encode::{Refusals, UnsupportedField};
use crate::json::{Extra, ObjectWriter, write_array};
use crate::model::{CacheBreakpoint, Message, Part, PartKind, Reasoning, Request, Role};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// Bedrock refuses a document without a text.
const TEXT_BESIDE_DOCUMENTS: &str = "See the document.";

/// How many messages at the beginning are instructions, which are outside the messages here.
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

/// Refuses turns that say nothing where there has to be one.
pub(super) fn check(request: &Request, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    TEXTS.check(&request.messages, refusals)
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
    if parts.iter().any(|part| !TEXTS.drops_part(part)) {
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
        if !says(message, family) {
            continue;
        }
        match turns.last_mut() {
            Some(turn) if turn.is_user == is_user => turn.messages.push(message),
            _ => turns.push(Turn { is_user, messages: alloc::vec![message] }),
        }
    }
    turns
}

/// Whether anything of a message is sent.
fn says(message: &Message, family: Family) -> bool {
    let sends_thoughts_as_text = sends_thoughts_as_text(message, family);
    message.content.iter().any(|part| is_sent(part, family, sends_thoughts_as_text) && !is_blank(part))
}

/// Claude takes no thought without its own signature: another provider's is left out, or sent as text where the
/// message says nothing else. Other models sign nothing.
fn is_sent(part: &Part, family: Family, sends_thoughts_as_text: bool) -> bool {
    unsupported(&part.kind).is_none()
        && (unsigned(part).is_none() || family != Family::Claude || sends_thoughts_as_text)
}

/// Whether the thoughts of a message are sent as text.
fn sends_thoughts_as_text(message: &Message, family: Family) -> bool {
    family == Family::Claude
        && !message.content.iter().any(|part| is_sent(part, family, false) && !is_blank(part))
}

fn is_blank(part: &Part) -> bool {
    TEXTS.drops_part(part) || unsigned(part).is_some_and(|text| TEXTS.drops(text))
}

fn unsigned(part: &Part) -> Option<&String> {
    match &part.kind {
        PartKind::Reasoning(Reasoning { text, signature: None }) => Some(text),
        _ => None,
    }
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
struct Writer<'a> {
    family: Family,
    names: DocumentNames,
    calls: Calls<'a>,
}

impl<'a> Writer<'a> {
    fn new(request: &'a Request) -> Self {
        let family = Family::from_model(&request.model);
        Self { family, names: DocumentNames::default(), calls: Calls::new(request, family.calls()) }
    }

    /// Writes a turn; `end` is a cache point for its end.
    fn turn(&mut self, turn: &Turn<'a>, end: Option<&CacheBreakpoint>, out: &mut Vec<u8>) {
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
                let sends_thoughts_as_text = sends_thoughts_as_text(message, self.family);
                for part in &message.content {
                    if !is_sent(part, self.family, sends_thoughts_as_text) {
                        continue;
                    }
                    has_document |= matches!(part.kind, PartKind::Document(_));
                    has_text |= matches!(part.kind, PartKind::Text(_)) && !TEXTS.drops_part(part);
                    ends_cached = part.cache.is_some();
                    match &part.kind {
                        PartKind::Reasoning(Reasoning { text, signature: None })
                            if self.family == Family::Claude =>
                        {
                            self.block(
                                &Part { cache: part.cache.clone(), ..Part::text(text.clone()) },
                                &mut list,
                            );
                        }
                        _ => self.part(part, &mut list),
                    }
                }
            }
            if has_document && !has_text {
                self.block(&Part::text(TEXT_BESIDE_DOCUMENTS), &mut list);
            }
            if let Some(point) = end.filter(|_| !ends_cached) {
                list.add(|out| cache::encode(point, out));
            }
            list.end();
        });
        object.finish();
    }

    /// Adds the block of a part and its cache point.
    fn part(&mut self, part: &'a Part, list: &mut List<'_>) {
        match &part.kind {
            PartKind::ToolCall(call) => {
                let sent = self.calls.call(call);
                list.add(|out| encode_call(sent.id(), sent.name(), call, &part.extra, out));
            }
            PartKind::ToolResult(result) => {
                let sent = self.calls.result(result);
                list.add(|out| encode_result(sent.id(), result, &part.extra, &mut self.names, out));
            }
            _ => return self.block(part, list),
        }
        add_cache_point(part, list);
    }

    /// The same for what is neither a call nor a result.
    fn block(&mut self, part: &Part, list: &mut List<'_>) {
        if !is_blank(part) {
            list.add(|out| encode_block(part, &mut self.names, out));
        }
        add_cache_point(part, list);
    }
}

/// A cache point closes what stands before it.
fn add_cache_point(part: &Part, list: &mut List<'_>) {
    if let Some(point) = part.cache.as_ref().filter(|_| !list.empty) {
        list.add(|out| cache::encode(point, out));
    }
}
