//! Turns of a Messages request: `system` and `messages`.
//!
//! The API wants the instructions apart, the results of tools together and first in the user's turn, no text that says
//! nothing and no turn without a block (`docs/wire/requests-accepted.md`, section 3). Reasoning without a signature is
//! another provider's: the API takes it neither as a thought nor could it tell. It is left out, or sent as text where
//! the message says nothing else.

use super::block::{TEXTS, encode_block_as, unsupported};
use super::system::leading_system;
use crate::dialect::shared::calls::{CallRules, Calls, Ids};
use crate::encode::{Refusals, UnsupportedField};
use crate::json::{Extra, ObjectWriter, write_array, write_string};
use crate::model::{Message, Part, PartKind, Reasoning, Request, Role};
use crate::quirks::{ToolIdRule, tool_name::ToolNameRule};
use alloc::{borrow::Cow, borrow::ToOwned, string::String, vec::Vec};

/// Ids and names as the API wants them (`docs/wire/requests-accepted.md`, section 3).
const CALLS: CallRules = CallRules { id: ToolIdRule::Word, ids: Ids::Unique, name: ToolNameRule::Word(128) };

/// Refuses turns that say nothing where there has to be one.
pub(super) fn check(request: &Request, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    TEXTS.check(&request.messages, refusals)
}

/// Writes `system` and `messages`.
pub(super) fn encode(request: &Request, body: &mut ObjectWriter<'_>) {
    let (system, turns) = request.messages.split_at_checked(leading_system(request)).unwrap_or_default();
    let mut writer = Writer { calls: Calls::new(request, CALLS) };
    let instructions: Vec<Cow<'_, Part>> = system.iter().flat_map(sent).collect();
    if !instructions.is_empty() {
        body.with("system", |out| writer.content(&instructions, system.len() == 1, out));
    }
    body.with("messages", |out| {
        let turns: Vec<Turn<'_>> = Turns(turns).filter(|turn| !turn.is_empty()).collect();
        let count = turns.len();
        write_array(out, turns.into_iter().enumerate(), |out, (position, mut turn)| {
            if position + 1 == count && turn.role == "assistant" {
                trim_end(&mut turn.content);
            }
            writer.turn(&turn, out);
        });
    });
}

fn is_carried(part: &Part) -> bool {
    unsupported(&part.kind).is_none() && !TEXTS.drops_part(part) && !is_unsigned(part)
}

/// The text of a thought that nobody signed.
fn thought(part: &Part) -> Option<&String> {
    match &part.kind {
        PartKind::Reasoning(Reasoning { text, signature: None }) if !TEXTS.drops(text) => Some(text),
        _ => None,
    }
}

fn is_unsigned(part: &Part) -> bool {
    matches!(part.kind, PartKind::Reasoning(Reasoning { signature: None, .. }))
}

/// The parts of a message that are sent.
fn sent(message: &Message) -> Vec<Cow<'_, Part>> {
    let carried: Vec<Cow<'_, Part>> =
        message.content.iter().filter(|part| is_carried(part)).map(Cow::Borrowed).collect();
    if !carried.is_empty() {
        return carried;
    }
    let thoughts = message.content.iter().filter_map(thought);
    thoughts.map(|text| Cow::Owned(Part::text(text.clone()))).collect()
}

/// One turn as the API counts them.
struct Turn<'a> {
    role: &'a str,
    content: Vec<Cow<'a, Part>>,
    extra: Cow<'a, Extra>,
    /// Whether it is one message, whose text may stand alone.
    is_plain: bool,
}

impl Turn<'_> {
    fn is_empty(&self) -> bool {
        self.content.is_empty() && self.extra.get("content").is_none()
    }
}

struct Turns<'a>(&'a [Message]);

impl<'a> Iterator for Turns<'a> {
    type Item = Turn<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let count = self.0.iter().take_while(|message| message.role == Role::Tool).count();
        let (results, rest) = self.0.split_at_checked(count)?;
        let mergeable = |message: &&Message| message.role == Role::User && message.extra.is_empty();
        let (message, after) = match rest.split_first() {
            Some((message, after)) if results.is_empty() || mergeable(&message) => (Some(message), after),
            _ => (None, rest),
        };
        self.0 = after;
        if results.is_empty() {
            return message.map(|message| Turn {
                role: role(&message.role),
                content: sent(message),
                extra: Cow::Borrowed(&message.extra),
                is_plain: true,
            });
        }
        let extra: Extra = results
            .iter()
            .flat_map(|message| message.extra.iter())
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        Some(Turn {
            role: "user",
            content: results.iter().chain(message).flat_map(sent).collect(),
            extra: Cow::Owned(extra),
            is_plain: false,
        })
    }
}

fn role(role: &Role) -> &str {
    match role {
        Role::System | Role::Developer => "system",
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
        Role::Other(word) => word,
    }
}

/// Takes white space off the end of an answer that is to be continued, which the API refuses there.
fn trim_end(content: &mut [Cow<'_, Part>]) {
    if let Some(last) = content.last_mut()
        && let PartKind::Text(text) = &last.kind
        && text.ends_with(char::is_whitespace)
    {
        let text = text.trim_end().to_owned();
        last.to_mut().kind = PartKind::Text(text);
    }
}

struct Writer<'a> {
    calls: Calls<'a>,
}

impl<'a> Writer<'a> {
    fn turn(&mut self, turn: &Turn<'a>, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::begin_with(out, &turn.extra);
        object.field("role", turn.role);
        object.with("content", |out| self.content(&turn.content, turn.is_plain, out));
        object.finish();
    }

    /// One plain text as a string, anything else as blocks.
    fn content(&mut self, content: &[Cow<'a, Part>], may_be_text: bool, out: &mut Vec<u8>) {
        if let ([only], true) = (content, may_be_text)
            && let Part { kind: PartKind::Text(text), cache: None, extra } = &**only
            && extra.is_empty()
        {
            return write_string(text, out);
        }
        write_array(out, content, |out, part| {
            // What was made for this request is text: no call and no result.
            let sent = match part {
                Cow::Borrowed(Part { kind: PartKind::ToolCall(call), .. }) => Some(self.calls.call(call)),
                Cow::Borrowed(Part { kind: PartKind::ToolResult(result), .. }) => {
                    Some(self.calls.result(result))
                }
                _ => None,
            };
            encode_block_as(part, sent.as_ref(), out);
        });
    }
}
