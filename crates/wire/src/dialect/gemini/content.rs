//! Messages as the API counts them: contents of two roles, and the instructions apart; in both directions.
//!
//! Results of tools that stand together are one content (section 2). Left out of requests without a word, because
//! nothing is lost: reasoning for another provider's eyes only, and messages that say nothing.

use super::host::Host;
use super::model_name::Family;
use super::part::{self, NO_SIGNATURE, SIGNATURE};
use super::result;
use crate::dialect::shared::{
    blank::Texts,
    calls::{CallRules, Calls, Ids, Sent},
    foreign, made_ids,
};
use crate::encode::{Place, Refusals, UnsupportedField};
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter, Value, write_array};
use crate::model::{Document, Image, Message, Part, PartKind, Reasoning, Request, Role, Source};
use crate::quirks::{ToolIdRule, tool_name::ToolNameRule};
use alloc::{borrow::Cow, format, string::String, vec::Vec};

/// From here on calls in the history need a signature, and results may hold images.
const SIGNATURES_SINCE: (u32, u32) = (3, 0);
/// From here on calls have ids; Vertex AI refuses them for earlier models.
const IDS_SINCE: (u32, u32) = (3, 0);
/// The texts that the API takes (`docs/wire/requests-accepted.md`, section 4).
const TEXTS: Texts = Texts::NotEmpty;

/// Ids and names as the API wants them: a call needs no id, and is known by its place and name then.
fn call_rules(host: Host, family: Family) -> CallRules {
    let ids = if host == Host::Vertex && !family.is_since(IDS_SINCE) { Ids::None } else { Ids::Given };
    CallRules { id: ToolIdRule::Any, ids, name: ToolNameRule::DottedWord }
}

/// How many messages at the beginning are the instructions, which this API wants outside the messages.
fn leading_system(messages: &[Message]) -> usize {
    messages.iter().take_while(|message| is_system(message)).count()
}

fn is_system(message: &Message) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

/// Refuses what of the messages cannot be carried.
pub(super) fn check(
    request: &Request,
    family: Family,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    let leading = leading_system(&request.messages);
    for (position, message) in request.messages.iter().enumerate() {
        let path = Place::message(position);
        if message.name.is_some() {
            refusals.add(format!("{path}.name"), "speakers have no names; write it into the text")?;
        }
        if position >= leading && is_system(message) {
            refusals.add(format!("{path}.role"), "instructions stand before the conversation only")?;
        }
        if position < leading && position > 0 && !message.extra.is_empty() {
            refusals
                .add(format!("{path}.extra"), "all instructions are one content, with one set of fields")?;
        }
        for (place, part) in message.content.iter().enumerate() {
            check_part(part, path.content(place), family, refusals)?;
        }
    }
    TEXTS.check(&request.messages, refusals)
}

fn check_part(
    part: &Part,
    path: Place,
    family: Family,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    if let Some(reason) = part::unsupported(&part.kind) {
        refusals.add(path, &foreign::named(&part.kind, reason))?;
    }
    if part.cache.is_some() {
        refusals.note(format!("{path}.cache"), part::NO_BREAKPOINTS);
    }
    match &part.kind {
        PartKind::Image(Image { detail: Some(detail), .. }) if detail != "auto" => {
            refusals.add(
                format!("{path}.detail"),
                "say it for all images: `mediaResolution` in the extra field `generationConfig`",
            )?;
        }
        PartKind::ToolResult(answered) => {
            let takes_media = family.is_since(SIGNATURES_SINCE);
            for (place, inner) in answered.content.iter().enumerate() {
                let path = path.content(place);
                if let Some(reason) = result::unsupported(&inner.kind, takes_media) {
                    refusals.add(path, reason)?;
                }
                if inner.cache.is_some() {
                    refusals.note(format!("{path}.cache"), part::NO_BREAKPOINTS);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Writes `systemInstruction` and `contents`.
pub(super) fn encode(host: Host, request: &Request, family: Family, body: &mut ObjectWriter<'_>) {
    let (system, turns) =
        request.messages.split_at_checked(leading_system(&request.messages)).unwrap_or_default();
    let instructions = || system.iter().flat_map(|message| &message.content).filter(|part| is_sent(part));
    if instructions().next().is_some() && !family.is_gemma {
        let nothing = Extra::new();
        let extra = system.first().map_or(&nothing, |message| &message.extra);
        body.object_with("systemInstruction", extra, |content| {
            content.array("parts", instructions(), |out, part| part::encode(part, None, out));
        });
    }
    // Gemma has no place for instructions but the conversation's beginning.
    let first = family.is_gemma.then(|| Message::new(Role::User, instructions().cloned().collect()));
    let messages = first.iter().chain(turns.iter().filter(|message| !is_system(message)));
    let mut contents = Contents {
        host,
        calls: Calls::new(request, call_rules(host, family)),
        needs_signatures: family.is_since(SIGNATURES_SINCE),
        takes_media: family.is_since(SIGNATURES_SINCE),
    };
    body.with("contents", |out| {
        write_array(out, Turns::new(messages), |out, (message, more)| contents.encode(message, &more, out));
    });
}

/// Messages that say something, consecutive results of tools together.
struct Turns<'a, I: Iterator<Item = &'a Message>>(core::iter::Peekable<I>);

impl<'a, I: Iterator<Item = &'a Message>> Turns<'a, I> {
    fn new(messages: I) -> Self {
        Self(messages.peekable())
    }
}

impl<'a, I: Iterator<Item = &'a Message>> Iterator for Turns<'a, I> {
    type Item = (&'a Message, Vec<&'a Message>);

    fn next(&mut self) -> Option<Self::Item> {
        let first = loop {
            let message = self.0.next()?;
            if message.content.iter().any(is_sent) {
                break message;
            }
        };
        let mut more = Vec::new();
        while first.role == Role::Tool
            && let Some(message) = self.0.next_if(|message| message.role == Role::Tool)
        {
            more.push(message);
        }
        Some((first, more))
    }
}

/// Whether a part is sent at all: not what is for another provider's eyes, nor what says nothing and is not signed.
fn is_sent(part: &Part) -> bool {
    let is_blank = match &part.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => TEXTS.drops(text) && part.extra.is_empty(),
        PartKind::Reasoning(Reasoning { text, signature: None }) => TEXTS.drops(text),
        _ => false,
    };
    !is_blank
        && !matches!(part.kind, PartKind::RedactedReasoning { .. })
        && part::unsupported(&part.kind).is_none()
}

struct Contents<'a> {
    host: Host,
    calls: Calls<'a>,
    needs_signatures: bool,
    takes_media: bool,
}

/// A part of a content, and under what id and name it is sent.
type SentPart<'a> = (Cow<'a, Part>, Option<Sent<'a>>);

impl<'a> Contents<'a> {
    fn encode(&mut self, message: &'a Message, more: &[&'a Message], out: &mut Vec<u8>) {
        let role = match &message.role {
            Role::Assistant => "model",
            Role::System | Role::Developer | Role::User | Role::Tool => "user",
            Role::Other(word) => word,
        };
        let mut extra = message.extra.clone();
        for (name, value) in more.iter().flat_map(|message| message.extra.iter()) {
            extra.insert(name, value.clone());
        }
        let parts =
            core::iter::once(message).chain(more.iter().copied()).flat_map(|message| &message.content);
        let mut signs_call = self.needs_signatures && message.role == Role::Assistant;
        let mut places: Vec<SentPart<'a>> = Vec::with_capacity(message.content.len());
        for part in parts.filter(|part| is_sent(part)) {
            self.place(part, &mut signs_call, &mut places);
        }
        if message.role == Role::Tool {
            // Without ids a result is known by its place among them.
            places.sort_by_key(|(_, sent)| sent.as_ref().and_then(|sent| sent.number).unwrap_or(usize::MAX));
        }
        let mut content = ObjectWriter::begin_with(out, &extra);
        content.field("role", role);
        content.array("parts", places, |out, (part, sent)| part::encode(&part, sent.as_ref(), out));
        content.finish();
    }

    fn place(&mut self, part: &'a Part, signs_call: &mut bool, places: &mut Vec<SentPart<'a>>) {
        match &part.kind {
            PartKind::ToolCall(call) => {
                let sent = Some(self.calls.call(call));
                let needs_signature = core::mem::take(signs_call) && part.extra.get(SIGNATURE).is_none();
                let mut part = Cow::Borrowed(part);
                if needs_signature {
                    part.to_mut().extra.insert(SIGNATURE, Json::string(NO_SIGNATURE));
                }
                places.push((part, sent));
            }
            PartKind::ToolResult(answered) => {
                let mut sent = self.calls.result(answered);
                if sent.name.is_none() {
                    sent.name = Some(self.calls.name(&answered.tool_call_id));
                }
                let takes_media = self.takes_media;
                let is_taken = |inner: &Part| result::unsupported(&inner.kind, takes_media).is_none();
                let mut part = Cow::Borrowed(part);
                if !answered.content.iter().all(is_taken)
                    && let PartKind::ToolResult(answered) = &mut part.to_mut().kind
                {
                    answered.content.retain(is_taken);
                }
                places.push((part, Some(sent)));
            }
            PartKind::Document(Document { source, name: Some(name) })
                if self.host == Host::GeminiApi || matches!(source, Source::Text { .. }) =>
            {
                // Only Vertex AI has a place for the title, and only with bytes.
                places.push((Cow::Owned(Part::text(format!("{name}:"))), None));
                let mut untitled = part.clone();
                untitled.kind = PartKind::Document(Document { source: source.clone(), name: None });
                places.push((Cow::Owned(untitled), None));
            }
            _ => places.push((Cow::Borrowed(part), None)),
        }
    }
}

/// Takes `systemInstruction` and `contents` out of the body.
pub(super) fn take(body: &mut Fields<'_>) -> Result<Vec<Message>, JsonError> {
    let mut messages = Vec::new();
    if let Some(whole) = body.take("systemInstruction") {
        match whole.string() {
            Some(text) => messages.push(Message::text(Role::System, text)),
            None => {
                let (parts, extra) = decode_content(whole, "systemInstruction")?;
                messages.push(Message { extra, ..Message::new(Role::System, parts) });
            }
        }
    }
    let contents = match body.take("contents") {
        None => return Err(JsonError::new("contents is not specified")),
        // One content alone, as the JSON of protocol buffers allows.
        Some(one) if one.is_object() => alloc::vec![one],
        Some(list) => list.array().ok_or_else(|| JsonError::new("contents: expected an array"))?,
    };
    for (position, content) in contents.into_iter().enumerate() {
        take_turn(content, position, &mut messages)?;
    }
    give_ids(&mut messages);
    Ok(messages)
}

fn take_turn(content: Value<'_>, position: usize, messages: &mut Vec<Message>) -> Result<(), JsonError> {
    let path = format!("contents[{position}]");
    let role = content.object().and_then(|mut fields| fields.take_string("role"));
    let role = match role.as_deref() {
        None | Some("user") => Role::User,
        Some("model") => Role::Assistant,
        Some("function" | "tool") => Role::Tool,
        Some(word) => Role::Other(word.into()),
    };
    let (parts, extra) = decode_content(content, &path)?;
    let is_result = |part: &Part| matches!(part.kind, PartKind::ToolResult(_));
    let opens_with_result = parts.first().is_some_and(is_result);
    if role != Role::Tool && (role != Role::User || !opens_with_result) {
        messages.push(Message { role, content: parts, name: None, extra });
        return Ok(());
    }
    let (results, rest): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_result);
    match messages.last_mut() {
        Some(last) if last.role == Role::Tool && extra.is_empty() => last.content.extend(results),
        _ if results.is_empty() => {}
        _ => messages.push(Message { role: Role::Tool, content: results, name: None, extra }),
    }
    if !rest.is_empty() {
        messages.push(Message::new(Role::User, rest));
    }
    Ok(())
}

fn decode_content(content: Value<'_>, path: &str) -> Result<(Vec<Part>, Extra), JsonError> {
    let Some(mut fields) = content.object() else {
        return Err(JsonError::new(format!("{path}: expected an object")));
    };
    let parts = match fields.take("parts") {
        None => Vec::new(),
        Some(one) if one.is_object() => alloc::vec![part::decode(one)],
        Some(list) => {
            let list =
                list.array().ok_or_else(|| JsonError::new(format!("{path}.parts: expected an array")))?;
            list.into_iter().map(part::decode).collect()
        }
    };
    fields.take("role");
    Ok((parts, fields.rest()))
}

/// Gives ids to calls that have none, and to their results: those of the first waiting call of the name, or the first.
fn give_ids(messages: &mut [Message]) {
    let mut waiting: Vec<(String, String)> = Vec::new();
    let mut number = 0;
    for part in messages.iter_mut().flat_map(|message| &mut message.content) {
        match &mut part.kind {
            PartKind::ToolCall(call) if call.id.is_empty() => {
                call.id = made_ids::make("", 0, number);
                number += 1;
                waiting.push((call.name.clone(), call.id.clone()));
            }
            PartKind::ToolResult(answered) if answered.tool_call_id.is_empty() && !waiting.is_empty() => {
                let same_name = |(name, _): &(String, String)| Some(name) == answered.name.as_ref();
                let position = waiting.iter().position(same_name).unwrap_or(0);
                answered.tool_call_id = waiting.remove(position).1;
            }
            _ => {}
        }
    }
}
