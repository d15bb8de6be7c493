//! Whose reasoning it is: proofs (signatures, encrypted reasoning, ids of stored items) go back to the signer that made
//! them and to nobody else, who would refuse them.
//!
//! An answer's proofs are marked with their signer when it is received, in an extra field beside them that goes with the
//! message wherever a program keeps it. Before a request is encoded the marks are taken out, and with them the proofs of
//! other signers. What has no mark was written by hand and is sent as it is. `engine` calls both.

use crate::dialect::openai_chat::DETAILS;
use crate::dialect::openai_responses::ITEM;
use crate::json::{Extra, Json};
use crate::model::{Message, Part, PartKind, Reasoning, Request, Response, StreamEvent};
use alloc::{borrow::Cow, boxed::Box, collections::BTreeSet, string::String, vec::Vec};

/// The extra field that names the signer.
pub const SIGNED_BY: &str = "signed_by";

/// What proves a part beside it: OpenAI's items, Google's parts, and the same behind Google's layer for OpenAI's clients.
const BESIDE_PARTS: [&str; 3] = [ITEM, "thoughtSignature", "extra_content"];
/// What proves a message's reasoning beside it: OpenRouter's details, and LiteLLM's blocks.
const BESIDE_MESSAGES: [&str; 2] = [DETAILS, "thinking_blocks"];

fn has_any(extra: &Extra, names: &[&str]) -> bool {
    names.iter().any(|name| extra.get(name).is_some())
}

fn is_proven(part: &Part) -> bool {
    matches!(
        part.kind,
        PartKind::Reasoning(Reasoning { signature: Some(_), .. }) | PartKind::RedactedReasoning { .. }
    ) || has_any(&part.extra, &BESIDE_PARTS)
}

fn mark(extra: &mut Extra, signer: &str) {
    extra.insert(SIGNED_BY, Json::string(signer));
}

/// Marks what `signer` proves in its answer.
pub fn sign(response: &mut Response, signer: &str) {
    for message in response.choices.iter_mut().map(|choice| &mut choice.message) {
        if has_any(&message.extra, &BESIDE_MESSAGES) {
            mark(&mut message.extra, signer);
        }
        for part in message.content.iter_mut().filter(|part| is_proven(part)) {
            mark(&mut part.extra, signer);
        }
    }
}

/// Marks what is proven in the events of one stream, so that the answer made of them is as [`sign`] makes a whole one.
#[derive(Clone, Debug)]
pub struct SignedStream {
    signer: String,
    /// What is marked already: parts by choice and place, and messages.
    marked: BTreeSet<(u32, Option<u32>)>,
}

impl SignedStream {
    /// A stream of `signer`'s.
    pub fn new(signer: impl Into<String>) -> Self {
        Self { signer: signer.into(), marked: BTreeSet::new() }
    }

    /// Marks what is proven in `events`, which follow those of the last call.
    pub fn mark(&mut self, events: &mut Vec<StreamEvent>) {
        if !events.iter().any(proves) {
            return;
        }
        let mut marked = Vec::with_capacity(events.len() + 1);
        for event in events.drain(..) {
            let place = if proves(&event) { place_of(&event) } else { None };
            marked.push(event);
            let Some((choice, part)) = place.filter(|place| self.marked.insert(*place)) else { continue };
            let mut extra = Extra::new();
            mark(&mut extra, &self.signer);
            let extra = Box::new(extra);
            marked.push(match part {
                Some(part) => StreamEvent::PartExtra { choice, part, extra },
                None => StreamEvent::MessageExtra { choice, extra },
            });
        }
        *events = marked;
    }
}

/// Whether an event brings a proof.
fn proves(event: &StreamEvent) -> bool {
    match event {
        StreamEvent::ReasoningSignature { .. } => true,
        StreamEvent::Part { part, .. } => is_proven(part),
        StreamEvent::PartExtra { extra, .. } => has_any(extra, &BESIDE_PARTS),
        StreamEvent::MessageExtra { extra, .. } | StreamEvent::MessagePieces { extra, .. } => {
            has_any(extra, &BESIDE_MESSAGES)
        }
        _ => false,
    }
}

/// The choice, and the place of the part or none for the message, that an event is about.
fn place_of(event: &StreamEvent) -> Option<(u32, Option<u32>)> {
    match event {
        StreamEvent::ReasoningSignature { choice, part, .. }
        | StreamEvent::PartExtra { choice, part, .. }
        | StreamEvent::Part { choice, index: part, .. } => Some((*choice, Some(*part))),
        StreamEvent::MessageExtra { choice, .. } | StreamEvent::MessagePieces { choice, .. } => {
            Some((*choice, None))
        }
        _ => None,
    }
}

/// `request` as `signer` is to get it: without marks, and without what others proved. Their reasoning stays as text, which
/// each dialect treats as any other without a signature; what was for their eyes only goes.
pub fn for_signer<'a>(request: &'a Request, signer: &str) -> Cow<'a, Request> {
    let is_marked = |extra: &Extra| extra.get(SIGNED_BY).is_some();
    let has_mark = |message: &Message| {
        is_marked(&message.extra) || message.content.iter().any(|part| is_marked(&part.extra))
    };
    if !request.messages.iter().any(has_mark) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    request.messages.retain_mut(|message| {
        let was_empty = message.content.is_empty();
        if is_foreign(&mut message.extra, signer) {
            remove(&mut message.extra, &BESIDE_MESSAGES);
        }
        message.content.retain_mut(|part| !is_foreign(&mut part.extra, signer) || unproven(part));
        // A message of nothing but what is gone says nothing.
        was_empty || !message.content.is_empty() || !message.extra.is_empty()
    });
    Cow::Owned(request)
}

/// Takes the mark out, and says whether it is another signer's.
fn is_foreign(extra: &mut Extra, signer: &str) -> bool {
    extra.remove(SIGNED_BY).is_some_and(|mark| mark.value().string().as_deref() != Some(signer))
}

fn remove(extra: &mut Extra, names: &[&str]) {
    for name in names {
        extra.remove(name);
    }
}

/// Takes the proofs out of a part; false where nothing is left that another provider could read.
fn unproven(part: &mut Part) -> bool {
    remove(&mut part.extra, &BESIDE_PARTS);
    match &mut part.kind {
        PartKind::RedactedReasoning { .. } => false,
        PartKind::Reasoning(reasoning) => {
            reasoning.signature = None;
            !reasoning.text.is_empty()
        }
        _ => true,
    }
}
