//! Receivers of histories: every row of the table of providers that chats, with models that differ in what they take, and
//! what its requests say, read from the bytes that leave.

use ferrule_wire::dialect::{Dialect, registry::find};
use ferrule_wire::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use ferrule_wire::model::{Message, Request};
use ferrule_wire::operation::OperationKind;
use ferrule_wire::providers::{self, ProviderRow};
use ferrule_wire::quirks::Feature;
use serde_json::Value;

/// Who gets a history.
#[derive(Clone, Copy)]
pub(crate) struct Receiver {
    pub(crate) row: &'static ProviderRow,
    pub(crate) model: &'static str,
}

/// The forms that requests have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Chat,
    Responses,
    Anthropic,
    Bedrock,
    Gemini,
    Cohere,
    Ollama,
    /// One text; no calls, no media.
    Prompt,
}

/// A call or the result of one as it left.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    /// The arguments, or the result's content.
    pub(crate) what: String,
}

pub(crate) fn all() -> Vec<Receiver> {
    let chats = providers::all().iter().filter(|row| row.quirks.has(OperationKind::Chat));
    chats
        .flat_map(|row| {
            let models: &[&str] = match row.dialect {
                "gemini" | "vertex" => &["gemini-2.5-flash", "gemini-3-pro-preview", "gemma-3-27b-it"],
                "bedrock" => &[
                    "us.anthropic.claude-opus-4-1-20250805-v1:0",
                    "amazon.nova-2-lite-v1:0",
                    "mistral.mistral-large-2407-v1:0",
                ],
                "anthropic" | "anthropic-vertex" => &["claude-opus-4-6"],
                _ => &["m"],
            };
            models.iter().map(move |model| Receiver { row, model })
        })
        .collect()
}

/// The receiver of this row.
pub(crate) fn receiver(id: &str) -> Receiver {
    all().into_iter().find(|receiver| receiver.row.id == id).unwrap_or_else(|| panic!("no row {id}"))
}

impl Receiver {
    pub(crate) fn dialect(&self) -> &'static dyn Dialect {
        find(self.row.dialect).unwrap()
    }

    pub(crate) fn form(&self) -> Form {
        match self.row.dialect {
            "openai-chat" | "watsonx" => Form::Chat,
            "openai-responses" => Form::Responses,
            "anthropic" | "anthropic-vertex" => Form::Anthropic,
            "bedrock" => Form::Bedrock,
            "gemini" | "vertex" => Form::Gemini,
            "cohere" => Form::Cohere,
            "ollama" => Form::Ollama,
            _ => Form::Prompt,
        }
    }

    pub(crate) fn calls_tools(&self) -> bool {
        self.form() != Form::Prompt && self.row.quirks.supports(Feature::Tools)
    }

    pub(crate) fn name(&self) -> String {
        format!("{} ({})", self.row.id, self.model)
    }

    pub(crate) fn encode(&self, request: &Request, drop: bool) -> Result<EncodedRequest, UnsupportedField> {
        let options = EncodeOptions { drop_unsupported: drop, quirks: &self.row.quirks };
        self.dialect().encode_request(request, options)
    }

    pub(crate) fn request(&self, messages: &[Message]) -> Request {
        Request { model: self.model.into(), messages: messages.to_vec(), ..Request::default() }
    }

    /// What leaves, whatever is left out.
    pub(crate) fn body(&self, messages: &[Message]) -> Value {
        let encoded = self.encode(&self.request(messages), true);
        serde_json::from_slice(&encoded.unwrap_or_else(|error| panic!("{}: {error}", self.name())).body)
            .unwrap()
    }

    /// The messages, contents or items.
    pub(crate) fn turns(&self, body: &Value) -> Vec<Value> {
        let name = match self.form() {
            Form::Responses => "input",
            Form::Gemini => "contents",
            _ => "messages",
        };
        body[name].as_array().cloned().unwrap_or_default()
    }

    /// The calls that leave.
    pub(crate) fn calls(&self, body: &Value) -> Vec<Said> {
        let turns = self.turns(body);
        let blocks = |name: &'static str| {
            turns.iter().flat_map(move |turn| turn[name].as_array().cloned().unwrap_or_default())
        };
        match self.form() {
            Form::Chat | Form::Cohere | Form::Ollama => blocks("tool_calls")
                .map(|call| {
                    let (function, id) = (&call["function"], &call["id"]);
                    said(id, &function["name"], &function["arguments"])
                })
                .collect(),
            Form::Responses => turns
                .iter()
                .filter(|item| item["type"] == "function_call")
                .map(|item| said(&item["call_id"], &item["name"], &item["arguments"]))
                .collect(),
            Form::Anthropic => blocks("content")
                .filter(|block| block["type"] == "tool_use")
                .map(|block| said(&block["id"], &block["name"], &block["input"]))
                .collect(),
            Form::Bedrock => blocks("content")
                .filter_map(|block| block.get("toolUse").cloned())
                .map(|call| said(&call["toolUseId"], &call["name"], &call["input"]))
                .collect(),
            Form::Gemini => blocks("parts")
                .filter_map(|part| part.get("functionCall").cloned())
                .map(|call| said(&call["id"], &call["name"], &call["args"]))
                .collect(),
            Form::Prompt => Vec::new(),
        }
    }

    /// The results that leave.
    pub(crate) fn results(&self, body: &Value) -> Vec<Said> {
        let turns = self.turns(body);
        let blocks = |name: &'static str| {
            turns.iter().flat_map(move |turn| turn[name].as_array().cloned().unwrap_or_default())
        };
        let none = Value::Null;
        match self.form() {
            Form::Chat | Form::Cohere | Form::Ollama => turns
                .iter()
                .filter(|turn| turn["role"] == "tool")
                .map(|turn| said(&turn["tool_call_id"], &turn["tool_name"], &turn["content"]))
                .collect(),
            Form::Responses => turns
                .iter()
                .filter(|item| item["type"] == "function_call_output")
                .map(|item| said(&item["call_id"], &none, &item["output"]))
                .collect(),
            Form::Anthropic => blocks("content")
                .filter(|block| block["type"] == "tool_result")
                .map(|block| said(&block["tool_use_id"], &none, &block["content"]))
                .collect(),
            Form::Bedrock => blocks("content")
                .filter_map(|block| block.get("toolResult").cloned())
                .map(|result| said(&result["toolUseId"], &none, &result["content"]))
                .collect(),
            Form::Gemini => blocks("parts")
                .filter_map(|part| part.get("functionResponse").cloned())
                .map(|result| said(&result["id"], &result["name"], &result["response"]))
                .collect(),
            Form::Prompt => Vec::new(),
        }
    }
}

fn said(id: &Value, name: &Value, what: &Value) -> Said {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Said { id: text(id), name: text(name), what: text(what).unwrap_or_else(|| what.to_string()) }
}

/// Every text, list and object in `value` that stands under this name, however deep.
pub(crate) fn under<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            for (field, inner) in fields {
                if field == name {
                    found.push(inner);
                }
                under(inner, name, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| under(item, name, found)),
        _ => {}
    }
}
