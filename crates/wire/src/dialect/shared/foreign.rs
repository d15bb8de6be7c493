//! Foreign metadata: parts of an answer that are sent back only to where they came from.
//!
//! Answers contain data that only their provider understands, and strict receivers refuse a whole conversation because
//! of it. Three rules decide what is sent:
//!
//! - **The wire format.** Decoders keep a part that has no name in the model as a [`PartKind::ProviderItem`], which
//!   names its format; encoders of other formats refuse it, or drop it with a warning.
//! - **The fields of the answer.** Further fields of parts and messages are marked with their format, and go back to it
//!   alone (see [`answer_fields`]). The rows of [`FIELDS`] are those that have a meaning in requests of one format
//!   only: other formats' encoders leave them out whoever wrote them ([`for_format`]).
//! - **The signer.** Proofs of reasoning (signatures, encrypted reasoning, ids of stored items) are valid for the
//!   signer that made them. An answer's proofs are marked with their signer when it is received, in the extra field
//!   [`SIGNED_BY`] next to them ([`mark_response`], [`MarkedStream`]); before a request is encoded the marks are taken
//!   out, and with them the proofs of other signers ([`for_signer`]).
//!
//! The marks go with the message wherever a program keeps it, also as a dictionary, and none is ever sent.

use super::answer_fields::{self, ANSWER_FIELDS, Cleaner};
use super::parts::{any_part, change_parts, retain_parts};
use crate::json::{Extra, Json};
use crate::model::{Message, Part, PartKind, Reasoning, Request, Response, Role, StreamEvent};
use crate::quirks::Quirks;
use crate::request_schema;
use alloc::{borrow::Cow, borrow::ToOwned, boxed::Box, collections::BTreeMap, string::String, vec::Vec};

pub use super::answer_fields::SIGNED_BY;
/// The extra field of a part that holds what its item of the Responses API says about itself.
pub(crate) const RESPONSES_ITEM: &str = "responses_item";
/// The extra field of a message that holds OpenRouter's form of its reasoning.
pub(crate) const REASONING_DETAILS: &str = "reasoning_details";
/// The extra field of a message that holds the audio of an answer.
pub(crate) const AUDIO: &str = "audio";
/// The type of a part of Mistral's answers that names the sources of the text before it.
const REFERENCE: &str = "reference";
/// Why an encoder refuses a part that belongs to another wire format.
pub(crate) const FOREIGN_ITEM: &str = "a part that only another provider's format has; leave it out";

/// `reason`, why a part of this kind is refused, with the part's own name before it where one format alone has it.
pub(crate) fn named<'a>(kind: &PartKind, reason: &'a str) -> Cow<'a, str> {
    let PartKind::ProviderItem { dialect, item } = kind else { return Cow::Borrowed(reason) };
    let name = item.value().object().and_then(|mut fields| {
        let first = fields.iter().next().map(|(name, _)| String::from(name));
        fields.take_string("type").or(first)
    });
    match name {
        Some(name) => Cow::Owned(alloc::format!("`{name}` of {dialect}: {reason}")),
        None => Cow::Borrowed(reason),
    }
}

/// The object that has a further field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldOwner {
    Part,
    Message,
}

/// A further field that only one wire format has.
#[derive(Debug)]
struct Field {
    name: &'static str,
    owner: FieldOwner,
    /// The wire format, by its dialect's name.
    dialect: &'static str,
    /// Whether it proves reasoning, and so is valid for its signer only.
    is_proof: bool,
}

/// Every further field that only one wire format has.
static FIELDS: [Field; 9] = [
    Field { name: RESPONSES_ITEM, owner: FieldOwner::Part, dialect: "openai-responses", is_proof: true },
    // Chat Completions has them in the message.
    Field { name: "annotations", owner: FieldOwner::Part, dialect: "openai-responses", is_proof: false },
    Field { name: "thoughtSignature", owner: FieldOwner::Part, dialect: "gemini", is_proof: true },
    // The same behind Google's layer for OpenAI's clients.
    Field { name: "extra_content", owner: FieldOwner::Part, dialect: "openai-chat", is_proof: true },
    Field { name: REASONING_DETAILS, owner: FieldOwner::Message, dialect: "openai-chat", is_proof: true },
    // LiteLLM's form of them.
    Field { name: "thinking_blocks", owner: FieldOwner::Message, dialect: "openai-chat", is_proof: true },
    // Audio that is referred to by the provider's id.
    Field { name: AUDIO, owner: FieldOwner::Message, dialect: "openai-chat", is_proof: true },
    Field {
        name: "provider_specific_fields",
        owner: FieldOwner::Message,
        dialect: "openai-chat",
        is_proof: true,
    },
    Field {
        name: "provider_specific_fields",
        owner: FieldOwner::Part,
        dialect: "openai-chat",
        is_proof: true,
    },
];

fn has_any(extra: &Extra, owner: FieldOwner, test: impl Fn(&Field) -> bool) -> bool {
    !extra.is_empty()
        && FIELDS.iter().any(|field| field.owner == owner && test(field) && extra.get(field.name).is_some())
}

/// Takes fields out, and says whether one of them proved reasoning.
fn remove(extra: &mut Extra, owner: FieldOwner, test: impl Fn(&Field) -> bool) -> bool {
    let mut proved = false;
    for field in FIELDS.iter().filter(|field| field.owner == owner && test(field)) {
        proved |= extra.remove(field.name).is_some() && field.is_proof;
    }
    proved
}

/// Whether a part belongs to another wire format than `dialect`.
pub(crate) fn is_foreign(kind: &PartKind, dialect: &str) -> bool {
    matches!(kind, PartKind::ProviderItem { dialect: own, .. } if own != dialect)
}

/// Whether a part names the sources of the text before it, and says nothing else. Only Mistral takes it back; to others
/// a history is sent without, as without the `citations` and `annotations` that say the same elsewhere.
pub(crate) fn is_reference(kind: &PartKind) -> bool {
    let PartKind::ProviderItem { dialect, item } = kind else { return false };
    dialect == "openai-chat"
        && item.value().object().and_then(|mut fields| fields.take_string("type")).as_deref()
            == Some(REFERENCE)
}

/// Marks parts that the wire format `dialect` keeps and that another format's decoder read for it.
pub(crate) fn claim(parts: &mut [Part], dialect: &'static str) {
    change_parts(parts, &mut |part| {
        if let PartKind::ProviderItem { dialect: own, .. } = &mut part.kind {
            *own = Cow::Borrowed(dialect);
        }
    });
}

/// `request` as the wire format `dialect` may write it for the provider of `quirks`: without marks, without the further
/// fields that only other formats or only answers have. Parts of other formats are left for the encoder to refuse by
/// their place.
pub(crate) fn for_format<'a>(request: &'a Request, dialect: &str, quirks: &Quirks) -> Cow<'a, Request> {
    // Audio becomes its transcript where there is one; what a caller wrote by hand is the encoder's to refuse.
    let tells_audio =
        |message: &Message| is_nameless(message) || dialect != "openai-chat" && transcript(message).is_some();
    if !request.messages.iter().any(|message| Cleaner::concerns(message) || tells_audio(message)) {
        return Cow::Borrowed(request);
    }
    let is_foreign = |field: &Field| field.dialect != dialect && field.name != AUDIO;
    let cleaner = Cleaner { format: dialect, schema: request_schema::find(dialect, &quirks.provider) };
    let mut request = request.clone();
    let drops_references = dialect != "openai-chat" || !cleaner.schema.lists_in_answers(REFERENCE);
    for message in &mut request.messages {
        if tells_audio(message) {
            mark_audio(message);
            message.extra.remove(AUDIO);
        }
        if drops_references && message.role == Role::Assistant {
            message.content.retain(|part| !is_reference(&part.kind));
        }
        remove(&mut message.extra, FieldOwner::Message, is_foreign);
        cleaner.clean_message(message);
        change_parts(&mut message.content, &mut |part| {
            let proved = remove(&mut part.extra, FieldOwner::Part, is_foreign);
            if let (PartKind::Reasoning(reasoning), true) = (&mut part.kind, proved) {
                reasoning.signature = None;
            }
            cleaner.clean_part(part);
        });
    }
    Cow::Owned(request)
}

/// `request` without the parts that belong to other wire formats than `dialect`, also inside the results of tools.
pub(crate) fn without_items<'a>(request: &'a Request, dialect: &str) -> Cow<'a, Request> {
    let holds_foreign =
        |message: &Message| any_part(&message.content, &|part| is_foreign(&part.kind, dialect));
    if !request.messages.iter().any(holds_foreign) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    for message in &mut request.messages {
        retain_parts(&mut message.content, &|part| !is_foreign(&part.kind, dialect));
    }
    Cow::Owned(request)
}

fn is_proof(field: &Field) -> bool {
    field.is_proof
}

fn is_proven(part: &Part) -> bool {
    matches!(
        part.kind,
        PartKind::Reasoning(Reasoning { signature: Some(_), .. }) | PartKind::RedactedReasoning { .. }
    ) || has_any(&part.extra, FieldOwner::Part, is_proof)
}

fn sign(extra: &mut Extra, signer: &str) {
    extra.insert(SIGNED_BY, Json::string(signer));
}

/// Marks what `signer` proves in its answer, and the further fields that came by the wire format `format`.
pub fn mark_response(response: &mut Response, signer: &str, format: &str) {
    for message in response.choices.iter_mut().map(|choice| &mut choice.message) {
        let is_signed = has_any(&message.extra, FieldOwner::Message, is_proof);
        answer_fields::mark(&mut message.extra, format);
        if is_signed {
            sign(&mut message.extra, signer);
        }
        for part in &mut message.content {
            let is_signed = is_proven(part);
            answer_fields::mark(&mut part.extra, format);
            if is_signed {
                sign(&mut part.extra, signer);
            }
        }
    }
}

/// Marks the events of one stream, so that the answer made of them is as [`mark_response`] makes a whole one.
#[derive(Clone, Debug)]
pub struct MarkedStream {
    signer: String,
    format: &'static str,
    /// What is marked already: parts by choice and place, and messages.
    marked: BTreeMap<(u32, Option<u32>), Marked>,
}

#[derive(Clone, Debug, Default)]
struct Marked {
    is_signed: bool,
    names: Vec<String>,
}

impl MarkedStream {
    /// A stream of `signer`'s that comes by the wire format `format`.
    pub fn new(signer: impl Into<String>, format: &'static str) -> Self {
        Self { signer: signer.into(), format, marked: BTreeMap::new() }
    }

    /// Marks what is proven or kept in `events`, which follow those of the last call.
    pub fn mark(&mut self, events: &mut Vec<StreamEvent>) {
        if !events.iter().any(brings_more) {
            return;
        }
        let mut marked = Vec::with_capacity(events.len() + 1);
        for event in events.drain(..) {
            let mark = if brings_more(&event) { self.mark_of(&event) } else { None };
            marked.push(event);
            marked.extend(mark);
        }
        *events = marked;
    }

    /// The mark that follows an event, where there is none yet or it says more.
    fn mark_of(&mut self, event: &StreamEvent) -> Option<StreamEvent> {
        let (choice, part) = place_of(event)?;
        let marked = self.marked.entry((choice, part)).or_default();
        let mut extra = Extra::new();
        let known = marked.names.len();
        for (name, _) in extra_of(event).iter().flat_map(|extra| extra.iter()) {
            if answer_fields::has_all(&marked.names) {
                break;
            }
            if !answer_fields::is_mark(name) && !marked.names.iter().any(|known| known == name) {
                marked.names.push(name.to_owned());
            }
        }
        if marked.names.len() > known {
            extra.insert(ANSWER_FIELDS, answer_fields::mark_of(self.format, &marked.names));
        }
        if proves(event) && !core::mem::replace(&mut marked.is_signed, true) {
            sign(&mut extra, &self.signer);
        }
        if extra.is_empty() {
            return None;
        }
        let extra = Box::new(extra);
        Some(match part {
            Some(part) => StreamEvent::PartExtra { choice, part, extra },
            None => StreamEvent::MessageExtra { choice, extra },
        })
    }
}

/// Whether an event brings what may have to be marked.
fn brings_more(event: &StreamEvent) -> bool {
    extra_of(event).is_some_and(|extra| !extra.is_empty()) || proves(event)
}

/// The further fields of a message or a part that an event brings.
fn extra_of(event: &StreamEvent) -> Option<&Extra> {
    match event {
        StreamEvent::Part { part, .. } => Some(&part.extra),
        StreamEvent::PartExtra { extra, .. }
        | StreamEvent::MessageExtra { extra, .. }
        | StreamEvent::MessagePieces { extra, .. } => Some(extra),
        _ => None,
    }
}

/// Whether an event brings a proof.
fn proves(event: &StreamEvent) -> bool {
    match event {
        StreamEvent::ReasoningSignature { .. } => true,
        StreamEvent::Part { part, .. } => is_proven(part),
        StreamEvent::PartExtra { extra, .. } => has_any(extra, FieldOwner::Part, is_proof),
        StreamEvent::MessageExtra { extra, .. } | StreamEvent::MessagePieces { extra, .. } => {
            has_any(extra, FieldOwner::Message, is_proof)
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

/// `request` as `signer` is to get it: without marks, and without what others proved. Their reasoning stays as text,
/// which each dialect treats as any other without a signature; what was for their eyes only goes.
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
        if takes_other_mark(&mut message.extra, signer) {
            mark_audio(message);
            remove(&mut message.extra, FieldOwner::Message, is_proof);
        }
        message.content.retain_mut(|part| !takes_other_mark(&mut part.extra, signer) || unproven(part));
        // A message of nothing but what is gone says nothing.
        let says_more = message.extra.iter().any(|(name, _)| !answer_fields::is_mark(name));
        was_empty || !message.content.is_empty() || says_more
    });
    Cow::Owned(request)
}

/// Whether a message's audio has no id to refer to it by.
fn is_nameless(message: &Message) -> bool {
    let audio = message.extra.get(AUDIO).and_then(|audio| audio.value().object());
    audio.is_some_and(|audio| audio.get("id").is_none_or(|id| id.string().is_none()))
}

/// The transcript of a message's audio.
pub(crate) fn transcript(message: &Message) -> Option<String> {
    let mut audio = message.extra.get(AUDIO)?.value().object()?;
    audio.take_string("transcript").filter(|text| !text.is_empty())
}

/// Adds the transcript of a message's audio as text, where it has no other text: for providers without that audio.
fn mark_audio(message: &mut Message) {
    let has_text = message.content.iter().any(|part| matches!(part.kind, PartKind::Text(_)));
    if let (Some(text), false) = (transcript(message), has_text) {
        let calls = message.content.iter().position(|part| matches!(part.kind, PartKind::ToolCall(_)));
        message.content.insert(calls.unwrap_or(message.content.len()), Part::text(text));
    }
}

/// Takes the mark out, and says whether it is another signer's.
fn takes_other_mark(extra: &mut Extra, signer: &str) -> bool {
    extra.remove(SIGNED_BY).is_some_and(|mark| mark.value().string().as_deref() != Some(signer))
}

/// Takes the proofs out of a part; false where nothing is left that another provider could read.
fn unproven(part: &mut Part) -> bool {
    remove(&mut part.extra, FieldOwner::Part, is_proof);
    match &mut part.kind {
        PartKind::RedactedReasoning { .. } => false,
        PartKind::Reasoning(reasoning) => {
            reasoning.signature = None;
            !reasoning.text.is_empty()
        }
        _ => true,
    }
}
