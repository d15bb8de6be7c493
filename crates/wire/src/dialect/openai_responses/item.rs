//! Items of the assistant's turn, in both directions: its text, its reasoning, its calls, hosted tools.

use super::carried::NAME;
use super::part::{self, MessagePart, decode_message_part, write_message_part};
use crate::dialect::openai_chat::take_arguments;
use crate::dialect::shared::{calls::Sent, foreign::RESPONSES_ITEM, lenient, nested};
use crate::json::{Extra, Fields, Json, ObjectWriter, Value, WriteJson};
use crate::model::{Part, PartKind, Reasoning, ToolCall, normalise_arguments};
use alloc::{borrow::Cow, borrow::ToOwned, string::String, vec::Vec};

/// What stands between two pieces of one reasoning item.
pub(super) const BETWEEN: &str = "\n\n";

/// An item of the assistant's turn.
pub(super) enum Item<'a> {
    Message {
        content: Vec<MessagePart<'a>>,
        about: Extra,
    },
    Reasoning {
        reasoning: Reasoning,
        about: Extra,
    },
    Call {
        call: ToolCall,
        about: Extra,
    },
    /// A hosted tool's, or one without a name in the model.
    Whole(Json),
}

/// Reads an item. Never fails: what is not what its type says is kept whole.
pub(super) fn decode(value: Value<'_>) -> Item<'_> {
    known(value).unwrap_or_else(|| Item::Whole(value.to_json()))
}

fn known(value: Value<'_>) -> Option<Item<'_>> {
    let value = lenient::one(value);
    if let Some(text) = value.string() {
        let said = MessagePart { part: Part::text(text), logprobs: Vec::new() };
        return Some(Item::Message { content: alloc::vec![said], about: Extra::new() });
    }
    let mut fields = value.object()?;
    let written = fields.get("type").and_then(Value::string);
    let item_type = match written {
        Some(written) => written,
        None => untyped(&fields)?.to_owned(),
    };
    fields.take("type");
    match item_type.as_str() {
        "message" => {
            let role = fields.take("role").and_then(Value::string);
            // Anything but another's turn is an answer.
            if matches!(role.as_deref(), Some("user" | "system" | "developer" | "tool")) {
                return None;
            }
            // The beginning of an item may have none yet.
            let content = if fields.get("content").is_some_and(Value::is_array) {
                let parts = lenient::take_items(&mut fields, "content").unwrap_or_default();
                parts.into_iter().map(decode_message_part).collect()
            } else {
                let text = lenient::take(&mut fields, "content").filter(|text| !text.is_empty());
                text.map(|text| MessagePart { part: Part::text(text), logprobs: Vec::new() })
                    .into_iter()
                    .collect()
            };
            Some(Item::Message { content, about: about(fields) })
        }
        "reasoning" => Some(decode_reasoning(fields)),
        "function_call" => decode_call(fields, false),
        "custom_tool_call" => decode_call(fields, true),
        _ => None,
    }
}

/// What an item is that does not say so: what its fields are those of.
fn untyped(fields: &Fields<'_>) -> Option<&'static str> {
    let has = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    match () {
        () if has("name") && has("arguments") => Some("function_call"),
        () if has("name") && has("input") => Some("custom_tool_call"),
        () if has("summary") => Some("reasoning"),
        () if has("content") => Some("message"),
        () => None,
    }
}

/// What is left of an item: of the usual status nothing need be kept.
pub(super) fn about(mut fields: Fields<'_>) -> Extra {
    if fields.get("status").is_some_and(|status| status.text() == "\"completed\"" || status.is_null()) {
        fields.take("status");
    }
    fields.rest()
}

fn decode_call(mut fields: Fields<'_>, custom: bool) -> Option<Item<'_>> {
    let name = lenient::take(&mut fields, "name").filter(|name| !name.is_empty())?;
    let mut arguments = take_arguments(&mut fields, custom).unwrap_or_default();
    if !custom {
        normalise_arguments(&mut arguments);
    }
    let id = lenient::take(&mut fields, "call_id");
    let id = id.or_else(|| fields.get("id").map(lenient::any)).unwrap_or_default();
    Some(Item::Call { call: ToolCall { id, name, arguments, custom }, about: about(fields) })
}

/// The usual item has at most one summary and no text of its own. Whatever has more is kept as it was, with its text.
fn decode_reasoning(mut fields: Fields<'_>) -> Item<'_> {
    let signature = fields.take_string("encrypted_content").filter(|signature| !signature.is_empty());
    let pieces = |name: &str| {
        let said = fields.get(name).filter(|said| !said.is_null());
        said.map_or_else(Vec::new, |said| said.array().unwrap_or_else(|| alloc::vec![said]))
    };
    let (summary, content) = (pieces("summary"), pieces("content"));
    let mut text = String::new();
    for piece in summary.iter().chain(&content).copied().filter_map(lenient::piece) {
        if !text.is_empty() && !piece.is_empty() {
            text.push_str(BETWEEN);
        }
        text.push_str(&piece);
    }
    let is_plain = |piece: &Value<'_>| {
        piece.object().is_some_and(|mut piece| {
            piece.take_string("type").as_deref() == Some("summary_text")
                && piece.take_string("text").is_some()
                && piece.is_empty()
        })
    };
    if content.is_empty() && summary.len() <= 1 && summary.iter().all(is_plain) {
        fields.take("summary");
        fields.take("content");
    }
    Item::Reasoning { reasoning: Reasoning { text, signature }, about: about(fields) }
}

impl Item<'_> {
    /// Adds the item's parts, and the log probabilities among them.
    pub(super) fn add_to(self, parts: &mut Vec<Part>, logprobs: &mut Vec<Json>) {
        match self {
            Self::Message { content, about } => parts.extend(content.into_iter().map(|said| {
                logprobs.extend(said.logprobs.into_iter().map(Value::to_json));
                with_about(said.part, &about)
            })),
            Self::Reasoning { reasoning, about } => {
                parts.push(with_about(Part::new(PartKind::Reasoning(reasoning)), &about));
            }
            Self::Call { call, about } => {
                parts.push(with_about(Part::new(PartKind::ToolCall(call)), &about));
            }
            Self::Whole(whole) => parts.push(Part::provider_item(NAME, whole)),
        }
    }
}

/// `part` with what its item says about itself. Reasoning that is this API's own, and unknown parts of a message, are
/// recognised by having it, even where it is empty.
fn with_about(mut part: Part, about: &Extra) -> Part {
    if let Some(about) = kept_of_item(&part.kind, about) {
        part.extra.insert(RESPONSES_ITEM, about);
    }
    part
}

/// What is kept of an item for a part of this kind.
pub(super) fn kept_of_item(kind: &PartKind, about: &Extra) -> Option<Json> {
    let always =
        matches!(kind, PartKind::Reasoning(_) | PartKind::ProviderItem { .. } | PartKind::Unknown(_));
    (always || !about.is_empty()).then(|| Json::object(about, |_| {}))
}

/// Parts of the assistant's turn that make one item.
pub(super) enum Run<'a> {
    Message(Vec<&'a Part>),
    Reasoning(&'a Part, Cow<'a, Reasoning>),
    Call(&'a Part, &'a ToolCall),
    Whole(&'a Part, &'a Json),
    /// Nothing this API has an item for.
    Other(&'a Part),
}

/// The items that `parts` make, each with the place of its first part.
pub(super) fn runs(parts: &[Part]) -> Vec<(usize, Run<'_>)> {
    let mut runs: Vec<(usize, Run<'_>)> = Vec::new();
    for (position, part) in parts.iter().enumerate() {
        let run = match &part.kind {
            PartKind::Reasoning(reasoning) => Run::Reasoning(part, Cow::Borrowed(reasoning)),
            PartKind::RedactedReasoning { data } => Run::Reasoning(
                part,
                Cow::Owned(Reasoning { text: String::new(), signature: Some(data.clone()) }),
            ),
            PartKind::ToolCall(call) => Run::Call(part, call),
            PartKind::Unknown(whole) | PartKind::ProviderItem { item: whole, .. }
                if !is_of_message(part, whole) =>
            {
                Run::Whole(part, whole)
            }
            PartKind::Text(_)
            | PartKind::Refusal(_)
            | PartKind::ProviderItem { .. }
            | PartKind::Unknown(_) => {
                match runs.last_mut() {
                    Some((_, Run::Message(said)))
                        if said.last().is_some_and(|last| {
                            last.extra.get(RESPONSES_ITEM) == part.extra.get(RESPONSES_ITEM)
                        }) =>
                    {
                        said.push(part);
                    }
                    _ => runs.push((position, Run::Message(alloc::vec![part]))),
                }
                continue;
            }
            _ => Run::Other(part),
        };
        runs.push((position, run));
    }
    runs
}

/// Whether an unknown part stands in a message rather than for an item.
fn is_of_message(part: &Part, whole: &Json) -> bool {
    part.extra.get(RESPONSES_ITEM).is_some()
        || part::type_of(whole).is_some_and(|word| word.starts_with("input_") || word.starts_with("output_"))
}

/// How to write items: as history, or as an answer, where each has an id and a status.
#[derive(Clone, Debug)]
pub(super) enum Ids {
    /// Items of a request have the ids they came with, where the provider stores what they name.
    History {
        /// Whether it does.
        is_stored: bool,
    },
    /// Items of this answer.
    Answer(String),
}

impl Ids {
    /// Items of the answer `response_id` that have no id get one.
    pub(super) fn of_answer(response_id: &str) -> Self {
        Self::Answer(response_id.strip_prefix("resp_").unwrap_or(response_id).to_owned())
    }

    /// The id of the item at `index`.
    pub(super) fn id(&self, prefix: &str, index: usize) -> Option<String> {
        match self {
            Self::History { .. } => None,
            Self::Answer(answer) => Some(alloc::format!("{prefix}_{answer}_{index}")),
        }
    }

    fn status(&self) -> Option<&'static str> {
        matches!(self, Self::Answer(_)).then_some("completed")
    }

    /// Takes out of what an item says about itself the id that the provider cannot know: one of something that it did
    /// not store, or of another form than its own (`docs/wire/requests-accepted.md`, section 2).
    fn keep_valid(&self, prefixes: &[&str], about: &mut Extra) {
        let Self::History { is_stored } = self else { return };
        let is_own = |id: &Json| {
            id.value().string().is_some_and(|id| prefixes.iter().any(|prefix| id.starts_with(prefix)))
        };
        if about.get("id").is_some_and(|id| !is_stored || !is_own(id)) {
            about.remove("id");
        }
    }
}

/// Extra fields of the item of `part`: those that it came with, and those that were added since.
fn kept_fields(part: &Part) -> Extra {
    let (outer, mut about) = nested::split(&part.extra, RESPONSES_ITEM);
    for (name, value) in outer.iter() {
        about.insert(name, value.clone());
    }
    about
}

/// Writes what the model said as one item; `logprobs` go to its first text.
pub(super) fn write_message(
    said: &[&Part],
    (ids, index): (&Ids, usize),
    mut logprobs: Option<&[Value<'_>]>,
    out: &mut Vec<u8>,
) {
    let mut about =
        said.first().map(|first| nested::split(&first.extra, RESPONSES_ITEM).1).unwrap_or_default();
    ids.keep_valid(&["msg"], &mut about);
    let mut object = ObjectWriter::begin_with(out, &about);
    object.optional("id", ids.id("msg", index)).field("type", "message").field("role", "assistant");
    object.optional("status", ids.status()).array("content", said, |out, part| {
        let extra = nested::split(&part.extra, RESPONSES_ITEM).0;
        let is_text = matches!(part.kind, PartKind::Text(_));
        write_message_part(&part.kind, &extra, if is_text { logprobs.take() } else { None }, out);
    });
    object.finish();
}

/// Writes a reasoning item.
pub(super) fn write_reasoning(
    part: &Part,
    reasoning: &Reasoning,
    (ids, index): (&Ids, usize),
    out: &mut Vec<u8>,
) {
    let mut extras = kept_fields(part);
    if matches!(ids, Ids::History { .. }) {
        // Only answers have one.
        extras.remove("status");
    }
    let mut object = ObjectWriter::begin_with(out, &extras);
    object.optional("id", ids.id("rs", index)).field("type", "reasoning");
    let summary = Some(&reasoning.text).filter(|text| !text.is_empty());
    object.array("summary", summary, |out, text| write_summary(text, out));
    object.optional("encrypted_content", reasoning.signature.as_ref());
    object.finish();
}

pub(super) fn write_summary(text: &str, out: &mut Vec<u8>) {
    let mut piece = ObjectWriter::begin(out);
    piece.field("type", "summary_text").field("text", text);
    piece.finish();
}

/// Writes a call under the id and name that are `sent`.
pub(super) fn write_call(
    part: &Part,
    call: &ToolCall,
    sent: &Sent<'_>,
    (ids, index): (&Ids, usize),
    out: &mut Vec<u8>,
) {
    let (word, prefix, arguments) =
        if call.custom { ("custom_tool_call", "ctc", "input") } else { ("function_call", "fc", "arguments") };
    let mut extras = kept_fields(part);
    ids.keep_valid(&["fc", "ctc"], &mut extras);
    let mut object = ObjectWriter::begin_with(out, &extras);
    object.optional("id", ids.id(prefix, index)).field("type", word).field("call_id", sent.id());
    object.field("name", sent.name()).field(arguments, &call.arguments).optional("status", ids.status());
    object.finish();
}

/// Writes a part that is not an item of this API as its own provider would: answers leave nothing out.
pub(super) fn write_foreign(part: &Part, (ids, index): (&Ids, usize), out: &mut Vec<u8>) {
    use crate::model::{Image, Source};
    if let PartKind::Image(Image { source: Source::Base64 { data, .. }, .. }) = &part.kind {
        let mut object = ObjectWriter::begin_with(out, &part.extra);
        object.optional("id", ids.id("ig", index)).field("type", "image_generation_call");
        object.optional("status", ids.status()).field("result", data);
        return object.finish();
    }
    let before = out.len();
    crate::dialect::anthropic::encode_block(part, out);
    if out.len() == before {
        Json::null().write_json(out);
    }
}
