//! Parts of a content, in both directions.
//!
//! A signature (`thoughtSignature`) may stand on any part and goes back with that part (section 5): on a thought it is
//! the reasoning's own, on any other part one of its further fields. A part without a name in the model, such as
//! executed code, stays whole.

use super::host::FORMAT;
use super::{media, result};
use crate::dialect::shared::{calls::Sent, foreign, lenient, nested, tool_input::encode_input};
use crate::json::{Extra, Fields, ObjectWriter, Value, WriteJson};
use crate::model::{Part, PartKind, Reasoning, ToolCall, normalise_arguments};
use alloc::{borrow::Cow, borrow::ToOwned, string::String, vec::Vec};

pub(super) const SIGNATURE: &str = "thoughtSignature";
/// What the API takes for a signature of a call that is not its own (section 5).
pub(super) const NO_SIGNATURE: &str = "skip_thought_signature_validator";
const CALL: &str = "functionCall";
const RESULT: &str = "functionResponse";
/// Why no place of a prompt can be marked.
pub(super) const NO_BREAKPOINTS: &str =
    "prompts are cached by themselves; or name a cache in the extra field `cachedContent`";

/// Reads one part. Never fails: what has no name here is kept whole.
pub(super) fn decode(value: Value<'_>) -> Part {
    known(value).unwrap_or_else(|| Part::provider_item(FORMAT, value.to_json()))
}

fn known(value: Value<'_>) -> Option<Part> {
    let value = lenient::one(value);
    if let Some(text) = value.string() {
        return Some(Part::text(text));
    }
    let mut fields = value.object()?;
    fields.camel_case();
    let mut extra = Extra::new();
    let is_thought = fields.get("thought").and_then(lenient::flag) == Some(true);
    let kind = if fields.get("text").is_some_and(|text| !text.is_null()) {
        let text = lenient::take(&mut fields, "text")?;
        if is_thought {
            fields.take("thought");
            let signature = fields.take_string(SIGNATURE).filter(|signature| !signature.is_empty());
            PartKind::Reasoning(Reasoning { text, signature })
        } else {
            PartKind::Text(text)
        }
    } else if fields.get(CALL).is_some() {
        let mut call = fields.take(CALL).and_then(lenient::object)?;
        let kind = PartKind::ToolCall(take_call(&mut call)?);
        nested::keep(&mut extra, CALL, call);
        kind
    } else if fields.get(RESULT).is_some() {
        let mut answered = fields.take_object(RESULT)?;
        let kind = PartKind::ToolResult(result::decode(&mut answered, decode));
        nested::keep(&mut extra, RESULT, answered);
        kind
    } else {
        media::decode(&mut fields, &mut extra)?
    };
    if fields.get(SIGNATURE).and_then(Value::string).as_deref() == Some(NO_SIGNATURE) {
        fields.take(SIGNATURE);
    }
    // On a part that is not a thought, it says nothing.
    if fields.get("thought").and_then(lenient::flag) == Some(false) {
        fields.take("thought");
    }
    for (name, value) in fields.rest().iter() {
        extra.insert(name, value.clone());
    }
    Some(Part { kind, cache: None, extra })
}

/// Takes a call out of `functionCall`. One without a name is none.
pub(super) fn take_call(call: &mut Fields<'_>) -> Option<ToolCall> {
    let name = lenient::take(call, "name").filter(|name| !name.is_empty())?;
    let arguments = match call.take("args") {
        None => "{}".to_owned(),
        Some(arguments) if arguments.is_object() => arguments.strict_text().into_owned(),
        Some(arguments) => {
            let mut text = arguments.string().unwrap_or_else(|| arguments.text().to_owned());
            normalise_arguments(&mut text);
            let mut out = Vec::new();
            encode_input(&text, &mut out);
            String::from_utf8(out).unwrap_or_default()
        }
    };
    Some(ToolCall { id: lenient::take(call, "id").unwrap_or_default(), name, arguments, custom: false })
}

/// Whether a part says nothing at all.
pub(super) fn is_empty(part: &Part) -> bool {
    part.extra.is_empty() && matches!(&part.kind, PartKind::Text(text) if text.is_empty())
}

/// Why the API has no part for it, where it has none.
pub(super) fn unsupported(kind: &PartKind) -> Option<&'static str> {
    match kind {
        kind if foreign::is_foreign(kind, FORMAT) => Some(foreign::FOREIGN_ITEM),
        PartKind::Unknown(whole) => {
            // Google's parts are told apart by their fields; those of others by a type.
            let is_ours = whole.value().object().is_some_and(|fields| fields.get("type").is_none());
            (!is_ours).then_some("a part of another provider")
        }
        kind => media::unsupported(kind),
    }
}

/// Writes one part; a call or a result in a request as it is `sent` there.
pub(super) fn encode(part: &Part, sent: Option<&Sent<'_>>, out: &mut Vec<u8>) {
    let Part { kind, extra, .. } = part;
    if let PartKind::Unknown(whole) | PartKind::ProviderItem { item: whole, .. } = kind {
        return whole.write_json(out);
    }
    let mut outer = Cow::Borrowed(extra);
    let mut inner = (Extra::new(), Extra::new());
    if !extra.is_empty() {
        let owned = outer.to_mut();
        inner = match kind {
            PartKind::ToolCall(_) => (nested::take(owned, CALL), Extra::new()),
            PartKind::ToolResult(_) => (nested::take(owned, RESULT), Extra::new()),
            _ => media::take_nested(owned),
        };
    }
    let (first, second) = inner;
    let mut object = ObjectWriter::begin_with(out, &outer);
    match kind {
        PartKind::Text(text) | PartKind::Refusal(text) => {
            object.field("text", text);
        }
        PartKind::Reasoning(Reasoning { text, signature }) => {
            object.field("text", text).field("thought", true).optional(SIGNATURE, signature.as_ref());
        }
        PartKind::RedactedReasoning { data } => {
            object.field("text", "").field("thought", true).field(SIGNATURE, data);
        }
        PartKind::ToolCall(call) => {
            object.object_with(CALL, &first, |object| {
                let (id, name) =
                    sent.map_or((call.id.as_str(), call.name.as_str()), |sent| (sent.id(), sent.name()));
                object.optional("id", Some(id).filter(|id| !id.is_empty())).field("name", name);
                object.with("args", |out| encode_input(&call.arguments, out));
            });
        }
        PartKind::ToolResult(answered) => {
            let own_name = answered.name.as_deref().unwrap_or(&answered.tool_call_id);
            let own = (answered.tool_call_id.as_str(), own_name);
            let (id, name) = sent.map_or(own, |sent| (sent.id(), sent.name()));
            object.object_with(RESULT, &first, |object| {
                object.optional("id", Some(id).filter(|id| !id.is_empty())).field("name", name);
                result::encode(answered, object, |part, out| encode(part, None, out));
            });
        }
        _ => media::encode(kind, &first, &second, &mut object),
    }
    object.finish();
}
