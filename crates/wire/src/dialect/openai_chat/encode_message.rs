//! Encoding of the messages of a request, as the provider wants its history.

use super::{
    carried::NAME,
    kept_fields::{kept, without_nulls},
    part::Content,
    reasoning,
};
use crate::dialect::openai_chat::tools;
use crate::dialect::shared::{
    blank,
    calls::{CallRules, Calls, Ids, Sent},
    foreign,
    tool_input::as_function,
    tool_media,
};
use crate::encode::{Place, Refusals, UnsupportedField};
use crate::json::{Extra, ObjectWriter, WriteJson, write_array};
use crate::model::{
    CacheBreakpoint, Message, Part, PartKind, Reasoning, Request, Role, ToolCall, ToolResult,
};
use crate::quirks::{CacheControl, Feature, Quirks, ReasoningEcho, ReasoningPlace, tool_name::ToolNameRule};
use crate::request_schema;
use alloc::{borrow::Cow, borrow::ToOwned, format, string::String, vec::Vec};

/// Between texts that were parts and become one string.
const BETWEEN_TEXTS: &str = "\n";

/// Writes the messages' array.
pub(super) fn encode_messages(
    request: &Request,
    quirks: &Quirks,
    refusals: &mut Refusals,
) -> Result<Vec<u8>, UnsupportedField> {
    let messages = &request.messages;
    let rules = CallRules { id: quirks.tool_id_rule, ids: Ids::Needed, name: ToolNameRule::Word(64) };
    let mut history = History {
        quirks,
        calls: Calls::new(request, rules),
        turn: messages.iter().rposition(|message| message.role == Role::User).map_or(0, |last| last + 1),
        wire: Vec::with_capacity(messages.len()),
        shown: Vec::new(),
    };
    for (position, message) in messages.iter().enumerate() {
        history.add(message, position, refusals)?;
    }
    history.show();
    let mut wire = history.wire;
    if quirks.alternate_roles {
        wire = joined(wire);
    }
    if let Some(last) = wire.last_mut() {
        last.is_prefill = last.role == "assistant" && last.calls.is_empty();
    }
    let mut out = Vec::new();
    write_array(&mut out, wire, |out, message| message.write_json(out));
    Ok(out)
}

/// The messages written so far.
struct History<'a> {
    quirks: &'a Quirks,
    calls: Calls<'a>,
    /// The first message after the last one of the user.
    turn: usize,
    wire: Vec<WireMessage<'a>>,
    /// What the results written last hold besides text: it follows all of them, as nothing may stand between results.
    shown: Vec<Content<'a>>,
}

/// One message as the dialect has it.
struct WireMessage<'a> {
    quirks: &'a Quirks,
    role: &'a str,
    name: Option<&'a str>,
    content: Vec<Content<'a>>,
    reasoning: String,
    signature: Option<&'a str>,
    /// Calls, the form that they are sent in, and their extra fields.
    calls: Vec<(Sent<'a>, Cow<'a, ToolCall>, Cow<'a, Extra>)>,
    tool_call_id: Option<Cow<'a, str>>,
    extra: Cow<'a, Extra>,
    /// Of the neutral message, where that became several.
    shared_extra: Option<&'a Extra>,
    /// Whether it is the beginning of the answer.
    is_prefill: bool,
}

impl<'a> WireMessage<'a> {
    /// A message of the user's that says nothing yet.
    fn of_user(quirks: &'a Quirks) -> Self {
        Self {
            quirks,
            role: "user",
            name: None,
            content: Vec::new(),
            reasoning: String::new(),
            signature: None,
            calls: Vec::new(),
            tool_call_id: None,
            extra: Cow::Owned(Extra::new()),
            shared_extra: None,
            is_prefill: false,
        }
    }
}

impl<'a> History<'a> {
    /// Adds what `message` becomes: the results of tools one by one, then the rest.
    fn add(
        &mut self,
        message: &'a Message,
        position: usize,
        refusals: &mut Refusals,
    ) -> Result<(), UnsupportedField> {
        let quirks = self.quirks;
        let place = Place::message(position);
        let is_assistant = message.role == Role::Assistant;
        let has_calls = || message.content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
        let echoes = match quirks.reasoning_echo {
            ReasoningEcho::Always => true,
            ReasoningEcho::SameTurn => position >= self.turn,
            ReasoningEcho::WithCalls => position >= self.turn || has_calls(),
            ReasoningEcho::Never => false,
        };
        // Neighbours of one role are joined, whoever speaks.
        let names = quirks.supports(Feature::Name) && !quirks.alternate_roles;
        let mut said = WireMessage {
            quirks,
            role: role_word(&message.role, quirks),
            name: message.name.as_deref().filter(|_| names),
            content: Vec::new(),
            reasoning: String::new(),
            signature: None,
            calls: Vec::new(),
            tool_call_id: None,
            extra: kept(quirks, &message.extra, echoes),
            shared_extra: None,
            is_prefill: false,
        };
        if message.name.is_some() && said.name.is_none() {
            refusals.note(format!("{place}.name"), &quirks.reason("knows no names of speakers"));
        }
        let results_before = self.wire.len();
        for (position, part) in message.content.iter().enumerate() {
            let field = place.content(position);
            match &part.kind {
                PartKind::ToolResult(_) | PartKind::ToolCall(_) if !quirks.supports(Feature::Tools) => {
                    refusals.add(field, &quirks.reason("calls no tools; say in words what they answered"))?;
                }
                PartKind::ToolResult(result) => {
                    let result = self.result(message, result, part, field, refusals)?;
                    self.wire.push(result);
                }
                PartKind::ToolCall(call) if is_assistant => {
                    let sent = self.calls.call(call);
                    let call = if call.custom && !self.takes_custom_calls() {
                        as_function(call)
                    } else {
                        Cow::Borrowed(call)
                    };
                    said.calls.push((sent, call, without_nulls(quirks, &part.extra)));
                }
                // Where the message has the provider's own details, those are the ones to send back.
                PartKind::Reasoning(Reasoning { text, signature }) if is_assistant => {
                    if echoes && message.extra.get(reasoning::DETAILS).is_none() {
                        said.reasoning.push_str(text);
                        said.signature = signature.as_deref().or(said.signature);
                    }
                }
                PartKind::RedactedReasoning { .. } if message.extra.get(reasoning::DETAILS).is_some() => {}
                _ if message.role == Role::Tool => {
                    refusals.add(field, "a tool message holds tool results only")?;
                }
                PartKind::Text(text) | PartKind::Refusal(text) if text.is_empty() => {}
                _ => match self.content(part, Feature::ContentParts, said.role) {
                    Ok(content) => said.content.push(content.noted(field, quirks, refusals)),
                    Err(reason) => refusals.add(field, &foreign::named(&part.kind, &reason))?,
                },
            }
        }
        // Results alone are the whole message; anything else is said in a message of its own.
        let is_left_out = self.wire.len() > results_before
            || message.role == Role::Tool && !quirks.supports(Feature::Tools)
            || blank::is_left_out(&message.role) && said.says_nothing();
        if !is_left_out || !said.content.is_empty() {
            self.show();
            self.wire.push(said);
        }
        Ok(())
    }

    /// Writes what the results before hold besides text.
    fn show(&mut self) {
        if !self.shown.is_empty() {
            let content = core::iter::once(Content::plain(tool_media::SHOWN)).chain(self.shown.drain(..));
            self.wire.push(WireMessage { content: content.collect(), ..WireMessage::of_user(self.quirks) });
        }
    }

    /// Whether calls with free text go back as such: the provider declares such tools, and its requests have such
    /// calls.
    fn takes_custom_calls(&self) -> bool {
        self.quirks.supports(Feature::CustomTools)
            && request_schema::find(NAME, &self.quirks.provider).takes_calls("custom")
    }

    /// `part` of a message of this role in the provider's words, or why it has none. Without `parts` it takes text
    /// alone. Nobody but an assistant refuses.
    fn content(&self, part: &'a Part, parts: Feature, role: &str) -> Result<Content<'a>, Cow<'static, str>> {
        let quirks = self.quirks;
        let is_answer = role == "assistant";
        let refused = match &part.kind {
            PartKind::Image(_) => !quirks.supports(Feature::Images),
            PartKind::Audio(_) => !quirks.supports(Feature::Audio),
            PartKind::Document(_) => !quirks.supports(Feature::Documents),
            _ => false,
        };
        if refused {
            return Err(Cow::Owned(quirks.reason("does not take such parts")));
        }
        let mut content = Content::new(part, quirks.media_parts)?;
        if !is_answer || !quirks.supports(Feature::Refusals) {
            content = content.refusal_as_text();
        }
        let schema = request_schema::find(NAME, &quirks.provider);
        if content.part_type().is_some_and(|kind| !schema.takes_part(role, &kind)) {
            return Err(Cow::Owned(quirks.reason(match &part.kind {
                PartKind::Image(_) if is_answer => {
                    "takes no images of the assistant; put it into a message of the user"
                }
                _ if is_answer => "takes no such part of the assistant; leave it out",
                _ => "does not take such parts",
            })));
        }
        if content.is_text() || quirks.supports(parts) {
            return Ok(content);
        }
        Err(Cow::Owned(quirks.reason("takes text alone")))
    }

    /// The dialect has no error flag: the text of a failed tool says so itself.
    fn result(
        &mut self,
        message: &'a Message,
        result: &'a ToolResult,
        part: &'a Part,
        place: Place,
        refusals: &mut Refusals,
    ) -> Result<WireMessage<'a>, UnsupportedField> {
        let quirks = self.quirks;
        let shown_before = self.shown.len();
        let mut content = Vec::with_capacity(result.content.len());
        for (position, part) in result.content.iter().enumerate() {
            let field = place.content(position);
            match self.content(part, Feature::ToolContentParts, "tool") {
                Ok(said) if said.is_text() || quirks.tool_result_media => {
                    content.push(said.noted(field, quirks, refusals));
                }
                // What follows the results shows it.
                _ if tool_media::is_media(&part.kind) => {
                    match self.content(part, Feature::ContentParts, "user") {
                        Ok(said) => self.shown.push(said.noted(field, quirks, refusals)),
                        Err(reason) => refusals.add(field, &foreign::named(&part.kind, &reason))?,
                    }
                }
                _ => refusals.add(field, &foreign::named(&part.kind, "tool results are text"))?,
            }
        }
        if content.is_empty() && self.shown.len() > shown_before {
            content.push(Content::plain(tool_media::FOLLOWS));
        }
        let cache = part.cache.as_ref();
        if quirks.cache_control == CacheControl::Strip && cache.is_some() {
            refusals.note(format!("{place}.cache"), &quirks.reason("caches by itself"));
        } else {
            add_breakpoint(&mut content, cache, place, refusals)?;
        }
        Ok(WireMessage {
            quirks,
            role: "tool",
            name: None,
            content,
            reasoning: String::new(),
            signature: None,
            calls: Vec::new(),
            tool_call_id: self.calls.result(result).id,
            extra: without_nulls(quirks, &part.extra),
            shared_extra: (message.role == Role::Tool).then_some(&message.extra),
            is_prefill: false,
        })
    }
}

/// A breakpoint after a tool result stands on the result's last text.
fn add_breakpoint<'a>(
    content: &mut Vec<Content<'a>>,
    cache: Option<&'a CacheBreakpoint>,
    place: Place,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    match (cache, content.pop()) {
        (_, Some(last)) => content.push(last.or_cache(cache)),
        (Some(_), None) => {
            refusals.add(format!("{place}.cache"), "an empty result has no part for the breakpoint")?;
        }
        (None, None) => {}
    }
    Ok(())
}

/// Neighbours of one role as one message: some models insist that user and assistant take turns.
fn joined(messages: Vec<WireMessage<'_>>) -> Vec<WireMessage<'_>> {
    let mut joined: Vec<WireMessage<'_>> = Vec::with_capacity(messages.len());
    for message in messages {
        match joined.last_mut() {
            Some(last) if last.role == message.role && last.tool_call_id.is_none() => {
                last.content.extend(message.content);
                last.calls.extend(message.calls);
                last.reasoning.push_str(&message.reasoning);
                if !message.extra.is_empty() {
                    let later = message.extra.iter().map(|(name, value)| (name.to_owned(), value.clone()));
                    last.extra = Cow::Owned(
                        last.extra
                            .iter()
                            .map(|(name, value)| (name.to_owned(), value.clone()))
                            .chain(later)
                            .collect(),
                    );
                }
            }
            _ => joined.push(message),
        }
    }
    joined
}

fn role_word<'a>(role: &'a Role, quirks: &Quirks) -> &'a str {
    match role {
        Role::Developer if quirks.supports(Feature::DeveloperRole) => "developer",
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
        Role::Other(word) => word,
    }
}

impl WireMessage<'_> {
    fn says_nothing(&self) -> bool {
        self.content.is_empty()
            && self.calls.is_empty()
            && self.reasoning.is_empty()
            && self.signature.is_none()
            && self.extra.is_empty()
    }

    /// Where the provider's reasoning stands, there it is sent back.
    fn reasoning_place(&self) -> Option<ReasoningPlace> {
        if self.reasoning.is_empty() && self.signature.is_none() {
            return None;
        }
        Some(self.quirks.reasoning_in.first().copied().unwrap_or(ReasoningPlace::ReasoningContent))
    }

    /// The content as one string, where the provider wants it so or it is nothing else.
    fn text(&self) -> Option<Cow<'_, str>> {
        let only_strings = match self.role {
            "tool" => !self.quirks.supports(Feature::ToolContentParts),
            _ => !self.quirks.supports(Feature::ContentParts),
        } || self.quirks.alternate_roles && self.content.iter().all(Content::is_text);
        match self.content.as_slice() {
            [only] if only.plain_text().is_some() => only.plain_text().map(Cow::Borrowed),
            parts if only_strings => {
                let texts: Vec<&str> = parts.iter().filter_map(Content::text).collect();
                Some(Cow::Owned(texts.join(BETWEEN_TEXTS)))
            }
            _ => None,
        }
    }

    fn write_content(&self, object: &mut ObjectWriter<'_>) {
        let place = self.reasoning_place();
        if place == Some(ReasoningPlace::ContentParts) {
            object.with("content", |out| {
                out.push(b'[');
                write_thinking(out, &self.reasoning, self.signature);
                for part in &self.content {
                    out.push(b',');
                    part.write_json(out);
                }
                out.push(b']');
            });
            return;
        }
        if self.content.is_empty() {
            let has_tags = place == Some(ReasoningPlace::ThinkTags);
            // A message that only calls tools has no content, and some servers refuse a null there.
            if self.calls.is_empty() || has_tags {
                let text = if has_tags { tagged(&self.reasoning, "") } else { String::new() };
                object.field("content", text);
            }
            return;
        }
        match self.text() {
            Some(text) if place == Some(ReasoningPlace::ThinkTags) => {
                object.field("content", tagged(&self.reasoning, &text))
            }
            Some(text) => object.field("content", &*text),
            None => object.field("content", self.content.as_slice()),
        };
    }

    fn write_reasoning(&self, object: &mut ObjectWriter<'_>) {
        match self.reasoning_place() {
            Some(ReasoningPlace::ReasoningContent) if !self.reasoning.is_empty() => {
                object.field("reasoning_content", &self.reasoning);
            }
            // Thinking models want the field of every call, whoever made it.
            _ if self.quirks.reasoning_beside_calls
                && !self.calls.is_empty()
                && self.extra.get("reasoning_content").is_none() =>
            {
                object.field("reasoning_content", "");
            }
            Some(ReasoningPlace::Reasoning)
                if self.signature.is_none()
                    || !self.quirks.reasoning_in.contains(&ReasoningPlace::ReasoningDetails) =>
            {
                object.field("reasoning", &self.reasoning);
            }
            // A signature has a place in the details only.
            Some(ReasoningPlace::Reasoning | ReasoningPlace::ReasoningDetails) => {
                object.array(reasoning::DETAILS, [()], |out, ()| {
                    let mut detail = ObjectWriter::begin(out);
                    detail.field("type", "reasoning.text").field("text", &self.reasoning);
                    detail.optional("signature", self.signature);
                    detail.finish();
                });
            }
            _ => {}
        }
    }
}

/// Reasoning as models write it that have no other place for it.
fn tagged(reasoning: &str, text: &str) -> String {
    format!("<think>\n{}\n</think>\n\n{text}", reasoning.trim())
}

/// Reasoning as Mistral has it among the parts of the content.
fn write_thinking(out: &mut Vec<u8>, text: &str, signature: Option<&str>) {
    let mut object = ObjectWriter::begin(out);
    object.field("type", "thinking").array("thinking", [text], |out, text| {
        let mut item = ObjectWriter::begin(out);
        item.field("type", "text").field("text", text);
        item.finish();
    });
    object.optional("signature", signature);
    object.finish();
}

impl WriteJson for WireMessage<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::begin_with(out, &self.extra);
        object.field("role", self.role).optional("name", self.name);
        object.optional("tool_call_id", self.tool_call_id.as_deref());
        self.write_content(&mut object);
        self.write_reasoning(&mut object);
        if !self.calls.is_empty() {
            object.array("tool_calls", &self.calls, |out, (sent, call, extra)| {
                tools::write_call(out, sent.id(), sent.name(), call, extra);
            });
        }
        if self.is_prefill && !self.quirks.prefill_parameter.is_empty() {
            object.field(&self.quirks.prefill_parameter, true);
        }
        for (name, value) in self.shared_extra.iter().flat_map(|extra| extra.iter()) {
            object.field(name, value);
        }
        object.finish();
    }
}
