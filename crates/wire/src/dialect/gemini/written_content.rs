//! Contents that programs keep: dictionaries in the form of google-genai's `Content`, also as its Python dumps them, in
//! snake_case and with null for what is not set, and as its predecessor took them, with strings for parts.

use super::part::{self, SIGNATURE};
use crate::json::{Extra, Fields, Json, JsonError, Value};
use crate::model::{Message, Part, PartKind, Role};
use alloc::{format, string::String, vec::Vec};

/// The fields of a part that are objects with fields of their own.
const OBJECTS: [&str; 8] = [
    "functionCall",
    "functionResponse",
    "inlineData",
    "fileData",
    "executableCode",
    "codeExecutionResult",
    "videoMetadata",
    "mediaResolution",
];

/// Whether a message of a caller's is in this form.
pub(crate) fn is_content(fields: &Fields<'_>) -> bool {
    fields.get("content").is_none_or(Value::is_null)
        && fields.get("parts").is_some_and(|parts| !parts.is_null())
}

/// Reads one content; an error begins with `path` and names the place. Calls without an id stay without one: their results
/// follow in their order.
pub(crate) fn decode(mut fields: Fields<'_>, path: &str) -> Result<Message, JsonError> {
    let role = match fields.take("role").filter(|role| !role.is_null()).map(|role| role.string()) {
        None => Role::User,
        Some(word) => match word.as_deref() {
            Some("user") => Role::User,
            Some("model" | "assistant") => Role::Assistant,
            Some("function" | "tool") => Role::Tool,
            Some("system") => Role::System,
            _ => return Err(JsonError::new(format!("{path}.role: expected \"user\" or \"model\""))),
        },
    };
    let parts = fields.take("parts").map(|parts| match parts.array() {
        Some(parts) => parts,
        None => alloc::vec![parts],
    });
    let mut content = Vec::new();
    for (position, part) in parts.into_iter().flatten().enumerate() {
        content.extend(decode_part(part, &format!("{path}.parts[{position}]"))?);
    }
    Ok(Message { role, content, name: None, extra: without_nulls(&fields) })
}

/// Reads one part; none where all that it could have is null.
fn decode_part(value: Value<'_>, path: &str) -> Result<Option<Part>, JsonError> {
    if let Some(text) = value.string() {
        return Ok(Some(Part::text(text)));
    }
    let Some(fields) = value.object() else {
        return Err(JsonError::new(format!("{path}: expected an object, such as {{\"text\": ...}}")));
    };
    if fields.get("type").is_some() {
        return Err(JsonError::new(format!(
            "{path}.type: Gemini's parts have none, and parts with a type stand in the message's `content`"
        )));
    }
    let cleaned = clean(value);
    if cleaned.value().object().is_none_or(|fields| fields.is_empty()) {
        return Ok(None);
    }
    let mut part = part::decode(cleaned.value());
    if let PartKind::Reasoning(reasoning) = &mut part.kind
        && let Some(signature) = reasoning.signature.take()
    {
        // Beside the part it stays out of other formats, which would take it for their own.
        part.extra.insert(SIGNATURE, Json::string(&signature));
    }
    Ok(Some(part))
}

fn without_nulls(fields: &Fields<'_>) -> Extra {
    let said = fields.iter().filter(|(_, value)| !value.is_null());
    said.map(|(name, value)| (name.into(), value.to_json())).collect()
}

/// A part without what is not set, in the names and the base64 of the wire. What a tool is called with, and what it
/// answered, stays as it is.
fn clean(value: Value<'_>) -> Json {
    let mut fields = value.object().unwrap_or_default();
    fields.camel_case();
    let mut cleaned = without_nulls(&fields);
    for name in OBJECTS {
        let Some(mut inner) = fields.get(name).and_then(Value::object) else { continue };
        inner.camel_case();
        let mut kept = without_nulls(&inner);
        if let Some(parts) = inner.get("parts").and_then(Value::array) {
            let parts: Vec<Json> = parts.into_iter().map(clean).collect();
            kept.insert("parts", Json::written(parts.as_slice()));
        }
        if let Some(data) = inner.get("data").and_then(Value::string) {
            kept.insert("data", Json::string(&standard_base64(&data)));
        }
        cleaned.insert(name, Json::object(&kept, |_| {}));
    }
    Json::object(&cleaned, |_| {})
}

/// Base64 in the alphabet that every provider reads; the client's dumps are in the one for URLs.
fn standard_base64(data: &str) -> String {
    data.chars()
        .map(|letter| match letter {
            '-' => '+',
            '_' => '/',
            letter => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::message_dicts::decode_messages;
    use crate::model::{Image, Reasoning, Source, ToolCall};
    use alloc::{string::ToString, vec};

    fn read(text: &str) -> Result<Vec<Message>, JsonError> {
        decode_messages(Json::parse(text).unwrap().value(), "messages")
    }

    fn call(name: &str, arguments: &str) -> Part {
        let (name, arguments) = (name.into(), arguments.into());
        Part::new(PartKind::ToolCall(ToolCall { id: String::new(), name, arguments, custom: false }))
    }

    #[test]
    fn contents_are_read_in_every_form() {
        for text in [
            r#"[{"role":"user","parts":[{"text":"Hi"}]}]"#,
            r#"[{"parts":[{"text":"Hi"}]}]"#,
            r#"[{"role":"user","parts":["Hi"]}]"#,
            r#"[{"role":"user","parts":"Hi"}]"#,
            r#"[{"role":"user","parts":{"text":"Hi"}}]"#,
            r#"[{"role":null,"parts":[{"text":"Hi","thought":null,"function_call":null,"inline_data":null}]}]"#,
            r#"[{"role":"user","content":null,"parts":[{"text":"Hi"},{"text":null}]}]"#,
        ] {
            assert_eq!(read(text).unwrap(), [Message::text(Role::User, "Hi")], "{text}");
        }
        let said = read(
            r#"[{"role":"model","parts":[{"text":"Hm.","thought":true,"thought_signature":"AA=="},
                {"function_call":{"id":null,"name":"f","args":{"a_b":null}}},
                {"functionCall":{"name":"g"}}]}]"#,
        )
        .unwrap();
        let thought = Reasoning { text: "Hm.".into(), signature: None };
        let mut thought = Part::new(PartKind::Reasoning(thought));
        thought.extra.insert(SIGNATURE, Json::string("AA=="));
        let parts = vec![thought, call("f", r#"{"a_b":null}"#), call("g", "{}")];
        assert_eq!(said, [Message::new(Role::Assistant, parts)]);
    }

    #[test]
    fn results_are_a_turn_of_their_own() {
        let messages = read(
            r#"[{"role":"user","parts":[{"function_response":{"name":"f","response":{"result":"7"},"id":null}},{"text":"And?"}]},
                {"role":"function","parts":[{"functionResponse":{"name":"g","response":{"error":"no"}}}]}]"#,
        )
        .unwrap();
        let roles: Vec<Role> = messages.iter().map(|message| message.role.clone()).collect();
        assert_eq!(roles, [Role::Tool, Role::User, Role::Tool]);
        let PartKind::ToolResult(result) = &messages[0].content[0].kind else { panic!("{messages:?}") };
        assert_eq!((result.name.as_deref(), result.content.as_slice()), (Some("f"), &[Part::text("7")][..]));
        let PartKind::ToolResult(result) = &messages[2].content[0].kind else { panic!("{messages:?}") };
        assert_eq!(result.is_error, Some(true));
    }

    #[test]
    fn media_are_in_the_base64_that_everybody_reads() {
        let messages =
            read(r#"[{"role":"user","parts":[{"inline_data":{"mime_type":"image/png","data":"-_8=","display_name":null}}]}]"#)
                .unwrap();
        let source = Source::Base64 { media_type: "image/png".into(), data: "+/8=".into() };
        assert_eq!(messages[0].content, [Part::new(PartKind::Image(Image { source, detail: None }))]);
    }

    #[test]
    fn errors_name_the_place() {
        for (text, place) in [
            (r#"[{"role":"owner","parts":[{"text":"Hi"}]}]"#, "messages[0].role: expected"),
            (r#"[{"role":"user","parts":[{"text":"Hi"},7]}]"#, "messages[0].parts[1]: expected an object"),
            (r#"[{"role":"user","parts":[{"type":"text","text":"Hi"}]}]"#, "messages[0].parts[0].type: "),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(place), "{text}: {error}");
        }
    }
}
