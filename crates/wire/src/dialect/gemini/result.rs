//! Tool results: `functionResponse`, in both directions.
//!
//! The API wants an object. A text that is one is written as it is; other texts are wrapped, as `{"result": ...}` or,
//! where the tool failed, `{"error": ...}`; images and audio are siblings of them (section 2).

use super::media;
use crate::json::{Fields, Json, ObjectWriter, Value, WriteJson, write_array};
use crate::model::{Part, PartKind, ToolResult};
use alloc::{string::String, vec::Vec};

const RESULT: &str = "result";
const ERROR: &str = "error";

/// Reads what stands in `functionResponse`; what it does not know is left in `fields`. `read_part` reads images and
/// audio.
pub(super) fn decode(fields: &mut Fields<'_>, read_part: fn(Value<'_>) -> Part) -> ToolResult {
    let (mut content, is_error) = fields.take("response").map(read_response).unwrap_or_default();
    content.extend(fields.take_array("parts").unwrap_or_default().into_iter().map(read_part));
    ToolResult {
        tool_call_id: fields.take_string("id").unwrap_or_default(),
        name: fields.take_string("name"),
        content,
        is_error,
    }
}

fn read_response(response: Value<'_>) -> (Vec<Part>, Option<bool>) {
    match wrapped(response) {
        Some((texts, is_error)) => (texts.into_iter().map(Part::text).collect(), is_error.then_some(true)),
        None => (alloc::vec![Part::text(response.text())], None),
    }
}

/// The texts in `{"result": ...}` or `{"error": ...}`, and which of the two it is.
fn wrapped(response: Value<'_>) -> Option<(Vec<String>, bool)> {
    let mut fields = response.object()?;
    let is_error = fields.get(ERROR).is_some();
    let value = fields.take(if is_error { ERROR } else { RESULT })?;
    if !fields.is_empty() {
        return None;
    }
    if let Some(text) = value.string() {
        return Some((if text.is_empty() { Vec::new() } else { alloc::vec![text] }, is_error));
    }
    // One text would have been written without a list around it.
    let items = value.array().filter(|items| items.len() > 1)?;
    let texts: Option<Vec<String>> = items.into_iter().map(Value::string).collect();
    texts.map(|texts| (texts, is_error))
}

/// Why a part of a result cannot be sent, where it cannot.
pub(super) fn unsupported(kind: &PartKind, takes_media: bool) -> Option<&'static str> {
    match kind {
        PartKind::Text(_) | PartKind::Refusal(_) => None,
        PartKind::Image(_) | PartKind::Document(_) | PartKind::Audio(_) if !takes_media => {
            Some("this model reads only text in a tool's result; Gemini 3 reads images as well")
        }
        PartKind::Image(_) | PartKind::Document(_) | PartKind::Audio(_) => media::unsupported(kind),
        _ => Some("a tool's result is text, images, documents and audio"),
    }
}

/// Writes the fields of `functionResponse` behind id and name.
pub(super) fn encode(
    result: &ToolResult,
    object: &mut ObjectWriter<'_>,
    write_part: fn(&Part, &mut Vec<u8>),
) {
    object.with("response", |out| encode_response(result, out));
    let mut media = result.content.iter().filter(|part| text_of(part).is_none()).peekable();
    if media.peek().is_some() {
        object.array("parts", media, |out, part| write_part(part, out));
    }
}

fn text_of(part: &Part) -> Option<&str> {
    match &part.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => Some(text),
        _ => None,
    }
}

fn encode_response(result: &ToolResult, out: &mut Vec<u8>) {
    let failed = result.is_error == Some(true);
    let texts: Vec<&str> = result.content.iter().filter_map(text_of).collect();
    if let ([text], false) = (texts.as_slice(), failed)
        && let Ok(whole) = Json::parse(text)
        && whole.value().is_object()
        && whole.text() == *text
        && wrapped(whole.value()).is_none()
    {
        whole.write_json(out);
        return;
    }
    let mut object = ObjectWriter::begin(out);
    object.with(if failed { ERROR } else { RESULT }, |out| match texts.as_slice() {
        [] => "".write_json(out),
        [text] => text.write_json(out),
        texts => write_array(out, texts, |out, text| text.write_json(out)),
    });
    object.finish();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_sent_as_it_is_and_anything_else_wrapped() {
        for (texts, failed, written) in [
            (&["{\"x\": 1}"][..], false, r#"{"x": 1}"#),
            (&["42"], false, r#"{"result":"42"}"#),
            (&["[1]"], false, r#"{"result":"[1]"}"#),
            (&[], false, r#"{"result":""}"#),
            (&["a", "b"], false, r#"{"result":["a","b"]}"#),
            (&["no"], true, r#"{"error":"no"}"#),
            (&["{\"x\": 1}"], true, r#"{"error":"{\"x\": 1}"}"#),
            (&["{\"result\": \"a\"}"], false, r#"{"result":"{\"result\": \"a\"}"}"#),
            (&["{\"result\": 1}"], false, r#"{"result": 1}"#),
            (&["{\"error\": \"a\", \"b\": 1}"], false, r#"{"error": "a", "b": 1}"#),
        ] {
            let content: Vec<Part> = texts.iter().map(|text| Part::text(*text)).collect();
            let result = ToolResult {
                tool_call_id: String::new(),
                name: None,
                content: content.clone(),
                is_error: failed.then_some(true),
            };
            let mut out = Vec::new();
            encode_response(&result, &mut out);
            let json = Json::from_writer(out);
            assert_eq!(json.text(), written);
            assert_eq!(read_response(json.value()), (content, result.is_error), "{written}");
        }
    }
}
