//! Messages as the API counts them: contents of two roles, and the instructions beside them; in both directions.
//!
//! Results of tools that stand together are one content (section 2). Left out of requests without a word, because
//! nothing is lost: reasoning for another provider's eyes only, and messages that say nothing.

use super::model_name::Family;
use super::part::{self, NO_SIGNATURE, SIGNATURE};
use super::result;
use crate::dialect::shared::call_ids::CallIds;
use crate::encode::{Refusals, UnsupportedField};
use crate::json::{Extra, Fields, Json, JsonError, ObjectWriter, Value, write_array};
use crate::model::{Image, Message, Part, PartKind, Request, Role, ToolResult};
use crate::quirks::ToolIdRule;
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

/// From here on calls in the history need a signature, and results may hold pictures.
const SIGNATURES_SINCE: (u32, u32) = (3, 0);

/// How many messages at the beginning are the instructions, which this API wants beside the messages.
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
    takes_names: bool,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    let leading = leading_system(&request.messages);
    for (position, message) in request.messages.iter().enumerate() {
        let path = format!("messages[{position}]");
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
            check_part(part, &format!("{path}.content[{place}]"), family, takes_names, refusals)?;
        }
    }
    Ok(())
}

fn check_part(
    part: &Part,
    path: &str,
    family: Family,
    takes_names: bool,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    if let Some(reason) = part::unsupported(&part.kind) {
        refusals.add(path, reason)?;
    }
    if part.cache.is_some() {
        refusals.note(format!("{path}.cache"), part::NO_BREAKPOINTS);
    }
    match &part.kind {
        PartKind::Image(Image { detail: Some(detail), .. }) if detail != "auto" => {
            refusals.add(
                format!("{path}.detail"),
                "say it for all pictures: `mediaResolution` in the extra field `generationConfig`",
            )?;
        }
        PartKind::Document(document) if document.name.is_some() && !takes_names => {
            refusals.note(format!("{path}.name"), "documents have no names; write it into the text");
        }
        PartKind::ToolResult(answered) => {
            let takes_media = family.is_since(SIGNATURES_SINCE);
            for (place, inner) in answered.content.iter().enumerate() {
                let path = format!("{path}.content[{place}]");
                if let Some(reason) = result::unsupported(&inner.kind, takes_media) {
                    refusals.add(path.clone(), reason)?;
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
pub(super) fn encode(request: &Request, family: Family, body: &mut ObjectWriter<'_>) {
    let (system, turns) =
        request.messages.split_at_checked(leading_system(&request.messages)).unwrap_or_default();
    let instructions = || system.iter().flat_map(|message| &message.content);
    if !system.is_empty() && !family.is_gemma {
        let nothing = Extra::new();
        let extra = system.first().map_or(&nothing, |message| &message.extra);
        body.object_with("systemInstruction", extra, |content| {
            content.array("parts", instructions(), |out, part| part::encode(part, None, out));
        });
    }
    let mut contents = Contents {
        names: BTreeMap::new(),
        needs_signatures: family.is_since(SIGNATURES_SINCE),
        takes_media: family.is_since(SIGNATURES_SINCE),
    };
    // Gemma has no place for instructions but the conversation's beginning.
    let first = family.is_gemma.then(|| Message::new(Role::User, instructions().cloned().collect()));
    let messages = first.iter().chain(turns.iter().filter(|message| !is_system(message)));
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
            if message.content.iter().any(is_sent) || !message.extra.is_empty() {
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

/// Whether a part is sent at all.
fn is_sent(part: &Part) -> bool {
    !matches!(part.kind, PartKind::RedactedReasoning { .. }) && part::unsupported(&part.kind).is_none()
}

struct Contents<'a> {
    /// The tools' names by the ids of their calls so far.
    names: BTreeMap<&'a str, &'a str>,
    needs_signatures: bool,
    takes_media: bool,
}

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
        let mut is_first_call = true;
        let mut content = ObjectWriter::begin_with(out, &extra);
        content.field("role", role);
        content.array("parts", parts.filter(|part| is_sent(part)), |out, part| match &part.kind {
            PartKind::ToolCall(call) => {
                self.names.insert(&call.id, &call.name);
                let is_first = core::mem::take(&mut is_first_call);
                let is_signed = part.extra.get(SIGNATURE).is_some();
                if is_first && !is_signed && self.needs_signatures && message.role == Role::Assistant {
                    let mut signed = part.clone();
                    signed.extra.insert(SIGNATURE, Json::string(NO_SIGNATURE));
                    return part::encode(&signed, None, out);
                }
                part::encode(part, None, out);
            }
            PartKind::ToolResult(answered) => self.encode_result(part, answered, out),
            _ => part::encode(part, None, out),
        });
        content.finish();
    }

    fn encode_result(&self, part: &Part, answered: &ToolResult, out: &mut Vec<u8>) {
        let found = self.names.get(answered.tool_call_id.as_str()).copied();
        let name = answered.name.is_none().then_some(found).flatten();
        let refused = |inner: &Part| {
            inner.cache.is_some() || result::unsupported(&inner.kind, self.takes_media).is_some()
        };
        if !answered.content.iter().any(refused) {
            return part::encode(part, name, out);
        }
        let mut sent = part.clone();
        if let PartKind::ToolResult(answered) = &mut sent.kind {
            answered.content.retain(|inner| result::unsupported(&inner.kind, self.takes_media).is_none());
        }
        part::encode(&sent, name, out);
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
    let mut ids = CallIds::new(ToolIdRule::Any);
    for part in messages.iter_mut().flat_map(|message| &mut message.content) {
        match &mut part.kind {
            PartKind::ToolCall(call) => call.id = ids.of_call(call),
            PartKind::ToolResult(answered) => answered.tool_call_id = ids.of_result(answered),
            _ => {}
        }
    }
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

/// An id for a call that the provider gave none: its place among the calls of its answer, and the answer's own id, so
/// that no other call of the conversation has the same.
pub(super) fn call_id(response_id: &str, choice: u32, number: usize) -> String {
    let is_plain = |id: &str| {
        (1..=32).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let answer = if is_plain(response_id) { response_id } else { "" };
    let answer_mark = if answer.is_empty() { "" } else { "_" };
    match choice {
        0 => format!("call_{answer}{answer_mark}{number}"),
        choice => format!("call_{answer}{answer_mark}{choice}_{number}"),
    }
}
