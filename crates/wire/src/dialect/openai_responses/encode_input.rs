//! Messages of a request, written: the instructions and the list of items.
//!
//! Left out without a word, because nothing is lost: reasoning that is not this API's own (it would be rejected), and
//! own reasoning that nothing follows any more (the API wants the item it led to), lists of an assistant's message
//! that are empty, and OpenRouter's details of the reasoning.

use super::carried::NAME;
use super::item::{self, Ids, Run, runs};
use super::part::{unsupported_input, write_input};
use crate::dialect::shared::{
    blank,
    calls::{CallRules, Calls, Ids as CallIds},
    foreign::{self, RESPONSES_ITEM},
    nested,
};
use crate::encode::{Place, Refusals, UnsupportedField};
use crate::json::{Extra, ObjectWriter, WriteJson, write_string};
use crate::model::{Message, Part, PartKind, Reasoning, Request, Role, ToolResult};
use crate::quirks::{ToolIdRule, tool_name::ToolNameRule};
use alloc::collections::BTreeSet;
use alloc::{format, string::String, vec::Vec};

/// What the messages become.
pub(super) struct Input<'a> {
    pub(super) instructions: Option<&'a str>,
    /// The array of items.
    pub(super) items: Vec<u8>,
}

/// Writes the messages.
pub(super) fn encode<'a>(
    request: &'a Request,
    rule: ToolIdRule,
    refusals: &mut Refusals,
) -> Result<Input<'a>, UnsupportedField> {
    let messages = &request.messages;
    let instructions = messages.first().and_then(plain_system);
    let id = if rule == ToolIdRule::Any { ToolIdRule::UpTo64 } else { rule };
    let calls = CallRules { id, ids: CallIds::Needed, name: ToolNameRule::Word(64) };
    let is_stored = request.extra.get("store").is_none_or(|store| store.text() != "false");
    let mut items = Items {
        out: alloc::vec![b'['],
        calls: Calls::new(request, calls),
        custom: BTreeSet::new(),
        ids: Ids::History { is_stored },
    };
    for (position, message) in messages.iter().enumerate().skip(usize::from(instructions.is_some())) {
        items.message(message, Place::message(position), refusals)?;
    }
    items.out.push(b']');
    Ok(Input { instructions, items: items.out })
}

/// The text of a system message that is nothing else.
fn plain_system(message: &Message) -> Option<&str> {
    let is_plain = message.role == Role::System && message.extra.is_empty() && message.name.is_none();
    match message.content.as_slice() {
        [only] if is_plain => plain_text(only).filter(|text| !text.is_empty()),
        _ => None,
    }
}

fn plain_text(part: &Part) -> Option<&str> {
    match &part.kind {
        PartKind::Text(text) if part.cache.is_none() && part.extra.is_empty() => Some(text),
        _ => None,
    }
}

struct Items<'a> {
    out: Vec<u8>,
    calls: Calls<'a>,
    ids: Ids,
    /// The calls whose tools take free text: their results have a type of their own.
    custom: BTreeSet<String>,
}

impl<'a> Items<'a> {
    fn begin(&mut self) -> &mut Vec<u8> {
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        &mut self.out
    }

    fn message(
        &mut self,
        message: &'a Message,
        place: Place,
        refusals: &mut Refusals,
    ) -> Result<(), UnsupportedField> {
        if message.name.is_some() {
            refusals.add(format!("{place}.name"), "speakers have no names; write it into the text")?;
        }
        if message.role == Role::Assistant {
            refuse_extra(&message.extra, place, refusals)?;
            return self.assistant(&message.content, place, refusals);
        }
        let mut said: Vec<&Part> = Vec::new();
        let mut has_results = false;
        for (position, part) in message.content.iter().enumerate() {
            let field = place.content(position);
            if let PartKind::ToolResult(result) = &part.kind {
                has_results = true;
                self.result(result, part, field, refusals)?;
            } else if message.role == Role::Tool {
                refusals.add(field, "a tool message holds tool results only")?;
            } else if let Some(reason) = unsupported_input(part) {
                refusals.add(field, &foreign::named(&part.kind, reason))?;
            } else {
                said.push(part);
            }
        }
        if message.role == Role::Tool {
            return refuse_extra(&message.extra, place, refusals);
        }
        let says_nothing =
            said.iter().all(|part| matches!(&part.kind, PartKind::Text(text) if text.is_empty()));
        if says_nothing && (has_results || blank::is_left_out(&message.role)) {
            return Ok(());
        }
        let mut object = ObjectWriter::begin_with(self.begin(), &message.extra);
        object.field("role", role_word(&message.role));
        object.with("content", |out| write_content(&said, out));
        object.finish();
        Ok(())
    }

    fn assistant(
        &mut self,
        parts: &'a [Part],
        place: Place,
        refusals: &mut Refusals,
    ) -> Result<(), UnsupportedField> {
        let runs = runs(parts);
        let last = runs.iter().rposition(|(_, run)| !matches!(run, Run::Reasoning(..))).unwrap_or_default();
        let history = self.ids.clone();
        let ids = (&history, 0);
        let is_stored = matches!(history, Ids::History { is_stored: true });
        for (number, (position, run)) in runs.iter().enumerate() {
            let field = place.content(*position);
            match run {
                Run::Message(said) => {
                    let mut carried = Vec::with_capacity(said.len());
                    for (offset, part) in said.iter().enumerate() {
                        let field = place.content(position + offset);
                        if part.cache.is_some() {
                            refusals.add(format!("{field}.cache"), "only input carries cache breakpoints")?;
                        }
                        match &part.kind {
                            kind if foreign::is_foreign(kind, NAME) => {
                                refusals.add(field, &foreign::named(kind, foreign::FOREIGN_ITEM))?;
                            }
                            PartKind::Text(text) if text.is_empty() => {}
                            _ => carried.push(*part),
                        }
                    }
                    if !carried.is_empty() {
                        item::write_message(&carried, ids, None, self.begin());
                    }
                }
                Run::Reasoning(part, reasoning) => match part.kind {
                    PartKind::RedactedReasoning { .. } => {
                        refusals.add(field, "redacted reasoning is for its own provider only")?;
                    }
                    // Nothing stored is named, and nothing of its own says what it was.
                    _ if reasoning.signature.is_none() && !is_stored => {}
                    _ if part.extra.get(RESPONSES_ITEM).is_some()
                        && (number < last || is_at_end(part, reasoning)) =>
                    {
                        item::write_reasoning(part, reasoning, ids, self.begin());
                    }
                    _ => {}
                },
                Run::Call(part, call) => {
                    let sent = self.calls.call(call);
                    item::write_call(part, call, &sent, ids, self.begin());
                    if call.custom {
                        self.custom.insert(sent.id().into());
                    }
                }
                Run::Whole(part, _) if foreign::is_foreign(&part.kind, NAME) => {
                    refusals.add(field, &foreign::named(&part.kind, foreign::FOREIGN_ITEM))?;
                }
                Run::Whole(_, whole) => whole.write_json(self.begin()),
                Run::Other(_) => {
                    let reason = "the assistant's messages carry text, refusals, reasoning and calls";
                    refusals.add(field, reason)?;
                }
            }
        }
        Ok(())
    }

    /// There is no error flag: the text of a failed tool says so itself.
    fn result(
        &mut self,
        result: &'a ToolResult,
        part: &Part,
        place: Place,
        refusals: &mut Refusals,
    ) -> Result<(), UnsupportedField> {
        if part.cache.is_some() {
            refusals.add(format!("{place}.cache"), "a result carries no breakpoint; mark a part of it")?;
        }
        let mut content: Vec<&Part> = Vec::with_capacity(result.content.len());
        for (position, part) in result.content.iter().enumerate() {
            match unsupported_input(part) {
                Some(reason) => {
                    let reason = foreign::named(&part.kind, reason);
                    refusals.add(format!("{place}.content[{position}]"), &reason)?;
                }
                None => content.push(part),
            }
        }
        let sent = self.calls.result(result);
        let word =
            if self.custom.contains(sent.id()) { "custom_tool_call_output" } else { "function_call_output" };
        let (outer, mut about) = nested::split(&part.extra, RESPONSES_ITEM);
        for (name, value) in outer.iter() {
            about.insert(name, value.clone());
        }
        let mut object = ObjectWriter::begin_with(self.begin(), &about);
        object.field("type", word).field("call_id", sent.id());
        object.with("output", |out| write_content(&content, out));
        object.finish();
        Ok(())
    }
}

/// Whether reasoning that nothing follows goes back: OpenRouter puts encrypted reasoning behind what it led to, and
/// says in its items of which `format` they are. OpenAI's stands before that, and is refused where nothing follows it.
fn is_at_end(part: &Part, reasoning: &Reasoning) -> bool {
    let about = nested::split(&part.extra, RESPONSES_ITEM).1;
    reasoning.signature.is_some() && about.get("format").is_some()
}

/// An assistant's message and the results of tools are not items of their own, so extra fields of the message have no
/// place.
fn refuse_extra(extra: &Extra, place: Place, refusals: &mut Refusals) -> Result<(), UnsupportedField> {
    for (name, value) in extra.iter() {
        let says_nothing = matches!(value.text(), "[]" | "{}" | "null");
        if !says_nothing {
            refusals.add(format!("{place}.{name}"), "this message has no place for further fields here")?;
        }
    }
    Ok(())
}

fn role_word(role: &Role) -> &str {
    match role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::Assistant => "assistant",
        Role::User | Role::Tool => "user",
        Role::Other(word) => word,
    }
}

/// A text where that is all, else a list of parts.
fn write_content(parts: &[&Part], out: &mut Vec<u8>) {
    match parts {
        [] => out.extend_from_slice(b"\"\""),
        [only] if plain_text(only).is_some_and(|text| !text.is_empty()) => {
            write_string(plain_text(only).unwrap_or_default(), out);
        }
        parts => crate::json::write_array(out, parts, |out, part| write_input(part, out)),
    }
}
