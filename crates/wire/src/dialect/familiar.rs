//! Messages as programs write them by hand: the role/content form, its blocks OpenAI's or Anthropic's, as each likes.

use super::{anthropic, openai_chat};
use crate::json::{Fields, JsonError, Value};
use crate::model::{Message, Part, PartKind, ResponseFormat, Role, Tool, ToolChoice, ToolKind};
use alloc::{format, vec::Vec};

/// Reads a list of messages. An error names the place, for instance `messages[3].content[1].type: expected a string`.
pub fn decode_messages(json: Value<'_>) -> Result<Vec<Message>, JsonError> {
    let Some(values) = json.array() else { return Err(JsonError::new("messages: expected an array")) };
    let mut messages: Vec<Message> = Vec::with_capacity(values.len());
    for message in openai_chat::decode_messages(values, decode_block)? {
        for message in without_results(message) {
            match messages.last_mut() {
                Some(last) if last.role == Role::Tool && message.role == Role::Tool => {
                    last.content.extend(message.content);
                }
                _ => messages.push(message),
            }
        }
    }
    Ok(messages)
}

/// Anthropic's users answer tool calls themselves; in the model that is a message of its own, before the rest.
fn without_results(mut message: Message) -> Vec<Message> {
    let is_result = |part: &Part| matches!(part.kind, PartKind::ToolResult(_));
    if message.role != Role::User || !message.content.iter().any(is_result) {
        return alloc::vec![message];
    }
    let (results, rest) = message.content.into_iter().partition(is_result);
    message.content = rest;
    let results = Message::new(Role::Tool, results);
    if message.content.is_empty() { alloc::vec![results] } else { alloc::vec![results, message] }
}

/// Reads one block by its type. A block that only Anthropic has is read leniently and kept whole where it is unknown.
fn decode_block(value: Value<'_>) -> Result<Part, JsonError> {
    let block_type = value.object().and_then(|mut fields| fields.take_string("type"));
    match block_type.as_deref() {
        None | Some("text" | "refusal" | "image_url" | "input_audio" | "file") => {
            openai_chat::decode_part(value)
        }
        // Mistral's block of this name has a list in it, Anthropic's a text.
        Some("thinking") if has_list(value, "thinking") => openai_chat::decode_part(value),
        Some(
            known @ ("image" | "document" | "tool_use" | "tool_result" | "thinking" | "redacted_thinking"),
        ) => {
            let part = anthropic::decode_block(value);
            if matches!(part.kind, PartKind::Unknown(_)) {
                return Err(JsonError::new(format!(": a `{known}` block without the fields it needs")));
            }
            Ok(part)
        }
        Some(_) => Ok(anthropic::decode_block(value)),
    }
}

fn has_list(value: Value<'_>, name: &str) -> bool {
    value.object().is_some_and(|fields| fields.get(name).is_some_and(Value::is_array))
}

/// Reads a tool's declaration: OpenAI's, Anthropic's, or a bare `{"name", "description", "parameters"}`.
pub fn decode_tool(value: Value<'_>) -> Result<Tool, JsonError> {
    let Some(fields) = value.object() else { return Err(JsonError::new("tool: expected an object")) };
    if fields.get("function").is_some() || fields.get("custom").is_some() {
        return openai_chat::decode_tool(value).map_err(|error| JsonError::new(format!("tool{error}")));
    }
    match fields.get("type").and_then(Value::string).as_deref() {
        None | Some("function") if fields.get("input_schema").is_none() => bare_tool(fields),
        _ => Ok(anthropic::decode_tool(value)),
    }
}

fn bare_tool(mut fields: Fields<'_>) -> Result<Tool, JsonError> {
    fields.take("type");
    let Some(name) = fields.take_string("name") else {
        return Err(JsonError::new("tool.name: expected a string"));
    };
    let kind =
        ToolKind::Function { parameters: fields.take_json("parameters"), strict: fields.take_bool("strict") };
    Ok(Tool { name, description: fields.take_string("description"), kind, cache: None, extra: fields.rest() })
}

/// Reads which tools may or must be called: OpenAI's words and objects, or Anthropic's objects.
pub fn decode_tool_choice(value: Value<'_>) -> Result<ToolChoice, JsonError> {
    const EXPECTED: &str = "tool_choice: expected \"auto\", \"none\", \"required\" or an object";
    let choice = anthropic_choice(value)?.unwrap_or_else(|| openai_chat::decode_choice(value));
    match &choice {
        ToolChoice::Other(whole) if !whole.value().is_object() => Err(JsonError::new(EXPECTED)),
        _ => Ok(choice),
    }
}

fn anthropic_choice(value: Value<'_>) -> Result<Option<ToolChoice>, JsonError> {
    let Some(mut fields) = value.object() else { return Ok(None) };
    let choice = match fields.take_string("type").as_deref() {
        Some("auto") => ToolChoice::Auto,
        Some("none") => ToolChoice::None,
        Some("any") => ToolChoice::Required,
        Some("tool") => match fields.take_string("name") {
            Some(name) => ToolChoice::Named(name),
            None => return Err(JsonError::new("tool_choice.name: expected a string")),
        },
        _ => return Ok(None),
    };
    if fields.get("disable_parallel_tool_use").is_some() {
        return Err(JsonError::new("tool_choice.disable_parallel_tool_use: say parallel_tool_calls instead"));
    }
    Ok(Some(choice))
}

/// Reads the shape of the answer: `"json"`, `"text"`, a JSON schema, or OpenAI's object.
pub fn decode_response_format(value: Value<'_>) -> Result<ResponseFormat, JsonError> {
    match value.string().as_deref() {
        Some("json") => return Ok(ResponseFormat::Json),
        Some("text") => return Ok(ResponseFormat::Text),
        _ => {}
    }
    let Some(fields) = value.object() else {
        return Err(JsonError::new(
            "response_format: expected \"json\", \"text\", a JSON schema or an object",
        ));
    };
    let schema_types = ["object", "array", "string", "number", "integer", "boolean", "null"];
    let format_type = fields.get("type").and_then(Value::string);
    // A schema without a type, or with a list of them, is one too.
    if format_type.is_none_or(|format_type| schema_types.contains(&format_type.as_str())) {
        let schema = value.to_json();
        return Ok(ResponseFormat::JsonSchema { name: None, description: None, schema, strict: None });
    }
    Ok(openai_chat::decode_format(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use crate::model::Reasoning;
    use std::string::ToString;

    fn read(text: &str) -> Result<Vec<Message>, JsonError> {
        decode_messages(Json::parse(text).unwrap().value())
    }

    #[test]
    fn blocks_of_both_kinds_are_read() {
        let messages = read(
            r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png"}},
                 {"type":"image","source":{"type":"url","url":"https://a/c.png"}}]},
                {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},
                 {"type":"tool_use","id":"t","name":"f","input":{"x":1}}]},
                {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"2","is_error":true},
                 {"type":"text","text":"go on"}]}]"#,
        )
        .unwrap();
        let roles: Vec<_> = messages.iter().map(|message| message.role.clone()).collect();
        assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool, Role::User]);
        assert!(messages[0].content.iter().all(|part| matches!(part.kind, PartKind::Image(_))));
        let thought = PartKind::Reasoning(Reasoning { text: "hm".into(), signature: Some("s".into()) });
        assert_eq!(messages[1].content[0].kind, thought);
        let PartKind::ToolCall(call) = &messages[1].content[1].kind else { panic!() };
        assert_eq!(call.arguments, r#"{"x":1}"#);
        let PartKind::ToolResult(result) = &messages[2].content[0].kind else { panic!() };
        assert_eq!((result.tool_call_id.as_str(), result.is_error), ("t", Some(true)));
        assert_eq!(messages[3].content, [Part::text("go on")]);
    }

    #[test]
    fn errors_name_the_place() {
        for (text, said) in [
            (r#"{}"#, "messages: expected an array"),
            (r#"[1]"#, "messages[0]: expected an object"),
            (r#"[{"content":"x"}]"#, "messages[0].role: expected a string"),
            (
                r#"[{"role":"user","content":1}]"#,
                "messages[0].content: expected a string or an array of parts",
            ),
            (
                r#"[{"role":"user","content":"x"},{"role":"user","content":[{"type":"text","text":"a"},{"text":"b"}]}]"#,
                "messages[1].content[1].type: expected a string",
            ),
            (
                r#"[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]"#,
                "messages[0].content[0].image_url.url: expected a string",
            ),
            (
                r#"[{"role":"user","content":[{"type":"tool_result"}]}]"#,
                "messages[0].content[0]: a `tool_result` block without the fields it needs",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn tools_of_three_kinds_are_the_same() {
        let tools = [
            r#"{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}"#,
            r#"{"name":"f","description":"d","parameters":{"type":"object"}}"#,
            r#"{"name":"f","description":"d","input_schema":{"type":"object"}}"#,
        ]
        .map(|text| decode_tool(Json::parse(text).unwrap().value()).unwrap());
        assert_eq!(tools[0], tools[1]);
        assert_eq!(tools[0], tools[2]);
        let hosted = decode_tool(
            Json::parse(r#"{"type":"web_search_20250305","name":"web_search"}"#).unwrap().value(),
        );
        assert!(matches!(hosted.unwrap().kind, ToolKind::Hosted(_)));
    }

    #[test]
    fn choices_and_formats_are_read_in_both_ways() {
        let choice = |text: &str| decode_tool_choice(Json::parse(text).unwrap().value());
        assert_eq!(choice(r#""required""#), Ok(ToolChoice::Required));
        assert_eq!(choice(r#"{"type":"any"}"#), Ok(ToolChoice::Required));
        let named = Ok(ToolChoice::Named("f".into()));
        assert_eq!(choice(r#"{"type":"tool","name":"f"}"#), named);
        assert_eq!(choice(r#"{"type":"function","function":{"name":"f"}}"#), named);
        assert!(choice(r#""always""#).is_err());
        let format = |text: &str| decode_response_format(Json::parse(text).unwrap().value()).unwrap();
        assert_eq!(format(r#""json""#), ResponseFormat::Json);
        let schema = Json::parse(r#"{"type":"object"}"#).unwrap();
        let whole = r#"{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}"#;
        for (text, name) in [(r#"{"type":"object"}"#, None), (whole, Some("n".into()))] {
            let expected =
                ResponseFormat::JsonSchema { name, description: None, schema: schema.clone(), strict: None };
            assert_eq!(format(text), expected);
        }
    }
}
