//! Plain responses as a provider writes them, and what they share with the chunks of a stream.

use crate::json::{Extra, Fields, Json, ObjectWriter, Value, write_array};
use crate::quirks::{Quirks, ReasoningPlace};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// The field in which the dialect's own encoder writes reasoning.
pub(super) const REASONING: &str = "reasoning_content";

/// The body of a plain answer as the provider writes it.
pub(super) fn encode(quirks: &Quirks, body: Vec<u8>) -> Vec<u8> {
    let Some(mut fields) = fields(&body) else { return body };
    let Some(choices) = fields.get("choices").and_then(|choices| choices.value().array()) else {
        return body;
    };
    let mut written = Vec::new();
    write_array(&mut written, choices, |out, choice| {
        let mut choice = choice.object().map(Fields::rest).unwrap_or_default();
        if let Some(mut message) =
            choice.get("message").and_then(|message| message.value().object()).map(Fields::rest)
        {
            place_reasoning(quirks, &mut message, |reasoning, text| {
                format!("<think>\n{reasoning}\n</think>\n\n{text}")
            });
            // Clients send the message back as it came, and nulls would be refused there.
            if quirks.drop_null_keys {
                let is_null = |(name, value): (&str, &Json)| value.value().is_null().then(|| name.to_owned());
                let nulls: Vec<String> = message.iter().filter_map(is_null).collect();
                nulls.iter().for_each(|name| _ = message.remove(name));
            }
            choice.insert("message", object(&message));
        }
        object_into(&choice, out);
    });
    fields.insert("choices", Json::from_writer(written));
    if let Some(usage) = fields.get("usage").and_then(|usage| counted(quirks, usage.value())) {
        fields.insert("usage", usage);
    }
    object(&fields).text().as_bytes().to_vec()
}

/// The fields of a whole text.
pub(super) fn fields(text: &[u8]) -> Option<Extra> {
    Some(Value::parse(text).ok()?.object()?.rest())
}

/// They, as an object.
pub(super) fn object(fields: &Extra) -> Json {
    Json::object(fields, |_| {})
}

pub(super) fn object_into(fields: &Extra, out: &mut Vec<u8>) {
    ObjectWriter::begin_with(out, fields).finish();
}

/// Puts the reasoning of a message or delta where the provider has it. `tag` joins it with the text.
pub(super) fn place_reasoning(quirks: &Quirks, said: &mut Extra, tag: impl FnOnce(&str, &str) -> String) {
    let Some(reasoning) = said.get(REASONING).and_then(|text| text.value().string()) else { return };
    let Some(first) = quirks.reasoning_in.first() else { return };
    if *first == ReasoningPlace::ReasoningContent {
        return;
    }
    said.remove(REASONING);
    let text = said.get("content").and_then(|content| content.value().string());
    match first {
        ReasoningPlace::ReasoningContent => {}
        ReasoningPlace::Reasoning | ReasoningPlace::ReasoningDetails => {
            if *first == ReasoningPlace::Reasoning {
                said.insert("reasoning", Json::string(&reasoning));
            }
            if quirks.reasoning_in.contains(&ReasoningPlace::ReasoningDetails) {
                said.insert("reasoning_details", details(&reasoning));
            }
        }
        ReasoningPlace::ContentParts => said.insert("content", parts(&reasoning, text.as_deref())),
        ReasoningPlace::ThinkTags => {
            said.insert("content", Json::string(&tag(&reasoning, text.as_deref().unwrap_or_default())));
        }
    }
}

fn details(reasoning: &str) -> Json {
    let mut out = Vec::new();
    write_array(&mut out, [reasoning], |out, text| {
        let mut detail = ObjectWriter::begin(out);
        detail.field("type", "reasoning.text").field("text", text).field("index", 0_u64);
        detail.finish();
    });
    Json::from_writer(out)
}

fn parts(reasoning: &str, text: Option<&str>) -> Json {
    let thinking = |out: &mut Vec<u8>| {
        let mut part = ObjectWriter::begin(out);
        part.field("type", "thinking").array("thinking", [reasoning], write_text);
        part.finish();
    };
    let mut out = Vec::new();
    out.push(b'[');
    thinking(&mut out);
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        out.push(b',');
        write_text(&mut out, text);
    }
    out.push(b']');
    Json::from_writer(out)
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    let mut part = ObjectWriter::begin(out);
    part.field("type", "text").field("text", text);
    part.finish();
}

/// A usage object as the provider counts, where that is otherwise.
pub(super) fn counted(quirks: &Quirks, usage: Value<'_>) -> Option<Json> {
    if !quirks.usage_excludes_reasoning {
        return None;
    }
    let mut fields = usage.object()?.rest();
    let number = |fields: &Extra, name: &str| fields.get(name).and_then(|value| value.value().u64());
    let details = fields.get("completion_tokens_details")?.value().object()?.rest();
    let reasoning = number(&details, "reasoning_tokens")?;
    let output = number(&fields, "completion_tokens")?.checked_sub(reasoning)?;
    fields.insert("completion_tokens".to_owned(), Json::written(output));
    Some(object(&fields))
}
