//! One task for every JSON parser: find the text of an answer in a body, knowing that the whole body is JSON.
//!
//! The first three keep every field that nobody asked for as its text, which a dialect needs to lose nothing; the
//! others build a tree of values.

use ferrule_wire::json::Fields;
use jiter::{Jiter, JsonValue};
use sonic_rs::{JsonContainerTrait, JsonValueTrait, LazyValue};
use std::borrow::Cow;

/// A parser by its name, and the task done with it.
pub type Parser = (&'static str, fn(&[u8]) -> Option<String>);

/// Every parser.
pub const PARSERS: [Parser; 6] = [
    ("serde_json, raw fields (ferrule)", ferrule),
    ("jiter, raw fields", jiter_fields),
    ("sonic-rs, raw fields", sonic_fields),
    ("serde_json::Value", serde_value),
    ("jiter::JsonValue", jiter_value),
    ("sonic_rs::Value", sonic_value),
];

/// Bodies by their names: a chunk of a stream, and plain answers.
pub fn bodies() -> [(&'static str, String); 3] {
    [("chunk", chunk()), ("2 KB answer", answer(1_600)), ("100 KB answer", answer(99_600))]
}

fn chunk() -> String {
    r#"{"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz123","object":"chat.completion.chunk","created":1767225600,"model":"gpt-5-mini-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"aB3dEf9"}"#.into()
}

fn answer(text_bytes: usize) -> String {
    let sentence = "Blue light scatters more than red, as \\\"Rayleigh\\\" says.\\n";
    let text = sentence.repeat(text_bytes / sentence.len());
    format!(
        r#"{{"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz123","object":"chat.completion","created":1767225600,"model":"gpt-5-mini-2025-08-07","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":9,"completion_tokens":400,"total_tokens":409,"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0}}}},"service_tier":"default"}}"#
    )
}

fn ferrule(body: &[u8]) -> Option<String> {
    let mut fields = Fields::parse(body).ok()?;
    let mut choice = fields.take_array("choices")?.first()?.object()?;
    choice.take_object("delta").or_else(|| choice.take_object("message"))?.take_string("content")
}

/// An object's fields as their text, as `ferrule_wire::json::Fields` has them.
fn jiter_level(text: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut reader = Jiter::new(text);
    let mut fields = Vec::with_capacity(8);
    let mut key = reader.next_object().ok()?.map(str::to_owned);
    while let Some(name) = key {
        let peek = reader.peek().ok()?;
        let start = reader.current_index();
        reader.known_skip(peek).ok()?;
        fields.push((name, reader.slice_to_current(start)));
        key = reader.next_key().ok()?.map(str::to_owned);
    }
    reader.finish().ok()?;
    Some(fields)
}

fn jiter_fields(body: &[u8]) -> Option<String> {
    let field = |fields: &[(String, &'_ [u8])], name: &str| {
        fields.iter().rposition(|(key, _)| key == name)
    };
    // What is skipped is not checked to be UTF-8, and the model's text is.
    std::str::from_utf8(body).ok()?;
    let fields = jiter_level(body)?;
    let choices = fields.get(field(&fields, "choices")?)?.1;
    let mut reader = Jiter::new(choices);
    let peek = reader.next_array().ok()??;
    let start = reader.current_index();
    reader.known_skip(peek).ok()?;
    let choice = jiter_level(reader.slice_to_current(start))?;
    let said = field(&choice, "delta").or_else(|| field(&choice, "message"))?;
    let said = jiter_level(choice.get(said)?.1)?;
    Jiter::new(said.get(field(&said, "content")?)?.1).next_str().ok().map(str::to_owned)
}

fn sonic_level(text: &[u8]) -> Option<Vec<(Cow<'_, str>, LazyValue<'_>)>> {
    sonic_rs::to_object_iter(text).collect::<Result<_, _>>().ok()
}

fn sonic_fields(body: &[u8]) -> Option<String> {
    fn find<'a, 'b>(fields: &'a [(Cow<'b, str>, LazyValue<'b>)], name: &str) -> Option<&'a LazyValue<'b>> {
        fields.iter().rfind(|(key, _)| key == name).map(|(_, value)| value)
    }
    let fields = sonic_level(body)?;
    let choices = find(&fields, "choices")?.as_raw_str();
    let choice = sonic_rs::to_array_iter(choices).next()?.ok()?;
    let choice = sonic_level(choice.as_raw_str().as_bytes())?;
    let said = find(&choice, "delta").or_else(|| find(&choice, "message"))?;
    let said = sonic_level(said.as_raw_str().as_bytes())?;
    find(&said, "content")?.as_str().map(str::to_owned)
}

fn serde_value(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let choice = value.get("choices")?.get(0)?;
    choice.get("delta").or_else(|| choice.get("message"))?.get("content")?.as_str().map(str::to_owned)
}

fn jiter_value(body: &[u8]) -> Option<String> {
    fn find<'a, 'j>(value: &'a JsonValue<'j>, name: &str) -> Option<&'a JsonValue<'j>> {
        let JsonValue::Object(fields) = value else { return None };
        fields.iter().rfind(|(key, _)| key == name).map(|(_, value)| value)
    }
    let value = JsonValue::parse(body, false).ok()?;
    let JsonValue::Array(choices) = find(&value, "choices")? else { return None };
    let choice = choices.first()?;
    match find(find(choice, "delta").or_else(|| find(choice, "message"))?, "content")? {
        JsonValue::Str(text) => Some(text.to_string()),
        _ => None,
    }
}

fn sonic_value(body: &[u8]) -> Option<String> {
    let value: sonic_rs::Value = sonic_rs::from_slice(body).ok()?;
    let choice = value.get("choices")?.as_array()?.first()?;
    choice.get("delta").or_else(|| choice.get("message"))?.get("content")?.as_str().map(str::to_owned)
}
